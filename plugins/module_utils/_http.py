# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP as an API client needs it: each attempt ends in time, reads are repeated, redirects are not followed.

Private to this collection: it may change without notice. It knows nothing of Ansible, and nothing of NKS.
"""

from __future__ import annotations

import concurrent.futures
import math
import random
import socket
import ssl
import threading
import time
import traceback
import typing as t
from urllib.parse import urlsplit

try:
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
    from urllib3.connection import CertificateError  # before 1.26.8 its own module is another one
    from urllib3.exceptions import ConnectTimeoutError, InvalidHeader, NewConnectionError
    from urllib3.util import Retry
except ImportError:
    REQUESTS_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    REQUESTS_IMPORT_ERROR = None

R = t.TypeVar("R")

MAX_PAUSE = 60.0
"""Longest pause before another attempt, in seconds, whatever ``Retry-After`` says."""

CONNECTIONS = 16
"""Kept alive, for as many requests at once."""

LARGEST = 2**27
"""Bytes of a body, decompressed, that are read at most."""

RETRIED_STATUSES = (429, 500, 502, 503, 504)


class Reply(t.NamedTuple):
    """A whole answer, whatever its status."""

    status: int
    headers: t.Mapping[str, str]
    body: bytes
    redirects_to: str
    attempts: int = 1


class NoReplyError(Exception):
    """The last attempt failed. ``str()`` is the reason, in words that may come from outside."""

    attempts = 1

    def __init__(
        self,
        reason: str,
        *,
        may_pass: bool = False,
        is_body: bool = False,
        is_untrusted: bool = False,
        never_left: bool = False,
    ) -> None:
        super().__init__(reason)
        self.may_pass = may_pass
        """Whether another attempt may do better."""
        self.is_body = is_body
        """Whether an answer came, whose body cannot be read."""
        self.is_untrusted = is_untrusted
        """Whether the certificate is the reason."""
        self.never_left = never_left
        """Whether it is certain that the server never got the request."""

    def is_repeatable(self, method: str) -> bool:
        return self.may_pass and (method == "GET" or self.never_left)


class HTTP:
    """Kept-alive connections to one server, safe to share between threads.

    :param auth: a requests auth object. Unlike a header of the session, it is not replaced by ``~/.netrc``.
    :param timeout: seconds for one attempt as a whole: connecting, headers and body.
    :param retries: further attempts of a GET after no answer or one of ``RETRIED_STATUSES``.
    :param verify: as requests has it.
    :param on_retry: called before each pause with method, URL, what happened and the seconds, from any thread.
    """

    def __init__(
        self,
        auth: t.Any,
        timeout: float,
        retries: int,
        verify: bool | str,
        proxies: dict[str, str],
        on_retry: t.Callable[[str, str, str, float], None],
    ) -> None:
        self.request_log: list[str] = []
        """Method and URL of each attempt so far."""
        self.timeout = timeout
        self.answer_until = math.inf
        """When an attempt ends at the latest, by ``time.monotonic()``."""
        self.repeat_until = math.inf
        """When the last repetition begins at the latest, by ``time.monotonic()``."""
        self._auth = auth
        self._retries = retries
        self._verify = verify
        self._proxies = proxies
        self._on_retry = on_retry
        if not verify:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._session = requests.Session()
        self._session.headers.update({"Accept": "application/json, */*", "User-Agent": "ansible-netapp.nks"})
        self._adapter = HTTPAdapter(pool_connections=1, pool_maxsize=CONNECTIONS, max_retries=0)

    def close(self) -> None:
        self._adapter.close()

    def may_reach(self, url: str) -> bool:
        """Whether the host of a URL has an address, or a proxy that may know one. Sends nothing to the host."""
        if requests.utils.select_proxy(url, self._settings(url)["proxies"]):
            return True
        try:
            return bool(_within(self.timeout, lambda: socket.getaddrinfo(urlsplit(url).hostname, None)))
        except OSError:  # the time-out of requests too
            return False

    def request(self, method: str, url: str, data: t.Any = None) -> Reply:
        """The answer, after as many attempts as are allowed.

        :param data: the body as requests takes it: an object with ``json``, or with ``data`` and ``files``.

        Repeats by hand and not by the ``max_retries`` of the adapter, which neither sees a failure within the body nor
        bounds an attempt as a whole.

        :raises NoReplyError: no attempt got one.
        """
        attempt = 0
        while True:
            attempt += 1
            outcome: Reply | NoReplyError
            try:
                outcome = self._attempt(method, url, data)
            except NoReplyError as exc:
                outcome = exc
                seen, retry_after, is_repeatable = str(exc), None, exc.is_repeatable(method)
            else:
                seen, retry_after = f"status {outcome.status}", outcome.headers.get("Retry-After")
                is_repeatable = method == "GET" and outcome.status in RETRIED_STATUSES
            pause = _pause(attempt, retry_after)
            if not is_repeatable or attempt > self._retries or time.monotonic() + pause >= self.repeat_until:
                break
            self._on_retry(method, url, seen, pause)
            time.sleep(pause)
        if isinstance(outcome, NoReplyError):
            outcome.attempts = attempt
            raise outcome
        return outcome._replace(attempts=attempt)

    def _attempt(self, method: str, url: str, data: t.Any) -> Reply:
        self.request_log.append(f"{method} {url}")
        seconds = min(self.timeout, self.answer_until - time.monotonic())
        try:
            return _within(seconds, lambda: self._send(method, url, data, seconds))
        except Exception as exc:  # pylint: disable=broad-exception-caught  # requests lets some of others through
            limit = "api_timeout" if seconds == self.timeout else "the end of the wait"
            raise _no_reply(exc, f"{max(seconds, 0):.3g} s ({limit})") from None

    def _send(self, method: str, url: str, data: t.Any, seconds: float) -> Reply:
        end = time.monotonic() + seconds
        request = self._session.prepare_request(requests.Request(method, url, auth=self._auth, **data or {}))
        # By the adapter: the session would read the body of a redirect as a whole, to see where it leads.
        response = self._adapter.send(request, timeout=seconds, **self._settings(url))
        redirects_to = response.headers["Location"] if response.is_redirect else ""
        return Reply(response.status_code, response.headers, _body(response, end), redirects_to)

    def _settings(self, url: str) -> dict[str, t.Any]:
        """How to send to a URL: what is set here, and then what the environment says, for example of proxies."""
        settings = self._session.merge_environment_settings(url, dict(self._proxies), True, self._verify, None)
        return t.cast("dict[str, t.Any]", settings)


def _within(seconds: float, function: t.Callable[[], R]) -> R:
    """What the function returns, run in a thread of its own, which is left behind when the time is up.

    The time-outs of requests bound the wait for each packet, so a server that sends a byte now and then could hold a
    request for ever, and name resolution is not bounded at all.
    """
    future: concurrent.futures.Future[R] = concurrent.futures.Future()

    def work() -> None:
        try:
            future.set_result(function())
        except Exception as exc:  # pylint: disable=broad-exception-caught  # it is raised below
            future.set_exception(exc)

    if seconds <= 0:
        raise requests.Timeout
    threading.Thread(target=work, daemon=True).start()
    try:
        return future.result(seconds)
    except concurrent.futures.TimeoutError:
        raise requests.Timeout from None


def _body(response: requests.Response, end: float) -> bytes:
    """The body of a response, read until ``end``. It is as long as announced: urllib3 1.26 does not look."""
    chunks: list[bytes] = []
    size = 0
    for chunk in response.iter_content(2**14):
        chunks.append(chunk)
        size += len(chunk)
        if size > LARGEST:
            response.close()
            raise NoReplyError(f"the body is longer than {LARGEST} bytes", is_body=True)
        if time.monotonic() > end:
            response.close()
            raise requests.Timeout
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and response.raw.tell() < int(announced):
        raise requests.ConnectionError(f"{response.raw.tell()} of {announced} bytes of the body came")
    return b"".join(chunks)


def _pause(attempt: int, retry_after: str | None) -> float:
    """Seconds until the next attempt: ``Retry-After`` where it makes sense, else growing exponentially, with jitter."""
    try:
        wanted = Retry().parse_retry_after(retry_after) if retry_after else 0.0
    except (InvalidHeader, ValueError, OverflowError):
        wanted = 0.0
    return min(wanted or 2**attempt * random.uniform(0.125, 0.25), MAX_PAUSE)


def _no_reply(exc: Exception, limit: str) -> NoReplyError:
    """What an exception of requests, urllib3 or below means."""
    if isinstance(exc, NoReplyError):
        return exc
    if isinstance(exc, requests.exceptions.ContentDecodingError):
        return NoReplyError("the body is not compressed as its Content-Encoding says", is_body=True)
    *causes, root = _causes(exc)
    causes.append(root)

    def is_any(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if is_any(requests.Timeout, urllib3.exceptions.ReadTimeoutError):
        reason = f"no complete answer within {limit}"
    else:
        reason = error_text(root)
        if isinstance(exc, requests.exceptions.ProxyError):
            reason = f"the proxy failed: {reason}"
    # For a wrong host name, urllib3 1.26 has an error of its own.
    is_untrusted = is_any(ssl.SSLCertVerificationError, CertificateError)
    passing = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
    return NoReplyError(
        reason,
        may_pass=isinstance(exc, passing) and not is_untrusted,
        is_untrusted=is_untrusted,
        never_left=is_any(NewConnectionError, ConnectTimeoutError),
    )


def _causes(exc: BaseException | None) -> t.Iterator[BaseException]:
    """An exception and what it wraps, outermost first: requests and urllib3 wrap in several ways."""
    seen: set[int] = set()
    while exc is not None and id(exc) not in seen:
        seen.add(id(exc))
        yield exc
        wrapped = [*exc.args, getattr(exc, "reason", None)]
        inner = next((item for item in wrapped if isinstance(item, BaseException)), None)
        # What an error of the system came upon is not its cause: urllib3 1.26 tries two ways to ask, in turn.
        exc = inner or exc.__cause__ or (None if isinstance(exc, OSError) else exc.__context__)


def error_text(exc: BaseException) -> str:
    return getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
