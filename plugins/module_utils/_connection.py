# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the connection options. The standard library only.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
import typing as t
from urllib.parse import urlsplit

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, error_text, quoted

MAX_SECONDS = 7 * 24 * 3600.0

CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Environment variables that requests reads for CA certificates, in this order."""


def check_seconds(option: str, value: float | None, can_be_zero: bool = False) -> None:
    """:raises NKSError: the value is not a time that the option can be."""
    if value is None or not (0 < value <= MAX_SECONDS or (can_be_zero and value == 0)):
        start = "from 0" if can_be_zero else "above 0 and"
        raise NKSError(f"{option} must be a number of seconds {start} up to {MAX_SECONDS:.0f} (a week), not {value}.")


DEFAULT_URL = "https://api.stackpoint.io"
"""Where the hosted service was, as its documentation says."""


def check_token(token: str | None) -> str:
    if token is None:
        raise NKSError("missing required arguments: api_token. Set it, or the environment variable NKS_API_TOKEN.")
    token = token.strip()
    if not token:
        raise NKSError("api_token is empty: set it, or the environment variable NKS_API_TOKEN, to a token.")
    if not all("!" <= character <= "~" for character in token):
        raise NKSError("api_token holds a character that no token has: only printable ASCII without spaces is allowed.")
    return token


def check_url(url: str, validate_certs: bool, redacted: t.Callable[[str], str]) -> str:
    shown = quoted(redacted(url))
    url = url.strip()
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise NKSError("api_url is not a URL: it must look like https://host[:port][/path].") from None
    if parts.username is not None or parts.password is not None:
        raise NKSError("api_url holds a user name or password: the NKS API takes a token only, in api_token.")
    if parts.scheme not in ("http", "https") or not host or not _is_one_word(url) or set("?#") & set(url):
        raise NKSError(f"api_url must look like https://host[:port][/path], not {shown}.")
    if parts.scheme == "http" and validate_certs and not is_loopback(host):
        raise NKSError(
            f"api_url {shown}: http:// would send the token in the clear, and is refused unless the host is a "
            "loopback address or validate_certs is false. Use https://."
        )
    return url.rstrip("/")


def check_ca(ca_path: str | None, reads_environment: bool) -> None:
    """Check the CA certificates that are used in place of the default ones.

    :raises NKSError: they cannot be read. The message names the option or environment variable.
    """
    variables = {name: os.environ.get(name) for name in CA_VARIABLES if reads_environment}
    places = {"ca_path": ca_path, **variables}
    name, path = next(((name, path) for name, path in places.items() if path), ("", ""))
    if not path:
        return
    if not os.path.exists(path):
        raise NKSError(f"{name}: there is no file or directory {quoted(path, 300)}.")
    try:
        ssl.create_default_context(**{"capath" if os.path.isdir(path) else "cafile": path})  # type: ignore[arg-type]
    except OSError as exc:
        raise NKSError(f"{name}: no certificate can be read from {quoted(path, 300)}: {error_text(exc)}.") from None


def _is_one_word(text: str) -> bool:
    return text.isprintable() and " " not in text


def is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
