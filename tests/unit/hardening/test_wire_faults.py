# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.module_utils._client import (
    MAX_PAUSE,
    NKSClient,
    NKSConnectionError,
    NKSError,
    NKSPayloadError,
    NKSStatusError,
)
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS
from ansible_collections.netapp.nks.tests.unit.hardening.faults import (
    CASES,
    CONNECTION,
    ENDPOINTS,
    PAYLOAD,
    REPEATED,
    RIGHT,
    STATUS,
    Case,
    gzip_bomb,
    large_list,
)

ERRORS = {CONNECTION: NKSConnectionError, STATUS: NKSStatusError, PAYLOAD: NKSPayloadError, REPEATED: NKSError}
MOST_SECONDS = 20


@pytest.mark.parametrize("case", CASES, ids=[case.happens for case in CASES])
@pytest.mark.parametrize("name", ENDPOINTS)
def test_whatever_happens_on_the_wire_ends_in_time_with_the_answer_or_one_clear_message(
    fake: FakeNKS,
    made: dict[str, t.Any],
    connect: t.Callable[..., NKSClient],
    monkeypatch: pytest.MonkeyPatch,
    pauses: list[float],
    name: str,
    case: Case,
) -> None:
    endpoint = ENDPOINTS[name]
    server = made["tls"] if case.tls else fake
    for each in (made["tls"], made["other"]):
        each.reset()
    right = endpoint.call(connect(api_url=server.url, validate_certs=False))
    if case.kind:
        stands_for = {"WRONG": endpoint.wrong_type, "TOKEN": fake.token, "OTHER": made["OTHER"]}
        fields = dict(case.fields)
        for field in {"body", "location"} & set(fields):
            for word, text in stands_for.items():
                fields[field] = fields[field].replace(word, text)
        server.fault(endpoint.path, case.kind, method=endpoint.method, **fields)
    for variable, value in case.environment.items():
        monkeypatch.setenv(variable, made.get(value, value))
    options = {option: made.get(value, value) if isinstance(value, str) else value
               for option, value in case.options.items()}  # fmt: skip
    client = connect(**{"api_url": server.url, "api_timeout": 3, "api_retries": case.retries, **options})
    asked = len(server.requests)

    before = time.monotonic()
    if case.ends == RIGHT or (case.ends == REPEATED and endpoint.method == "GET"):
        assert without_time(endpoint.call(client)) == without_time(right)
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
        assert "Traceback" not in said
    assert time.monotonic() - before < MOST_SECONDS

    assert all(0 <= pause <= MAX_PAUSE for pause in pauses)
    assert not made["other"].requests
    assert fake.token.encode() not in made["tunnel"].heard
    if endpoint.method == "PATCH":
        assert not pauses or "refused" in case.happens or "HTTPS_PROXY" in case.happens
        assert len(server.requests) - asked <= 1
    elif case.ends == REPEATED:
        assert (len(server.requests) - asked, len(pauses)) == (2, 1)


def without_time(answer: t.Any) -> t.Any:
    """The answer but for when an organization was changed, and for where the Kubernetes of a cluster is."""
    return {**answer, "updated": None} if isinstance(answer, dict) and "slug" in answer else answer


BOUNDED = """
import base64, json, resource, sys, threading, time
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient, NKSError
url, token, timeout = sys.argv[1:]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.monotonic()
try:
    with NKSClient(token, url, api_timeout=float(timeout), api_retries=0) as client:
        said = f"{len(client.orgs())} organizations"
except NKSError as exc:
    said = str(exc)
seconds = time.monotonic() - began
time.sleep(1.0)  # for what is left behind to go on
while threading.active_count() > 1 and time.monotonic() < began + 50:
    time.sleep(0.1)
used = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
print(json.dumps([said, seconds, used, threading.active_count() - 1]))
"""


def in_a_process(fake: FakeNKS, timeout: float) -> tuple[str, float, int, int]:
    """How ``GET /orgs`` ends, after how many seconds, with how many MB of memory, and how many threads are left."""
    command = [sys.executable, "-c", BOUNDED, fake.url, fake.token, str(timeout)]
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, env={**os.environ, **paths}, check=True, capture_output=True, text=True, timeout=60)
    return tuple(json.loads(done.stdout))


@pytest.mark.parametrize(("status", "timeout"), [(200, 20), (200, 0.3), (302, 20), (500, 20)])
def test_a_body_that_grows_when_it_is_unpacked_does_not_fill_the_memory(
    fake: FakeNKS, status: int, timeout: float
) -> None:
    fake.fault(
        "/orgs", "status", status=status, headers={"Content-Encoding": "gzip", "Location": "/x"},
        body="BOMB",
    )  # fmt: skip
    bomb = gzip_bomb(1024)
    assert len(bomb) < 2**23
    # The fields of a fault are text, and those of "body" know no other status than 200.
    fake._faults[0].fields["body_base64"] = base64.b64encode(bomb).decode()
    said, seconds, megabytes, threads = in_a_process(fake, timeout)
    assert "longer than" in said or "within 0.3 s (api_timeout)" in said
    assert said.isprintable()
    assert seconds < timeout + 20
    assert megabytes < 500
    assert threads == 0


def test_a_large_answer_is_read(fake: FakeNKS) -> None:
    fake.fault("/orgs", "body", body=large_list(50))
    said, _seconds, megabytes, threads = in_a_process(fake, 50)
    assert (said, threads) == ("50000 organizations", 0)
    assert megabytes < 500
