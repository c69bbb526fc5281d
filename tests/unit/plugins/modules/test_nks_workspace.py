# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.modules.nks_workspace import main
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]
Run = t.Callable[..., JSON]

WORKSPACES = "/orgs/381/workspaces"


def writes(fake: FakeNKS) -> list[tuple[str, str]]:
    return [(entry["method"], entry["path"]) for entry in fake.requests if entry["method"] != "GET"]


def test_a_workspace_is_created_changed_and_deleted(fake: FakeNKS, run_module: Run) -> None:
    planned = run_module(main, org="381", name="B", is_default=True, check_mode=True)
    assert planned["changed"] and planned["workspace"] is None and not writes(fake)
    created = run_module(main, org="381", name="B", is_default=True)
    assert created["actions"][0] == planned["actions"][0] and created["diff"] == planned["diff"]
    assert len(created["actions"]) == len(planned["actions"]) == 2
    pk = created["workspace"]["pk"]
    assert created["workspace"]["is_default"] and created["workspace"]["slug"] == "b"
    assert not run_module(main, org="381", name="B", is_default=True)["changed"]
    refused = run_module(main, org="381", name="B", state="absent", force=True)
    assert "is the default one" in refused["msg"]
    assert run_module(main, org="381", name="Default", is_default=True)["changed"]
    renamed = run_module(main, org="381", name="B", new_name="C")
    assert renamed["diff"] == {"before": {"name": "B"}, "after": {"name": "C"}}
    assert (renamed["workspace"]["name"], renamed["workspace"]["slug"]) == ("C", "b")
    assert not run_module(main, org="381", name="B", new_name="C")["changed"]
    for new_name, changed in (("D", True), ("D", False), ("C", True)):
        old_name = "D" if new_name == "C" else "C"
        assert run_module(main, org="381", id=pk, name=old_name, new_name=new_name)["changed"] is changed
    assert run_module(main, org="381", name="C", state="absent")["workspace"] is None
    assert not run_module(main, org="381", id=pk, state="absent")["changed"]
    own = f"{WORKSPACES}/{pk}"
    assert writes(fake) == [
        ("POST", WORKSPACES),
        ("PATCH", own),
        ("PATCH", f"{WORKSPACES}/4"),
        ("PATCH", own),
        ("PATCH", own),
        ("PATCH", own),
        ("DELETE", own),
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": " Team Z "}, "name must not be empty or have white space around it"),
        ({"name": "Team A", "new_name": ""}, "new_name must not be empty"),
        ({"name": "Default", "is_default": False}, "Make another one the default"),
        ({"name": "Default", "state": "absent", "force": True}, "is the default one"),
        ({"name": "Team A", "state": "absent"}, "has 2 clusters, and force is false"),
        ({"name": "Team A", "state": "absent", "force": True}, "Workspace still has clusters."),
        ({"id": 1}, "There is no workspace with the ID 1"),
        ({"id": 21, "name": "x", "state": "absent"}, "does not have the name 'x'"),
        ({"name": "Team A", "new_name": "Default"}, "because another one has the new name: Default (ID 4)"),
        ({"org": "390", "name": "x"}, "status 403"),
        ({"org": "", "name": "x"}, "no organization with the ID, slug or name ''"),
    ],
)
def test_refusals(fake: FakeNKS, run_module: Run, options: JSON, message: str) -> None:
    result = run_module(main, **{"org": "381", **options})
    assert message in result["msg"] and not result.get("changed")
    assert writes(fake) in ([], [("DELETE", f"{WORKSPACES}/21")], [("POST", "/orgs/390/workspaces")])


def test_a_lost_answer_and_a_change_that_the_server_ignores(fake: FakeNKS, run_module: Run) -> None:
    fake.fault(WORKSPACES, method="POST", times=1, kind="lost")
    created = run_module(main, org="381", name="B")
    assert created["changed"] and len(writes(fake)) == 1
    fake.fault(f"{WORKSPACES}/21", "body", method="PATCH", body="{}")
    result = run_module(main, org="381", id=21, new_name="C")
    assert result["failed"] and 'did not make it: Change the workspace Team A (ID 21): name to "C".' in result["msg"]


def test_no_request_is_repeated_if_its_answer_is_lost_and_the_next_read_fails(fake: FakeNKS, run_module: Run) -> None:
    fake.fault(WORKSPACES, method="POST", kind="lost")
    fake.fault(WORKSPACES, "status", status=403, body='{"detail": "No."}', after=1)
    result = run_module(main, org="381", name="B")
    assert "It is not known whether the change was made. Then: GET http" in result["msg"] and result["status"] == 403
    assert writes(fake) == [("POST", WORKSPACES)]


@pytest.mark.parametrize("workspace", [{"pk": 21}, 21])
def test_a_workspace_with_clusters_is_not_deleted_although_its_own_list_has_none(
    fake: FakeNKS, run_module: Run, workspace: t.Any
) -> None:
    fake.fault(WORKSPACES, "body", body=json.dumps([{"pk": 21, "name": "Team A"}]))
    clusters = [{"pk": 1, "name": "a", "workspace": workspace}, {"pk": 2, "name": "b", "workspace": None}]
    fake.fault("/orgs/381/clusters", "body", body=json.dumps(clusters))
    for check_mode in (True, False):
        refused = run_module(main, org="381", name="Team A", state="absent", check_mode=check_mode)
        assert "because force is false and it has clusters: a (ID 1)." in refused["msg"] and not writes(fake)
    assert run_module(main, org="381", name="Team A", state="absent", force=True, check_mode=True)["changed"]


@pytest.mark.parametrize("clusters", [2, True, {"a": 1}])
def test_a_workspace_with_clusters_in_an_odd_form_is_not_deleted(
    fake: FakeNKS, run_module: Run, clusters: t.Any
) -> None:
    fake.fault(WORKSPACES, "body", body=json.dumps([{"pk": 21, "name": "Team A", "clusters": clusters}]))
    assert "has clusters, and force is false" in run_module(main, org="381", name="Team A", state="absent")["msg"]
