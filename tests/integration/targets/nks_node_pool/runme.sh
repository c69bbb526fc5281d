#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

fake POST step 1

changes() {
    succeeds ansible-playbook pool.yml --check --diff "$@"
    said 'changed=1'
    succeeds ansible-playbook pool.yml -vvv "$@"
    said 'changed=1' 'waits up to'
    no_secrets
    succeeds ansible-playbook pool.yml "$@"
    said 'changed=0'
}

changes -e count=2
changes -e count=3
changes -e count=1

# With autoscaling, the autoscaler determines the count
succeeds ansible-playbook pool.yml -e count=1 -e '{"autoscaled": true, "min_count": 1, "max_count": 4}'
said 'changed=1'
fake POST faults '[{"path": "/orgs/381/clusters/1201/nodepools", "kind": "autoscaler", "change": 2, "times": 1}]'
succeeds ansible-playbook pool.yml -e count=1 -e '{"autoscaled": true, "min_count": 1, "max_count": 4}'
said 'changed=0'
changes -e count=1 -e '{"autoscaled": false}'
changes -e count=1 -e state=absent
