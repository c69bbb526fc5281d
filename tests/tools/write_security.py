#!/usr/bin/env python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the table of what can happen on the wire into SECURITY.md. With --check, only say whether it is up to date.

It needs the collection on the Python path.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ansible_collections.netapp.nks.tests.unit.hardening.faults import CASES, ENDPOINTS

PAGE = Path(__file__).resolve().parents[2] / "SECURITY.md"
BEGIN, END = "<!-- begin of the table -->\n", "<!-- end of the table -->\n"


def table() -> str:
    rows = "".join(f"| {case.happens} | {case.ends} |\n" for case in CASES)
    head = "| what happens | how it ends |\n|---|---|\n"
    return f"{len(CASES)} cases, at each of {len(ENDPOINTS)} endpoints:\n\n{head}{rows}"


def page(before: str) -> str:
    """The page with the table of today."""
    head, _begin, rest = before.partition(BEGIN)
    return f"{head}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


def main() -> int:
    before = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        return int(before != page(before))
    PAGE.write_text(page(before), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
