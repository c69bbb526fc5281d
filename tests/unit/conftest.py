# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import ipaddress
import json
import os
import socket
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common import warnings

try:
    from ansible.module_utils import _internal
except ImportError:
    _internal = None  # ansible-core 2.18 and older

try:
    from ansible.plugins.loader import init_plugin_loader
    from ansible.utils.collection_loader import AnsibleCollectionConfig
except ImportError:
    pass  # ansible-test hides the controller code from tests of modules
else:
    if not AnsibleCollectionConfig.collection_finder:
        init_plugin_loader()  # must precede the first import from a collection

from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._http import HTTP
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, settings

JSON = t.Dict[str, t.Any]

# Use the same examples in each run, and no deadline on slow machines.
settings.register_profile(
    "nks", derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("nks")


@pytest.fixture(name="session_fake", scope="session")
def session_fake_fixture() -> t.Iterator[FakeNKS]:
    with FakeNKS() as fake:
        yield fake


@pytest.fixture(name="fake")
def fake_fixture(session_fake: FakeNKS) -> FakeNKS:
    session_fake.step = 0.0
    session_fake.latency = 0.0
    session_fake.reset()
    return session_fake


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("NKS_") or name.lower().endswith("_proxy") or name.endswith("_CA_BUNDLE"):
            monkeypatch.delenv(name)


@pytest.fixture(name="pauses")
def pauses_fixture(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record the pauses of clients instead of sleeping."""
    pauses: list[float] = []
    sleep = time.sleep

    def pause(seconds: float) -> None:
        (pauses.append if threading.current_thread() is threading.main_thread() else sleep)(seconds)

    monkeypatch.setattr(time, "sleep", pause)
    return pauses


@pytest.fixture(name="clock")
def clock_fixture(pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Like ``pauses``, but the clock advances by each pause."""
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + sum(pauses))
    return pauses


@pytest.fixture(name="connect")
def connect_fixture(fake: FakeNKS) -> t.Iterator[t.Callable[..., NKSClient]]:
    """Return a function that makes clients of the fake, by default without retries."""
    clients = []

    def connect(**options: t.Any) -> NKSClient:
        given: JSON = {"api_token": fake.token, "api_url": fake.url, "api_timeout": 60, "api_retries": 0, **options}
        clients.append(NKSClient(**given))
        return clients[-1]

    yield connect
    for client in clients:
        client.__exit__()


@pytest.fixture(name="hurry")
def hurry_fixture(fake: FakeNKS, monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., None]:
    """Return a function that sets the timeouts of the next attempts. The last timeout applies to all later ones.

    Each attempt also waits until the fake has received its request, so that requests stay in order.
    """
    attempt = HTTP._attempt

    def hurry(*seconds: float) -> None:
        left = list(seconds)
        taken = len(fake.requests)

        def patient_attempt(client: HTTP, *request: t.Any) -> t.Any:
            nonlocal taken
            client.timeout = left.pop(0) if left[1:] else left[0]
            try:
                return attempt(client, *request)
            finally:
                taken += 1
                fake.wait_for_requests(taken)

        monkeypatch.setattr(HTTP, "_attempt", patient_attempt)

    return hurry


@pytest.fixture(name="client")
def client_fixture(connect: t.Callable[..., NKSClient]) -> NKSClient:
    return connect()


@pytest.fixture(name="run_module")
def run_module_fixture(
    fake: FakeNKS, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> t.Callable[..., JSON]:
    """Return a function that runs main() of a module against the fake. It omits options that are None."""

    def run(main: t.Callable[[], None], check_mode: bool = False, **options: t.Any) -> JSON:
        given = {"api_token": fake.token, "api_url": fake.url, "api_timeout": 60, "api_retries": 0, **options}
        arguments = {option: value for option, value in given.items() if value is not None}
        text = json.dumps({"ANSIBLE_MODULE_ARGS": {**arguments, "_ansible_check_mode": check_mode}})
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", text.encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        warnings._global_warnings.clear()  # from an earlier run in this process
        if _internal:
            # Otherwise warnings are displayed instead of added to the result.
            monkeypatch.setattr(_internal, "is_controller", False, raising=False)
        with pytest.raises(SystemExit) as ended:
            main()
        result = json.loads(capsys.readouterr().out)
        assert ended.value.code == int(result.get("failed", False))
        return result

    return run


@pytest.fixture(name="resolve")
def resolve_fixture(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[bool], list[str]]:
    """Return a function that decides whether host names resolve to 127.0.0.1, to a port where nothing listens.

    It returns a list that collects the names that are looked up.
    """

    def resolve(has_address: bool) -> list[str]:
        asked: list[str] = []

        def getaddrinfo(host: str, *_arguments: t.Any, **_options: t.Any) -> list[t.Any]:
            asked.append(host)
            if not has_address:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 9))]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return resolve


@pytest.fixture(name="make_certificate", scope="session")
def make_certificate_fixture() -> t.Callable[[Path, str], tuple[str, str]]:
    def make(folder: Path, address: str) -> tuple[str, str]:
        """Write a self-signed certificate and its key; return their paths."""
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
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return str(cert), str(pem)

    return make
