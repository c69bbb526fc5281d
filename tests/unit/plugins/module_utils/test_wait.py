# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import math
import time
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSConnectionError, NKSError
from ansible_collections.netapp.nks.plugins.module_utils._http import HTTP
from ansible_collections.netapp.nks.plugins.module_utils._wait import wait
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS
from hypothesis import given
from hypothesis import strategies as st

Connect = t.Callable[..., NKSClient]
seconds = st.floats(0.01, 1000)


class Slow:
    """A client and an endpoint whose answers take so many seconds each of a clock that nothing else moves."""

    api_timeout = 30.0

    def __init__(self, answers: list[float]) -> None:
        self.now = 0.0
        self.answers = answers
        self.asked: list[float] = []
        self.limits: tuple[float, float] = (math.inf, math.inf)

    def limit(self, answer_until: float, repeat_until: float) -> None:
        self.limits = (answer_until, repeat_until)

    def sleep(self, length: float) -> None:
        assert length >= 0
        self.now += length

    def look(self) -> str:
        self.asked.append(self.now)
        wanted = self.answers[len(self.asked) % len(self.answers)]
        allowed = min(self.api_timeout, self.limits[0] - self.now)
        self.now += max(0.0, min(wanted, allowed))
        if wanted > allowed:
            raise NKSConnectionError("no complete answer", may_pass=True)
        return "not yet"


@given(timeout=seconds, sleep=st.floats(0.5, 1000), answers=st.lists(seconds, min_size=1), is_continued=st.booleans())
def test_a_wait_is_never_longer_than_its_time(
    timeout: float, sleep: float, answers: list[float], is_continued: bool
) -> None:
    slow = Slow(answers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: slow.now)
        patch.setattr(time, "sleep", slow.sleep)
        client = t.cast(NKSClient, slow)
        seen, failure = wait(client, slow.look, lambda *_seen: False, timeout, sleep, is_continued)
    assert seen or failure
    first = 0.0 if is_continued else slow.api_timeout
    assert slow.now <= max(timeout, first) * (1 + 1e-9)
    assert slow.asked[1:] == [moment for moment in slow.asked[1:] if moment < timeout]
    assert slow.limits == (math.inf, math.inf)


def test_a_wait_of_no_time_asks_once_with_all_repetitions(fake: FakeNKS, connect: Connect, clock: list[float]) -> None:
    fake.fault("/orgs", "status", status=502, times=2)
    client = connect(api_retries=2)
    seen, failure = wait(client, client.orgs, lambda *_seen: False, 0, 10)
    assert (bool(seen), failure, len(client.request_log)) == (True, None, 3)


def test_a_wait_that_continues_begins_with_a_pause(fake: FakeNKS, client: NKSClient, clock: list[float]) -> None:
    wait(client, client.orgs, lambda *_seen: True, 60, 10, is_continued=True)
    assert clock == [10]


def test_no_repetition_goes_on_after_the_time(fake: FakeNKS, connect: Connect, clock: list[float]) -> None:
    fake.fault("/orgs", "status", status=503, headers={"Retry-After": "50"})
    client = connect(api_retries=100)
    _seen, failure = wait(client, client.orgs, lambda *_seen: False, 60, 5)
    assert failure is not None
    assert failure.status == 503
    assert sum(clock) < 60
    assert clock[0] == 50


def test_the_time_left_is_what_the_last_request_gets(
    connect: Connect, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a server would see that does not answer: each attempt lasts as long as it may."""
    given: list[float] = []

    def hang(http: HTTP, *_request: t.Any) -> t.Any:
        given.append(min(http.timeout, http.answer_until - time.monotonic()))
        clock.append(given[-1])
        raise NKSConnectionError("no complete answer", may_pass=True)

    monkeypatch.setattr(HTTP, "request", hang)
    client = connect(api_timeout=30)
    wait(client, client.orgs, lambda *_seen: False, 5, 1)
    assert given == pytest.approx([30], abs=1)
    given.clear()
    wait(client, client.orgs, lambda *_seen: False, 50, 1)
    assert given == pytest.approx([30, 20], abs=1)
    given.clear()
    wait(client, client.orgs, lambda *_seen: False, 95, 1)
    assert given == pytest.approx([30, 30, 30, 4], abs=1)


def test_what_cannot_pass_is_raised_and_leaves_no_limit(client: NKSClient, clock: list[float]) -> None:
    def look() -> None:
        raise NKSError("no")

    with pytest.raises(NKSError, match="no"):
        wait(client, look, lambda *_seen: True, 60, 1)
    assert client._http.answer_until == math.inf
    assert clock == []
