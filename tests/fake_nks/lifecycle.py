# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The effects of writes on clusters and their parts, at once and in the seconds that follow."""

from __future__ import annotations

import re
import typing as t

from .fleet import Fleet, Object, digest, stamp
from .organization import keyset_of, refuse_name
from .writes import AUTOSCALING, CLUSTER, NODES, POOL, POOL_NODES, SOLUTION, UPGRADE, RefusedError, checked, refuse

# Seconds after a request until an object reaches a state.
CLUSTER_STATES = {"building": 1, "provisioned": 3, "running": 5}
TILLER_INSTALLED = 8
POOL_ACTIVE = 1
NODE_STATES = {"building": 1, "provisioned": 2, "running": 4}
SOLUTION_INSTALLED = 3
UPGRADED = 4
CLUSTER_DELETED, CLUSTER_UNLISTED = 3, 6
NODE_DELETED, NODE_UNLISTED = 2, 6
PART_DELETED = 2

CHART = re.compile("[-a-z0-9]+-repo-[0-9]+")
FIRST_MASTER = "Initial master node is essential to the cluster and can't be removed."
PROVIDER_FAILURE = {"event_category": "provider", "event_type": "provider_build", "event_state": "failure"}
ZERO_IS_DEFAULT = ("master_count", "min_node_count", "max_node_count")
NETWORK = ("provider_network_id", "provider_subnet_id", "provider_resource_group")


def create_cluster(fleet: Fleet, org: int, workspace: int | None, data: Object, seconds: float) -> Object:
    fields = checked(data, CLUSTER)
    fields["worker_count"] = fields.get("worker_count") or fields.get("node_count", 0)
    errors: dict[str, list[str]] = {}
    if fields.get("master_count", 1) > 1 and fields["provider"] != "hci":
        errors["master_count"] = ["Ensure this value is less than or equal to 1."]
    if fields["worker_count"] < 2:
        errors["worker_count"] = ["Ensure this value is greater than or equal to 2."]
    refuse(errors)
    keyset = keyset_of(fleet, org, fields["provider_keyset"])
    if (keyset["category"], keyset["entity"]) != ("provider", fields["provider"]):
        refuse({"provider_keyset": [f"Keyset is not for the provider {fields['provider']}."]})
    ssh = (
        keyset_of(fleet, org, fields["user_ssh_keyset"]) if fields.get("user_ssh_keyset") else {"pk": None, "name": ""}
    )
    solutions = [_solution(fleet, org, sent, initial=True) for sent in fields.get("solutions", [])]
    if "helm_tiller" not in [solution["solution"] for solution in solutions]:
        solutions.insert(0, _solution(fleet, org, {"solution": "helm_tiller"}, initial=True))
    workspace = workspace or _workspace_of(fleet, org, data.get("workspace"))
    others = [cluster for cluster in fleet.clusters(org, seconds) if not cluster.get("only_listed")]
    if fields["name"] in [cluster["name"] for cluster in others]:
        refuse_name(fleet, "cluster")
    pk = fleet.new_pk()
    record = {
        **_filled_in(fields, pk),
        "pk": pk,
        "org": org,
        "workspace": workspace,
        "provider_keyset_name": keyset["name"],
        "user_ssh_keyset": ssh["pk"],
        "user_ssh_keyset_name": ssh["name"],
        "state": "draft",
        "solutions": [{**solution, "state": "draft"} for solution in solutions],
        "timeline": _build_steps(fleet, fields, solutions),
        "minutes_between_logs": 0,
        **_stamps(),
    }
    fleet.set_clusters([record], seconds)
    cluster = fleet.cluster(org, pk, seconds)
    assert cluster
    return fleet.detail(cluster)


def _workspace_of(fleet: Fleet, org: int, sent: t.Any) -> int:
    """Return the ID of the workspace, sent as an ID or object. For none, or the ID 0, return the default one."""
    pk = sent.get("pk") if isinstance(sent, dict) else sent
    if not pk:
        return next(pk for pk, one in fleet.workspaces.items() if one["org"] == org and one["is_default"])
    if not isinstance(pk, int) or fleet.workspaces.get(pk, {}).get("org") != org:
        refuse({"workspace": [f'Invalid pk "{pk}" - object does not exist.']})
    return t.cast(int, pk)


def _filled_in(fields: Object, pk: int) -> Object:
    """Replace `__new__`, add missing network masks, and drop zeros that mean the default, as the server does."""
    record = {key: value for key, value in fields.items() if value or key not in ZERO_IS_DEFAULT}
    record.pop("node_count", None)
    record.update({key: f"nks-{digest((key, pk))[:8]}" for key in NETWORK if record.get(key) == "__new__"})
    for key, mask in (("k8s_pod_cidr", 16), ("k8s_service_cidr", 24)):
        if key in record and "/" not in record[key]:
            record[key] += f"/{mask}"
    return record


def _build_steps(fleet: Fleet, fields: Object, solutions: list[Object]) -> list[Object]:
    steps = [{"after": after, "state": state} for state, after in CLUSTER_STATES.items()]
    installed = {"after": TILLER_INSTALLED, "solutions": [{**one, "state": "installed"} for one in solutions]}
    known = fleet.sizes(fields["provider"])
    sizes = [fields[key] for key in ("master_size", "worker_size") if fields.get(key)]
    wrong = next((size for size in sizes if size not in known), None) if fleet.variants["sizes"] == "known" else None
    if wrong is not None:
        return [*steps[:2], {**steps[1], "logs": [{**PROVIDER_FAILURE, "message": f"There is no size {wrong}"}]}]
    build = fleet.variants["build"]
    if build == "fails_by_state":
        return [steps[0], {"after": steps[1]["after"], "state": "failed"}]
    if build == "fails":
        return [steps[0], {"after": steps[1]["after"], "is_failed": True}]
    if build == "fails_by_log":
        return [*steps[:2], {**steps[1], "logs": fleet.failed_logs()}]
    return steps[:1] if build == "hangs" else [*steps, installed]


def delete_cluster(fleet: Fleet, cluster: Object) -> None:
    if cluster["state"] == "deleting":
        return
    if fleet.variants["delete_while_building"] == "refused" and cluster["state"] in (
        "draft",
        "building",
        "provisioned",
    ):
        raise RefusedError(400, {"detail": "Cluster is still being built."})
    steps: list[Object] = [
        {"after": CLUSTER_DELETED, "only_listed": True},
        {"after": CLUSTER_UNLISTED, "gone": True},
    ]
    if fleet.variants["deleted_clusters"] == "gone":
        steps[0]["gone"] = True
    if fleet.detail(cluster)["provider_keyset"] not in fleet.keysets:  # the cluster cannot be removed without it
        message = "The keys of the provider are not valid"
        failure = {**PROVIDER_FAILURE, "event_type": "cloud_authorization", "message": message}
        steps = [{"after": CLUSTER_DELETED, "is_failed": True, "logs": [failure]}]
    fleet.change_cluster(cluster["pk"], {"state": "deleting", "timeline": steps}, cluster["seconds"])


def upgrade_cluster(fleet: Fleet, cluster: Object, data: Object) -> None:
    version = checked(data, UPGRADE)["version"]
    if version not in cluster["version_migrations"]:
        refuse({"version": [f'"{version}" is not a valid choice.']})
    if cluster["state"] != "running":
        raise RefusedError(400, {"detail": "Cluster is not running."})
    how = fleet.variants["upgrade"]
    if how == "hangs":
        return
    if how == "fails":
        message = f"The upgrade to {version} has failed"
        created = stamp()
        fleet.add_log(cluster, {**PROVIDER_FAILURE, "message": message, "after": UPGRADED, "created": created})
        return
    steps: list[Object] = [{"after": UPGRADED, "k8s_version": version, "state": "running", "updated": stamp()}]
    if how == "provisioned":
        steps.insert(0, {"after": 1, "state": "provisioned"})
    fleet.change_later(cluster, steps)


def create_pool(fleet: Fleet, cluster: Object, data: Object) -> Object:
    fields = checked(data, POOL)
    pools = fleet.pools(cluster)
    if fleet.variants["pool_names"] == "unique" and fields["name"] in [pool["name"] for pool in pools]:
        refuse_name(fleet, "node pool")
    wanted = fields.pop("node_count")
    number = len(cluster.get("pools") or [{}]) + fleet.number_of_added("nodepools", cluster) + 1
    known = fleet.variants["pool_subnet_cidr"]
    # Samples from AWS have it. Terraform's acceptance test for pools on Azure would fail with it.
    if known == "empty" or (known == "known_on_aws" and cluster["provider"] != "aws"):
        fields["provider_subnet_cidr"] = ""
    place = _new_subnet(fields, (cluster["pk"], number))
    pool = fleet.pool(cluster, number, {**place, "node_count": 0, "state": fleet.variants["pool_answer"], **_stamps()})
    failed = fleet.variants["pool_build"] == "fails"
    steps = [{"after": POOL_ACTIVE, "state": "failed" if failed else "active"}]
    fleet.add_part("nodepools", cluster, pool, steps)
    _add_nodes(fleet, cluster, pool, wanted, fail=failed)
    return {**pool, "node_count": wanted}


def set_autoscaling(fleet: Fleet, cluster: Object, pool: Object, data: Object) -> Object:
    fields = checked(data, AUTOSCALING)
    limits = {**pool, **fields}
    if limits["autoscaled"] and limits["min_count"] > limits["max_count"]:
        refuse({"min_count": ["Ensure this value is less than or equal to max_count."]})
    installed = [solution["solution"] for solution in cluster["solutions"] if solution["state"] == "installed"]
    if fields["autoscaled"] and fleet.variants["autoscaling_needs"] == "solution" and "autoscaler" not in installed:
        raise RefusedError(400, {"detail": "The autoscaler solution must be installed first."})
    fleet.change_part("nodepools", cluster, pool["pk"], [{"after": 0, **fields, "updated": stamp()}])
    return {**pool, **fields}


def add_pool_nodes(fleet: Fleet, cluster: Object, pool: Object, data: Object) -> list[Object]:
    fields = checked(data, POOL_NODES)
    return _added_nodes(fleet, cluster, pool, fields)


def add_nodes(fleet: Fleet, cluster: Object, data: Object) -> list[Object]:
    """Add one master, or workers to a pool."""
    fields = checked(data, NODES)
    if fields["role"] == "master":
        if fields["node_count"] > 1:
            refuse({"node_count": ["Ensure this value is less than or equal to 1."]})
        return _added_nodes(fleet, cluster, None, fields)
    pools = fleet.pools(cluster)
    wanted = fields.get("node_pool")
    pool = next((pool for pool in pools if (pool["pk"] == wanted if wanted else pool["is_default"])), None)
    if pool is None:
        refuse({"node_pool": [f'Invalid pk "{wanted}" - object does not exist.']})
    return _added_nodes(fleet, cluster, pool, fields)


def _added_nodes(fleet: Fleet, cluster: Object, pool: Object | None, fields: Object) -> list[Object]:
    nodes = _add_nodes(fleet, cluster, pool, fields["node_count"], fields)
    if fleet.variants["add_answer"] == "all":
        again = fleet.cluster(cluster["org"], cluster["pk"], cluster["seconds"])
        assert again
        return fleet.nodes(again)
    return nodes


def _add_nodes(
    fleet: Fleet,
    cluster: Object,
    pool: Object | None,
    count: int,
    fields: Object | None = None,
    fail: bool = False,
) -> list[Object]:
    role = "worker" if pool else "master"
    built = cluster["built"]
    nodes = []
    for _turn in range(count):
        added = fleet.number_of_added("nodes", cluster)
        number = built["master_count"] + built["worker_count"] + added + 1
        states = {
            state: fleet.node({**cluster, "state": state, "is_failed": False}, number, role, number, pool)
            for state in ("draft", *NODE_STATES)
        }
        place = _new_subnet(fields or {}, (cluster["pk"], number))
        own = {key: place[key] for key in ("zone", "provider_subnet_id", "provider_subnet_cidr") if place.get(key)}
        own.update({key: place[key] for key in ("size", "root_disk_size") if place.get(key)}, **_stamps())
        node = {**states["draft"], **own}
        steps: list[Object] = [{"after": after, **states[state], **own} for state, after in NODE_STATES.items()]
        if fail or fleet.variants["node_build"] == "fails":
            steps = [steps[0], {"after": NODE_STATES["provisioned"], "is_failed": True}]
        nodes.append(fleet.add_part("nodes", cluster, node, steps))
    fleet.grow(cluster, pool["pk"] if pool else None, count)
    return nodes


def check_node(fleet: Fleet, cluster: Object, node: Object) -> None:
    """Raise RefusedError if the node cannot be deleted."""
    masters = [one["pk"] for one in fleet.nodes(cluster) if one["role"] == "master"]
    if masters[:1] == [node["pk"]]:
        raise RefusedError(400, {"detail": FIRST_MASTER})


def delete_node(fleet: Fleet, cluster: Object, node: Object) -> None:
    check_node(fleet, cluster, node)
    if node["state"] == "deleting":
        return
    steps: list[Object] = [
        {"after": 0, "state": "deleting"},
        {"after": NODE_DELETED, "state": "deleted", "gone": fleet.variants["deleted_nodes"] == "gone"},
        {"after": NODE_UNLISTED, "gone": True},
    ]
    fleet.change_part("nodes", cluster, node["pk"], steps)
    fleet.grow(cluster, node["pool"], -1)


def delete_pool(fleet: Fleet, cluster: Object, pool: Object) -> None:
    if pool["is_default"] and fleet.variants["default_pool"] == "refused":
        raise RefusedError(400, {"detail": "The default node pool can't be removed."})
    nodes = [node for node in fleet.nodes(cluster) if node["pool"] == pool["pk"] and node["state"] != "deleted"]
    if nodes and fleet.variants["pool_with_nodes"] == "refused":
        raise RefusedError(400, {"detail": "Node pool still has nodes."})
    for node in nodes:
        delete_node(fleet, cluster, node)
    _delete_part(fleet, "nodepools", cluster, pool)


def _delete_part(fleet: Fleet, kind: str, cluster: Object, part: Object) -> None:
    if part["state"] != "deleting":
        steps: list[Object] = [{"after": 0, "state": "deleting"}, {"after": PART_DELETED, "gone": True}]
        fleet.change_part(kind, cluster, part["pk"], steps)


def autoscale(fleet: Fleet, cluster: Object, change: int) -> None:
    """Add nodes to each autoscaled pool, or remove them from it, within its limits."""
    for pool in fleet.pools(cluster):
        wanted = min(max(pool["node_count"] + change, pool["min_count"]), pool["max_count"])
        if not pool["autoscaled"] or wanted == pool["node_count"]:
            continue
        if wanted > pool["node_count"]:
            _add_nodes(fleet, cluster, pool, wanted - pool["node_count"])
        nodes = [node for node in fleet.nodes(cluster) if node["pool"] == pool["pk"] and node["state"] == "running"]
        for node in nodes[wanted - pool["node_count"] :] if wanted < pool["node_count"] else []:
            delete_node(fleet, cluster, node)


def add_solution(fleet: Fleet, cluster: Object, data: Object) -> Object:
    solution = _solution(fleet, cluster["org"], data, initial=False)
    if fleet.variants["solution_names"] == "unique" and solution["solution"] in [
        one["solution"] for one in cluster["solutions"]
    ]:
        refuse_name(fleet, "solution")
    number = len(cluster["built"]["solutions"]) + fleet.number_of_added("solutions", cluster) + 1
    pk = cluster["pk"] * 10 + number
    state = "installed" if fleet.variants["solution_build"] == "installs" else "failed"
    part = {**solution, "pk": pk, "state": "draft", **_stamps()}
    fleet.add_part("solutions", cluster, part, [{"after": SOLUTION_INSTALLED, "state": state}])
    return next(one for one in fleet.solutions({**cluster, "solutions": [part]}))


def _solution(fleet: Fleet, org: int, sent: t.Any, initial: bool) -> Object:
    if not isinstance(sent, dict):
        refuse({"solutions": [f'Expected a dictionary of items but got type "{type(sent).__name__}".']})
    fields = checked(sent, SOLUTION)
    name = fields["solution"]
    if name not in fleet.solution_names and not CHART.fullmatch(name):
        refuse({"solution": [f'"{name}" is not a valid choice.']})
    if fields.get("keyset"):
        fields["keyset_name"] = keyset_of(fleet, org, fields["keyset"])["name"]
    else:
        fields.pop("keyset", None)
    if not fields.get("max_nodes"):
        fields.pop("max_nodes", None)
    fields.pop("config", None)  # it holds secrets, and answers contain an empty one
    return {"name": name.replace("_", " ").title(), **fields, "initial": initial}


def delete_solution(fleet: Fleet, cluster: Object, solution: Object) -> None:
    if solution["solution"] == "helm_tiller" or (
        fleet.variants["not_deleteable"] == "refused" and not solution["is_deleteable"]
    ):
        raise RefusedError(400, {"detail": "This solution can't be removed."})
    _delete_part(fleet, "solutions", cluster, solution)


def _new_subnet(fields: Object, number: object) -> Object:
    if fields.get("provider_subnet_id") == "__new__":
        return {**fields, "provider_subnet_id": f"subnet-{digest(number)[:8]}"}
    return fields


def _stamps() -> Object:
    now = stamp()
    return {"created": now, "updated": now}
