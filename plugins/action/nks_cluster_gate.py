# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module nks_cluster_gate, and shows what it waits for."""

from __future__ import annotations

import time
import typing as t

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> dict[str, t.Any]:
        """The module ends whenever there is something new to show, and is run again for the rest of the time.

        With ``async`` it runs once, as nothing can be shown then.
        """
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        is_shown = not (self._task.async_val or self._task.no_log)
        if is_shown and "clusters" in arguments:
            arguments["clusters"] = self.wrap(arguments["clusters"], [])
        started = time.monotonic()
        while True:
            answer = self._execute_module(
                module_args=arguments, task_vars=task_vars, wrap_async=bool(self._task.async_val)
            )
            if not answer.pop("waiting", False):
                break
            left = float(self._task.args["wait_timeout"]) - (time.monotonic() - started)
            if left <= 0:
                answer["failed"] = True
                break
            self.show(f"waiting, up to {left:.0f} s more. {' '.join(answer['unmet'])}", task_vars)
            arguments.update(wait_timeout=left, clusters=self.wrap(arguments["clusters"], answer["unmet"]))
        if is_shown and not answer.get("failed") and "msg" in answer:
            self.show(answer["msg"], task_vars)
        return {**result, **answer}

    def wrap(self, clusters: t.Any, shown: list[str]) -> dict[str, t.Any]:
        """The option ``clusters`` with what has been shown already. The role has put it into a dictionary, too."""
        is_wrapped = isinstance(clusters, dict) and "entries" in clusters
        return {"entries": clusters["entries"] if is_wrapped else clusters, "shown": shown}

    def show(self, text: str, task_vars: dict[str, t.Any]) -> None:
        # To stderr, which is not buffered in pipelines, and is not the output that some callback plugins make.
        self._display.display(f"nks_cluster_gate [{task_vars['inventory_hostname']}]: {text}", stderr=True)
