# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ast
import random
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSPayloadError
from ansible_collections.netapp.nks.plugins.module_utils._events import (
    Key,
    Observed,
    Snapshot,
    compare,
    escape_event,
    missing_keys,
)
from ansible_collections.netapp.nks.plugins.module_utils._fleet import cluster_filter
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Org, has_failed
from hypothesis import assume, example, given
from hypothesis import strategies as st

JSON = t.Dict[str, t.Any]

ORG = Org({"pk": 1, "name": "One", "slug": "one"})
OTHER_ORG = Org({"pk": 2, "name": "Two", "slug": "two"})


def any_cluster(cluster: Cluster) -> bool:
    return True


def cluster(pk: int = 7, **fields: t.Any) -> JSON:
    return {"pk": pk, "instance_id": f"spc{pk}", "name": "prod", "state": "building", "is_failed": False, **fields}


def of_org(clusters: t.Iterable[JSON]) -> list[Cluster]:
    return [Cluster(raw, ORG) for raw in clusters]


def snapshot_of(*clusters: JSON) -> Snapshot:
    return compare({}, of_org(clusters), (), any_cluster, any_cluster)[1]


def events_of(snapshot: Snapshot, *clusters: JSON, gone: t.Collection[Key] = ()) -> list[JSON]:
    return compare(snapshot, of_org(clusters), gone, any_cluster, any_cluster)[0]


def types(events: list[JSON]) -> list[str]:
    return [event["type"] for event in events]


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (None, {"state": "building"}, ["cluster_added"]),
        (None, {"state": "running"}, ["cluster_added", "cluster_running"]),
        (None, {"is_failed": True}, ["cluster_added", "cluster_failed"]),
        ({}, {}, []),
        ({}, {"state": "running"}, ["cluster_changed", "cluster_running"]),
        ({}, {"is_failed": True}, ["cluster_changed", "cluster_failed"]),
        ({}, {"state": "failed"}, ["cluster_changed", "cluster_failed"]),
        ({}, {"state": "running", "is_failed": True}, ["cluster_changed", "cluster_failed"]),
        ({"state": "running", "is_failed": True}, {"state": "running"}, ["cluster_changed", "cluster_running"]),
        ({"is_failed": True}, {"state": "failed", "is_failed": True}, ["cluster_changed"]),
        ({"state": "running"}, {"state": "running", "node_count": 4}, ["cluster_changed"]),
        ({"state": "running"}, {"state": "deleting"}, ["cluster_changed"]),
        ({}, {"name": "renamed"}, ["cluster_changed"]),
        ({"updated": "2019-01-31T18:31:21Z"}, {"updated": "2019-02-01T18:31:21Z"}, []),
        ({"zone": None}, {}, []),
    ],
)
def test_the_events_of_one_cluster(before: JSON | None, after: JSON, wanted: list[str]) -> None:
    snapshot = {} if before is None else snapshot_of(cluster(**before))
    events = events_of(snapshot, cluster(**after))
    assert types(events) == wanted
    assert all(event["cluster"] == cluster(**after) and event["org"] == ORG.summary() for event in events)


def test_a_change_has_values_before_and_after() -> None:
    snapshot = snapshot_of(cluster(k8s_version="v1.14.8", node_count=3, zone="a"))
    (changed, running) = events_of(
        snapshot, cluster(k8s_version="v1.15.5", node_count=3, state="running", channel="stable")
    )
    assert changed["changes"] == {
        "state": {"before": "building", "after": "running"},
        "k8s_version": {"before": "v1.14.8", "after": "v1.15.5"},
        "zone": {"before": "a", "after": None},
        "channel": {"before": None, "after": "stable"},
    }
    assert "changes" not in running


def test_the_order_of_clusters_and_of_lists_in_them_is_not_a_change() -> None:
    solutions = [{"pk": 1, "state": "installed"}, {"pk": 2, "state": "draft"}]
    first, second = cluster(1, solutions=solutions), cluster(2, version_migrations=["v1.15.3", "v1.15.5"])
    snapshot = snapshot_of(first, second)
    second = {**second, "version_migrations": ["v1.15.5", "v1.15.3"]}
    assert events_of(snapshot, second, {**first, "solutions": solutions[::-1]}) == []
    assert types(events_of(snapshot, second, {**first, "solutions": solutions[1:]})) == ["cluster_changed"]


def test_only_deleted_clusters_are_removed_and_not_all_unlisted_ones() -> None:
    snapshot = snapshot_of(cluster(1), cluster(2), cluster(3))
    assert missing_keys(snapshot, of_org([cluster(2)]), {1}) == [(1, 1, "spc1"), (1, 3, "spc3")]
    assert missing_keys(snapshot, [], {2}) == []
    events, now = compare(snapshot, of_org([cluster(2)]), [(1, 3, "spc3")], any_cluster, any_cluster)
    assert types(events) == ["cluster_removed"] and events[0]["cluster"] == cluster(3)
    assert set(now) == {(1, 1, "spc1"), (1, 2, "spc2")}
    assert compare(now, of_org([cluster(1), cluster(2)]), (), any_cluster, any_cluster)[0] == []


def test_a_recreated_cluster_with_the_same_name_is_removed_and_added() -> None:
    snapshot = snapshot_of(cluster(7, state="running"))
    (gone,) = missing_keys(snapshot, of_org([cluster(8)]), {1})
    events = events_of(snapshot, cluster(8), gone=[gone])
    assert [(event["type"], event["cluster"]["pk"]) for event in events] == [
        ("cluster_removed", 7),
        ("cluster_added", 8),
    ]


def test_a_reused_id_does_not_make_two_clusters_the_same() -> None:
    other = cluster(7, instance_id="spcother")
    snapshot = snapshot_of(cluster(7))
    assert missing_keys(snapshot, of_org([other]), {1}) == [(1, 7, "spc7")]
    assert types(events_of(snapshot, other, gone=[(1, 7, "spc7")])) == ["cluster_removed", "cluster_added"]


@pytest.mark.parametrize("missing", ["", None])
def test_an_instance_id_that_appears_later_is_a_change(missing: str | None) -> None:
    snapshot = snapshot_of(cluster(7, instance_id=missing))
    assert missing_keys(snapshot, of_org([cluster(7)]), {1}) == []
    (changed,) = events_of(snapshot, cluster(7))
    assert changed["changes"] == {"instance_id": {"before": missing, "after": "spc7"}}
    assert missing_keys(snapshot_of(cluster(7)), of_org([cluster(7, instance_id=missing)]), {1}) == []


def test_a_cluster_without_an_id_is_an_error() -> None:
    with pytest.raises(NKSPayloadError, match="a cluster without a numeric pk"):
        events_of({}, {"name": "prod"})


MATCHES = cluster_filter(states=["running"], regions=["here"])
STILL_MATCHES = cluster_filter(regions=["here"])


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        # A cluster that ran stays followed as long as its other fields match.
        (
            ["building", "running", "deleting", None],
            [[], ["cluster_changed", "cluster_running"], ["cluster_changed"], ["cluster_removed"]],
        ),
        (["building", "deleting", None], [[], [], []]),
        (["running here", "running there", None], [["cluster_added", "cluster_running"], ["cluster_changed"], []]),
        (["running there", "running here"], [[], ["cluster_changed"]]),
    ],
)
def test_a_selection_determines_which_clusters_are_followed(steps: list[str | None], wanted: list[list[str]]) -> None:
    snapshot: Snapshot = {}
    for step, types_wanted in zip(steps, wanted):
        state, _dummy, region = (step or "").partition(" ")
        there = of_org([cluster(state=state, region=region or "here")] if step else [])
        events, snapshot = compare(snapshot, there, missing_keys(snapshot, there, {1}), MATCHES, STILL_MATCHES)
        assert types(events) == types_wanted, step


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("{{ lookup('pipe', 'id') }}", "__ lookup('pipe', 'id') }}"),
        ({"{{ a }}": ["{% b", {"c": "{# d"}], "": 1}, {"__ a }}": ["_% b", {"c": "_# d"}], "_": 1}),
        ("#jinja2: variable_start_string:'['\n[x]", "__inja2: variable_start_string:'['\n[x]"),
        (r"'\x7b\x7b 1 \x7d\x7d'", "'_x7b_x7b 1 _x7d_x7d'"),
        ("100 % } a} #1 Shop — Zürich", "100 % } a} #1 Shop — Zürich"),
        (
            {"k" * 60000: ["x" * (2 * 10**7), 10**1000, 10**998]},
            {"k" * 10**4: ["x" * 10**7, "1" + "0" * 1000, 10**998]},
        ),
        (None, None),
    ],
)
def test_texts_cannot_be_templates(value: t.Any, wanted: t.Any) -> None:
    assert escape_event(value) == wanted


texts = st.lists(st.sampled_from([*"{%#'\\ a", '"', "{{", "'#jin", "' '", "jinja2:", r"\x7b", r"\u007b", r"\43"])).map(
    "".join
)


literals = st.sampled_from(["", "", *"{}' ", '"'])


@given(st.lists(st.tuples(literals, texts), min_size=1, max_size=3), literals)
@example([("", "x{"), ("", "{ lookup('pipe', 'id') }}")], "")
@example([("{", "% if x %}")], "")
@example([("", r"'\x7b\x7b lookup() }}'")], "")
@example([("", "'a{' '{ lookup() }}'")], "")
@example([("", "'#jin' 'ja2: x'")], "")
@example([("#", "jinja2: x")], "")
def test_joined_texts_and_literals_cannot_be_templates(parts: list[tuple[str, str]], end: str) -> None:
    """This also holds after ansible-rulebook evaluates them as Python literals, as Jinja2 does for native types."""
    assume("{{" not in "".join(literal for literal, _text in parts) + end)  # a template that the user wrote
    joined = "".join(literal + escape_event(text) for literal, text in parts) + end
    try:
        evaluated = ast.literal_eval(joined)
    except (SyntaxError, ValueError):
        evaluated = joined
    for text in (joined, str(evaluated)):
        assert not any(marker in text for marker in ("{{", "{%", "{#")) and not text.startswith("#jinja2:")


# Sequences of polls of fleets that change arbitrarily. Some polls see only a part of the fleet.

FIELDS: JSON = {
    "pk": st.integers(1, 4),
    "instance_id": st.sampled_from(["a", "a", "a", "b", "", None]),
    "name": st.sampled_from(["prod", "test"]),
    "state": st.sampled_from(["draft", "building", "running", "running", "deleting", "failed"]),
    "is_failed": st.sampled_from([False, False, True]),
}
MORE_FIELDS: JSON = {
    "region": st.sampled_from(["here", "there"]),
    "solutions": st.lists(st.sampled_from([{"pk": 1}, {"pk": 2}]), unique_by=str),
}
clusters = st.fixed_dictionaries(FIELDS, optional=MORE_FIELDS)


class Poll(t.NamedTuple):
    there: list[Cluster]
    """All clusters that exist."""
    read_orgs: set[int]
    is_listed: list[bool]
    is_answered: list[bool]
    """Whether each lookup of an unlisted cluster is answered."""
    seed: int


def one_each(clusters: list[Cluster]) -> bool:
    return len({(cluster.org.pk, cluster.pk) for cluster in clusters}) == len(clusters)


polls = st.lists(
    st.builds(
        Poll,
        st.lists(st.builds(Cluster, clusters, st.sampled_from([ORG, OTHER_ORG])), max_size=5).filter(one_each),
        st.sets(st.sampled_from([1, 2])),
        st.lists(st.sampled_from([True, True, True, False]), min_size=5, max_size=5),
        st.lists(st.booleans(), min_size=10, max_size=10),
        st.integers(0, 9),
    ),
    max_size=6,
)


def polled(poll: Poll, snapshot: Snapshot) -> tuple[list[Cluster], list[Key]]:
    """Return what the source passes to compare(): the clusters that it sees, and those known to be gone."""
    listed = [one for one, is_listed in zip(poll.there, poll.is_listed) if is_listed and one.org.pk in poll.read_orgs]
    random.Random(poll.seed).shuffle(listed)
    gone = []
    for key, answered in zip(missing_keys(snapshot, listed, poll.read_orgs), poll.is_answered):
        found = [one for one in poll.there if (one.org.pk, one.pk) == key[:2]]
        same = [one for one in found if not (key[2] and one.instance_id) or one.instance_id == key[2]]
        if answered and not same:
            gone.append(key)
    return listed, gone


def key_of(event: JSON) -> Key:
    return event["org"]["pk"], event["cluster"]["pk"], event["cluster"]["instance_id"] or ""


def former_keys(events: list[JSON]) -> dict[Key, Key]:
    """Map the current keys of clusters to their keys before these events, where they differ."""
    changed = [(key_of(event), event["changes"].get("instance_id")) for event in events if "changes" in event]
    return {key: (*key[:2], change["before"] or "") for key, change in changed if change}


def replay(state: dict[Key, JSON], events: list[JSON]) -> dict[Key, JSON]:
    """Apply the events to a state. Check that each is consistent with those before it."""
    state = dict(state)
    former = former_keys(events)
    for event in events:
        after = event["cluster"]
        key = key_of(event)
        if event["type"] == "cluster_added":
            assert key not in state
            state[key] = after
        elif event["type"] == "cluster_removed":
            assert sorted_lists(state.pop(key)) == sorted_lists(after)
        elif event["type"] == "cluster_changed":
            old = state.pop(former.get(key, key))
            for field, values in event["changes"].items():
                assert sorted_lists(old.get(field)) == sorted_lists(values["before"]) != sorted_lists(values["after"])
            state[key] = {**old, **{field: values["after"] for field, values in event["changes"].items()}}
        else:
            assert event["type"] in ("cluster_running", "cluster_failed") and key in state
    return state


def sorted_lists(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {name: sorted_lists(item) for name, item in value.items() if item is not None}
    return sorted(map(repr, value)) if isinstance(value, list) else value


def clusters_of(snapshot: Snapshot) -> dict[Key, JSON]:
    return {key: seen.cluster.raw for key, seen in snapshot.items()}


def runs(one: JSON) -> bool:
    return one["state"] == "running" and not has_failed(one)


@given(polls)
def test_replaying_all_events_gives_the_last_snapshot(sequence: list[Poll]) -> None:
    snapshot: Snapshot = {}
    state: dict[Key, JSON] = {}
    for poll in sequence:
        listed, gone = polled(poll, snapshot)
        before = snapshot
        events, snapshot = compare(before, listed, gone, any_cluster, any_cluster)
        known, state = state, replay(state, events)
        assert sorted_lists(state) == sorted_lists(clusters_of(snapshot))
        # The snapshot has the clusters seen now, and otherwise those known before; nothing else changes.
        former = former_keys(events)
        assert set(before) - set(snapshot) == {*gone, *former.values()}
        assert all(Observed(one, True) in snapshot.values() for one in listed)
        assert all(snapshot[key] == before[key] for key in before if key[0] not in poll.read_orgs)
        # Each cluster that began to run or to fail is reported once.
        for kind, is_so in (("cluster_running", runs), ("cluster_failed", has_failed)):
            told_of = [key_of(event) for event in events if event["type"] == kind]
            were = {key for key, one in known.items() if key not in gone and is_so(one)}
            begun = [key for key, one in state.items() if is_so(one) and former.get(key, key) not in were]
            assert sorted(told_of) == sorted(begun)
        # A second poll of the same fleet has no events.
        assert compare(snapshot, listed, (), any_cluster, any_cluster)[0] == []


@given(polls)
def test_a_selection_gives_the_same_events_for_fewer_clusters(sequence: list[Poll]) -> None:
    everything: Snapshot = {}
    selected: Snapshot = {}
    followed: set[Key] = set()
    for poll in sequence:
        listed, gone = polled(poll, everything)
        all_events, everything = compare(everything, listed, gone, any_cluster, any_cluster)
        events, selected = compare(selected, listed, gone, MATCHES, STILL_MATCHES)
        assert clusters_of(selected) == clusters_of(everything)
        former = former_keys(all_events)
        now = {key for key, seen in selected.items() if seen.is_followed}
        assert events == [
            event
            for event in all_events
            for key in [key_of(event)]
            if former.get(key, key) in followed or (key in now and event["type"] != "cluster_removed")
        ]
        for key, seen in selected.items():
            assert seen.is_followed == (
                MATCHES(seen.cluster) or (former.get(key, key) in followed and STILL_MATCHES(seen.cluster))
            )
        followed = now
