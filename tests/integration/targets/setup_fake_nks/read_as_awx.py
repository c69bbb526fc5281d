# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the output of `ansible-inventory --list --export` as AWX does: parse JSON, and match names by a pattern.

If names of hosts are given as further arguments, the inventory must have exactly these hosts.
"""

from __future__ import annotations

import json
import re
import sys

NAME = re.compile(r"^.+$")


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        data = json.load(file)
    hosts = set(data.pop("_meta")["hostvars"])
    groups = set(data)
    for group in data.values():
        for host in group.get("hosts", []):
            if not NAME.match(host) or re.search(r"\{[{%#]", host):
                sys.exit(f"AWX cannot import the host {host!r}")
            hosts.add(host)
        for child in group.get("children", []):
            if not NAME.match(child):
                sys.exit(f"AWX cannot import the group {child!r}")
            groups.add(child)
        if not isinstance(group.get("vars", {}), dict):
            sys.exit("The variables of a group are not a dictionary")
    print(f"AWX can import {len(hosts)} hosts and {len(groups)} groups")
    if not hosts or (sys.argv[2:] and hosts != set(sys.argv[2:])):
        sys.exit(f"These are the hosts: {sorted(hosts)}")


if __name__ == "__main__":
    main()
