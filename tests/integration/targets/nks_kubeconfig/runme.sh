#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

ansible-playbook files.yml -e "folder=$folder" "$@"

succeeds ansible-playbook one.yml -e "folder=$folder" --check --diff
test ! -e "$folder/one"
succeeds ansible-playbook one.yml -e "folder=$folder" --diff -vvvvv
said 'changed=1' 'changed, not shown'
no_secrets
grep -q never-show "$folder/one"
succeeds ansible-playbook one.yml -e "folder=$folder" --diff -vvvvv
said 'changed=0'
no_secrets
