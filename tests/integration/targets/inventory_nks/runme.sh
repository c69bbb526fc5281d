#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

export OUTPUT_DIR
export ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=true

# fake_body PATH FILE: make the fake answer with the content of the file
fake_body() {
    fake POST faults "$(python -c '
import json, sys
print(json.dumps([{"path": sys.argv[1], "kind": "body", "body": open(sys.argv[2], encoding="utf-8").read()}]))' "$@")"
}

# no_request: check that there was no request since the last reset
no_request() {
    [ "$(fake GET requests)" = "[]" ] || {
        echo "FAILED: there was a request"
        exit 1
    }
}

# a_request: check that there was a request since the last reset, and reset
a_request() {
    [ "$(fake GET requests)" != "[]" ] || {
        echo "FAILED: there was no request"
        exit 1
    }
    fake POST reset
}

ansible-playbook -i all.nks.yml use.yml "$@"

succeeds ansible-inventory -i all.nks.yml --graph -v
said 'netapp.nks.nks: clusters selected: ' 'of 381 (My Organization), 3 of 382 (Acme Retail), 1 of 383 (🚀); left out: none' \
    'netapp.nks.nks: requests made: 5'
said '@nks:
  |  |--prod_1201
  |  |--staging
  |  |--build-me' '
  |  |--broken
  |  |--prod_1301
  |  |--Shop_—_Zürich
  |  |--edge_1__lab_
  |  |--🐳' 'Skipped organization 390 (Partner Labs), which the token is not allowed to read'

succeeds ansible-inventory -i nks.yaml --host '🐳'
said '"nks_pk": 1401' '"ansible_connection": "local"'

# Every option, and no secret.
printf ' %s\n' "$NKS_API_TOKEN" >"$OUTPUT_DIR/token"
succeeds env -u NKS_API_TOKEN NKS_API_URL=http://127.0.0.1:1 NKS_API_TIMEOUT=0 NKS_API_RETRIES=-1 NKS_ORG_ID=999 \
    ansible-playbook -i options.nks.yml options.yml -e given=test
succeeds env NKS_VALIDATE_CERTS=false NKS_CA_PATH=/not/used NKS_API_RETRIES=0 NKS_ORG_ID=381,382 \
    ansible-inventory -i options.nks.yml -i all.nks.yml --list -vvvvv
said prometheus acme-retail_prod edge_1__lab_
no_secrets

# Nodes.
ansible-playbook -i nodes.nks.yml nodes.yml "$@"
succeeds ansible-inventory -i private.nks.yml --graph nks_cluster_staging --vars
said '@nks_cluster_staging: |--staging_master | |--{ansible_host = 10.' '|--staging_worker_1202002' '|--staging_worker_1202003'

# The cache.
export ANSIBLE_INVENTORY_CACHE_PLUGIN=ansible.builtin.jsonfile ANSIBLE_INVENTORY_CACHE_CONNECTION=$OUTPUT_DIR/cache
fake POST reset
succeeds ansible-inventory -i cached.nks.yml --list
a_request
cp "$log" "$OUTPUT_DIR/cold"
succeeds ansible-inventory -i cached.nks.yml --list
no_request
diff "$OUTPUT_DIR/cold" "$log"
succeeds ansible-inventory -i cached_with_other_names.nks.yml --graph
no_request
said '@mine:' 'my-organization-1201' '@_draft: | |--my-organization-1205'
if grep -rFe "$NKS_API_TOKEN" -e never-show "$OUTPUT_DIR/cache"; then
    echo "FAILED: a secret was cached"
    exit 1
fi
fails env NKS_API_TOKEN=wrong ansible-inventory -i cached.nks.yml --list
a_request
succeeds ansible-playbook -i cached.nks.yml use.yml --list-hosts --flush-cache
a_request
for _ in 1 2; do
    succeeds env ANSIBLE_INVENTORY_CACHE=true ansible-inventory -i all.nks.yml --list
    said 'Skipped organization 390 (Partner Labs)'
    a_request
done

# Values from the API are never evaluated.
fake_body /hostile/orgs hostile_orgs.json
fake_body /hostile/orgs/1/clusters hostile_clusters.json
fake_body '/hostile/orgs/1/clusters/[0-9]/nodes' hostile_nodes.json
ansible-playbook -i hostile.nks.yml hostile.yml "$@"
succeeds ansible-inventory -i hostile.nks.yml --list
ansible-inventory -i hostile.nks.yml --list --export --output "$OUTPUT_DIR/hostile.json"
python ../setup_fake_nks/read_as_awx.py "$OUTPUT_DIR/hostile.json"
# Versions of ansible-core that mark possible templates do not mark ordinary text.
ansible-inventory -i all.nks.yml --list --export --output "$OUTPUT_DIR/all.json"
case $(python -c 'import ansible.release; print(ansible.release.__version__)') in
2.1[678].*)
    grep -q '"nks_state": "running"' "$OUTPUT_DIR/all.json"
    grep -q __ansible_unsafe "$OUTPUT_DIR/hostile.json"
    if grep __ansible_unsafe "$OUTPUT_DIR/all.json"; then
        echo "FAILED: ordinary text has a mark"
        exit 1
    fi
    ;;
esac
if [ -n "$(find . -name PWNED)" ]; then
    echo "FAILED: a template from the API was evaluated"
    exit 1
fi

# Another source nests the groups in the opposite order
fails ansible-inventory -i nested.ini -i grouped.nks.yml --list
said 'A group would contain itself: ' 'provider_aws > clouds'
succeeds env ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=false ansible-inventory -i nested.ini -i grouped.nks.yml --graph
said '@all: |--@ungrouped: |--@provider_aws: | |--@clouds: | | |--other'
if grep -Fe '@nks' -e prod "$log"; then
    echo "FAILED: a source that failed has left something"
    exit 1
fi
succeeds ansible-inventory -i grouped.nks.yml --graph
said '@clouds: | |--@provider_aws:' '@failed_True: | |--broken'

# Extra variables
succeeds ansible-inventory -i extra.nks.yml --graph -e "u=$NKS_FAKE_URL"
said '|--staging'

# A failing source ends the run.
fails env -u NKS_API_TOKEN ansible-inventory -i all.nks.yml --list
said 'missing required arguments: api_token. Set it, or the environment variable NKS_API_TOKEN.'
fails env -u NKS_API_TOKEN ansible-inventory -i cached.nks.yml --list
said 'missing required arguments: api_token. Set it, or the environment variable NKS_API_TOKEN.'
fails env -u NKS_API_URL NKS_API_RETRIES=0 NO_PROXY= HTTPS_PROXY=http://127.0.0.1:1 ansible-inventory -i all.nks.yml --list
said 'GET https://api.stackpoint.io/orgs: ' 'api_url is not set. The hosted service was withdrawn'
succeeds ansible-inventory -i misspelt.nks.yml --graph
said '[WARNING]: No cluster is selected: ' "states 'runing'" 'Left out: prod (ID 1201), staging (ID 1202)'
fails env NKS_API_TOKEN=wrong ansible-inventory -i all.nks.yml --list
said "GET $NKS_FAKE_URL/orgs: status 401 Unauthorized: Invalid token. Set api_token,"
fails env NKS_API_TOKEN=fa4ec0de000000000000000000003811 ansible-playbook -i all.nks.yml use.yml
said 'The token is not allowed to read any of the organizations that it sees'
fails env NKS_API_URL="$NKS_FAKE_URL/nowhere" ansible-inventory -i all.nks.yml --list
said "GET $NKS_FAKE_URL/nowhere/orgs: status 404 Not Found: Not found. The resource does not exist, or api_url (NKS_API_URL) is not"
fails ansible-inventory -i clusters.yml --list
said 'could not be verified'

# Without ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED, each source fails with a message, and leaves nothing.
fake POST faults '[
    {"path": "/repeats/orgs", "kind": "status", "status": 401, "body": "{\"detail\": \"The token '"$NKS_API_TOKEN"' is bad.\"}"},
    {"path": "/html/orgs", "kind": "body", "body": "<title>Welcome</title>", "content_type": "text/html"},
    {"path": "/twins/orgs", "kind": "body", "body": "[{\"pk\": 1, \"name\": \"Twin\"}, {\"pk\": 2, \"name\": \"Twin\"}]"}]'
sources=(-i hosts.ini)
for source in bad/*.nks.yml; do
    sources+=(-i "$source")
done
succeeds env ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=false ansible-inventory "${sources[@]}" --graph
said '@all: |--@ungrouped: | |--other' \
    'status 401 Unauthorized: The token ******** is bad. Set api_token,' \
    'api_token cannot be evaluated:' \
    'GET http://127.0.0.1:1/orgs: Connection refused (127.0.0.1). Check api_url' \
    "GET $NKS_FAKE_URL/html/orgs: status 200, but the body is not JSON" \
    "api_url 'http://nks.example.com': http:// would send the token in the clear" \
    "ca_path: there is no file or directory '/no/such/file'" \
    "hostvars_prefix must be the start of a variable name, and cannot be ''" \
    "'Twin' matches more than one organization: (1, Twin); (2, Twin). Use an ID instead" \
    "GET $NKS_FAKE_URL/orgs/390/clusters: status 403 Forbidden" \
    "no organization with the ID, slug or name 'my-org'. It sees: (381, my-organization, My Organization); (382," \
    'states is an empty list' \
    'compose: title: ' 'groups: edge: ' 'hostnames: nks_workspace.name ~ nks_pk: ' 'keyed_groups: nks_workspace.name: '
if grep -Fe '@nks' -e prod -e '|--1' "$log"; then
    echo "FAILED: a source that failed has left something"
    exit 1
fi
no_secrets
