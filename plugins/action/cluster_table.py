# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print clusters as a table."""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.plugin_utils import _report


def _terminal_width() -> int | None:
    """Return the width of standard output in columns, or None if it is unknown or not a terminal."""
    try:
        return os.get_terminal_size(1).columns or None
    except OSError:
        return None


WIDTH = _terminal_width()  # ansible-core loads the plugin before it forks workers, which have no terminal


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        objects = {"type": "list", "elements": "dict"}
        _result, arguments = self.validate_argument_spec({"clusters": {**objects, "required": True}, "orgs": objects})
        try:
            lines = _report.table(arguments["clusters"], arguments["orgs"], WIDTH)
        except NKSError as exc:
            raise AnsibleActionFail(str(exc)) from exc
        if not self._task.no_log:
            self._display.display("\n".join(lines))
        return {"changed": False}
