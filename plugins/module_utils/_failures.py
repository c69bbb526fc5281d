# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the build of a cluster has failed.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._objects import has_failed, object_pk
from ansible_collections.netapp.nks.plugins.module_utils._orgs import concurrently

if t.TYPE_CHECKING:
    from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient

BUILD_EVENTS = ("provider_build", "k8s_node_config")
"""Types of the build logs whose failure means that the cluster will not run."""


def find_failures(client: NKSClient, pairs: t.Sequence[tuple[JSON, JSON]]) -> list[str | None]:
    """Of each cluster, None if it has not failed, else the reason that its build logs give, which may be empty.

    The logs tell of a failed build while the cluster is still ``provisioned``. Only the logs of such clusters, and of
    those that have failed, are requested. Logs that cannot be read give no reason.
    """

    def find(pair: tuple[JSON, JSON]) -> str | None:
        org, cluster = pair
        is_certain = has_failed(cluster)
        if not is_certain and cluster.get("state") != "provisioned":
            return None
        try:
            logs = client.logs(object_pk(org, "an organization"), object_pk(cluster, "a cluster"))
        except NKSError:
            logs = []
        return failure_reason(logs) if is_certain or build_has_failed(logs) else None

    return concurrently(find, pairs)


def build_has_failed(logs: list[JSON]) -> bool:
    """Whether the newest log of a step of the build tells of a failure."""
    newest: JSON = {}
    for log in newest_first(logs):
        newest.setdefault(str(log.get("event_type")), log.get("event_state"))
    return any(newest.get(event) == "failure" for event in BUILD_EVENTS)


def failure_reason(logs: list[JSON]) -> str:
    """The message of the newest failure, of the build if there is one. Empty where no log tells of a failure."""
    failures = [log for log in newest_first(logs) if log.get("event_state") == "failure"]
    of_build = [log for log in failures if log.get("event_type") in BUILD_EVENTS]
    return next((one_line(str(log.get("message") or ""), 300) for log in of_build + failures), "")


def newest_first(logs: list[JSON]) -> list[JSON]:
    """Build logs by ``created``, those without it last. Logs of the same time stay in the order of the server."""
    return sorted(logs, key=lambda log: str(log.get("created") or "").rstrip("Z"), reverse=True)
