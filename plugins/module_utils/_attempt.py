# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work on the network that ends in time, with the thread and the sockets that it uses.

Private to this collection: it may change without notice. It knows nothing of Ansible, and imports neither requests nor
urllib3.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import http.client
import os
import selectors
import socket
import threading
import time
import traceback
import typing as t

R = t.TypeVar("R")

NEXT_ADDRESS_SECONDS = 0.25
"""How long an address of a host has, until the next one is tried beside it (RFC 8305)."""

_thread = threading.local()
"""``attempt`` is the attempt that the current thread makes."""


class TimeIsUpError(Exception):
    """The work was not done in time."""


class Attempt:
    """One piece of work, in a thread of its own.

    The time-outs of a socket bound the wait for each packet, so a server that sends a byte now and then could hold a
    request for ever. Here the time bounds the whole, and when it is up, the connection is closed, so that
    the work fails and its thread ends. Name resolution alone cannot be interrupted: its thread ends when the resolver
    gives up.
    """

    def __init__(self) -> None:
        self.is_connected = False
        """Whether a connection to the server stands: proxies and TLS have done their part."""
        self.tried_addresses: list[str] = []
        """Addresses that have not answered yet."""
        self._lock = threading.Lock()
        self._is_over = False
        self._handles: list[socket.socket] = []

    def run(self, work: t.Callable[[], R], seconds: float) -> R:
        """What the work returns.

        :raises TimeIsUpError: the work was not done in these seconds.
        """
        future: concurrent.futures.Future[R] = concurrent.futures.Future()

        def run_in_thread() -> None:
            _thread.attempt = self
            try:
                result = work()
            except Exception as exc:  # pylint: disable=broad-exception-caught  # it is raised below
                self._end()
                _free_frames(exc)
                future.set_exception(exc)
            else:
                self._end()
                future.set_result(result)

        if seconds <= 0:
            raise TimeIsUpError
        threading.Thread(target=run_in_thread, daemon=True).start()
        try:
            return future.result(seconds)
        except concurrent.futures.TimeoutError:
            self._end(interrupt=True)
            raise TimeIsUpError from None

    def register_socket(self, sock: socket.socket) -> None:
        """Interrupt a socket that the work uses when the time is up.

        :raises TimeIsUpError: the time is up already.
        """
        with self._lock:
            if self._is_over:
                raise TimeIsUpError
            # A handle of its own: the socket may be closed or wrapped in the meantime, and its number used again.
            self._handles.append(socket.socket(fileno=os.dup(sock.fileno())))

    def _end(self, interrupt: bool = False) -> None:
        with self._lock:
            self._is_over = True
            for handle in self._handles:
                if interrupt:
                    with contextlib.suppress(OSError):
                        handle.shutdown(socket.SHUT_RDWR)
                handle.close()
            self._handles.clear()


def _free_frames(exc: BaseException | None) -> None:
    """Let go of what the functions that failed had at hand: a file of a socket keeps the socket open."""
    while exc:
        traceback.clear_frames(exc.__traceback__)
        exc = exc.__context__


def connect(host: str, port: int, seconds: float, tried: list[str]) -> socket.socket:
    """A connection to the first address of a host that answers. One that is silent does not hide the others.

    :param tried: receives the addresses, and is empty after success.
    :raises OSError: no address answers, or none in time.
    """
    end = time.monotonic() + seconds
    addresses = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    failures: list[str] = []
    with selectors.DefaultSelector() as selector:
        try:
            while time.monotonic() < end and (addresses or selector.get_map()):
                if addresses:
                    family, kind, protocol, _name, address = addresses.pop(0)
                    tried.append(str(address[0]))
                    try:
                        _start_connecting(selector, socket.socket(family, kind, protocol), address)
                    except OSError as exc:
                        failures.append(f"{exc.strerror} ({address[0]})")
                        continue
                wait = min(end - time.monotonic(), NEXT_ADDRESS_SECONDS if addresses else seconds)
                for key, _events in selector.select(max(wait, 0.0)):
                    sock = t.cast(socket.socket, key.fileobj)
                    selector.unregister(sock)
                    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    if not error:
                        tried.clear()
                        sock.settimeout(seconds)
                        return sock
                    sock.close()
                    failures.append(f"{os.strerror(error)} ({key.data})")
            if selector.get_map() or not failures:
                raise socket.timeout
            raise ConnectionError("; ".join(failures))
        finally:
            for key in list(selector.get_map().values()):
                t.cast(socket.socket, key.fileobj).close()


def _start_connecting(selector: selectors.BaseSelector, sock: socket.socket, address: t.Any) -> None:
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            sock.connect(address)
        selector.register(sock, selectors.EVENT_WRITE, address[0])
    except OSError:
        sock.close()
        raise


class _FinalResponse(http.client.HTTPResponse):
    """A response after the interim ones before it (102, 103), which are skipped as http.client skips 100."""

    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc]
        return version, 100 if 101 < status < 200 else status, reason


class _RegisteredConnection:
    """Part of a connection class of urllib3: its socket is registered with the attempt that uses it."""

    response_class = _FinalResponse
    sock: t.Any
    timeout: t.Any
    port: t.Any
    _dns_host: t.Any

    def _new_conn(self) -> socket.socket:
        if hasattr(self, "_socks_options"):
            sock = super()._new_conn()  # type: ignore[misc]
        else:
            sock = connect(self._dns_host, self.port, self.timeout, _thread.attempt.tried_addresses)
        try:
            _thread.attempt.register_socket(sock)
        except Exception:
            sock.close()
            raise
        return sock

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        _thread.attempt.is_connected = True

    def request(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        if self.sock is not None:  # it is kept alive, or has been made ready just now
            _thread.attempt.is_connected = True
            _thread.attempt.register_socket(self.sock)
        return super().request(*args, **kwargs)  # type: ignore[misc]


class _WholeResponse:
    """Part of the response class of urllib3 1.26: a body that ends early is an error, as it always is in urllib3 2."""

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **{**kwargs, "enforce_content_length": True})


def register_connections(manager: t.Any) -> None:
    """Register the connections of a pool manager of urllib3, which can be one for a proxy, with attempts."""
    classes = {}
    for scheme, pool in manager.pool_classes_by_scheme.items():
        parts = {"ConnectionCls": type(pool.ConnectionCls.__name__, (_RegisteredConnection, pool.ConnectionCls), {})}
        if hasattr(pool, "ResponseCls"):  # urllib3 1.26
            parts["ResponseCls"] = type(pool.ResponseCls.__name__, (_WholeResponse, pool.ResponseCls), {})
        classes[scheme] = type(pool.__name__, (pool,), parts)
    manager.pool_classes_by_scheme = classes
