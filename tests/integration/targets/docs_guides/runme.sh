#!/usr/bin/env bash
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu

root=$(realpath "${ANSIBLE_COLLECTIONS_PATH%%:*}/ansible_collections/netapp/nks")

# Follow all pages at the same time, each with its own fake.
if [ "${1:-}" != follow ]; then
    pages=()
    for page in "$root"/README.md "$root"/roles/*/README.md "$root"/docs/docsite/rst/*.rst; do
        [ "${page##*/}" != eda_guide.rst ] || continue # needs ansible-rulebook; see the nox session eda
        log=${page#"$root"/}
        log=$OUTPUT_DIR/${log//\//_}.log
        "$0" follow "$page" >"$log" 2>&1 &
        pages+=("$!:$log")
    done
    failed=0
    for page in "${pages[@]}"; do
        wait "${page%%:*}" || failed=1
        cat "${page#*:}"
    done
    exit "$failed"
fi

# shellcheck source=tests/integration/targets/setup_fake_nks/fake.sh
. ../setup_fake_nks/fake.sh

python run_guides.py "$root" "$2"
