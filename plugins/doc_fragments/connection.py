# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options of every plugin."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  api_token:
    description:
      - API token of an account that has the role C(Owner) in the organizations to read or update.
      - White space around the token is removed.
      - Required. If it is not set, the environment variable E(NKS_API_TOKEN) is used.
    type: str
  api_url:
    description:
      - Base URL of the NKS API, with or without a trailing slash.
      - C(http://) is refused, unless the host is a loopback address or O(validate_certs=false).
      - Redirects are never followed.
      - If it is not set, the environment variable E(NKS_API_URL) is used.
      - If neither is set, V(https://api.stackpoint.io) is used, the URL of the hosted service, which was withdrawn in
        2021. Every failure then says that O(api_url) is not set. If the host name still has an address, there is a
        warning before the token is sent, because the name can belong to someone else by now.
    type: str
  api_timeout:
    description:
      - How many seconds one request can take as a whole, from connecting to the last byte of the answer. At most a
        week, 604800.
      - If the host name has several addresses, they share this time, and the first that answers is used.
      - If it is not set, the environment variable E(NKS_API_TIMEOUT) is used.
    type: float
    default: 30
  api_retries:
    description:
      - How many times to repeat a request that only reads, after a connection error, a body that is cut short, or
        status 429, 500, 502, 503 or 504.
      - The pauses between the attempts grow exponentially, with jitter. If the answer has the header C(Retry-After), it
        sets the pause. No pause is longer than 60 seconds.
      - If it is not set, the environment variable E(NKS_API_RETRIES) is used.
    type: int
    default: 4
  validate_certs:
    description:
      - Whether to check the TLS certificate of the endpoint.
      - If it is not set, the environment variable E(NKS_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - Path of a file or directory with the CA certificates to trust, in place of the default ones.
      - If it is not set, the environment variables E(REQUESTS_CA_BUNDLE) and E(CURL_CA_BUNDLE) can name them, too.
      - If it is not set, the environment variable E(NKS_CA_PATH) is used.
    type: path
requirements:
  - Python >= 3.8 on the host that runs it
  - requests >= 2.28
  - urllib3 >= 1.26
notes:
  - urllib3 comes with requests.
  - If the environment variable of a connection option is empty, it counts as not set.
  - Proxies are set by the environment variables E(HTTPS_PROXY), E(ALL_PROXY) and E(NO_PROXY). Special characters in the
    user name and the password of a proxy must be percent-encoded. A SOCKS proxy needs the Python library PySocks.
  - If E(HTTP_PROXY) or E(ALL_PROXY) sets a proxy for an O(api_url) with C(http://), the request is refused, because the
    proxy would see the token.
  - E(NO_PROXY) can hold host names, domains (C(.example.com), C(*.example.com)), IP addresses and networks.
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
