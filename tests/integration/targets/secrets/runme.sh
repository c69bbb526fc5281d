#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

folder=$(mktemp -d)
trap 'kill "$watcher" 2>/dev/null || true; rm -r "$folder"' EXIT
mkdir "$folder/tmp" "$folder/cache" "$folder/facts"

# A ~/.netrc never replaces the token. With the password of mallory, all commands below would fail.
printf 'default login mallory password never-netrc\n' >"$folder/netrc"
chmod 600 "$folder/netrc"
export NETRC=$folder/netrc TMPDIR=$folder/tmp
export ANSIBLE_DEPRECATION_WARNINGS=true ANSIBLE_CACHE_PLUGIN_CONNECTION=$folder/facts ANSIBLE_CACHE_PLUGIN=jsonfile
export ANSIBLE_LOCAL_TEMP=$folder/tmp ANSIBLE_REMOTE_TMP=$folder/tmp

# Record the arguments of every process of this target
python watch.py "$folder/arguments" &
watcher=$!
until [ -s "$folder/arguments" ]; do sleep 0.1; done

clean() {
    no_secrets
    if grep -Fe mallory -e never-netrc "$log"; then
        echo "FAILED: the content of .netrc was shown"
        exit 1
    fi
    if grep -F DEPRECATION "$log"; then
        echo "FAILED: a deprecation warning"
        exit 1
    fi
}

export ANSIBLE_INVENTORY_CACHE_CONNECTION=$folder/cache
for source in clusters nodes; do
    for _ in cold warm; do
        succeeds ansible-inventory -i "$source.nks.yml" --list -vvvvv --export
        said spcprod381
        clean
    done
done
succeeds ansible-playbook -i clusters.nks.yml all.yml -vvvvv --diff -e "folder=$folder"
said 'failed=0' '"solution": "prometheus"' 'Every secret stays secret'
clean
# With ANSIBLE_DEBUG, ansible-core prints the arguments of modules, but not the token in the environment.
ANSIBLE_DEBUG=1 succeeds ansible-playbook from_environment.yml
said '_execute_module (netapp.nks.nks_org_info' 'failed=0'
clean
fake POST faults '[{"path": "/echo/.*", "kind": "status", "status": 400, "body": "{\"detail\": \"Bad token '"$NKS_API_TOKEN"'\"}"}, {"path": "/yaml/orgs", "kind": "body", "body": "[{\"pk\": 1, \"name\": \"o\"}]"}, {"path": "/yaml/orgs/1/clusters", "kind": "body", "body": "[{\"pk\": 2, \"name\": \"c\"}]"}, {"path": "/yaml/.*/kubeconfig", "kind": "body", "body": "token: never-show\nkind: Confi"}]'
succeeds ansible-playbook failures.yml -vvvvv --diff -e "folder=$folder"
said 'Bad token ********' 'is not valid: it'
clean
export ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=true
NKS_API_URL=$NKS_FAKE_URL/echo fails ansible-inventory -i clusters.nks.yml --list -vvvvv
said 'Bad token ********'
clean

kill "$watcher"
wait "$watcher" || true
grep -q ansible-playbook "$folder/arguments"
sed -i '/AnsiballZ_\|ansible-playbook \|ansible-inventory /!d' "$folder/arguments"  # the arguments of grep contain the secrets
test -n "$(find "$folder/cache" -type f)"
if grep -rFe "$NKS_API_TOKEN" -e never-show "$folder" --exclude-dir=kubeconfigs; then
    echo "FAILED: a secret is in a file or in the arguments of a process, above"
    exit 1
fi
if [ -n "$(find "$folder/tmp" -type f)" ]; then
    find "$folder/tmp"
    echo "FAILED: a temporary file is left"
    exit 1
fi
if [ -n "$(find "$folder/kubeconfigs" -type f -perm /077)" ]; then
    echo "FAILED: others can read a kubeconfig"
    exit 1
fi
