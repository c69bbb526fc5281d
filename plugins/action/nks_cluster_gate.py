# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module nks_cluster_gate, and show what it waits for."""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.netapp.nks.plugins.plugin_utils._progress import JSON, ShowsProgress


class ActionModule(ShowsProgress):
    # The wait repeats failed requests, so the first poll does not need to.
    first_arguments: t.ClassVar[JSON] = {"wait_timeout": 0, "api_retries": 0}
    shows_all = True

    def title(self, arguments: JSON) -> str:
        return "The gate stays shut"

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> JSON:
        try:
            return super().run(tmp, task_vars)
        except AnsibleConnectionFailure as exc:
            return _unreachable(exc, task_vars)

    def run_with_progress(self, arguments: JSON, task_vars: JSON) -> JSON:
        # ansible-core 2.18 and older turn null into an empty string, which the module refuses.
        if "orgs" in arguments and arguments["orgs"] is None:
            return {"failed": True, "msg": "orgs is null. Leave it out to search all organizations."}
        defaults = self._defaults()
        for option in ("wait_timeout", "wait_sleep"):
            # With omit, ansible-core does not use the default in module_defaults.
            if option in defaults:
                arguments.setdefault(option, defaults[option])
        environment: JSON = {}
        self._compute_environment_string(environment)
        if "orgs" not in arguments and "NKS_ORG_ID" in os.environ and "NKS_ORG_ID" not in environment:
            arguments["orgs"] = [value.strip() for value in os.environ["NKS_ORG_ID"].split(",")]
        return super().run_with_progress(arguments, task_vars)

    def _execute_module(self, *arguments: t.Any, **options: t.Any) -> JSON:
        """Run the module. An unreachable host is a failure, because ``ignore_unreachable`` would open the gate."""
        try:
            return t.cast(JSON, super()._execute_module(*arguments, **options))
        except AnsibleConnectionFailure as exc:
            return _unreachable(exc, options["task_vars"])

    def _defaults(self) -> JSON:
        """Return the defaults of the gate in ``module_defaults`` of the play."""
        found: JSON = {}
        given: JSON = {}
        for defaults in self._task.module_defaults or []:
            given.update(defaults)
        for key in ("group/netapp.nks.nks", "netapp.nks.nks_cluster_gate"):
            found.update(self._templar.template(given.get(key) or {}))
        return found


def _unreachable(exc: AnsibleConnectionFailure, task_vars: JSON) -> JSON:
    error = f"the host {task_vars['inventory_hostname']}, on which the gate runs, cannot be reached: {exc}"
    reason = f"No poll succeeded: {error}"
    return {
        "failed": True,
        "is_final": True,
        "error": error,
        "unmet": [reason],
        "msg": f"The gate stays shut.\n{reason}",
    }
