#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

fake POST step 1

# changes STATE TEXT...: check that it reports the changes in check mode, makes them, and then changes nothing
changes() {
    succeeds ansible-playbook solutions.yml -e "state=$1" --check --diff
    said 'changed=2' "${@:2}"
    succeeds ansible-playbook solutions.yml -e "state=$1" --diff -vvvvv
    said 'changed=2' 'waits up to' "${@:2}"
    no_secrets
    succeeds ansible-playbook solutions.yml -e "state=$1" -vvvvv
    said 'changed=0'
    no_secrets
}

changes present 'Install the solution efk.' 'Install the solution jenkins-repo-1.'
changes absent 'Delete the solution efk'

# An answer that repeats a secret
fake POST faults '[{"path": ".*/solutions", "method": "POST", "kind": "status", "status": 400, "body": "{\"config\": \"Bad: never-show-this\"}"}]'
fails ansible-playbook solutions.yml -e state=present -e solution=jenkins -vvvvv
said 'config: Bad: ********'
no_secrets
