# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the result of a module whose wait ended before everything was as wanted.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, error_fields, one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON

FAILURE_FIELDS = ("status", "detail", "url", "retry_after", "is_transient")
"""Fields of the result that describe the last failure, besides its message."""

WAIT_FIELDS = ("unmet", "is_final", "error", "exception")
"""Fields of the result that describe a wait that failed, not the object."""


def unmet_result(
    title: str, reasons: t.Sequence[str], failure: NKSError | None, *, is_final: bool, waited: float | None
) -> JSON:
    """Return the result of a module that fails because something is not as wanted.

    :param title: the start of the message, without a period.
    :param reasons: a sentence for each thing that was missing at the last successful poll. Empty if no poll succeeded.
    :param failure: the error of the last poll, if it failed.
    :param is_final: whether waiting longer would not help.
    :param waited: seconds until the time was up. None if there was no wait or it ended early.
    """
    unmet = _with_last_failure(reasons, str(failure)) if failure else list(reasons)
    return {
        "failed": True,
        "is_final": is_final,
        "msg": unmet_message(title, unmet, waited),
        "unmet": unmet,
        **({"error": str(failure), **error_fields(failure)} if failure else {}),
    }


def failure_title(what: str, identifier: t.Any, is_wanted: bool) -> str:
    """Return the start of a failure message about one object.

    :param what: what the object is, for example "cluster".
    :param identifier: the name or ID in the options.
    :param is_wanted: whether the object must exist.
    """
    return f"The {what} {one_line(str(identifier))} {'is not in the requested state' if is_wanted else 'still exists'}"


def unmet_message(title: str, unmet: t.Sequence[str], waited: float | None) -> str:
    """Return the title and the reasons, one per line."""
    return "\n".join([f"{title}{'' if waited is None else f' after {waited:.0f} s (wait_timeout)'}.", *unmet])


def _with_last_failure(reasons: t.Sequence[str], error: str) -> list[str]:
    return [*reasons, f"The last poll failed: {error}"] if reasons else [f"No poll succeeded: {error}"]


def merge_results(earlier: JSON, later: JSON) -> JSON:
    """Merge the results of two runs of a module within one wait.

    The reasons of the earlier run are kept if no poll of the later run succeeded. Its changes are always kept. A
    failure of the later run before its first poll ends the wait unless it is transient.
    """
    has_ended = "unmet" in earlier and later.get("failed") and "unmet" not in later
    if has_ended and later.get("is_transient"):
        has_ended = False
        later = {**later, "unmet": _with_last_failure([], later["msg"]), "error": later["msg"], "is_final": False}
    merged = dict(later)
    reasons = _reasons(earlier)
    if has_ended:
        kept = {field: value for field, value in earlier.items() if field not in (*FAILURE_FIELDS, *WAIT_FIELDS)}
        merged = {**kept, **later}
        if earlier.get("actions"):
            merged["msg"] = f"{later['msg']} Already done: {' '.join(earlier['actions'])}"
    elif "error" in later and (reasons or earlier.get("is_requested")) and not _reasons(later):
        merged = {
            **{field: value for field, value in earlier.items() if field not in FAILURE_FIELDS},
            **later,
            "unmet": _with_last_failure(reasons, later["error"]),
            # Once the API has answered, an outage or the answer of a gateway does not end the wait.
            "is_final": later["is_final"] and not later.get("is_transient"),
        }
    if earlier.get("warnings"):
        new = [warning for warning in later.get("warnings", []) if warning not in earlier["warnings"]]
        merged["warnings"] = earlier["warnings"] + new
    if earlier.get("is_requested"):
        merged["is_requested"] = True  # what was requested once must not be requested again
    if earlier.get("changed"):
        merged["changed"] = True
        if "actions" in earlier:
            merged["actions"] = earlier["actions"] + later.get("actions", [])
        if "diff" in earlier:
            merged["diff"] = earlier["diff"]
    return merged


def _reasons(result: JSON) -> list[str]:
    """Return what was missing at the last successful poll: ``unmet`` without the sentence about a later failure."""
    unmet = result.get("unmet", [])
    return unmet[:-1] if "error" in result else unmet
