# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module nks_node, and show what it waits for."""

from __future__ import annotations

from ansible_collections.netapp.nks.plugins.plugin_utils._progress import JSON, ShowsLifecycle


class ActionModule(ShowsLifecycle):
    default_timeout = 1800.0

    def title(self, arguments: JSON) -> str:
        return "The nodes still exist"
