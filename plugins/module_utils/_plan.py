# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan the requests that bring clusters, node pools and nodes to the wanted state. Nothing here makes a request.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Node, NodePool


@dataclasses.dataclass(frozen=True)
class Request:
    """A planned request that changes something."""

    action: str
    """The kind of change, for example ``create``."""
    sentence: str
    """The description for the user."""
    body: JSON = dataclasses.field(default_factory=dict)
    target: int = 0
    """The ``pk`` of the object that changes, for example of a node."""
    is_visible_at_once: bool = True
    """Whether the next poll shows that the change was made."""

    @property
    def key(self) -> tuple[str, int]:
        """Identifies the request within a run."""
        return self.action, self.target


@dataclasses.dataclass(frozen=True)
class Plan:
    """The next requests, the changes that they make, and the requests that follow."""

    requests: list[Request] = dataclasses.field(default_factory=list)
    before: JSON = dataclasses.field(default_factory=dict)
    """The current values of the fields that change."""
    after: JSON = dataclasses.field(default_factory=dict)
    """The future values of the fields that change."""
    later: list[Request] = dataclasses.field(default_factory=list)
    """Requests that must wait until ``requests`` are done, as far as they are known."""
    warnings: list[str] = dataclasses.field(default_factory=list)


class Field(t.NamedTuple):
    """An option that corresponds to a field of the API."""

    kind: str
    """``changed`` is sent if it differs, ``fixed`` cannot be changed, ``creation`` is not compared with the object."""
    equals: t.Callable[[t.Any, t.Any], bool] = lambda wanted, there: (wanted or None) == (there or None)


def _same_network(wanted: t.Any, there: t.Any) -> bool:
    """Return whether two networks are the same. The API accepts ``10.2.0.0`` and returns ``10.2.0.0/16``."""
    with_masks = "/" in str(wanted) and "/" in str(there)
    return str(wanted) == str(there) if with_masks else str(wanted).partition("/")[0] == str(there).partition("/")[0]


def _unless_new(wanted: t.Any, there: t.Any) -> bool:
    """Return whether two IDs are the same. ``__new__`` matches any ID, because the service chooses the ID."""
    return wanted == "__new__" or wanted == there


CLUSTER_FIELDS: dict[str, Field] = {
    "provider": Field("fixed"),
    "region": Field("fixed"),
    "zone": Field("fixed"),
    "workspace": Field("fixed"),
    "project_id": Field("fixed"),
    "provider_keyset": Field("fixed"),
    "user_ssh_keyset": Field("fixed"),
    "platform": Field("fixed"),
    "channel": Field("fixed"),
    "etcd_type": Field("fixed"),
    "k8s_rbac_enabled": Field("fixed"),
    "k8s_dashboard_enabled": Field("fixed"),
    "provider_resource_group": Field("fixed", _unless_new),
    "provider_network_id": Field("fixed", _unless_new),
    "provider_network_cidr": Field("fixed", _same_network),
    "provider_subnet_id": Field("fixed", _unless_new),
    "provider_subnet_cidr": Field("fixed", _same_network),
    "k8s_pod_cidr": Field("fixed", _same_network),
    "k8s_service_cidr": Field("fixed", _same_network),
    "master_count": Field("creation"),
    "master_size": Field("creation"),
    "master_root_disk_size": Field("creation"),
    "worker_count": Field("creation"),
    "worker_size": Field("creation"),
    "worker_root_disk_size": Field("creation"),
    "min_node_count": Field("creation"),
    "max_node_count": Field("creation"),
    "network_components": Field("creation"),
    "solutions": Field("creation"),
    "config": Field("creation"),
}

POOL_FIELDS: dict[str, Field] = {
    "instance_size": Field("fixed"),
    "platform": Field("fixed"),
    "channel": Field("fixed"),
    "root_disk_size": Field("fixed"),
    "zone": Field("fixed"),
    "provider_subnet_id": Field("fixed", _unless_new),
    "provider_subnet_cidr": Field("fixed", _same_network),
    "gpu_instance_size": Field("fixed"),
    "gpu_core_count": Field("fixed"),
    "autoscaled": Field("changed"),
    "min_count": Field("changed"),
    "max_count": Field("changed"),
}


def given(wanted: JSON, fields: t.Iterable[str]) -> JSON:
    """Return the fields that are not None."""
    return {field: wanted[field] for field in fields if wanted.get(field) is not None}


def _differences(fields: dict[str, Field], wanted: JSON, there: JSON) -> list[str]:
    """Describe the fixed fields that are not as wanted.

    A field that the API does not return, or returns empty, is not compared.
    """
    return [
        f"{field} is {one_line(repr(there[field]))}, not {one_line(repr(value))}"
        for field, value in given(wanted, fields).items()
        if fields[field].kind == "fixed" and there.get(field) not in (None, "")
        if not fields[field].equals(value, there[field])
    ]


def check_fixed(what: str, fields: dict[str, Field], wanted: JSON, there: JSON) -> list[str]:
    """Return warnings about fixed fields that are not as wanted.

    :raises NKSError: a fixed field is not as wanted, and ``fixed_differences`` is not ``warn``.
    """
    found = _differences(fields, wanted, there)
    if not found:
        return []
    message = f"{what} cannot be changed in this way: {'; '.join(found)}."
    if wanted.get("fixed_differences") == "warn":
        return [message]
    raise NKSError(f"{message} Give these options their current values, or create another one.")


def check_required(wanted: JSON, required: t.Iterable[str], what: str) -> None:
    """Check that the options that creation requires are given.

    :raises NKSError: an option is missing.
    """
    missing = [option for option in required if wanted.get(option) is None]
    if missing:
        raise NKSError(f"{what} does not exist. To create it, give the missing options: {', '.join(missing)}.")


def plan_cluster(wanted: JSON, there: Cluster | None, replace_failed: bool = False, has_failed: bool = False) -> Plan:
    """Plan the creation, replacement or upgrade of a cluster.

    :param wanted: the option values by option name, with the IDs of keysets and of the workspace.
    :param has_failed: whether the cluster has failed, even if only its logs say so.
    :raises NKSError: the wanted state cannot be reached.
    """
    if there is None or there.state == "deleting" or (has_failed and replace_failed):
        create = _create_cluster(wanted)
        shown = [field for field in CLUSTER_FIELDS if field not in ("solutions", "config")]  # these can hold secrets
        created = {"state": "running", **given(create.body, ("name", *shown, "k8s_version"))}
        if there is None:
            return Plan([create], {"state": "absent"}, created)
        first = [] if there.state == "deleting" else [_delete(there)]
        return Plan(first, {"state": there.state}, created, later=[create])
    raw = {**there.raw, "workspace": (there.raw.get("workspace") or {}).get("pk")}
    warnings = check_fixed(f"The cluster {there}", CLUSTER_FIELDS, wanted, raw)
    version = wanted.get("k8s_version")
    if version in (None, "latest") or meets_version(there.raw.get("k8s_version"), version) or has_failed:
        return Plan(warnings=warnings)
    offered = [str(offer) for offer in there.raw.get("version_migrations") or []]
    target = max((offer for offer in offered if meets_version(offer, version)), key=_numbers, default=None)
    if target is None:
        raise NKSError(
            f"The cluster {there} has Kubernetes {there.raw.get('k8s_version')} and cannot be upgraded to {version}. "
            f"It can be upgraded to: {', '.join(offered) or 'no version'}."
        )
    sentence = f"Upgrade the cluster {there} from Kubernetes {there.raw.get('k8s_version')} to {target}."
    before, after = {"k8s_version": there.raw.get("k8s_version")}, {"k8s_version": target}
    upgrade = Request("upgrade", sentence, {"version": target}, is_visible_at_once=False)
    return Plan([upgrade], before, after, warnings=warnings)


def plan_cluster_absent(there: Cluster | None) -> Plan:
    """Plan the deletion of a cluster.

    :raises NKSError: the cluster is a service cluster, which NKS runs for its own use.
    """
    if there is None or there.state == "deleting":
        return Plan()
    if (there.raw.get("config") or {}).get("is_service_cluster"):
        raise NKSError(f"The cluster {there} is a service cluster, which NKS runs for its own use. It is not deleted.")
    return Plan([_delete(there)], {"state": there.state}, {"state": "absent"})


def _create_cluster(wanted: JSON) -> Request:
    name = one_line(str(wanted.get("name") or ""))
    required = ("name", "provider", "provider_keyset", "region", "k8s_version", "worker_count", "worker_size")
    check_required(wanted, required, f"The cluster {name or wanted.get('id')}")
    return Request("create", f"Create the cluster {name}.", _cluster_body(wanted))


def _delete(there: Cluster) -> Request:
    return Request("delete", f"Delete the cluster {there}.", target=there.pk)


def _cluster_body(wanted: JSON) -> JSON:
    """Return the body of the request that creates a cluster."""
    body = {**(wanted.get("extra") or {}), **given(wanted, ("name", *CLUSTER_FIELDS, "k8s_version"))}
    provider = body.get("provider")
    body.setdefault("master_count", 0 if provider in ("aks", "eks") else 1)
    body.setdefault("master_size", "")
    new = {"aws": ("network", "subnet"), "azure": ("network", "subnet"), "eks": ("network",)}.get(str(provider), ())
    for part in new:
        body.setdefault(f"provider_{part}_id", "__new__")
    if provider == "azure":
        body.setdefault("provider_resource_group", "__new__")
    body["solutions"] = [
        {"solution": solution} if isinstance(solution, str) else solution for solution in body.get("solutions") or []
    ]
    body.pop("workspace", None)  # the workspace is part of the path
    return body


def meets_version(there: t.Any, wanted: t.Any) -> bool:
    """Return whether a version is the wanted one. ``v1.15.3`` meets ``v1.15``."""
    least = _numbers(wanted)
    return bool(least) and _numbers(there)[: len(least)] == least


def _numbers(version: t.Any) -> list[int]:
    return [int(number) for number in re.findall("[0-9]+", str(version))]


def plan_pool(wanted: JSON, there: NodePool | None, nodes: t.Sequence[Node], replace_failed: bool = False) -> Plan:
    """Plan the creation, replacement, scaling or autoscaling of a node pool.

    :param wanted: the option values by option name.
    :param nodes: the nodes of the pool, including those that are being deleted.
    :raises NKSError: the wanted state cannot be reached.
    """
    _check_limits(wanted)
    # The limits have no effect without autoscaling.
    scaling = given(wanted, ("autoscaled", "min_count", "max_count") if wanted.get("autoscaled") else ("autoscaled",))
    if there is None or there.state in ("deleting", "deleted") or (there.state == "failed" and replace_failed):
        create = _create_pool(wanted)
        scale = [_scaling_request(create.body["name"], scaling)] if scaling.get("autoscaled") else []
        created = {
            "state": "active",
            **given(create.body, ("name", "node_count", *POOL_FIELDS)),
            **(scaling if scale else {}),
        }
        if there is None:
            return Plan([create], {"state": "absent"}, created, later=scale)
        deletion = plan_pool_absent(there, nodes)
        return Plan(deletion.requests, {"state": there.state}, created, later=[*deletion.later, create, *scale])
    warnings = check_fixed(f"The node pool {there}", POOL_FIELDS, wanted, there.raw)
    changed = {field: value for field, value in scaling.items() if there.raw.get(field) != value}
    requests = [_scaling_request(str(there), scaling)] if changed else []
    before: JSON = {field: there.raw.get(field) for field in changed}
    after: JSON = dict(changed)
    present = alive(nodes)
    is_autoscaled = scaling.get("autoscaled", there.raw.get("autoscaled"))
    if wanted.get("node_count") is not None and not is_autoscaled:
        count = wanted["node_count"]
        if count != len(present):
            before["node_count"], after["node_count"] = len(present), count
        if count > len(present):
            body = {"node_count": count - len(present), "role": "worker"}
            body.update(given(wanted, ("zone", "provider_subnet_id", "provider_subnet_cidr")))
            requests.append(Request("add", f"Add {_nodes(count - len(present))} to the node pool {there}.", body))
        elif count < len(present) and not wanted.get("allow_scale_down", True):
            raise NKSError(
                f"The node pool {there} has {len(present)} nodes, not {count}, and allow_scale_down is false."
            )
        elif count < len(present):
            victims = in_order_of_deletion(present, wanted.get("delete_nodes") or [])[: len(present) - count]
            requests += [_delete_node(node) for node in victims]
    return Plan(requests, before, after, warnings=warnings)


def _create_pool(wanted: JSON) -> Request:
    name = one_line(str(wanted.get("name") or ""))
    required = ("name", "instance_size", "platform", "node_count")
    check_required(wanted, required, f"The node pool {name or wanted.get('id')}")
    fixed = [field for field in POOL_FIELDS if POOL_FIELDS[field].kind == "fixed"]
    body = {**(wanted.get("extra") or {}), **given(wanted, ("name", "node_count", *fixed))}
    return Request("create", f"Create the node pool {name} with {_nodes(wanted['node_count'])}.", body)


def plan_pool_absent(there: NodePool | None, nodes: t.Sequence[Node]) -> Plan:
    """Plan the deletion of a node pool: first of its nodes, then of the pool."""
    if there is None or there.state in ("deleting", "deleted"):
        return Plan()
    diff = {"state": there.state}, {"state": "absent"}
    delete = Request("delete", f"Delete the node pool {there}.", target=there.pk)
    if any(node.state != "deleted" for node in nodes):
        return Plan([_delete_node(node) for node in alive(nodes)], *diff, later=[delete])
    return Plan([delete], *diff)


def _nodes(count: int) -> str:
    return f"{count} node{'' if count == 1 else 's'}"


def _delete_node(node: Node) -> Request:
    return Request("delete_node", f"Delete the node {node}.", target=node.pk)


def _scaling_request(pool: str, scaling: JSON) -> Request:
    if not scaling["autoscaled"]:
        return Request("autoscale", f"Turn off autoscaling of the node pool {pool}.", scaling)
    sentence = f"Autoscale the node pool {pool} between {scaling['min_count']} and {_nodes(scaling['max_count'])}."
    return Request("autoscale", sentence, scaling)


def _check_limits(wanted: JSON) -> None:
    """Check the numbers of nodes.

    :raises NKSError: a number is not possible, or is given without the options that it requires.
    """
    for field in ("node_count", "min_count", "max_count"):
        if wanted.get(field) is not None and wanted[field] < 0:
            raise NKSError(f"{field} must be 0 or more, not {wanted[field]}.")
    low, high = wanted.get("min_count"), wanted.get("max_count")
    if (low is None) != (high is None):
        raise NKSError("min_count and max_count must be given together.")
    if low is not None and wanted.get("autoscaled") is None:
        raise NKSError("min_count and max_count require autoscaled.")
    if low is not None and low > high:
        raise NKSError(f"min_count must not be above max_count: {low} is above {high}.")
    if wanted.get("autoscaled") and low is None:
        raise NKSError("autoscaled requires min_count and max_count.")


def alive(nodes: t.Sequence[Node]) -> list[Node]:
    """Return the nodes that are neither deleted nor being deleted."""
    return [node for node in nodes if node.state not in ("deleting", "deleted")]


def plan_masters(wanted: JSON, nodes: t.Sequence[Node]) -> Plan:
    """Plan the next step to a number of masters: one master at a time, so that etcd keeps its quorum.

    :param nodes: the nodes of the cluster.
    :raises NKSError: the first master would be deleted.
    """
    masters = [node for node in nodes if node.raw.get("role") == "master" and node.state != "deleted"]
    if wanted.get("zone") is not None:
        masters = [node for node in masters if node.raw.get("zone") == wanted["zone"]]
    present, count = alive(masters), wanted["count"]
    if count == len(present):
        return Plan()
    body = {"role": "master", "node_count": 1, "root_disk_size": 0}
    body.update(given(wanted, ("size", "root_disk_size", "zone", "provider_subnet_id", "provider_subnet_cidr")))
    newest = sorted(present, key=lambda node: node.pk, reverse=True)[: max(0, len(present) - count)]
    for node in newest:
        _check_is_not_first_master(node, nodes)
    steps = [
        *(
            Request("add", f"Add master {number} of {count}.", body, number)
            for number in range(len(present) + 1, count + 1)
        ),
        *map(_delete_node, newest),
    ]
    ready = 1 if all(node.state == "running" for node in masters) else 0
    return Plan(steps[:ready], {"count": len(present)}, {"count": count}, later=steps[ready:])


def plan_nodes_absent(names: t.Sequence[t.Any], nodes: t.Sequence[Node]) -> Plan:
    """Plan the deletion of nodes.

    :param names: the ``pk`` or ``instance_id`` of each node. A node that does not exist is ignored.
    :raises NKSError: the first master would be deleted.
    """
    wanted = {str(name) for name in names}
    found = [node for node in alive(nodes) if wanted & {str(node.pk), str(node.instance_id)}]
    for node in found:
        _check_is_not_first_master(node, nodes)
    listed = [str(node) for node in found]
    return Plan(
        [_delete_node(node) for node in found], {"nodes": listed} if found else {}, {"nodes": []} if found else {}
    )


def _check_is_not_first_master(node: Node, nodes: t.Sequence[Node]) -> None:
    """:raises NKSError: the node is the first master, which the cluster always needs."""
    masters = [other.pk for other in nodes if other.raw.get("role") == "master"]
    if masters and node.pk == min(masters):
        raise NKSError(f"The node {node} is the first master of the cluster, which cannot be deleted.")


def in_order_of_deletion(nodes: t.Sequence[Node], named: t.Sequence[t.Any]) -> list[Node]:
    """Sort nodes for deletion: named ones, then failed or missing ones, then drafts, then the newest first.

    :param named: the ``pk`` or ``instance_id`` of each node that the user names.
    :raises NKSError: a named node is not in the list.
    """
    names = [str(name) for name in named]
    known = {identifier for node in nodes for identifier in (str(node.pk), str(node.instance_id))}
    unknown = [one_line(name) for name in names if name not in known]
    if unknown:
        raise NKSError(f"delete_nodes: the node pool has no node {', '.join(unknown)}.")

    def rank(node: Node) -> tuple[bool, bool, bool, int]:
        is_named = str(node.pk) in names or str(node.instance_id) in names
        is_broken = node.has_failed or node.state == "missing"
        return (not is_named, not is_broken, node.state != "draft", -node.pk)

    return sorted(nodes, key=rank)
