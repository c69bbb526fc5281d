# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which proxy is used, and what of it may be shown. The standard library only.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import base64
import ipaddress
import os
import re
import typing as t
from urllib.parse import quote, unquote_to_bytes, urlsplit

_URL = re.compile(
    r"(?:(?P<scheme>https?|socks4a?|socks5h?)://)?"
    r"(?:(?P<user>[^/?#]*)@)?"
    r"(?P<host>[^/?#@:\[\]\\%\s]+|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?/?",
    re.IGNORECASE,
)


class Proxy(t.NamedTuple):
    variable: str
    """The environment variable that sets it, or words for where else it is set."""

    address: str
    """Scheme, host and port: what may be shown."""

    url: str
    """As requests takes it. User and password are in that of a SOCKS proxy only."""

    headers: dict[str, str]
    """User and password for another proxy."""


class UnusableProxyError(Exception):
    """``str()`` is why, and holds nothing of the proxy's URL, because a part of a password may look like a host."""

    def __init__(self, variable: str, reason: str) -> None:
        super().__init__(f"{variable} {reason}")
        self.variable = variable


NOT_A_URL = (
    "is not the URL of a proxy, http://[user:password@]host[:port]: the scheme can be http, https, socks5 or socks5h, "
    "and special characters in the user name and the password must be percent-encoded"
)


def find_proxy(url: str, proxies: t.Mapping[str, str]) -> Proxy | None:
    """The proxy for a URL.

    :param proxies: by scheme, as :func:`requests.utils.get_environ_proxies` makes it of the environment.
    :raises UnusableProxyError: it is not a URL of a proxy, or the proxy would see the whole request.
    """
    scheme = next((scheme for scheme in (urlsplit(url).scheme, "all") if scheme in proxies), "")
    value = proxies[scheme] if scheme else ""
    if not value or _is_bypassed(urlsplit(url).hostname or ""):
        return None
    variable = _variable(f"{scheme}_proxy", value)
    match = _URL.fullmatch(value.strip())
    if not match or int(match["port"] or 0) > 65535 or not value.strip().isprintable():
        raise UnusableProxyError(variable, NOT_A_URL)
    if urlsplit(url).scheme == "http":
        raise UnusableProxyError(variable, "sets a proxy, which would see the token of a request to http://")
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
    """Whether ``NO_PROXY`` names the host in a way that requests does not know: ``*.domain``, IPv6 and its networks."""
    return any(
        host.endswith(entry[1:].lower()) if entry.startswith("*.") else _is_within(host, entry.strip("[]"))
        for entry in re.split(r"[,\s]+", os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "")
    )


def _is_within(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _variable(name: str, value: str) -> str:
    """The environment variable of this name with this value, in whatever case. That in small letters goes first."""
    found = [variable for variable in os.environ if variable.lower() == name and os.environ[variable] == value]
    return max(found, default="the proxy setting of this system")
