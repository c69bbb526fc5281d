# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Client of the NKS REST API: one endpoint is one method.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import math
import os
import queue
import random
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
    from urllib3.exceptions import ConnectTimeoutError, InvalidHeader, MaxRetryError, NewConnectionError
    from urllib3.util import Retry
except ImportError:
    REQUESTS_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    REQUESTS_IMPORT_ERROR = None

JSON = t.Dict[str, t.Any]

CONCURRENCY = 16
"""Requests in flight at once, and connections kept alive for them."""

MAX_PAUSE = 60.0
"""Longest pause before another attempt, in seconds, whatever ``Retry-After`` says."""

LARGEST = 2**27
"""Bytes of a body, decompressed, that are read at most."""

DEEPEST = 100
"""Levels of nesting in JSON. Nothing of the API has ten, and Python's own functions fail at some hundreds."""

RETRIED_STATUSES = (429, 500, 502, 503, 504)

ADVICE = {
    400: "Correct what the API names.",
    401: "Give a valid token in api_token or in the environment variable NKS_API_TOKEN: the NKS web interface makes "
    "one under your profile, API Tokens, Add Token.",
    403: "The token may not use this: its account must be Owner of the organization.",
    404: "No such resource, or api_url (NKS_API_URL) is not the base URL of an NKS API.",
    405: "The endpoint does not take this method: check that api_url (NKS_API_URL) is the base URL of an NKS API.",
    429: "The endpoint limits the rate of requests: try again later.",
    500: "The service failed: try again later, and tell its operator if it stays so.",
    502: "A gateway before the service failed: try again later.",
    503: "The service is offline or has an outage: try again later.",
    504: "A gateway before the service timed out: try again later.",
}


class NKSError(Exception):
    """Something that ends the run. ``str()`` is the message for the user and never holds the token.

    ``status`` is None where there was no answer; ``detail`` is what the API said: text, or an object of field errors.
    """

    def __init__(
        self, message: str, *, url: str | None = None, status: int | None = None, detail: t.Any = None
    ) -> None:
        super().__init__(message)
        self.url = url
        self.status = status
        self.detail = detail


class NKSConnectionError(NKSError):
    """No HTTP answer: name resolution, TLS, time-out, reset."""


class NKSStatusError(NKSError):
    """Another status than the one wanted, redirects included."""


class NKSPayloadError(NKSError):
    """The right status, but not the body promised."""


class _TooLargeError(Exception):
    """A body longer than ``LARGEST``."""


class NKSClient:
    """One session with one NKS endpoint, safe to share between threads.

    :param api_token: surrounding white space is dropped.
    :param api_url: base URL, with or without a trailing slash.
    :param api_timeout: seconds for one attempt as a whole: connecting, headers and body.
    :param api_retries: further attempts of a GET after a connection error or one of ``RETRIED_STATUSES``.
    :param ca_path: file or directory of CA certificates that replaces the default ones.
    :param tell: called with a line for the user before each pause, from any thread.
    :raises NKSError: an option that cannot be used.

    A method answers what the API answered, unchanged, and raises a subclass of :class:`NKSError` for any failure.
    """

    def __init__(
        self,
        api_token: str,
        api_url: str,
        api_timeout: float = 30.0,
        api_retries: int = 4,
        validate_certs: bool = True,
        ca_path: str | None = None,
        tell: t.Callable[[str], None] | None = None,
    ) -> None:
        self.sent: list[str] = []
        """Method and URL of each attempt so far."""
        self._tell = tell
        self._token = _checked_token(api_token)
        self._url = _checked_url(api_url, validate_certs, self._shown)
        # A proxy would see the token of a request to this machine in the clear.
        self._proxies = {"http": ""} if _is_loopback(urlsplit(self._url).hostname) else None
        if not 0 < api_timeout <= threading.TIMEOUT_MAX:
            raise NKSError(f"api_timeout must be a number of seconds above 0, not {api_timeout}.")
        if api_retries < 0:
            raise NKSError(f"api_retries must be 0 or more, not {api_retries}.")
        if validate_certs and ca_path:
            _check_ca(ca_path)
        self._timeout = api_timeout
        self._verify: bool | str = ca_path if validate_certs and ca_path else validate_certs
        if not validate_certs:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._retry = Retry(total=api_retries, redirect=0, status_forcelist=RETRIED_STATUSES, allowed_methods=["GET"])
        self._session = requests.Session()
        self._session.headers.update({"Accept": "application/json, */*", "User-Agent": "ansible-netapp.nks"})
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=CONCURRENCY, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def __enter__(self) -> NKSClient:
        return self

    def __exit__(self, *exc_info: t.Any) -> None:
        self._session.close()

    def orgs(self) -> list[JSON]:
        return self._get_list("/orgs")

    def clusters(self, org: int, include_service_clusters: bool = False) -> list[JSON]:
        """The active clusters of an organization in their short form."""
        query = "?include_service_clusters=true" if include_service_clusters else ""
        return self._get_list(f"/orgs/{org}/clusters{query}")

    def cluster(self, org: int, cluster: int) -> JSON:
        """A cluster in its detail form, whose ``solutions`` carry secrets."""
        return self._object("GET", f"/orgs/{org}/clusters/{cluster}")

    def nodes(self, org: int, cluster: int) -> list[JSON]:
        return self._get_list(f"/orgs/{org}/clusters/{cluster}/nodes")

    def node_pools(self, org: int, cluster: int) -> list[JSON]:
        return self._get_list(f"/orgs/{org}/clusters/{cluster}/nodepools")

    def kubeconfig(self, org: int, cluster: int) -> bytes:
        """The kubeconfig as the API sends it, unchecked. It is a secret."""
        return self._request("GET", f"/orgs/{org}/clusters/{cluster}/kubeconfig")

    def update_org(self, org: int, changes: JSON) -> JSON:
        """Change ``name``, ``slug`` or ``logo``. Answers the organization as it is now."""
        return self._object("PATCH", f"/orgs/{org}", changes)

    def _get_list(self, path: str) -> list[JSON]:
        data = self._json("GET", path)
        if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
            raise self._not_promised("GET", path, json.dumps(data), "an array of objects")
        return data

    def _object(self, method: str, path: str, data: JSON | None = None) -> JSON:
        answer = self._json(method, path, data)
        if not isinstance(answer, dict):
            raise self._not_promised(method, path, json.dumps(answer), "an object")
        return answer

    def _json(self, method: str, path: str, data: JSON | None = None) -> t.Any:
        body = self._request(method, path, data)
        try:
            text = body.decode("utf-8")
            answer = _parsed(text)
        except ValueError:
            raise self._not_promised(method, path, body.decode("utf-8", "replace"), "JSON in UTF-8") from None
        return self._redacted(answer) if "\\" in text or self._token in text else answer

    def _request(self, method: str, path: str, data: JSON | None = None) -> bytes:
        """The body of the answer with status 200.

        Repeats by hand and not by the ``max_retries`` of the adapter, which neither sees a failure within the body nor
        bounds an attempt as a whole.
        """
        url = self._url + path
        retry = self._retry
        while True:
            answer = self._attempt(method, url, data)
            if isinstance(answer, Exception):
                raw, seen = None, self._why_no_answer(answer)
                repeatable = _is_repeatable(method, answer)
            else:
                response, body = answer
                if response.status_code == 200:
                    return body
                raw, seen = response.raw, f"status {response.status_code}"
                repeatable = retry.is_retry(method, response.status_code)
            try:
                if not repeatable:
                    break
                retry = retry.increment(method, url, response=raw)
            except MaxRetryError:
                break
            pause = _pause(retry, raw)
            if self._tell:
                self._tell(self._redacted(f"{method} {url}: {seen}. Trying again in {pause:.1f} s."))
            time.sleep(pause)
        tries = f" (tried {len(retry.history) + 1} times)" if retry.history else ""
        if isinstance(answer, Exception):
            raise self._connection_error(method, url, tries, answer)
        raise self._status_error(f"{method} {url}{tries}", url, *answer)

    def _attempt(self, method: str, url: str, data: JSON | None) -> tuple[requests.Response, bytes] | Exception:
        """One request and the body of its answer, in a thread of its own, which is left behind when the time is up.

        The time-outs of requests bound the wait for each packet, so a server that sends a byte now and then could hold
        a request for ever, and name resolution is not bounded at all.
        """
        self.sent.append(f"{method} {url}")
        answer: queue.SimpleQueue[tuple[requests.Response, bytes] | Exception] = queue.SimpleQueue()
        end = time.monotonic() + self._timeout

        def read(response: requests.Response, *args: t.Any, **kwargs: t.Any) -> None:
            answer.put((response, _body(response, end)))

        def send() -> None:
            try:
                self._session.request(
                    method,
                    url,
                    json=data,
                    auth=self._bearer,
                    timeout=self._timeout,
                    verify=self._verify,
                    allow_redirects=False,
                    proxies=self._proxies,
                    stream=True,
                    # Before requests reads the body of a redirect as a whole, and fails if that leads nowhere.
                    hooks={"response": read},
                )
            except Exception as exc:  # pylint: disable=broad-exception-caught
                answer.put(exc)

        threading.Thread(target=send, daemon=True).start()
        try:
            return answer.get(timeout=self._timeout)
        except queue.Empty:
            return requests.Timeout()

    def _bearer(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """A requests auth object: unlike a header of the session, it is not replaced by ``~/.netrc``."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def _connection_error(self, method: str, url: str, tries: str, exc: Exception) -> NKSError:
        if isinstance(exc, requests.exceptions.ContentDecodingError):
            message = f"{method} {url}{tries}: the body is not compressed as its Content-Encoding says."
            return self._error(NKSPayloadError, message, url)
        if isinstance(exc, _TooLargeError):
            message = f"{method} {url}{tries}: the body is longer than {LARGEST} bytes."
            return self._error(NKSPayloadError, message, url)
        if _is_untrusted(exc):
            advice = "If your own CA signed the certificate of the endpoint, give that CA in ca_path (NKS_CA_PATH)."
        elif method == "GET" or _never_left(exc):
            advice = "Check api_url (NKS_API_URL), and that the endpoint is up and can be reached from this host."
        else:
            advice = "It is not known whether the change was made."
        return self._error(NKSConnectionError, f"{method} {url}{tries}: {self._why_no_answer(exc)}. {advice}", url)

    def _why_no_answer(self, exc: Exception) -> str:
        if any(isinstance(cause, (requests.Timeout, urllib3.exceptions.ReadTimeoutError)) for cause in _causes(exc)):
            return f"no complete answer within {self._timeout:g} s (api_timeout)"
        reason = self._shown(_reason(exc))
        return f"the proxy failed: {reason}" if isinstance(exc, requests.exceptions.ProxyError) else reason

    def _status_error(self, what: str, url: str, response: requests.Response, body: bytes) -> NKSError:
        status = response.status_code
        # What comes with another success could be a secret, such as a kubeconfig.
        text = body.decode("utf-8", "replace") if status >= 400 else ""
        detail, said = self._detail(text)
        if response.is_redirect:
            advice = (
                f"The endpoint redirects to {self._shown(response.headers['Location'])}, and redirects are never "
                "followed: set api_url (NKS_API_URL) to the base URL of the API itself."
            )
        else:
            advice = ADVICE.get(status, "Check that api_url (NKS_API_URL) is the base URL of an NKS API.")
        phrase = http.client.responses.get(status, "")
        message = ": ".join(filter(None, [what, f"status {status} {phrase}".rstrip(), said]))
        message = f"{message.rstrip('.')}. {advice}"
        return self._error(NKSStatusError, message, url, status=status, detail=detail)

    def _detail(self, text: str) -> tuple[t.Any, str]:
        """What the API said of a failure: as it came but for the token (None where the body is not the API's), and in
        words."""
        try:
            body = self._redacted(_parsed(text))
        except ValueError:
            return None, f"(body: {self._shown(text)})" if text.strip() else ""
        if isinstance(body, dict) and isinstance(body.get("detail"), str):
            return body["detail"], one_line(body["detail"], 300)
        if isinstance(body, dict):
            words = {name: " ".join(map(str, said)) if isinstance(said, list) else said for name, said in body.items()}
            return body, one_line(" ".join(f"{name}: {said}" for name, said in words.items()), 300)
        return body, one_line(str(body))

    def _not_promised(self, method: str, path: str, text: str, wanted: str) -> NKSError:
        url = self._url + path
        start = self._shown(text)
        found = f"The body starts with: {start}" if start else "The body is empty."
        message = (
            f"{method} {url}: status 200, but the body is not {wanted}. Check that api_url (NKS_API_URL) is the base "
            f"URL of an NKS API. {found}"
        )
        return self._error(NKSPayloadError, message, url, status=200)

    def _error(self, error: type[NKSError], message: str, url: str, **fields: t.Any) -> NKSError:
        return error(self._redacted(message), url=self._redacted(url), **fields)

    def _shown(self, text: str) -> str:
        """The start of a text from outside. The token goes first, lest a part of it be left."""
        return one_line(self._redacted(text))

    def _redacted(self, value: t.Any) -> t.Any:
        """The value without the token, in whatever text of it."""
        if isinstance(value, str):
            return value.replace(self._token, "********")
        if isinstance(value, list):
            return [self._redacted(item) for item in value]
        if isinstance(value, dict):
            return {self._redacted(name): self._redacted(item) for name, item in value.items()}
        return value


def _checked_token(token: str) -> str:
    token = token.strip()
    if not token:
        raise NKSError("api_token is empty: give a token, or set the environment variable NKS_API_TOKEN.")
    if not all("!" <= character <= "~" for character in token):
        raise NKSError("api_token holds a character that no token has: only printable ASCII without spaces is allowed.")
    return token


def _checked_url(url: str, validate_certs: bool, shown: t.Callable[[str], str]) -> str:
    url = url.strip()
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise NKSError("api_url is not a URL: it must look like https://host[:port][/path].") from None
    if parts.username is not None or parts.password is not None:
        raise NKSError("api_url holds a user name or password: the NKS API takes a token only, in api_token.")
    if parts.scheme not in ("http", "https") or not host or not _is_one_word(url) or set("?#") & set(url):
        raise NKSError(f"api_url must look like https://host[:port][/path], not {shown(url)!r}.")
    if parts.scheme == "http" and validate_certs and not _is_loopback(host):
        raise NKSError(
            f"api_url {shown(url)}: http:// would send the token in the clear, and is refused unless the host is a "
            "loopback address or validate_certs is false. Use https://."
        )
    return url.rstrip("/")


def _check_ca(path: str) -> None:
    if not os.path.exists(path):
        raise NKSError(f"ca_path: there is no file or directory {path}.")
    try:
        ssl.create_default_context(**{"capath" if os.path.isdir(path) else "cafile": path})  # type: ignore[arg-type]
    except OSError as exc:
        raise NKSError(f"ca_path: no certificate can be read from {path}: {one_line(_reason(exc))}.") from None


def _is_one_word(text: str) -> bool:
    return text.isprintable() and " " not in text


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _body(response: requests.Response, end: float) -> bytes:
    """The body of a response, read until ``end``. It is as long as announced: urllib3 1.26 does not look."""
    chunks: list[bytes] = []
    size = 0
    for chunk in response.iter_content(2**14):
        chunks.append(chunk)
        size += len(chunk)
        if size > LARGEST:
            response.close()
            raise _TooLargeError
        if time.monotonic() > end:
            response.close()
            raise requests.Timeout
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and response.raw.tell() < int(announced):
        raise requests.ConnectionError(f"{response.raw.tell()} of {announced} bytes of the body came")
    return b"".join(chunks)


def _pause(retry: Retry, response: t.Any) -> float:
    """Seconds until the next attempt: ``Retry-After`` where it makes sense, else growing exponentially, with jitter."""
    try:
        wanted = response is not None and retry.get_retry_after(response)
    except (InvalidHeader, ValueError, OverflowError):
        wanted = None
    return min(wanted or 2 ** len(retry.history) * random.uniform(0.125, 0.25), MAX_PAUSE)


def _is_repeatable(method: str, exc: Exception) -> bool:
    """Whether a request that got no answer may be sent again: a GET always, another method if it never left."""
    if _is_untrusted(exc):
        return False
    if method == "GET":
        return isinstance(exc, (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError))
    return _never_left(exc)


def _is_untrusted(exc: Exception) -> bool:
    """Whether the certificate is the reason. For a wrong host name, urllib3 1.26 has an error of its own."""
    return any(isinstance(cause, (ssl.SSLCertVerificationError, CertificateError)) for cause in _causes(exc))


def _never_left(exc: Exception) -> bool:
    return any(isinstance(cause, (NewConnectionError, ConnectTimeoutError)) for cause in _causes(exc))


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


def _reason(exc: Exception) -> str:
    *_outer, root = _causes(exc)
    return getattr(root, "strerror", None) or str(root) or type(root).__name__


def one_line(text: str, length: int = 80) -> str:
    """The start of a text from outside, fit to be shown: no line breaks, no control characters."""
    line = "".join(character if character.isprintable() else " " for character in text[: length * 4])
    line = " ".join(line.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def _parsed(text: str) -> t.Any:
    """The value of a JSON text.

    :raises ValueError: it is none, is nested more deeply than ``DEEPEST``, or holds what cannot be shown.
    """
    try:
        value = json.loads(text, parse_float=_finite, parse_constant=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    level = [value]
    for _depth in range(DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            break
    else:
        raise ValueError("nested too deeply")
    if "\\" in text:
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # half of a surrogate pair is no text
    return value


def _finite(text: str) -> float:
    """The number: ``NaN`` is not JSON, and ``1e999`` would be infinite."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number")
    return number
