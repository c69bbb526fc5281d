# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run network requests in threads that end in time, together with their sockets.

Private to this collection: it may change without notice. It depends on none of Ansible, requests, and urllib3.
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
"""Seconds to wait for one address of a host before trying the next one in parallel (RFC 8305)."""

_thread = threading.local()
"""``attempt`` is the :class:`Attempt` that runs in the current thread."""


class TimeIsUpError(Exception):
    """The work did not end in time."""


class Attempt:
    """One piece of work that runs in its own thread, with a time limit.

    The timeout of a socket limits the wait for each packet, so a server that sends a byte now and then could block a
    request forever. This class limits the total time. When the time is up, it closes the connections, so that the work
    fails and its thread ends. Only name resolution cannot be interrupted: its thread ends when the resolver gives up.
    """

    def __init__(self) -> None:
        self.is_connected = False
        """Whether a connection to the server is established, including the proxy and TLS."""
        self.tried_addresses: list[str] = []
        """Addresses that were tried. Empty once one of them has answered."""
        self._lock = threading.Lock()
        self._is_over = False
        self._handles: list[socket.socket] = []

    def run(self, work: t.Callable[[], R], seconds: float) -> R:
        """Run the work and return its result, or raise its exception.

        :param seconds: the time limit.
        :raises TimeIsUpError: the work did not end in time.
        """
        future: concurrent.futures.Future[R] = concurrent.futures.Future()

        def run_in_thread() -> None:
            _thread.attempt = self
            try:
                result = work()
            except Exception as exc:  # pylint: disable=broad-exception-caught  # future.result() raises it
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
        """Register a socket of the work, to shut it down when the time is up.

        :raises TimeIsUpError: the time is already up.
        """
        with self._lock:
            if self._is_over:
                raise TimeIsUpError
            # Duplicate the descriptor: by then, the socket may be closed or wrapped, and its number reused.
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
    """Clear the local variables in the traceback: a file object of a socket keeps the socket open."""
    while exc:
        traceback.clear_frames(exc.__traceback__)
        exc = exc.__context__


def _connect(host: str, port: int, seconds: float, tried: list[str]) -> socket.socket:
    """Connect to the first address of a host that answers. Do not wait for a silent address before trying the next.

    :param seconds: the time limit for all addresses.
    :param tried: the function adds each address that it tries, and clears the list after success.
    :raises OSError: no address answered in time, or all of them failed.
    """
    end = time.monotonic() + seconds
    addresses = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    failures: list[str] = []
    with selectors.DefaultSelector() as selector:
        try:
            while time.monotonic() < end and (addresses or selector.get_map()):
                if addresses:
                    family, socket_type, protocol, _name, address = addresses.pop(0)
                    tried.append(str(address[0]))
                    try:
                        _start_connecting(selector, socket.socket(family, socket_type, protocol), address)
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
    """A response that skips interim responses such as 102 and 103, as http.client skips 100."""

    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc]
        return version, 100 if 101 < status < 200 else status, reason


class _RegisteredConnection:
    """Mixin for a connection class of urllib3 that registers the socket with the attempt that uses it."""

    response_class = _FinalResponse
    sock: t.Any
    timeout: t.Any
    port: t.Any
    _dns_host: t.Any

    def _new_conn(self) -> socket.socket:
        if hasattr(self, "_socks_options"):
            sock = super()._new_conn()  # type: ignore[misc]
        else:
            sock = _connect(self._dns_host, self.port, self.timeout, _thread.attempt.tried_addresses)
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
        if self.sock is not None:  # kept alive, or connected just before
            _thread.attempt.is_connected = True
            _thread.attempt.register_socket(self.sock)
        return super().request(*args, **kwargs)  # type: ignore[misc]


class _WholeResponse:
    """Mixin for the response class of urllib3 1.26 that makes a truncated body an error, as in urllib3 2."""

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **{**kwargs, "enforce_content_length": True})


def register_connections(manager: t.Any) -> None:
    """Register the connections of a urllib3 pool manager or proxy manager with the attempts that use them."""
    classes = {}
    for scheme, pool in manager.pool_classes_by_scheme.items():
        attributes = {
            "ConnectionCls": type(pool.ConnectionCls.__name__, (_RegisteredConnection, pool.ConnectionCls), {})
        }
        if hasattr(pool, "ResponseCls"):  # urllib3 1.26
            attributes["ResponseCls"] = type(pool.ResponseCls.__name__, (_WholeResponse, pool.ResponseCls), {})
        classes[scheme] = type(pool.__name__, (pool,), attributes)
    manager.pool_classes_by_scheme = classes
