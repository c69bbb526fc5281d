#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

fake POST step 1

# changes PLAYBOOK TEXT...: check that it reports the changes in check mode, makes them, shows the wait, and then changes nothing
changes() {
    succeeds ansible-playbook "$1" --check --diff
    said 'changed=1' "${@:2}"
    succeeds ansible-playbook "$1" --diff -vvv
    said 'changed=1' 'waits up to' "${@:2}"
    no_secrets
    succeeds ansible-playbook "$1"
    said 'changed=0'
}

changes create.yml '+    "name": "pipeline"'
changes upgrade.yml '+    "k8s_version": "v1.15'
changes delete.yml '+    "state": "absent"'

# A lost answer, and a faster run
fake POST faults '[{"path": "/orgs/381/clusters", "method": "POST", "kind": "lost", "times": 1}]'
succeeds ansible-playbook create.yml
said 'changed=1'
succeeds ansible-playbook delete.yml
fake POST faults '[{"path": "/orgs/381/clusters", "method": "POST", "kind": "second_creator", "times": 1}]'
succeeds ansible-playbook create.yml
said 'changed=0'
succeeds ansible-playbook delete.yml

# A failed build, and a timeout
fake POST variants '{"build": "fails_by_log"}'
fails ansible-playbook create.yml
said 'The cluster pipeline is not in the requested state.' 'has failed. The build log says:' '"is_final": true'
succeeds ansible-playbook delete.yml
fake POST variants '{"build": "hangs"}'
fails ansible-playbook create.yml -e timeout=3
said 'The cluster pipeline is not in the requested state after' '(wait_timeout)' 'is building, not running.' '"is_final": false'
