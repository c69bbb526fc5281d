# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find out from the build logs why the build of a cluster failed.

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
    """Return the log of the failure of each cluster, or None for a cluster that has not failed.

    Request the logs of clusters that are ``provisioned`` or have failed: while a cluster is ``provisioned``, only its
    logs show that the build has failed. If the logs of a cluster that has failed give no reason or cannot be read, the
    returned log is empty.
    """

    def find(cluster: Cluster) -> Log | None:
        if not cluster.has_failed and cluster.state != "provisioned":
            return None
        try:
            logs = client.logs(cluster)
        except NKSError:
            logs = []
        return newest_failure(logs) if cluster.has_failed or _build_has_failed(logs) else None

    return concurrently(find, clusters)


def find_failure(client: NKSClient, cluster: Cluster, logs_after: float | None) -> Log | None:
    """Return the log of the failed build or upgrade.

    :param logs_after: ignore logs of an upgrade that are not newer, in seconds since 1970. None without an upgrade.
    """
    if logs_after is None or cluster.has_failed:
        return find_failures(client, [cluster])[0]
    logs = [log for log in client.logs(cluster) if log.created > logs_after]
    return newest_failure(logs) if _build_has_failed(logs) else None


def step_has_succeeded(client: NKSClient, cluster: Cluster, event_type: t.Any) -> bool:
    """Return whether the logs show that this step of the build succeeded at some time."""
    logs = [log.raw for log in client.logs(cluster)]
    return any(log.get("event_type") == event_type and log.get("event_state") == "success" for log in logs)


def _build_has_failed(logs: t.Sequence[Log]) -> bool:
    """Return whether the newest log of any build step is a failure.

    :param logs: newest first.
    """
    newest: dict[str, Log] = {}
    for log in logs:
        newest.setdefault(str(log.raw.get("event_type")), log)
    return any(newest[event].is_failure for event in BUILD_EVENTS if event in newest)


def newest_failure(logs: t.Sequence[Log]) -> Log:
    """Return the newest failure of the build, else the newest failure of anything else, else an empty log.

    :param logs: newest first.
    """
    failures = [log for log in logs if log.is_failure]
    return next((log for log in failures if log.is_of_build), failures[0] if failures else Log({}))
