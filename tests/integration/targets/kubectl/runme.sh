#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

if ! command -v kubectl >/dev/null; then
    echo "SKIPPED: kubectl is missing. Install it, for example the Debian package kubernetes-client."
    exit 0
fi

folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
export KUBECONFIG=$folder/config

# kubectl lists what the module merges, and the module keeps what kubectl adds.
kubectl config set-cluster mine --server=https://mine.example.com
kubectl config set-context mine --cluster=mine --user=me
kubectl config use-context mine
succeeds ansible-playbook merge.yml -e "config=$KUBECONFIG" -vvvvv
said 'changed=2'
no_secrets
[ "$(kubectl config get-contexts -o name)" = "$(printf 'acme\nmine\nprod')" ]
[ "$(kubectl config current-context)" = mine ]
[ "$(kubectl --context=prod config view --minify -o 'jsonpath={.clusters[0].cluster.server}')" = "$NKS_API_URL/_kubernetes/1201" ]
kubectl config set-context other --cluster=mine
succeeds ansible-playbook merge.yml -e "config=$KUBECONFIG"
said 'changed=0'
succeeds ansible-playbook merge.yml -e "config=$KUBECONFIG state=absent"
[ "$(kubectl config get-contexts -o name)" = "$(printf 'mine\nother')" ]
