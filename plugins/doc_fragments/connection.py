# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the connection options that all plugins share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  api_token:
    description:
      - API token of an account that has the role C(Owner) in the organizations to read or update.
      - White space around the token is removed.
      - If not set, the environment variable E(NKS_API_TOKEN) is used. One of the two is required.
    type: str
  api_url:
    description:
      - Base URL of the NKS API, with or without a trailing slash.
      - An C(http://) URL is refused, unless the host is a loopback address or O(validate_certs=false).
      - Redirects are never followed.
      - If not set, the environment variable E(NKS_API_URL) is used.
      - If neither is set, the default is V(https://api.stackpoint.io), the URL of the hosted service, which was
        withdrawn in 2021. Every error message then mentions that O(api_url) is not set. If the host name still resolves
        to an address, a warning is shown before the token is sent, because the name may now belong to someone else.
    type: str
  api_timeout:
    description:
      - Maximum duration of one request in seconds, from connecting to the last byte of the response. The maximum is
        604800 seconds, which is one week.
      - If the host name has several addresses, they share this time, and the first that answers is used.
      - If not set, the environment variable E(NKS_API_TIMEOUT) is used.
    type: float
    default: 30
  api_retries:
    description:
      - How many times to retry a request that only reads, after a connection error, a truncated response, or the status
        429, 500, 502, 503 or 504.
      - The pauses between attempts grow exponentially, with jitter. If the response has the header C(Retry-After), that
        header sets the pause. No pause is longer than 60 seconds.
      - If not set, the environment variable E(NKS_API_RETRIES) is used.
    type: int
    default: 4
  validate_certs:
    description:
      - Whether to validate the TLS certificate of the API server.
      - If not set, the environment variable E(NKS_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - Path of a file or directory with the CA certificates to trust instead of the default ones.
      - If not set, the environment variable E(NKS_CA_PATH) is used, then E(REQUESTS_CA_BUNDLE), then
        E(CURL_CA_BUNDLE).
    type: path
requirements:
  - Python >= 3.8 on the host that runs it
  - requests >= 2.28
  - urllib3 >= 1.26
notes:
  - urllib3 is installed together with requests.
  - An empty environment variable of a connection option counts as not set.
  - The environment variables E(HTTPS_PROXY), E(ALL_PROXY) and E(NO_PROXY) configure proxies. Percent-encode special
    characters in the user name and password of a proxy. A SOCKS proxy needs the Python library PySocks.
  - If E(HTTP_PROXY) or E(ALL_PROXY) sets a proxy for an C(http://) URL in O(api_url), requests are refused, because the
    proxy would see the token.
  - E(NO_PROXY) can contain host names, domains (C(.example.com), C(*.example.com)), IP addresses and networks.
  - Client certificates are not supported.
  - A C(~/.netrc) file never replaces the token.
"""

    PLUGINS = r"""
options:
  api_token:
    env:
      - name: NKS_API_TOKEN
  api_url:
    env:
      - name: NKS_API_URL
  api_timeout:
    env:
      - name: NKS_API_TIMEOUT
  api_retries:
    env:
      - name: NKS_API_RETRIES
  validate_certs:
    env:
      - name: NKS_VALIDATE_CERTS
  ca_path:
    env:
      - name: NKS_CA_PATH
"""
