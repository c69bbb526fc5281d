#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

folder=$(mktemp -d)
export folder
trap 'rm -r "$folder"' EXIT

fake POST takes_slug true
ansible-playbook update.yml "$@"

fake POST reset
succeeds ansible-playbook rename.yml --check --diff
said 'changed=1' '-    "name": "Acme Retail"' '+    "name": "Acme"'
succeeds ansible-playbook rename.yml -vvvvv
said 'changed=1'
no_secrets
succeeds ansible-playbook rename.yml
said 'changed=0'
test "$(fake GET requests | python -c 'import json, sys; print(sum(r["method"] == "PATCH" for r in json.load(sys.stdin)))')" = 1

# The server ignores the slug, as real servers do
fails ansible-playbook keeps_slug.yml
said "slug is 'acme-retail', not 'acme-labs'. Changed: name." 'changed=0'
fails ansible-playbook keeps_slug.yml
said "slug is 'acme-retail', not 'acme-labs'. Changed: nothing." 'changed=0'
