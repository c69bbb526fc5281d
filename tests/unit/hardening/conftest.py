# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


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
                head += client.recv(4096)
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


def make_certificate(folder: Path, address: str) -> tuple[str, str]:
    """Paths of a certificate that signs itself, and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "NKS tests")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, pem = folder / f"{address}.crt", folder / f"{address}.key"
    cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(cert), str(pem)


@pytest.fixture(name="made", scope="session")
def made_fixture(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[dict[str, t.Any]]:
    """What the words in capitals of a case stand for, and ``tls`` and ``other``, a fake with https and another host."""
    folder = tmp_path_factory.mktemp("tls")
    certificate = make_certificate(folder, "127.0.0.1")
    with socket.socket() as unused, FakeNKS(tls=certificate) as tls, FakeNKS() as other:
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
