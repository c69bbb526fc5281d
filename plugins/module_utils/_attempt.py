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
import os
import socket
import threading
import traceback
import typing as t

R = t.TypeVar("R")

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

    def hold(self, sock: socket.socket) -> None:
        """Have a socket that the work uses interrupted when the time is up.

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


class _HeldConnection:
    """Part of a connection class of urllib3: the attempt that uses the connection holds its socket."""

    sock: t.Any

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()  # type: ignore[misc]
        try:
            _thread.attempt.hold(sock)
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
            _thread.attempt.hold(self.sock)
        return super().request(*args, **kwargs)  # type: ignore[misc]


class _WholeResponse:
    """Part of the response class of urllib3 1.26: a body that ends early is an error, as it always is in urllib3 2."""

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **{**kwargs, "enforce_content_length": True})


def hold_connections(manager: t.Any) -> None:
    """Have the connections of a pool manager of urllib3, which may be one for a proxy, held by attempts."""
    classes = {}
    for scheme, pool in manager.pool_classes_by_scheme.items():
        parts = {"ConnectionCls": type(pool.ConnectionCls.__name__, (_HeldConnection, pool.ConnectionCls), {})}
        if hasattr(pool, "ResponseCls"):  # urllib3 1.26
            parts["ResponseCls"] = type(pool.ResponseCls.__name__, (_WholeResponse, pool.ResponseCls), {})
        classes[scheme] = type(pool.__name__, (pool,), parts)
    manager.pool_classes_by_scheme = classes
