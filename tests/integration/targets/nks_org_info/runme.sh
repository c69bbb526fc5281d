#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

ansible-playbook success.yml "$@"
ansible-playbook failure.yml "$@"

fails env -u NKS_API_TOKEN ansible-playbook all.yml
said 'missing required arguments: api_token. Set it, or the environment variable NKS_API_TOKEN.'

succeeds ansible-playbook all.yml --check
said '"pk": 381' 'changed=0'

fake POST reset
fake POST faults '[
    {"path": "/detail/orgs", "kind": "status", "status": 401, "body": "{\"detail\": \"The token '"$NKS_API_TOKEN"' is bad.\"}"},
    {"path": "/html/orgs", "kind": "body", "body": "<p>'"$NKS_API_TOKEN"'</p>"}]'
succeeds ansible-playbook secrets.yml -vvvvv
said '"pk": 381' 'status 401 Unauthorized: The token ******** is bad. Set api_token,' 'The body starts with: <p>********</p>'
no_secrets
