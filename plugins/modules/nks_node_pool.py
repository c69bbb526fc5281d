#!/usr/bin/python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, scale and delete node pools of NKS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nks_node_pool
short_description: Create, scale and delete node pools of clusters of the NetApp Kubernetes Service
version_added: 1.0.0
description:
  - Creates a node pool in a cluster, adds or deletes nodes of the pool, configures its autoscaling, or deletes the
    pool. Waits until the pool is active and its nodes run, or until the pool is deleted.
  - A node pool is identified by O(name) within its cluster, or by O(id). Other pools of the cluster are never changed.
  - O(node_count), O(autoscaled), O(min_count) and O(max_count) can be changed.
  - Options marked I(fixed) cannot be changed. The module compares them with the existing pool and fails if one differs,
    because the API cannot change them.
  - The default pool of a cluster is deleted only if it has no nodes, because the API can refuse to delete this pool.
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - netapp.nks.attributes
  - netapp.nks.attributes.update_module
  - netapp.nks.connection
  - netapp.nks.lifecycle
  - netapp.nks.lifecycle.state
options:
  cluster:
    description: ID or name of the cluster.
    type: str
    required: true
  name:
    description: Name of the node pool. The first pool of a cluster is called V(Default Worker Pool). The name cannot be
      changed.
    type: str
  id:
    description: ID of the node pool, which the API calls C(pk).
    type: int
  instance_size:
    description: Instance size of the nodes, a name that the provider defines. Required for creation. Fixed.
    type: str
  platform:
    description: Operating system of the nodes, for example V(coreos). Required for creation. Fixed.
    type: str
  channel:
    description: Release channel of the operating system, for example V(stable). Fixed.
    type: str
  root_disk_size:
    description: Root disk size of the nodes, in GiB. Fixed.
    type: int
  zone:
    description: Zone of the region, for clusters on AWS. Fixed.
    type: str
  provider_subnet_id:
    description: ID of the subnet, for clusters on AWS and Azure. V(__new__) creates one. Fixed, unless V(__new__).
    type: str
  provider_subnet_cidr:
    description: IP range of the subnet, for example V(10.0.1.0/24). Fixed.
    type: str
  gpu_instance_size:
    description: Type of the GPUs. Fixed.
    type: str
  gpu_core_count:
    description: Number of GPU cores. Fixed.
    type: int
  node_count:
    description:
      - Number of nodes, not counting those that are being deleted. It can be V(0). Required for creation.
      - While the pool is autoscaled, the number applies at creation only.
    type: int
  autoscaled:
    description:
      - Whether the cluster autoscaler changes the number of nodes. It needs the solution C(autoscaler) in the cluster.
      - V(true) requires O(min_count) and O(max_count).
    type: bool
  min_count:
    description: Minimum number of nodes for the autoscaler. Requires O(autoscaled), and is ignored with
      O(autoscaled=false).
    type: int
  max_count:
    description: Maximum number of nodes for the autoscaler. Requires O(autoscaled), and is ignored with
      O(autoscaled=false).
    type: int
  delete_nodes:
    description:
      - Nodes to delete first when the pool has too many nodes, each given by its ID or C(instance_id).
      - If more nodes must be deleted, failed or missing nodes are next, then drafts, then the newest nodes.
    type: list
    elements: str
  allow_scale_down:
    description: Whether nodes can be deleted. With V(false), the module fails if the pool has too many nodes.
    type: bool
    default: true
  extra:
    description: Additional fields of the request that creates the node pool. The other options take precedence. Used
      for creation only.
    type: dict
  fixed_differences:
    description:
      - What to do if the existing node pool differs from a fixed option.
      - V(fail) - fail.
      - V(warn) - show a warning, and ignore the difference.
    type: str
    choices: [fail, warn]
    default: fail
  replace_failed:
    description: Whether to delete a node pool that has failed, and create it again. Other pools are never replaced.
    type: bool
    default: false
  wait_timeout:
    description: Maximum time for the whole task, in seconds.
    type: float
    default: 1800
seealso:
  - module: netapp.nks.nks_cluster
"""

EXAMPLES = r"""
- name: Create a node pool
  netapp.nks.nks_node_pool:
    org: my-organization
    cluster: staging
    name: Batch
    instance_size: n1-standard-2
    platform: coreos
    node_count: 2
    wait_sleep: 0.5
  register: pool

- name: Show the nodes of the pool
  ansible.builtin.debug:
    msg: "{{ pool.nodes | map(attribute='instance_id') }}"

- name: Scale down to one node, deleting failed nodes first
  netapp.nks.nks_node_pool:
    org: my-organization
    cluster: staging
    name: Batch
    node_count: 1
    wait_sleep: 0.5

- name: Let the autoscaler change the number of nodes
  netapp.nks.nks_node_pool:
    org: my-organization
    cluster: staging
    name: Batch
    autoscaled: true
    min_count: 1
    max_count: 5
    wait_sleep: 0.5

- name: Delete the pool and its nodes
  netapp.nks.nks_node_pool:
    org: my-organization
    cluster: staging
    name: Batch
    state: absent
    wait_sleep: 0.5
"""

RETURN = r"""
node_pool:
  description: The node pool as the API returns it. Null if it does not exist.
  returned: success, and on failures after a request was sent or during a wait
  type: dict
  sample:
    pk: 12021
    name: Batch
    cluster: 1202
    state: active
    node_count: 2
nodes:
  description: The nodes of the node pool that are not being deleted, as the API returns them.
  returned: success, and on failures after a request was sent or during a wait
  type: list
  elements: dict
  sample:
    - pk: 1202004
      instance_id: spcstage01-worker-3
      state: running
actions:
  description: Requests that were sent, or would be sent in check mode, one sentence each.
  returned: success, and on failures after a request was sent or during a wait
  type: list
  elements: str
  sample:
    - Create the node pool Batch with 2 nodes.
is_requested:
  description: Whether all required changes have been requested, so that only waiting remains.
  returned: success, and on failures after a request was sent or during a wait
  type: bool
is_final:
  description: Whether the failure is final, so that waiting longer does not help.
  returned: when the node pool did not reach the requested state
  type: bool
unmet:
  description: Differences from the requested state, one sentence each.
  returned: when the node pool did not reach the requested state
  type: list
  elements: str
  sample:
    - The node spcstage01-worker-3 (ID 1202004) is building, not running.
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._lifecycle import (
    Operations,
    check_deletable,
    check_size,
    find_own_cluster,
    find_own_org,
    find_whole,
    reconcile,
)
from ansible_collections.netapp.nks.plugins.module_utils._module import run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, lifecycle_options
from ansible_collections.netapp.nks.plugins.module_utils._plan import Plan, Request
from ansible_collections.netapp.nks.plugins.module_utils._plan_nodes import (
    POOL_FIELDS,
    alive,
    identifiers_of,
    plan_pool,
    unmet_pool,
)
from ansible_collections.netapp.nks.plugins.module_utils._types import (
    Cluster,
    Node,
    NodePool,
    deduplicate,
    join_limited,
    pk_of,
)
from ansible_collections.netapp.nks.plugins.module_utils._unmet import failure_title


class Snapshot(t.NamedTuple):
    """State of the node pool that one poll returned."""

    pool: NodePool | None
    """None if the pool does not exist."""
    nodes: list[Node]
    """Nodes of the pool, including those that are being deleted."""


def run(module: AnsibleModule, client: NKSClient) -> JSON:
    wanted = dict(module.params)
    wanted["replace_failed"] = wanted["replace_failed"] and not wanted["wait_only"]
    leaving: set[int] = set()
    cluster = find_own_cluster(client, find_own_org(client, wanted["org"]), wanted["cluster"])
    is_wanted = wanted["state"] == "present"
    solutions = [solution.get("solution") for solution in cluster.solutions]

    def plan(snapshot: Snapshot) -> Plan:
        planned = plan_pool(wanted, *snapshot)
        if is_wanted and wanted["autoscaled"] and "autoscaler" not in solutions:
            planned.warnings.append(
                f"The pools of the cluster {cluster} are not scaled, because the solution autoscaler is not installed."
            )
        return planned

    def send(client: NKSClient, snapshot: Snapshot, request: Request) -> None:
        if request.action == "create":
            wanted.update(id=None, replace_failed=False)  # replace a failed pool only once
            client.create_node_pool(cluster, request.body)
        elif request.action == "delete_node":
            client.delete_node(cluster, request.target)
            leaving.add(request.target)
            deleted = {name for node in snapshot.nodes if node.pk == request.target for name in identifiers_of(node)}
            wanted["delete_nodes"] = [name for name in wanted["delete_nodes"] or [] if name not in deleted]
        elif snapshot.pool and request.action == "autoscale":
            client.scale_node_pool(cluster, snapshot.pool.pk, request.body)
        elif snapshot.pool and request.action == "add":
            client.add_nodes(cluster, snapshot.pool.pk, request.body)
        elif snapshot.pool:
            client.delete_node_pool(cluster, snapshot.pool.pk)

    if wanted["id"] is not None and is_wanted and poll(client, cluster, wanted, leaving).pool is None:
        advice = "" if wanted["wait_only"] else " To create one, give its name."
        raise NKSError(f"The cluster {cluster} has no node pool with the ID {wanted['id']}.{advice}")
    operations = Operations(
        failure_title("node pool", wanted["name"] or wanted["id"], is_wanted),
        lambda limited: poll(limited, cluster, wanted, leaving),
        plan,
        send,
        lambda _client, snapshot: unmet_pool(wanted, *snapshot),
        lambda snapshot: {
            "node_pool": snapshot.pool and snapshot.pool.raw,
            "nodes": [node.raw for node in alive(snapshot.nodes)],
        },
        lambda client, requests: check(client, cluster, wanted, requests),
    )
    return reconcile(client, operations, module.params, module.check_mode)


def poll(client: NKSClient, cluster: Cluster, wanted: JSON, leaving: set[int]) -> Snapshot:
    """Read the node pool and its nodes.

    :param leaving: the ``pk`` of each node whose deletion was requested. The API can show their old state for a while.
    """
    pools = client.node_pools(cluster)
    pool = find_whole(pools, lambda pk: client.node_pool(cluster, pk), "node pool", wanted["name"], wanted["id"])
    if pool and wanted["state"] == "absent":
        wanted["id"] = pool.pk  # a pool can vanish from the list before its own URL returns 404
    if pool and pool.state == "deleted":
        pool = None
    nodes = [node for node in deduplicate(client.nodes(cluster)) if pool and pk_of(node.raw.get("pool")) == pool.pk]
    return Snapshot(
        pool,
        [
            node.with_fields(state="deleting") if node.pk in leaving and node.state != "deleted" else node
            for node in nodes
        ],
    )


def check(client: NKSClient, cluster: Cluster, wanted: JSON, requests: list[Request]) -> None:
    """:raises NKSError: the API would refuse one of the requests."""
    check_deletable(client, cluster, requests)
    if any(request.action == "add" for request in requests):
        unknown = [node for node in alive(client.nodes(cluster)) if node.raw.get("role") != "master"]
        unknown = [node for node in unknown if node.raw.get("pool") is None]
        if unknown:  # each run would add nodes again
            raise NKSError(
                f"The nodes of the pool cannot be counted: the API lists nodes without pool: {join_limited(unknown)}."
            )
    if any(request.action == "create" for request in requests):
        check_size(client, str(cluster.raw.get("provider")), "instance_size", wanted["instance_size"])


def main() -> None:
    fields = {option: {"type": field.type} for option, field in POOL_FIELDS.items()}
    module = AnsibleModule(
        argument_spec={
            **CONNECTION,
            **lifecycle_options(wait_timeout=1800),
            **fields,
            "cluster": {"type": "str", "required": True},
            "node_count": {"type": "int"},
            "delete_nodes": {"type": "list", "elements": "str"},
            "allow_scale_down": {"type": "bool", "default": True},
            "extra": {"type": "dict"},
            "fixed_differences": {"type": "str", "choices": ["fail", "warn"], "default": "fail"},
            "replace_failed": {"type": "bool", "default": False},
        },
        required_one_of=[("name", "id")],
        supports_check_mode=True,
    )
    run_module(module, run)


if __name__ == "__main__":
    main()
