#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

# changes PLAYBOOK TEXT...: check that it reports the changes in check mode, makes them, and then changes nothing
changes() {
    succeeds ansible-playbook "$1" --check --diff
    said 'changed=1' "${@:2}"
    succeeds ansible-playbook "$1" --diff -vvvvv
    said 'changed=1' "${@:2}"
    no_secrets
    succeeds ansible-playbook "$1"
    said 'changed=0'
}

changes create.yml '+    "name": "Team B"'
changes rename.yml '-    "name": "Team B"' '+    "name": "Team C"'
changes delete.yml '+    "state": "absent"'
