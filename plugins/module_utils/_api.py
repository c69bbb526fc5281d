# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send requests to the NKS API, parse the answers, and raise failures with advice for the user.

Private to this collection: it may change without notice. It does not depend on Ansible.
"""

from __future__ import annotations

import copy
import http.client
import json
import re
import threading
import typing as t
from urllib.parse import urlsplit

from ansible_collections.netapp.nks.plugins.module_utils import _json
from ansible_collections.netapp.nks.plugins.module_utils._connection import (
    DEFAULT_URL,
    check_ca,
    check_seconds,
    check_token,
    check_url,
    is_loopback,
)
from ansible_collections.netapp.nks.plugins.module_utils._errors import (
    NKSConnectionError,
    NKSError,
    NKSPayloadError,
    NKSStatusError,
    one_line,
)
from ansible_collections.netapp.nks.plugins.module_utils._http import (
    HTTP,
    RETRIED_STATUSES,
    Deadline,
    NoReplyError,
    ProxyError,
    Reply,
    UnreadableBodyError,
    UntrustedCertificateError,
    WrongHostNameError,
    missing_library_message,
)

if t.TYPE_CHECKING:
    import requests

JSON = _json.JSON
A = t.TypeVar("A", bound="API")

VERSION = "1.0.0"
"""Version of this collection. Modules cannot read it from galaxy.yml."""

WITHDRAWN = (
    "The hosted service was withdrawn in 2021: set api_url, or the environment variable NKS_API_URL, to an endpoint "
    "with its API."
)

UNCLEAR = "It is not known whether the change was made."

CHECK_URL = "Check that api_url (NKS_API_URL) is the base URL of an NKS API."

ADVICE = {
    401: "Set api_token, or the environment variable NKS_API_TOKEN, to a valid token. To create one, open your profile "
    "in the NKS web interface, then API Tokens, Add Token.",
    403: "The token has no access to this: its account must be Owner of the organization.",
    404: "The resource does not exist, or api_url (NKS_API_URL) is not the base URL of an NKS API.",
    405: f"The endpoint does not support this method. {CHECK_URL}",
    408: "The request took too long: try again later.",
    409: "The request conflicts with the current state of the resource: read it again, and retry.",
    413: "The request is larger than the endpoint accepts.",
    429: "The endpoint limits the rate of requests: try again later.",
    502: "A gateway in front of the service failed: try again later.",
    503: "The service is offline or has an outage: try again later.",
    504: "A gateway in front of the service timed out: try again later.",
}
ADVICE_BY_CLASS = {
    4: "The endpoint rejected the request: correct the problem that it reports.",
    5: "The service failed: try again later, and tell its operator if it fails again.",
}

TRANSIENT_STATUSES = (*RETRIED_STATUSES, 408, 520, 521, 522, 523, 524)
"""Statuses of transient failures. Those from 520 are Cloudflare's."""

MAX_DETAIL = 2000
"""Maximum length of ``detail`` as text, in characters."""

NOT_JSON = object()


class API:
    """A session with one NKS endpoint. Threads can share it.

    :param api_token: the API token. Surrounding white space is removed.
    :param api_url: base URL, with or without a trailing slash. If the user has not set it, None.
    :param api_timeout: seconds for one whole attempt: connecting, headers and body.
    :param api_retries: how many times to retry a GET after a connection error or a status in ``RETRIED_STATUSES``.
    :param ca_path: file or directory of CA certificates that replaces the default ones.
    :param on_retry: called before each pause, from any thread, with a line for the user.
    :param warn: if ``api_url`` is None, called once with a line for the user before the token is sent to
        ``DEFAULT_URL``.
    :param read_only: refuse every request other than GET, as in check mode.
    :raises NKSError: an option is invalid.
    """

    def __init__(
        self,
        api_token: str | None,
        api_url: str | None = None,
        api_timeout: float = 30.0,
        api_retries: int = 4,
        validate_certs: bool = True,
        ca_path: str | None = None,
        on_retry: t.Callable[[str], None] | None = None,
        warn: t.Callable[[str], None] | None = None,
        read_only: bool = False,
    ) -> None:
        problem = missing_library_message()
        if problem:
            raise NKSError(problem)
        self._on_retry = on_retry
        self._token = check_token(api_token)
        self._url_is_set = api_url is not None
        self._url = check_url(DEFAULT_URL if api_url is None else api_url, validate_certs, self._redact)
        # Holds the function that warns until it is called. A list, so that the copies that until() returns share it.
        self._default_url_warnings = [warn] if warn and not self._url_is_set else []
        self._warning_lock = threading.Lock()
        self._read_only = read_only
        self._hidden: list[str] = []
        self._deadline = Deadline()
        check_seconds("api_timeout", api_timeout)
        if api_retries < 0:
            raise NKSError(f"api_retries must be 0 or more, not {api_retries}.")
        if validate_certs:
            check_ca(ca_path, reads_environment=urlsplit(self._url).scheme == "https")
        self._http = HTTP(
            auth=self._add_token,
            timeout=api_timeout,
            retries=api_retries,
            verify=ca_path if validate_certs and ca_path else validate_certs,
            # Requests to this machine can be unencrypted, and a proxy could then read the token.
            proxies={"http": ""} if is_loopback(urlsplit(self._url).hostname) else {},
            user_agent=f"ansible-netapp.nks/{VERSION}",
            on_retry=self._report_retry,
        )

    @property
    def request_count(self) -> int:
        """Number of attempts so far."""
        return self._http.request_count

    @property
    def url(self) -> str:
        """The base URL without a trailing slash."""
        return self._url

    def hide(self, secrets: t.Iterable[str]) -> None:
        """Redact these secrets, which requests send, in the messages of failed requests."""
        for secret in filter(None, secrets):
            self._hidden += {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
        self._hidden.sort(key=len, reverse=True)

    def until(self: A, deadline: Deadline) -> A:
        """Return a client for the same session whose requests end by the deadline."""
        limited = copy.copy(self)
        limited._deadline = deadline
        return limited

    def close(self) -> None:
        """Close the connections. Pending and later requests fail."""
        self._http.close()

    def __enter__(self: A) -> A:
        return self

    def __exit__(self, *exc_info: t.Any) -> None:
        self.close()

    def _get_list(self, path: str) -> list[JSON]:
        """GET an array of objects."""

        def is_list(value: t.Any) -> bool:
            return isinstance(value, list) and all(isinstance(item, dict) for item in value)

        return t.cast("list[JSON]", self._request_json("GET", path, expected="an array of objects", is_valid=is_list))

    def _request_object(
        self, method: str, path: str, data: JSON | None = None, statuses: t.Container[int] = (200,)
    ) -> JSON:
        """Send a request, and return the object in the answer."""
        answer = self._request_json(method, path, data, statuses, "an object", lambda value: isinstance(value, dict))
        return t.cast(JSON, answer)

    def _request_json(
        self,
        method: str,
        path: str,
        data: JSON | None = None,
        statuses: t.Container[int] = (200,),
        expected: str = "JSON",
        is_valid: t.Callable[[t.Any], bool] = lambda value: True,
    ) -> t.Any:
        """Send a request, and return the parsed answer.

        :param expected: what the answer must be, as text for a message.
        """
        reply = self._send(method, path, data, statuses, self._parse)
        if reply.parsed is NOT_JSON:
            raise self._payload_error(method, path, reply, "JSON in UTF-8")
        if not is_valid(reply.parsed):
            raise self._payload_error(method, path, reply, expected)
        if re.search(r';\s*rel\s*=\s*"?([^",;]*\s)?next\b', reply.headers.get("Link") or "", re.IGNORECASE):
            url = self._url + path
            message = f"{method} {url}: the list is incomplete: its Link header names a next page, which is not read."
            raise self._error(NKSPayloadError, message, url, status=reply.status)
        return reply.parsed

    def _request(self, method: str, path: str, data: JSON | None = None, statuses: t.Container[int] = (200,)) -> bytes:
        """Send a request, and return the body of the answer.

        :param data: the body to send, as arguments of requests: a dict with ``json``, or with ``data`` and ``files``.
        :param statuses: the statuses of success.
        """
        return self._send(method, path, data, statuses, lambda reply: None).body

    def _send(
        self,
        method: str,
        path: str,
        data: JSON | None,
        statuses: t.Container[int],
        parse: t.Callable[[Reply], t.Any],
    ) -> Reply:
        url = self._url + path
        if self._read_only and method != "GET":
            raise NKSError(f"{method} {url} is not sent in check mode.")
        self._warn_of_default_url()
        try:
            reply = self._http.request(
                method, url, data, self._deadline, lambda reply: parse(reply) if reply.status in statuses else None
            )
        except NoReplyError as exc:
            raise self._connection_error(method, url, exc) from None
        if reply.status not in statuses:
            raise self._status_error(method, url, reply)
        return reply

    def _parse(self, reply: Reply) -> t.Any:
        """Parse the body of an answer. Return ``NOT_JSON`` if it is not JSON."""
        try:
            text = reply.body.decode("utf-8")
            value = _json.parse(text)
        except ValueError:
            if not reply.has_end and reply.body.lstrip()[:1] in (b"[", b"{"):
                raise NoReplyError(
                    "the body declares no length, and its JSON is incomplete", is_transient=True
                ) from None
            return NOT_JSON
        # A text with a backslash may contain the token with escapes.
        return self._redact(value) if "\\" in text or self._token in text else value

    def _warn_of_default_url(self) -> None:
        """Warn before the first request to ``DEFAULT_URL``: the host name may belong to someone else by now."""
        with self._warning_lock:
            while self._default_url_warnings:
                warn = self._default_url_warnings.pop()
                if self._http.may_reach(self._url):
                    warn(f"api_url is not set, so the token is sent to {self._url}, whoever runs it now. {WITHDRAWN}")

    def _add_token(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the token to a request. This is an auth object of requests."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def _report_retry(self, method: str, url: str, reason: str, pause: float) -> None:
        if self._on_retry:
            self._on_retry(
                f"{method} {self._redact(url)}: {self._excerpt(reason, 300)}. Trying again in {pause:.1f} s."
            )

    def _connection_error(self, method: str, url: str, failure: NoReplyError) -> NKSError:
        what = f"{method} {url}{_attempts_text(failure.attempts)}: {self._excerpt(str(failure), 300)}."
        is_unclear = method != "GET" and not failure.was_not_sent
        error_class: type[NKSError] = NKSConnectionError
        if is_unclear:
            advice = UNCLEAR
        elif isinstance(failure, ProxyError):
            advice = f"Correct {failure.variable}, or add the host of the endpoint to NO_PROXY."
        elif isinstance(failure, WrongHostNameError):
            advice = "Set api_url (NKS_API_URL) to a host name that is in the certificate of the endpoint."
        elif isinstance(failure, UntrustedCertificateError):
            advice = "If your own CA signed the certificate of the endpoint, set ca_path (NKS_CA_PATH) to that CA."
        else:
            advice = "Check api_url (NKS_API_URL), and that the endpoint is up and can be reached from this host."
        if isinstance(failure, UnreadableBodyError):
            error_class, advice = NKSPayloadError, UNCLEAR if is_unclear else CHECK_URL
        message = f"{what} {advice}"
        return self._error(error_class, message, url, is_transient=failure.is_transient, is_unclear=is_unclear)

    def _status_error(self, method: str, url: str, reply: Reply) -> NKSError:
        # The body of an unexpected success can be a secret, such as a kubeconfig.
        text = reply.body.decode("utf-8", "replace") if reply.status >= 400 else ""
        detail, detail_text = self._parse_detail(text)
        is_unclear = method != "GET" and not 400 <= reply.status < 500
        advice = ADVICE.get(reply.status) or ADVICE_BY_CLASS.get(reply.status // 100, CHECK_URL)
        if is_unclear and reply.status < 300:
            advice = ""
        if reply.redirects_to:
            advice = (
                f"The endpoint redirects to {self._excerpt(reply.redirects_to)}, and redirects are never "
                "followed: set api_url (NKS_API_URL) to the base URL of the API itself."
            )
        phrase = http.client.responses.get(reply.status, "")
        what = f"{method} {url}{_attempts_text(reply.attempts)}"
        message = ": ".join(filter(None, [what, f"status {reply.status} {phrase}".rstrip(), detail_text])).rstrip(".")
        pause = f"The endpoint asks to wait at least {reply.retry_after:.3g} s." if reply.retry_after else ""
        return self._error(
            NKSStatusError,
            " ".join(filter(None, [f"{message}.", advice, pause, UNCLEAR if is_unclear else ""])),
            url,
            status=reply.status,
            detail=detail,
            is_transient=reply.status in TRANSIENT_STATUSES,
            is_unclear=is_unclear,
            retry_after=reply.retry_after,
        )

    def _parse_detail(self, text: str) -> tuple[t.Any, str]:
        """Return what the API answered about a failure, as a value (None if it is not JSON) and as text."""
        try:
            body = self._redact(_json.parse(text), *self._hidden)
        except ValueError:
            return None, f"(body: {self._excerpt(text)})" if text.strip() else ""
        if isinstance(body, dict) and isinstance(body.get("detail"), str):
            return _truncate(body["detail"]), one_line(body["detail"], 300)
        if isinstance(body, dict):
            texts = {name: " ".join(map(str, item)) if isinstance(item, list) else item for name, item in body.items()}
            return _truncate(body), one_line(" ".join(f"{name}: {text}" for name, text in texts.items()), 300)
        return _truncate(body), one_line(str(body))

    def _payload_error(self, method: str, path: str, reply: Reply, expected: str) -> NKSError:
        url = self._url + path
        is_json = reply.parsed is not NOT_JSON
        start = self._excerpt(json.dumps(reply.parsed) if is_json else reply.body.decode("utf-8", "replace"))
        found = f"The body starts with: {start}" if start else "The body is empty."
        is_unclear = method != "GET"
        advice = UNCLEAR if is_unclear else CHECK_URL
        message = f"{method} {url}: status {reply.status}, but the body is not {expected}. {advice} {found}"
        return self._error(NKSPayloadError, message, url, status=reply.status, is_unclear=is_unclear)

    def _error(self, error_class: type[NKSError], message: str, url: str, **fields: t.Any) -> NKSError:
        if not self._url_is_set:
            message = f"{message} api_url is not set. {WITHDRAWN}"
        return error_class(self._redact(message), url=self._redact(url), **fields)

    def _excerpt(self, text: str, length: int = 80) -> str:
        """Return the start of an untrusted text. Redact it first: truncating could leave a part of the token."""
        return one_line(self._redact(text, *self._hidden), length)

    def _redact(self, value: t.Any, *hidden: str) -> t.Any:
        """Replace the token and the hidden texts with asterisks in all strings of a value."""
        if isinstance(value, str):
            for secret in (self._token, *hidden):
                value = value.replace(secret, "********")
        if isinstance(value, list):
            return [self._redact(item, *hidden) for item in value]
        if isinstance(value, dict):
            return {self._redact(name, *hidden): self._redact(item, *hidden) for name, item in value.items()}
        return value


def _truncate(detail: t.Any) -> t.Any:
    """Return the detail, or the start of its text if it is longer than ``MAX_DETAIL``."""
    text = detail if isinstance(detail, str) else json.dumps(detail, ensure_ascii=False)
    return detail if len(text) <= MAX_DETAIL else f"{text[: MAX_DETAIL - 1]}…"


def _attempts_text(attempts: int) -> str:
    return f" (tried {attempts} times)" if attempts > 1 else ""
