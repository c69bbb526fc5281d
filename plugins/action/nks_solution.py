# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module nks_solution, and show what it waits for."""

from __future__ import annotations

from ansible_collections.netapp.nks.plugins.plugin_utils._progress import JSON, ShowsLifecycle


class ActionModule(ShowsLifecycle):
    noun = "solution"
    default_timeout = 1200.0

    def title(self, arguments: JSON) -> str:
        chart = arguments.get("chart")
        name = arguments.get("solution") or (chart.get("name") if isinstance(chart, dict) else None)
        return super().title({**arguments, "name": name})
