#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Shows the collection at work on the NKS API that NKS_API_URL and NKS_API_TOKEN name.
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

show "The organizations that the token sees" \
    ansible localhost -m netapp.nks.nks_org_info
show "The fleet as a table" \
    ansible-playbook netapp.nks.list_clusters
show "The fleet as a page for a browser" \
    ansible-playbook netapp.nks.fleet_report -e "fleet_report_dest=$report"
show "The fleet as an inventory" \
    ansible-inventory -i nks.yml --graph
show "Nodes as an inventory: those of one cluster" \
    ansible-inventory -i nodes.nks.yml --graph nks_cluster_prod
show "A kubeconfig for each running cluster" \
    ansible-playbook -i nks.yml kubeconfigs.yml -e "kubeconfig_dir=$folder"
# Time of the fake passes with each request from here on.
step='import os, urllib.request as u; u.urlopen(os.environ["NKS_FAKE_URL"] + "/_fake/step", '
python -c "$step b'1')"
show "A cluster that comes" \
    ansible-playbook comes.yml
show "The same cluster, which goes" \
    ansible-playbook comes.yml -e state=absent
python -c "$step b'0')"
show "A gate that opens" \
    ansible-playbook netapp.nks.gated_deployment -e @opens.yml
if show "A gate that stays shut, and says why" \
    ansible-playbook netapp.nks.gated_deployment -e @stays_shut.yml; then
    echo "The gate should have stayed shut." >&2
    exit 1
fi
printf '\n\nAll as it should be: the last play failed because the gate stayed shut.\n'
printf 'The report is there to look at, in a browser: file://%s\n' "$report"
