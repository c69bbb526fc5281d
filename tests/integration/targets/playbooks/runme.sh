#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

# Plain lines with each format of results
title='ORGANIZATION     CLUSTER        PROVIDER  REGION         VERSION   NODES  STATE'
for format in json yaml; do
    succeeds env ANSIBLE_CALLBACK_RESULT_FORMAT=$format ansible-playbook netapp.nks.list_clusters
    said 'Skipped organization 390 (Partner Labs)' changed=0
    grep -xF "$title" "$log"
    grep -xF 'My Organization  broken         packet    ewr1           v1.15.5   3      draft, failed' "$log"
    grep -xF 'Acme Retail      Shop — Zürich  aks       westeurope     v1.10     4      running' "$log"
    grep -xF '🚀               🐳             do        ams3           v1.15.5   3      running' "$log"
done
succeeds env NKS_ORG_ID=383 ansible-playbook netapp.nks.list_clusters --check
grep -xF '🚀            🐳       do        ams3    v1.15.5  3      running' "$log"

# Lines fit in the terminal
# shellcheck disable=SC2016
terminal='import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(["sh", "-c", "stty cols 60; exec ansible-playbook netapp.nks.list_clusters"])))'
succeeds python -c "$terminal"
tr -d '\r' <"$log" | grep -xF 'My Or…  broken  packet  ewr1    v1.15…  3      draft, failed'

fake POST faults '[
    {"path": "/orgs", "kind": "body", "body": "[{\"pk\": 1, \"name\": null}]"},
    {"path": "/orgs/1/clusters", "kind": "body",
     "body": "[{\"pk\": 2, \"name\": \"bare\", \"node_count\": 0}, {\"pk\": 3, \"org\": 1, \"region\": null, \"node_count\": null, \"state\": null}]"}]'
succeeds ansible-playbook netapp.nks.list_clusters
if grep -F None "$log"; then
    echo "FAILED: null is shown as None"
    exit 1
fi
fake DELETE faults
fake POST faults '[{"path": "/orgs/382/clusters", "kind": "body",
    "body": "[{\"pk\": 1, \"name\": \"{{ lookup('"'pipe', 'touch PWNED'"') }}\", \"state\": \"{{ 1 }}\\n{% for %}\"}]"}]'
succeeds env NKS_ORG_ID=382 ansible-playbook netapp.nks.list_clusters
said "{{ lookup('pipe', 'touch PWNED') }}" '{{ 1 }} {% for %}'
[ ! -e PWNED ]
fake DELETE faults

# The connection comes from variables or the environment
fails env NKS_API_TOKEN=wrong ansible-playbook netapp.nks.list_clusters
said 'status 401 Unauthorized: Invalid token.'
printf 'nks_api_url: %s\nnks_api_token: %s\nnks_api_timeout: 60\nnks_api_retries: 0\nnks_validate_certs: false\n' \
    "$NKS_API_URL" "$NKS_API_TOKEN" >"$folder/connection.yml"
for playbook in list_clusters gated_deployment "fleet_report -e fleet_report_dest=$folder/connection.html"; do
    # shellcheck disable=SC2086
    succeeds env NKS_API_URL=http://127.0.0.1:1 NKS_API_TOKEN=wrong ansible-playbook netapp.nks.$playbook \
        -e "@$folder/connection.yml" -e @vars/opens.yml
done

# Relative paths are relative to the current folder
(
    cd "$folder"
    succeeds env NKS_ORG_ID=381 ansible-playbook netapp.nks.kubeconfigs -e kubeconfigs_dir=configs
    [ "$(ls configs)" = "$(printf 'going.kubeconfig\nprod.kubeconfig\nstaging.kubeconfig')" ]
)
cp vars/opens.yml "$folder"
cd "$folder"
succeeds ansible-playbook netapp.nks.fleet_report -e fleet_report_dest=fleet.csv -e fleet_report_format=csv
[ -s fleet.csv ]
mkdir elsewhere # env does not change PWD
succeeds env -C elsewhere ansible-playbook netapp.nks.fleet_report -e fleet_report_dest=elsewhere.csv -e fleet_report_format=csv
succeeds env -C elsewhere NKS_ORG_ID=381 ansible-playbook netapp.nks.kubeconfigs -e kubeconfigs_dir=others
[ -s elsewhere/elsewhere.csv ]
[ -d elsewhere/others ]
for playbook in list_clusters gated_deployment fleet_report; do
    fails env NKS_CA_PATH=ca.pem ansible-playbook netapp.nks.$playbook -e @opens.yml -e fleet_report_dest=new.html
    said "$folder/ca.pem"
    fails ansible-playbook netapp.nks.$playbook -e @opens.yml -e fleet_report_dest=new.html -e nks_ca_path=~/no.pem
    said "$HOME/no.pem"
done

# refresh_inventory FILE: check that the playbook updates the cache of the inventory
refresh_inventory() {
    fake POST reset
    ansible-inventory -i "$1" --list >before
    fake DELETE clusters/1302
    succeeds ansible-playbook netapp.nks.refresh_inventory -e "refresh_inventory_source=$1"
    requests=$(fake GET requests)
    ansible-inventory -i "$1" --list >after
    [ "$(fake GET requests)" = "$requests" ]
    grep -q '"nks_pk": 1302' before
    if grep '"nks_pk": 1302' after; then
        echo "FAILED: the cache is outdated"
        exit 1
    fi
}

printf 'plugin: netapp.nks.nks\norgs: [382]\n' | tee plain.nks.yml >cached.nks.yml
printf 'cache: true\ncache_plugin: ansible.builtin.jsonfile\ncache_connection: ./cache\n' >>cached.nks.yml
printf 'plugin: netapp.nks.nks\ncache: true\ncache_plugin: ansible.builtin.jsonfile\ncache_connection: ./cache\n' >partial.nks.yml
refresh_inventory cached.nks.yml
for source in plain.nks.yml partial.nks.yml; do
    fails ansible-playbook netapp.nks.refresh_inventory -e refresh_inventory_source=$source
    said "$source is not cached for the next runs."
done
fails ansible-playbook netapp.nks.refresh_inventory -e refresh_inventory_source=none.nks.yml
fails env NKS_API_TOKEN=wrong ansible-playbook netapp.nks.refresh_inventory -e refresh_inventory_source=cached.nks.yml
said 'status 401 Unauthorized'
printf '[inventory]\ncache=true\ncache_plugin=ansible.builtin.jsonfile\ncache_connection=./other\n' >ansible.cfg
(unset ANSIBLE_CONFIG; refresh_inventory plain.nks.yml) # ansible-test sets ANSIBLE_CONFIG
[ -d other ]
cd - >/dev/null
fake POST reset

succeeds ansible-playbook netapp.nks.gated_deployment -e '{"cluster_gate_clusters": [{"id": 1301}]}'
succeeds ansible-playbook netapp.nks.gated_deployment -e @vars/opens.yml
said 'The gate opens: 2 of 2 clusters are as expected.'
for gate in '-e @vars/stays_shut.yml' '-e @vars/stays_shut.yml --check' ''; do
    # shellcheck disable=SC2086
    fails ansible-playbook netapp.nks.gated_deployment $gate
    said cluster_gate failed=1
done
