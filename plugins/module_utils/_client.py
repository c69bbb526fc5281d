# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Client of the NKS REST API, with one method for each endpoint.

Private to this collection: it may change without notice. It does not depend on Ansible.
"""

from __future__ import annotations

from urllib.parse import quote

from ansible_collections.netapp.nks.plugins.module_utils._api import API
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSStatusError
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON, as_dict, as_objects
from ansible_collections.netapp.nks.plugins.module_utils._types import (
    ChartRepository,
    Cluster,
    Keyset,
    Log,
    Node,
    NodePool,
    Org,
    Solution,
    Workspace,
    newest_first,
)

CREATED = (200, 201, 202)
"""Statuses of an answer with the created object. A later poll reads the object itself."""

DONE = (200, 201, 202, 204)
"""Statuses of an answer with a body that is not read."""


class NKSClient(API):
    """A session with one NKS endpoint. Threads can share it.

    Its methods accept and return the types of :mod:`_types`, and raise a subclass of :class:`NKSError` on any failure.
    """

    def orgs(self) -> list[Org]:
        return [Org(item) for item in self._get_list("/orgs")]

    def workspaces(self, org: Org) -> list[Workspace]:
        return [Workspace(item) for item in self._get_list(f"/orgs/{org.pk}/workspaces")]

    def clusters(self, org: Org, include_service_clusters: bool = False) -> list[Cluster]:
        """Return the active clusters of an organization in their short form."""
        query = "?include_service_clusters=true" if include_service_clusters else ""
        return [Cluster(item, org) for item in self._get_list(f"/orgs/{org.pk}/clusters{query}")]

    def cluster(self, org: Org, pk: int) -> Cluster:
        """Return a cluster in its detail form."""
        return Cluster(self._request_object("GET", f"/orgs/{org.pk}/clusters/{pk}"), org)

    def nodes(self, cluster: Cluster) -> list[Node]:
        return [Node(item) for item in self._get_list(f"{_path(cluster)}/nodes")]

    def node_pools(self, cluster: Cluster) -> list[NodePool]:
        return [NodePool(item) for item in self._get_list(f"{_path(cluster)}/nodepools")]

    def logs(self, cluster: Cluster) -> list[Log]:
        """Return the build logs of a cluster, newest first."""
        return newest_first(Log(item) for item in self._get_list(f"{_path(cluster)}/logs"))

    def node(self, cluster: Cluster, pk: int) -> Node:
        return Node(self._request_object("GET", f"{_path(cluster)}/nodes/{pk}"))

    def node_pool(self, cluster: Cluster, pk: int) -> NodePool:
        return NodePool(self._request_object("GET", f"{_path(cluster)}/nodepools/{pk}"))

    def keysets(self, org: Org) -> list[Keyset]:
        """Return the credentials of an organization. The API never returns their values."""
        return [Keyset(item) for item in self._get_list(f"/orgs/{org.pk}/keysets")]

    def solutions(self, cluster: Cluster) -> list[Solution]:
        return [Solution(item) for item in self._get_list(f"{_path(cluster)}/solutions")]

    def solution(self, cluster: Cluster, pk: int) -> Solution:
        return Solution(self._request_object("GET", f"{_path(cluster)}/solutions/{pk}"))

    def chart_repositories(self, org: Org) -> list[ChartRepository]:
        """Return the chart repositories that the organization has added."""
        return [ChartRepository(item) for item in self._get_list(f"/orgs/{org.pk}/chart-repos")]

    def trusted_chart_repositories(self, org: Org) -> list[ChartRepository]:
        """Return the chart repositories that NKS provides."""
        return [ChartRepository(item) for item in self._get_list(f"/orgs/{org.pk}/chart-repos/trusted")]

    def instance_sizes(self, provider: str) -> list[JSON]:
        """Return the node sizes of a provider, each with ``name``, ``value``, ``cpu`` and ``memory`` in MB."""
        listed = self._get_list(f"/meta/provider-instances?provider={quote(provider, '')}")
        return [size for item in listed for size in as_objects([*as_dict(item.get("config")).values()])]

    def create_cluster(self, org: Org, body: JSON, workspace: int | None = None) -> None:
        """Create a cluster.

        :param workspace: ``pk`` of the workspace. None stands for the default workspace.
        """
        parent = "" if workspace is None else f"/workspaces/{workspace}"
        self._request_object("POST", f"/orgs/{org.pk}{parent}/clusters", {"json": body}, CREATED)

    def delete_cluster(self, cluster: Cluster) -> None:
        self._request("DELETE", _path(cluster), statuses=DONE)

    def upgrade_cluster(self, cluster: Cluster, version: str) -> None:
        self._request("POST", f"{_path(cluster)}/migrate_version", {"json": {"version": version}}, DONE)

    def create_node_pool(self, cluster: Cluster, body: JSON) -> None:
        self._request_object("POST", f"{_path(cluster)}/nodepools", {"json": body}, CREATED)

    def scale_node_pool(self, cluster: Cluster, pool: int, body: JSON) -> None:
        """Set the autoscaling of a node pool and its limits."""
        self._request("POST", f"{_path(cluster)}/nodepools/{pool}", {"json": body}, DONE)

    def add_nodes(self, cluster: Cluster, pool: int, body: JSON) -> None:
        self._request("POST", f"{_path(cluster)}/nodepools/{pool}/add", {"json": body}, DONE)

    def delete_node_pool(self, cluster: Cluster, pool: int) -> None:
        self._request("DELETE", f"{_path(cluster)}/nodepools/{pool}", statuses=DONE)

    def add_master(self, cluster: Cluster, body: JSON) -> None:
        self._request("POST", f"{_path(cluster)}/add_node", {"json": body}, DONE)

    def why_not_deletable(self, cluster: Cluster, node: int) -> str:
        """Return why a node cannot be deleted. The text is empty if it can be, or if the endpoint does not exist."""
        try:
            self._request("GET", f"{_path(cluster)}/nodes/{node}/can_delete")
        except NKSStatusError as exc:
            if exc.status == 400:
                return str(exc.detail or exc)
            if exc.status not in (404, 405):
                raise
        return ""

    def delete_node(self, cluster: Cluster, node: int) -> None:
        self._request("DELETE", f"{_path(cluster)}/nodes/{node}", statuses=DONE)

    def add_solution(self, cluster: Cluster, body: JSON) -> None:
        self._request("POST", f"{_path(cluster)}/solutions", {"json": body}, DONE)

    def delete_solution(self, cluster: Cluster, solution: int) -> None:
        self._request("DELETE", f"{_path(cluster)}/solutions/{solution}", statuses=DONE)

    def create_workspace(self, org: Org, body: JSON) -> None:
        self._request("POST", f"/orgs/{org.pk}/workspaces", {"json": body}, DONE)

    def update_workspace(self, org: Org, pk: int, changes: JSON) -> None:
        self._request("PATCH", f"/orgs/{org.pk}/workspaces/{pk}", {"json": changes}, DONE)

    def delete_workspace(self, org: Org, pk: int) -> None:
        self._request("DELETE", f"/orgs/{org.pk}/workspaces/{pk}", statuses=DONE)

    def create_keyset(self, org: Org, body: JSON) -> None:
        self._request("POST", f"/orgs/{org.pk}/keysets", {"json": body}, DONE)

    def update_keyset(self, org: Org, pk: int, changes: JSON) -> None:
        self._request("PATCH", f"/orgs/{org.pk}/keysets/{pk}", {"json": changes}, DONE)

    def delete_keyset(self, org: Org, pk: int) -> None:
        self._request("DELETE", f"/orgs/{org.pk}/keysets/{pk}", statuses=DONE)

    def kubeconfig(self, cluster: Cluster) -> bytes:
        """Return the kubeconfig of a cluster, unchecked. It is a secret."""
        return self._request("GET", f"{_path(cluster)}/kubeconfig")

    def update_org(self, org: Org, changes: JSON, logo: tuple[str, bytes, str] | None = None) -> Org:
        """Change an organization, and return it as it is afterwards.

        :param changes: new values of ``name`` and ``slug``, and None for ``logo`` to remove it.
        :param logo: file name, content and media type of a new logo.
        """
        body = {"data": changes, "files": {"logo": logo}} if logo else {"json": changes}
        return Org({**self._request_object("PATCH", f"/orgs/{org.pk}", body), "pk": org.pk})


def _path(cluster: Cluster) -> str:
    return f"/orgs/{cluster.org.pk}/clusters/{cluster.pk}"
