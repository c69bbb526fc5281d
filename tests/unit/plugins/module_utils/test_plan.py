# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test plans by executing their requests on a model of the service."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.module_utils._plan import Plan, Request
from ansible_collections.netapp.nks.plugins.module_utils._plan_cluster import plan_cluster, unmet_cluster
from ansible_collections.netapp.nks.plugins.module_utils._plan_nodes import (
    alive,
    in_order_of_deletion,
    plan_masters,
    plan_nodes_absent,
    plan_pool,
    unmet_pool,
)
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Log, Node, NodePool, Org
from hypothesis import given
from hypothesis import strategies as st

JSON = t.Dict[str, t.Any]

ORG = Org({"pk": 381})
VERSIONS = ["v1.14.8", "v1.15.5", "v1.15.10", "v1.16.3"]
NEW_CLUSTER = {"name": "a", "provider": "do", "provider_keyset": 7, "region": "nyc1", "k8s_version": "v1.15.5"}
NEW_CLUSTER.update(worker_count=2, worker_size="4gb")
LIMITS = {"autoscaled": True, "min_count": 1, "max_count": 4}
NEW_POOL = {"name": "p", "instance_size": "4gb", "platform": "coreos", "node_count": 2}


def cluster(**fields: t.Any) -> Cluster:
    there = {"pk": 1, "name": "a", "state": "running", "provider": "do", "provider_keyset": 7, "region": "nyc1"}
    return Cluster({**there, "k8s_version": "v1.15.5", "version_migrations": VERSIONS[2:], **fields}, ORG)


def pool(**fields: t.Any) -> NodePool:
    there = {"pk": 5, "name": "p", "state": "active", "instance_size": "4gb", "platform": "coreos"}
    return NodePool({**there, "autoscaled": False, "min_count": 0, "max_count": 0, **fields})


def node(pk: int, state: str = "running", **fields: t.Any) -> Node:
    return Node({"pk": pk, "name": None, "instance_id": f"i-{pk}", "state": state, "is_failed": False, **fields})


@dataclasses.dataclass
class Model:
    """One object of the service, its nodes, and the requests that were executed."""

    there: t.Any = None
    nodes: list[Node] = dataclasses.field(default_factory=list)
    done: list[Request] = dataclasses.field(default_factory=list)

    def carry_out(self, plan: t.Callable[[], Plan]) -> Plan:
        """Execute plans, and complete deletions, until nothing is left to do. Return the last plan."""
        for _step in range(6):
            planned = plan()
            for request in planned.requests:
                self.done.append(request)
                self._change(request)
            if self.there is not None and self.there.state == "deleting":
                self.there = None
            elif isinstance(self.there, Cluster) and self.there.state == "draft":
                self.there = self.there.with_fields(state="running")
            self.nodes = [one for one in self.nodes if one.state != "deleting"]
            if not planned.requests and not planned.later:
                return planned
        raise AssertionError(f"does not end: {self.done}")

    def _change(self, request: Request) -> None:
        kind = cluster if isinstance(self.there, Cluster) or "provider" in request.body else pool
        if request.action == "create":
            self.there = kind(**{**request.body, "pk": 9})
            self.nodes = [node(900 + number) for number in range(request.body.get("node_count", 0))]
        elif request.action == "upgrade":
            self.there = self.there.with_fields(k8s_version=request.body["version"])
        elif request.action == "autoscale":
            self.there = self.there.with_fields(**request.body)
        elif request.action == "add":
            self.nodes += [node(950 + number) for number in range(request.body["node_count"])]
        elif request.action == "delete_node":
            self.nodes = [one.with_fields(state="deleting") if one.pk == request.target else one for one in self.nodes]
        else:
            self.there = self.there.with_fields(state="deleting")


clusters = st.builds(
    cluster, state=st.sampled_from(["running", "draft", "failed", "deleting"]), k8s_version=st.sampled_from(VERSIONS)
)
cluster_wishes = st.fixed_dictionaries(
    {"replace_failed": st.booleans(), "k8s_version": st.sampled_from([*VERSIONS, "v1.15", "v1.16", "latest", ""])},
    optional={"region": st.sampled_from(["nyc1", "ams3"]), "platform": st.just("coreos")},
)


@given(st.none() | clusters, cluster_wishes)
def test_a_cluster_reaches_its_state_and_is_replaced_only_if_failed_and_allowed(
    there: Cluster | None, wish: JSON
) -> None:
    wanted = {**NEW_CLUSTER, **wish}
    model = Model(there)

    def plan() -> Plan:
        has_failed = model.there is not None and model.there.has_failed
        return plan_cluster(wanted, model.there, has_failed)

    try:
        last = model.carry_out(plan)
    except NKSError:
        assert not model.done
        return
    assert last == Plan()
    deleted = [request.target for request in model.done if request.action == "delete"]
    assert deleted == ([1] if there is not None and there.has_failed and wanted["replace_failed"] else [])


pools = st.builds(
    pool,
    state=st.sampled_from(["active", "draft", "failed", "deleting"]),
    autoscaled=st.booleans(),
    min_count=st.integers(0, 3),
    max_count=st.integers(3, 5),
)
node_lists = st.lists(st.sampled_from(["running", "draft", "missing", "deleting", "deleted"]), max_size=5).map(
    lambda states: [node(pk, state) for pk, state in enumerate(states, 10)]
)
pool_wishes = st.fixed_dictionaries(
    {"node_count": st.integers(0, 5), "replace_failed": st.booleans(), "allow_scale_down": st.booleans()},
    optional={
        "autoscaled": st.booleans(),
        "min_count": st.integers(0, 4),
        "max_count": st.integers(0, 5),
        "instance_size": st.sampled_from(["4gb", "8gb"]),
    },
)


@given(st.none() | pools, node_lists, pool_wishes)
def test_a_pool_reaches_its_size_and_no_extra_node_is_deleted(
    there: NodePool | None, nodes: list[Node], wish: JSON
) -> None:
    wanted = {**NEW_POOL, **wish}
    model = Model(there, nodes if there else [])
    living = alive(model.nodes)

    def plan() -> Plan:
        return plan_pool(wanted, model.there, model.nodes)

    try:
        last = model.carry_out(plan)
    except NKSError:
        assert not model.done
        return
    assert last == Plan()
    deleted = [request.target for request in model.done if request.action.startswith("delete_")]
    if [request for request in model.done if request.action == "delete"]:
        assert there is not None and there.state == "failed" and wanted["replace_failed"]
    elif deleted:
        assert wanted["allow_scale_down"] and not wanted.get("autoscaled")
        assert len(deleted) == len(living) - wanted["node_count"]
    if not wanted.get("autoscaled") and not (there and there.raw["autoscaled"] and wanted.get("autoscaled") is None):
        assert len(alive(model.nodes)) == wanted["node_count"]


@given(pools, node_lists)
def test_the_nodes_of_a_pool_are_deleted_before_it(there: NodePool, nodes: list[Node]) -> None:
    model = Model(there, nodes)
    last = model.carry_out(lambda: plan_pool({"state": "absent"}, model.there, model.nodes))
    assert model.there is None and last == Plan()
    expected = [] if there.state == "deleting" else [*(one.pk for one in alive(nodes)), there.pk]
    assert [request.target for request in model.done] == expected


def test_the_order_in_which_nodes_are_deleted() -> None:
    nodes = [node(1), node(2, is_failed=True), node(3, "draft"), node(4), node(5)]
    assert [one.pk for one in in_order_of_deletion(nodes, ["i-4"])] == [4, 2, 3, 5, 1]
    with pytest.raises(NKSError, match="no node 6, i-7"):
        in_order_of_deletion(nodes, [1, 6, "i-7"])


@pytest.mark.parametrize(
    ("wish", "there", "error"),
    [
        ({"region": "ams3", "platform": "gci"}, {"platform": "coreos"}, "region is 'nyc1', not 'ams3'; platform is"),
        ({"k8s_version": "v1.14"}, {}, r"cannot be upgraded to v1.14. It can be upgraded to: v1.15.10, v1.16.3"),
        ({"k8s_version": "v1.16"}, {"version_migrations": None}, "upgraded to: no version"),
        ({"region": None, "worker_size": None}, None, "give the missing options: region, worker_size"),
        ({"region": None, "replace_failed": True}, {"is_failed": True}, "give the missing options: region"),
    ],
)
def test_impossible_changes_of_a_cluster_are_errors(wish: JSON, there: JSON | None, error: str) -> None:
    found = None if there is None else cluster(**there)
    has_failed = found is not None and found.has_failed
    with pytest.raises(NKSError, match=error):
        plan_cluster({**NEW_CLUSTER, **wish}, found, has_failed)


@pytest.mark.parametrize(
    ("field", "wanted", "there"),
    [
        ("k8s_pod_cidr", "10.2.0.0", "10.2.0.0/16"),
        ("k8s_pod_cidr", "10.2.0.0/16", "10.2.0.0"),
        ("provider_network_id", "__new__", "vpc-1"),
        ("zone", "", None),
        ("provider_subnet_cidr", "10.0.1.0/24", ""),
        ("k8s_rbac_enabled", False, None),
    ],
)
def test_equivalent_values_are_not_changes(field: str, wanted: t.Any, there: t.Any) -> None:
    assert plan_cluster({**NEW_CLUSTER, field: wanted}, cluster(**{field: there})) == Plan()


def test_a_fixed_difference_can_be_a_warning() -> None:
    plan = plan_cluster({**NEW_CLUSTER, "region": "ams3", "fixed_differences": "warn"}, cluster())
    assert (plan.requests, len(plan.warnings)) == ([], 1)


def test_the_newest_matching_version_is_chosen() -> None:
    there = cluster(k8s_version="v1.14.8", version_migrations=["v1.15.5", "v1.15.10", "v1.15.9", "v1.16.3"])
    (request,) = plan_cluster({**NEW_CLUSTER, "k8s_version": "1.15"}, there).requests
    assert request.body == {"version": "v1.15.10"}


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ({"node_count": -1}, "node_count must be 0 or more"),
        ({"autoscaled": True}, "autoscaled requires min_count and max_count"),
        ({"autoscaled": True, "min_count": 1}, "must be given together"),
        ({"min_count": 1, "max_count": 2}, "require autoscaled"),
        ({"autoscaled": True, "min_count": 3, "max_count": 2}, "3 is above 2"),
        ({"instance_size": "8gb"}, "instance_size is '4gb', not '8gb'"),
        ({"allow_scale_down": False, "node_count": 0}, "has 1 node, not 0, and allow_scale_down is false"),
    ],
)
def test_impossible_changes_of_a_pool_are_errors(wish: JSON, error: str) -> None:
    with pytest.raises(NKSError, match=error):
        plan_pool({**NEW_POOL, **wish}, pool(), [node(1)])


@pytest.mark.parametrize(
    ("fields", "wanted", "message", "is_final"),
    [
        ({}, {}, None, False),
        ({"k8s_version": "v1.14.8"}, {}, "has Kubernetes v1.14.8, not v1.15.5", False),
        ({"k8s_version": "v1.14.8"}, {"k8s_version": "latest"}, None, False),
        ({"k8s_version": "v1.14.8"}, {"k8s_version": ""}, None, False),
        ({"state": "building"}, {}, "is building, not running", False),
        ({"state": "deleting", "is_failed": True}, {"state": "absent"}, "is deleting", False),
        ({"state": "running", "is_failed": True}, {"state": "absent"}, "is running", False),
        (None, {"state": "absent"}, None, False),
        (None, {}, "a does not exist", False),
    ],
)
def test_a_cluster_that_is_not_as_wanted_is_described(
    fields: JSON | None, wanted: JSON, message: str | None, is_final: bool
) -> None:
    there = None if fields is None else cluster(**fields)
    found, final = unmet_cluster({"state": "present", **NEW_CLUSTER, **wanted}, there, None)
    assert [message in sentence for sentence in found if message] == ([True] if message else found)
    assert final == is_final


def test_the_failure_of_a_build_or_upgrade_is_final() -> None:
    log = Log({"message": "no capacity"})
    for fields, what in (({"state": "building"}, "The cluster a"), ({"k8s_version": "v1.14.8"}, "The upgrade of the")):
        wanted = {"state": "present", "replace_failed": False, **NEW_CLUSTER}
        (sentence,), final = unmet_cluster(wanted, cluster(**fields), log)
        assert sentence.startswith(what) and sentence.endswith("The build log says: no capacity") and final
    assert not unmet_cluster({**wanted, "replace_failed": True}, cluster(state="building"), log)[1]


@pytest.mark.parametrize(
    ("fields", "nodes", "wanted", "messages", "is_final"),
    [
        ({}, [node(1), node(2)], {}, [], False),
        ({}, [node(1)], {}, ["has 1 node, not 2"], False),
        ({}, [node(1), node(2), node(3)], {}, ["has 3 nodes, not 2"], False),
        ({}, [node(1)], {"node_count": None}, [], False),
        ({"autoscaled": True}, [node(1)], {}, [], False),
        ({}, [node(1), node(2)], LIMITS, ["has autoscaled", "min_count 0, not 1", "max_count 0, not 4"], False),
        ({**LIMITS, "max_count": 5}, [node(1)], LIMITS, ["max_count 5, not 4"], False),
        (LIMITS, [node(1), node(2)], {**LIMITS, "autoscaled": False}, ["autoscaled True, not False"], False),
        ({"state": "draft"}, [node(1), node(2)], {}, ["is draft, not active"], False),
        ({}, [node(1), node(2, "building")], {}, ["i-2 (ID 2) is building, not running"], False),
        ({}, [node(1), node(2), node(3, "deleting")], {}, ["i-3 (ID 3) is deleting, not deleted"], False),
        ({}, [node(1), node(2, is_failed=True)], {}, ["i-2 (ID 2) has failed"], True),
        ({"state": "failed"}, [], {}, ["p (ID 5) has failed"], True),
        ({"state": "failed"}, [], {"replace_failed": True}, ["not active", "has 0 nodes"], False),
        ({"state": "deleting"}, [], {"state": "absent"}, ["is deleting"], False),
        (None, [], {"state": "absent"}, [], False),
        (None, [], {}, ["p does not exist"], False),
    ],
)
def test_a_pool_that_is_not_as_wanted_is_described(
    fields: JSON | None, nodes: list[Node], wanted: JSON, messages: list[str], is_final: bool
) -> None:
    there = None if fields is None else pool(**fields)
    found, final = unmet_pool({"state": "present", "replace_failed": False, **NEW_POOL, **wanted}, there, nodes)
    assert len(found) == len(messages) and all(message in sentence for message, sentence in zip(messages, found))
    assert final == is_final


@pytest.mark.parametrize(
    ("present", "count", "actions", "later"),
    [
        ([1], 3, ["Add master 2 of 3."], ["Add master 3 of 3."]),
        ([1, 2, 3, 4, 5], 3, ["Delete the node i-5 (ID 5)."], ["Delete the node i-4 (ID 4)."]),
        ([1, 2, 3], 3, [], []),
    ],
)
def test_masters_change_one_at_a_time(present: list[int], count: int, actions: list[str], later: list[str]) -> None:
    nodes = [node(90), *(node(pk, role="master") for pk in present)]
    plan = plan_masters({"count": count}, nodes)
    assert [request.sentence for request in plan.requests] == actions
    assert [request.sentence for request in plan.later] == later


def test_no_master_is_deleted_whose_id_another_master_has() -> None:
    nodes = [node(pk, role="master", name=name) for pk, name in ((1, "a"), (7, "b"), (7, "c"))]
    with pytest.raises(NKSError, match="several nodes with the ID 7, so none of them is deleted"):
        plan_masters({"count": 2}, nodes)


def test_masters_of_other_zones_are_not_counted() -> None:
    nodes = [
        node(1, role="master", zone="b"),
        *(node(pk, role="master", zone=zone) for pk, zone in ((2, "a"), (3, "c"))),
    ]
    plan = plan_masters({"count": 2, "zone": "b"}, nodes)
    assert [(request.sentence, request.body["zone"]) for request in plan.requests] == [("Add master 2 of 2.", "b")]


def test_the_first_master_is_never_deleted() -> None:
    masters = [node(1, role="master"), node(2, "deleting", role="master")]
    with pytest.raises(NKSError, match=r"i-1 \(ID 1\) is the first master"):
        plan_masters({"count": 0}, masters)
    with pytest.raises(NKSError, match="first master"):
        plan_nodes_absent(["i-1"], masters)


def test_only_a_failure_of_the_deletion_itself_ends_the_wait_for_it() -> None:
    there = cluster(state="deleting", is_failed=True)
    for event_type, is_final in (("provider_build", False), ("cloud_authorization", True)):
        log = Log({"event_type": event_type, "event_state": "failure", "message": "keys are not valid"})
        (sentence,), final = unmet_cluster({"state": "absent"}, there, log)
        assert (final, "keys are not valid" in sentence) == (is_final, is_final)


def test_a_cluster_is_upgraded_once_it_runs() -> None:
    plan = plan_cluster({**NEW_CLUSTER, "k8s_version": "v1.16"}, cluster(state="provisioned"))
    assert (plan.requests, [request.action for request in plan.later]) == ([], ["upgrade"])


def test_a_node_is_deleted_only_if_its_id_is_its_own() -> None:
    twins = [node(1), node(3), Node({**node(3).raw, "instance_id": "i-4"})]
    for plan in (lambda: plan_pool(NEW_POOL, pool(), twins), lambda: plan_nodes_absent(["i-4"], twins)):
        with pytest.raises(NKSError, match=r"several nodes with the ID 3.*i-3 \(ID 3\), i-4"):
            plan()


def test_a_name_that_two_nodes_have_deletes_neither() -> None:
    nodes = [node(1, instance_id="m"), node(2, instance_id="w"), node(3, "missing", instance_id="w")]
    with pytest.raises(NKSError, match=r"'w' matches more than one node: w \(ID 2\), w \(ID 3\). Use the ID"):
        plan_nodes_absent(["w"], nodes)
    assert [request.target for request in plan_nodes_absent(["3"], nodes).requests] == [3]


def test_a_node_without_instance_id_has_no_name() -> None:
    nodes = [node(1, instance_id=None), node(2)]
    assert plan_nodes_absent(["None"], nodes).requests == []
    with pytest.raises(NKSError, match="no node None"):
        in_order_of_deletion(nodes, ["None"])


@pytest.mark.parametrize("workspace", [21, {"pk": 21}])
def test_a_workspace_can_be_an_id(workspace: t.Any) -> None:
    assert plan_cluster({**NEW_CLUSTER, "workspace": 21}, cluster(workspace=workspace)) == Plan()


def test_null_means_that_a_pool_is_not_autoscaled() -> None:
    wanted = {**NEW_POOL, "node_count": None, "autoscaled": False}
    assert plan_pool(wanted, pool(autoscaled=None), []) == Plan()


def test_options_that_creation_needs_are_named_with_the_pool() -> None:
    with pytest.raises(NKSError, match=r"^The node pool p does not exist\. .* missing options: platform, node_count"):
        plan_pool({"name": "p", "instance_size": "4gb"}, None, [])
