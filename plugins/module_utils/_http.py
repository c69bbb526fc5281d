# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP as an API client needs it: each attempt ends in time, reads are repeated, redirects are not followed.

Private to this collection: it may change without notice. It knows nothing of Ansible, and nothing of NKS.
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
from ansible_collections.netapp.nks.plugins.module_utils._body import PIECE, BodyError, CutBodyError, read_body
from ansible_collections.netapp.nks.plugins.module_utils._errors import error_text
from ansible_collections.netapp.nks.plugins.module_utils._proxy import Proxy, UnusableProxyError, find_proxy

try:
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
    from urllib3.connection import CertificateError  # before 1.26.8 its own module is another one
    from urllib3.util import Retry
except ImportError as exc:
    IMPORT_ERROR = str(exc)
    HTTPAdapter = object  # type: ignore[assignment,misc]
else:
    IMPORT_ERROR = ""


def missing_library_message() -> str:
    """Why this Python and its libraries cannot make requests. The empty text if they can."""
    if IMPORT_ERROR:
        found = f"lacks them: {IMPORT_ERROR}"
    else:
        versions = {"requests": requests.__version__, "urllib3": urllib3.__version__}
        found = "has " + " and ".join(f"{name} {version}" for name, version in versions.items())
        least = {"requests": (2, 28), "urllib3": (1, 26)}
        if sys.version_info >= (3, 8) and all(_version(versions[name]) >= least[name] for name in least):
            return ""
    return (
        "Python 3.8 or newer with the libraries requests 2.28 or newer and urllib3 1.26 or newer is needed. "
        f"{sys.executable} on {platform.node()} is Python {platform.python_version()} and {found}. "
        f"Install them: {sys.executable} -m pip install 'requests>=2.28' 'urllib3>=1.26'"
    )


def _version(text: str) -> tuple[int, int]:
    """Major and minor version. What is not one counts as new."""
    match = re.match(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (sys.maxsize, 0)


MAX_PAUSE = 60.0
"""Longest pause before another attempt, in seconds, also for ``Retry-After``."""

CONNECTIONS = 16
"""Kept alive, for as many requests at once."""

RETRIED_STATUSES = (429, 500, 502, 503, 504)

NOT_TLS = ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG")
"""Reasons of OpenSSL for an answer that is not TLS."""

HOST_MISMATCHES = (62, 64)
"""Codes of OpenSSL for a certificate of another host name or IP address."""


class Deadline(t.NamedTuple):
    """Until when requests are made, by ``time.monotonic()``."""

    answer_until: float = math.inf
    """When an attempt ends at the latest."""

    repeat_until: float = math.inf
    """When the last repetition begins at the latest."""


class Reply(t.NamedTuple):
    """A whole answer, with any status."""

    status: int
    headers: t.Mapping[str, str]
    body: bytes
    has_end: bool
    """Whether the answer says where its body ends, so that a cut one is noticed."""

    redirects_to: str
    parsed: t.Any = None
    attempts: int = 1

    @property
    def retry_after(self) -> float:
        """Seconds that the server asks to wait, at most ``MAX_PAUSE``. 0 if it does not ask."""
        value = self.headers.get("Retry-After") if self.status in RETRIED_STATUSES else None
        try:
            return max(0.0, min(Retry().parse_retry_after(value) if value else 0.0, MAX_PAUSE))
        except Exception:  # pylint: disable=broad-exception-caught  # email.utils fails in many ways on odd dates
            return 0.0


class NoReplyError(Exception):
    """The last attempt failed. ``str()`` is the reason, with text that can come from outside."""

    attempts = 1

    def __init__(self, reason: str, is_transient: bool = False, was_not_sent: bool = False) -> None:
        super().__init__(reason)
        self.is_transient = is_transient
        """Whether another attempt can succeed."""
        self.was_not_sent = was_not_sent
        """Whether it is certain that the server did not get the request."""

    def is_repeatable(self, method: str) -> bool:
        return self.is_transient and (method == "GET" or self.was_not_sent)


class UnreadableBodyError(NoReplyError):
    """An answer came, and its body cannot be read."""


class UntrustedCertificateError(NoReplyError):
    """No known CA signed the certificate of the server."""


class WrongHostNameError(NoReplyError):
    """The certificate of the server is for another host name."""


class ProxyError(NoReplyError):
    """The proxy is the reason."""

    variable = ""
    """The environment variable that sets it."""


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
        user_agent: str,
        on_retry: t.Callable[[str, str, str, float], None],
    ) -> None:
        self.request_count = 0
        """Attempts so far."""
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

    def request(
        self, method: str, url: str, data: t.Any, deadline: Deadline, parse: t.Callable[[Reply], t.Any]
    ) -> Reply:
        """The answer, after as many attempts as are allowed.

        :param data: the body as requests takes it: an object with ``json``, or with ``data`` and ``files``.
        :param parse: makes ``parsed`` of an answer, within the time of the attempt. It can raise
            :class:`NoReplyError` for an answer that counts as none.

        Repeats by hand and not by the ``max_retries`` of the adapter, which neither sees a failure within the body nor
        bounds an attempt as a whole.

        :raises NoReplyError: no attempt got one.
        """
        attempt = 0
        while True:
            attempt += 1
            outcome: Reply | NoReplyError
            try:
                outcome = self._attempt(method, url, data, deadline.answer_until, parse)
            except NoReplyError as exc:
                outcome = exc
                seen, retry_after, is_repeatable = str(exc), 0.0, exc.is_repeatable(method)
            else:
                seen, retry_after = f"status {outcome.status}", outcome.retry_after
                is_repeatable = method == "GET" and outcome.status in RETRIED_STATUSES
            pause = retry_after or min(2 ** min(attempt, 10) * random.uniform(0.125, 0.25), MAX_PAUSE)
            if not is_repeatable or attempt > self._retries or time.monotonic() + pause >= deadline.repeat_until:
                break
            self._on_retry(method, url, seen, pause)
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
        except Exception as exc:  # pylint: disable=broad-exception-caught  # requests lets some of others through
            limit = "api_timeout" if seconds == self.timeout else "the end of the wait"
            raise _no_reply(exc, f"{max(seconds, 0):.3g} s ({limit})", proxy, attempt) from None

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
                # It is not repeated, and a server can have closed a kept-alive connection without a sign.
                adapter = stack.enter_context(contextlib.closing(Adapter(max_retries=0)))
            adapter.proxy = proxy
            # By the adapter: the session would read the body of a redirect as a whole, to see where it leads.
            proxies = {"all": proxy.url} if proxy else {}
            response = adapter.send(request, timeout=seconds, proxies=proxies, **settings)
            stack.callback(response.close)
            if proxy and response.status_code == 407:
                raise _proxy_status(proxy, 407)
            encoding = response.headers.get("Content-Encoding", "")
            body = read_body(response.raw.stream(PIECE, decode_content=False), encoding, check_time)
            return Reply(
                response.status_code,
                response.headers,
                body,
                has_end=bool(encoding or response.raw.chunked or "Content-Length" in response.headers),
                redirects_to=response.headers["Location"] if response.is_redirect else "",
            )

    def _settings(self, url: str) -> dict[str, t.Any]:
        """How to send to a URL: what is set here, and then what the environment says, for example of proxies."""
        settings = self._session.merge_environment_settings(url, dict(self._proxies), True, self._verify, None)
        return t.cast("dict[str, t.Any]", settings)


class Adapter(HTTPAdapter):
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


def _no_reply(exc: Exception, limit: str, proxy: Proxy | None, attempt: Attempt) -> NoReplyError:
    """What an exception of requests, urllib3 or below means.

    :param limit: how long an answer was waited for, as text.
    """
    if isinstance(exc, NoReplyError):
        return exc
    if isinstance(exc, UnusableProxyError):
        return _proxy_failure(exc.variable, str(exc))
    if isinstance(exc, BodyError):
        is_cut = isinstance(exc, CutBodyError)
        return NoReplyError(str(exc), is_transient=True) if is_cut else UnreadableBodyError(str(exc))
    causes = list(_causes(exc))

    def is_any(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    broken_body = (urllib3.exceptions.ProtocolError, urllib3.exceptions.TimeoutError, urllib3.exceptions.SSLError)
    transient = (TimeIsUpError, requests.ConnectionError, requests.Timeout, *broken_body)
    reason = _reason(causes, limit, attempt.tried_addresses)
    # For a wrong host name, urllib3 1.26 has an error of its own.
    untrusted = [cause for cause in causes if isinstance(cause, (ssl.SSLCertVerificationError, CertificateError))]
    kind = NoReplyError
    if untrusted:
        is_wrong_host = getattr(untrusted[0], "verify_code", HOST_MISMATCHES[0]) in HOST_MISMATCHES
        kind = WrongHostNameError if is_wrong_host else UntrustedCertificateError
    is_transient = isinstance(exc, transient) and not untrusted
    was_not_sent = not attempt.is_connected
    if not proxy:
        return kind(reason, is_transient, was_not_sent)
    refused = re.match(r"Tunnel connection failed: (\d{3})", reason)
    if refused:
        return _proxy_status(proxy, int(refused[1]))
    if was_not_sent and (isinstance(exc, requests.exceptions.ProxyError) or not is_any(ssl.SSLError)):
        reason = f"the proxy {proxy.address} of {proxy.variable} failed: {reason}"
        return _proxy_failure(proxy.variable, reason, is_transient, was_not_sent=True)
    return kind(f"{reason} (through the proxy {proxy.address} of {proxy.variable})", is_transient, was_not_sent)


def _reason(causes: list[BaseException], limit: str, tried_addresses: list[str]) -> str:
    """The last of the causes as text, parts of which can come from outside."""
    for cause in causes:
        is_late = isinstance(cause, (TimeIsUpError, requests.Timeout, urllib3.exceptions.ReadTimeoutError))
        if is_late or (isinstance(cause, socket.timeout) and cause.errno is None):  # that of the system has a number
            tried = f": no connection to {', '.join(tried_addresses)}" if tried_addresses else ""
            return f"no complete answer within {limit}{tried}"
        if isinstance(cause, urllib3.exceptions.IncompleteRead) and cause.expected:
            return f"{cause.partial} of {cause.partial + cause.expected} bytes of the body came"
        if isinstance(cause, http.client.IncompleteRead):
            return "the body ended before its last chunk"
        if isinstance(cause, requests.exceptions.InvalidSchema):
            return "requests needs the Python library PySocks for it"
        if getattr(cause, "reason", None) in NOT_TLS:
            return "the server does not speak TLS on this port; perhaps it speaks http://"
        if isinstance(cause, ssl.SSLError) and "CERTIFICATE_REQUIRED" in str(cause):
            return "the server asks for a client certificate, which is not supported"
    return error_text(causes[-1])


def _proxy_status(proxy: Proxy, status: int) -> NoReplyError:
    what = f"it answers with status {status} {http.client.responses.get(status, '')}".rstrip()
    reason = f"the proxy {proxy.address} of {proxy.variable} failed: {what}"
    return _proxy_failure(proxy.variable, reason, status in RETRIED_STATUSES, was_not_sent=True)


def _proxy_failure(variable: str, reason: str, is_transient: bool = False, was_not_sent: bool = False) -> ProxyError:
    error = ProxyError(reason, is_transient, was_not_sent)
    error.variable = variable
    return error


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
