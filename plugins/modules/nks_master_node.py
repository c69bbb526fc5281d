#!/usr/bin/python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change the number of masters of a cluster of NKS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nks_master_node
short_description: Change the number of masters of a cluster of the NetApp Kubernetes Service
version_added: 1.0.0
description:
  - Adds masters to a cluster, or deletes the newest ones, one at a time. The module waits for each master, so that etcd
    keeps its quorum.
  - The first master of a cluster is never deleted.
  - With O(wait=false), the module adds or deletes only one master. Run the task again to continue.
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
  count:
    description: Number of masters, not counting those that are being deleted. With O(zone), the number of masters in
      that zone.
    type: int
    required: true
  size:
    description: Instance size of new masters, a name that the provider defines. The default is the C(master_size) of
      the cluster.
    type: str
  root_disk_size:
    description: Root disk size of new masters, in GiB.
    type: int
  zone:
    description: Zone, for clusters on AWS. Only the masters in this zone are counted.
    type: str
  provider_subnet_id:
    description: ID of the subnet of new masters, for clusters on AWS and Azure. V(__new__) creates one.
    type: str
  provider_subnet_cidr:
    description: IP range of the subnet, for example V(10.0.1.0/24).
    type: str
  wait_timeout:
    description: Maximum time for the whole task, in seconds.
    type: float
    default: 1800
seealso:
  - module: netapp.nks.nks_cluster
  - module: netapp.nks.nks_node
"""

EXAMPLES = r"""
- name: Scale to three masters
  netapp.nks.nks_master_node:
    org: my-organization
    cluster: staging
    count: 3
    wait_sleep: 0.5

- name: Scale back to one master
  netapp.nks.nks_master_node:
    org: my-organization
    cluster: staging
    count: 1
    wait_sleep: 0.5
"""

RETURN = r"""
nodes:
  description: The masters of the cluster that are not being deleted, as the API returns them.
  returned: success, and on failures after a request was sent or during a wait
  type: list
  elements: dict
  sample:
    - pk: 1202001
      instance_id: spcstage01-master-1
      role: master
      state: running
actions:
  description: Requests that were sent, or would be sent in check mode, one sentence each.
  returned: success, and on failures after a request was sent or during a wait
  type: list
  elements: str
  sample:
    - Add master 2 of 3.
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
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._lifecycle import (
    Operations,
    check_deletable,
    check_size,
    find_own_cluster,
    find_own_org,
    reconcile,
)
from ansible_collections.netapp.nks.plugins.module_utils._module import run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, OWN_ORG, wait_options
from ansible_collections.netapp.nks.plugins.module_utils._plan import Request
from ansible_collections.netapp.nks.plugins.module_utils._plan_nodes import alive, plan_masters
from ansible_collections.netapp.nks.plugins.module_utils._types import Node, deduplicate


def run(module: AnsibleModule, client: NKSClient) -> JSON:
    wanted = dict(module.params)
    if wanted["count"] < 1:
        raise NKSError(f"count must be 1 or more, not {wanted['count']}.")
    wanted["zone"] = wanted["zone"] or None  # the new masters would not be in an empty zone, and not be counted
    org = find_own_org(client, wanted["org"])
    found = find_own_cluster(client, org, wanted["cluster"])
    cluster = client.cluster(org, found.pk)
    wanted["size"] = wanted["size"] or cluster.raw.get("master_size")

    def check(client: NKSClient, requests: list[Request]) -> None:
        check_deletable(client, cluster, requests)
        if requests[0].action == "add":
            check_size(client, str(cluster.raw.get("provider")), "size", wanted["size"] and str(wanted["size"]))

    def send(client: NKSClient, _snapshot: list[Node], request: Request) -> None:
        if request.action == "add":
            client.add_master(cluster, request.body)
        else:
            client.delete_node(cluster, request.target)

    operations = Operations(
        "The masters are not in the requested state",
        lambda limited: [node for node in deduplicate(limited.nodes(cluster)) if node.raw.get("role") == "master"],
        lambda masters: plan_masters(wanted, masters),
        send,
        lambda _client, masters: unmet(wanted, masters),
        lambda masters: {"nodes": [node.raw for node in alive(masters)]},
        check,
    )
    return reconcile(client, operations, module.params, module.check_mode)


def unmet(wanted: JSON, masters: t.Sequence[Node]) -> tuple[list[str], bool]:
    """Return the differences from the requested state, and whether they are final."""
    there = [node for node in masters if node.state != "deleted"]
    failed = [f"The node {node} has failed." for node in there if node.has_failed]
    if failed:
        return failed, True
    reasons = [f"The node {node} is {one_line(str(node.state))}." for node in there if node.state != "running"]
    present = [node for node in alive(there) if wanted["zone"] in (None, node.raw.get("zone"))]
    if len(present) != wanted["count"]:
        reasons.append(f"There are {len(present)} masters, not {wanted['count']}.")
    return reasons, False


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CONNECTION,
            **OWN_ORG,
            **wait_options(wait_timeout=1800),
            "cluster": {"type": "str", "required": True},
            "count": {"type": "int", "required": True},
            "size": {"type": "str"},
            "root_disk_size": {"type": "int"},
            "zone": {"type": "str"},
            "provider_subnet_id": {"type": "str"},
            "provider_subnet_cidr": {"type": "str"},
        },
        supports_check_mode=True,
    )
    run_module(module, run)


if __name__ == "__main__":
    main()
