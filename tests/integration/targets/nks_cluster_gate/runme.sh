#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

ansible-playbook opens.yml "$@"

# not_said TEXT: check that the last command did not print TEXT
not_said() {
    if grep -Fqe "$1" "$log"; then
        cat "$log"
        echo "FAILED: unexpected output: $1"
        exit 1
    fi
}

# The gate shows what it waits for while it waits: the clock advances only after the line arrives through the pipe.
fake POST reset
mkfifo "$OUTPUT_DIR/pipe"
ansible-playbook waits.yml -e timeout=600 >"$log" 2>"$OUTPUT_DIR/pipe" &
while read -r line; do
    echo "$line"
    case $line in
        *"Cluster build-me of organization 381 is building, not running."*) fake POST step 10 ;;
        *"The gate opens: 1 of 1 clusters are as expected."*) opened=1 ;;
    esac
done <"$OUTPUT_DIR/pipe"
wait $!
[ "${opened:-}" ]
not_said 'nks_cluster_gate ['
fake POST step 0

# In check mode it fails at once, with the reason.
fake POST reset
fails ansible-playbook waits.yml -e timeout=600 --check
said 'The gate stays shut. Cluster build-me of organization 381 is building, not running.'
not_said 'waits up to'

# With no_log, no output is shown; secrets are never shown. The second poll fails and ends the wait.
fails_at_second_poll='[{"path": "/orgs/381/clusters", "kind": "status", "status": 401, "after": 1}]'
fake POST faults "$fails_at_second_poll"
fails ansible-playbook waits.yml -e timeout=600 -e hide=true
not_said 'waits up to'
fake DELETE faults
fake POST faults "$fails_at_second_poll"
fails ansible-playbook waits.yml -e timeout=600 -vvvvv
said 'nks_cluster_gate [localhost]: waits up to' 'status 401'
no_secrets
fake DELETE faults

# The message has the result of an earlier poll, although all later polls fail.
fake POST faults '[{"path": "/orgs/381/clusters", "kind": "status", "status": 503, "after": 1}]'
fails ansible-playbook waits.yml -e timeout=6
said 'polling; waits up to 6 s' 'The gate stays shut after' 's (wait_timeout). Cluster build-me of organization 381 is building, not' \
    'The last poll failed: GET' '"pk": 1203'
fake DELETE faults

# One answer that is not from the API does not end a wait that has seen the cluster.
fake POST faults '[{"path": "/orgs", "kind": "body", "body": "<html>", "after": 1, "times": 1}]'
fails ansible-playbook waits.yml -e timeout=6
said 'The gate stays shut after' 's (wait_timeout). Cluster build-me of organization 381 is building, not'
fake DELETE faults

# An unreachable host is a failure, even if the play ignores it.
fails ansible-playbook -i hosts.ini unreachable.yml
said 'The gate stays shut. No poll succeeded: the host gone, on which the gate runs, cannot be reached'
not_said 'Deployed'

# The organization of the gate is not lost: both organizations have a cluster prod.
fails ansible-playbook orgs.yml
said 'Cluster prod is ambiguous'
NKS_ORG_ID=381 succeeds ansible-playbook orgs.yml
NKS_ORG_ID=381 succeeds ansible-playbook orgs.yml -e ansible_python_interpreter="$PWD/bare_python"
fails ansible-playbook orgs.yml -e '{"orgs": null}'
not_said 'is ambiguous'

# In the background. Ansible looks for jobs in the home of the account, even if HOME differs.
fake POST step 10
succeeds env ANSIBLE_ASYNC_DIR="$OUTPUT_DIR/async" ansible-playbook async.yml
not_said 'waits up to'
fake POST step 0

# Ways around a gate
fake POST reset
fails ansible-playbook -i hosts.ini run_once.yml -e with=include
said 'deployed_on b and c'
fails ansible-playbook -i hosts.ini run_once.yml -e with=module
not_said 'deployed_on'
succeeds ansible-playbook tags.yml --tags gate,deploy -e with=include
said 'Deployed'
for with in apply module; do
    fails ansible-playbook tags.yml --tags gate,deploy -e with="$with"
    said 'The gate stays shut. Cluster missing of organization 381 was not found.'
    not_said 'Deployed'
done
succeeds ansible-playbook around.yml --start-at-task Deploy
said 'Deployed'
succeeds ansible-playbook around.yml --skip-tags gate
said 'Deployed'
succeeds ansible-playbook around.yml -e ignore=true
said 'Deployed' 'The gate stays shut. Cluster missing of organization 381 was not found.'
fails ansible-playbook around.yml
not_said 'Deployed'
