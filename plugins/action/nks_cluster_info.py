# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module nks_cluster_info, and show what it waits for."""

from __future__ import annotations

import typing as t

from ansible_collections.netapp.nks.plugins.plugin_utils._progress import JSON, ShowsProgress


class ActionModule(ShowsProgress):
    default_timeout = 600.0
    # The wait repeats failed requests, so the first poll does not need to.
    first_arguments: t.ClassVar[JSON] = {"wait_timeout": 0, "api_retries": 0}

    def waits(self, arguments: JSON) -> bool:
        return bool(arguments.get("wait_for"))

    def title(self, arguments: JSON) -> str:
        return f"The selected clusters are not {arguments['wait_for']}"
