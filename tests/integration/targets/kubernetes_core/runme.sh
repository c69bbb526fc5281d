#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

# kubernetes.core caches discovery results there. The path must be short, because ansible-core creates sockets there.
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -r "$TMPDIR"' EXIT

# Two clusters are enough.
play() { ansible-playbook -i fleet.nks.yml --limit prod,staging -e "kubeconfig_dir=$OUTPUT_DIR/kubeconfigs" "$@"; }

succeeds play namespaces.yml -vvvvv
no_secrets
succeeds fake GET requests
for pk in 1201 1202; do
    said '"method":"POST","path":"/_kubernetes/'$pk'/api/v1/namespaces","query":"","status":201,"auth":"valid"'
done

succeeds play namespaces.yml
said 'ok: [prod]' 'ok: [staging]' 'changed=0'
if grep 'changed=[1-9]' "$log"; then
    echo "FAILED: the second run changed something"
    exit 1
fi

play check.yml "$@"
