#!/usr/bin/python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replace the modules of awx.awx: return the arguments instead of sending them to AWX. WANT_JSON"""

from __future__ import annotations

import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    arguments = json.load(file)
sent = {name: value for name, value in arguments.items() if not name.startswith("_ansible")}
print(json.dumps({"changed": False, "sent": sent}))
