# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened to clusters between two looks at the API. Nothing here asks the API, reads a clock or remembers.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._objects import has_failed, object_pk

Key = t.Tuple[int, int, str]
"""What a cluster is told from others by: ``pk`` of its organization, its own ``pk``, and its ``instance_id``, which is
empty as long as it has none. A cluster that is made again under the name of a deleted one has another key."""

Pair = t.Tuple[JSON, JSON]
"""An organization and one of its clusters."""

Fits = t.Callable[[JSON], bool]

NOT_COMPARED = ("updated",)
"""Fields of a cluster whose change alone means nothing."""

MARKER = re.compile(r"\{(?=[{%#])|#(?=jinja2:)")
"""What makes a template of a text. A first line that begins with ``#jinja2:`` can set other markers."""


class Seen(t.NamedTuple):
    """A cluster as it was seen last."""

    org: JSON
    cluster: JSON
    is_followed: bool
    """Whether what happens to it is told."""


View = t.Dict[Key, Seen]
"""All clusters of the organizations that were ever read, whether followed or not."""


def vanished(view: View, pairs: t.Sequence[Pair], read_orgs: t.Collection[int]) -> list[Key]:
    """The clusters of the view that are not listed, although their organization was read.

    :param pairs: all clusters that are listed.
    :param read_orgs: ``pk`` of each organization that was read.
    """
    listed = set(_same_clusters(view, [_key(*pair) for pair in pairs]).values())
    return [key for key in view if key[0] in read_orgs and key not in listed]


def compare(
    view: View, pairs: t.Sequence[Pair], gone: t.Collection[Key], fits: Fits, stays: Fits
) -> tuple[list[JSON], View]:
    """What happened since the view, as events in the order in which they are told, and the view now.

    A cluster of the view that is neither in ``pairs`` nor ``gone`` is not known about: it stays in the view as it was.
    An event has ``type``, ``org`` and ``cluster``; ``cluster_changed`` has ``changes`` too.

    :param pairs: each cluster that is there.
    :param gone: the clusters of the view that are certainly gone.
    :param fits: tells whether a cluster begins to be followed.
    :param stays: tells whether a cluster that is followed stays so.
    """
    events = [_event("cluster_removed", view[key]) for key in view if key in gone and view[key].is_followed]
    now = {_key(org, cluster): (org, cluster) for org, cluster in pairs}
    same = _same_clusters(view, list(now))
    known = {*gone, *same.values()}
    new_view = {key: seen for key, seen in view.items() if key not in known}
    for key, (org, cluster) in now.items():
        before = view[same[key]] if key in same else None
        was_followed = before is not None and before.is_followed
        seen = Seen(org, cluster, fits(cluster) or (was_followed and stays(cluster)))
        if seen.is_followed or was_followed:
            events += _told(before, seen)
        new_view[key] = seen
    return events, new_view


def harmless(value: t.Any) -> t.Any:
    """The value with ``_`` in the place of the first character of each marker of Jinja, in whatever text of it.

    ansible-rulebook passes an event to a playbook as extra variables, and Ansible takes those for templates.
    """
    if isinstance(value, str):
        return MARKER.sub("_", value)
    if isinstance(value, list):
        return [harmless(item) for item in value]
    if isinstance(value, dict):
        return {harmless(name): harmless(item) for name, item in value.items()}
    return value


def _key(org: JSON, cluster: JSON) -> Key:
    return object_pk(org, "an organization"), object_pk(cluster, "a cluster"), str(cluster.get("instance_id") or "")


def _same_clusters(view: View, keys: t.Sequence[Key]) -> dict[Key, Key]:
    """The keys of clusters that are in the view already, each with its key there. A cluster may get its instance_id
    only after it was seen."""
    same = {key: key for key in keys if key in view}
    others = {key[:2]: key for key in view if key not in same}
    for key in keys:
        other = others.get(key[:2])
        if key not in same and other and not (key[2] and other[2]):
            same[key] = others.pop(key[:2])
    return same


def _told(before: Seen | None, seen: Seen) -> list[JSON]:
    events = []
    if before is None:
        events.append(_event("cluster_added", seen))
    else:
        changes = _changes(before.cluster, seen.cluster)
        if changes:
            events.append(_event("cluster_changed", seen, changes=changes))
    if _is_running(seen.cluster) and not (before and _is_running(before.cluster)):
        events.append(_event("cluster_running", seen))
    if has_failed(seen.cluster) and not (before and has_failed(before.cluster)):
        events.append(_event("cluster_failed", seen))
    return events


def _event(kind: str, seen: Seen, **more: t.Any) -> JSON:
    return {"type": kind, "org": seen.org, "cluster": seen.cluster, **more}


def _is_running(cluster: JSON) -> bool:
    return cluster.get("state") == "running" and not has_failed(cluster)


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
    """The value with its lists in an order of their own: servers list the same things in another order now and then."""
    if isinstance(value, list):
        return sorted((_in_order(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, dict):
        return {name: _in_order(item) for name, item in value.items()}
    return value
