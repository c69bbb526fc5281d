# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP client: limit each attempt in time, retry reads, and do not follow redirects.

Private to this collection: it may change without notice. It depends on neither Ansible nor NKS.
"""

from __future__ import annotations

import contextlib
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

from ansible_collections.netapp.nks.plugins.module_utils._attempt import (
    Attempt,
    TimeIsUpError,
    register_connections,
)
from ansible_collections.netapp.nks.plugins.module_utils._body import (
    CHUNK_BYTES,
    BodyError,
    TruncatedBodyError,
    read_body,
)
from ansible_collections.netapp.nks.plugins.module_utils._errors import error_text
from ansible_collections.netapp.nks.plugins.module_utils._proxy import Proxy, UnusableProxyError, find_proxy

try:
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
    from urllib3.connection import CertificateError  # urllib3 before 1.26.8 defines it in another module
    from urllib3.util import Retry
except ImportError as exc:
    IMPORT_ERROR = str(exc)
    HTTPAdapter = object  # type: ignore[assignment,misc]
else:
    IMPORT_ERROR = ""


def missing_library_message() -> str:
    """Explain why this Python and its libraries cannot make requests. Return an empty string if they can."""
    if IMPORT_ERROR:
        found = f"cannot import them: {IMPORT_ERROR}"
    else:
        versions = {"requests": requests.__version__, "urllib3": urllib3.__version__}
        found = "has " + " and ".join(f"{name} {version}" for name, version in versions.items())
        minimum = {"requests": (2, 28), "urllib3": (1, 26)}
        if sys.version_info >= (3, 8) and all(_version(versions[name]) >= minimum[name] for name in minimum):
            return ""
    return (
        "This collection needs Python 3.8 or newer, requests 2.28 or newer and urllib3 1.26 or newer. "
        f"{sys.executable} on {platform.node()} is Python {platform.python_version()} and {found}. "
        f"Install them: {sys.executable} -m pip install 'requests>=2.28' 'urllib3>=1.26'"
    )


def _version(text: str) -> tuple[int, int]:
    """Return the major and minor version. Text that is not a version counts as newer than any."""
    match = re.match(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (sys.maxsize, 0)


MAX_PAUSE = 60.0
"""Longest pause before another attempt, in seconds. It also limits ``Retry-After``."""

CONNECTIONS = 16
"""Maximum number of connections to keep alive. More concurrent requests are possible."""

RETRIED_STATUSES = (429, 500, 502, 503, 504)

NOT_TLS = ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG")
"""OpenSSL error reasons for an answer that is not TLS."""

HOST_MISMATCHES = (62, 64)
"""OpenSSL verify codes for a certificate that is for another host name or IP address."""


class Deadline(t.NamedTuple):
    """When requests must end, as values of ``time.monotonic()``."""

    answer_until: float = math.inf
    """The latest end of an attempt."""

    repeat_until: float = math.inf
    """The latest start of a retry."""


class Reply(t.NamedTuple):
    """A complete answer, with any status."""

    status: int
    headers: t.Mapping[str, str]
    body: bytes
    has_end: bool
    """Whether the answer declares where its body ends, so that a truncated body is an error."""

    redirects_to: str
    parsed: t.Any = None
    attempts: int = 1

    @property
    def retry_after(self) -> float:
        """Seconds that the server asks to wait, at most ``MAX_PAUSE``. 0 if it does not ask to wait."""
        value = self.headers.get("Retry-After") if self.status in RETRIED_STATUSES else None
        try:
            return max(0.0, min(Retry().parse_retry_after(value) if value else 0.0, MAX_PAUSE))
        except Exception:  # pylint: disable=broad-exception-caught  # email.utils raises many exceptions for odd dates
            return 0.0


class NoReplyError(Exception):
    """The last attempt failed. ``str()`` is the reason, which can contain text from the server."""

    attempts = 1

    def __init__(self, reason: str, is_transient: bool = False, was_not_sent: bool = False) -> None:
        super().__init__(reason)
        self.is_transient = is_transient
        """Whether another attempt can succeed."""
        self.was_not_sent = was_not_sent
        """Whether it is certain that the server did not receive the request."""

    def is_repeatable(self, method: str) -> bool:
        return self.is_transient and (method == "GET" or self.was_not_sent)


class UnreadableBodyError(NoReplyError):
    """The server answered, but the body cannot be read."""


class UntrustedCertificateError(NoReplyError):
    """No trusted CA signed the certificate of the server."""


class WrongHostNameError(NoReplyError):
    """The certificate of the server is for another host name."""


class ProxyError(NoReplyError):
    """The proxy failed or cannot be used.

    :param variable: the environment variable that sets the proxy.
    """

    def __init__(self, variable: str, reason: str, is_transient: bool = False, was_not_sent: bool = False) -> None:
        super().__init__(reason, is_transient, was_not_sent)
        self.variable = variable


class HTTP:
    """Kept-alive connections to one server. Threads can share them.

    :param auth: a requests auth object. Unlike a header of the session, ``~/.netrc`` does not replace it.
    :param timeout: seconds for one whole attempt: connecting, headers and body.
    :param retries: how many times to retry a GET after no answer or a status in ``RETRIED_STATUSES``.
    :param verify: as in requests: a bool, or the path of CA certificates.
    :param proxies: as in requests: URLs of proxies by scheme. They take precedence over the environment.
    :param on_retry: called before each pause, from any thread, with the method, the URL, what happened, and the pause
        in seconds.
    """

    def __init__(
        self,
        auth: t.Any,
        timeout: float,
        retries: int,
        verify: bool | str,
        proxies: dict[str, str],
        user_agent: str,
        on_retry: t.Callable[[str, str, str, float], None],
    ) -> None:
        self.request_count = 0
        """Number of attempts so far."""
        self.timeout = timeout
        self._count_lock = threading.Lock()
        self._is_closed = False
        self._auth = auth
        self._retries = retries
        self._verify = verify
        self._proxies = proxies
        self._on_retry = on_retry
        if not verify:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._session = requests.Session()
        self._session.headers.update(
            {
                "Accept": "application/json, */*",
                "Accept-Encoding": "gzip",
                "Cache-Control": "no-cache",
                "User-Agent": user_agent,
            }
        )
        self._adapter = _Adapter(pool_connections=1, pool_maxsize=CONNECTIONS, max_retries=0)

    def close(self) -> None:
        self._is_closed = True
        self._adapter.close()

    def may_reach(self, url: str) -> bool:
        """Return whether the host of a URL resolves, or a proxy may resolve it. Send nothing to the host."""
        try:
            if find_proxy(url, self._settings(url)["proxies"]):
                return True
            return bool(Attempt().run(lambda: socket.getaddrinfo(urlsplit(url).hostname, None), self.timeout))
        except (OSError, TimeIsUpError, UnusableProxyError):
            return False

    def request(
        self, method: str, url: str, data: t.Any, deadline: Deadline, parse: t.Callable[[Reply], t.Any]
    ) -> Reply:
        """Send a request, retry it if allowed, and return the last answer.

        The ``max_retries`` of the adapter is not used: it does not see a failure within the body, and does not limit
        a whole attempt.

        :param data: the body as arguments of requests: a dict with ``json``, or with ``data`` and ``files``.
        :param parse: computes ``parsed`` from an answer, within the time of the attempt. It can raise
            :class:`NoReplyError` to treat the answer as a failed attempt.
        :raises NoReplyError: the last attempt got no answer.
        """
        attempt = 0
        while True:
            attempt += 1
            outcome: Reply | NoReplyError
            try:
                outcome = self._attempt(method, url, data, deadline.answer_until, parse)
            except NoReplyError as exc:
                outcome = exc
                reason, retry_after, is_repeatable = str(exc), 0.0, exc.is_repeatable(method)
            else:
                reason, retry_after = f"status {outcome.status}", outcome.retry_after
                is_repeatable = method == "GET" and outcome.status in RETRIED_STATUSES
            pause = retry_after or min(2 ** min(attempt, 10) * random.uniform(0.125, 0.25), MAX_PAUSE)
            if not is_repeatable or attempt > self._retries or time.monotonic() + pause >= deadline.repeat_until:
                break
            self._on_retry(method, url, reason, pause)
            time.sleep(pause)
        if isinstance(outcome, NoReplyError):
            outcome.attempts = attempt
            raise outcome
        return outcome._replace(attempts=attempt)

    def _attempt(
        self, method: str, url: str, data: t.Any, answer_until: float, parse: t.Callable[[Reply], t.Any]
    ) -> Reply:
        with self._count_lock:
            self.request_count += 1
        seconds = 0.0 if self._is_closed else min(self.timeout, answer_until - time.monotonic())
        settings = self._settings(url)
        attempt = Attempt()
        proxy = None

        def send() -> Reply:
            reply = self._send(method, url, data, seconds, proxy, settings)
            return reply._replace(parsed=parse(reply))

        try:
            proxy = find_proxy(url, settings.pop("proxies"))
            return attempt.run(send, seconds)
        except Exception as exc:  # pylint: disable=broad-exception-caught  # requests lets some through
            limit = "api_timeout" if seconds == self.timeout else "the end of the wait"
            raise _to_no_reply_error(exc, f"{max(seconds, 0):.3g} s ({limit})", proxy, attempt) from None

    def _send(
        self, method: str, url: str, data: t.Any, seconds: float, proxy: Proxy | None, settings: dict[str, t.Any]
    ) -> Reply:
        end = time.monotonic() + seconds
        request = self._session.prepare_request(requests.Request(method, url, auth=self._auth, **data or {}))

        def check_time() -> None:
            if time.monotonic() > end:
                raise TimeIsUpError

        with contextlib.ExitStack() as stack:
            adapter = self._adapter
            if method != "GET":
                # A change is not retried, and the server may have closed a kept-alive connection without notice.
                adapter = stack.enter_context(contextlib.closing(_Adapter(max_retries=0)))
            adapter.proxy = proxy
            # The session would read the whole body of a redirect to find its target, so the adapter sends the request.
            proxies = {"all": proxy.url} if proxy else {}
            response = adapter.send(request, timeout=seconds, proxies=proxies, **settings)
            stack.callback(response.close)
            if proxy and response.status_code == 407:
                raise _proxy_status_error(proxy, 407)
            encoding = response.headers.get("Content-Encoding", "")
            body = read_body(response.raw.stream(CHUNK_BYTES, decode_content=False), encoding, check_time)
            return Reply(
                response.status_code,
                response.headers,
                body,
                has_end=bool(encoding or response.raw.chunked or "Content-Length" in response.headers),
                redirects_to=response.headers["Location"] if response.is_redirect else "",
            )

    def _settings(self, url: str) -> dict[str, t.Any]:
        """Return the settings of requests for a URL: those of this object, completed from the environment."""
        settings = self._session.merge_environment_settings(url, dict(self._proxies), True, self._verify, None)
        return t.cast("dict[str, t.Any]", settings)


class _Adapter(HTTPAdapter):
    """Adapter that registers sockets and keeps proxy passwords out of URLs."""

    proxy: Proxy | None = None

    def __init__(self, **options: t.Any) -> None:
        super().__init__(**options)
        self._lock = threading.Lock()

    def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        register_connections(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: t.Any) -> t.Any:
        with self._lock:
            is_new = proxy not in self.proxy_manager
            manager = super().proxy_manager_for(proxy, **kwargs)
            if is_new:
                register_connections(manager)
            return manager

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        return dict(self.proxy.headers) if self.proxy else {}


def _to_no_reply_error(exc: Exception, limit: str, proxy: Proxy | None, attempt: Attempt) -> NoReplyError:
    """Convert an exception of requests, urllib3 or the standard library.

    :param limit: the time limit of the attempt, as text for the message.
    """
    if isinstance(exc, NoReplyError):
        return exc
    if isinstance(exc, UnusableProxyError):
        return ProxyError(exc.variable, str(exc))
    if isinstance(exc, BodyError):
        is_truncated = isinstance(exc, TruncatedBodyError)
        return NoReplyError(str(exc), is_transient=True) if is_truncated else UnreadableBodyError(str(exc))
    causes = list(_causes(exc))
    broken_body = (urllib3.exceptions.ProtocolError, urllib3.exceptions.TimeoutError, urllib3.exceptions.SSLError)
    transient = (TimeIsUpError, requests.ConnectionError, requests.Timeout, *broken_body)
    reason = _describe(causes, limit, attempt.tried_addresses)
    # urllib3 1.26 raises its own error for a wrong host name.
    untrusted = [cause for cause in causes if isinstance(cause, (ssl.SSLCertVerificationError, CertificateError))]
    error_class = NoReplyError
    if untrusted:
        is_wrong_host = getattr(untrusted[0], "verify_code", HOST_MISMATCHES[0]) in HOST_MISMATCHES
        error_class = WrongHostNameError if is_wrong_host else UntrustedCertificateError
    is_transient = isinstance(exc, transient) and not untrusted
    was_not_sent = not attempt.is_connected
    is_tls_failure = any(isinstance(cause, ssl.SSLError) for cause in causes)
    if not proxy:
        return error_class(reason, is_transient, was_not_sent)
    refused = re.match(r"Tunnel connection failed: (\d{3})", reason)
    if refused:
        return _proxy_status_error(proxy, int(refused[1]))
    if was_not_sent and (isinstance(exc, requests.exceptions.ProxyError) or not is_tls_failure):
        reason = f"the proxy {proxy.address} of {proxy.variable} failed: {reason}"
        return ProxyError(proxy.variable, reason, is_transient, was_not_sent=True)
    return error_class(f"{reason} (through the proxy {proxy.address} of {proxy.variable})", is_transient, was_not_sent)


def _describe(causes: list[BaseException], limit: str, tried_addresses: list[str]) -> str:
    """Describe why an attempt failed. The text can contain text from the server."""
    for cause in causes:
        is_late = isinstance(cause, (TimeIsUpError, requests.Timeout, urllib3.exceptions.ReadTimeoutError))
        # A timeout of the operating system has an errno.
        if is_late or (isinstance(cause, socket.timeout) and cause.errno is None):
            tried = f": no connection to {', '.join(tried_addresses)}" if tried_addresses else ""
            return f"no complete answer within {limit}{tried}"
        if isinstance(cause, urllib3.exceptions.IncompleteRead) and cause.expected:
            return f"{cause.partial} of {cause.partial + cause.expected} bytes of the body arrived"
        if isinstance(cause, http.client.IncompleteRead):
            return "the body ended before its last chunk"
        if isinstance(cause, requests.exceptions.InvalidSchema):
            return "requests needs the Python library PySocks for a SOCKS proxy"
        if getattr(cause, "reason", None) in NOT_TLS:
            return "the server does not speak TLS on this port; perhaps it expects http://"
        if isinstance(cause, ssl.SSLError) and "CERTIFICATE_REQUIRED" in str(cause):
            return "the server asks for a client certificate, which is not supported"
    return error_text(causes[-1])


def _proxy_status_error(proxy: Proxy, status: int) -> NoReplyError:
    what = f"it answered with status {status} {http.client.responses.get(status, '')}".rstrip()
    reason = f"the proxy {proxy.address} of {proxy.variable} failed: {what}"
    return ProxyError(proxy.variable, reason, status in RETRIED_STATUSES, was_not_sent=True)


def _causes(exc: BaseException | None) -> t.Iterator[BaseException]:
    """Yield an exception and those inside it, outermost first. requests and urllib3 wrap them in several ways."""
    seen: set[int] = set()
    while exc is not None and id(exc) not in seen:
        seen.add(id(exc))
        yield exc
        wrapped = [*exc.args, getattr(exc, "reason", None)]
        inner = next((item for item in wrapped if isinstance(item, BaseException)), None)
        # The __context__ of an OSError is not its cause: urllib3 1.26 tries two ways to read an answer in turn.
        has_context = not (exc.__suppress_context__ or isinstance(exc, OSError))
        exc = inner or exc.__cause__ or (exc.__context__ if has_context else None)
