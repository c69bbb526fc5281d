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
import threading
import typing as t
from urllib.parse import urlsplit

from ansible_collections.netapp.nks.plugins.module_utils import _json
from ansible_collections.netapp.nks.plugins.module_utils._connection import (
    DEFAULT_URL,
    check_ca,
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
    Reply,
    missing_library_message,
)

if t.TYPE_CHECKING:
    import requests

JSON = _json.JSON
A = t.TypeVar("A", bound="API")

WITHDRAWN = (
    "The hosted service was withdrawn in 2021: set api_url, or the environment variable NKS_API_URL, to an endpoint "
    "that speaks its API."
)

UNCLEAR = "It is not known whether the change was made."

ADVICE = {
    400: "Correct what the API names.",
    401: "Give a valid token in api_token or in the environment variable NKS_API_TOKEN: the NKS web interface makes "
    "one under your profile, API Tokens, Add Token.",
    403: "The token may not use this: its account must be Owner of the organization.",
    404: "No such resource, or api_url (NKS_API_URL) is not the base URL of an NKS API.",
    405: "The endpoint does not take this method: check that api_url (NKS_API_URL) is the base URL of an NKS API.",
    429: "The endpoint limits the rate of requests: try again later.",
    500: "The service failed: try again later, and tell its operator if it fails again.",
    502: "A gateway in front of the service failed: try again later.",
    503: "The service is offline or has an outage: try again later.",
    504: "A gateway in front of the service timed out: try again later.",
}


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
        self._url = check_url(DEFAULT_URL if api_url is None else api_url, validate_certs, self._excerpt)
        self._default_url_warnings = [warn] if warn and not self._url_is_set else []
        self._warning_lock = threading.Lock()
        self._read_only = read_only
        self._deadline = Deadline()
        if not 0 < api_timeout <= threading.TIMEOUT_MAX:
            raise NKSError(f"api_timeout must be a number of seconds above 0, not {api_timeout}.")
        if api_retries < 0:
            raise NKSError(f"api_retries must be 0 or more, not {api_retries}.")
        if validate_certs and ca_path:
            check_ca(ca_path)
        self._http = HTTP(
            auth=self._bearer,
            timeout=api_timeout,
            retries=api_retries,
            verify=ca_path if validate_certs and ca_path else validate_certs,
            # A proxy would see the token of a request to this machine in the clear.
            proxies={"http": ""} if is_loopback(urlsplit(self._url).hostname) else {},
            on_retry=self._describe_retry,
        )

    @property
    def request_log(self) -> list[str]:
        """Method and URL of each attempt so far."""
        return self._http.request_log

    @property
    def url(self) -> str:
        """The base URL without a trailing slash."""
        return self._url

    @property
    def api_timeout(self) -> float:
        """Seconds for one attempt."""
        return self._http.timeout

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
        data = self._json("GET", path)
        if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
            raise self._payload_error("GET", path, json.dumps(data), "an array of objects")
        return data

    def _object(self, method: str, path: str, data: JSON | None = None, statuses: t.Container[int] = (200,)) -> JSON:
        answer = self._json(method, path, data, statuses)
        if not isinstance(answer, dict):
            raise self._payload_error(method, path, json.dumps(answer), "an object")
        return answer

    def _json(self, method: str, path: str, data: JSON | None = None, statuses: t.Container[int] = (200,)) -> t.Any:
        body = self._request(method, path, data, statuses)
        try:
            text = body.decode("utf-8")
            answer = _json.parse(text)
        except ValueError:
            raise self._payload_error(method, path, body.decode("utf-8", "replace"), "JSON in UTF-8") from None
        # With a backslash the text may hold the token in other letters.
        return self._redacted(answer) if "\\" in text or self._token in text else answer

    def _request(self, method: str, path: str, data: JSON | None = None, statuses: t.Container[int] = (200,)) -> bytes:
        """Return the body of an answer.

        :param data: the body to send as requests takes it: an object with ``json``, or with ``data`` and ``files``.
        :param statuses: those that mean success.
        """
        url = self._url + path
        if self._read_only and method != "GET":
            raise NKSError(f"{method} {url} is not sent in check mode.")
        self._warn_of_default_url()
        try:
            reply = self._http.request(method, url, data, self._deadline)
        except NoReplyError as exc:
            raise self._connection_error(method, url, exc) from None
        if reply.status not in statuses:
            raise self._status_error(method, url, reply)
        return reply.body

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
        if failure.is_body:
            return self._error(NKSPayloadError, what, url)
        if failure.proxy_variable:
            advice = f"Correct {failure.proxy_variable}, or add the host of the endpoint to NO_PROXY."
        elif failure.is_untrusted:
            advice = "If your own CA signed the certificate of the endpoint, give that CA in ca_path (NKS_CA_PATH)."
        elif method == "GET" or failure.never_left:
            advice = "Check api_url (NKS_API_URL), and that the endpoint is up and can be reached from this host."
        else:
            advice = UNCLEAR
        is_unclear = method != "GET" and not failure.never_left
        return self._error(
            NKSConnectionError, f"{what} {advice}", url, is_transient=failure.may_pass, is_unclear=is_unclear
        )

    def _status_error(self, method: str, url: str, reply: Reply) -> NKSError:
        # What comes with another success could be a secret, such as a kubeconfig.
        text = reply.body.decode("utf-8", "replace") if reply.status >= 400 else ""
        detail, said = self._detail(text)
        if reply.redirects_to:
            advice = (
                f"The endpoint redirects to {self._excerpt(reply.redirects_to)}, and redirects are never "
                "followed: set api_url (NKS_API_URL) to the base URL of the API itself."
            )
        else:
            advice = ADVICE.get(reply.status, "Check that api_url (NKS_API_URL) is the base URL of an NKS API.")
        phrase = http.client.responses.get(reply.status, "")
        what = f"{method} {url}{_tried(reply.attempts)}"
        message = ": ".join(filter(None, [what, f"status {reply.status} {phrase}".rstrip(), said]))
        is_unclear = method != "GET" and not 400 <= reply.status < 500
        message = " ".join([f"{message.rstrip('.')}. {advice}", *([UNCLEAR] if is_unclear else [])])
        return self._error(
            NKSStatusError,
            message,
            url,
            status=reply.status,
            detail=detail,
            is_transient=reply.status in RETRIED_STATUSES,
            is_unclear=is_unclear,
        )

    def _detail(self, text: str) -> tuple[t.Any, str]:
        """What the API said of a failure: as it came but for the token (None where the body is not the API's), and in
        words."""
        try:
            body = self._redacted(_json.parse(text))
        except ValueError:
            return None, f"(body: {self._excerpt(text)})" if text.strip() else ""
        if isinstance(body, dict) and isinstance(body.get("detail"), str):
            return body["detail"], one_line(body["detail"], 300)
        if isinstance(body, dict):
            words = {name: " ".join(map(str, said)) if isinstance(said, list) else said for name, said in body.items()}
            return body, one_line(" ".join(f"{name}: {said}" for name, said in words.items()), 300)
        return body, one_line(str(body))

    def _payload_error(self, method: str, path: str, text: str, wanted: str) -> NKSError:
        url = self._url + path
        start = self._excerpt(text)
        found = f"The body starts with: {start}" if start else "The body is empty."
        message = (
            f"{method} {url}: the body is not {wanted}. Check that api_url (NKS_API_URL) is the base URL of an NKS "
            f"API. {found}"
        )
        is_unclear = method != "GET"
        message = f"{message} {UNCLEAR}" if is_unclear else message
        return self._error(NKSPayloadError, message, url, status=200, is_unclear=is_unclear)

    def _error(self, error: type[NKSError], message: str, url: str, **fields: t.Any) -> NKSError:
        if not self._url_is_set:
            message = f"{message} api_url is not set. {WITHDRAWN}"
        return error(self._redacted(message), url=self._redacted(url), **fields)

    def _excerpt(self, text: str, length: int = 80) -> str:
        """The start of a text from outside. The token is taken out before the cut, which could leave a part of it."""
        return one_line(self._redacted(text), length)

    def _redacted(self, value: t.Any) -> t.Any:
        """The value without the token, in whatever text of it."""
        if isinstance(value, str):
            return value.replace(self._token, "********")
        if isinstance(value, list):
            return [self._redacted(item) for item in value]
        if isinstance(value, dict):
            return {self._redacted(name): self._redacted(item) for name, item in value.items()}
        return value


def _tried(attempts: int) -> str:
    return f" (tried {attempts} times)" if attempts > 1 else ""
