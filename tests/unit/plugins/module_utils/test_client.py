# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import concurrent.futures
import email.utils
import importlib.machinery
import json
import re
import socket
import sys
import threading
import time
import traceback
import types
import typing as t
from pathlib import Path

import pytest
from ansible_collections.netapp.nks.plugins.module_utils import _http
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import (
    NKSConnectionError,
    NKSError,
    NKSPayloadError,
    NKSStatusError,
)
from ansible_collections.netapp.nks.plugins.module_utils._http import Deadline
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Org
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]
Connect = t.Callable[..., NKSClient]

ORG = Org({"pk": 381})
CLUSTER = Cluster({"pk": 1202}, ORG)


@pytest.fixture(name="other")
def other_fixture() -> t.Iterator[FakeNKS]:
    """Another host, which must not get any request."""
    with FakeNKS() as other:
        yield other
        assert not other.requests


@pytest.fixture(name="closed_port")
def closed_port_fixture() -> t.Iterator[int]:
    """A port that refuses connections, and that only a server that asks for it by number can take."""
    with socket.socket() as unused:
        unused.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        unused.bind(("127.0.0.1", 0))
        yield unused.getsockname()[1]


def failure(client: NKSClient, error: type[NKSError] = NKSError) -> NKSError:
    """How ``GET /orgs`` fails, which is checked to be one readable line."""
    with pytest.raises(error) as caught:
        client.orgs()
    assert str(caught.value).isprintable()
    return caught.value


def statuses(fake: FakeNKS) -> list[t.Any]:
    return [entry["status"] for entry in fake.requests]


# Token and URL


@pytest.mark.parametrize("around", ["{}", "  {}\n", "\t{}\r\n"])
def test_every_request_bears_the_trimmed_token_whatever_netrc_says(
    fake: FakeNKS, connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, around: str
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login mallory password wrong\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    client = connect(api_token=around.format(fake.token))
    pks = [
        [item.pk for item in items]
        for items in (
            client.orgs(),
            client.clusters(ORG),
            client.clusters(ORG, include_service_clusters=True),
            [client.cluster(ORG, 1202)],
            client.nodes(CLUSTER),
            client.node_pools(CLUSTER),
        )
    ]
    assert pks[0] == [381, 382, 383, 390]
    assert pks[1] == [1201, 1202, 1203, 1204, 1205]
    assert pks[2] == [*pks[1], 1206]
    assert pks[3:] == [[1202], [1202001, 1202002, 1202003], [12021]]
    assert [entry["auth"] for entry in fake.requests] == ["valid"] * 6


@pytest.mark.parametrize(
    "token",
    [
        "",
        " \n",
        "never show",
        "never\nshow",
        "never\x00show",
        "never\x7fshow",
        "nevér-show",
        "never\u2009show",
    ],
)
def test_an_impossible_token_is_refused_without_echo(connect: Connect, token: str) -> None:
    with pytest.raises(NKSError, match=r"^api_token ") as caught:
        connect(api_token=token)
    assert "never" not in str(caught.value)
    assert "show" not in str(caught.value)
    assert caught.value.status is None


@pytest.mark.parametrize("form", ["{}", "{}/", "{}//", " {}/\n", "{}/base/"])
def test_api_url_may_be_written_in_these_forms(fake: FakeNKS, connect: Connect, form: str) -> None:
    fake.fault(".*", "body", body="[]")
    assert connect(api_url=form.format(fake.url)).orgs() == []
    assert fake.requests[0]["path"] == ("/base/orgs" if "base" in form else "/orgs")


@pytest.mark.parametrize(
    ("url", "validate_certs"),
    [
        ("https://nks.example", True),
        ("http://localhost:8080", True),
        ("HTTP://LocalHost", True),
        ("http://127.8.9.10", True),
        ("http://[::1]:8080", True),
        ("http://nks.example", False),
    ],
)
def test_api_url_may_be_https_or_loopback_or_without_validate_certs(
    connect: Connect, url: str, validate_certs: bool
) -> None:
    connect(api_url=url, validate_certs=validate_certs)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nks.example", "must look like"),
        ("nks.example:8443/api", "must look like"),
        ("//nks.example", "must look like"),
        ("", "must look like"),
        ("https://", "must look like"),
        ("https:///orgs", "must look like"),
        ("ftp://nks.example", "must look like"),
        ("file:///etc/passwd", "must look like"),
        ("https://nks.example?a=b", "must look like"),
        ("https://nks.example/#top", "must look like"),
        ("https://nks.example?", "must look like"),
        ("https://nks.example/#", "must look like"),
        ("https://nks.exa mple", "must look like"),
        ("https://nks.example/\x1b[31m", "must look like"),
        ("https://nks.example:99999", "is not a URL"),
        ("https://[nks.example", "is not a URL"),
        ("https://never:show@nks.example", "user name or password"),
        ("https://never@nks.example", "user name or password"),
        ("http://127.0.0.1@nks.example", "user name or password"),
        ("http://nks.example", "in the clear"),
        ("http://10.0.0.1", "in the clear"),
        ("http://127.0.0.1.nks.example", "in the clear"),
        ("http://localhost.nks.example", "in the clear"),
    ],
)
def test_another_api_url_is_refused(connect: Connect, url: str, message: str) -> None:
    with pytest.raises(NKSError, match=f"^api_url .*{message}") as caught:
        connect(api_url=url)
    assert str(caught.value).isprintable()
    assert not any(secret in str(caught.value) for secret in ("never", "show", "127.0.0.1@"))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("api_timeout", 0),
        ("api_timeout", -1),
        ("api_timeout", float("nan")),
        ("api_timeout", float("inf")),
        ("api_retries", -1),
        ("ca_path", "/no/such/file"),
    ],
)
def test_an_option_that_cannot_work_is_refused_by_name(connect: Connect, option: str, value: t.Any) -> None:
    with pytest.raises(NKSError, match=f"^{option}"):
        connect(**{option: value})


# Statuses


@pytest.mark.parametrize(
    ("status", "body", "detail", "parts"),
    [
        (400, '{"detail": "Parse error - line 1"}', "Parse error - line 1", ["400 Bad Request", "Parse error"]),
        (
            400,
            '{"name": ["Is required.", "Is bad."], "slug": ["Too long."]}',
            {"name": ["Is required.", "Is bad."], "slug": ["Too long."]},
            ["name: Is required. Is bad.", "slug: Too long."],
        ),
        (400, '{"detail": {"name": "odd"}}', {"detail": {"name": "odd"}}, ["odd"]),
        (
            401,
            '{"detail": "Invalid token."}',
            "Invalid token.",
            ["401", "Invalid token.", "api_token", "NKS_API_TOKEN"],
        ),
        (403, '{"detail": "No permission."}', "No permission.", ["403", "No permission.", "Owner"]),
        (404, '{"detail": "Not found."}', "Not found.", ["404", "Not found.", "api_url"]),
        (405, '{"detail": "Method not allowed."}', "Method not allowed.", ["405", "Method not allowed.", "api_url"]),
        (418, "[1, 2]", [1, 2], ["418", "[1, 2]"]),
        (429, '{"detail": "Throttled."}', "Throttled.", ["429", "Throttled.", "try again later"]),
        (500, "<h1>Oops</h1>\n<p>\x1b[31m Sorry", None, ["500", "<h1>Oops</h1> <p> [31m Sorry", "try again later"]),
        (500, "", None, ["status 500 Internal Server Error. The service failed"]),
        (502, "<html>" + "x" * 100000, None, ["502", "<html>xxx", "…", "gateway"]),
        (503, "<h1>Outage</h1>", None, ["503", "Outage", "try again later"]),
        (504, "nope", None, ["504", "nope", "gateway"]),
        (500, "[" * 100000, None, ["500", "[[["]),
        (599, '"text"', "text", ["status 599: text"]),
        (403, '{"detail": "\\ud800"}', None, ["403", '{"detail": "\\ud800"}', "Owner"]),
        (400, '{"detail": 1e999}', None, ["400", "1e999"]),
        (201, "[]", None, ["201"]),
        (204, "", None, ["204"]),
        (304, "", None, ["304"]),
    ],
)
def test_any_status_but_200_is_an_error_with_url_detail_and_advice(
    fake: FakeNKS, connect: Connect, status: int, body: str, detail: t.Any, parts: list[str]
) -> None:
    fake.fault("/orgs", "status", status=status, body=body, content_type="text/html")
    exc = failure(connect(), NKSStatusError)
    assert (exc.status, exc.detail, exc.url) == (status, detail, f"{fake.url}/orgs")
    assert [part for part in (f"GET {fake.url}/orgs", *parts) if part not in str(exc)] == []
    assert len(str(exc)) < 1000
    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    ("label", "path", "status"),
    [
        ("main", "/orgs/390/clusters", 403),
        ("main", "/orgs/999/clusters", 404),
        ("", "/orgs/381/clusters", 401),
    ],
)
def test_what_the_api_itself_refuses_is_told_in_its_words(
    fake: FakeNKS, connect: Connect, label: str, path: str, status: int
) -> None:
    with pytest.raises(NKSStatusError) as caught:
        connect(api_token=fake.tokens.get(label, "wrong")).clusters(Org({"pk": int(path.split("/")[2])}))
    assert (caught.value.status, caught.value.url) == (status, fake.url + path)
    assert caught.value.detail in str(caught.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to_other", [True, False])
def test_a_redirect_is_an_error_and_never_followed(
    fake: FakeNKS, connect: Connect, other: FakeNKS, status: int, to_other: bool
) -> None:
    location = f"{other.url}/orgs" if to_other else "/elsewhere"
    fake.fault("/orgs", "redirect", status=status, location=location)
    exc = failure(connect(api_retries=2), NKSStatusError)
    assert exc.status == status
    assert location in str(exc)
    assert len(fake.requests) == 1


# Repetition


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_these_statuses_are_repeated_as_often_as_told(
    fake: FakeNKS, connect: Connect, pauses: list[float], status: int
) -> None:
    fake.fault("/orgs", "status", status=status)
    exc = failure(connect(api_retries=3), NKSStatusError)
    assert statuses(fake) == [status] * 4
    assert len(pauses) == 3
    assert "tried 4 times" in str(exc)


@pytest.mark.parametrize("status", [201, 204, 302, 304, 400, 401, 403, 404, 405, 409, 418, 501])
def test_other_statuses_are_not_repeated(fake: FakeNKS, connect: Connect, pauses: list[float], status: int) -> None:
    fake.fault("/orgs", "status", status=status, headers={"Retry-After": "1"})
    exc = failure(connect(api_retries=3), NKSStatusError)
    assert (statuses(fake), pauses) == ([status], [])
    assert "tried" not in str(exc)


def test_a_repetition_that_succeeds_is_a_success(fake: FakeNKS, connect: Connect) -> None:
    fake.fault("/orgs", "status", status=503, times=1)
    before = time.monotonic()
    assert len(connect(api_retries=1).orgs()) == 4
    assert statuses(fake) == [503, 200]
    assert time.monotonic() - before >= 0.25


def test_pauses_grow_with_jitter_and_stay_below_a_minute(fake: FakeNKS, connect: Connect, pauses: list[float]) -> None:
    fake.fault("/orgs", "status", status=503)
    failure(connect(api_retries=12))
    longest = [min(60, 0.5 * 2**number) for number in range(12)]
    assert [pause for pause, most in zip(pauses, longest) if not most / 2 <= pause <= most] == []
    assert len(pauses) == 12
    assert len({round(pause / most, 6) for pause, most in zip(pauses[:6], longest)}) > 1


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [
        ("3", 3, 3),
        ("60", 60, 60),
        ("31536000", 60, 60),
        ("9" * 400, 60, 60),
        ("9" * 5000, 0.25, 60),
        ("in 55 s", 5, 55),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 60, 60),
        ("Fri, 31 Dec 99999 23:59:59 GMT", 0.25, 0.5),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.25, 0.5),
        ("-5", 0.25, 0.5),
        ("0", 0.25, 0.5),
        ("soon", 0.25, 0.5),
        ("", 0.25, 0.5),
        ("nan", 0.25, 0.5),
    ],
)
def test_retry_after_is_honoured_up_to_a_minute_unless_it_is_nonsense(
    fake: FakeNKS, connect: Connect, pauses: list[float], retry_after: str, least: float, most: float
) -> None:
    if retry_after == "in 55 s":
        retry_after = email.utils.formatdate(time.time() + 55, usegmt=True)
    for status in (429, 503):
        pauses.clear()
        fake.fault("/orgs", "status", status=status, headers={"Retry-After": retry_after}, times=1)
        assert len(connect(api_retries=1).orgs()) == 4
        assert len(pauses) == 1, status
        assert least <= pauses[0] <= most, status


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [("reset", 60), ("reset_body", 60), ("short_body", 60), ("silent", 0.2), ("drip", 0.2), ("drip_headers", 0.2)],
)
def test_a_broken_answer_is_repeated_until_a_whole_one_comes(
    fake: FakeNKS, connect: Connect, hurry: t.Callable[..., None], pauses: list[float], kind: str, seconds: float
) -> None:
    fake.fault("/orgs", kind, times=2)
    hurry(seconds, seconds, 60)
    assert len(connect(api_retries=2).orgs()) == 4
    assert (len(fake.requests), len(pauses)) == (3, 2)


@pytest.mark.parametrize("kind", ["reset", "reset_body", "short_body"])
def test_a_broken_answer_is_a_connection_error(fake: FakeNKS, connect: Connect, pauses: list[float], kind: str) -> None:
    fake.fault("/orgs", kind)
    exc = failure(connect(api_retries=1), NKSConnectionError)
    assert (exc.status, exc.detail, exc.url) == (None, None, f"{fake.url}/orgs")
    assert f"GET {fake.url}/orgs (tried 2 times)" in str(exc)
    assert len(pauses) == 1


def test_each_pause_is_told_without_the_token(
    fake: FakeNKS, connect: Connect, closed_port: int, pauses: list[float]
) -> None:
    told: list[str] = []
    fake.fault("/orgs", "status", status=429, headers={"Retry-After": "7"}, times=1)
    client = connect(api_retries=1, on_retry=told.append)
    client.orgs()
    assert client.request_count == 2
    failure(connect(api_url=f"http://127.0.0.1:{closed_port}/{fake.token}", api_retries=1, on_retry=told.append))
    assert told[0] == f"GET {fake.url}/orgs: status 429. Trying again in 7.0 s."
    assert re.fullmatch(
        r"GET http://127.0.0.1:\d+/\*{8}/orgs: Connection refused \(127.0.0.1\). Trying again in 0.\d s.", told[1]
    )
    assert (len(told), len(pauses)) == (2, 2)


def test_no_attempt_lasts_longer_and_no_repetition_begins_later_than_the_limits(
    fake: FakeNKS, connect: Connect, pauses: list[float]
) -> None:
    client = connect(api_retries=4)
    fake.fault("/orgs", "status", status=503, headers={"Retry-After": "7"}, times=5)
    with pytest.raises(NKSStatusError) as caught:
        client.until(Deadline(repeat_until=time.monotonic() + 5)).orgs()
    assert "tried" not in str(caught.value)
    assert pauses == []
    assert client.until(Deadline(repeat_until=time.monotonic() + 600)).orgs()
    assert pauses == [7, 7, 7, 7]
    fake.fault("/orgs", "silent", times=1)
    with pytest.raises(NKSConnectionError, match=r"no complete answer within 0\.[0-9]+ s \(the end of the wait\)"):
        client.until(Deadline(time.monotonic() + 0.3, 0)).orgs()
    before = len(fake.requests)
    with pytest.raises(NKSConnectionError, match=r"within 0 s \(the end of the wait\)"):
        client.until(Deadline(0, 0)).orgs()
    assert len(fake.requests) == before


def test_a_refused_connection_is_repeated(connect: Connect, closed_port: int, pauses: list[float]) -> None:
    refused = {"api_url": f"http://127.0.0.1:{closed_port}", "api_retries": 1}
    assert "Connection refused" in str(failure(connect(**refused), NKSConnectionError))
    started: list[FakeNKS] = []
    client = connect(**refused, on_retry=lambda _said: started.append(FakeNKS(port=closed_port)))
    assert len(client.orgs()) == 4
    assert len(pauses) == 2
    started[0].stop()


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("silent", {}),
        ("delay", {"seconds": 600.0}),
        ("drip", {"interval": 0.2}),
        ("drip_headers", {"interval": 0.2}),
    ],
)
def test_api_timeout_bounds_a_request_as_a_whole(fake: FakeNKS, connect: Connect, kind: str, fields: JSON) -> None:
    fake.fault("/orgs", kind, **fields)
    before = time.monotonic()
    exc = failure(connect(api_timeout=0.5), NKSConnectionError)
    assert 0.4 < time.monotonic() - before < 25
    assert "within 0.5 s (api_timeout)" in str(exc)
    assert exc.status is None
    fake.wait_for_requests(1)  # else the request could get into the next test


def test_what_comes_in_time_is_waited_for(fake: FakeNKS, connect: Connect) -> None:
    fake.fault("/orgs", "delay", seconds=0.3)
    assert len(connect().orgs()) == 4


def test_a_host_that_does_not_exist_is_a_connection_error(connect: Connect) -> None:
    exc = failure(connect(api_url="https://nks.invalid"), NKSConnectionError)
    assert "api_url" in str(exc)


# Bodies


def test_a_compressed_body_is_read(fake: FakeNKS, connect: Connect) -> None:
    fake.fault("/orgs", "gzip")
    assert len(connect().orgs()) == 4


def test_a_body_that_is_not_compressed_as_told_is_a_payload_error(fake: FakeNKS, connect: Connect) -> None:
    fake.fault("/orgs", "gzip_broken")
    assert "compressed" in str(failure(connect(), NKSPayloadError))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<!DOCTYPE html>\n<title>Log in</title>", "not JSON in UTF-8.*starts with: <!DOCTYPE html> <title>"),
        (b"", "not JSON.*The body is empty"),
        (b" \n", "not JSON.*The body is empty"),
        (b'[{"pk": 381, "name": "My Org', "not JSON"),
        (b"null", "not an array of objects.*null"),
        (b"{}", "not an array of objects.*{}"),
        (b'{"detail": "x"}', "not an array of objects"),
        (b"[1]", "not an array of objects"),
        (b"[{}, null]", "not an array of objects"),
        (b"[[]]", "not an array of objects"),
        ('[{"name": "Zürich"}]'.encode("latin-1"), "not JSON in UTF-8.*Z.rich"),
        (b'[{"pk": NaN}]', "not JSON"),
        (b'[{"pk": -Infinity}]', "not JSON"),
        (b'[{"pk": 1, "size": -1e999}]', "not JSON"),
        (b"[" * 100000, "not JSON"),
        (b"[" * 100000 + b"]" * 100000, "not JSON"),
        (b"[]" + b"\x00" * 5, "not JSON"),
        (b"x" * 1000000, "not JSON.*xxx…"),
    ],
)
def test_a_body_that_is_not_the_json_promised_is_an_error_that_shows_its_start(
    fake: FakeNKS, connect: Connect, body: bytes, message: str
) -> None:
    fake.fault("/orgs", "body", body_base64=base64.b64encode(body).decode(), content_type="text/html")
    exc = failure(connect(api_retries=2), NKSPayloadError)
    assert (exc.status, exc.url) == (200, f"{fake.url}/orgs")
    with pytest.raises(NKSPayloadError, match=message):
        raise exc
    assert len(str(exc)) < 1000
    assert len(fake.requests) == 1


def test_a_detail_that_is_not_an_object_is_an_error(fake: FakeNKS, client: NKSClient) -> None:
    fake.fault("/orgs/381/clusters/1201", "body", body="[{}]")
    with pytest.raises(NKSPayloadError, match="not an object"):
        client.cluster(ORG, 1201)


def test_a_deeply_nested_body_is_an_error(fake: FakeNKS, client: NKSClient) -> None:
    for depth in range(150, 3000, 150):
        fake.fault("/orgs", "body", body="[" * depth + "]" * depth, times=1)
        assert "not JSON" in str(failure(client, NKSPayloadError)), depth


def test_fields_that_nobody_knows_are_passed_through(fake: FakeNKS, connect: Connect) -> None:
    orgs = [{"pk": 1, "new": {"a": [1, 2.5, None, "\u2028ü🚀"]}}]
    fake.fault("/orgs", "body", body=json.dumps(orgs))
    assert [org.raw for org in connect().orgs()] == orgs


# Connections


def test_one_connection_serves_many_requests(fake: FakeNKS, client: NKSClient) -> None:
    for _number in range(30):
        client.orgs()
    assert len({entry["connection"] for entry in fake.requests}) == 1


def test_at_most_16_connections_serve_concurrent_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    meet = threading.Barrier(16, timeout=60)
    with FakeNKS(latency=1.0) as fake, NKSClient(fake.token, fake.url, 60, 0) as client:
        monkeypatch.setattr(fake.stopping, "wait", lambda _latency: meet.wait())
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda _number: client.orgs(), range(160)))
        assert len({entry["connection"] for entry in fake.requests}) == 16
        assert len(fake.requests) == 160


@pytest.fixture(name="authorities", scope="session")
def authorities_fixture(
    tmp_path_factory: pytest.TempPathFactory, make_certificate: t.Callable[[Path, str], tuple[str, str]]
) -> dict[str, tuple[str, str]]:
    folder = tmp_path_factory.mktemp("tls")
    return {
        "right": make_certificate(folder, "127.0.0.1"),
        "other": make_certificate(folder, "127.0.0.2"),
        "absent": (str(folder / "absent"), ""),
    }


@pytest.mark.parametrize(
    ("served", "ca_path", "bundle", "validate_certs", "trusted"),
    [
        ("right", None, None, True, False),
        ("right", "right", None, True, True),
        ("right", "other", None, True, False),
        ("right", None, None, False, True),
        ("right", "absent", None, False, True),
        ("right", None, "right", True, True),
        ("right", None, "other", False, True),
        ("right", "right", "other", True, True),
        ("right", "other", "right", True, False),
        ("other", "other", None, True, False),
        ("other", "other", None, False, True),
    ],
)
def test_certificates_are_trusted_as_the_options_say(
    authorities: dict[str, tuple[str, str]],
    connect: Connect,
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
    served: str,
    ca_path: str | None,
    bundle: str | None,
    validate_certs: bool,
    trusted: bool,
) -> None:
    if bundle:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", authorities[bundle][0])
    with FakeNKS(tls=authorities[served]) as fake:
        client = connect(
            api_url=fake.url,
            api_retries=2,
            validate_certs=validate_certs,
            ca_path=ca_path and authorities[ca_path][0],
        )
        if trusted:
            assert len(client.orgs()) == 4
        else:
            advice = "host name that is in the certificate" if served == "other" else "ca_path"
            assert advice in str(failure(client, NKSConnectionError))
            assert not fake.requests
    assert not pauses


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_no_proxy_sees_a_request_to_this_machine(
    fake: FakeNKS, connect: Connect, other: FakeNKS, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, other.url)
    assert len(connect().orgs()) == 4
    assert len(fake.requests) == 1


def test_another_request_goes_by_the_proxy(connect: Connect, monkeypatch: pytest.MonkeyPatch, closed_port: int) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port}")
    assert "proxy" in str(failure(connect(api_url="https://nks.invalid"), NKSConnectionError))


# The token stays secret


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("status", {"status": 400, "body": '{"detail": "Bad token TOKEN."}'}),
        ("status", {"status": 400, "body": '{"detail": "Bad token ESCAPED."}'}),
        ("status", {"status": 400, "body": '{"detail": "Bad token SLASHED."}'}),
        ("status", {"status": 400, "body": '{"TOKEN": ["TOKEN", {"TOKEN": "TOKEN"}]}'}),
        ("status", {"status": 400, "body": '["TOKEN"]'}),
        ("status", {"status": 500, "body": "<h1>" + "x" * 60 + "TOKEN"}),
        ("status", {"status": 404, "body": "TOKEN"}),
        ("redirect", {"location": "https://nks.invalid/?token=TOKEN"}),
        # Where a message shows only the beginning of what came
        ("status", {"status": 400, "body": '{"detail": "' + "x" * 290 + 'TOKEN"}'}),
        ("status", {"status": 400, "body": '{"name": ["' + "x" * 280 + 'TOKEN"]}'}),
        ("status", {"status": 400, "body": '"' + "x" * 70 + 'TOKEN"'}),
        ("status", {"status": 500, "body": "x" * 70 + "TOKEN"}),
        ("redirect", {"location": "https://nks.invalid/" + "x" * 50 + "TOKEN"}),
        ("body", {"body": "x" * 70 + "TOKEN"}),
        ("body", {"body": '{"name": "' + "x" * 60 + 'TOKEN"}'}),
        ("body", {"body": "TOKEN"}),
        ("body", {"body": '"TOKEN"'}),
        ("body", {"body": '{"token": "TOKEN"}'}),
        ("reset", {}),
        ("silent", {}),
    ],
)
def test_no_error_holds_the_token_even_when_the_server_echoes_it(
    fake: FakeNKS, connect: Connect, hurry: t.Callable[..., None], kind: str, fields: JSON
) -> None:
    hurry(0.2 if kind == "silent" else 60)
    for token in ("0123456789abcdef0123456789abcdef", "sec/ret+to=ken", 'sec"ret\\token'):
        escaped = {
            "SLASHED": json.dumps(token)[1:-1].replace("/", "\\/"),
            "ESCAPED": "".join(f"\\u{ord(character):04x}" for character in token),
            "TOKEN": json.dumps(token)[1:-1] if fields.get("status") == 400 or kind == "body" else token,
        }
        echoed = dict(fields)
        for field in {"body", "location"} & set(fields):
            for name, text in escaped.items():
                echoed[field] = echoed[field].replace(name, text)
        fake.fault("/orgs", kind, **echoed, times=1)
        exc = failure(connect(api_token=token))
        said = str(exc) + repr(exc) + "".join(traceback.format_exception(type(exc), exc, exc.__traceback__))
        assert token[:6] not in said + strings(vars(exc))


def strings(value: t.Any) -> str:
    """All strings in an object, its keys included."""
    if isinstance(value, dict):
        return strings([*value, *value.values()])
    return "\n".join(map(strings, value)) if isinstance(value, (list, tuple)) else str(value)


def test_an_api_url_that_holds_the_token_is_not_echoed(fake: FakeNKS, connect: Connect) -> None:
    exc = failure(connect(api_url=f"{fake.url}/{fake.token}"), NKSStatusError)
    assert fake.token not in str(exc) + strings(vars(exc))


@pytest.mark.parametrize("url", ["ftp://", "http://nks.example/"])
def test_an_impossible_api_url_is_shortened_without_the_token(fake: FakeNKS, connect: Connect, url: str) -> None:
    with pytest.raises(NKSError) as caught:
        connect(api_url=url + "x" * 55 + fake.token)
    assert fake.token[:6] not in str(caught.value)


def test_a_reason_is_shortened_without_the_token(fake: FakeNKS, client: NKSClient) -> None:
    assert fake.token[:6] not in str(client._connection_error("GET", "/", _http.NoReplyError("x" * 290 + fake.token)))


def test_urllib3_need_not_have_the_module_of_certificate_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "urllib3.util.ssl_match_hostname", None)  # as before urllib3 1.26.8
    second = types.ModuleType("second")
    importlib.machinery.SourceFileLoader("second", _http.__file__).exec_module(second)
    assert vars(second)["missing_library_message"]() == ""
