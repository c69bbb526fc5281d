# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module nks_node_pool, and show what it waits for."""

from __future__ import annotations

from ansible_collections.netapp.nks.plugins.plugin_utils._progress import ShowsLifecycle


class ActionModule(ShowsLifecycle):
    noun = "node pool"
    default_timeout = 1800.0
