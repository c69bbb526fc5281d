#!/usr/bin/python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Query the solutions in a cluster of NKS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nks_solution_info
short_description: Query solutions in a cluster of the NetApp Kubernetes Service
version_added: 1.0.0
description:
  - Returns the solutions of a cluster. The module never returns user names, passwords or settings of a solution.
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - netapp.nks.attributes
  - netapp.nks.attributes.info_module
  - netapp.nks.connection
options:
  org:
    description:
      - ID, slug or name of the organization.
      - If not set, the environment variable E(NKS_ORG_ID) is used. If that is not set either, the token must see
        exactly one organization.
    type: str
  cluster:
    description: ID or name of the cluster.
    type: str
    required: true
  id:
    description: Select the solution with this ID, which the API calls C(pk).
    type: int
  solution:
    description: Select the solutions with this identifier, for example V(haproxy), or V(jenkins-repo-1) for a chart.
    type: str
seealso:
  - module: netapp.nks.nks_cluster_info
  - module: netapp.nks.nks_solution
"""

EXAMPLES = r"""
- name: Get the solutions of a cluster
  netapp.nks.nks_solution_info:
    org: my-organization
    cluster: prod
  register: found

- name: Show the solutions that are not installed
  ansible.builtin.debug:
    msg: "{{ found.solutions | rejectattr('state', 'eq', 'installed') | map(attribute='solution') }}"
"""

RETURN = r"""
solutions:
  description:
    - The selected solutions as the API returns them, without secrets. Empty if none matches.
    - Any field may be missing, and servers may add fields.
  returned: success
  type: list
  elements: dict
  contains:
    pk:
      description: ID of the solution.
      type: int
    name:
      description: Display name of the solution.
      type: str
    solution:
      description: Identifier of the solution, for example V(haproxy).
      type: str
    state:
      description: State of the solution, for example V(draft), V(installed) or V(deleting).
      type: str
    version:
      description: Version of the solution or chart.
      type: str
    keyset:
      description: ID of the keyset that the solution uses, or null.
      type: int
    max_nodes:
      description: Maximum number of nodes of the cluster, for V(autoscaler).
      type: int
    is_deleteable:
      description: Whether the solution can be deleted.
      type: bool
  sample:
    - pk: 12011
      name: Helm Tiller
      solution: helm_tiller
      state: installed
      version: latest
      keyset: null
      max_nodes: null
      is_deleteable: false
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._lifecycle import find_own_cluster, find_own_org
from ansible_collections.netapp.nks.plugins.module_utils._module import run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, OWN_ORG


def query(module: AnsibleModule, client: NKSClient) -> JSON:
    cluster = find_own_cluster(client, find_own_org(client, module.params["org"]), module.params["cluster"])
    pk, name = module.params["id"], module.params["solution"]
    return {"solutions": [solution.raw for solution in client.solutions(cluster) if solution.matches(pk, name)]}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CONNECTION,
            **OWN_ORG,
            "cluster": {"type": "str", "required": True},
            "id": {"type": "int"},
            "solution": {"type": "str"},
        },
        mutually_exclusive=[("id", "solution")],
        supports_check_mode=True,
    )
    run_module(module, query)


if __name__ == "__main__":
    main()
