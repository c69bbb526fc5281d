# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
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
from ansible_collections.netapp.nks.plugins.module_utils._api import CHECK_URL
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import (
    NKSConnectionError,
    NKSError,
    NKSPayloadError,
    NKSStatusError,
)
from ansible_collections.netapp.nks.plugins.module_utils._http import RETRIED_STATUSES, Deadline
from ansible_collections.netapp.nks.plugins.module_utils._proxy import find_proxy
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Org
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]
Connect = t.Callable[..., NKSClient]

ORG = Org({"pk": 381})
CLUSTER = Cluster({"pk": 1202}, ORG)


@pytest.fixture(name="closed_port")
def closed_port_fixture() -> t.Iterator[int]:
    """A port that refuses connections. Only a server that requests it by number can use it."""
    with socket.socket() as unused:
        unused.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        unused.bind(("127.0.0.1", 0))
        yield unused.getsockname()[1]


def failure(client: NKSClient, error: type[NKSError] = NKSError) -> NKSError:
    """Return the error of ``GET /orgs``. Check that it is one printable line."""
    with pytest.raises(error) as caught:
        client.orgs()
    assert str(caught.value).isprintable()
    return caught.value


# Token and URL


@pytest.mark.parametrize("around", ["{}", "  {}\n", "\t{}\r\n"])
def test_every_request_has_the_trimmed_token_and_ignores_netrc(
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
        ("api_timeout", float("nan")),
        ("api_timeout", 604801.0),
        ("api_retries", -1),
        ("ca_path", "/no/such/file"),
    ],
)
def test_an_invalid_option_is_refused_by_name(connect: Connect, option: str, value: t.Any) -> None:
    with pytest.raises(NKSError, match=f"^{option}.*{value}"):
        connect(**{option: value})


def test_the_variable_of_an_invalid_ca_bundle_is_named(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURL_CA_BUNDLE", __file__)
    connect()  # http://
    with pytest.raises(NKSError, match=r"^CURL_CA_BUNDLE: cannot read a certificate from '.*test_client\.py'"):
        connect(api_url="https://nks.example")
    connect(api_url="https://nks.example", validate_certs=False)


def test_requests_have_a_user_agent_and_refuse_cached_answers(fake: FakeNKS, client: NKSClient) -> None:
    client.orgs()
    headers = fake.requests[0]["headers"]
    galaxy = (Path(__file__).parents[4] / "galaxy.yml").read_text(encoding="utf-8")
    version = re.search(r"^version: (.*)$", galaxy, re.MULTILINE)
    assert version
    assert headers["user-agent"] == f"ansible-netapp.nks/{version[1]}"
    assert headers["cache-control"] == "no-cache"


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
        (409, '{"detail": "Exists."}', "Exists.", ["409", "conflicts with the current state"]),
        (413, "", None, ["413", "larger than the endpoint accepts"]),
        (429, "", None, ["429", "limits the rate of requests"]),
        (422, '{"detail": "Bad size."}', "Bad size.", ["422", "correct the problem that it reports"]),
        (418, "[1, 2]", [1, 2], ["418", "[1, 2]"]),
        (500, "<h1>Oops</h1>\n<p>\x1b[31m Sorry", None, ["500", "<h1>Oops</h1> <p> [31m Sorry", "try again later"]),
        (500, "", None, ["status 500 Internal Server Error. The service failed"]),
        (502, "<html>" + "x" * 100000, None, ["502", "<html>xxx", "…", "gateway"]),
        (500, "[" * 100000, None, ["500", "[[["]),
        (599, '"text"', "text", ["status 599: text"]),
        (403, '{"detail": "\\ud800"}', None, ["403", '{"detail": "\\ud800"}', "Owner"]),
        (400, '{"detail": 1e999}', None, ["400", "1e999"]),
        (201, "[]", None, ["201"]),
        (501, "", None, ["501", "The service failed"]),
        (400, json.dumps({"detail": "x" * 4_000_000}), "x" * 1999 + "…", ["xxx…"]),
        (400, json.dumps({"name": ["x" * 4_000_000]}), '{"name": ["' + "x" * 1988 + "…", ["name: xxx"]),
        (400, '{"__ansible_unsafe": "x", "\\u005f_ansible_type": 1, "name": "Bad."}', {"name": "Bad."}, ["name: Bad."]),
        (204, "", None, ["204"]),
        (304, "", None, ["304"]),
    ],
)
def test_any_status_except_200_is_an_error_with_url_detail_and_advice(
    fake: FakeNKS, connect: Connect, pauses: list[float], status: int, body: str, detail: t.Any, parts: list[str]
) -> None:
    fake.fault("/orgs", "status", status=status, body=body, content_type="text/html", headers={"Retry-After": "1"})
    exc = failure(connect(api_retries=2), NKSStatusError)
    assert (exc.status, exc.detail, exc.url) == (status, detail, f"{fake.url}/orgs")
    assert [part for part in (f"GET {fake.url}/orgs", *parts) if part not in str(exc)] == []
    assert len(str(exc)) < 1000
    assert len(fake.requests) == len(pauses) + 1 == (3 if status in RETRIED_STATUSES else 1)
    assert ("tried 3 times" in str(exc)) == (status in RETRIED_STATUSES)


@pytest.mark.parametrize(
    ("status", "body", "is_unclear"),
    [
        *((status, "", True) for status in (200, 202, 204, 302, 500, 502, 504)),
        (200, "<h1>Log in</h1>", True),
        (200, "[]", True),
        *((status, "", False) for status in (400, 401, 409, 413, 415, 429)),
    ],
)
def test_the_message_says_if_it_is_unknown_whether_a_change_was_made(
    fake: FakeNKS, client: NKSClient, status: int, body: str, is_unclear: bool
) -> None:
    fake.fault("/orgs/381", "status", method="PATCH", status=status, body=body)
    with pytest.raises(NKSError) as caught:
        client.update_org(ORG, {"name": "x"})
    assert ("It is not known whether the change was made." in str(caught.value)) == is_unclear
    assert caught.value.is_unclear == is_unclear
    assert status == 302 or CHECK_URL not in str(caught.value)


def test_it_is_unknown_whether_a_change_was_made_if_the_answer_is_cut(fake: FakeNKS, client: NKSClient) -> None:
    fake.fault("/orgs/381", "short_body", method="PATCH")
    with pytest.raises(NKSError) as caught:
        client.update_org(ORG, {"name": "x"})
    assert caught.value.is_unclear
    assert len(fake.requests) == 1


# Repetition


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
        ("-jan-GMT EST GMT", 0.25, 0.5),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.25, 0.5),
        ("-5", 0.25, 0.5),
        ("0", 0.25, 0.5),
        ("soon", 0.25, 0.5),
        ("", 0.25, 0.5),
        ("nan", 0.25, 0.5),
    ],
)
def test_retry_after_is_respected_up_to_a_minute_unless_it_is_invalid(
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
    fake.fault("/orgs", "status", status=429, headers={"Retry-After": retry_after}, times=1)
    wanted = failure(connect()).retry_after
    assert wanted == pytest.approx(pauses[0], abs=1) if least >= 1 else wanted == 0


def test_each_pause_is_reported_without_the_token(
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


def test_attempts_and_retries_stay_within_the_deadline(fake: FakeNKS, connect: Connect, pauses: list[float]) -> None:
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


def test_a_refused_connection_is_retried(connect: Connect, closed_port: int, pauses: list[float]) -> None:
    refused = {"api_url": f"http://127.0.0.1:{closed_port}", "api_retries": 1}
    assert "Connection refused" in str(failure(connect(**refused), NKSConnectionError))
    started: list[FakeNKS] = []
    client = connect(**refused, on_retry=lambda _said: started.append(FakeNKS(port=closed_port)))
    assert len(client.orgs()) == 4
    assert len(pauses) == 2
    started[0].stop()


# Bodies


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<!DOCTYPE html>\n<title>Log in</title>", "not JSON in UTF-8.*starts with: <!DOCTYPE html> <title>"),
        (b"", "not JSON.*The body is empty"),
        (b" \n", "not JSON.*The body is empty"),
        (b'[{"pk": 381, "name": "My Org', "not JSON"),
        (b"null", "not an array of objects.*null"),
        (b"{}", "not an array of objects.*{}"),
        (b"[1]", "not an array of objects"),
        (b"[{}, null]", "not an array of objects"),
        ('[{"name": "Zürich"}]'.encode("latin-1"), "not JSON in UTF-8.*Z.rich"),
        (b"[]" + b"\x00" * 5, "not JSON"),
        (b"[" * 101 + b"]" * 101, "not JSON"),
        (b"[" + b"{}," * 3_000_000 + b"{}]", "not JSON"),
        (b"x" * 1000000, "not JSON.*xxx…"),
    ],
)
def test_a_body_that_is_not_the_expected_json_is_an_error_that_shows_its_start(
    fake: FakeNKS, connect: Connect, body: bytes, message: str
) -> None:
    fake.fault("/orgs", "body", body_base64=base64.b64encode(body).decode(), content_type="text/html")
    exc = failure(connect(api_retries=2), NKSPayloadError)
    assert (exc.status, exc.url) == (200, f"{fake.url}/orgs")
    with pytest.raises(NKSPayloadError, match=message):
        raise exc
    assert len(str(exc)) < 1000
    assert len(fake.requests) == 1


def test_the_time_of_a_request_includes_parsing_its_body(fake: FakeNKS, connect: Connect) -> None:
    fake.fault("/orgs", "body", body="[" + "{}," * 1_900_000 + "{}]")
    assert "within 0.1 s (api_timeout)" in str(failure(connect(api_timeout=0.1), NKSConnectionError))


@pytest.mark.parametrize(
    "wire",
    [
        '"__ansible_type": "Tripwire", "__ansible_unsafe": "x"',
        '"\\u005f_\\u0061nsible_vault": {"__\\u0061nsible_type": 1}',
    ],
)
def test_unknown_fields_are_kept_except_those_of_the_wire_format_of_ansible(
    fake: FakeNKS, connect: Connect, wire: str
) -> None:
    fields = {"new": {"a": [1, 2.5, None, "\u2028ü🚀", {"_ansible": 1}]}}
    text = json.dumps([{"pk": 1, **fields}, {"pk": 2, **fields}])
    fake.fault("/orgs", "body", body=text.replace("{", f"{{{wire}, "))
    assert [org.raw for org in connect().orgs()] == json.loads(text)


# Connections


def test_one_connection_serves_many_requests(fake: FakeNKS, client: NKSClient) -> None:
    for _number in range(30):
        client.orgs()
    assert len({entry["connection"] for entry in fake.requests}) == 1


def test_a_change_uses_its_own_connection(fake: FakeNKS, client: NKSClient) -> None:
    client.orgs()
    client.update_org(ORG, {"name": "x"})
    client.orgs()
    numbers = [entry["connection"] for entry in fake.requests]
    assert numbers[0] == numbers[2] != numbers[1]


@pytest.fixture(name="addresses")
def addresses_fixture(fake: FakeNKS, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[tuple[int, list[str]]]:
    """The port of the fake, and the addresses of each host name.

    At 127.0.0.2, the queue of connections is full. At 127.0.0.3, nothing listens.
    """
    port, addresses = int(fake.url.rpartition(":")[2]), ["127.0.0.3", "127.0.0.2", "127.0.0.1"]

    def getaddrinfo(_host: str, port: int, *_arguments: t.Any, **_options: t.Any) -> list[t.Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.2", port))
        full.listen(0)
        for _number in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.2", port))
        yield port, addresses


def test_a_silent_or_refusing_address_does_not_prevent_others(
    fake: FakeNKS, connect: Connect, addresses: tuple[int, list[str]]
) -> None:
    url = f"http://nks.example:{addresses[0]}"
    client = connect(api_url=url, validate_certs=False)
    assert len(client.orgs()) == 4
    addresses[1].pop()
    assert "no connection to 127.0.0.3, 127.0.0.2" in str(
        failure(connect(api_url=url, validate_certs=False, api_timeout=0.5), NKSConnectionError)
    )
    addresses[1].pop()
    assert "Connection refused (127.0.0.3)" in str(failure(connect(api_url=url, validate_certs=False)))


def test_at_most_16_connections_serve_concurrent_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    meet = threading.Barrier(16, timeout=60)
    with FakeNKS(latency=1.0) as fake, NKSClient(fake.token, fake.url, 60, 0) as client:
        monkeypatch.setattr(fake.stopping, "wait", lambda _latency: meet.wait())
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda _number: client.orgs(), range(160)))
        assert len({entry["connection"] for entry in fake.requests}) == 16
        assert len(fake.requests) == 160


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
        # Messages that show only the beginning of a body
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
    """Return all strings in an object, including keys."""
    if isinstance(value, dict):
        return strings([*value, *value.values()])
    return "\n".join(map(strings, value)) if isinstance(value, (list, tuple)) else str(value)


def test_an_api_url_that_holds_the_token_is_not_echoed(fake: FakeNKS, connect: Connect) -> None:
    exc = failure(connect(api_url=f"{fake.url}/{fake.token}"), NKSStatusError)
    assert fake.token not in str(exc) + strings(vars(exc))


@pytest.mark.parametrize("url", ["ftp://", "http://nks.example/"])
def test_a_shortened_api_url_has_no_part_of_the_token(fake: FakeNKS, connect: Connect, url: str) -> None:
    with pytest.raises(NKSError) as caught:
        connect(api_url=url + "x" * 55 + fake.token)
    assert fake.token[:6] not in str(caught.value)


def test_a_shortened_reason_has_no_part_of_the_token(fake: FakeNKS, client: NKSClient) -> None:
    assert fake.token[:6] not in str(client._connection_error("GET", "/", _http.NoReplyError("x" * 290 + fake.token)))


@pytest.mark.parametrize(
    ("host", "no_proxy", "is_bypassed"),
    [
        ("api.nks.example", "*.nks.example", True),
        ("nks.example", "a, *.nks.example", False),
        ("nks.example.test", "*.nks.example", False),
        ("[fd00::5]", "x,fd00::/8", True),
        ("[fd00::5]", "[fd00::5]", True),
        ("[fd00::5]", "fd00::7/8", True),
        ("[fd00::5]", "fd01::/16", False),
        ("nks.example", "", False),
    ],
)
def test_no_proxy_can_have_patterns_and_ipv6(
    monkeypatch: pytest.MonkeyPatch, host: str, no_proxy: str, is_bypassed: bool
) -> None:
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert (find_proxy(f"https://{host}:8443/", {"https": "http://proxy.example"}) is None) == is_bypassed


def test_urllib3_can_lack_the_module_of_certificate_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "urllib3.util.ssl_match_hostname", None)  # as before urllib3 1.26.8
    second = types.ModuleType("second")
    importlib.machinery.SourceFileLoader("second", _http.__file__).exec_module(second)
    assert vars(second)["missing_library_message"]() == ""
