# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan the requests that bring node pools, masters and nodes to the wanted state. Nothing here makes a request.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._plan import (
    Field,
    Plan,
    Request,
    check_fixed,
    check_required,
    given,
    same_network,
    unless_new,
)
from ansible_collections.netapp.nks.plugins.module_utils._types import Node, NodePool, join_limited

POOL_FIELDS: dict[str, Field] = {
    "instance_size": Field("fixed"),
    "platform": Field("fixed"),
    "channel": Field("fixed"),
    "root_disk_size": Field("fixed", "int"),
    "zone": Field("fixed"),
    "provider_subnet_id": Field("fixed", equals=unless_new),
    "provider_subnet_cidr": Field("fixed", equals=same_network),
    "gpu_instance_size": Field("fixed"),
    "gpu_core_count": Field("fixed", "int"),
    "autoscaled": Field("changed", "bool"),
    "min_count": Field("changed", "int"),
    "max_count": Field("changed", "int"),
}


def plan_pool(wanted: JSON, there: NodePool | None, nodes: t.Sequence[Node]) -> Plan:
    """Plan the creation, replacement, scaling, autoscaling or deletion of a node pool.

    :param wanted: the option values by option name.
    :param nodes: the nodes of the pool, including those that are being deleted.
    :raises NKSError: the wanted state cannot be reached.
    """
    if wanted.get("state") == "absent":
        return _plan_pool_absent(there, nodes)
    _check_limits(wanted)
    scaling = _scaling(wanted)
    gone_or_replaced = ("deleting", "deleted", *(["failed"] if wanted.get("replace_failed") else []))
    if there is None or there.state in gone_or_replaced:
        create = _create_pool(wanted)
        scale = [_scaling_request(create.body["name"], scaling)] if scaling.get("autoscaled") else []
        created = {
            "state": "active",
            **given(create.body, ("name", "node_count", *POOL_FIELDS)),
            **(scaling if scale else {}),
        }
        if there is None:
            return Plan([create], {"state": "absent"}, created, later=scale)
        deletion = _plan_pool_absent(there, nodes)
        return Plan(deletion.requests, {"state": there.state}, created, later=[*deletion.later, create, *scale])
    warnings = check_fixed(f"The node pool {there}", POOL_FIELDS, wanted, there.raw)
    changed = {field: value for field, value in scaling.items() if (there.raw.get(field) or 0) != value}
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
                f"The node pool {there} has {_nodes(len(present))}, not {count}, and allow_scale_down is false."
            )
        elif count < len(present):
            ordered = in_order_of_deletion(nodes, wanted.get("delete_nodes") or [])
            requests += _delete_nodes(alive(ordered)[: len(present) - count], present)
    return Plan(requests, before, after, warnings=warnings)


def unmet_pool(wanted: JSON, pool: NodePool | None, nodes: t.Sequence[Node]) -> tuple[list[str], bool]:
    """Return the differences from the requested state, a sentence each, and whether they are final.

    :param nodes: the nodes of the pool, including those that are being deleted.
    """
    if wanted["state"] == "absent":
        return ([f"The node pool {pool} is {one_line(str(pool.state))}."] if pool else []), False
    if pool is None:
        return [f"The node pool {one_line(str(wanted['name']))} does not exist."], False
    failed = [f"The node {node} has failed." for node in alive(nodes) if node.has_failed]
    if pool.state == "failed" and not wanted["replace_failed"]:
        return [f"The node pool {pool} has failed.", *failed], True
    if failed:
        return failed, True
    reasons = [] if pool.state == "active" else [f"The node pool {pool} is {one_line(str(pool.state))}, not active."]
    present = alive(nodes)
    for field, value in _scaling(wanted).items():
        if (pool.raw.get(field) or 0) != value:
            reasons.append(f"The node pool {pool} has {field} {pool.raw.get(field)}, not {value}.")
    reasons += [
        f"The node {node} is {one_line(str(node.state))}, not {'deleted' if node.state == 'deleting' else 'running'}."
        for node in nodes
        if node.state not in ("running", "deleted")
    ]
    count = wanted["node_count"]
    if count is not None and not pool.raw.get("autoscaled") and len(present) != count:
        reasons.append(f"The node pool {pool} has {_nodes(len(present))}, not {count}.")
    return reasons, False


def _create_pool(wanted: JSON) -> Request:
    name = one_line(str(wanted.get("name") or ""))
    required = ("name", "instance_size", "platform", "node_count")
    check_required(wanted, required, f"The node pool {name or wanted.get('id')}")
    fixed = [field for field in POOL_FIELDS if POOL_FIELDS[field].kind == "fixed"]
    body = {**(wanted.get("extra") or {}), **given(wanted, ("name", "node_count", *fixed))}
    return Request("create", f"Create the node pool {name} with {_nodes(wanted['node_count'])}.", body)


def _plan_pool_absent(there: NodePool | None, nodes: t.Sequence[Node]) -> Plan:
    """Plan the deletion of a node pool: first of its nodes, then of the pool.

    :raises NKSError: the pool is the default one and has nodes.
    """
    if there is None or there.state in ("deleting", "deleted"):
        return Plan()
    remaining = alive(nodes)
    if there.raw.get("is_default") and remaining:
        # Its nodes would be deleted before the API refuses to delete the pool itself.
        raise NKSError(
            f"The node pool {there} is the default one, which the API can refuse to delete. It is not deleted, because "
            f"it has {_nodes(len(remaining))}. To delete it, first scale it to 0 nodes."
        )
    diff = {"state": there.state}, {"state": "absent"}
    delete = Request("delete", f"Delete the node pool {there}.", target=there.pk)
    if any(node.state != "deleted" for node in nodes):
        return Plan([_delete_node(node) for node in remaining], *diff, later=[delete])
    return Plan([delete], *diff)


def _nodes(count: int) -> str:
    return f"{count} node{'' if count == 1 else 's'}"


def _delete_nodes(chosen: t.Sequence[Node], nodes: t.Sequence[Node]) -> list[Request]:
    """Return the requests that delete nodes.

    :raises NKSError: another node has the same ID, so that the wrong one could be deleted.
    """
    for node in chosen:
        same = [other for other in nodes if other.pk == node.pk]
        if len(same) > 1:
            raise NKSError(
                f"The API lists several nodes with the ID {node.pk}, so none of them is deleted: {join_limited(same)}."
            )
    return [_delete_node(node) for node in chosen]


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


def _scaling(wanted: JSON) -> JSON:
    """Return the wanted fields of autoscaling. The limits have no effect without it."""
    return given(wanted, ("autoscaled", "min_count", "max_count") if wanted.get("autoscaled") else ("autoscaled",))


def alive(nodes: t.Sequence[Node]) -> list[Node]:
    """Return the nodes that are neither deleted nor being deleted."""
    return [node for node in nodes if node.state not in ("deleting", "deleted")]


def plan_masters(wanted: JSON, nodes: t.Sequence[Node]) -> Plan:
    """Plan the next step to a number of masters: one master at a time, so that etcd keeps its quorum.

    :param nodes: the nodes of the cluster.
    :raises NKSError: the first master would be deleted, or another master has the ID of one to delete.
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
        *_delete_nodes(newest, present),
    ]
    ready = 1 if all(node.state == "running" for node in masters) else 0
    return Plan(steps[:ready], {"count": len(present)}, {"count": count}, later=steps[ready:])


def plan_nodes_absent(names: t.Sequence[t.Any], nodes: t.Sequence[Node]) -> Plan:
    """Plan the deletion of nodes.

    :param names: the ``pk`` or ``instance_id`` of each node. A node that does not exist is ignored.
    :raises NKSError: the first master would be deleted, or a name matches more than one node.
    """
    found = [node for node in alive(nodes) if identifiers_of(node) & {str(name) for name in names}]
    for name in names:
        same = [node for node in found if str(name) in identifiers_of(node)]
        if len({node.pk for node in same}) > 1:
            raise NKSError(f"{one_line(repr(str(name)))} matches more than one node: {join_limited(same)}. Use the ID.")
    for node in found:
        _check_is_not_first_master(node, nodes)
    listed = [str(node) for node in found]
    return Plan(_delete_nodes(found, alive(nodes)), {"nodes": listed} if found else {}, {"nodes": []} if found else {})


def _check_is_not_first_master(node: Node, nodes: t.Sequence[Node]) -> None:
    """:raises NKSError: the node is the first master, which the cluster always needs."""
    masters = [other.pk for other in nodes if other.raw.get("role") == "master"]
    if masters and node.pk == min(masters):
        raise NKSError(f"The node {node} is the first master of the cluster, which cannot be deleted.")


def identifiers_of(node: Node) -> set[str]:
    """Return the texts by which a user can name a node: its ``pk``, and its ``instance_id`` if it has one."""
    return {str(node.pk), *([str(node.instance_id)] if node.instance_id else [])}


def in_order_of_deletion(nodes: t.Sequence[Node], named: t.Sequence[t.Any]) -> list[Node]:
    """Sort nodes for deletion: named ones, then failed or missing ones, then drafts, then the newest first.

    :param named: the ``pk`` or ``instance_id`` of each node that the user names.
    :raises NKSError: a named node is not in the list.
    """
    names = [str(name) for name in named]
    known = {identifier for node in nodes for identifier in identifiers_of(node)}
    unknown = [one_line(name) for name in names if name not in known]
    if unknown:
        raise NKSError(f"delete_nodes: the node pool has no node {', '.join(unknown)}.")

    def rank(node: Node) -> tuple[bool, bool, bool, int]:
        is_named = bool(identifiers_of(node) & set(names))
        is_broken = node.has_failed or node.state == "missing"
        return (not is_named, not is_broken, node.state != "draft", -node.pk)

    return sorted(nodes, key=rank)
