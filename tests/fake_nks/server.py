# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The NKS API on 127.0.0.1, with faults on demand."""

from __future__ import annotations

import base64
import codecs
import contextlib
import datetime
import email.utils
import gzip
import http.client
import http.server
import itertools
import json
import re
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time
import typing as t

from .fleet import Fleet, Object
from .stand_in import StandIn, failure
from .writes import File, RefusedError, data_of, org_changes

ROUTES = tuple(
    (re.compile(path, re.ASCII), name)
    for path, name in (
        (r"/userprofile", "profile"),
        (r"/orgs", "orgs"),
        (r"/orgs/(\d{1,18})", "org"),
        (r"/orgs/(\d{1,18})/(workspaces|keysets)(?:/(\d{1,18}))?", "part of org"),
        (r"/orgs/(\d{1,18})/clusters", "clusters"),
        (r"/orgs/(\d{1,18})/clusters/(\d{1,18})", "cluster"),
        (r"/orgs/(\d{1,18})/clusters/(\d{1,18})/(logs|kubeconfig)", "part of cluster"),
        (r"/orgs/(\d{1,18})/clusters/(\d{1,18})/(nodes|nodepools|solutions)(?:/(\d{1,18}))?", "part of cluster"),
    )
)
KUBERNETES = re.compile(r"/_kubernetes/(\d{1,18})(/.*)", re.ASCII)
JSON = "application/json"
OPTIONS: Object = {"description": "", "renders": [JSON], "parses": [JSON, "multipart/form-data"]}
NAMES = {int: "number", bool: "boolean", list: "list", dict: "object"}
LOGOS = "/media/logos/"
LONGEST_FAULT = 600.0

ANY_FAULT: Object = {"method": "GET", "times": None, "after": 0, "once_each": False}
FAULTS: dict[str, Object] = {
    "status": {"status": 500, "body": "", "content_type": JSON, "headers": {}},
    "body": {"body": "", "body_base64": "", "content_type": JSON, "headers": {}},
    "redirect": {"status": 302, "location": "/"},
    "gzip": {},
    "gzip_broken": {},
    "byte_order_mark": {},
    "chunked": {"content_length": None, "cut": False},
    "delay": {"seconds": 1.0},
    "reset": {},
    "reset_body": {},
    "short_body": {},
    "drip": {"interval": 1.0},
    "drip_headers": {"interval": 1.0},
    "silent": {},
}


class Reply(t.NamedTuple):
    status: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def json(cls, status: int, data: t.Any, **headers: str) -> Reply:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return cls(status, text.encode(), JSON, tuple((key.replace("_", "-"), value) for key, value in headers.items()))

    @classmethod
    def detail(cls, status: int, detail: str, **headers: str) -> Reply:
        return cls.json(status, {"detail": detail}, **headers)

    def head(self) -> bytes:
        lines = [
            f"HTTP/1.1 {self.status} {http.client.responses.get(self.status, '')}",
            "Server: fake-nks",
            f"Date: {email.utils.formatdate(usegmt=True)}",
            f"Content-Type: {self.content_type}",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        if "Transfer-Encoding" not in dict(self.headers):
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


class Fault:
    """How requests that match fail. The fields, with their defaults, are in `ANY_FAULT` and, by kind, in `FAULTS`."""

    def __init__(self, path: str, kind: str, **fields: t.Any) -> None:
        if kind not in FAULTS:
            raise ValueError(f"no fault is of the kind {kind!r}; the kinds are {', '.join(FAULTS)}")
        self.fields = {**ANY_FAULT, **FAULTS[kind]}
        unknown = sorted(set(fields) - set(self.fields))
        if unknown:
            raise ValueError(f"a fault of the kind {kind} has no field {', '.join(unknown)}")
        for name, value in fields.items():
            default = self.fields[name]
            wanted: tuple[type, ...] = (type(default),)
            if default is None or isinstance(default, float):
                wanted += (int,)
            if not isinstance(value, wanted):
                raise ValueError(f"the field {name} of a fault cannot be {value!r}")
        self.fields.update(fields)
        try:
            self.path = re.compile(path)
        except re.error as error:
            raise ValueError(f"the path {path!r} is not a regular expression: {error}") from error
        self.kind = kind
        self._left = self.fields["times"]
        self._skip = self.fields["after"]
        self._seen: set[str] = set()

    @classmethod
    def from_json(cls, value: t.Any) -> Fault:
        if not isinstance(value, dict) or not all(isinstance(value.get(key), str) for key in ("path", "kind")):
            raise ValueError("a fault is a JSON object with at least path and kind")
        return cls(**value)

    def takes(self, method: str, path: str, query: str) -> bool:
        """Whether this request is to fail. Each request must be asked about once, because it counts."""
        if method != self.fields["method"] or not self.path.fullmatch(path):
            return False
        if self._skip > 0:
            self._skip -= 1
            return False
        target = f"{path}?{query}"
        if self._left == 0 or (self.fields["once_each"] and target in self._seen):
            return False
        self._seen.add(target)
        if self._left is not None:
            self._left -= 1
        return True


class FakeNKS:
    """A running fake; `with` or `stop` ends it. `orgs`, `clusters` or `nodes` (a cluster) replace the fleet of data/.

    `tls` is the paths of certificate and key. `clock` gives the seconds by which clusters change. Where `step` is set,
    so many seconds pass with each request instead. `takes_slug` says whether PATCH changes the slug of an organization.
    """

    def __init__(
        self,
        port: int = 0,
        latency: float = 0.0,
        orgs: int | None = None,
        clusters: int | None = None,
        nodes: int | None = None,
        tls: tuple[str, str] | None = None,
        clock: t.Callable[[], float] = time.monotonic,
        step: float | None = None,
        takes_slug: bool = False,
    ) -> None:
        self.latency = latency
        self.step = step
        self.stopping = threading.Event()
        self._size = (
            None
            if orgs is clusters is nodes is None
            else (1 if orgs is None else orgs, 10 if clusters is None else clusters, 3 if nodes is None else nodes)
        )
        self._clock = clock
        self._takes_slug = takes_slug
        self._lock = threading.Lock()
        self.reset()
        self.tokens: dict[str, str] = {label: account["token"] for label, account in self._fleet.tokens.items()}
        self.token = self.tokens["main"]
        self._server = Server(self, port, tls)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> FakeNKS:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Closes every connection, too."""
        if not self.stopping.is_set():
            self.stopping.set()
            self._server.shutdown()
            self._server.server_close()

    def reset(self) -> None:
        """The data and the clock as at the start, no faults, an empty log."""
        fleet = Fleet.generated(*self._size) if self._size else Fleet.from_files()
        self.takes_slug = self._takes_slug
        with self._lock:
            self._fleet = fleet
            self._accounts = {account["token"]: account for account in fleet.tokens.values()}
            self._started = self._clock()
            self._stepped = 0.0
            self._faults: list[Fault] = []
            self._log: list[Object] = []
            self._cache: dict[tuple[t.Any, ...], Reply] = {}
            self._stand_ins: dict[int, StandIn] = {}
            self._logos: dict[str, File] = {}

    def fault(self, path: str, kind: str, **fields: t.Any) -> None:
        """Makes requests fail whose path, without the query, `path` matches as a whole. See README.md."""
        self.add_faults([Fault(path, kind, **fields)])

    def add_faults(self, faults: t.Iterable[Fault]) -> None:
        with self._lock:
            self._faults.extend(faults)

    def clear_faults(self) -> None:
        with self._lock:
            self._faults.clear()

    def set_clusters(self, clusters: t.Iterable[Object]) -> None:
        """Adds clusters, or replaces those with the same `pk`: records as in data/clusters.json. See README.md."""
        with self._lock:
            self._fleet.set_clusters(clusters, self._age())
            self._cache.clear()

    def change_cluster(self, pk: int, /, **changes: t.Any) -> None:
        """Changes fields of a cluster, which then stays as it is: what is left of its timeline is dropped."""
        with self._lock:
            self._fleet.change_cluster(pk, changes, self._age())
            self._cache.clear()

    def delete_cluster(self, pk: int) -> None:
        """The cluster is gone at once."""
        with self._lock:
            self._fleet.delete_cluster(pk, self._age())
            self._stand_ins.pop(pk, None)
            self._cache.clear()

    @property
    def requests(self) -> list[Object]:
        """The log, oldest first. `status` is None where no status was sent, or not yet."""
        with self._lock:
            return [dict(entry) for entry in self._log]

    def wait_for_requests(self, number: int) -> None:
        """Returns once so many are in the log. Raises TimeoutError after a minute."""
        for _turn in range(6000):
            if len(self._log) >= number:
                return
            threading.Event().wait(0.01)  # not time.sleep, which tests of pauses replace
        raise TimeoutError(f"{len(self._log)} of {number} requests came")

    def receive(self, entry: Object) -> Fault | None:
        """Logs a request and says how it is to fail."""
        with self._lock:
            self._log.append(entry)
            self._stepped += self.step or 0.0
            asked = (fault for fault in self._faults if fault.takes(entry["method"], entry["path"], entry["query"]))
            return next(asked, None)

    def _age(self) -> float:
        return self._clock() - self._started if self.step is None else self._stepped

    def auth(self, path: str, authorization: str | None) -> tuple[str, str]:
        """What the log calls the authorization, and the token if it is valid."""
        scheme, _dummy, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return "missing", ""
        kubernetes = KUBERNETES.fullmatch(path)
        with self._lock:
            if kubernetes:
                cluster = self._fleet.with_kubeconfig(int(kubernetes[1]), self._age())
                valid = cluster is not None and token == self._fleet.kubernetes_token(cluster)
            else:
                valid = token in self._accounts
        return ("valid", token) if valid else ("invalid", "")

    def answer(
        self, method: str, path: str, query: str, auth: tuple[str, str], content_type: str, body: bytes
    ) -> Reply:
        """What the API answers when nothing is made to fail."""
        kubernetes = KUBERNETES.fullmatch(path)
        if kubernetes:
            return self._answer_as_kubernetes(
                int(kubernetes[1]), method, kubernetes[2], query, auth[0], content_type, body
            )
        if path.startswith(LOGOS):
            return self._logo(path, method)
        if auth[0] != "valid":
            detail = "Invalid token." if auth[0] == "invalid" else "Authentication credentials were not provided."
            return Reply.detail(401, detail, WWW_Authenticate="Bearer")
        path = path[:-1] if path.endswith("/") else path
        route, ids = next(
            ((name, match.groups()) for pattern, name in ROUTES for match in [pattern.fullmatch(path)] if match),
            ("", ()),
        )
        if not route:
            return Reply.detail(404, "Not found.")
        with self._lock:
            account = self._accounts[auth[1]]
            if ids:
                org = int(ids[0])
                if org not in self._fleet.orgs:
                    return Reply.detail(404, "Not found.")
                only_member = org in account["member"] and route == "org" and method != "PATCH"
                if org not in account["owner"] and not only_member:
                    return Reply.detail(403, "You do not have permission to perform this action.")
            if method == "PATCH" and route == "org":
                return self._patch(self._fleet.orgs[org], content_type, body)
            allow = "GET, PATCH, HEAD, OPTIONS" if route == "org" else "GET, HEAD, OPTIONS"
            if method == "OPTIONS":
                name = next(part for part in reversed(path.split("/")) if not part.isdigit())
                return Reply.json(200, {"name": name.capitalize(), **OPTIONS}, Allow=allow)
            if method not in ("GET", "HEAD"):
                return Reply.detail(405, f'Method "{method}" not allowed.', Allow=allow)
            seconds = self._age()
            service = "include_service_clusters=true" in query.lower().split("&")
            key = ("" if ids else auth[1], path, service, self._fleet.epoch(seconds))
            if key not in self._cache:
                self._cache[key] = self._read(route, ids, account, service, seconds)
            return self._cache[key]

    def _read(self, route: str, ids: t.Sequence[str], account: Object, service: bool, seconds: float) -> Reply:
        fleet = self._fleet
        if route == "profile":
            return Reply.json(200, [fleet.profile(account)])
        if route == "orgs":
            seen = account["owner"] + account["member"]
            return Reply.json(200, [org for pk, org in fleet.orgs.items() if pk in seen])
        org = int(ids[0])
        if route == "org":
            return Reply.json(200, fleet.orgs[org])
        if route == "part of org":
            parts = fleet.workspaces_of(org, seconds) if ids[1] == "workspaces" else fleet.keysets(org)
            return all_or_one(parts, ids[2])
        if route == "clusters":
            return Reply.json(
                200,
                [
                    fleet.short(cluster)
                    for cluster in fleet.clusters(org, seconds)
                    if service or not cluster["config"].get("is_service_cluster")
                ],
            )
        cluster = fleet.cluster(org, int(ids[1]), seconds)
        part = ids[2] if route == "part of cluster" else "detail"
        if cluster is None or (part == "kubeconfig" and not cluster["is_kubeconfig_available"]):
            return Reply.detail(404, "Not found.")
        if part == "kubeconfig":
            kubeconfig = fleet.kubeconfig(cluster, f"{self.url}/_kubernetes/{cluster['pk']}")
            return Reply(200, kubeconfig.encode(), "text/plain; charset=utf-8")
        if part == "detail":
            return Reply.json(200, fleet.detail(cluster))
        if part == "logs":
            return Reply.json(200, fleet.logs(cluster))
        make = {"nodes": fleet.nodes, "nodepools": fleet.pools, "solutions": fleet.solutions}[part]
        return all_or_one(make(cluster), ids[3])

    def _patch(self, org: Object, content_type: str, body: bytes) -> Reply:
        try:
            changes = org_changes(data_of(content_type, body), self.takes_slug)
        except RefusedError as refused:
            return Reply.json(refused.status, refused.answer)
        if changes.get("logo"):
            changes["logo"] = self._keep(changes["logo"])
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        org.update(changes, updated=now)
        self._cache.clear()
        return Reply.json(200, org)

    def _keep(self, logo: File) -> str:
        """The URL that the picture is served at from now on: no picture takes the place of another."""
        name = re.sub(r"[^-\w.]", "", logo.name, flags=re.ASCII) or f"logo.{logo.kind}"
        path = next(
            path
            for number in itertools.count(1)
            for path in [f"{LOGOS}{f'{number}_' if number > 1 else ''}{name}"]
            if path not in self._logos
        )
        self._logos[path] = logo
        return self.url + path

    def _logo(self, path: str, method: str) -> Reply:
        with self._lock:
            logo = self._logos.get(path)
        if not logo or method not in ("GET", "HEAD"):
            return Reply(404, b"", "text/html")
        return Reply(200, logo.content, f"image/{logo.kind}")

    def _answer_as_kubernetes(
        self, pk: int, method: str, path: str, query: str, auth: str, content_type: str, body: bytes
    ) -> Reply:
        with self._lock:
            cluster = self._fleet.with_kubeconfig(pk, self._age())
            if cluster is None or auth != "valid":
                return Reply.json(*failure(401, "Unauthorized", "Unauthorized"))
            stand_in = self._stand_ins.setdefault(pk, StandIn())
            content_type = content_type.partition(";")[0].strip().lower()
            return Reply.json(*stand_in.answer(cluster["k8s_version"], method, path, query, content_type, body))

    def control(self, method: str, path: str, body: bytes) -> Reply:
        """The fake's own endpoints, which no token guards."""
        if (method, path) == ("GET", "/_fake/requests"):
            return Reply.json(200, self.requests)
        cluster = re.fullmatch("/_fake/clusters/([0-9]+)", path)
        try:
            if (method, path) == ("POST", "/_fake/reset"):
                self.reset()
            elif (method, path) == ("POST", "/_fake/step"):
                self.step = float(told(body, int, float))
            elif (method, path) == ("POST", "/_fake/takes_slug"):
                self.takes_slug = told(body, bool)
            elif (method, path) == ("DELETE", "/_fake/faults"):
                self.clear_faults()
            elif (method, path) == ("POST", "/_fake/faults"):
                self.add_faults([Fault.from_json(fault) for fault in told(body, list)])
            elif (method, path) == ("POST", "/_fake/clusters"):
                self.set_clusters(told(body, list))
            elif method == "PATCH" and cluster:
                self.change_cluster(int(cluster[1]), **told(body, dict))
            elif method == "DELETE" and cluster:
                self.delete_cluster(int(cluster[1]))
            else:
                return Reply.detail(404, f"The fake has no {method} {path}.")
        except ValueError as error:
            return Reply.detail(400, str(error))
        return Reply(204, b"")


def all_or_one(objects: list[Object], pk: str | None) -> Reply:
    if pk is None:
        return Reply.json(200, objects)
    one = next((one for one in objects if one["pk"] == int(pk)), None)
    return Reply.json(200, one) if one else Reply.detail(404, "Not found.")


def told(body: bytes, *kinds: type) -> t.Any:
    """What the body of a request to a control endpoint says in JSON. Raises ValueError."""
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if type(value) not in kinds:
        raise ValueError(f"the body must be a JSON {NAMES[kinds[0]]}")
    return value


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, fake: FakeNKS, port: int, tls: tuple[str, str] | None) -> None:
        self.fake = fake
        self.connections: set[socket.socket] = set()
        self.numbers = itertools.count(1)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if context and tls:
            context.load_cert_chain(*tls)
        super().__init__(("127.0.0.1", port), Handler)
        if context:
            # The handshake is left to the first read in the connection's own thread: no client can block others.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def shutdown_request(self, request: t.Any) -> None:
        # The base class sends a FIN first, which would come before the RST of a fault.
        self.close_request(request)

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def setup(self) -> None:
        super().setup()
        self.number = next(self.server.numbers)
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *args: t.Any) -> None:
        """Nothing: the requests are in the fake's own log."""

    def respond(self) -> None:
        fake = self.server.fake
        path, _dummy, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path.startswith("/_fake/"):
            self.send(fake.control(self.command, path, body))
            return
        auth = fake.auth(path, self.headers.get("Authorization"))
        headers = {name.lower(): value for name, value in self.headers.items() if name.lower() != "authorization"}
        entry = {
            "method": self.command,
            "path": path,
            "query": query,
            "status": None,
            "auth": auth[0],
            "connection": self.number,
            "headers": headers,
        }
        fault = fake.receive(entry)
        if fake.latency:
            fake.stopping.wait(fake.latency)
        kind = fault.kind if fault else ""
        fields = fault.fields if fault else {}
        if kind == "reset":
            self.reset()
        elif kind == "silent":
            self.wait_for_close()
        else:
            if kind in ("status", "body", "redirect"):
                reply = made_up(kind, fields)
            else:
                if kind == "delay":
                    fake.stopping.wait(fields["seconds"])
                content_type = self.headers.get("Content-Type", "")
                reply = fake.answer(self.command, path, query, auth, content_type, body)
            if kind in ("gzip", "gzip_broken"):
                reply = zipped(reply, broken=kind == "gzip_broken")
            if kind == "byte_order_mark":
                reply = reply._replace(body=codecs.BOM_UTF8 + reply.body)
            if kind == "chunked":
                reply = in_chunks(reply, fields["content_length"], fields["cut"])
                self.close_connection = fields["cut"]
            entry["status"] = reply.status
            self.send(reply, kind, fields.get("interval", 0.0))

    def __getattr__(self, name: str) -> t.Callable[[], None]:
        """`respond` for whatever method, be it one that no server knows."""
        if name.startswith("do_"):
            return self.respond
        raise AttributeError(name)

    def send(self, reply: Reply, kind: str = "", interval: float = 0.0) -> None:
        head, body = reply.head(), b"" if self.command == "HEAD" else reply.body
        if kind in ("reset_body", "short_body"):
            self.close_connection = True
            self.wfile.write(head + body[: len(body) // 2])
            if kind == "reset_body":
                time.sleep(0.02)  # an RST that comes at once can overtake what was sent
                self.reset()
        elif kind == "drip":
            self.wfile.write(head)
            self.drip(body, interval)
        elif kind == "drip_headers":
            self.drip(head, interval)
            self.wfile.write(body)
        else:
            self.wfile.write(head + body)

    def drip(self, data: bytes, interval: float) -> None:
        end = time.monotonic() + LONGEST_FAULT
        for number in range(len(data)):
            self.wfile.write(data[number : number + 1])
            if self.server.fake.stopping.wait(interval) or time.monotonic() > end:
                raise ConnectionAbortedError

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def wait_for_close(self) -> None:
        self.close_connection = True
        end = time.monotonic() + LONGEST_FAULT
        self.connection.settimeout(0.1)
        while time.monotonic() < end and not self.server.fake.stopping.is_set():
            try:
                if not self.connection.recv(1024):
                    return
            except socket.timeout:
                continue


def made_up(kind: str, fields: Object) -> Reply:
    if kind == "redirect":
        return Reply(fields["status"], b"", "text/html", (("Location", fields["location"]),))
    body = base64.b64decode(fields["body_base64"]) if fields.get("body_base64") else fields["body"].encode()
    return Reply(fields.get("status", 200), body, fields["content_type"], tuple(fields["headers"].items()))


def zipped(reply: Reply, broken: bool) -> Reply:
    body = gzip.compress(reply.body)
    if broken:
        body = body[:10] + b"\xff" * (len(body) - 10)  # a right header, then a block of a type that does not exist
    return reply._replace(body=body, headers=(*reply.headers, ("Content-Encoding", "gzip")))


def in_chunks(reply: Reply, content_length: int | None, cut: bool) -> Reply:
    headers = [*reply.headers, ("Transfer-Encoding", "chunked")]
    if content_length is not None:
        headers.append(("Content-Length", str(content_length)))
    size = len(reply.body) // 2 + 1
    pieces = [reply.body[start : start + size] for start in range(0, len(reply.body), size)]
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])
    return reply._replace(body=body[:-10] if cut else body, headers=tuple(headers))
