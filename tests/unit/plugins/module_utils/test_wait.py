# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSConnectionError, NKSError
from ansible_collections.netapp.nks.plugins.module_utils._http import HTTP, Deadline
from ansible_collections.netapp.nks.plugins.module_utils._wait import poll_until
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS
from hypothesis import given
from hypothesis import strategies as st

Connect = t.Callable[..., NKSClient]
seconds = st.floats(0.01, 1000)


class Slow:
    """A client with its own clock. Its answers take the given numbers of seconds."""

    api_timeout = 30.0

    def __init__(self, answers: list[float]) -> None:
        self.now = 0.0
        self.answers = answers
        self.asked: list[float] = []
        self.deadline = Deadline()

    def until(self, deadline: Deadline) -> Slow:
        self.deadline = deadline
        return self

    def sleep(self, length: float) -> None:
        assert length >= 0
        self.now += length

    def poll(self, _client: t.Any) -> str:
        self.asked.append(self.now)
        wanted = self.answers[len(self.asked) % len(self.answers)]
        allowed = min(self.api_timeout, self.deadline.answer_until - self.now)
        self.now += max(0.0, min(wanted, allowed))
        if wanted > allowed:
            raise NKSConnectionError("no complete answer", is_transient=True)
        return "not yet"


@given(timeout=seconds, sleep=st.floats(0.5, 1000), answers=st.lists(seconds, min_size=1))
def test_a_wait_is_never_longer_than_its_time(timeout: float, sleep: float, answers: list[float]) -> None:
    slow = Slow(answers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: slow.now)
        patch.setattr(time, "sleep", slow.sleep)
        client = t.cast(NKSClient, slow)
        seen, failure = poll_until(client, slow.poll, lambda *_seen: False, timeout, sleep)
    assert seen or failure
    assert slow.now <= max(timeout, slow.api_timeout) * (1 + 1e-9)
    assert slow.asked[1:] == [moment for moment in slow.asked[1:] if moment < timeout]


def test_a_wait_without_a_timeout_polls_once_with_all_retries(
    fake: FakeNKS, connect: Connect, clock: list[float]
) -> None:
    fake.fault("/orgs", "status", status=502, times=2)
    seen, failure = poll_until(connect(api_retries=2), NKSClient.orgs, lambda *_seen: False, 0, 10)
    assert (bool(seen), failure, len(fake.requests)) == (True, None, 3)


def test_retries_end_with_the_timeout(fake: FakeNKS, connect: Connect, clock: list[float]) -> None:
    fake.fault("/orgs", "status", status=503, headers={"Retry-After": "50"})
    _seen, failure = poll_until(connect(api_retries=100), NKSClient.orgs, lambda *_seen: False, 60, 5)
    assert failure is not None
    assert failure.status == 503
    assert sum(clock) < 60
    assert clock[0] == 50


def test_the_last_request_gets_the_remaining_time(
    connect: Connect, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server never answers, so each attempt uses all the time that it has."""
    given: list[float] = []

    def hang(http: HTTP, _method: str, _url: str, _data: t.Any, deadline: Deadline, _parse: t.Any) -> t.Any:
        given.append(min(http.timeout, deadline.answer_until - time.monotonic()))
        clock.append(given[-1])
        raise NKSConnectionError("no complete answer", is_transient=True)

    monkeypatch.setattr(HTTP, "request", hang)
    client = connect(api_timeout=30)
    for timeout, wanted in ((5, [30]), (50, [30, 20]), (95, [30, 30, 30, 4])):
        given.clear()
        poll_until(client, NKSClient.orgs, lambda *_seen: False, timeout, 1)
        assert given == pytest.approx(wanted, abs=1)


def test_a_permanent_failure_is_raised(client: NKSClient, clock: list[float]) -> None:
    def poll(_client: NKSClient) -> None:
        raise NKSError("no")

    with pytest.raises(NKSError, match="no"):
        poll_until(client, poll, lambda *_seen: True, 60, 1)
    assert clock == []


@pytest.mark.parametrize(
    ("retry_after", "timeout", "slept"), [("20", 60, [20]), ("1", 60, [5]), ("3600", 200, [60]), ("3600", 60, [])]
)
def test_no_poll_comes_before_retry_after(
    fake: FakeNKS, client: NKSClient, clock: list[float], retry_after: str, timeout: float, slept: list[float]
) -> None:
    fake.fault("/orgs", "status", status=429, headers={"Retry-After": retry_after}, times=1)
    seen, failure = poll_until(client, NKSClient.orgs, lambda seen, _failure: bool(seen), timeout, 5)
    assert clock == slept
    assert bool(seen) == bool(slept)
    assert slept or "The endpoint asks to wait at least 60 s." in str(failure)


@pytest.mark.parametrize(
    ("after", "answer"),
    [
        (1, {"status": 404, "body": "default backend"}),
        (1, {"status": 520}),
        (0, {"status": 200, "body": "<h1>Maintenance"}),
        (0, {"status": 200, "body": '[{"pk": 1'}),
    ],
)
def test_one_answer_from_a_gateway_does_not_end_a_wait(
    fake: FakeNKS, client: NKSClient, clock: list[float], after: int, answer: dict[str, t.Any]
) -> None:
    fake.fault("/orgs", "status", after=after, times=1, **answer)
    _seen, failure = poll_until(client, NKSClient.orgs, lambda *_seen: len(fake.requests) == 3, 60, 1)
    assert failure is None
    assert len(fake.requests) == 3
    fake.fault("/orgs", "status", after=1, status=404, body='{"detail": "Not found."}')
    with pytest.raises(NKSError):
        poll_until(client, NKSClient.orgs, lambda *_seen: False, 60, 1)
