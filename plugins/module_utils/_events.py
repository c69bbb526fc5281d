# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened to clusters between two polls.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster

Key = t.Tuple[int, int, str]
"""Identifies a cluster: ``pk`` of its organization, its own ``pk``, and its ``instance_id``, which is empty as long as
the cluster has none. A cluster that is created again under the name of a deleted one has another key."""

Matches = t.Callable[[Cluster], bool]

NOT_COMPARED = ("updated",)
"""Fields of a cluster whose change alone means nothing."""

TYPES = (
    "cluster_added",
    "cluster_changed",
    "cluster_running",
    "cluster_failed",
    "cluster_removed",
    "source_error",
    "source_recovered",
)

UNSAFE = re.compile(r"""[{\\]|(?:^|(?<=['"]))[%#]|j(?=inja2:)""")
"""Characters that can become part of a template, alone or beside other texts.

ansible-rulebook evaluates a text that looks like a Python literal. So a backslash can stand for a brace, and what
follows a quotation mark can become the beginning of a text.
"""

MAX_TEXT, MAX_KEY, MAX_NUMBER = 10**7, 10**4, 10**999


class Observed(t.NamedTuple):
    """A cluster as it was at the last poll."""

    cluster: Cluster
    is_followed: bool
    """Whether its changes are events."""


Snapshot = t.Dict[Key, Observed]
"""All clusters of the organizations that were ever read, followed or not."""


def missing_keys(snapshot: Snapshot, clusters: t.Sequence[Cluster], read_orgs: t.Collection[int]) -> list[Key]:
    """The clusters of the snapshot that are not listed, although their organization was read.

    :param clusters: all clusters that are listed.
    :param read_orgs: ``pk`` of each organization that was read.
    """
    listed = set(_same_clusters(snapshot, [cluster_key(cluster) for cluster in clusters]).values())
    return [key for key in snapshot if key[0] in read_orgs and key not in listed]


def compare(
    snapshot: Snapshot, clusters: t.Sequence[Cluster], gone: t.Collection[Key], matches: Matches, still_matches: Matches
) -> tuple[list[JSON], Snapshot]:
    """The events since the snapshot, in order, and the snapshot now.

    A cluster that is neither in ``clusters`` nor in ``gone`` stays in the snapshot as it was. An event has ``type``,
    ``org`` and ``cluster``; ``cluster_changed`` has ``changes`` too.

    :param clusters: each cluster that exists.
    :param gone: the clusters of the snapshot that certainly no longer exist.
    :param matches: whether the source begins to follow a cluster.
    :param still_matches: whether it goes on following a cluster.
    """
    events = [_event("cluster_removed", snapshot[key]) for key in snapshot if key in gone and snapshot[key].is_followed]
    now = {cluster_key(cluster): cluster for cluster in clusters}
    same = _same_clusters(snapshot, list(now))
    known = {*gone, *same.values()}
    new_snapshot = {key: seen for key, seen in snapshot.items() if key not in known}
    for key, cluster in now.items():
        before = snapshot[same[key]] if key in same else None
        was_followed = before is not None and before.is_followed
        seen = Observed(cluster, matches(cluster) or (was_followed and still_matches(cluster)))
        if seen.is_followed or was_followed:
            events += _events_for(before, seen)
        new_snapshot[key] = seen
    return events, new_snapshot


def escape_event(value: t.Any) -> t.Any:
    """The value as ansible-rulebook and Ansible can safely take it.

    ``_`` replaces each character that is ``UNSAFE``: ansible-rulebook passes events to playbooks as extra variables,
    which Ansible evaluates as templates. An empty key would end the rule engine without a message, and it drops an
    event with a longer key, text or number.
    """
    if isinstance(value, str):
        return UNSAFE.sub("_", value[:MAX_TEXT])
    if isinstance(value, int) and not -MAX_NUMBER < value < MAX_NUMBER:
        return str(value)
    if isinstance(value, list):
        return [escape_event(item) for item in value]
    if isinstance(value, dict):
        return {escape_event(name[:MAX_KEY]) or "_": escape_event(item) for name, item in value.items()}
    return value


def cluster_key(cluster: Cluster) -> Key:
    return cluster.org.pk, cluster.pk, str(cluster.instance_id or "")


def _same_clusters(snapshot: Snapshot, keys: t.Sequence[Key]) -> dict[Key, Key]:
    """The keys of clusters that are in the snapshot already, each with its key there. A cluster may get its instance_id
    only after it was seen."""
    same = {key: key for key in keys if key in snapshot}
    others = {key[:2]: key for key in snapshot if key not in same}
    for key in keys:
        other = others.get(key[:2])
        if key not in same and other and not (key[2] and other[2]):
            same[key] = others.pop(key[:2])
    return same


def _events_for(before: Observed | None, seen: Observed) -> list[JSON]:
    events = []
    if before is None:
        events.append(_event("cluster_added", seen))
    else:
        changes = _changes(before.cluster.raw, seen.cluster.raw)
        if changes:
            events.append(_event("cluster_changed", seen, changes=changes))
    if seen.cluster.is_running and not (before and before.cluster.is_running):
        events.append(_event("cluster_running", seen))
    if seen.cluster.has_failed and not (before and before.cluster.has_failed):
        events.append(_event("cluster_failed", seen))
    return events


def _event(kind: str, seen: Observed, **more: t.Any) -> JSON:
    return {"type": kind, "org": seen.cluster.org.summary(), "cluster": seen.cluster.raw, **more}


def _changes(before: JSON, after: JSON) -> JSON:
    """The fields that differ, each with ``before`` and ``after``. None stands for a field that is not there."""
    names = dict.fromkeys([*after, *before])
    values = {name: {"before": before.get(name), "after": after.get(name)} for name in names}
    return {
        name: value
        for name, value in values.items()
        if name not in NOT_COMPARED
        and value["before"] != value["after"]
        and _in_order(value["before"]) != _in_order(value["after"])
    }


def _in_order(value: t.Any) -> t.Any:
    """The value with sorted lists: servers do not always list the same things in the same order."""
    if isinstance(value, list):
        return sorted((_in_order(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, dict):
        return {name: _in_order(item) for name, item in value.items()}
    return value
