# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that select organizations and clusters, and what is fetched of them."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  workspaces:
    description: Keep the clusters that are in any of these workspaces, given by ID, slug or name.
    type: list
    elements: str
  states:
    description: Keep the clusters whose C(state) is any of these, for example V(running).
    type: list
    elements: str
  providers:
    description: Keep the clusters whose C(provider) is any of these, for example V(aws).
    type: list
    elements: str
  regions:
    description: Keep the clusters whose C(region) is any of these, for example V(us-west-2).
    type: list
    elements: str
  include_service_clusters:
    description: Also list the clusters that NKS runs for its own use.
    type: bool
    default: false
  include_details:
    description: Fetch the detail form of each cluster, which has more fields, with one request a cluster.
    type: bool
    default: false
  include_nodes:
    description: Add C(nodes) to each cluster, the list of its nodes, with one request a cluster.
    type: bool
    default: false
  include_node_pools:
    description: Add C(node_pools) to each cluster, the list of its node pools, with one request a cluster.
    type: bool
    default: false
  include_logs:
    description: Add C(logs) to each cluster, the list of its build logs, newest first, with one request a cluster.
    type: bool
    default: false
    version_added: 1.1.0
notes:
  - Secrets in the C(solutions) of a cluster are never returned, cached or made a variable. These are, at any depth, the
    fields whose names end in C(username), C(password), C(passwd), C(passphrase), C(pass), C(pwd), C(secret), C(token),
    C(key) or C(credential), or the plural of one, in any style, for example C(adminPassword), C(api-key) or
    C(DB_TOKENS), and the C(value) of an object with such a C(name).
  - Also left out are C(values_yaml) and C(required_values), and any text that gives such a name a value, or holds a
    private key or a URL with a user name.
"""

    ORGS = r"""
options:
  orgs:
    description:
      - Organizations to read, each by its ID, slug or name, tried in this order.
      - An organization that does not exist, or a name that fits more than one, is an error.
      - If it is not given, the environment variable E(NKS_ORG_ID) is used, a list separated by commas. Empty,
        it is an error.
      - If that is not set either, every organization that the token sees is read. Those that answer 403, because the
        account is not their C(Owner), are left out with a warning. If all of them do, it is an error.
    type: list
    elements: str
    aliases: [org]
"""

    PLUGINS = r"""
options:
  orgs:
    env:
      - name: NKS_ORG_ID
"""
