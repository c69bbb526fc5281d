#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

ansible-playbook wait.yml "$@"
ansible-playbook select.yml "$@"
ansible-playbook failure.yml "$@"

fake POST reset
fake POST faults '[
    {"path": "/orgs/390/clusters", "kind": "status", "status": 500, "body": "{\"detail\": \"'"$NKS_API_TOKEN"' is bad\"}"}]'
succeeds ansible-playbook secrets.yml -vvvvv
said '"pk": 1201' '"solution": "prometheus"' 'status 500 Internal Server Error: ******** is bad'
no_secrets
