#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

# report FILE ARGUMENT...: write a report in the format of the file name's extension
report() {
    ansible-playbook netapp.nks.fleet_report -e "fleet_report_dest=$folder/$1 fleet_report_format=${1##*.}" "${@:2}"
}

for format in html markdown csv; do
    succeeds report "all.$format"
    said changed=1 'Skipped organization 390 (Partner Labs)'
    python check.py all "$folder/all.$format"
    [ "$(stat -c %a "$folder/all.$format")" = 644 ]

    # Selection
    succeeds report "some.$format" -e '{"fleet_report_orgs": [382, "🚀"], "fleet_report_providers": ["hci", "do"], "fleet_report_mode": "0600",
        "fleet_report_title": "<Edge> & *more*"}'
    python check.py some "$folder/some.$format"
    [ "$(stat -c %a "$folder/some.$format")" = 600 ]
    succeeds report "none.$format" -e '{"fleet_report_orgs": "382", "fleet_report_states": ["<i>*x*"], "fleet_report_regions": ["a"],
        "fleet_report_workspaces": ["b"]}'
    python check.py none "$folder/none.$format"

    # Values from the API are text
    fake POST faults "$(python check.py hostile)"
    succeeds report "hostile.$format" -e fleet_report_include_details=false
    python check.py hostile "$folder/hostile.$format"
    [ ! -e PWNED ]
    fake DELETE faults
done

# Each selection matches one cluster
for selection in '"orgs": ["🚀"]' '"workspaces": [6]' '"states": ["draft"]' '"providers": ["packet"]' '"regions": ["ams3"]'; do
    succeeds report one.csv -e "{\"fleet_report_${selection#?}}"
    [ "$(wc -l <"$folder/one.csv")" = 2 ]
done

NKS_ORG_ID="382, 🚀" succeeds report environment.html
grep -qF 'organizations: <bdi>382, 🚀</bdi>' "$folder/environment.html"
grep -qF '<b>Acme Retail</b> <span><span class="count">3</span> clusters' "$folder/environment.html"

# A cluster has also failed if only its state is failed
fake POST faults '[{"path": "/orgs/382/clusters", "kind": "body", "body": "[{\"pk\": 1, \"org\": 382, \"state\": \"failed\", \"is_failed\": false}]"}]'
succeeds report failed.csv -e '{"fleet_report_orgs": [382], "fleet_report_include_details": false}'
grep -qF '"Acme Retail","","1","","","","","","failed","true","","","",""' "$folder/failed.csv"
fake DELETE faults

# Without details: one request for the organizations, one for each of them, and one for the cluster that has failed
fake POST reset
succeeds report requests.html -e fleet_report_include_details=false
[ "$(fake GET requests | grep -o '"path":"[^"]*"' | sort | tr '\n' ' ')" = \
    '"path":"/orgs" "path":"/orgs/381/clusters" "path":"/orgs/381/clusters/1205/logs" "path":"/orgs/382/clusters" "path":"/orgs/383/clusters" "path":"/orgs/390/clusters" ' ]

# Defaults of the play reach the module, the token can be a vaulted variable, and the role can run twice
printf password >"$folder/password"
ansible-vault encrypt_string --vault-password-file "$folder/password" --name nks_api_token "$NKS_API_TOKEN" >"$folder/token.yml"
succeeds env -u NKS_API_URL -u NKS_API_TOKEN ansible-playbook twice.yml --vault-password-file "$folder/password" -e "@$folder/token.yml" \
    -e "folder=$folder" -e "url=$NKS_API_URL"
said ok=12 changed=2
python check.py all "$folder/twice.html"
python check.py all "$folder/twice.csv"

# A mode is text, even if ansible-core before 2.19 converts values to numbers
for format in html markdown csv; do
    ANSIBLE_JINJA2_NATIVE=true succeeds report "native.$format"
    python check.py all "$folder/native.$format"
done
ANSIBLE_JINJA2_NATIVE=true succeeds report mode.csv -e '{"fleet_report_mode": "640"}'
[ "$(stat -c %a "$folder/mode.csv")" = 640 ]

# Service clusters
succeeds report service.html -e fleet_report_include_service_clusters=true
grep -q nks-service "$folder/service.html"

# A failure changes nothing
cp -p "$folder/all.html" "$folder/before"
fails report all.html -e nks_api_token=wrong
said 'status 401 Unauthorized: Invalid token.' failed=1
fake POST faults '[{"path": "/orgs/382/clusters", "kind": "status", "status": 500}]'
fails report all.html -e nks_api_retries=0
said 'status 500' failed=1
fake DELETE faults
cmp "$folder/all.html" "$folder/before"
fails report new.html -e nks_api_token=wrong

# Check mode
succeeds report all.html --check --diff -e '{"fleet_report_orgs": [382]}'
said changed=1 '-<tr data-health="failed" data-reason="1"><th scope="row">broken</th>'
cmp "$folder/all.html" "$folder/before"
succeeds report new.html --check
said changed=1
[ ! -e "$folder/new.html" ]

# CSV contains no time
fake POST reset
succeeds report same.csv -e '{"fleet_report_orgs": [382]}'
said changed=1
succeeds report same.csv -e '{"fleet_report_orgs": [382]}'
said changed=0

# Misuse
fails report all.pdf
said "html, markdown, csv"
fails ansible-playbook netapp.nks.fleet_report
said fleet_report_dest
fails report new.html -e '{"fleet_report_mode": 384}'
said 'Put it in quotes'
fails report new.html -e '{"fleet_report_states": []}'
said 'states is an empty list'
[ ! -e "$folder/new.html" ]
mkdir "$folder/folder.html"
fails report folder.html
said fleet_report_dest 'can not use content with a dir as dest'
[ -z "$(ls -A "$folder/folder.html")" ]
rmdir "$folder/folder.html"

# No secrets
succeeds env ansible-playbook netapp.nks.fleet_report -vvvvv -e "fleet_report_dest=$folder/secrets.html"
python check.py all "$folder/secrets.html"
if grep -Fe "$NKS_API_TOKEN" -e never-show "$folder"/*; then
    echo "FAILED: a secret is in a report"
    exit 1
fi

# A large fleet
succeeds python "${ANSIBLE_COLLECTIONS_PATH%%:*}/ansible_collections/netapp/nks/tests/fake_nks" --orgs 3 --clusters 500 -- \
    ansible-playbook netapp.nks.fleet_report -e "fleet_report_dest=$folder/large.html"
python check.py large "$folder/large.html"
