# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a module whose wait did not reach what was wanted.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON

FAILURE_FIELDS = ("status", "detail", "url", "retry_after")
"""What a result has of the last failure, besides its message."""


def unmet_result(
    title: str, reasons: t.Sequence[str], failure: NKSError | None, *, is_final: bool, waited: float | None
) -> JSON:
    """The result of a module that fails because something is missing.

    :param title: the start of the message, without a full stop.
    :param reasons: a sentence for each thing that was missing in the last poll that succeeded. Empty if none did.
    :param failure: why the last poll failed, if it did.
    :param is_final: whether waiting longer cannot change it.
    :param waited: seconds until the time was up. None if there was no wait or it ended early.
    """
    fields = {field: getattr(failure, field, None) for field in FAILURE_FIELDS}
    unmet = with_last_failure(reasons, str(failure)) if failure else list(reasons)
    return {
        "failed": True,
        "is_final": is_final,
        "msg": unmet_message(title, unmet, waited),
        "unmet": unmet,
        **({"error": str(failure)} if failure else {}),
        **{field: value for field, value in fields.items() if value},
    }


def unmet_message(title: str, unmet: t.Sequence[str], waited: float | None) -> str:
    """What is missing, one reason a line."""
    return "\n".join([f"{title}{'' if waited is None else f' after {waited:.0f} s (wait_timeout)'}.", *unmet])


def with_last_failure(reasons: t.Sequence[str], error: str) -> list[str]:
    return [*reasons, f"The last look failed: {error}"] if reasons else [f"Nothing could be seen: {error}"]


def merge_results(earlier: JSON, later: JSON) -> JSON:
    """The result of two runs of a module in one wait.

    What the earlier run saw counts where no poll of the later one succeeded, and so does what it changed.
    """
    merged = dict(later)
    reasons = _reasons(earlier)
    if "error" in later and reasons and not _reasons(later):
        # An answer that is not the API's, such as the page of a gateway, does not end a wait that has seen the API.
        is_of_api = not (later.get("status") == 200 or (later.get("status") == 404 and "detail" not in later))
        merged = {
            **{field: value for field, value in earlier.items() if field not in FAILURE_FIELDS},
            **later,
            "unmet": with_last_failure(reasons, later["error"]),
            "is_final": later["is_final"] and is_of_api,
        }
    if earlier.get("changed"):
        merged["changed"] = True
        for field in ("actions", "diff"):
            if field in earlier:
                merged[field] = earlier[field] + later.get(field, []) if field == "actions" else earlier[field]
    return merged


def _reasons(result: JSON) -> list[str]:
    """What was missing when the module last saw it. The last sentence of ``unmet`` is the failure after that."""
    unmet = result.get("unmet", [])
    return unmet[:-1] if "error" in result else unmet
