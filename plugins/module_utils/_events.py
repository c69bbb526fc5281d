# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the clusters of two polls, and make events of the differences.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster

Key = t.Tuple[int, int, str]
"""Identifies a cluster: the ``pk`` of its organization, its own ``pk``, and its ``instance_id``.

The ``instance_id`` is empty until the cluster has one. A cluster that is created again with the name of a deleted one
has another key.
"""

Matches = t.Callable[[Cluster], bool]

NOT_COMPARED = ("updated",)
"""Fields of a cluster whose changes are ignored."""

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
"""Characters that can become part of a template, alone or next to other text.

ansible-rulebook evaluates text that looks like a Python literal. So a backslash can encode a brace, and a character
after a quotation mark can become the first character of a text.
"""

MAX_TEXT, MAX_KEY, MAX_NUMBER = 10**7, 10**4, 10**999


class Observed(t.NamedTuple):
    """A cluster as it was at the last poll."""

    cluster: Cluster
    is_followed: bool
    """Whether changes of the cluster cause events."""


Snapshot = t.Dict[Key, Observed]
"""All clusters, followed or not, of all organizations that have ever been read."""


def missing_keys(snapshot: Snapshot, clusters: t.Sequence[Cluster], read_orgs: t.Collection[int]) -> list[Key]:
    """Return the keys of clusters in the snapshot that are no longer listed, although their organization was read.

    :param clusters: all listed clusters.
    :param read_orgs: the ``pk`` of each organization that was read.
    """
    listed = set(_same_clusters(snapshot, [cluster_key(cluster) for cluster in clusters]).values())
    return [key for key in snapshot if key[0] in read_orgs and key not in listed]


def compare(
    snapshot: Snapshot, clusters: t.Sequence[Cluster], gone: t.Collection[Key], matches: Matches, still_matches: Matches
) -> tuple[list[JSON], Snapshot]:
    """Return the events since the snapshot, in order, and the new snapshot.

    A cluster that is in neither ``clusters`` nor ``gone`` is kept in the snapshot unchanged. An event has ``type``,
    ``org`` and ``cluster``; ``cluster_changed`` also has ``changes``.

    :param clusters: the clusters that exist.
    :param gone: the keys of the clusters in the snapshot that certainly no longer exist.
    :param matches: whether the source starts to follow a cluster.
    :param still_matches: whether the source continues to follow a cluster.
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
    """Escape a value so that ansible-rulebook and Ansible can safely use it.

    ``_`` replaces each ``UNSAFE`` character, because ansible-rulebook passes events to playbooks as extra variables,
    which Ansible evaluates as templates. An empty key becomes ``_``, because it would end the rule engine without a
    message. Keys, texts and numbers are limited, because the rule engine drops events with longer ones.
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
    """Return the keys whose clusters are already in the snapshot, each with its key there.

    The two keys differ if a cluster got its ``instance_id`` after the last poll.
    """
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
    """Return the fields that differ, each with ``before`` and ``after``, which is None for a missing field."""
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
    """Return the value with sorted lists, because servers do not always list the same items in the same order."""
    if isinstance(value, list):
        return sorted((_in_order(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, dict):
        return {name: _in_order(item) for name, item in value.items()}
    return value
