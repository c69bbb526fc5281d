#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

ansible-playbook stays_shut.yml "$@"

# Undefined variables, also if Ansible ignores them
for clusters in '"{{ nothing }}"' '[{"name": "{{ nothing }}"}]' '[{"name": "{{ nothing }}", "org": 381, "expect": "absent"}]'; do
    fails ansible-playbook ../role_cluster_gate/gate.yml -e "{\"cluster_gate_clusters\": $clusters}"
    fails env ANSIBLE_ERROR_ON_UNDEFINED_VARS=false ansible-playbook ../role_cluster_gate/gate.yml -e "{\"cluster_gate_clusters\": $clusters}"
done

# An omitted part of a text
fails ansible-playbook ../role_cluster_gate/gate.yml \
    -e '{"cluster_gate_clusters": [{"name": "prod{{ nothing | default(omit) }}", "org": 381, "expect": "absent"}]}'

# A cluster that is as expected while the gate waits for another one, but not at the end
fake POST reset
fake POST step 1
fails ansible-playbook waits.yml
fake POST step 0
said 'The gate stays shut after 15 s (wait_timeout). Cluster going of organization 381'
if grep -F 'Behind the gate' "$log"; then
    echo "FAILED: the gate has opened"
    exit 1
fi

# The gate queries the API instead of the inventory cache.
cache=$(mktemp -d)
trap 'rm -r "$cache"' EXIT
fake POST reset
succeeds env ANSIBLE_CACHE_PLUGIN_CONNECTION="$cache" ansible-inventory -i cached.nks.yml --list
fake POST faults '[{"path": "/orgs/381/clusters", "kind": "body", "body": "[]"}]'
fails env ANSIBLE_CACHE_PLUGIN_CONNECTION="$cache" ansible-playbook -i cached.nks.yml cached.yml
said 'ok: [staging]' 'The gate stays shut. Cluster staging was not found.'
