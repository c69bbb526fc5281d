# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the NKS API: JSON in and out, and every failure with advice for the user.

Private to this collection: it may change without notice. It knows nothing of Ansible.
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
"""Of this collection, as in galaxy.yml, which modules cannot read."""

WITHDRAWN = (
    "The hosted service was withdrawn in 2021: set api_url, or the environment variable NKS_API_URL, to an endpoint "
    "that speaks its API."
)

UNCLEAR = "It is not known whether the change was made."

CHECK_URL = "Check that api_url (NKS_API_URL) is the base URL of an NKS API."

ADVICE = {
    401: "Give a valid token in api_token or in the environment variable NKS_API_TOKEN: the NKS web interface makes "
    "one under your profile, API Tokens, Add Token.",
    403: "The token may not use this: its account must be Owner of the organization.",
    404: "No such resource, or api_url (NKS_API_URL) is not the base URL of an NKS API.",
    405: f"The endpoint does not take this method. {CHECK_URL}",
    408: "The request took too long: try again later.",
    409: "The request conflicts with what is there: read it, and try again.",
    413: "The endpoint does not take that much.",
    429: "The endpoint limits the rate of requests: try again later.",
    502: "A gateway in front of the service failed: try again later.",
    503: "The service is offline or has an outage: try again later.",
    504: "A gateway in front of the service timed out: try again later.",
}
ADVICE_BY_CLASS = {
    4: "The endpoint refuses the request: correct what it names.",
    5: "The service failed: try again later, and tell its operator if it fails again.",
}

PASSING_STATUSES = (*RETRIED_STATUSES, 408, 520, 521, 522, 523, 524)
"""Statuses that may be different a moment later. Those from 520 on are of Cloudflare."""

MAX_DETAIL = 2000
"""Characters of what the API says of a failure."""

_NOT_JSON = object()


class API:
    """One session with one NKS endpoint, safe to share between threads.

    :param api_token: surrounding white space is dropped.
    :param api_url: base URL, with or without a trailing slash. None means that the user has not set it.
    :param api_timeout: seconds for one attempt as a whole: connecting, headers and body.
    :param api_retries: further attempts of a GET after a connection error or one of ``RETRIED_STATUSES``.
    :param ca_path: file or directory of CA certificates that replaces the default ones.
    :param on_retry: called with a line for the user before each pause, from any thread.
    :param warn: called once with a line for the user before the token is sent to a ``DEFAULT_URL`` that nobody set.
    :param read_only: refuse every request but GET, as in check mode.
    :raises NKSError: an option that cannot be used.
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
        self._url = check_url(DEFAULT_URL if api_url is None else api_url, validate_certs, self._redacted)
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
            auth=self._bearer,
            timeout=api_timeout,
            retries=api_retries,
            verify=ca_path if validate_certs and ca_path else validate_certs,
            # A proxy would see the token of a request to this machine in the clear.
            proxies={"http": ""} if is_loopback(urlsplit(self._url).hostname) else {},
            user_agent=f"ansible-netapp.nks/{VERSION}",
            on_retry=self._describe_retry,
        )

    @property
    def request_count(self) -> int:
        """Attempts so far."""
        return self._http.request_count

    @property
    def url(self) -> str:
        """The base URL without a trailing slash."""
        return self._url

    @property
    def api_timeout(self) -> float:
        """Seconds for one attempt."""
        return self._http.timeout

    def hide(self, secrets: t.Iterable[str]) -> None:
        """Replace these, which are sent, in what is shown of a failed request."""
        for secret in filter(None, secrets):
            self._hidden += {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
        self._hidden.sort(key=len, reverse=True)

    def until(self: A, deadline: Deadline) -> A:
        """The same session, whose requests end by the deadline."""
        limited = copy.copy(self)
        limited._deadline = deadline
        return limited

    def close(self) -> None:
        """Close the connections. Requests that are under way fail, and no other is made."""
        self._http.close()

    def __enter__(self: A) -> A:
        return self

    def __exit__(self, *exc_info: t.Any) -> None:
        self.close()

    def _get_list(self, path: str) -> list[JSON]:
        def is_list(value: t.Any) -> bool:
            return isinstance(value, list) and all(isinstance(item, dict) for item in value)

        return t.cast("list[JSON]", self._json("GET", path, wanted="an array of objects", is_wanted=is_list))

    def _object(self, method: str, path: str, data: JSON | None = None, statuses: t.Container[int] = (200,)) -> JSON:
        answer = self._json(method, path, data, statuses, "an object", lambda value: isinstance(value, dict))
        return t.cast(JSON, answer)

    def _json(
        self,
        method: str,
        path: str,
        data: JSON | None = None,
        statuses: t.Container[int] = (200,),
        wanted: str = "JSON",
        is_wanted: t.Callable[[t.Any], bool] = lambda value: True,
    ) -> t.Any:
        reply = self._reply(method, path, data, statuses, self._parsed)
        if reply.parsed is _NOT_JSON:
            raise self._payload_error(method, path, reply, "JSON in UTF-8")
        if not is_wanted(reply.parsed):
            raise self._payload_error(method, path, reply, wanted)
        if re.search(r';\s*rel\s*=\s*"?([^",;]*\s)?next\b', reply.headers.get("Link") or "", re.IGNORECASE):
            url = self._url + path
            message = f"{method} {url}: the list is not complete: its header Link names a next page, which is not read."
            raise self._error(NKSPayloadError, message, url, status=reply.status)
        return reply.parsed

    def _request(self, method: str, path: str, data: JSON | None = None, statuses: t.Container[int] = (200,)) -> bytes:
        """Return the body of an answer.

        :param data: the body to send as requests takes it: an object with ``json``, or with ``data`` and ``files``.
        :param statuses: those that mean success.
        """
        return self._reply(method, path, data, statuses, lambda reply: None).body

    def _reply(
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

    def _parsed(self, reply: Reply) -> t.Any:
        try:
            text = reply.body.decode("utf-8")
            value = _json.parse(text)
        except ValueError:
            if not reply.has_end and reply.body.lstrip()[:1] in (b"[", b"{"):
                raise NoReplyError("the body has no length, and ends before its JSON", is_transient=True) from None
            return _NOT_JSON
        # With a backslash the text may hold the token in other letters.
        return self._redacted(value) if "\\" in text or self._token in text else value

    def _warn_of_default_url(self) -> None:
        """Warn before the first request, whose token goes to whoever has the name of the withdrawn service today."""
        with self._warning_lock:
            while self._default_url_warnings:
                warn = self._default_url_warnings.pop()
                if self._http.may_reach(self._url):
                    warn(f"api_url is not set, so the token is sent to {self._url}, whoever that is today. {WITHDRAWN}")

    def _bearer(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """A requests auth object: unlike a header of the session, it is not replaced by ``~/.netrc``."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def _describe_retry(self, method: str, url: str, seen: str, pause: float) -> None:
        if self._on_retry:
            self._on_retry(
                f"{method} {self._redacted(url)}: {self._excerpt(seen, 300)}. Trying again in {pause:.1f} s."
            )

    def _connection_error(self, method: str, url: str, failure: NoReplyError) -> NKSError:
        what = f"{method} {url}{_tried(failure.attempts)}: {self._excerpt(str(failure), 300)}."
        is_unclear = method != "GET" and not failure.was_not_sent
        kind: type[NKSError] = NKSConnectionError
        if is_unclear:
            advice = UNCLEAR
        elif isinstance(failure, ProxyError):
            advice = f"Correct {failure.variable}, or add the host of the endpoint to NO_PROXY."
        elif isinstance(failure, WrongHostNameError):
            advice = "Give api_url (NKS_API_URL) a host name that is in the certificate of the endpoint."
        elif isinstance(failure, UntrustedCertificateError):
            advice = "If your own CA signed the certificate of the endpoint, give that CA in ca_path (NKS_CA_PATH)."
        else:
            advice = "Check api_url (NKS_API_URL), and that the endpoint is up and can be reached from this host."
        if isinstance(failure, UnreadableBodyError):
            kind, advice = NKSPayloadError, UNCLEAR if is_unclear else CHECK_URL
        message = f"{what} {advice}"
        return self._error(kind, message, url, is_transient=failure.is_transient, is_unclear=is_unclear)

    def _status_error(self, method: str, url: str, reply: Reply) -> NKSError:
        # What comes with another success could be a secret, such as a kubeconfig.
        text = reply.body.decode("utf-8", "replace") if reply.status >= 400 else ""
        detail, said = self._detail(text)
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
        what = f"{method} {url}{_tried(reply.attempts)}"
        message = ": ".join(filter(None, [what, f"status {reply.status} {phrase}".rstrip(), said])).rstrip(".")
        pause = f"The endpoint asks to wait {reply.retry_after:.3g} s or more." if reply.retry_after else ""
        return self._error(
            NKSStatusError,
            " ".join(filter(None, [f"{message}.", advice, pause, UNCLEAR if is_unclear else ""])),
            url,
            status=reply.status,
            detail=detail,
            is_transient=reply.status in PASSING_STATUSES,
            is_unclear=is_unclear,
            retry_after=reply.retry_after,
        )

    def _detail(self, text: str) -> tuple[t.Any, str]:
        """What the API said of a failure, and the same as text for a message. None where the body is not the API's."""
        try:
            body = self._redacted(_json.parse(text), *self._hidden)
        except ValueError:
            return None, f"(body: {self._excerpt(text)})" if text.strip() else ""
        if isinstance(body, dict) and isinstance(body.get("detail"), str):
            return _limited(body["detail"]), one_line(body["detail"], 300)
        if isinstance(body, dict):
            words = {name: " ".join(map(str, said)) if isinstance(said, list) else said for name, said in body.items()}
            return _limited(body), one_line(" ".join(f"{name}: {said}" for name, said in words.items()), 300)
        return _limited(body), one_line(str(body))

    def _payload_error(self, method: str, path: str, reply: Reply, wanted: str) -> NKSError:
        url = self._url + path
        is_json = reply.parsed is not _NOT_JSON
        start = self._excerpt(json.dumps(reply.parsed) if is_json else reply.body.decode("utf-8", "replace"))
        found = f"The body starts with: {start}" if start else "The body is empty."
        is_unclear = method != "GET"
        advice = UNCLEAR if is_unclear else CHECK_URL
        message = f"{method} {url}: status {reply.status}, but the body is not {wanted}. {advice} {found}"
        return self._error(NKSPayloadError, message, url, status=reply.status, is_unclear=is_unclear)

    def _error(self, error: type[NKSError], message: str, url: str, **fields: t.Any) -> NKSError:
        if not self._url_is_set:
            message = f"{message} api_url is not set. {WITHDRAWN}"
        return error(self._redacted(message), url=self._redacted(url), **fields)

    def _excerpt(self, text: str, length: int = 80) -> str:
        """The start of a text from outside. The token is taken out before the cut, which could leave a part of it."""
        return one_line(self._redacted(text, *self._hidden), length)

    def _redacted(self, value: t.Any, *hidden: str) -> t.Any:
        """The value without the token and the hidden texts, in each text of it."""
        if isinstance(value, str):
            for secret in (self._token, *hidden):
                value = value.replace(secret, "********")
        if isinstance(value, list):
            return [self._redacted(item, *hidden) for item in value]
        if isinstance(value, dict):
            return {self._redacted(name, *hidden): self._redacted(item, *hidden) for name, item in value.items()}
        return value


def _limited(detail: t.Any) -> t.Any:
    """The detail, or the start of its text where it is too long to be printed."""
    text = detail if isinstance(detail, str) else json.dumps(detail, ensure_ascii=False)
    return detail if len(text) <= MAX_DETAIL else f"{text[: MAX_DETAIL - 1]}…"


def _tried(attempts: int) -> str:
    return f" (tried {attempts} times)" if attempts > 1 else ""
