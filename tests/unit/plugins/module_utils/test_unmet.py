# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, NKSPayloadError, NKSStatusError
from ansible_collections.netapp.nks.plugins.module_utils._unmet import merge_results, unmet_result

JSON = t.Dict[str, t.Any]

OUTAGE = NKSStatusError("status 503", status=503, is_transient=True, retry_after=30.0)


def result(reasons: list[str], failure: NKSError | None = None, is_final: bool = False) -> JSON:
    return unmet_result("Not running", reasons, failure, is_final=is_final, waited=60)


def test_a_failure_has_one_reason_a_line() -> None:
    failed = result(["a.", "b."], OUTAGE)
    assert failed["msg"] == "Not running after 60 s (wait_timeout).\na.\nb.\nThe last poll failed: status 503"
    assert failed["unmet"] == failed["msg"].split("\n")[1:]
    assert (failed["error"], failed["status"], failed["retry_after"]) == ("status 503", 503, 30.0)


@pytest.mark.parametrize(
    ("earlier", "later", "unmet"),
    [
        ({}, result(["b."]), ["b."]),
        (result(["a."]), result(["b."]), ["b."]),
        (result(["a."]), result(["b."], OUTAGE), ["b.", "The last poll failed: status 503"]),
        (result(["a."]), result([], OUTAGE), ["a.", "The last poll failed: status 503"]),
        (result(["a."], OUTAGE), result([], OUTAGE), ["a.", "The last poll failed: status 503"]),
        (result(["a."], OUTAGE), result([], NKSError("reset")), ["a.", "The last poll failed: reset"]),
        (result([], OUTAGE), result([], OUTAGE), ["No poll succeeded: status 503"]),
    ],
)
def test_the_latest_observation_counts(earlier: JSON, later: JSON, unmet: list[str]) -> None:
    merged = merge_results({**earlier, "clusters": 1} if earlier else {}, later)
    assert merged["unmet"] == unmet
    assert ("clusters" in merged) == (unmet[0] == "a.")
    assert ("retry_after" in merged) == ("retry_after" in later)


@pytest.mark.parametrize(
    ("failure", "is_final"),
    [
        (NKSPayloadError("HTML", status=200), False),
        (NKSStatusError("no backend", status=404), False),
        (NKSStatusError("not found", status=404, detail="Not found."), True),
        (NKSStatusError("unauthorized", status=401), True),
    ],
)
def test_an_answer_from_another_server_does_not_end_a_wait_that_has_seen_the_api(
    failure: NKSError, is_final: bool
) -> None:
    later = result([], failure, is_final=True)
    assert merge_results(result(["a."]), later)["is_final"] == is_final
    assert merge_results({}, later)["is_final"]


def test_changes_of_an_earlier_run_are_in_the_result() -> None:
    created = {**result(["a."]), "changed": True, "actions": ["Create x."], "diff": {"before": "", "after": "x"}}
    merged = merge_results(created, {"changed": False, "actions": ["Wait."], "cluster": 1})
    assert merged == {
        "changed": True,
        "actions": ["Create x.", "Wait."],
        "diff": {"before": "", "after": "x"},
        "cluster": 1,
    }


def test_what_was_requested_once_stays_requested() -> None:
    upgraded = {**result(["a."]), "is_requested": True, "logs_after": 5.0, "cluster": {"pk": 7}}
    outage = {**result([], OUTAGE), "changed": False, "actions": []}
    merged = merge_results(upgraded, outage)
    assert (merged["is_requested"], merged["logs_after"], merged["cluster"]) == (True, 5.0, {"pk": 7})
    assert merge_results(upgraded, {**result(["b."]), "is_requested": False})["is_requested"]


def test_warnings_of_all_runs_are_in_the_result_once() -> None:
    merged = merge_results({**result(["a."]), "warnings": ["x", "y"]}, {"changed": False, "warnings": ["y", "z"]})
    assert merged["warnings"] == ["x", "y", "z"]
    assert merge_results({**result(["a."]), "warnings": ["x"]}, {"changed": False})["warnings"] == ["x"]
