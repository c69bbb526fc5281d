# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The NKS API on 127.0.0.1, with faults on demand."""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
import typing as t

from . import api, lifecycle
from .connections import Server
from .faults import Fault
from .fleet import Fleet, Object
from .replies import Reply
from .stand_in import StandIn, failure
from .variants import chosen
from .writes import File

KUBERNETES = re.compile(r"/_kubernetes/(\d{1,18})(/.*)", re.ASCII)
NAMES = {int: "number", bool: "boolean", list: "list", dict: "object"}
LOGOS = "/media/logos/"
CLUSTER = re.compile(r"/orgs/(\d{1,18})/clusters/(\d{1,18})(/.*)?", re.ASCII)


class FakeNKS:
    """A running fake. Stop it with `stop`, or use it in a `with` statement.

    `orgs`, `clusters` and `nodes` (per cluster) replace the fleet in data/. `tls` holds the paths of the certificate
    and the key. `clock` returns seconds; clusters change by it. If `step` is set, each request instead advances time by
    that many seconds. `takes_slug` lets PATCH change the slug of an organization. `variants` overrides defaults of
    `VARIANTS`. Without `changes`, the timelines in data/ are dropped.
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
        variants: dict[str, str] | None = None,
        changes: bool = True,
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
        self._variants = chosen(variants or {})
        self._changes = changes
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
        """Stop the server, and close all connections."""
        if not self.stopping.is_set():
            self.stopping.set()
            self._server.shutdown()
            self._server.server_close()

    def reset(self) -> None:
        """Restore the initial data and clock; remove all faults and log entries."""
        fleet = Fleet.generated(*self._size) if self._size else Fleet.from_files(self._changes)
        self.takes_slug = self._takes_slug
        fleet.variants.update(self._variants)
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
        """Make requests fail. `path` must match the whole path, without the query. See README.md."""
        self.add_faults([Fault(path, kind, **fields)])

    def add_faults(self, faults: t.Iterable[Fault]) -> None:
        with self._lock:
            self._faults.extend(faults)

    def clear_faults(self) -> None:
        with self._lock:
            self._faults.clear()

    @property
    def variants(self) -> dict[str, str]:
        """A copy of the variants. Use `set_variants` to change them."""
        return dict(self._fleet.variants)

    def set_variants(self, **values: str) -> None:
        """Set variants. Raise ValueError for an unknown variant or value."""
        with self._lock:
            self._fleet.variants.update(chosen({**self._fleet.variants, **values}))
            self._cache.clear()

    def set_clusters(self, clusters: t.Iterable[Object]) -> None:
        """Add clusters, or replace those with the same `pk`. Records are as in data/clusters.json. See README.md."""
        with self._lock:
            self._fleet.set_clusters(clusters, self._age())
            self._cache.clear()

    def change_cluster(self, pk: int, /, **changes: t.Any) -> None:
        """Change fields of a cluster, and drop the rest of its timeline."""
        with self._lock:
            self._fleet.change_cluster(pk, changes, self._age())
            self._cache.clear()

    def delete_cluster(self, pk: int) -> None:
        """Delete a cluster at once."""
        with self._lock:
            self._fleet.delete_cluster(pk, self._age())
            self._stand_ins.pop(pk, None)
            self._cache.clear()

    @property
    def requests(self) -> list[Object]:
        """The log, oldest first. `status` is None if no status was sent, or not yet."""
        with self._lock:
            return [dict(entry) for entry in self._log]

    def wait_for_requests(self, number: int) -> None:
        """Wait until the log has `number` requests. Raise TimeoutError after a minute."""
        for _turn in range(6000):
            if len(self._log) >= number:
                return
            threading.Event().wait(0.01)  # tests of pauses replace time.sleep
        raise TimeoutError(f"{len(self._log)} of {number} requests came")

    def receive(self, entry: Object) -> Fault | None:
        """Log a request; return the fault that applies to it."""
        with self._lock:
            self._log.append(entry)
            self._stepped += self.step or 0.0
            asked = (fault for fault in self._faults if fault.takes(entry["method"], entry["path"], entry["query"]))
            return next(asked, None)

    def _age(self) -> float:
        return self._clock() - self._started if self.step is None else self._stepped

    def auth(self, path: str, authorization: str | None) -> tuple[str, str]:
        """Return `valid`, `missing` or `invalid` for the log, and the token if it is valid."""
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
        """Return the answer of the API without faults."""
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
        route = api.route_of(path)
        if not route:
            return Reply.detail(404, "Not found.")
        methods, ids = route
        with self._lock:
            seconds = self._age()
            call = api.Call(
                self._fleet,
                self._accounts[auth[1]],
                seconds,
                ids,
                api.query_of(query),
                content_type,
                body,
                self.url,
                self._store_logo,
                self.takes_slug,
            )
            refusal = api.refusal(method, path, methods, call)
            if refusal:
                return refusal
            if method not in ("GET", "HEAD"):
                reply = api.respond(methods[method], call)
                self._cache.clear()
                return reply
            key = ("" if ids else auth[1], path, query, self._fleet.epoch(seconds))
            if key not in self._cache:
                self._cache[key] = api.respond(methods["GET"], call)
            return self._cache[key]

    def autoscale(self, path: str, change: int) -> None:
        """Run the autoscaler of the cluster in the path."""
        ids = CLUSTER.fullmatch(path)
        with self._lock:
            cluster = self._fleet.cluster(int(ids[1]), int(ids[2]), self._age()) if ids else None
            if cluster:
                lifecycle.autoscale(self._fleet, cluster, change)
                self._cache.clear()

    def _store_logo(self, logo: File) -> str:
        """Store a picture; return its URL. Pictures of the same name get different URLs."""
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
        """Handle the control endpoints. They need no token."""
        if (method, path) == ("GET", "/_fake/requests"):
            return Reply.json(200, self.requests)
        cluster = re.fullmatch("/_fake/clusters/([0-9]+)", path)
        try:
            if (method, path) == ("POST", "/_fake/reset"):
                self.reset()
            elif (method, path) == ("POST", "/_fake/step"):
                self.step = float(parse_body(body, int, float))
            elif (method, path) == ("POST", "/_fake/takes_slug"):
                self.takes_slug = parse_body(body, bool)
            elif (method, path) == ("POST", "/_fake/variants"):
                self.set_variants(**parse_body(body, dict))
            elif (method, path) == ("DELETE", "/_fake/faults"):
                self.clear_faults()
            elif (method, path) == ("POST", "/_fake/faults"):
                self.add_faults([Fault.from_json(fault) for fault in parse_body(body, list)])
            elif (method, path) == ("POST", "/_fake/clusters"):
                self.set_clusters(parse_body(body, list))
            elif method == "PATCH" and cluster:
                self.change_cluster(int(cluster[1]), **parse_body(body, dict))
            elif method == "DELETE" and cluster:
                self.delete_cluster(int(cluster[1]))
            else:
                return Reply.detail(404, f"The fake has no {method} {path}.")
        except ValueError as error:
            return Reply.detail(400, str(error))
        return Reply(204, b"")


def parse_body(body: bytes, *kinds: type) -> t.Any:
    """Parse the JSON body of a request to a control endpoint. Raise ValueError if it is of another type."""
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if type(value) not in kinds:
        raise ValueError(f"the body must be a JSON {NAMES[kinds[0]]}")
    return value
