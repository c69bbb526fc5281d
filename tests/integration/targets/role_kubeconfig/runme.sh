#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

succeeds ansible-playbook write.yml -i clusters.nks.yml -e "folder=$folder/new" --check
test ! -e "$folder/new"
ansible-playbook write.yml -i clusters.nks.yml -e "folder=$folder/new" "$@"
test "$(stat -c %a "$folder/new" "$folder/new/"* | sort -u | tr '\n' ' ')" = '600 700 '
test "$(cd "$folder/new" && echo ./*)" = \
    './Shop___Z_rich~1302.kubeconfig ./_~1401.kubeconfig ./edge_1__lab_.kubeconfig ./prod_1201.kubeconfig ./prod_1301.kubeconfig ./staging.kubeconfig'
succeeds ansible-playbook write.yml -i clusters.nks.yml -e "folder=$folder/new" -vvvvv
said 'changed=0' 'The kubeconfig of the cluster broken (ID 1205) is not written: the cluster has failed.'
test "$(grep -c 'changed=[^0]' "$log")" = 0
no_secrets

fails ansible-playbook write.yml -i clusters.nks.yml -e "folder=$folder/new" -e kubeconfig_not_running=fail
said 'The kubeconfig of the cluster broken (ID 1205) is not written: the cluster has failed.'
fails ansible-playbook write.yml -i nodes.nks.yml -e "folder=$folder/new"
said 'is not a cluster'
fails env NKS_API_TOKEN=wrong ansible-playbook write.yml -i hosts.yml -e "folder=$folder/new"
said 'status 401'

# The mode of an existing folder does not change
mkdir -m 755 "$folder/shared"
succeeds ansible-playbook write.yml -i clusters.nks.yml -e "folder=$folder/shared"
said "Users other than the owner can access the directory $folder/shared: its mode is 0755. The mode is not changed."
test "$(stat -c %a "$folder/shared")" = 755
test "$(stat -c %a "$folder/shared/"* | sort -u)" = 600

# Omitted options, and module_defaults of the play
mkdir "$folder/home"
HOME=$folder/home succeeds env -u NKS_API_URL ansible-playbook play.yml -i hosts.yml
test "$(stat -c %a "$folder/home/.kube" "$folder/home/.kube/nks" "$folder/home/.kube/nks/prod.kubeconfig" | tr '\n' ' ')" = '700 700 640 '

# A cluster that stops running between two runs
succeeds ansible-playbook refresh.yml -i clusters_of_one_org.nks.yml -e "folder=$folder/refresh"
said 'The kubeconfig of the cluster going (ID 1204) is not written: the state of the cluster is deleting.'

# Names that look like other types
for name in '[1,2]' '{\"a\": 1}' True; do
    fake PATCH clusters/1202 "{\"name\": \"$name\"}"
    succeeds ansible-playbook write.yml -i clusters.nks.yml -e "folder=$folder/new"
    said 'changed=1'
done
fails ansible-playbook write.yml -i hosts.yml -e "folder=$folder/new" -e 'nks_name=[1,2]'
said "The cluster with the ID 1201 is prod (ID 1201), not '[1,2]'."
