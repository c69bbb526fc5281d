#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

succeeds ansible-playbook netapp.nks.list_clusters
said '"ORGANIZATION     CLUSTER        PROVIDER  REGION         VERSION   NODES  STATE",' \
    '"My Organization  prod           aws       us-west-2      v1.15.5   5      running",' \
    '"My Organization  broken         packet    ewr1           v1.15.5   3      draft, failed",' \
    '"Acme Retail      edge:1 [lab]   hci       Lab 1          latest    3      running",' \
    '"🚀               🐳             do        ams3           v1.15.5   3      running"' \
    'Organization 390 (Partner Labs) is left out' changed=0
grep -F '"ORGANIZATION     CLUSTER        PROVIDER  REGION         VERSION   NODES  STATE"' "$log"
grep -F '"Acme Retail      Shop — Zürich  aks       westeurope     v1.10     4      running"' "$log"
grep -F '"🚀               🐳             do        ams3           v1.15.5   3      running"' "$log"
succeeds env NKS_ORG_ID=383 ansible-playbook netapp.nks.list_clusters --check
said '"ORGANIZATION  CLUSTER  PROVIDER  REGION  VERSION  NODES  STATE",
    "🚀            🐳       do        ams3    v1.15.5  3      running"
    ]'
fake POST faults '[
    {"path": "/orgs", "kind": "body", "body": "[{\"pk\": 1, \"name\": null}]"},
    {"path": "/orgs/1/clusters", "kind": "body",
     "body": "[{\"name\": \"bare\", \"node_count\": 0}, {\"org\": 1, \"region\": null, \"node_count\": null, \"state\": null}]"}]'
succeeds ansible-playbook netapp.nks.list_clusters
grep -xF '        "              bare                                0",' "$log"
grep -xF '        "1"' "$log"
fake DELETE faults
fake POST faults '[{"path": "/orgs/382/clusters", "kind": "body",
    "body": "[{\"pk\": 1, \"name\": \"{{ lookup('"'pipe', 'touch PWNED'"') }}\", \"state\": \"{{ 1 }}\\n{% for %}\"}]"}]'
succeeds env NKS_ORG_ID=382 ansible-playbook netapp.nks.list_clusters
said "{{ lookup('pipe', 'touch PWNED') }}" '{{ 1 }} {% for %}'
[ ! -e PWNED ]
fake DELETE faults
fails env NKS_API_TOKEN=wrong ansible-playbook netapp.nks.list_clusters
said 'status 401 Unauthorized: Invalid token.'

succeeds ansible-playbook netapp.nks.gated_deployment -e '{"cluster_gate_clusters": [{"id": 1301}]}'
succeeds ansible-playbook netapp.nks.gated_deployment -e @vars/opens.yml
said 'The gate opens: 2 of 2 clusters are as expected.' 'Here your deployment starts.'
for gate in '-e @vars/stays_shut.yml' '-e @vars/stays_shut.yml --check' ''; do
    # shellcheck disable=SC2086
    fails ansible-playbook netapp.nks.gated_deployment $gate
    said cluster_gate failed=1
    if grep -F 'Here your deployment starts' "$log"; then
        echo "FAILED: the gate has opened"
        exit 1
    fi
done
