# shellcheck shell=bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Sourced by runme.sh. It restarts runme.sh as the command of a fake NKS, which sets NKS_API_URL, NKS_API_TOKEN and
# NKS_FAKE_URL. Clusters do not change, unless a target advances the clock: fake POST step SECONDS. ansible-test runs targets
# in a copy outside of the collection, so the fake is found through ANSIBLE_COLLECTIONS_PATH.
if [ -z "${NKS_FAKE_URL:-}" ]; then
    exec python "${ANSIBLE_COLLECTIONS_PATH%%:*}/ansible_collections/netapp/nks/tests/fake_nks" --step 0 -- "$0" "$@"
fi

log=${OUTPUT_DIR:-/tmp}/nks.log

# fake METHOD PATH [BODY]: send a request to a control endpoint of the fake
fake() {
    python - "$@" <<'EOF'
import os, sys, urllib.request
method, path, body = [*sys.argv[1:], ""][:3]
url = f"{os.environ['NKS_FAKE_URL']}/_fake/{path}"
print(urllib.request.urlopen(urllib.request.Request(url, body.encode(), method=method)).read().decode(), end="")
EOF
}

# said TEXT...: check that the last command printed each TEXT. Ignore white space, because Ansible wraps messages.
said() {
    local text
    for text in "$@"; do
        if ! tr -d '[:space:]' <"$log" | grep -Fqe "$(tr -d '[:space:]' <<<"$text")"; then
            cat "$log"
            echo "FAILED: missing in the output: $text"
            exit 1
        fi
    done
}

# succeeds COMMAND...: run a command that must succeed
succeeds() {
    echo "+ $*"
    "$@" >"$log" 2>&1 || {
        cat "$log"
        echo "FAILED: the command should have succeeded"
        exit 1
    }
}

# fails COMMAND...: run a command that must fail, without a traceback
fails() {
    echo "+ $*"
    if "$@" >"$log" 2>&1; then
        cat "$log"
        echo "FAILED: the command should have failed"
        exit 1
    fi
    if grep -Fq Traceback "$log"; then
        cat "$log"
        echo "FAILED: the output has a traceback"
        exit 1
    fi
}

# no_secrets: check that the last command printed neither the token nor any secret of the fake
no_secrets() {
    if grep -Fe "$NKS_API_TOKEN" -e never-show "$log"; then
        echo "FAILED: a secret was shown"
        exit 1
    fi
}
