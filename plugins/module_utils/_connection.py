# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the connection options. Use only the standard library.

Private to this collection: it may change without notice. It does not depend on Ansible.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
import typing as t
from urllib.parse import urlsplit

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, error_text, quoted

MAX_SECONDS = 7 * 24 * 3600.0
"""Maximum number of seconds that an option can be: a week."""

CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Environment variables from which requests reads the path of CA certificates, in this order."""


def check_seconds(option: str, value: float | None, can_be_zero: bool = False) -> None:
    """Check that an option is a number of seconds up to ``MAX_SECONDS``.

    :raises NKSError: it is not.
    """
    if value is None or not (0 < value <= MAX_SECONDS or (can_be_zero and value == 0)):
        minimum = "from 0" if can_be_zero else "above 0 and"
        raise NKSError(f"{option} must be a number of seconds {minimum} up to {MAX_SECONDS:.0f} (a week), not {value}.")


DEFAULT_URL = "https://api.stackpoint.io"
"""URL of the hosted service, as in its documentation."""


def check_token(token: str | None) -> str:
    """Check the API token, and return it without surrounding white space."""
    if token is None:
        raise NKSError("missing required arguments: api_token. Set it, or the environment variable NKS_API_TOKEN.")
    token = token.strip()
    if not token:
        raise NKSError("api_token is empty: set it, or the environment variable NKS_API_TOKEN, to a token.")
    if not all("!" <= character <= "~" for character in token):
        raise NKSError("api_token contains an invalid character: a token is printable ASCII without spaces.")
    return token


def check_url(url: str, validate_certs: bool, redact: t.Callable[[str], str]) -> str:
    """Check the base URL, and return it without surrounding white space and trailing slashes.

    :param redact: removes the token from a text, so that messages can show it.
    """
    shown = quoted(redact(url))
    url = url.strip()
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port  # an invalid port raises ValueError
    except ValueError:
        raise NKSError("api_url is not a URL: it must look like https://host[:port][/path].") from None
    if parts.username is not None or parts.password is not None:
        raise NKSError("api_url contains a user name or password: the NKS API accepts only a token, in api_token.")
    if parts.scheme not in ("http", "https") or not host or not url.isprintable() or set(" ?#") & set(url):
        raise NKSError(f"api_url must look like https://host[:port][/path], not {shown}.")
    if parts.scheme == "http" and validate_certs and not is_loopback(host):
        raise NKSError(
            f"api_url {shown}: http:// would send the token in the clear. Use https://. http:// is allowed only if "
            "the host is a loopback address or validate_certs is false."
        )
    return url.rstrip("/")


def check_ca(ca_path: str | None, reads_environment: bool) -> None:
    """Check the CA certificates that replace the default ones, if any.

    :param reads_environment: whether ``CA_VARIABLES`` are used if ``ca_path`` is not set.
    :raises NKSError: they cannot be read. The message names the option or environment variable.
    """
    variables = {name: os.environ.get(name) for name in CA_VARIABLES if reads_environment}
    sources = {"ca_path": ca_path, **variables}
    name, path = next(((name, path) for name, path in sources.items() if path), ("", ""))
    if not path:
        return
    if not os.path.exists(path):
        raise NKSError(f"{name}: there is no file or directory {quoted(path, 300)}.")
    try:
        ssl.create_default_context(**{"capath" if os.path.isdir(path) else "cafile": path})  # type: ignore[arg-type]
    except OSError as exc:
        raise NKSError(f"{name}: cannot read a certificate from {quoted(path, 300)}: {error_text(exc)}.") from None


def is_loopback(host: str | None) -> bool:
    """Return whether a host is ``localhost`` or a loopback address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
