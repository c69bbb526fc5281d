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
      - API token of an account that is C(Owner) of the organizations that are used.
      - White space around it is dropped.
      - Required. If it is not given, the environment variable E(NKS_API_TOKEN) is used.
    type: str
  api_url:
    description:
      - Base URL of the NKS API, with or without a trailing slash.
      - C(http://) is refused unless the host is a loopback address or O(validate_certs=false).
      - Redirects are never followed.
      - If it is not given, the environment variable E(NKS_API_URL) is used.
      - If that is not set either, it is V(https://api.stackpoint.io), where the hosted service was before it was
        withdrawn in 2021. Every failure then says so, and there is a warning before the token is sent, because the name
        may belong to someone else today.
    type: str
  api_timeout:
    description:
      - Seconds that one request may take as a whole, from connecting to the end of the body.
      - If it is not given, the environment variable E(NKS_API_TIMEOUT) is used.
    type: float
    default: 30
  api_retries:
    description:
      - How often a request that only reads is repeated after a connection error or one of the statuses 429, 500, 502,
        503 and 504.
      - The pauses between grow exponentially, with jitter. The C(Retry-After) of an answer is honoured. No pause is
        longer than 60 seconds.
      - If it is not given, the environment variable E(NKS_API_RETRIES) is used.
    type: int
    default: 4
  validate_certs:
    description:
      - Whether the TLS certificate of the endpoint must be valid.
      - If it is not given, the environment variable E(NKS_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - Path of a file or folder with the CA certificates to trust instead of the usual ones.
      - If it is not given, the environment variable E(NKS_CA_PATH) is used.
    type: path
requirements:
  - requests >= 2.28
  - urllib3 >= 1.26
notes:
  - urllib3 comes with requests.
  - An empty environment variable for a connection option, such as E(NKS_CA_PATH), counts as not set.
  - Proxies are taken from the environment variables E(HTTPS_PROXY) and E(NO_PROXY). A C(~/.netrc) never replaces the
    token.
"""

    MODULES = r"""
options:
  connection_options:
    description:
      - Connection options as a dictionary. An option that is given here wins over the one of the same name outside of
        it, wherever that comes from.
      - It is for roles and other reusable content, whose own variables may or may not be set. In it an option can be
        omitted and C(module_defaults) still apply. Outside of it, an option that a task omits hides the one in
        C(module_defaults).
    type: dict
    version_added: 1.1.0
    suboptions:
      api_token:
        description: See O(api_token).
        type: str
      api_url:
        description: See O(api_url).
        type: str
      api_timeout:
        description: See O(api_timeout).
        type: float
      api_retries:
        description: See O(api_retries).
        type: int
      validate_certs:
        description: See O(validate_certs).
        type: bool
      ca_path:
        description: See O(ca_path).
        type: path
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
