# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the build of a cluster has failed.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.module_utils._orgs import concurrently
from ansible_collections.netapp.nks.plugins.module_utils._types import BUILD_EVENTS, Cluster, Log

if t.TYPE_CHECKING:
    from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient


def find_failures(client: NKSClient, clusters: t.Sequence[Cluster]) -> list[Log | None]:
    """The log of the failure of each cluster, or None if it has not failed.

    A build can fail by its logs alone, while the cluster is still ``provisioned``. Only the logs of such clusters, and
    of those that have failed, are requested. Where they give no reason or cannot be read, the log is empty.
    """

    def find(cluster: Cluster) -> Log | None:
        if not cluster.has_failed and cluster.state != "provisioned":
            return None
        try:
            logs = client.logs(cluster)
        except NKSError:
            logs = []
        return newest_failure(logs) if cluster.has_failed or build_has_failed(logs) else None

    return concurrently(find, clusters)


def build_has_failed(logs: t.Sequence[Log]) -> bool:
    """Whether the newest log of a step of the build is a failure.

    :param logs: newest first.
    """
    newest: dict[str, Log] = {}
    for log in logs:
        newest.setdefault(str(log.raw.get("event_type")), log)
    return any(newest[event].is_failure for event in BUILD_EVENTS if event in newest)


def newest_failure(logs: t.Sequence[Log]) -> Log:
    """The newest failure, of the build if there is one. An empty log if nothing has failed.

    :param logs: newest first.
    """
    failures = [log for log in logs if log.is_failure]
    return next((log for log in failures if log.is_of_build), failures[0] if failures else Log({}))
