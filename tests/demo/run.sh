#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Demonstrates the collection on the fake NKS API in NKS_API_URL, NKS_API_TOKEN and NKS_FAKE_URL.
set -eu
cd "$(dirname "$0")"
export ANSIBLE_DISPLAY_SKIPPED_HOSTS=false ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_INVENTORY_UNPARSED_WARNING=false

mkdir -p ../../.build
report=$(cd ../../.build && pwd)/fleet.html
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

show() {
    printf '\n\n==> %s\n    $ %s\n' "$1" "${*:2}"
    "${@:2}"
}

printf 'This demo runs the collection on a fake NKS API at %s.\n' "$NKS_API_URL"
printf 'Each step shows its purpose, the command, and the output.\n'

show "List the organizations that the token can see" \
    ansible localhost -m netapp.nks.nks_org_info
show "List all clusters in a table" \
    ansible-playbook netapp.nks.list_clusters
show "Write an HTML report of all clusters" \
    ansible-playbook netapp.nks.fleet_report -e "fleet_report_dest=$report"
show "Use the clusters as an Ansible inventory, grouped by provider" \
    ansible-inventory -i nks.yml --graph
show "Use the nodes of one cluster as an Ansible inventory" \
    ansible-inventory -i nodes.nks.yml --graph nks_cluster_prod
show "Write a kubeconfig for each running cluster" \
    ansible-playbook -i nks.yml kubeconfigs.yml -e "kubeconfig_dir=$folder"
# From here on, each request advances the clock of the fake by one second.
step='import os, urllib.request as u; u.urlopen(os.environ["NKS_FAKE_URL"] + "/_fake/step", '
python -c "$step b'1')"
show "Create a cluster, and wait until it runs" \
    ansible-playbook cluster.yml
show "Delete the cluster, and wait until it is gone" \
    ansible-playbook cluster.yml -e state=absent
python -c "$step b'0')"
show "Deploy behind a gate: it opens because the clusters are ready" \
    ansible-playbook netapp.nks.gated_deployment -e @opens.yml
if show "Deploy behind a gate: it stays shut because clusters are not ready, so the play fails" \
    ansible-playbook netapp.nks.gated_deployment -e @stays_shut.yml; then
    echo "The demo failed: the gate opened, although the clusters are not ready." >&2
    exit 1
fi
printf '\n\nThe demo succeeded. The last play failed as intended, because the gate stayed shut.\n'
printf 'To see the HTML report, open file://%s in a browser.\n' "$report"
