# shellcheck shell=bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# For runme.sh to source. It starts runme.sh again, as the command of a fake NKS, which sets NKS_API_URL, NKS_API_TOKEN and
# NKS_FAKE_URL. No cluster of it changes, unless a target lets time pass: fake POST step SECONDS. ansible-test copies targets
# elsewhere and runs them there, but leaves the rest of the collection in its place.
if [ -z "${NKS_FAKE_URL:-}" ]; then
    exec python "${ANSIBLE_COLLECTIONS_PATH%%:*}/ansible_collections/netapp/nks/tests/fake_nks" --step 0 -- "$0" "$@"
fi

log=${OUTPUT_DIR:-/tmp}/nks.log

# fake METHOD PATH [BODY]: a request to the control endpoints of the fake
fake() {
    python - "$@" <<'EOF'
import os, sys, urllib.request
method, path, body = [*sys.argv[1:], ""][:3]
url = f"{os.environ['NKS_FAKE_URL']}/_fake/{path}"
print(urllib.request.urlopen(urllib.request.Request(url, body.encode(), method=method)).read().decode(), end="")
EOF
}

# said TEXT...: the last command has said each TEXT. White space does not count, because Ansible wraps its messages.
said() {
    local text
    for text in "$@"; do
        if ! tr -d '[:space:]' <"$log" | grep -Fqe "$(tr -d '[:space:]' <<<"$text")"; then
            cat "$log"
            echo "FAILED: this was not said: $text"
            exit 1
        fi
    done
}

# succeeds COMMAND...
succeeds() {
    echo "+ $*"
    "$@" >"$log" 2>&1 || {
        cat "$log"
        echo "FAILED: it should have succeeded"
        exit 1
    }
}

# fails COMMAND...
fails() {
    echo "+ $*"
    if "$@" >"$log" 2>&1; then
        cat "$log"
        echo "FAILED: it should have failed"
        exit 1
    fi
    if grep -Fq Traceback "$log"; then
        cat "$log"
        echo "FAILED: a traceback"
        exit 1
    fi
}

# no_secrets: neither the token nor any secret of the fake is in what the last command said
no_secrets() {
    if grep -Fe "$NKS_API_TOKEN" -e never-show "$log"; then
        echo "FAILED: a secret was shown"
        exit 1
    fi
}
