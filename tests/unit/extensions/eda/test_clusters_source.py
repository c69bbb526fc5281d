# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import asyncio
import functools
import json
import logging
import re
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.netapp.nks.extensions.eda.plugins.event_source import clusters as source
from ansible_collections.netapp.nks.plugins.module_utils import _watch
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]
Poll = t.Callable[[], t.List[JSON]]
Watching = t.Callable[..., Poll]

COLLECTION = Path(source.__file__).parents[4]
LIST = "/orgs/381/clusters"


@pytest.fixture(name="watching")
def watching_fixture(fake: FakeNKS, connect: t.Callable[..., NKSClient]) -> Watching:
    """Return a function that makes polling functions, by default for organization 381."""

    def watching(**args: t.Any) -> Poll:
        arguments = source.read_arguments({"api_token": fake.token, "api_url": fake.url, "orgs": ["381"], **args})
        return functools.partial(source.Watch(arguments).poll, connect())

    return watching


def cluster(pk: int = 7, **fields: t.Any) -> JSON:
    return {"pk": pk, "instance_id": f"spc{pk}", "name": "prod", "state": "building", "is_failed": False, **fields}


def serve(fake: FakeNKS, *clusters: JSON, **of_their_own: JSON | int) -> None:
    """Make the organization list these clusters. Set answers for other clusters with `of_their_own`.

    Such an answer is an object or a status. All other clusters answer 404.
    """
    fake.clear_faults()
    fake.fault(LIST, "body", body=json.dumps(clusters))
    for name, answer in of_their_own.items():
        path = f"{LIST}/{name.lstrip('_')}"
        if isinstance(answer, int):
            fake.fault(path, "status", status=answer)
        else:
            fake.fault(path, "body", body=json.dumps(answer))


def types(events: list[JSON]) -> list[str]:
    return [event["type"] for event in events]


def paths(fake: FakeNKS) -> list[str]:
    return [entry["path"] for entry in fake.requests]


def test_each_event_has_type_time_organization_and_cluster(fake: FakeNKS, watching: Watching) -> None:
    poll = watching()
    serve(fake, cluster(7))
    assert poll() == []
    serve(fake, cluster(7, state="running"))
    changed, running = poll()
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", running.pop("time"))
    assert running.pop("id") != changed["id"]
    org = {"pk": 381, "name": "My Organization", "slug": "my-organization"}
    assert running == {"type": "cluster_running", "org": org, "cluster": cluster(7, state="running")}
    assert changed["changes"] == {"state": {"before": "building", "after": "running"}}


def test_initial_all_emits_events_for_existing_clusters(fake: FakeNKS, watching: Watching) -> None:
    there = [cluster(7), cluster(8, state="running"), cluster(9, is_failed=True)]
    serve(fake, *there)
    assert watching()() == []
    told = watching(initial="all")()
    assert [(event["type"], event["cluster"]["pk"]) for event in told] == [
        ("cluster_added", 7),
        ("cluster_added", 8),
        ("cluster_running", 8),
        ("cluster_added", 9),
        ("cluster_failed", 9),
    ]


def test_a_poll_makes_one_request_per_organization(fake: FakeNKS, watching: Watching) -> None:
    poll = watching(orgs=["381", "382"])
    for turn in range(3):
        poll()
        assert sorted(paths(fake)[turn * 3 :]) == ["/orgs", LIST, "/orgs/382/clusters"]


@pytest.mark.parametrize("answer", [403, 404, 500, 503, cluster(7)])
def test_an_unlisted_cluster_is_removed_only_after_a_404_of_the_api(
    fake: FakeNKS, watching: Watching, answer: JSON | int
) -> None:
    poll = watching()
    serve(fake, cluster(7), cluster(8))
    poll()
    serve(fake, cluster(8), _7=answer)
    assert poll() == poll() == []
    serve(fake, cluster(7), cluster(8))
    assert poll() == []
    serve(fake, cluster(8))
    (removed,) = poll()
    assert removed["type"] == "cluster_removed" and removed["cluster"] == cluster(7)
    assert poll() == []
    assert paths(fake).count(f"{LIST}/7") == 3


def test_an_unlisted_cluster_with_an_odd_instance_id_is_not_removed(fake: FakeNKS, watching: Watching) -> None:
    poll = watching()
    serve(fake, cluster(7, instance_id=5))
    poll()
    serve(fake, _7=cluster(7, instance_id=5))
    assert poll() == []


def test_an_unlisted_cluster_can_still_change(fake: FakeNKS, watching: Watching) -> None:
    poll = watching()
    secret = [{"pk": 1, "username": "never-show", "password": "never-show"}]
    serve(fake, cluster(7, state="running", solutions=[{"pk": 1}]))
    poll()
    serve(fake, _7=cluster(7, state="deleting", solutions=secret, owner=3))
    (changed,) = poll()
    assert changed["changes"] == {"state": {"before": "running", "after": "deleting"}}
    assert "never-show" not in json.dumps(changed) and "owner" not in changed["cluster"]


def test_a_new_cluster_with_the_same_id_is_another_cluster(fake: FakeNKS, watching: Watching) -> None:
    poll = watching()
    serve(fake, cluster(7))
    poll()
    again = cluster(7, instance_id="spcagain")
    serve(fake, again, _7=again)
    removed, added = poll()
    assert (removed["type"], removed["cluster"]["instance_id"]) == ("cluster_removed", "spc7")
    assert (added["type"], added["cluster"]["instance_id"]) == ("cluster_added", "spcagain")


def test_unlisted_clusters_are_looked_up_in_turn(
    fake: FakeNKS, watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_watch, "MAX_LOOKUPS", 2)
    poll = watching()
    there = [cluster(pk) for pk in range(1, 6)]
    serve(fake, *there)
    poll()
    serve(fake, **{f"_{pk}": 500 if pk % 2 else cluster(pk) for pk in (1, 2, 3, 4)})
    told = [poll() for _turn in range(3)]
    assert [types(events) for events in told] == [[], [], ["cluster_removed"]]
    assert sorted(path for path in paths(fake) if path.startswith(f"{LIST}/")) == [
        f"{LIST}/{pk}" for pk in (1, 1, 2, 3, 4, 5)
    ]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"kind": "status", "status": 503, "body": "<h1>Outage</h1>"}, 503),
        ({"kind": "status", "status": 401}, 401),
        ({"kind": "status", "status": 403}, 403),
        ({"kind": "body", "body": "<h1>Login</h1>"}, 200),
        ({"kind": "short_body"}, None),
        ({"kind": "reset"}, None),
    ],
)
def test_an_outage_is_reported_once_and_no_event_is_lost(
    fake: FakeNKS, watching: Watching, caplog: pytest.LogCaptureFixture, fault: JSON, status: int | None
) -> None:
    poll = watching()
    serve(fake, cluster(7), cluster(8))
    poll()
    serve(fake)
    fake.clear_faults()
    fake.fault("/orgs.*", **fault)
    (error,) = poll()
    assert error["type"] == "source_error" and error["status"] == status and "org" not in error
    assert "GET http" in error["message"]
    assert poll() == []
    serve(fake, cluster(7, state="running"), cluster(9))
    recovered, *events = poll()
    assert recovered["type"] == "source_recovered" and recovered["since"] == error["time"]
    assert types(events) == ["cluster_removed", "cluster_changed", "cluster_running", "cluster_added"]
    assert "The API is available again." in caplog.text
    assert poll() == []


def test_an_outage_that_begins_during_a_poll_is_reported_once(fake: FakeNKS, watching: Watching) -> None:
    poll = watching(orgs=["381", "382"])
    poll()
    fake.fault("/orgs/.*", "status", status=502)
    (error,) = poll()
    assert error["type"] == "source_error" and "org" not in error
    fake.fault("/orgs", "status", status=502)
    assert poll() == []
    fake.clear_faults()
    assert types(poll()) == ["source_recovered"]


def test_clusters_that_exist_after_an_initial_outage_are_not_new(fake: FakeNKS, watching: Watching) -> None:
    poll = watching()
    fake.fault("/orgs", "status", status=503, times=1)
    assert types(poll()) == ["source_error"]
    assert types(poll()) == ["source_recovered"]
    serve(fake, cluster(7))
    assert types(poll())[-1] == "cluster_added"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"api_token": "wrong"}, "status 401"),
        ({"orgs": ["nowhere"]}, "The token sees no organization with the ID, slug or name 'nowhere'"),
        ({"orgs": ["390"]}, "status 403"),
        ({"orgs": ["381", "390"]}, "status 403"),
    ],
)
def test_a_permanent_failure_ends_the_source_at_its_start(
    fake: FakeNKS, args: JSON, message: str, pauses: list[float]
) -> None:
    given = {"api_token": fake.token, "api_url": fake.url, **args}
    with pytest.raises(NKSError, match=message):
        asyncio.run(asyncio.wait_for(source.main(asyncio.Queue(), given), 30))


def test_an_organization_that_becomes_unreadable_is_reported_and_keeps_its_clusters(
    fake: FakeNKS, watching: Watching, caplog: pytest.LogCaptureFixture
) -> None:
    poll = watching(orgs=None)
    assert poll() == []
    assert "Skipped organization 390 (Partner Labs)" in caplog.text
    fake.fault(LIST, "status", status=403, body='{"detail": "No."}')
    (error,) = poll()
    assert (error["type"], error["org"]["pk"], error["status"]) == ("source_error", 381, 403)
    assert error["message"] == "The token may no longer read organization 381 (My Organization): No."
    assert poll() == []
    fake.clear_faults()
    fake.fault("/orgs", "body", body=json.dumps([{"pk": 382}, {"pk": 383}]))
    assert poll() == []
    fake.clear_faults()
    (recovered,) = poll()
    assert (recovered["type"], recovered["org"]["pk"]) == ("source_recovered", 381)
    assert recovered["since"] == error["time"]
    assert "Organization 381 (My Organization) is available again." in caplog.text
    fake.fault("/orgs", "body", body=json.dumps([{"pk": 381}, {"pk": 383}]))
    (error,) = poll()
    assert (error["org"]["name"], error["status"]) == ("Acme Retail", None)
    assert caplog.text.count("Partner Labs") == 1


@pytest.mark.parametrize(
    ("logs", "reason"),
    [
        (None, "The provider has no capacity for this instance size"),
        ([], None),
        ([{"event_type": "k8s_node_config", "event_state": "failure", "message": "No route"}], "No route"),
        ([{"event_type": "provider_build", "event_state": "started", "message": "Begun"}], None),
    ],
)
def test_a_failure_has_the_reason_of_the_build_log(
    fake: FakeNKS, watching: Watching, logs: list[JSON] | None, reason: str | None
) -> None:
    poll = watching()
    poll()
    fake.change_cluster(1202, is_failed=True, **({} if logs is None else {"logs": logs}))
    changed, failed = poll()
    assert (changed["type"], failed["type"], failed["reason"]) == ("cluster_changed", "cluster_failed", reason)
    assert "reason" not in changed
    assert poll() == []
    assert [path for path in paths(fake) if path.endswith("/logs")] == [f"{LIST}/1202/logs"]


FAULTS: list[JSON] = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 403, "body": '{"detail": "No (request 1)."}'},
    {"kind": "body", "body": "<h1>Login</h1>"},
    {"kind": "body", "body": "{}"},
    {"kind": "body", "body": "[1]"},
    {"kind": "short_body"},
    {"kind": "reset"},
]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("path", [f"{LIST}/1202/logs", f"{LIST}/1203", LIST])
def test_each_request_of_a_poll_fails_alone(
    fake: FakeNKS, watching: Watching, caplog: pytest.LogCaptureFixture, path: str, fault: JSON
) -> None:
    """Events of other organizations, and of clusters that are already known, are still emitted."""
    poll = watching(orgs=["381", "382"])
    poll()
    caplog.clear()
    fake.change_cluster(1202, is_failed=True)
    fake.delete_cluster(1203)
    fake.change_cluster(1301, name="renamed")
    fake.fault(path, **fault)
    events = poll()
    found = {(event["type"], event["cluster"]["pk"]): event for event in events if "cluster" in event}
    assert found.pop(("cluster_changed", 1301))
    if path == LIST:
        assert not found
        error = events[0]
        assert (error["type"], error["org"]["pk"]) == ("source_error", 381) and "381 (My Organization)" in error[
            "message"
        ]
    else:
        is_log = path.endswith("logs")
        assert (found[("cluster_failed", 1202)]["reason"] is None) == is_log
        assert (("cluster_removed", 1203) in found) == is_log
    assert poll() == []
    assert len(caplog.records) == 1
    fake.clear_faults()
    after = types(poll())
    assert after[:1] == (["source_recovered"] if path == LIST else [] if path.endswith("logs") else ["cluster_removed"])


def test_an_organization_that_fails_at_the_start_does_not_end_the_source(
    fake: FakeNKS, watching: Watching, caplog: pytest.LogCaptureFixture
) -> None:
    poll = watching(orgs=None)
    fake.fault(LIST, "body", body="<h1>Login</h1>")
    (error,) = poll()
    assert (error["type"], error["org"]["pk"], error["status"]) == ("source_error", 381, 200)
    for number in range(3):
        fake.fault("/orgs/390/clusters", "status", status=403, body=json.dumps({"detail": f"No (request {number})."}))
        assert poll() == []
    assert caplog.text.count("Partner Labs") == 1
    fake.clear_faults()
    assert types(poll()) == ["source_recovered"]  # clusters in the first answer are not new
    fake.change_cluster(1201, name="renamed")
    assert types(poll()) == ["cluster_changed"]


def test_a_reason_is_not_requested_for_an_event_that_is_not_emitted(fake: FakeNKS, watching: Watching) -> None:
    assert types(watching(events="cluster_changed", initial="all")()) == []
    assert not [path for path in paths(fake) if path.endswith("/logs")]


def test_a_selection_that_matches_nothing_causes_a_warning_at_the_start(
    fake: FakeNKS, watching: Watching, caplog: pytest.LogCaptureFixture
) -> None:
    poll = watching(workspaces=["Nope"])
    assert poll() == poll() == []
    (record,) = caplog.records
    assert record.levelname == "WARNING" and "matches workspaces 'Nope'; their workspaces are" in record.message


def test_the_types_of_events_can_be_selected(fake: FakeNKS, watching: Watching) -> None:
    poll = watching(events=["cluster_running", "source_recovered"])
    serve(fake, cluster(7))
    poll()
    serve(fake, cluster(7, state="running"), cluster(8))
    assert types(poll()) == ["cluster_running"]
    fake.fault("/orgs", "status", status=503, times=1)
    assert poll() == []
    assert types(poll()) == ["source_recovered"]


def test_the_source_selects_clusters_as_the_modules_do(fake: FakeNKS, watching: Watching) -> None:
    poll = watching(orgs=None, initial="all", providers=["aws", "hci"], states="running", events="cluster_added")
    names = [event["cluster"]["name"] for event in poll()]
    assert names == ["prod", "going", "edge:1 [lab]"]
    assert {event["cluster"]["name"] for event in watching(workspaces=["Team A"], initial="all")()} == {
        "staging",
        "broken",
    }
    service = watching(include_service_clusters=True, initial="all", providers="hci")()
    assert [event["cluster"]["name"] for event in service] == ["nks-service"] * 2


def test_no_text_of_the_api_is_a_template_in_an_event(fake: FakeNKS, watching: Watching) -> None:
    poll = watching(initial="all")
    serve(fake, cluster(7, name="{{ lookup('pipe', 'id') }}", zone="% raw %}", **{"": {"{{": 1}}))
    (added,) = poll()
    assert (added["cluster"]["name"], added["cluster"]["zone"]) == ("__ lookup('pipe', 'id') }}", "_ raw %}")
    assert added["cluster"]["_"] == {"__": 1}
    assert poll() == []


def test_the_token_is_in_no_event_and_no_log_message(
    fake: FakeNKS, watching: Watching, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    poll = watching(initial="all")
    serve(fake, cluster(7, name=f"Bearer {fake.token}"))
    events = poll()
    fake.clear_faults()
    fake.fault("/orgs", "status", status=500, body=json.dumps({"detail": f"Your token is {fake.token}"}))
    events += poll()
    assert types(events) == ["cluster_added", "source_error"]
    assert "********" in json.dumps(events)
    assert fake.token not in json.dumps(events) + caplog.text


async def listen(fake: FakeNKS, number: int, **args: t.Any) -> list[JSON]:
    """Return the first events of a source. The queue holds one event, as in ansible-rulebook."""
    queue: asyncio.Queue[JSON] = asyncio.Queue(1)
    given = {"api_token": fake.token, "api_url": fake.url, "interval": 0.01, **args}
    task = asyncio.create_task(source.main(queue, given))
    try:
        return [await asyncio.wait_for(queue.get(), 30) for _turn in range(number)]
    finally:
        task.cancel()
        (ended,) = await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), 5)
        assert isinstance(ended, asyncio.CancelledError), ended


def test_the_source_emits_the_changes_of_the_fleet(fake: FakeNKS) -> None:
    """The clusters of the fake change as time passes: one second with each request."""
    fake.step = 1.0
    events = asyncio.run(listen(fake, 5, orgs=["381"]))
    assert [(event["type"], event["cluster"]["name"], event["cluster"]["state"]) for event in events] == [
        ("cluster_changed", "build-me", "provisioned"),
        ("cluster_changed", "going", "deleting"),
        ("cluster_changed", "build-me", "running"),
        ("cluster_running", "build-me", "running"),
        ("cluster_removed", "going", "deleting"),
    ]


def test_a_poll_does_not_begin_before_the_interval_is_over(fake: FakeNKS, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise asyncio.CancelledError

    monkeypatch.setattr(source.asyncio, "sleep", sleep)
    given = {"api_token": fake.token, "api_url": fake.url, "orgs": "381"}
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(source.main(asyncio.Queue(), given))
    assert len(paths(fake)) == 4
    first, *slept = slept
    assert first == 0 and all(55 < seconds <= 60 for seconds in slept)


def test_a_poll_does_not_begin_before_the_previous_events_are_consumed(fake: FakeNKS) -> None:
    """This also holds for a queue without a size limit."""

    async def take() -> None:
        queue: asyncio.Queue[JSON] = asyncio.Queue()
        given = {"api_token": fake.token, "api_url": fake.url, "interval": 0.001, "orgs": "381", "initial": "all"}
        task = asyncio.create_task(source.main(queue, given))
        await queue.get()
        for _turn in range(20):
            await asyncio.sleep(0.01)
        assert len([path for path in paths(fake) if path == "/orgs"]) == 1
        while not queue.empty():
            queue.get_nowait()
        await asyncio.get_running_loop().run_in_executor(None, fake.wait_for_requests, 8)
        task.cancel()

    asyncio.run(take())


def test_retries_last_no_longer_than_the_interval(fake: FakeNKS) -> None:
    fake.fault("/orgs", "status", status=503, headers={"Retry-After": "50"})
    began = time.monotonic()
    (error,) = asyncio.run(listen(fake, 1))
    assert error["type"] == "source_error" and time.monotonic() - began < 25


def test_a_cancelled_source_ends_at_once_and_sends_no_more_requests(fake: FakeNKS) -> None:
    fake.fault("/orgs", "silent")

    async def cancel() -> float:
        loop = asyncio.get_running_loop()
        given = {"api_token": fake.token, "api_url": fake.url, "api_timeout": 1}
        task = asyncio.create_task(source.main(asyncio.Queue(), given))
        await loop.run_in_executor(None, fake.wait_for_requests, 1)
        began = time.monotonic()
        task.cancel()
        await asyncio.wait([task], timeout=5)
        assert task.cancelled()
        return time.monotonic() - began

    assert asyncio.run(cancel()) < 0.5  # afterwards, the loop waits for its thread, for up to a second
    assert len(fake.requests) == 1


def test_a_poll_does_not_block_the_event_loop(fake: FakeNKS) -> None:
    fake.fault("/orgs", "delay", seconds=0.3, times=1)

    async def count_turns() -> int:
        task = asyncio.create_task(listen(fake, 1, orgs=["381"], initial="all"))
        turns = 0
        while not task.done():
            turns += 1
            await asyncio.sleep(0.01)
        await task
        return turns

    assert asyncio.run(count_turns()) > 10


TOKEN = "0123abc"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"token": TOKEN, 1: 2}, "netapp.nks.clusters has no argument token, 1. It has: api_token, api_url,"),
        ({"api_timeout": "soon"}, "argument 'api_timeout' is of type"),
        ({"orgs": {"a": 1}, "validate_certs": "no way"}, "argument 'validate_certs' is of type"),
        ({"interval": 9.9}, "interval must be at least 10 seconds, not 9.9."),
        ({"interval": "nan"}, "interval must be more than 0 and at most 604800 seconds, not nan."),
        ({"interval": 0, "api_url": "http://127.0.0.1:1"}, "interval must be more than 0 and at most 604800 seconds"),
        ({"interval": 604801}, "interval must be more than 0 and at most 604800 seconds, not 604801."),
        ({"events": ["cluster_gone"]}, "value of events must be one or more of: cluster_added, cluster_changed,"),
        ({"events": []}, "events is an empty list. Leave it out to emit all events."),
        ({"initial": "some"}, "value of initial must be one of: none, all, got: some"),
    ],
)
def test_invalid_arguments_are_refused(args: JSON, message: str) -> None:
    with pytest.raises(NKSError) as refused:
        source.read_arguments({"api_token": TOKEN, **args})
    assert str(refused.value).startswith(message)
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "missing required arguments: api_token"),
        ({"api_token": TOKEN, "api_url": "http://nks.example.com"}, "http:// would send the token in the clear"),
        ({"api_token": TOKEN, "api_url": "https://["}, "api_url is not a URL"),
        ({"api_token": [f"{TOKEN} {TOKEN}"]}, "api_token contains an invalid character"),
        ({"api_token": TOKEN, "orgs": []}, "orgs is an empty list"),
        ({"api_token": TOKEN, "states": ["running", None]}, "states"),
    ],
)
def test_a_source_refuses_what_the_modules_refuse(args: JSON, message: str) -> None:
    with pytest.raises(NKSError, match=re.escape(message)) as refused:
        asyncio.run(source.main(asyncio.Queue(), args))
    assert TOKEN not in str(refused.value)


def test_arguments_can_be_strings_as_templates_return_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLDER", "/etc/nks")
    given = {
        "api_token": 12345,
        "api_timeout": "2.5",
        "api_retries": "0",
        "validate_certs": "no",
        "ca_path": "$FOLDER/ca.pem",
        "orgs": "381, acme-retail",
        "states": ["running"],
        "regions": None,
        "workspaces": [4],
        "include_service_clusters": "True",
        "interval": "3e2",
    }
    values = source.read_arguments(given)
    assert {name: values[name] for name in given} == {
        "api_token": "12345",
        "api_timeout": 2.5,
        "api_retries": 0,
        "validate_certs": False,
        "ca_path": "/etc/nks/ca.pem",
        "orgs": ["381", "acme-retail"],
        "states": ["running"],
        "regions": None,
        "workspaces": ["4"],
        "include_service_clusters": True,
        "interval": 300,
    }
    assert values["initial"] == "none" and values["events"] is None


def test_environment_variables_work_as_for_the_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "NKS_API_TOKEN": TOKEN,
        "NKS_API_URL": "https://nks.example.com",
        "NKS_API_TIMEOUT": "",
        "NKS_API_RETRIES": "7",
        "NKS_VALIDATE_CERTS": "false",
        "NKS_ORG_ID": "381, 382",
    }.items():
        monkeypatch.setenv(name, value)
    values = source.read_arguments({"api_retries": 1})
    assert {name: values[name] for name in CONNECTION} == {
        "api_token": TOKEN,
        "api_url": "https://nks.example.com",
        "api_timeout": 30,
        "api_retries": 1,
        "validate_certs": False,
        "ca_path": None,
    }
    assert values["orgs"] == ["381", "382"]
    monkeypatch.setenv("NKS_ORG_ID", "")
    assert source.read_arguments({})["orgs"] == [""]


OPTIONS: JSON = yaml.safe_load(source.DOCUMENTATION)["options"]


def test_the_documentation_matches_the_arguments() -> None:
    def documented(option: JSON) -> JSON:
        variables = {"env": [{"name": name} for name in option["fallback"][1]]} if "fallback" in option else {}
        kept = {key: value for key, value in option.items() if key not in ("no_log", "fallback")}
        return {**kept, **variables}

    options = {name: {**option} for name, option in OPTIONS.items()}
    for option in options.values():
        del option["description"]
    assert options.pop("api_token").pop("required")
    assert options == {name: documented(option) for name, option in source.ARGUMENTS.items() if name != "api_token"}


def test_the_guide_names_each_argument_and_event() -> None:
    guide = (COLLECTION / "docs/docsite/rst/eda_guide.rst").read_text(encoding="utf-8")
    names = [*source.ARGUMENTS, *source.ARGUMENTS["events"]["choices"]]
    assert [name for name in names if f"``{name}``" not in guide] == []


FIND = """
import runpy, sys
found = runpy.run_path(sys.argv[1])
print(sys.modules[found["NKSClient"].__module__].__file__)
assert "ansible.plugins" not in sys.modules
import ansible_collections.netapp.other
"""


@pytest.mark.parametrize("are_packages", [False, True])
def test_the_source_finds_its_own_collection_without_the_loader_of_ansible(tmp_path: Path, are_packages: bool) -> None:
    """Test it also beside collections with ``__init__.py``, as the Python package ansible has them."""
    place = tmp_path / "installed/ansible_collections/netapp"
    other = tmp_path / "others/ansible_collections/netapp/other"
    place.mkdir(parents=True)
    other.mkdir(parents=True)
    (place / "nks").symlink_to(COLLECTION)
    for folder in (other, other.parent, other.parent.parent) if are_packages else ():
        (folder / "__init__.py").touch()
    done = subprocess.run(
        [sys.executable, "-c", FIND, str(place / "nks/extensions/eda/plugins/event_source/clusters.py")],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "others"), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    assert done.stdout.strip() == str(place / "nks/plugins/module_utils/_client.py")


def test_the_examples_have_valid_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NKS_API_TOKEN", TOKEN)
    for example in yaml.safe_load(source.EXAMPLES):
        ((name, args),) = example.items()
        assert name == "netapp.nks.clusters"
        source.read_arguments(args)
