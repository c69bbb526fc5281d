# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import logging
import os
import re
import subprocess
import sys
import time
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import (
    NKSConnectionError,
    NKSError,
    NKSPayloadError,
    NKSStatusError,
)
from ansible_collections.netapp.nks.plugins.module_utils._http import MAX_PAUSE
from ansible_collections.netapp.nks.plugins.module_utils._types import Org
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS
from ansible_collections.netapp.nks.tests.unit.hardening.conftest import Script
from ansible_collections.netapp.nks.tests.unit.hardening.faults import (
    CASES,
    CONNECTION,
    ENDPOINTS,
    ORG,
    PAYLOAD,
    REPEATED,
    RIGHT,
    STATUS,
    USER,
    Case,
    gzip_bomb,
    large_list,
)

ERRORS = {CONNECTION: NKSConnectionError, STATUS: NKSStatusError, PAYLOAD: NKSPayloadError, REPEATED: NKSError}
MOST_SECONDS = 150


@contextlib.contextmanager
def named(endpoint: str) -> t.Iterator[None]:
    """Add the name of the endpoint to the failure of a check."""
    try:
        yield
    except (Exception, pytest.fail.Exception) as exc:
        raise AssertionError(f"at the endpoint {endpoint}") from exc


@pytest.mark.parametrize("case", CASES, ids=[case.happens for case in CASES])
def test_every_fault_ends_in_time_with_the_answer_or_one_clear_message(
    fake: FakeNKS,
    made: dict[str, t.Any],
    connect: t.Callable[..., NKSClient],
    hurry: t.Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    pauses: list[float],
    caplog: pytest.LogCaptureFixture,
    recwarn: pytest.WarningsRecorder,
    case: Case,
) -> None:
    server = made["tls"] if case.tls else fake
    server.reset()
    trusting = connect(api_url=server.url, validate_certs=False)
    right = {name: endpoint.call(trusting) for name, endpoint in ENDPOINTS.items()}
    addresses = {word: text for word, text in made.items() if word.isupper()}

    def with_addresses(value: t.Any) -> t.Any:
        for word in sorted(addresses, key=len, reverse=True):
            value = value.replace(word, addresses[word]) if isinstance(value, str) else value
        return value

    for variable, value in case.environment.items():
        monkeypatch.setenv(variable, with_addresses(value))
    options = {option: with_addresses(value) for option, value in case.options.items()}
    caplog.set_level(logging.DEBUG)
    repeats = 0
    for name, endpoint in ENDPOINTS.items():
        server.reset()
        made["other"].reset()
        pauses.clear()
        if case.kind:
            stands_for = {"WRONG": endpoint.wrong_type, "TOKEN": fake.token, "OTHER": made["OTHER"]}
            fields = dict(case.fields)
            for field in {"body", "location"} & set(fields):
                for word, text in stands_for.items():
                    fields[field] = fields[field].replace(word, text)
            server.fault(endpoint.path, case.kind, method=endpoint.method, **fields)
        if "api_timeout" in options and case.arrives and not case.tls:
            hurry(options["api_timeout"], 60)
        told: list[str] = []
        client = connect(**{"api_url": server.url, "api_retries": case.retries, "on_retry": told.append, **options})

        before = time.monotonic()
        with named(name):
            if case.ends == RIGHT or (case.ends == REPEATED and endpoint.method == "GET"):
                assert without_time(endpoint.call(client)) == without_time(right[name])
            else:
                with pytest.raises(NKSError) as caught:
                    endpoint.call(client)
                said = str(caught.value)
                assert isinstance(caught.value, ERRORS[case.ends])
                assert said.isprintable()
                assert len(said) < 1000
                assert endpoint.path in said or name == "kubeconfig"
                assert case.says in said or name == "kubeconfig"
                assert fake.token not in f"{said} {vars(caught.value)}"
                assert "qz" not in f"{said} {vars(caught.value)} {told}"
                assert "Traceback" not in said
            assert time.monotonic() - before < MOST_SECONDS

            assert all(0 <= pause <= MAX_PAUSE for pause in pauses)
            assert not made["other"].requests
            assert fake.token.encode() not in made["tunnel"].heard
            if endpoint.method == "GET":
                repeats = len(pauses)
            else:
                assert len(pauses) == (0 if case.arrives else repeats)
                assert len(server.requests) <= 1
            if case.ends == REPEATED and endpoint.method == "GET":
                assert (len(server.requests), len(pauses)) == (2, 1)
    shown = "\n".join([*(record.getMessage() for record in caplog.records), *(str(item.message) for item in recwarn)])
    assert "qz" not in shown
    assert base64.b64encode(USER.encode())[:8].decode() not in shown


ORGS = b'[{"pk": 381, "name": "My Organization"}]'


def whole(body: bytes, encoding: str = "identity") -> bytes:
    fields = ["Connection: close", f"Content-Encoding: {encoding}", f"Content-Length: {len(body)}"]
    return "\r\n".join(["HTTP/1.1 200 OK", *fields, "", ""]).encode() + body


EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
CUT_GZIP = whole(gzip.compress(ORGS)[:-10], "gzip")
NO_LENGTH = b"HTTP/1.1 200 OK\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ([EARLY + whole(ORGS)], ""),
        ([whole(gzip.compress(gzip.compress(ORGS)), "gzip, gzip")], ""),
        ([whole(gzip.compress(ORGS[:9]) + gzip.compress(ORGS[9:]), "x-gzip")], ""),
        ([CUT_GZIP, whole(ORGS)], ""),
        ([CUT_GZIP], "the compressed body is incomplete"),
        ([NO_LENGTH + ORGS], ""),
        ([NO_LENGTH + ORGS[:-9], NO_LENGTH + ORGS], ""),
        ([NO_LENGTH + ORGS[:-9]], "the body declares no length, and its JSON is incomplete"),
        ([NO_LENGTH + b"<html>"], "the body is not JSON"),
        ([CHUNKED + b"2\r\n[{\r\n"], "(?i)ended"),
        ([whole(ORGS, "br")], "a Content-Encoding other than gzip"),
        ([whole(ORGS, "gzip, " * 6 + "gzip")], "a Content-Encoding other than gzip"),
    ],
)
def test_a_truncated_body_is_retried_and_unusual_encodings_are_read(
    connect: t.Callable[..., NKSClient], pauses: list[float], answers: list[bytes], says: str
) -> None:
    with Script(*answers) as server:
        client = connect(api_url=f"http://{server.address}", api_retries=1)
        if says:
            with pytest.raises(NKSError, match=says) as read:
                client.orgs()
            with pytest.raises(NKSError, match=says) as change:
                client.update_org(ORG, {"name": "My Organization"})
            unclear = "It is not known whether the change was made."
            assert unclear in str(change.value) and unclear not in str(read.value)
            assert len(pauses) == bool(re.search("incomplete|ended", says))  # only the read is retried
        else:
            assert [org.name for org in client.orgs()] == ["My Organization"]
            assert len(pauses) == len(answers) - 1


def without_time(answer: t.Any) -> t.Any:
    """Return the answer without the time at which an organization was changed."""
    return answer.with_fields(updated=None) if isinstance(answer, Org) else answer


BOUNDED = """
import json, resource, sys, threading, time
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
url, token, *timeouts = sys.argv[1:]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
ends = []
for timeout in map(float, timeouts):
    began = time.monotonic()
    try:
        with NKSClient(token, url, api_timeout=timeout, api_retries=0) as client:
            said = f"{len(client.orgs())} organizations"
    except NKSError as exc:
        said = str(exc)
    ends.append((said, time.monotonic() - began))
time.sleep(1.0)  # let remaining threads continue
while threading.active_count() > 1 and time.monotonic() < began + 200:
    time.sleep(0.1)
used = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
print(json.dumps([ends, used, threading.active_count() - 1]))
"""


def in_a_process(fake: FakeNKS, *timeouts: float) -> tuple[list[tuple[str, float]], int, int]:
    """Run ``GET /orgs`` with each timeout, in a process.

    Return results with their seconds, the peak memory in MB, and the number of remaining threads.
    """
    command = [sys.executable, "-c", BOUNDED, fake.url, fake.token, *map(str, timeouts)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True, timeout=600)
    return tuple(json.loads(done.stdout))


def test_a_compression_bomb_does_not_fill_the_memory(fake: FakeNKS) -> None:
    bomb = gzip_bomb(1024)
    assert len(bomb) < 2**23
    asked = [(200, 120), (302, 120), (500, 120), (200, 0.3), (200, 120)]
    for status, _timeout in asked:
        fake.fault("/orgs", "status", status=status, headers={"Content-Encoding": "gzip", "Location": "/x"}, times=1)
    for fault in fake._faults:
        # Faults of the kind "status" have no body_base64, and those of the kind "body" no status.
        fault.fields["body_base64"] = base64.b64encode(bomb).decode()
    twice = {"Content-Encoding": "gzip, gzip"}
    fake._faults[-1].fields.update(body_base64=base64.b64encode(gzip.compress(bomb)).decode(), headers=twice)
    ends, megabytes, threads = in_a_process(fake, *(timeout for _status, timeout in asked))
    assert len(ends) == len(asked)
    for (status, timeout), (said, seconds) in zip(asked, ends):
        assert "longer than" in said or "within 0.3 s (api_timeout)" in said, status
        assert said.isprintable()
        assert seconds < timeout + 60
    assert megabytes < 500
    assert threads == 0


def test_a_large_answer_is_read(fake: FakeNKS) -> None:
    fake.fault("/orgs", "body", body=large_list(50))
    ((said, _seconds),), megabytes, threads = in_a_process(fake, 120)
    assert (said, threads) == ("50000 organizations", 0)
    assert megabytes < 500


TIMED_OUT = """
import concurrent.futures, gc, json, os, sys, threading, time
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.module_utils._http import Deadline
from ansible_collections.netapp.nks.plugins.module_utils._types import Org
url, token, ca_path, first = sys.argv[1:]

def counts():
    return [threading.active_count(), len(os.listdir("/proc/self/fd"))]

def ask(client):
    if first:
        client.clusters(Org({"pk": 381}))
    try:
        client.until(Deadline(time.monotonic() + 0.2)).orgs()
    except NKSError as exc:
        return str(exc)

def ask_ten(_number):
    with NKSClient(token, url, api_timeout=60, api_retries=0, ca_path=ca_path) as client:
        return [ask(client) for _ in range(10)]

before = counts()
with concurrent.futures.ThreadPoolExecutor(10) as pool:
    said = sum(pool.map(ask_ten, range(10)), [])
end = time.monotonic() + 10
while counts() != before and time.monotonic() < end:
    gc.collect()  # a connection that comes back to a pool which has just been closed waits for it
    time.sleep(0.01)
print(json.dumps([said, before, counts()]))
"""


@pytest.mark.parametrize(
    ("kind", "api_url", "proxy"),
    [
        ("silent", "", ""),
        ("drip_headers", "", ""),
        ("drip", "", ""),
        ("", "https://SILENT", ""),
        ("", "https://DRIPPING_TLS", ""),
        ("", "https://nks.invalid", "http://SILENT"),
        ("", "https://nks.invalid", "http://DRIPPING_PROXY"),
        ("", "https://nks.invalid", "https://DRIPPING_TLS"),
        ("silent", "TLS", "http://PROXY"),
        ("drip", "TLS", "https://TLS_TUNNEL"),
    ],
)
def test_100_requests_that_time_out_leave_no_thread_and_no_socket(
    fake: FakeNKS, made: dict[str, t.Any], kind: str, api_url: str, proxy: str
) -> None:
    server = made["tls"] if api_url == "TLS" else fake
    server.reset()
    if kind:
        fields = {"interval": 0.15} if "drip" in kind else {}
        server.fault("/orgs", kind, **fields)
    for word in ("SILENT", "DRIPPING_TLS", "DRIPPING_PROXY", "PROXY", "TLS_TUNNEL"):
        api_url, proxy = (text.replace(f"//{word}", f"//{made[word]}") for text in (api_url, proxy))
    url = api_url if api_url.startswith("https") else server.url
    command = [sys.executable, "-c", TIMED_OUT, url, fake.token, made["CA"], kind]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "HTTPS_PROXY": proxy}
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True, timeout=300)
    said, before, after = json.loads(done.stdout)
    assert len(said) == 100
    assert all(re.search(r"no complete answer within 0\.[0-9]+ s \(the end of the wait\)", text) for text in said)
    assert after == before
