# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the progress of a module that waits.

Private to this collection: it may change without notice. It runs only on the control node.
"""

from __future__ import annotations

import math
import os
import time
import typing as t

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.netapp.nks.plugins.module_utils._connection import MAX_SECONDS
from ansible_collections.netapp.nks.plugins.module_utils._errors import one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._unmet import failure_title, merge_results, unmet_message

MAX_SLICE = 60.0
"""Maximum number of seconds between two reports of progress."""


class ShowsProgress(ActionBase):
    """Runs a module for one poll, then in slices of at most a minute, and shows after each slice what is missing.

    The module must be idempotent, and must have the options ``wait_timeout`` and ``wait_sleep``. While waiting may
    help, it returns the result of :func:`unmet_result`: a failure with ``unmet``, a list of sentences, and ``is_final``
    false. Then it is run again, and :func:`merge_results` adds what earlier runs saw and changed. With ``async``, with
    ``no_log`` and in check mode, the module runs once. With ``async`` and with ``no_log``, nothing is shown.
    """

    _supports_check_mode = True
    _supports_async = True

    default_timeout = 0.0
    """The default of the option ``wait_timeout`` of the module, in seconds."""

    first_arguments: t.ClassVar[JSON] = {"wait_timeout": 0}
    """Arguments that replace those of the user in the first run."""

    shows_all = False
    """Whether the outcome is also shown if the module does not wait."""

    def title(self, arguments: JSON) -> str:
        """Return the start of a failure message, as the module passes it to :func:`unmet_result`."""
        raise NotImplementedError

    def waits(self, _arguments: JSON) -> bool:
        """Return whether the module waits with these arguments."""
        return True

    def next_arguments(self, _arguments: JSON, _answer: JSON) -> JSON:
        """Return the arguments that change in the next run, given the result so far. None removes an argument."""
        return {}

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> JSON:
        result = super().run(tmp, task_vars)
        return {**result, **self.run_with_progress(dict(self._task.args), task_vars)}

    def run_with_progress(self, arguments: JSON, task_vars: JSON) -> JSON:
        """Run the module, show its progress, and return its result."""
        timeout = _seconds(arguments.get("wait_timeout", self.default_timeout))
        sleep = _seconds(arguments.get("wait_sleep", 10))
        is_shown = not (self._task.async_val or self._task.no_log)
        is_sliced = bool(is_shown and not self._task.check_mode and timeout and sleep and self.waits(arguments))
        if is_sliced:
            answer = self._run_in_slices(arguments, timeout, sleep, task_vars)
        else:
            answer = self._execute_module(
                module_args=arguments, task_vars=task_vars, wrap_async=bool(self._task.async_val)
            )
        if is_shown and (is_sliced or self.shows_all) and isinstance(answer.get("msg"), str):
            self._show(answer["msg"].split("\n"), task_vars)
        return answer

    def _run_in_slices(self, arguments: JSON, timeout: float, sleep: float, task_vars: JSON) -> JSON:
        self._show([f"polling; waits up to {timeout:.0f} s"], task_vars)
        end = time.monotonic() + timeout
        slice_arguments, length = {**arguments, **self.first_arguments}, 0.0
        answer: JSON = {}
        startup_seconds = math.inf  # to start the module: the shortest time that a run took beyond its slice
        while True:
            started = time.monotonic()
            answer = merge_results(answer, self._execute_module(module_args=dict(slice_arguments), task_vars=task_vars))
            now = time.monotonic()
            if not answer.get("failed") or not answer.get("unmet"):
                return answer
            startup_seconds = min(startup_seconds, max(0.0, now - started - length))
            left = end - now - startup_seconds
            pause = max(min(sleep, left), answer.get("retry_after", 0.0))
            if answer["is_final"] or left <= 0 or left < pause:
                break
            self._show([f"waits up to {end - now:.0f} s more", *answer["unmet"]], task_vars)
            time.sleep(pause)
            length = 0.0 if sleep >= MAX_SLICE else min(MAX_SLICE, left - pause)
            slice_arguments = {**arguments, "wait_timeout": length, **_api_timeout(arguments, end - time.monotonic())}
            slice_arguments.update(self.next_arguments(arguments, answer))
            slice_arguments = {option: value for option, value in slice_arguments.items() if value is not None}
        waited = None if answer["is_final"] else min(timeout, time.monotonic() - end + timeout)
        answer["msg"] = unmet_message(self.title(arguments), answer["unmet"], waited)
        answer.pop("exception", None)  # ansible-core 2.19 and newer would show its message, that of the last run
        return answer

    def _show(self, lines: t.Sequence[str], task_vars: JSON) -> None:
        """Display lines of text. The lines after the first are indented."""
        first, *rest = [one_line(line, 1000) for line in lines]
        # On stderr, which is not buffered in pipelines, and does not mix with the output of callback plugins.
        self._display.display(
            "\n  ".join(
                [f"{self._task.action.rpartition('.')[2]} [{task_vars['inventory_hostname']}]: {first}", *rest]
            ),
            stderr=True,
        )


class ShowsLifecycle(ShowsProgress):
    """Runs a module that brings a resource to the wanted state, and shows what it waits for."""

    noun = ""

    def waits(self, arguments: JSON) -> bool:
        return boolean(arguments.get("wait", True), strict=False)

    def title(self, arguments: JSON) -> str:
        identifier = arguments.get("name") or arguments.get("id")
        return failure_title(self.noun, identifier, is_wanted=arguments.get("state") != "absent")

    def next_arguments(self, arguments: JSON, answer: JSON) -> JSON:
        more: JSON = {}
        has_name = any(arguments.get(option) for option in ("name", "solution", "chart"))
        is_replaced = answer.get("actions") and "state" in answer["diff"]["before"]
        if has_name and is_replaced and arguments.get("state") != "absent":
            more["id"] = None  # the new object has the name, but not the ID
        # A requested change can be invisible for a while, and must not be requested twice.
        if not answer.get("is_requested"):
            return more
        found = answer.get(self.noun.replace(" ", "_")) or {}
        known = {"id": found.get("pk"), "logs_after": answer.get("logs_after")}
        return {"wait_only": True, **more, **{option: value for option, value in known.items() if value is not None}}


def _seconds(value: t.Any) -> float:
    """Return the value of an option in seconds, or 0 for a value that the module refuses."""
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return seconds if 0 < seconds <= MAX_SECONDS else 0.0


def _api_timeout(arguments: JSON, left: float) -> JSON:
    """Return the option ``api_timeout`` for a run with less time left than one request may take, else nothing."""
    usual = _seconds(arguments.get("api_timeout")) or _seconds(os.environ.get("NKS_API_TIMEOUT")) or 30.0
    return {"api_timeout": max(left, 0.1)} if left < usual else {}
