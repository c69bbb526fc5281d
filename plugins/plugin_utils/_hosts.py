# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and variables of the inventory's hosts, made from API objects. Plain functions of their arguments.

Private to this collection: it may change without notice.
"""

from __future__ import annotations

import functools
import ipaddress
import re
import sys
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._names import cluster_name, first_text
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Node, Org, deduplicate

_NOT_IN_A_VARIABLE = re.compile("[^A-Za-z0-9_]")


ENDPOINT = "nks_endpoint"
"""The variable with the ``api_url`` of the source of a host."""

_RESERVED = re.compile(
    f"ansible_|(cluster_gate|fleet_report|kubeconfig)_|({ENDPOINT}|{'|'.join(f'nks_{name}' for name in CONNECTION)})$"
)
"""Variables that Ansible, the roles and the playbooks of the collection read, which no field of the API can set."""


class Host(t.NamedTuple):
    """A host of the inventory."""

    item: JSON
    """The cluster or node."""
    identity: tuple[int, ...]
    """The ``pk`` of its organization and its cluster, and that of the node."""
    title: str
    """How a message shows it."""
    name: str
    """Its name if no expression gives one."""
    variables: JSON
    """What the API says about it, which is never evaluated."""
    connection: JSON
    """How Ansible reaches it."""
    group: str | None
    """The group of the node's cluster."""


def cluster_hosts(clusters: list[Cluster], prefix: str) -> list[Host]:
    """A host for each cluster, with each field of the cluster, and name and slug of its organization, as variables."""
    connection = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    return [
        Host(
            cluster.raw,
            (cluster.org.pk, cluster.pk),
            f"the cluster {cluster} of organization {cluster.org}",
            cluster_name(cluster),
            _prefixed({**cluster.raw, **_of_org(cluster.org)}, prefix),
            connection,
            None,
        )
        for cluster in clusters
    ]


def node_hosts(clusters: list[Cluster], groups: list[str], prefix: str, connect_with: str) -> list[Host]:
    """A host for each node in ``nodes`` of the clusters, with its own fields and those of its cluster as variables.

    :param groups: the group of each cluster.
    :param connect_with: the field that has the address.
    """
    hosts = []
    for cluster, group in zip(clusters, groups):
        of_cluster = {f"cluster_{field}": value for field, value in cluster.raw.items() if field != "nodes"}
        for node in nodes_of(cluster):
            variables = _prefixed({**node.raw, **of_cluster, **_of_org(cluster.org)}, prefix)
            address = _address(node.raw.get(connect_with))
            connection = {"ansible_host": address} if address else {}
            name = first_text(node.raw, "instance_id") or f"node-{node.pk}"
            identity = (cluster.org.pk, cluster.pk, node.pk)
            title = f"the node {node.pk} of the cluster {cluster} of organization {cluster.org}"
            hosts.append(Host(node.raw, identity, title, name, variables, connection, group))
    return hosts


def nodes_of(cluster: Cluster) -> list[Node]:
    """The nodes that were included in a cluster."""
    return deduplicate(Node(item) for item in cluster.raw["nodes"])


def _prefixed(fields: JSON, prefix: str) -> JSON:
    return {variable: fields[field] for variable, field in _variables(prefix, tuple(fields))}


@functools.lru_cache(maxsize=128)
def _variables(prefix: str, fields: tuple[str, ...]) -> list[tuple[str, str]]:
    """The variables that the fields become. What a name cannot have becomes ``_``, unless that is a field too."""
    valid = {**{_NOT_IN_A_VARIABLE.sub("_", field): field for field in fields}, **{field: field for field in fields}}
    return [
        (f"{prefix}{name}", field)
        for name, field in valid.items()
        if not _NOT_IN_A_VARIABLE.search(name) and not _RESERVED.match(f"{prefix}{name}")
    ]


def _of_org(org: Org) -> JSON:
    return {"org_name": org.name, "org_slug": org.slug}


def _address(value: t.Any) -> str | None:
    """The value if it is an IP address without zone: ``""`` and ``not-available`` are seen, and what else may come
    would be an argument of ssh."""
    try:
        return str(ipaddress.ip_address(value)) if isinstance(value, str) and "%" not in value else None
    except ValueError:
        return None
