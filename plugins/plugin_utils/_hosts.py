# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the names and variables of inventory hosts from API objects. All functions here are pure.

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
"""The host variable with the ``api_url`` of the inventory source."""

_RESERVED = re.compile(
    f"ansible_|(cluster_gate|fleet_report|kubeconfig)_|({ENDPOINT}|{'|'.join(f'nks_{name}' for name in CONNECTION)})$"
)
"""Variables that Ansible or the roles and playbooks of the collection read. No field of the API may set them."""


class Host(t.NamedTuple):
    """A host of the inventory."""

    item: JSON
    """The cluster or node."""
    identity: tuple[int, ...]
    """The ``pk`` of the organization and of the cluster, and for a node also the ``pk`` of the node."""
    title: str
    """The description for messages."""
    name: str
    """The name of the host if no expression in ``hostnames`` gives one."""
    variables: JSON
    """The fields of the API, which are never evaluated."""
    connection: JSON
    """The connection variables."""
    group: str | None
    """The group of the cluster of a node. None for a cluster."""


def cluster_hosts(clusters: list[Cluster], prefix: str) -> list[Host]:
    """Return a host for each cluster.

    Its variables are the fields of the cluster, and name and slug of its organization.

    :param prefix: the start of the variable names.
    """
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
    """Return a host for each node in ``nodes`` of the clusters.

    Its variables are its own fields, the fields of its cluster, and name and slug of its organization.

    :param groups: the group of each cluster.
    :param prefix: the start of the variable names.
    :param connect_with: the field of the node that contains its address.
    """
    hosts = []
    for cluster, group in zip(clusters, groups):
        of_cluster = {f"cluster_{field}": value for field, value in cluster.raw.items() if field != "nodes"}
        for node in deduplicate(Node(item) for item in cluster.raw["nodes"]):
            variables = _prefixed({**node.raw, **of_cluster, **_of_org(cluster.org)}, prefix)
            address = _address(node.raw.get(connect_with))
            connection = {"ansible_host": address} if address else {}
            name = first_text(node.raw, "instance_id") or f"node-{node.pk}"
            identity = (cluster.org.pk, cluster.pk, node.pk)
            title = f"the node {node.pk} of the cluster {cluster} of organization {cluster.org}"
            hosts.append(Host(node.raw, identity, title, name, variables, connection, group))
    return hosts


def _prefixed(fields: JSON, prefix: str) -> JSON:
    return {variable: fields[field] for variable, field in _variables(prefix, tuple(fields))}


@functools.lru_cache(maxsize=128)
def _variables(prefix: str, fields: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the variable and the field for each field that becomes a variable.

    ``_`` replaces each character that is not valid in a variable name. If two fields get the same name, a field that
    needs no replacement wins. Reserved variables are left out.
    """
    valid = {**{_NOT_IN_A_VARIABLE.sub("_", field): field for field in fields}, **{field: field for field in fields}}
    return [
        (f"{prefix}{name}", field)
        for name, field in valid.items()
        if not _NOT_IN_A_VARIABLE.search(name) and not _RESERVED.match(f"{prefix}{name}")
    ]


def _of_org(org: Org) -> JSON:
    return {"org_name": org.name, "org_slug": org.slug}


def _address(value: t.Any) -> str | None:
    """Return the value if it is an IP address without a zone, else None.

    The API can return ``""`` and ``not-available``. A text that is not an address could become an argument of ssh.
    """
    try:
        return str(ipaddress.ip_address(value)) if isinstance(value, str) and "%" not in value else None
    except ValueError:
        return None
