# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP server: read requests, and send the answers as faults change them."""

from __future__ import annotations

import codecs
import contextlib
import http.server
import itertools
import socket
import socketserver
import ssl
import struct
import sys
import time
import typing as t

from .faults import fixed_reply, in_chunks, zipped
from .replies import Reply

if t.TYPE_CHECKING:
    from .server import FakeNKS

LONGEST_FAULT = 600.0


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
            # The handshake happens at the first read, in the connection's own thread, so that no client blocks others.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def shutdown_request(self, request: t.Any) -> None:
        # The base class would send a FIN before the RST of a fault.
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
        """Print nothing: the fake has its own log."""

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
            "body": body.decode("utf-8", "replace"),
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
                reply = fixed_reply(kind, fields)
            else:
                if kind == "delay":
                    fake.stopping.wait(fields["seconds"])
                content_type = self.headers.get("Content-Type", "")
                if kind == "second_creator":
                    fake.answer(self.command, path, query, auth, content_type, body)
                if kind == "autoscaler":
                    fake.autoscale(path, fields["change"])
                reply = fake.answer(self.command, path, query, auth, content_type, body)
            if kind in ("gzip", "gzip_broken"):
                reply = zipped(reply, broken=kind == "gzip_broken")
            if kind == "byte_order_mark":
                reply = reply._replace(body=codecs.BOM_UTF8 + reply.body)
            if kind == "chunked":
                reply = in_chunks(reply, fields["content_length"], fields["cut"])
                self.close_connection = fields["cut"]
            if kind == "lost":
                if fields["status"] is None:
                    self.reset()
                    return
                reply = Reply(fields["status"], b"", "text/html")
            entry["status"] = reply.status
            self.send(reply, kind, fields.get("interval", 0.0))

    def __getattr__(self, name: str) -> t.Callable[[], None]:
        """Handle every HTTP method with `respond`, even an unknown one."""
        if name.startswith("do_"):
            return self.respond
        raise AttributeError(name)

    def send(self, reply: Reply, kind: str = "", interval: float = 0.0) -> None:
        head, body = reply.head(), b"" if self.command == "HEAD" else reply.body
        if kind in ("reset_body", "short_body"):
            self.close_connection = True
            self.wfile.write(head + body[: len(body) // 2])
            if kind == "reset_body":
                time.sleep(0.02)  # an immediate RST can overtake the data
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
