# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.module_utils._plan_nodes import POOL_FIELDS
from ansible_collections.netapp.nks.plugins.modules.nks_node_pool import main
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]
Run = t.Callable[..., JSON]

CLUSTER = "/orgs/381/clusters/1201"
POOLS = f"{CLUSTER}/nodepools"
NEW = {"instance_size": "t2.large", "platform": "coreos", "node_count": 2}


@pytest.fixture(name="run")
def run_fixture(fake: FakeNKS, run_module: Run, clock: list[float]) -> Run:
    """Return a function that runs the module for a pool of prod.

    Each request advances the fake's clock by a second; pauses do not.
    """
    fake.step = 1.0

    def run(**options: t.Any) -> JSON:
        return run_module(main, **{"org": "381", "cluster": "prod", "name": "more", "wait_sleep": 1, **options})

    return run


def writes(fake: FakeNKS) -> list[t.Any]:
    """Return the paths below the cluster and the bodies, or methods, of the writes."""
    return [
        (entry["path"].replace(CLUSTER, ""), json.loads(entry["body"]) if entry["body"] else entry["method"])
        for entry in fake.requests
        if entry["method"] != "GET"
    ]


@pytest.mark.parametrize("pool_answer", ["draft", "active"])
@pytest.mark.parametrize("deleted_nodes", ["listed", "gone"])
@pytest.mark.parametrize("can_delete", ["known", "missing", "not_allowed"])
def test_a_pool_is_created_scaled_and_deleted(
    fake: FakeNKS, run: Run, pool_answer: str, deleted_nodes: str, can_delete: str
) -> None:
    fake.set_variants(pool_answer=pool_answer, deleted_nodes=deleted_nodes, can_delete=can_delete)
    steps: list[JSON] = [NEW, {"node_count": 3}, {"node_count": 1}, {"state": "absent"}]
    sizes = []
    for options in steps:
        before = len(writes(fake))
        planned = run(**options, check_mode=True)
        assert planned["changed"] and len(writes(fake)) == before
        done = run(**options)
        assert done["changed"] and done["actions"] == planned["actions"] and done["diff"] == planned["diff"]
        assert not run(**options)["changed"]
        assert {node["state"] for node in done["nodes"]} <= {"running"}
        sizes.append(len(done["nodes"]))
    assert sizes == [2, 3, 1, 0] and done["node_pool"] is None
    created, added, *deleted = writes(fake)
    assert created == ("/nodepools", {"name": "more", **NEW})
    assert added[0].endswith("/add") and added[1] == {"node_count": 1, "role": "worker"}
    assert [what for _path, what in deleted] == ["DELETE"] * 4
    assert [path.split("/")[1] for path, _what in deleted] == ["nodes", "nodes", "nodes", "nodepools"]


def test_each_option_is_sent_and_found_again(fake: FakeNKS, run: Run) -> None:
    fixed: JSON = {"instance_size": "t2.large", "platform": "coreos", "channel": "stable", "root_disk_size": 60}
    fixed.update(gpu_instance_size="k80", gpu_core_count=1)
    place = {"zone": "us-west-2b", "provider_subnet_id": "__new__", "provider_subnet_cidr": "10.0.9.0/24"}
    assert {*fixed, *place, "autoscaled", "min_count", "max_count"} == set(POOL_FIELDS)
    run(**fixed, **place, node_count=0, extra={"labels": "", "name": "other"})
    assert not run(**fixed, **place, node_count=0)["changed"]
    run(**place, node_count=1)
    created, added = [body for _path, body in writes(fake)]
    assert created == {"name": "more", "node_count": 0, "labels": "", **fixed, **place}
    assert added == {"node_count": 1, "role": "worker", **place}


def test_the_named_nodes_are_deleted_first(fake: FakeNKS, run: Run) -> None:
    nodes = run(**NEW)["nodes"]
    victim = nodes[0]
    left = run(node_count=1, delete_nodes=[victim["instance_id"]])
    assert [node["pk"] for node in left["nodes"]] == [nodes[1]["pk"]]
    assert "no node 1201001" in run(node_count=0, delete_nodes=["1201001"])["msg"]  # the master


def test_autoscaling(fake: FakeNKS, run: Run) -> None:
    limits = {"autoscaled": True, "min_count": 1, "max_count": 4}
    created = run(**NEW, **limits)
    assert "the solution autoscaler is not installed" in json.dumps(created["warnings"])
    assert len(created["actions"]) == 2 and created["node_pool"]["max_count"] == 4
    fake.fault(f"{POOLS}", "autoscaler", change=2, times=1)
    run(**NEW, **limits)
    again = run(**NEW, **limits)
    assert not again["changed"] and len(again["nodes"]) == 4
    off = run(node_count=2, autoscaled=False, min_count=1, max_count=4)
    assert len(off["nodes"]) == 2 and len(off["actions"]) == 3
    assert not run(node_count=2, autoscaled=False, min_count=1, max_count=4)["changed"]
    assert writes(fake)[1][1] == limits and writes(fake)[2][1] == {"autoscaled": False}


@pytest.mark.parametrize("fault", [{"kind": "lost"}, {"kind": "lost", "status": 504}])
def test_lost_answers_do_not_cause_duplicates(fake: FakeNKS, run: Run, fault: JSON) -> None:
    for method, path in (("POST", POOLS), ("POST", f"{POOLS}/[0-9]+/add"), ("DELETE", f"{CLUSTER}/nodes/[0-9]+")):
        fake.fault(path, method=method, times=1, **fault)
    assert len(run(**NEW)["nodes"]) == 2
    assert len(run(node_count=3)["nodes"]) == 3
    assert len(run(node_count=1)["nodes"]) == 1
    assert len(writes(fake)) == 4


def test_no_second_node_is_deleted_while_the_list_of_nodes_is_outdated(fake: FakeNKS, run: Run, client: t.Any) -> None:
    first, *_others = run(**NEW)["nodes"]
    late = client._request_json("GET", f"{CLUSTER}/nodes")
    for node in late:
        node["is_failed"] = node["pk"] == first["pk"]  # it would now be deleted first
    fake.fault(f"{CLUSTER}/nodes", "body", body=json.dumps(late), after=1, times=2)
    run(node_count=1)
    assert [what for _path, what in writes(fake)[1:]] == ["DELETE"]


@pytest.mark.parametrize("as_object", [False, True])
def test_no_node_is_added_if_those_of_the_pool_are_not_known(
    fake: FakeNKS, run: Run, client: t.Any, as_object: bool
) -> None:
    nodes = client._request_json("GET", f"{CLUSTER}/nodes")
    for node in nodes:
        node["pool"] = {"pk": node["pool"]} if as_object and node["pool"] else None
    fake.fault(f"{CLUSTER}/nodes", "body", body=json.dumps(nodes))
    result = run(name="Default Worker Pool", node_count=3)
    assert not result["changed"] if as_object else "lists nodes without pool: spcprod381-worker-1" in result["msg"]
    assert writes(fake) == []


@pytest.mark.parametrize(
    "variants",
    [
        {"pool_names": "unique"},
        {"add_answer": "all"},
        {"autoscaling_answer": "accepted"},
        {"pool_with_nodes": "deleted"},
        {"pool_subnet_cidr": "empty"},
        {"pool_subnet_cidr": "known"},
    ],
)
def test_variants_with_the_same_result(fake: FakeNKS, run: Run, variants: JSON) -> None:
    fake.set_variants(**variants)
    limits: JSON = {"autoscaled": True, "min_count": 1, "max_count": 4}
    for options in ({**NEW, "provider_subnet_cidr": "10.0.9.0/24"}, {"node_count": 3}, limits, {"state": "absent"}):
        done = run(**options)
        assert not done.get("failed") and done["changed"], done
        assert not run(**options)["changed"]


@pytest.mark.parametrize(
    ("variants", "options", "reason"),
    [
        (
            {"autoscaling_needs": "solution"},
            {"autoscaled": True, "min_count": 1, "max_count": 4},
            "The autoscaler solution must be installed first.",
        ),
    ],
)
def test_a_refusal_has_the_reason_of_the_server(
    fake: FakeNKS, run: Run, variants: JSON, options: JSON, reason: str
) -> None:
    fake.set_variants(**variants)
    result = run(name="Default Worker Pool", **options)
    assert result["failed"] and reason in result["msg"]


@pytest.mark.parametrize(
    ("variant", "message"), [("deleted", None), ("refused", "The default node pool can't be removed.")]
)
def test_the_default_pool_is_deleted_only_without_nodes(
    fake: FakeNKS, run: Run, variant: str, message: str | None
) -> None:
    fake.set_variants(default_pool=variant)
    for check_mode in (True, False):
        refused = run(name="Default Worker Pool", state="absent", check_mode=check_mode)
        assert "is the default one" in refused["msg"] and "it has 3 nodes" in refused["msg"]
    assert writes(fake) == []
    run(name="Default Worker Pool", node_count=0)
    deleted = run(name="Default Worker Pool", state="absent", wait_timeout=60)
    assert deleted["changed"] if message is None else message in deleted["msg"]


def test_a_slower_run_continues_with_the_pool_of_the_faster_one(fake: FakeNKS, run: Run) -> None:
    fake.set_variants(pool_names="unique")
    fake.fault(POOLS, "second_creator", method="POST", times=1)
    result = run(**NEW)
    assert not result.get("failed") and not result["changed"] and len(result["nodes"]) == 2


def test_a_second_creator_is_reported_with_both_pools(fake: FakeNKS, run: Run) -> None:
    fake.fault(POOLS, "second_creator", method="POST", times=1)
    result = run(**NEW)
    assert "More than one node pool has the name" in result["msg"] and result["msg"].count("(ID ") == 2
    assert result["changed"]


@pytest.mark.parametrize("variant", ["pool_build", "node_build"])
def test_a_pool_that_fails(fake: FakeNKS, run: Run, variant: str) -> None:
    fake.set_variants(**{variant: "fails"})
    result = run(**NEW)
    assert result["failed"] and result["is_final"] and "has failed" in result["msg"]
    assert result["node_pool"]["name"] == "more" and result["changed"]
    if variant == "pool_build":
        fake.set_variants(pool_build="runs")
        planned = run(**NEW, replace_failed=True, check_mode=True)
        replaced = run(**NEW, replace_failed=True)
        assert planned["actions"] == replaced["actions"] and planned["diff"] == replaced["diff"]
        assert replaced["node_pool"]["state"] == "active" and len(replaced["actions"]) == 4


def test_a_timeout_reports_the_state_of_the_pool(fake: FakeNKS, run: Run) -> None:
    fake.step = 0.0
    result = run(**NEW, wait_timeout=5)
    assert not result["is_final"] and f"more (ID {result['node_pool']['pk']}) is draft" in result["msg"]
    fake.step = 1.0
    assert not run(**NEW)["changed"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give the missing options: instance_size, platform, node_count"),
        ({"id": 1}, "has no node pool with the ID 1"),
        ({"name": "pool "}, "name must not be empty or have white space around it"),
        ({"name": "Batch\n", "state": "absent"}, "name must not be empty or have white space around it"),
        ({"cluster": "none"}, "The cluster 'none' was not found"),
        ({**NEW, "node_count": -1}, "node_count must be 0 or more"),
        ({**NEW, "extra": {"root_disk_size": "big"}}, "root_disk_size: A valid integer is required."),
    ],
)
def test_refusals(run: Run, options: JSON, message: str) -> None:
    options = {**options, "name": None} if "id" in options else options
    result = run(**options)
    assert message in result["msg"] and not result.get("changed")


def test_nothing_is_deleted_if_the_replacement_would_be_refused(fake: FakeNKS, run: Run) -> None:
    fake.set_variants(pool_build="fails")
    run(**NEW)
    before = len(writes(fake))
    result = run(**{**NEW, "instance_size": "T2.LARGE"}, replace_failed=True)
    assert "Did you mean t2.large?" in result["msg"] and len(writes(fake)) == before


def test_failed_nodes_can_be_removed_in_check_mode_too(fake: FakeNKS, run: Run) -> None:
    run(**NEW)
    fake.set_variants(node_build="fails")
    assert "has failed" in run(node_count=3)["msg"] and "has failed" in run(node_count=3, check_mode=True)["msg"]
    planned = run(node_count=2, check_mode=True)
    assert not planned.get("failed") and planned["actions"] == run(node_count=2)["actions"]


def test_a_deletion_whose_answer_is_lost_is_reported_if_the_rest_cannot_be_planned(fake: FakeNKS, run: Run) -> None:
    fake.set_variants(deleted_nodes="gone")
    nodes = run(**NEW)["nodes"]
    names = sorted((str(node["pk"]) for node in nodes), key=int, reverse=True)  # the order of deletion
    fake.fault(f"{CLUSTER}/nodes/{names[0]}", "lost", method="DELETE", times=1)
    result = run(node_count=0, delete_nodes=names)
    assert result["failed"] and "Already done: Delete the node" in result["msg"]
    assert result["changed"] and len(result["actions"]) == 1


def test_a_pool_is_awaited_although_the_answer_to_its_creation_has_no_id(fake: FakeNKS, run: Run) -> None:
    fake.fault("/orgs/381/clusters/[0-9]+/nodepools", "body", method="POST", body="{}")
    result = run(**NEW, wait_timeout=20)
    assert result["changed"] and "does not exist" in result["msg"]
