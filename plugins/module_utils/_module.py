# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module: create the client from the options, and return results and failures to Ansible.

Private to this collection: it may change without notice.
"""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, error_fields, one_line
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, Spec


def params_for(module: AnsibleModule, spec: Spec) -> dict[str, t.Any]:
    """Return the parameters of a module that an argument spec names."""
    return {option: module.params[option] for option in spec}


def check_new_name(option: str, name: str) -> None:
    """Check the name of something that is created, changed or deleted. The API removes white space around names.

    :raises NKSError: the name is empty, or has white space around it.
    """
    if not name or name != name.strip():
        raise NKSError(f"{option} must not be empty or have white space around it: {one_line(repr(name))}.")


def run_module(module: AnsibleModule, action: t.Callable[[AnsibleModule, NKSClient], dict[str, t.Any]]) -> None:
    """Run ``action``, and exit the module with its result or failure."""
    try:
        with NKSClient(**params_for(module, CONNECTION), warn=module.warn, read_only=module.check_mode) as client:
            if module.params.get("id") is not None and module.params["id"] < 1:
                raise NKSError(f"id must be 1 or more, not {module.params['id']}.")
            if module.params.get("state"):  # for absent too: otherwise nothing would be deleted, without an error
                for option in ("name", "new_name"):
                    if module.params.get(option) is not None:
                        check_new_name(option, module.params[option])
            result = action(module, client)
    except NKSError as exc:
        module.fail_json(msg=str(exc), **error_fields(exc))
    for warning in result.pop("warnings", []):
        module.warn(warning)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
