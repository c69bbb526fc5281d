# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import contextlib
import http.client
import selectors
import socket
import ssl
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS
from ansible_collections.netapp.nks.tests.unit.hardening.faults import PASSWORD, USER


class Server:
    """Accept connections at ``address``, and serve each in its own thread."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.listener.close()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                threading.Thread(target=self.serve_and_close, args=(client,), daemon=True).start()

    def serve_and_close(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            self.serve(client)

    def serve(self, client: socket.socket) -> None:
        raise NotImplementedError


class Speaker(Server):
    """Answer every client with the same text, then stay silent. With an interval, send one byte at a time."""

    def __init__(self, text: bytes, interval: float = 0.0) -> None:
        self.text = text
        self.interval = interval
        super().__init__()

    def serve(self, client: socket.socket) -> None:
        client.recv(65536)
        step = 1 if self.interval else len(self.text) or 1
        for start in range(0, len(self.text), step):
            client.sendall(self.text[start : start + step])
            threading.Event().wait(self.interval)  # tests of pauses replace time.sleep
        while client.recv(65536):
            pass


class Script(Server):
    """Answer each request with the next text, and repeat the last one. Close the connection after each answer."""

    def __init__(self, *texts: bytes) -> None:
        self.texts = list(texts)
        super().__init__()

    def serve(self, client: socket.socket) -> None:
        with client.makefile("rb") as request:
            request.readline()
            headers = http.client.parse_headers(request)
            request.read(int(headers["Content-Length"] or 0))  # unread data would cause a reset
        client.sendall(self.texts.pop(0) if self.texts[1:] else self.texts[0])


class Tunnel(Server):
    """A proxy that supports only CONNECT. ``heard`` collects what clients send to it in the clear.

    With credentials, it requires them. With a TLS context, it uses TLS.
    """

    def __init__(self, credentials: str = "", tls: ssl.SSLContext | None = None) -> None:
        self.heard = b""
        self.credentials = f"Basic {base64.b64encode(credentials.encode()).decode()}"
        self.is_open = not credentials
        self.tls = tls
        super().__init__()

    def serve(self, client: socket.socket) -> None:
        if self.tls:
            client = self.tls.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
            try:
                client.do_handshake()
            except ssl.SSLError:
                while socket.socket.recv(client, 65536):
                    pass  # unread data would cause a reset that overtakes the alert
                raise
        head = b""
        while b"\r\n\r\n" not in head:
            data = client.recv(4096)
            if not data:
                return
            head += data
        self.heard += head
        if not (self.is_open or f"Proxy-Authorization: {self.credentials}\r\n".encode() in head):
            client.sendall(f"HTTP/1.1 407 Not {self.credentials}\r\nContent-Length: 0\r\n\r\n".encode())
            return
        host, port = head.split()[1].decode().split(":")
        with socket.create_connection((host, int(port))) as server:
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            self.pump(client, server)

    def pump(self, client: socket.socket, server: socket.socket) -> None:
        other = {client: server, server: client}
        client.setblocking(False)
        with selectors.DefaultSelector() as selector:
            for side in other:
                selector.register(side, selectors.EVENT_READ)
            while True:
                for key, _events in selector.select():
                    source = t.cast(socket.socket, key.fileobj)
                    try:
                        data = source.recv(65536)
                    except ssl.SSLWantReadError:
                        continue
                    if not data:
                        return
                    other[source].sendall(data)
                    while isinstance(source, ssl.SSLSocket) and source.pending():
                        other[source].sendall(source.recv(65536))


TLS_RECORD = b"\x16\x03\x03\x3f\xff" + b"\x02" * 1000
"""The start of a record of a TLS handshake."""


@pytest.fixture(name="made", scope="session")
def made_fixture(
    tmp_path_factory: pytest.TempPathFactory, make_certificate: t.Callable[[Path, str], tuple[str, str]]
) -> t.Iterator[dict[str, t.Any]]:
    """The values of the words in capitals in cases, and some of the servers: ``tls``, ``other`` and ``tunnel``."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, other_certificate = make_certificate(folder, "127.0.0.1"), make_certificate(folder, "127.0.0.2")
    context, other_context, asking = (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) for _number in range(3))
    context.load_cert_chain(*certificate)
    other_context.load_cert_chain(*other_certificate)
    asking.load_cert_chain(*certificate)
    asking.load_verify_locations(certificate[0])
    asking.verify_mode = ssl.CERT_REQUIRED
    with contextlib.ExitStack() as stack:
        tls = stack.enter_context(FakeNKS(tls=certificate, step=0.0))
        other = stack.enter_context(FakeNKS())
        unused = stack.enter_context(socket.socket())
        unused.bind(("127.0.0.1", 0))
        tunnel, guarded, tls_tunnel = Tunnel(), Tunnel(f"{USER}:{PASSWORD}"), Tunnel(tls=context)
        other_host, asks = Tunnel(tls=other_context), Tunnel(tls=asking)
        speakers = {
            "SILENT": Speaker(b""),
            "DRIPPING_PROXY": Speaker(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000, 0.02),
            "DRIPPING_TLS": Speaker(TLS_RECORD, 0.02),
            "BROKEN_GATEWAY": Speaker(f"HTTP/1.1 502 For {USER}\r\nContent-Length: 0\r\n\r\n".encode()),
            "NO_HTTP": Speaker(b"220 mail.example ESMTP\r\n"),
        }
        for server in [tunnel, guarded, tls_tunnel, other_host, asks, *speakers.values()]:
            stack.enter_context(server)
        yield {
            "CA": certificate[0],
            "OTHER_CA": other_certificate[0],
            "OTHER_HOST": other_host.address,
            "ASKING": asks.address,
            "CLOSED": f"127.0.0.1:{unused.getsockname()[1]}",
            "HTTPS_TO_HTTP": other.url.replace("http:", "https:"),
            "PROXY": tunnel.address,
            "GUARDED": guarded.address,
            "TLS_TUNNEL": tls_tunnel.address,
            **{name: speaker.address for name, speaker in speakers.items()},
            "OTHER": f"{other.url}/orgs",
            "tunnel": tunnel,
            "tls": tls,
            "other": other,
        }
