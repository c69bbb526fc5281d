# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the options that select organizations, clusters and the data of each cluster."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  include_details:
    description: Whether to read the details of each cluster, which have more fields than the list of clusters. Takes
      one request for each cluster.
    type: bool
    default: false
  include_nodes:
    description: Whether to add the field C(nodes) to each cluster, the list of its nodes. Takes one request for each
      cluster.
    type: bool
    default: false
  include_node_pools:
    description: Whether to add the field C(node_pools) to each cluster, the list of its node pools. Takes one request
      for each cluster.
    type: bool
    default: false
  include_logs:
    description: Whether to add the field C(logs) to each cluster, the list of its build logs, newest first. Takes one
      request for each cluster.
    type: bool
    default: false
notes:
  - The API can list a deleted cluster for some time. A cluster is left out if the API answers that it does not exist
    when its details, nodes, node pools or logs are requested.
  - Secrets in the C(solutions) of a cluster are removed before the cluster is returned, cached or stored in variables.
    A solution keeps only the fields that the API documents, without C(username) and C(password). C(config) and other
    objects in a solution keep only C(chart_name), C(chart_path), C(name), C(namespace), C(release_name),
    C(repository), C(tag) and C(version).
  - A text in a solution is also removed if it sets a password, token or key, or contains a private key or a URL with a
    user name. In the build logs of a cluster, asterisks replace such secrets.
"""

    CLUSTERS = r"""
options:
  workspaces:
    description: Select the clusters in any of these workspaces, given by ID, slug or name. One value can match
      several workspaces.
    type: list
    elements: str
  states:
    description:
      - Select the clusters whose C(state) is any of these, for example V(running).
      - A cluster that has failed can have any state, because most servers do not change the state after a failure, and
        only set C(is_failed) to true.
    type: list
    elements: str
  providers:
    description: Select the clusters whose C(provider) is any of these, for example V(aws).
    type: list
    elements: str
  regions:
    description: Select the clusters whose C(region) is any of these, for example V(us-west-2).
    type: list
    elements: str
  include_service_clusters:
    description: Whether to include the clusters that NKS runs for its own use.
    type: bool
    default: false
"""

    ORGS = r"""
options:
  orgs:
    description:
      - Organizations to read, given by ID, slug or name.
      - A value that is the ID of an organization selects only that organization, even if another one has the same text
        as its slug or name.
      - It is an error if an organization does not exist, or if a slug or name matches more than one organization.
      - If not set, the environment variable E(NKS_ORG_ID) is used, a comma-separated list. It is an error if this
        variable is set but empty.
      - If neither is set, every organization that the token sees is read. An organization for which the API returns
        403, because the account does not have the role C(Owner) there, is skipped with a warning. It is an error if the
        API returns 403 for all of them.
    type: list
    elements: str
"""

    PLUGINS = r"""
options:
  orgs:
    env:
      - name: NKS_ORG_ID
"""
