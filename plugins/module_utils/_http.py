# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP as an API client needs it: each attempt ends in time, reads are repeated, redirects are not followed.

Private to this collection: it may change without notice. It knows nothing of Ansible, and nothing of NKS.
"""

from __future__ import annotations

import http.client
import math
import platform
import random
import re
import socket
import ssl
import sys
import threading
import time
import typing as t
from urllib.parse import urlsplit

from ansible_collections.netapp.nks.plugins.module_utils._attempt import Attempt, TimeIsUpError, hold_connections
from ansible_collections.netapp.nks.plugins.module_utils._errors import error_text
from ansible_collections.netapp.nks.plugins.module_utils._proxy import Proxy, UnusableProxyError, find_proxy

try:
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
    from urllib3.connection import CertificateError  # before 1.26.8 its own module is another one
    from urllib3.exceptions import InvalidHeader
    from urllib3.util import Retry
except ImportError as exc:
    IMPORT_ERROR = str(exc)
    HTTPAdapter = object  # type: ignore[assignment,misc]
else:
    IMPORT_ERROR = ""


def missing_library_message() -> str:
    """Why no request can be made with this Python and its libraries, in words. The empty text where they will do."""
    if IMPORT_ERROR:
        found = f"has no such libraries: {IMPORT_ERROR}"
    else:
        versions = {"requests": requests.__version__, "urllib3": urllib3.__version__}
        found = "has " + " and ".join(f"{name} {version}" for name, version in versions.items())
        least = {"requests": (2, 28), "urllib3": (1, 26)}
        if sys.version_info >= (3, 8) and all(_version(versions[name]) >= least[name] for name in least):
            return ""
    return (
        "Python 3.8 or newer with the libraries requests 2.28 or newer and urllib3 1.26 or newer is needed. "
        f"{sys.executable} on {platform.node()} is Python {platform.python_version()} and {found}."
    )


def _version(text: str) -> tuple[int, int]:
    """Major and minor version. What is not one counts as new."""
    match = re.match(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (sys.maxsize, 0)


MAX_PAUSE = 60.0
"""Longest pause before another attempt, in seconds, whatever ``Retry-After`` says."""

CONNECTIONS = 16
"""Kept alive, for as many requests at once."""

LARGEST = 2**27
"""Bytes of a body, decompressed, that are read at most."""

RETRIED_STATUSES = (429, 500, 502, 503, 504)


class Deadline(t.NamedTuple):
    """Until when requests are made, by ``time.monotonic()``."""

    answer_until: float = math.inf
    """When an attempt ends at the latest."""

    repeat_until: float = math.inf
    """When the last repetition begins at the latest."""


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
        proxy_variable: str = "",
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
        self.proxy_variable = proxy_variable
        """What sets the proxy, where that is the reason."""

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
        self._is_closed = False
        self._auth = auth
        self._retries = retries
        self._verify = verify
        self._proxies = proxies
        self._on_retry = on_retry
        if not verify:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._session = requests.Session()
        self._session.headers.update({"Accept": "application/json, */*", "User-Agent": "ansible-netapp.nks"})
        self._adapter = Adapter(pool_connections=1, pool_maxsize=CONNECTIONS, max_retries=0)

    def close(self) -> None:
        self._is_closed = True
        self._adapter.close()

    def may_reach(self, url: str) -> bool:
        """Whether the host of a URL has an address, or a proxy that may know one. Sends nothing to the host."""
        try:
            if find_proxy(url, self._settings(url)["proxies"]):
                return True
            return bool(Attempt().run(lambda: socket.getaddrinfo(urlsplit(url).hostname, None), self.timeout))
        except (OSError, TimeIsUpError, UnusableProxyError):
            return False

    def request(self, method: str, url: str, data: t.Any, deadline: Deadline) -> Reply:
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
                outcome = self._attempt(method, url, data, deadline.answer_until)
            except NoReplyError as exc:
                outcome = exc
                seen, retry_after, is_repeatable = str(exc), None, exc.is_repeatable(method)
            else:
                seen, retry_after = f"status {outcome.status}", outcome.headers.get("Retry-After")
                is_repeatable = method == "GET" and outcome.status in RETRIED_STATUSES
            pause = _pause(attempt, retry_after)
            if not is_repeatable or attempt > self._retries or time.monotonic() + pause >= deadline.repeat_until:
                break
            self._on_retry(method, url, seen, pause)
            time.sleep(pause)
        if isinstance(outcome, NoReplyError):
            outcome.attempts = attempt
            raise outcome
        return outcome._replace(attempts=attempt)

    def _attempt(self, method: str, url: str, data: t.Any, answer_until: float) -> Reply:
        self.request_log.append(f"{method} {url}")
        seconds = 0.0 if self._is_closed else min(self.timeout, answer_until - time.monotonic())
        settings = self._settings(url)
        attempt = Attempt()
        proxy = None
        try:
            proxy = find_proxy(url, settings.pop("proxies"))
            return attempt.run(lambda: self._send(method, url, data, seconds, proxy, settings), seconds)
        except Exception as exc:  # pylint: disable=broad-exception-caught  # requests lets some of others through
            limit = "api_timeout" if seconds == self.timeout else "the end of the wait"
            raise _no_reply(exc, f"{max(seconds, 0):.3g} s ({limit})", proxy, attempt.is_connected) from None

    def _send(
        self, method: str, url: str, data: t.Any, seconds: float, proxy: Proxy | None, settings: dict[str, t.Any]
    ) -> Reply:
        end = time.monotonic() + seconds
        request = self._session.prepare_request(requests.Request(method, url, auth=self._auth, **data or {}))
        self._adapter.proxy = proxy
        # By the adapter: the session would read the body of a redirect as a whole, to see where it leads.
        proxies = {"all": proxy.url} if proxy else {}
        response = self._adapter.send(request, timeout=seconds, proxies=proxies, **settings)
        if proxy and response.status_code == 407:
            response.close()
            raise _proxy_status(proxy, 407)
        redirects_to = response.headers["Location"] if response.is_redirect else ""
        return Reply(response.status_code, response.headers, _body(response, end), redirects_to)

    def _settings(self, url: str) -> dict[str, t.Any]:
        """How to send to a URL: what is set here, and then what the environment says, for example of proxies."""
        settings = self._session.merge_environment_settings(url, dict(self._proxies), True, self._verify, None)
        return t.cast("dict[str, t.Any]", settings)


class Adapter(HTTPAdapter):
    """That of requests, whose connections are held by attempts, and to which the URL of a proxy tells no password."""

    proxy: Proxy | None = None

    def __init__(self, **options: t.Any) -> None:
        super().__init__(**options)
        self._lock = threading.Lock()

    def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        hold_connections(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: t.Any) -> t.Any:
        with self._lock:
            is_new = proxy not in self.proxy_manager
            manager = super().proxy_manager_for(proxy, **kwargs)
            if is_new:
                hold_connections(manager)
            return manager

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        return dict(self.proxy.headers) if self.proxy else {}


def _body(response: requests.Response, end: float) -> bytes:
    """The body of a response, read until ``end``."""
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
    return b"".join(chunks)


def _pause(attempt: int, retry_after: str | None) -> float:
    """Seconds until the next attempt: ``Retry-After`` where it makes sense, else growing exponentially, with jitter."""
    try:
        wanted = Retry().parse_retry_after(retry_after) if retry_after else 0.0
    except (InvalidHeader, ValueError, OverflowError):
        wanted = 0.0
    return min(wanted or 2**attempt * random.uniform(0.125, 0.25), MAX_PAUSE)


def _no_reply(exc: Exception, limit: str, proxy: Proxy | None, is_connected: bool) -> NoReplyError:
    """What an exception of requests, urllib3 or below means.

    :param limit: how long an answer was waited for, in words.
    :param is_connected: whether a connection to the server stood.
    """
    if isinstance(exc, NoReplyError):
        return exc
    if isinstance(exc, UnusableProxyError):
        return NoReplyError(str(exc), proxy_variable=exc.variable)
    if isinstance(exc, requests.exceptions.ContentDecodingError):
        return NoReplyError("the body is not compressed as its Content-Encoding says", is_body=True)
    causes = list(_causes(exc))

    def is_any(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    # For a wrong host name, urllib3 1.26 has an error of its own.
    is_untrusted = is_any(ssl.SSLCertVerificationError, CertificateError)
    passing = (TimeIsUpError, requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
    reason = _reason(causes, limit)
    fields: dict[str, t.Any] = {
        "may_pass": isinstance(exc, passing) and not is_untrusted,
        "is_untrusted": is_untrusted,
        "never_left": not is_connected,
    }
    if not proxy:
        return NoReplyError(reason, **fields)
    refused = re.match(r"Tunnel connection failed: (\d{3})", reason)
    if refused:
        return _proxy_status(proxy, int(refused[1]))
    if not is_connected and (isinstance(exc, requests.exceptions.ProxyError) or not is_any(ssl.SSLError)):
        return _proxy_failure(proxy, reason, **fields)
    return NoReplyError(f"{reason} (through the proxy {proxy.address} of {proxy.variable})", **fields)


def _reason(causes: list[BaseException], limit: str) -> str:
    """The last of the causes, in words that may come from outside."""
    for cause in causes:
        if isinstance(cause, (TimeIsUpError, requests.Timeout, urllib3.exceptions.ReadTimeoutError)):
            return f"no complete answer within {limit}"
        if isinstance(cause, socket.timeout) and cause.errno is None:  # that of the system has a number
            return f"no complete answer within {limit}"
        if isinstance(cause, urllib3.exceptions.IncompleteRead) and cause.expected:
            return f"{cause.partial} of {cause.partial + cause.expected} bytes of the body came"
        if isinstance(cause, http.client.IncompleteRead):
            return "the body ended before its last chunk"
        if isinstance(cause, requests.exceptions.InvalidSchema):
            return "requests needs the Python library PySocks for it"
    return error_text(causes[-1])


def _proxy_status(proxy: Proxy, status: int) -> NoReplyError:
    what = f"it answers with status {status} {http.client.responses.get(status, '')}".rstrip()
    return _proxy_failure(proxy, what, may_pass=status in RETRIED_STATUSES, never_left=True)


def _proxy_failure(proxy: Proxy, reason: str, **fields: t.Any) -> NoReplyError:
    what = f"the proxy {proxy.address} of {proxy.variable} failed: {reason}"
    return NoReplyError(what, proxy_variable=proxy.variable, **fields)


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
