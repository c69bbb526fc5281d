# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.modules.nks_workspace_info import main
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]
Run = t.Callable[..., JSON]

SKIPPED = [{"pk": 390, "name": "Partner Labs", "detail": "You do not have permission to perform this action."}]


def pks(result: JSON) -> list[t.Any]:
    return [workspace.get("pk") for workspace in result["workspaces"]]


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("options", "found", "skipped"),
    [
        ({}, [4, 21, 23, 5, 22, 6], SKIPPED),
        ({"orgs": ["382"]}, [5, 22], []),
        ({"orgs": "🚀,my-organization"}, [6, 4, 21, 23], []),
        ({"id": 22}, [22], SKIPPED),
        ({"id": 22, "orgs": ["381"]}, [], []),
        ({"id": 7}, [], SKIPPED),
        ({"name": "Team A"}, [21, 22], SKIPPED),
        ({"name": "team-a"}, [], SKIPPED),
        ({"name": ""}, [], SKIPPED),
        ({"slug": "data-ai"}, [23], SKIPPED),
        ({"slug": "default", "orgs": ["381", "Acme Retail"]}, [4, 5], []),
    ],
)
def test_the_matching_workspaces_are_returned(
    run_module: Run, options: JSON, found: list[int], skipped: list[JSON], check_mode: bool
) -> None:
    result = run_module(main, check_mode=check_mode, **options)
    assert (pks(result), result["skipped_orgs"], bool(result.get("changed"))) == (found, skipped, False)
    assert ["390 (Partner Labs)" in str(warning) for warning in result.get("warnings", [])] == [True] * len(skipped)


def test_only_the_named_organizations_are_requested(fake: FakeNKS, run_module: Run) -> None:
    run_module(main, orgs=["381", "381"])
    assert [entry["path"] for entry in fake.requests] == ["/orgs/381/workspaces"]


def test_orgs_come_from_the_environment_too(run_module: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NKS_ORG_ID", "383, acme-retail ")
    assert pks(run_module(main)) == [6, 5, 22]
    assert pks(run_module(main, orgs=["383"])) == [6]
    monkeypatch.setenv("NKS_ORG_ID", "")
    assert "orgs is an empty list or contains an empty value" in run_module(main)["msg"]


def test_workspaces_are_returned_once_and_unchanged_except_for_secrets(fake: FakeNKS, run_module: Run) -> None:
    workspaces: list[JSON] = [
        {"pk": 1, "name": "{{ 1 + 1 }}", "clusters": [{"pk": 2}], "new": [{"x": 1.5}], "is_pinned": False},
        {"pk": 4, "name": None},
        {"pk": 4, "name": None},
        {"pk": 5, "user_solutions": [{"pk": 3, "config": {"version": "2"}}]},
    ]
    listed = [dict(workspace) for workspace in workspaces]
    listed[3]["user_solutions"] = [{"pk": 3, "config": {"version": "2", "adminPassword": "never-show"}}]
    fake.fault("/orgs/381/workspaces", "body", body=json.dumps(listed))
    assert run_module(main, orgs=["381"])["workspaces"] == [workspaces[0], workspaces[1], workspaces[3]]


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        ({"orgs": ["none"]}, None, "'none'"),
        ({"orgs": ["390"]}, 403, "/orgs/390/workspaces: status 403"),
        ({"orgs": ["381", "partner-labs"]}, 403, "/orgs/390/workspaces"),
        ({"orgs": []}, None, "is an empty list"),
        ({"id": 1, "slug": "x"}, None, "mutually exclusive"),
        ({"name": "x", "slug": "x"}, None, "mutually exclusive"),
    ],
)
def test_an_unreadable_organization_is_an_error(
    run_module: Run, options: JSON, status: int | None, message: str
) -> None:
    result = run_module(main, **options)
    assert message in result["msg"]
    assert result.get("status") == status
    assert "workspaces" not in result


def test_only_forbidden_organizations_is_an_error(fake: FakeNKS, run_module: Run) -> None:
    result = run_module(main, api_token=fake.tokens["member"])
    assert "not allowed to read any of the organizations" in result["msg"]
    assert result["status"] == 403


def test_a_token_that_sees_no_organization_gets_the_empty_list(fake: FakeNKS, run_module: Run) -> None:
    assert run_module(main, api_token=fake.tokens["nobody"])["workspaces"] == []


@pytest.mark.parametrize("path", ["/orgs", "/orgs/382/workspaces"])
@pytest.mark.parametrize("kind", ["reset", "short_body", "status"])
def test_any_other_failure_is_never_a_partial_result(fake: FakeNKS, run_module: Run, path: str, kind: str) -> None:
    fake.fault(path, kind)
    result = run_module(main)
    assert result["failed"]
    assert f"GET {fake.url}{path}" in result["msg"]
    assert "workspaces" not in result
