# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the proxy for a URL, and separate its address from its password. Use only the standard library.

Private to this collection: it may change without notice. It does not depend on Ansible.
"""

from __future__ import annotations

import base64
import ipaddress
import os
import re
import typing as t
from urllib.parse import quote, unquote_to_bytes, urlsplit

PROXY_URL = re.compile(
    r"(?:(?P<scheme>https?|socks4a?|socks5h?)://)?"
    r"(?:(?P<user>[^/?#]*)@)?"
    r"(?P<host>[^/?#@:\[\]\\%\s]+|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?/?",
    re.IGNORECASE,
)


class Proxy(t.NamedTuple):
    variable: str
    """The environment variable that sets the proxy, or a description of where else it is set."""

    address: str
    """Scheme, host and port, which messages can show."""

    url: str
    """URL for requests. Only the URL of a SOCKS proxy contains the user name and the password."""

    headers: dict[str, str]
    """User name and password for a proxy other than SOCKS, as headers."""


class UnusableProxyError(Exception):
    """``str()`` is the reason. It shows no part of the URL, because a part of a password can look like a host."""

    def __init__(self, variable: str, reason: str) -> None:
        super().__init__(f"{variable} {reason}")
        self.variable = variable


NOT_A_URL = (
    "is not a proxy URL like http://[user:password@]host[:port]: the scheme can be http, https, socks5 or socks5h, and "
    "special characters in the user name and the password must be percent-encoded"
)


def find_proxy(url: str, proxies: t.Mapping[str, str]) -> Proxy | None:
    """Return the proxy for a URL, or None for a direct connection.

    :param proxies: URLs of proxies by scheme, as :func:`requests.utils.get_environ_proxies` returns them.
    :raises UnusableProxyError: the setting is not the URL of a proxy, or the proxy could read the whole request.
    """
    scheme = next((scheme for scheme in (urlsplit(url).scheme, "all") if scheme in proxies), "")
    value = proxies[scheme] if scheme else ""
    if not value or _is_bypassed(urlsplit(url).hostname or ""):
        return None
    variable = _find_variable(f"{scheme}_proxy", value)
    match = PROXY_URL.fullmatch(value.strip())
    if not match or int(match["port"] or 0) > 65535 or not value.strip().isprintable():
        raise UnusableProxyError(variable, NOT_A_URL)
    if urlsplit(url).scheme == "http":
        raise UnusableProxyError(variable, "sets a proxy, which could read the token in a request to http://")
    scheme = (match["scheme"] or "http").lower()
    host_and_port = f"{match['host']}:{match['port']}" if match["port"] else match["host"]
    address = f"{scheme}://{host_and_port}"
    if not match["user"]:
        return Proxy(variable, address, address, {})
    user, _colon, password = map(unquote_to_bytes, match["user"].partition(":"))
    if scheme.startswith("socks"):
        return Proxy(variable, address, f"{scheme}://{quote(user, '')}:{quote(password, '')}@{host_and_port}", {})
    credentials = base64.b64encode(user + b":" + password).decode()
    return Proxy(variable, address, address, {"Proxy-Authorization": f"Basic {credentials}"})


def _is_bypassed(host: str) -> bool:
    """Return whether ``NO_PROXY`` matches the host in a form that requests does not support.

    These forms are ``*.domain``, IPv6 addresses and IPv6 networks.
    """
    return any(
        host.endswith(entry[1:].lower()) if entry.startswith("*.") else _is_within(host, entry.strip("[]"))
        for entry in re.split(r"[,\s]+", os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "")
    )


def _is_within(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _find_variable(name: str, value: str) -> str:
    """Return the environment variable with this value and this name, in upper or lower case. Prefer lower case."""
    found = [variable for variable in os.environ if variable.lower() == name and os.environ[variable] == value]
    return max(found, default="the proxy setting of this system")
