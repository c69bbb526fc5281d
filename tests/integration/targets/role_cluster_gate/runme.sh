#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

ansible-playbook opens.yml "$@"
ansible-playbook stays_shut.yml "$@"
ansible-playbook defaults.yml "$@"

# As a play sees it
gate='{"cluster_gate_clusters": [{"name": "missing", "org": "381"}, {"name": "broken"}]}'
fails ansible-playbook gate.yml --check --skip-tags always -e "$gate"
said 'The gate stays shut. Cluster missing of organization 381 is not there. Cluster broken has failed, in state draft.' 'failed=1'
if grep -F 'Behind the gate' "$log"; then
    echo "FAILED: the gate has opened"
    exit 1
fi
fails env -u NKS_API_TOKEN ansible-playbook gate.yml -e '{"cluster_gate_clusters": [{"name": "missing", "expect": "absent"}]}'
said 'cannot be looked for: missing required arguments: api_token'
fails ansible-playbook gate.yml
said 'cluster_gate_clusters'
succeeds ansible-playbook gate.yml -vvvvv -e '{"cluster_gate_clusters": [{"name": "staging"}, {"id": 1301}]}' \
    -e "{'nks_api_token': '{{ lookup(\"env\", \"NKS_API_TOKEN\") }}'}"
said 'The gate opens: 2 of 2 clusters are as expected.' 'Behind the gate'
no_secrets
