# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Client of the NKS REST API: one endpoint is one method.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

from ansible_collections.netapp.nks.plugins.module_utils._api import API
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._types import (
    Cluster,
    Log,
    Node,
    NodePool,
    Org,
    Workspace,
    newest_first,
)


class NKSClient(API):
    """One session with one NKS endpoint, safe to share between threads.

    Its methods take and return the types of :mod:`_types`, and raise a subclass of :class:`NKSError` for any failure.
    """

    def orgs(self) -> list[Org]:
        return [Org(item) for item in self._get_list("/orgs")]

    def workspaces(self, org: Org) -> list[Workspace]:
        return [Workspace(item) for item in self._get_list(f"/orgs/{org.pk}/workspaces")]

    def clusters(self, org: Org, include_service_clusters: bool = False) -> list[Cluster]:
        """The active clusters of an organization in their short form."""
        query = "?include_service_clusters=true" if include_service_clusters else ""
        return [Cluster(item, org) for item in self._get_list(f"/orgs/{org.pk}/clusters{query}")]

    def cluster(self, org: Org, pk: int) -> Cluster:
        """A cluster in its detail form."""
        return Cluster(self._object("GET", f"/orgs/{org.pk}/clusters/{pk}"), org)

    def nodes(self, cluster: Cluster) -> list[Node]:
        return [Node(item) for item in self._get_list(f"{_path(cluster)}/nodes")]

    def node_pools(self, cluster: Cluster) -> list[NodePool]:
        return [NodePool(item) for item in self._get_list(f"{_path(cluster)}/nodepools")]

    def logs(self, cluster: Cluster) -> list[Log]:
        """The build logs of a cluster, newest first."""
        return newest_first(Log(item) for item in self._get_list(f"{_path(cluster)}/logs"))

    def kubeconfig(self, cluster: Cluster) -> bytes:
        """The kubeconfig as the API sends it, unchecked. It is a secret."""
        return self._request("GET", f"{_path(cluster)}/kubeconfig")

    def update_org(self, org: Org, changes: JSON, logo: tuple[str, bytes, str] | None = None) -> Org:
        """Change ``name`` and ``slug``, and ``logo`` to null or a picture. Return the organization as it is now.

        :param logo: the picture's file name, content and media type.
        """
        body = {"data": changes, "files": {"logo": logo}} if logo else {"json": changes}
        return Org({"pk": org.pk, **self._object("PATCH", f"/orgs/{org.pk}", body)})


def _path(cluster: Cluster) -> str:
    return f"/orgs/{cluster.org.pk}/clusters/{cluster.pk}"
