# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import stat
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.netapp.nks.extensions.eda.plugins.event_source import clusters as source
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, NKSStatusError
from ansible_collections.netapp.nks.plugins.module_utils._state import StateFile
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Log, Org
from ansible_collections.netapp.nks.plugins.module_utils._watch import Memory, Watch
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS
from hypothesis import given, settings
from hypothesis import strategies as st

JSON = t.Dict[str, t.Any]

HISTORIES = int(os.environ.get("NKS_TEST_HISTORIES", "100"))
"""How many histories the property test runs."""


async def run(fake: FakeNKS, found: list[JSON], number: int, **args: t.Any) -> None:
    """Run the source until it has emitted `number` events and polled twice more."""
    queue: asyncio.Queue[JSON] = asyncio.Queue(1)
    given = {"api_token": fake.token, "api_url": fake.url, "api_retries": 0, "interval": 0.01, "orgs": "381", **args}
    task = asyncio.create_task(source.main(queue, given))
    try:
        for _turn in range(number):
            getter = asyncio.create_task(queue.get())
            await asyncio.wait([getter, task], timeout=30, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                await task
            found.append(await getter)
        wanted = len(fake.requests) + 6
        while len(fake.requests) < wanted and not task.done():
            await asyncio.sleep(0.01)
        if task.done():
            await task
        assert queue.empty()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def emitted(fake: FakeNKS, number: int, **args: t.Any) -> list[JSON]:
    found: list[JSON] = []
    asyncio.run(run(fake, found, number, **args))
    return found


def types(events: list[JSON]) -> list[str]:
    return [event["type"] for event in events]


def test_changes_between_two_runs_are_emitted_once(fake: FakeNKS, tmp_path: Path) -> None:
    file = tmp_path / "nks.json"
    assert emitted(fake, 0, state_path=str(file)) == []
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert fake.token not in file.read_text() and "never-show" not in file.read_text()
    fake.change_cluster(1202, is_failed=True)
    fake.delete_cluster(1203)
    found = emitted(fake, 3, state_path=str(file))
    assert types(found) == ["cluster_removed", "cluster_changed", "cluster_failed"]
    assert emitted(fake, 0, state_path=str(file)) == []
    fake.fault("/orgs", "status", status=503)
    (error,) = emitted(fake, 1, state_path=str(file))
    fake.clear_faults()
    (recovered,) = emitted(fake, 1, state_path=str(file))
    assert (recovered["type"], recovered["since"]) == ("source_recovered", error["time"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nks.json", "nks.json.lock"]


@pytest.mark.parametrize(
    ("damage", "args", "reason"),
    [
        (None, {"orgs": "382"}, "it belongs to another endpoint, token or selection"),
        (None, {"states": "running"}, "it belongs to another"),
        (None, {"include_service_clusters": True}, "it belongs to another"),
        (lambda text: text[:-9], {}, "it is not the whole state of an event source"),
        (lambda text: "", {}, "it is not the whole state of an event source"),
        (lambda text: "[]", {}, "its content is not valid"),
        (lambda text: "[" * 10**5, {}, "it is not the whole state"),
        (lambda text: text.replace('"version": 1', '"version": 2'), {}, "another version"),
        (lambda text: text.replace('"pk": 1201', '"pk": "x"'), {}, "it is not the whole state"),
        (lambda text: text.replace('"events": []', '"events": [1]'), {}, "its content is not valid"),
    ],
)
def test_an_unusable_state_causes_a_warning_and_is_replaced(
    fake: FakeNKS,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    damage: t.Callable[[str], str] | None,
    args: JSON,
    reason: str,
) -> None:
    file = tmp_path / "nks.json"
    emitted(fake, 0, state_path=str(file))
    content = (damage or str)(file.read_text())
    file.write_text(content)
    fake.change_cluster(1201, name="renamed")
    fake.change_cluster(1301, name="renamed")
    assert emitted(fake, 0, state_path=str(file), **args) == []
    assert f"nks.json is not used: {reason}" in caplog.text and "The argument initial applies." in caplog.text
    assert (tmp_path / "nks.json.unused").read_text() == content
    caplog.clear()
    assert emitted(fake, 0, state_path=str(file), **args) == []
    assert caplog.text == ""


def test_a_state_of_another_token_is_not_used(fake: FakeNKS, tmp_path: Path) -> None:
    args = {"api_token": fake.token, "api_url": fake.url, "orgs": "381"}
    digests = {
        source.watch_digest(source.read_arguments({**args, **more}))
        for more in ({}, {"api_token": "other"}, {"api_url": "https://other.example"}, {"events": "cluster_added"})
    }
    assert len(digests) == 3  # the types of events do not matter


def test_a_second_source_with_the_same_file_fails_clearly(fake: FakeNKS, tmp_path: Path) -> None:
    file = StateFile(str(tmp_path / "nks.json"))
    with pytest.raises(NKSError, match=r"another source uses .*nks\.json"):
        emitted(fake, 0, state_path=str(tmp_path / "nks.json"))
    file.close()
    file.write({})  # as a late thread may do
    assert not (tmp_path / "nks.json").exists()
    emitted(fake, 0, state_path=str(tmp_path / "nks.json"))


@pytest.mark.parametrize(
    ("path", "message"), [("", "is a directory"), ("missing/nks.json", "No such file or directory")]
)
def test_a_state_path_that_cannot_be_used_ends_the_source(
    fake: FakeNKS, tmp_path: Path, path: str, message: str
) -> None:
    with pytest.raises(NKSError, match=f"state_path: .*{message}"):
        emitted(fake, 0, state_path=f"{tmp_path}/{path}")


def test_a_state_that_cannot_be_written_is_logged_once(
    fake: FakeNKS, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "nks.json.tmp"
    blocked.mkdir()
    assert len(emitted(fake, 5, state_path=str(tmp_path / "nks.json"), initial="all", events="cluster_added")) == 5
    assert caplog.text.count("cannot be written: Is a directory") == 1

    memory = Memory(StateFile(str(tmp_path / "nks.json")), "digest")
    watch = Watch(source.read_arguments({"api_token": fake.token}))
    for number in range(2):
        blocked.rmdir()
        memory.save(watch, [{"id": f"written {number}"}])
        blocked.mkdir()
        memory.save(watch, [{"id": "not written"}])
        memory.save(watch, [{"id": "not written"}])
    assert caplog.text.count("cannot be written: Is a directory") == 3


# Histories: the source is killed at random points and restarted.


class KilledError(Exception):
    """The source is killed."""


class FinishedError(Exception):
    """The history is over."""


ORG = Org({"pk": 1, "name": "One", "slug": "one"})


class World:
    """A fleet that advances through its history with each poll, and the points at which the source is killed."""

    def __init__(self, history: list[list[JSON]], kills: list[int], file: Path) -> None:
        self.history = history
        self.file = file
        self.kills = kills
        self.polls = 0
        self.last_polls = 0
        """Polls after the end of the history, in which the source is not killed."""
        self.emitted: list[JSON] = []

    def point(self) -> None:
        """Kill the source here, if it is time."""
        if self.kills:
            self.kills[0] -= 1
            if self.kills[0] < 0:
                self.kills.pop(0)
                raise KilledError

    def begin_poll(self) -> None:
        if self.file.exists():
            assert json.loads(self.file.read_text())["events"] == []
        if self.last_polls == 2:
            raise FinishedError
        self.point()
        self.polls += 1
        self.last_polls += self.polls > len(self.history) and not self.kills

    @property
    def fleet(self) -> list[Cluster]:
        return [Cluster(raw, ORG) for raw in self.history[min(self.polls, len(self.history)) - 1]]


class Client:
    """The part of a client that a watch uses."""

    def __init__(self, world: World) -> None:
        self.world = world

    def until(self, deadline: t.Any) -> Client:
        return self

    def _answer(self, value: t.Any) -> t.Any:
        self.world.point()
        return value

    def orgs(self) -> list[Org]:
        self.world.begin_poll()
        return self._answer([ORG])

    def clusters(self, org: Org, include_service_clusters: bool) -> list[Cluster]:
        self.world.point()
        return self._answer([cluster for cluster in self.world.fleet if cluster.raw["is_listed"]])

    def cluster(self, org: Org, pk: int) -> Cluster:
        self.world.point()
        found = [cluster for cluster in self.world.fleet if cluster.pk == pk]
        if not found:
            raise NKSStatusError("404", status=404, detail="Not found.")
        return self._answer(found[0])

    def logs(self, cluster: Cluster) -> list[Log]:
        self.world.point()
        return self._answer([])


class Queue(asyncio.Queue):
    """A queue whose consumer takes each item at once."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    async def put(self, item: JSON) -> None:
        self.world.point()
        self.world.emitted.append(json.loads(json.dumps(item)))
        self.world.point()


class File(StateFile):
    world: World

    def write(self, content: t.Any) -> None:
        self.world.point()
        super().write(content)
        self.world.point()


def live(world: World) -> None:
    """Run the source until the history is over. Restart it each time it is killed."""
    arguments = source.read_arguments({"api_token": "x", "initial": "all"})
    while True:
        file = File(str(world.file))
        file.world = world
        client = t.cast(source.NKSClient, Client(world))
        follow = source.follow(Queue(world), Watch(arguments), client, 0, Memory(file, "digest"))
        try:
            asyncio.run(follow)
        except KilledError:
            continue
        except FinishedError:
            return
        finally:
            file.close()


def replay(events: list[JSON]) -> dict[int, JSON]:
    """Return the clusters known to a rule that ignores repeated event IDs."""
    known: dict[int, JSON] = {}
    by_id: dict[str, JSON] = {}
    for event in events:
        if by_id.setdefault(event["id"], event) is not event:
            assert by_id[event["id"]] == event
            continue
        cluster = event["cluster"]
        pk = cluster["pk"]
        if event["type"] == "cluster_added":
            assert pk not in known
            known[pk] = cluster
        elif event["type"] == "cluster_removed":
            assert known.pop(pk) == cluster
        elif event["type"] == "cluster_changed":
            assert {name: known[pk].get(name) for name in event["changes"]} == {
                name: values["before"] for name, values in event["changes"].items()
            }
            known[pk] = {**known[pk], **{name: values["after"] for name, values in event["changes"].items()}}
        assert event["type"] == "cluster_removed" or known[pk] == cluster
    return known


fleets = st.dictionaries(
    st.integers(1, 3),
    st.fixed_dictionaries(
        {
            "name": st.sampled_from("ab"),
            "state": st.sampled_from(["building", "running", "failed"]),
            "is_listed": st.sampled_from([True, True, True, False]),
        }
    ),
).map(lambda fleet: [{"pk": pk, "instance_id": f"i{pk}", **fields} for pk, fields in fleet.items()])


@settings(max_examples=HISTORIES)
@given(st.lists(fleets, min_size=1, max_size=5), st.lists(st.integers(0, 25), max_size=5))
def test_no_event_is_lost_when_the_source_is_killed(history: list[list[JSON]], kills: list[int]) -> None:
    last = [{**cluster, "is_listed": True} for cluster in history[-1]]
    with tempfile.TemporaryDirectory() as folder:
        world = World([*history, last], list(kills), Path(folder, "nks.json"))
        live(world)
    assert replay(world.emitted) == {cluster["pk"]: cluster for cluster in last}
    if not kills:
        assert len({event["id"] for event in world.emitted}) == len(world.emitted)
