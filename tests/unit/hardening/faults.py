# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of test_wire_faults.py: what can happen on the wire, and how each request must end."""

from __future__ import annotations

import json
import types
import typing as t
import zlib
from urllib.parse import quote

from ansible_collections.netapp.nks.plugins.module_utils._client import JSON, NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Org
from ansible_collections.netapp.nks.plugins.modules.nks_kubeconfig import fetch

ORG = Org({"pk": 381})
CLUSTER = Cluster({"pk": 1201, "name": "prod"}, ORG)
POOL = {"name": "new", "node_count": 1, "instance_size": "t2.medium", "platform": "coreos"}
NOTHING: t.Mapping[str, t.Any] = types.MappingProxyType({})


class Endpoint(t.NamedTuple):
    call: t.Callable[[NKSClient], t.Any]
    path: str
    method: str = "GET"
    wrong_type: str = "{}"


ENDPOINTS = {
    "orgs": Endpoint(lambda client: client.orgs(), "/orgs"),
    "clusters": Endpoint(lambda client: client.clusters(ORG), "/orgs/381/clusters"),
    "cluster": Endpoint(lambda client: client.cluster(ORG, 1201), "/orgs/381/clusters/1201", wrong_type="[]"),
    "nodes": Endpoint(lambda client: client.nodes(CLUSTER), "/orgs/381/clusters/1201/nodes"),
    "node pools": Endpoint(lambda client: client.node_pools(CLUSTER), "/orgs/381/clusters/1201/nodepools"),
    "kubeconfig": Endpoint(
        lambda client: fetch(client, CLUSTER),
        "/orgs/381/clusters/1201/kubeconfig",
    ),
    "PATCH org": Endpoint(
        lambda client: client.update_org(ORG, {"name": "My Organization"}), "/orgs/381", "PATCH", wrong_type="[]"
    ),
    "POST node pool": Endpoint(
        lambda client: client.create_node_pool(CLUSTER, POOL),
        "/orgs/381/clusters/1201/nodepools",
        "POST",
        wrong_type="[]",
    ),
}

RIGHT = "the right answer"
REPEATED = "repeated, then the right answer; a change is not repeated and is an error"
CONNECTION = "an error: no answer"
STATUS = "an error: the status"
PAYLOAD = "an error: the body"


class Case(t.NamedTuple):
    happens: str
    """A description, which is the ID of the test."""

    ends: str
    """One of the constants above."""

    says: str = ""
    """A part of the error message."""

    kind: str = ""
    """The kind of the fault. Its fields follow. ``WRONG`` in a body stands for JSON of the wrong type."""

    fields: t.Mapping[str, t.Any] = NOTHING

    options: t.Mapping[str, t.Any] = NOTHING
    """Options of the client. Words in capitals stand for values of the fixture ``made``."""

    environment: t.Mapping[str, str] = NOTHING
    """Environment variables, with the same words in capitals."""

    tls: bool = False
    retries: int = 1

    arrives: bool = True
    """Whether the server receives the request. A change that it never receives is repeated."""


def by_proxy(happens: str, ends: str, says: str = "", variable: str = "HTTPS_PROXY", **values: t.Any) -> Case:
    """Make a case of https through a proxy from an environment variable."""
    url = values.pop("url")
    fields = {"options": {"ca_path": "CA"}, "tls": True, "arrives": ends == RIGHT, **values}
    return Case(happens, ends, says, environment={variable: url}, **fields)


def unusable(happens: str, url: str) -> Case:
    return by_proxy(happens, CONNECTION, "HTTPS_PROXY is not a proxy URL", url=url)


def status(code: int, body: str = "", **headers: str) -> JSON:
    return {"status": code, "body": body, "content_type": "text/html", "headers": headers}


USER = "qz.user"
PASSWORD = "qz/one#qz?two@qz%three:qz"
"""Each part contains ``qz``, which no message contains."""
CREDENTIALS = f"{quote(USER, '')}:{quote(PASSWORD, '')}@"

NESTED = "[" * 700 + "]" * 700
SLOW: JSON = {"api_timeout": 0.2}
SLOW_TLS: JSON = {"options": {**SLOW, "ca_path": "CA"}, "retries": 0}
ONCE: JSON = {"times": 1}
NO_MORE = "no complete answer within 0.2 s (api_timeout). "

CASES = (
    # Right answers, in odd ways
    Case("the answer is compressed", RIGHT, kind="gzip"),
    Case("a byte order mark comes before the body", RIGHT, kind="byte_order_mark"),
    Case("the answer comes in chunks", RIGHT, kind="chunked"),
    Case("the answer comes in chunks, and Content-Length is too large", RIGHT,
         kind="chunked", fields={"content_length": 100000}),
    Case("the answer comes in chunks, and Content-Length is too small", RIGHT,
         kind="chunked", fields={"content_length": 1}),
    Case("the answer is late, but in time", RIGHT, kind="delay", fields={"seconds": 0.1}),
    # Connections
    Case("the connection is refused", CONNECTION, "Connection refused", options={"api_url": "http://CLOSED"},
         arrives=False),
    Case("the connection is reset before the answer, once", REPEATED, "reset", "reset", ONCE),
    Case("the connection is reset before the answer", CONNECTION, "reset", "reset"),
    Case("the connection is reset within the body, once", REPEATED, kind="reset_body", fields=ONCE),
    Case("the connection is reset within the body", CONNECTION, kind="reset_body"),
    Case("the body is shorter than announced, once", REPEATED, "bytes", "short_body", ONCE),
    Case("the body is shorter than announced", CONNECTION, "bytes", "short_body"),
    Case("the last chunk is cut, once", REPEATED, "", "chunked", {"cut": True, **ONCE}),
    Case("the last chunk is cut", CONNECTION, "chunk", "chunked", {"cut": True}),
    Case("the last chunk is cut, and Content-Length is what came", CONNECTION, "chunk", "chunked",
         {"cut": True, "content_length": 1}),
    Case("no answer, once", REPEATED, "api_timeout", "silent", ONCE, SLOW),
    Case("no answer", CONNECTION, NO_MORE, "silent", options=SLOW, retries=0),
    Case("the headers come a byte at a time", CONNECTION, NO_MORE, "drip_headers", {"interval": 0.02}, SLOW, retries=0),
    Case("the body comes a byte at a time", CONNECTION, NO_MORE, "drip", {"interval": 0.05}, SLOW, retries=0),
    # TLS and proxies
    Case("https, and no known CA signed the certificate", CONNECTION, "ca_path", tls=True),
    Case("https, and the CA is in ca_path", RIGHT, options={"ca_path": "CA"}, tls=True),
    Case("https, and another CA is in ca_path", CONNECTION, "ca_path", options={"ca_path": "OTHER_CA"}, tls=True),
    Case("https, and validate_certs is false", RIGHT, options={"validate_certs": False}, tls=True),
    Case("https, and the CA is in REQUESTS_CA_BUNDLE", RIGHT, environment={"REQUESTS_CA_BUNDLE": "CA"}, tls=True),
    Case(
        "https, another CA is in ca_path and the right one in REQUESTS_CA_BUNDLE", CONNECTION, "ca_path",
        options={"ca_path": "OTHER_CA"}, environment={"REQUESTS_CA_BUNDLE": "CA"}, tls=True,
    ),
    Case("https, another CA is in REQUESTS_CA_BUNDLE and the right one in ca_path", RIGHT, options={"ca_path": "CA"},
         environment={"REQUESTS_CA_BUNDLE": "OTHER_CA"}, tls=True),
    Case("https, ca_path is missing and REQUESTS_CA_BUNDLE is wrong, and validate_certs is false", RIGHT, tls=True,
         options={"ca_path": "/no/such", "validate_certs": False}, environment={"REQUESTS_CA_BUNDLE": "OTHER_CA"}),
    Case("https, and the certificate is for another host", CONNECTION, "a host name that is in the certificate",
         options={"api_url": "https://OTHER_HOST", "ca_path": "OTHER_CA"}, arrives=False),
    Case("https, and the server wants a client certificate", CONNECTION, "asks for a client certificate",
         options={"api_url": "https://ASKING", "ca_path": "CA"}),
    Case("https to a server that speaks http", CONNECTION, "does not speak TLS on this port",
         options={"api_url": "HTTPS_TO_HTTP"}, arrives=False),
    Case("https to a server that says nothing", CONNECTION, NO_MORE, options={**SLOW, "api_url": "https://SILENT"},
         retries=0, arrives=False),
    Case("the TLS handshake comes a byte at a time", CONNECTION, NO_MORE,
         options={**SLOW, "api_url": "https://DRIPPING_TLS"}, retries=0, arrives=False),
    by_proxy("https by the proxy of HTTPS_PROXY", RIGHT, url="http://PROXY"),
    by_proxy("https by the proxy of https_proxy", RIGHT, variable="https_proxy", url="http://PROXY"),
    by_proxy("https by the proxy of ALL_PROXY, without a scheme", RIGHT, variable="ALL_PROXY", url="PROXY"),
    by_proxy("https by a proxy that speaks https", RIGHT, url="https://TLS_TUNNEL"),
    by_proxy("https by a proxy that wants a password", RIGHT, url=f"http://{CREDENTIALS}GUARDED"),
    by_proxy("https by a proxy, and the password is wrong", CONNECTION,
             "of HTTPS_PROXY failed: it answered with status 407", url="http://qz:qz@GUARDED"),
    by_proxy("https by a proxy, and the password is missing", CONNECTION,
             "of HTTPS_PROXY failed: it answered with status 407", url="http://GUARDED"),
    by_proxy("https, and HTTPS_PROXY refuses", CONNECTION, "of HTTPS_PROXY failed: Connection refused",
             url=f"http://{CREDENTIALS}CLOSED"),
    by_proxy("https, and https_proxy refuses", CONNECTION, "of https_proxy failed: Connection refused",
             variable="https_proxy", url=f"{CREDENTIALS}CLOSED"),
    by_proxy("https, and ALL_PROXY refuses", CONNECTION, "of ALL_PROXY failed: Connection refused",
             variable="ALL_PROXY", url=f"https://{CREDENTIALS}CLOSED"),
    by_proxy("https, and the host of HTTPS_PROXY is not known", CONNECTION, "of HTTPS_PROXY failed",
             url=f"http://{CREDENTIALS}nks.invalid:3128"),
    by_proxy("https, and HTTPS_PROXY answers with status 502", CONNECTION,
             "of HTTPS_PROXY failed: it answered with status 502 Bad Gateway. ", url=f"http://{CREDENTIALS}BROKEN_GATEWAY"),
    by_proxy("https, and HTTPS_PROXY does not speak HTTP", CONNECTION, "of HTTPS_PROXY failed",
             url=f"http://{CREDENTIALS}NO_HTTP"),
    by_proxy("https, and HTTPS_PROXY does not speak https", CONNECTION, "of HTTPS_PROXY failed",
             url=f"https://{CREDENTIALS}NO_HTTP"),
    by_proxy("https, and HTTPS_PROXY says nothing", CONNECTION, f"of HTTPS_PROXY failed: {NO_MORE}",
             url=f"http://{CREDENTIALS}SILENT", **SLOW_TLS),
    by_proxy("https, and HTTPS_PROXY answers a byte at a time", CONNECTION, f"of HTTPS_PROXY failed: {NO_MORE}",
             url=f"http://{CREDENTIALS}DRIPPING_PROXY", **SLOW_TLS),
    by_proxy("https by a proxy, and no answer", CONNECTION, "(through the proxy http://", url="http://PROXY",
             kind="silent", arrives=True, **SLOW_TLS),
    unusable("https, and the port of HTTPS_PROXY is too large", f"http://{CREDENTIALS}127.0.0.1:99999"),
    unusable("https, and the port of HTTPS_PROXY is not a number", f"http://{CREDENTIALS}127.0.0.1:qz"),
    unusable("https, and HTTPS_PROXY has no host", f"http://{CREDENTIALS}"),
    unusable("https, and HTTPS_PROXY has a scheme that no proxy has", f"qz://{CREDENTIALS}CLOSED"),
    *(unusable(f"https, and the password in HTTPS_PROXY has a {character} as it is", f"http://qz:1{character}qz@CLOSED")
      for character in "/#?"),
    by_proxy("https by a proxy, whose password has @ and % as they are", CONNECTION, "Connection refused",
             url="http://qz:qz@qz%qz@CLOSED"),
    by_proxy("https, ALL_PROXY is a SOCKS proxy, and it or PySocks is missing", CONNECTION, "of ALL_PROXY failed",
             variable="ALL_PROXY", url=f"socks5://{CREDENTIALS}CLOSED"),
    Case("https, HTTPS_PROXY refuses, and NO_PROXY names the endpoint", RIGHT, options={"ca_path": "CA"},
         environment={"HTTPS_PROXY": "http://CLOSED", "NO_PROXY": "127.0.0.1"}, tls=True),
    Case("https, HTTPS_PROXY is not a URL, and NO_PROXY names the endpoint", RIGHT, options={"ca_path": "CA"},
         environment={"HTTPS_PROXY": "http://qz:qz/qz@CLOSED", "NO_PROXY": "127.0.0.1"}, tls=True),
    Case("http by a proxy", CONNECTION, "HTTP_PROXY sets a proxy, which could read the token",
         options={"api_url": "http://nks.invalid", "validate_certs": False},
         environment={"HTTP_PROXY": "http://qz:qz@GUARDED"}, arrives=False),
    Case("http to this machine, and HTTP_PROXY is not a URL", RIGHT, environment={"HTTP_PROXY": "http://qz:qz/qz@CLOSED"}),
    Case("http to this machine, and HTTP_PROXY refuses", RIGHT, environment={"HTTP_PROXY": "http://CLOSED"}),
    # Redirects
    Case("a redirect to the same host", STATUS, "/elsewhere", "redirect", {"location": "/elsewhere"}),
    Case("a redirect to another host", STATUS, "never followed", "redirect", {"status": 307, "location": "OTHER"}),
    Case("a redirect to http", STATUS, "never followed", "redirect", {"location": "http://nks.invalid/"}),
    Case("a redirect to nowhere", STATUS, "to http://[, and", "redirect", {"location": "http://["}),
    Case("status 302 without a location", STATUS, "status 302", "status", status(302)),
    # Bodies
    Case("a compressed body that is broken", PAYLOAD, "compressed", "gzip_broken"),
    Case("an HTML page", PAYLOAD, "", "body", {"body": "<!DOCTYPE html>\n<title>Log in</title>"}),
    Case("an empty body", PAYLOAD, "", "body", {"body": ""}),
    Case("a byte order mark and nothing else", PAYLOAD, "", "body", {"body": "\ufeff"}),
    Case("JSON cut short", PAYLOAD, "", "body", {"body": '[{"kind": "Config", "name": "pro'}),
    Case("JSON of the wrong type", PAYLOAD, "", "body", {"body": "WRONG"}),
    Case("a JSON string", PAYLOAD, "", "body", {"body": '"kind: Config"'}),
    Case("a body that is not UTF-8", PAYLOAD, "", "body", {"body_base64": "W3sibmFtZSI6ICJa/HJpY2gifV0="}),
    Case("half of a surrogate pair", PAYLOAD, "", "body", {"body": '[{"name": "\\ud800"}]'}),
    Case("a number that is not JSON", PAYLOAD, "", "body", {"body": '[{"pk": NaN}]'}),
    Case("a number that is too large", PAYLOAD, "", "body", {"body": '[{"pk": 1e999}]'}),
    Case("700 levels of nesting", PAYLOAD, "", "body", {"body": f'[{{"name": "\\n", "x": {NESTED}}}]'}),
    Case("100,000 levels of nesting", PAYLOAD, "", "body", {"body": "[" * 100000}),
    Case("a body of 5 MB that is not JSON", PAYLOAD, "", "body", {"body": "x" * 5_000_000}),
    # Statuses
    Case("status 203", STATUS, "203 Non-Authoritative Information", "status", status(203)),
    Case("status 204", STATUS, "204 No Content", "status", status(204)),
    Case("status 400 with a detail", STATUS, "Parse error", "status", status(400, '{"detail": "Parse error"}')),
    Case("status 400 with a byte order mark", STATUS, "status 400 Bad Request: Parse error. ", "status",
         status(400, '\ufeff{"detail": "Parse error"}')),
    Case("status 400 with field errors", STATUS, "name: Bad.", "status", status(400, '{"name": ["Bad."]}')),
    Case("status 401", STATUS, "NKS_API_TOKEN", "status", status(401, '{"detail": "Invalid token."}')),
    Case("status 403", STATUS, "Owner", "status", status(403, '{"detail": "No."}')),
    Case("status 404", STATUS, "", "status", status(404, '{"detail": "Not found."}')),
    Case("status 405", STATUS, "api_url", "status", status(405, '{"detail": "No."}')),
    Case("status 418 with an HTML page of 1 MB", STATUS, "<h1>", "status", status(418, "<h1>\n" + "x" * 1_000_000)),
    Case("status 400 with 700 levels of nesting", STATUS, "400", "status", status(400, f'{{"x": {NESTED}}}')),
    Case("status 400 with the token in the body", STATUS, "Bad ****", "status", status(400, '{"detail": "Bad TOKEN"}')),
    *(Case(f"status {code} once", REPEATED, str(code), "status", {**status(code), "times": 1})
      for code in (429, 500, 502, 503, 504)),
    *(Case(f"status {code}", STATUS, f"status {code}", "status", status(code, "<h1>Outage</h1>"))
      for code in (429, 500, 502, 503, 504)),
)  # fmt: skip


def gzip_bomb(megabytes: int) -> bytes:
    """Return JSON of this size, compressed to about a thousandth."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    parts = [packer.compress(b" " * 2**20) for _number in range(megabytes)]
    return b"".join([*parts, packer.compress(b"[]"), packer.flush()])


def large_list(megabytes: int) -> str:
    item = {"pk": 1, "name": "x" * 1000}
    return json.dumps([{**item, "pk": pk} for pk in range(megabytes * 1000)])
