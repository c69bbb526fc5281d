#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

awx=${ANSIBLE_COLLECTIONS_PATH%%:*}/ansible_collections/netapp/nks/docs/awx

# The playbook passes the templates of the credential type to AWX unevaluated, and shows no token.
modules=$OUTPUT_DIR/collections/ansible_collections/awx/awx/plugins/modules
mkdir -p "$modules"
for module in credential credential_type execution_environment inventory inventory_source inventory_source_update project; do
    cp library/recorder.py "$modules/$module.py"
done
export ANSIBLE_COLLECTIONS_PATH=$ANSIBLE_COLLECTIONS_PATH:$OUTPUT_DIR/collections
succeeds ansible-playbook "$awx/configure.yml" -e scm_url=https://git.example.com/nks.git -e ee_image=nks-ee -v
no_secrets
said '"NKS_API_TOKEN": "{{ api_token }}"' '"template.ca": "{{ ca_certificates | default('"''"') }}"' 'ok=7'

# AWX reads the inventory once, stores it, and passes it to jobs as a script.
succeeds ansible-inventory -i "$awx/awx.nks.yml" --list --export --output "$OUTPUT_DIR/stored.json"
python ../setup_fake_nks/read_as_awx.py "$OUTPUT_DIR/stored.json" prod_1201 staging build-me going broken prod_1301 \
    'Shop_—_Zürich' 'edge_1__lab_' '🐳'
printf '#!/bin/sh\ncat "%s/stored.json"\n' "$OUTPUT_DIR" >"$OUTPUT_DIR/stored"
chmod +x "$OUTPUT_DIR/stored"
grep -q '"awx_enabled": true' "$OUTPUT_DIR/stored.json"
grep -q '"awx_enabled": false' "$OUTPUT_DIR/stored.json"
env -u NKS_API_URL -u NKS_API_TOKEN ansible-playbook -i "$OUTPUT_DIR/stored" check.yml "$@"
