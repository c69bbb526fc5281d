#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

ansible-playbook opens.yml "$@"
fake POST step 0
fake POST reset
ansible-playbook defaults.yml "$@"

# In a play
gate='{"cluster_gate_clusters": [{"name": "missing", "org": "381"}, {"name": "broken"}]}'
fails ansible-playbook gate.yml --check --skip-tags always -e "$gate"
said 'The gate stays shut. Cluster missing of organization 381 was not found. Cluster broken has failed, in state draft. The build log says:' 'failed=1'
if grep -F 'Behind the gate' "$log"; then
    echo "FAILED: the gate has opened"
    exit 1
fi
gate='{"cluster_gate_clusters": [{"name": "prod"}, {"name": "staging", "min_nodes": 9, "min_k8s_version": "1.20"}, {"name": "build-me"},
    {"id": 1201, "org": 381, "expect": "absent"}, {"name": "missing", "expect": "absent"}]}'
fails ansible-playbook gate.yml -e "$gate"
said 'Cluster prod is ambiguous: the IDs 1201 (organization 381 (My Organization)), 1301 (organization 382 (Acme Retail)) match; give its' \
    'org or its id. Cluster staging has 3 nodes, not 9 or more.' \
    'Cluster staging has Kubernetes v1.14.8, not 1.20 or newer. Cluster build-me is building, not running.' \
    'Cluster 1201 of organization 381 exists, in state running. Cluster missing cannot be checked: Cannot determine whether'
fails ansible-playbook gate.yml -e '{"cluster_gate_clusters": [{"name": "missing", "expects": "absent"}]}'
said expects
fails env -u NKS_API_TOKEN ansible-playbook gate.yml -e '{"cluster_gate_clusters": [{"name": "missing", "expect": "absent"}]}'
said 'missing required arguments: api_token. Set it, or the environment variable NKS_API_TOKEN.'
fails ansible-playbook gate.yml
said 'cluster_gate_clusters'
succeeds ansible-playbook gate.yml -vvvvv -e '{"cluster_gate_clusters": [{"name": "staging"}, {"id": 1301}]}'
said 'The gate opens: 2 of 2 clusters are as expected.' 'Behind the gate'
no_secrets

# Text from surveys or -e is refused.
fails ansible-playbook gate.yml -e cluster_gate_clusters='[{"name": "staging"}]'
said 'Entry 1 of clusters must be a dictionary with name or id' 'into a list, use the filter from_json.'

# A token in a vault
printf secret >"$OUTPUT_DIR/password"
ansible-vault encrypt_string --vault-password-file "$OUTPUT_DIR/password" --name nks_api_token "$NKS_API_TOKEN" >"$OUTPUT_DIR/vault.yml" 2>"$log"
NKS_API_TOKEN='' succeeds ansible-playbook gate.yml -vvvvv --vault-password-file "$OUTPUT_DIR/password" -e "@$OUTPUT_DIR/vault.yml" \
    -e '{"cluster_gate_clusters": [{"name": "staging"}]}'
said 'The gate opens: 1 of 1 clusters are as expected.'
no_secrets

# Each gate in a play is evaluated.
for play in twice.yml depends.yml; do
    fake DELETE faults
    fake POST faults '[{"path": "/orgs/381/clusters", "kind": "body", "body": "[]", "after": 1}]'
    fails ansible-playbook "$play"
    said 'The gate opens: 1 of 1' 'The gate stays shut. Cluster staging of organization 381 was not found.'
done
