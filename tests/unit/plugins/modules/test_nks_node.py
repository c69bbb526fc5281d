# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test nks_node and nks_master_node."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.modules import nks_master_node, nks_node
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]
Run = t.Callable[..., JSON]

CLUSTER = "/orgs/381/clusters/1201"
WORKER = f"{CLUSTER}/nodes/1201002"


@pytest.fixture(name="run")
def run_fixture(fake: FakeNKS, run_module: Run, clock: list[float]) -> Run:
    """Return a function that runs a module for prod. Each request advances the fake's clock by a second."""
    fake.step = 1.0

    def run(module: t.Any, **options: t.Any) -> JSON:
        return run_module(module.main, **{"org": "381", "cluster": "prod", "wait_sleep": 1, **options})

    return run


def writes(fake: FakeNKS) -> list[tuple[str, str]]:
    return [(entry["method"], entry["path"]) for entry in fake.requests if entry["method"] != "GET"]


def test_named_nodes_are_deleted(fake: FakeNKS, run: Run) -> None:
    options = {"nodes": ["1201002"], "state": "absent"}
    planned = run(nks_node, **options, check_mode=True)
    assert planned["changed"] and not writes(fake)
    done = run(nks_node, **options)
    assert done["changed"] and done["actions"] == planned["actions"] and done["nodes"] == []
    assert not run(nks_node, **options)["changed"]
    assert writes(fake) == [("DELETE", WORKER)]


@pytest.mark.parametrize("check_mode", [False, True])
def test_no_node_is_deleted_if_the_api_refuses_one_of_them(fake: FakeNKS, run: Run, check_mode: bool) -> None:
    refusal = json.dumps({"detail": "The node holds a volume."})
    fake.fault(f"{CLUSTER}/nodes/1201003/can_delete", "status", status=400, body=refusal)
    result = run(nks_node, nodes=["1201002", "1201003"], state="absent", check_mode=check_mode)
    assert result["failed"] and "(ID 1201003): the API refuses this: " in result["msg"]
    assert "The node holds a volume." in result["msg"] and not writes(fake)


@pytest.mark.parametrize("body", ["", "No.", '{"detail": ""}'])
def test_a_refusal_without_a_reason_is_a_refusal(fake: FakeNKS, run: Run, body: str) -> None:
    fake.fault(f"{WORKER}/can_delete", "status", status=400, body=body)
    result = run(nks_node, nodes=["1201002"], state="absent")
    assert "the API refuses this: GET " in result["msg"] and not writes(fake)


def test_the_question_whether_a_node_can_be_deleted_does_not_outlast_the_wait(
    fake: FakeNKS, run: Run, clock: list[float]
) -> None:
    fake.fault(f"{WORKER}/can_delete", "status", status=503, headers={"Retry-After": "60"})
    result = run(nks_node, nodes=["1201002"], state="absent", wait_timeout=10, api_retries=4)
    assert "status 503" in result["msg"] and not writes(fake)
    assert sum(clock) <= 10


def test_masters_are_added_and_deleted_one_at_a_time(fake: FakeNKS, run: Run) -> None:
    before = len(run(nks_master_node, count=1)["nodes"])
    added = run(nks_master_node, count=3)
    assert (before, len(added["nodes"]), len(added["actions"])) == (1, 3, 2)
    assert not run(nks_master_node, count=3)["changed"]
    assert not run(nks_master_node, count=3, zone="")["changed"]
    fake.fault(f"{CLUSTER}/nodes/[0-9]+/can_delete", "status", status=403, body='{"detail": "No."}', times=1)
    assert "No." in run(nks_master_node, count=1)["msg"]
    assert [method for method, _path in writes(fake)] == ["POST", "POST"]
    assert len(run(nks_master_node, count=1)["nodes"]) == 1
    assert "count must be 1 or more" in run(nks_master_node, count=0)["msg"]
