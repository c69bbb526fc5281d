# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import socket
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS


class Tunnel:
    """A proxy that knows CONNECT only. ``heard`` is all that it was told in the clear."""

    def __init__(self) -> None:
        self.heard = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                data = client.recv(4096)
                if not data:
                    return
                head += data
            self.heard += head
            host, port = head.split()[1].decode().split(":")
            server = socket.create_connection((host, int(port)))
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            threading.Thread(target=self.pump, args=(server, client), daemon=True).start()
            self.pump(client, server)

    def pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            for data in iter(lambda: source.recv(65536), b""):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@pytest.fixture(name="made", scope="session")
def made_fixture(
    tmp_path_factory: pytest.TempPathFactory, make_certificate: t.Callable[[Path, str], tuple[str, str]]
) -> t.Iterator[dict[str, t.Any]]:
    """What the words in capitals of a case stand for, and ``tls`` and ``other``, a fake with https and another host."""
    folder = tmp_path_factory.mktemp("tls")
    certificate = make_certificate(folder, "127.0.0.1")
    with socket.socket() as unused, FakeNKS(tls=certificate, step=0.0) as tls, FakeNKS() as other:
        unused.bind(("127.0.0.1", 0))
        tunnel = Tunnel()
        yield {
            "CA": certificate[0],
            "OTHER_CA": make_certificate(folder, "127.0.0.2")[0],
            "CLOSED": f"http://127.0.0.1:{unused.getsockname()[1]}",
            "HTTPS_TO_HTTP": other.url.replace("http:", "https:"),
            "PROXY": tunnel.url,
            "OTHER": f"{other.url}/orgs",
            "tunnel": tunnel,
            "tls": tls,
            "other": other,
        }
        tunnel.listener.close()
