#!/usr/bin/python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete nodes of a cluster of NKS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nks_node
short_description: Delete nodes of a cluster of the NetApp Kubernetes Service
version_added: 1.0.0
description:
  - Deletes nodes, for example failed ones, and waits until they are deleted. To change the number of nodes, use
    M(netapp.nks.nks_node_pool) or M(netapp.nks.nks_master_node).
  - Before the module deletes the first node, it asks the API whether each node can be deleted. The first master
    of a cluster cannot be deleted.
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - netapp.nks.attributes
  - netapp.nks.attributes.update_module
  - netapp.nks.connection
  - netapp.nks.lifecycle
options:
  cluster:
    description: ID or name of the cluster.
    type: str
    required: true
  nodes:
    description: Nodes to delete, each given by its ID or C(instance_id). A node that does not exist counts as deleted.
    type: list
    elements: str
    required: true
  state:
    description: V(absent) - delete the nodes if they exist.
    type: str
    choices: [absent]
    required: true
  wait_timeout:
    description: Maximum time for the whole task, in seconds.
    type: float
    default: 1800
seealso:
  - module: netapp.nks.nks_master_node
  - module: netapp.nks.nks_node_pool
"""

EXAMPLES = r"""
- name: Get a cluster with its nodes
  netapp.nks.nks_cluster_info:
    orgs: [my-organization]
    name: staging
    include_nodes: true
  register: found

- name: Delete the nodes that have failed
  netapp.nks.nks_node:
    org: my-organization
    cluster: staging
    nodes: "{{ found.clusters[0].nodes | selectattr('is_failed') | map(attribute='pk') }}"
    state: absent
    wait_sleep: 0.5
"""

RETURN = r"""
nodes:
  description: The nodes in O(nodes) that still exist, as the API returns them.
  returned: success, and on failures after a request was sent or during a wait
  type: list
  elements: dict
  sample: []
actions:
  description: Requests that were sent, or would be sent in check mode, one sentence each.
  returned: success, and on failures after a request was sent or during a wait
  type: list
  elements: str
  sample:
    - Delete the node spcstage01-worker-2 (ID 1202003).
is_requested:
  description: Whether all required changes have been requested, so that only waiting remains.
  returned: success, and on failures after a request was sent or during a wait
  type: bool
is_final:
  description: Whether the failure is final, so that waiting longer does not help.
  returned: when the nodes did not reach the requested state
  type: bool
unmet:
  description: Differences from the requested state, one sentence each.
  returned: when the nodes did not reach the requested state
  type: list
  elements: str
  sample: []
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._lifecycle import (
    Operations,
    check_deletable,
    find_own_cluster,
    find_own_org,
    reconcile,
)
from ansible_collections.netapp.nks.plugins.module_utils._module import run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, OWN_ORG, wait_options
from ansible_collections.netapp.nks.plugins.module_utils._plan_nodes import identifiers_of, plan_nodes_absent
from ansible_collections.netapp.nks.plugins.module_utils._types import Node, deduplicate


def run(module: AnsibleModule, client: NKSClient) -> JSON:
    names = module.params["nodes"]
    org = find_own_org(client, module.params["org"])
    cluster = find_own_cluster(client, org, module.params["cluster"])

    def named(nodes: t.Sequence[Node]) -> list[Node]:
        return [node for node in nodes if node.state != "deleted" and identifiers_of(node) & set(names)]

    def unmet(_client: NKSClient, nodes: list[Node]) -> tuple[list[str], bool]:
        return [f"The node {node} is {one_line(str(node.state))}." for node in named(nodes)], False

    operations = Operations(
        "The nodes still exist",
        lambda limited: deduplicate(limited.nodes(cluster)),
        lambda nodes: plan_nodes_absent(names, nodes),
        lambda client, _nodes, request: client.delete_node(cluster, request.target),
        unmet,
        lambda nodes: {"nodes": [node.raw for node in named(nodes)]},
        lambda client, requests: check_deletable(client, cluster, requests),
    )
    return reconcile(client, operations, module.params, module.check_mode)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CONNECTION,
            **OWN_ORG,
            **wait_options(wait_timeout=1800),
            "cluster": {"type": "str", "required": True},
            "nodes": {"type": "list", "elements": "str", "required": True},
            "state": {"type": "str", "choices": ["absent"], "required": True},
        },
        supports_check_mode=True,
    )
    run_module(module, run)


if __name__ == "__main__":
    main()
