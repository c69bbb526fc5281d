#!/usr/bin/python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, upgrade and delete clusters of NKS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nks_cluster
short_description: Create, upgrade and delete clusters of the NetApp Kubernetes Service
version_added: 1.0.0
description:
  - Creates a cluster, upgrades its Kubernetes version, or deletes it, and waits until the change is complete.
  - A cluster is identified by O(name) within its organization, or by O(id).
  - O(k8s_version) can be changed to a newer version.
  - Most other options are I(fixed). The module compares them with the existing cluster and fails if one differs,
    because the API cannot change them.
  - Options marked I(creation only) are not compared, because the API does not return them or another module changes
    them.
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - netapp.nks.attributes
  - netapp.nks.attributes.update_module
  - netapp.nks.connection
  - netapp.nks.lifecycle
  - netapp.nks.lifecycle.state
options:
  name:
    description: Name of the cluster. It is unique within an organization and cannot be changed.
    type: str
  id:
    description: ID of the cluster, which the API calls C(pk).
    type: int
  provider:
    description: Cloud provider, for example V(aws), V(gce) or V(do). Required for creation. Fixed.
    type: str
  provider_keyset:
    description: ID or name of the keyset with the credentials for the provider. Required for creation. Fixed.
    type: str
  user_ssh_keyset:
    description: ID or name of the keyset with the SSH key pair for the nodes. Fixed.
    type: str
  region:
    description: Region of the provider. For V(gce) and V(gke), the zone. Required for creation. Fixed.
    type: str
  zone:
    description: Zone of the region, for V(aws). Fixed.
    type: str
  workspace:
    description: ID, slug or name of the workspace. The default is the default workspace of the organization. Fixed.
    type: str
  project_id:
    description: ID of the project, for V(packet). Fixed.
    type: str
  k8s_version:
    description:
      - Kubernetes version, for example V(v1.15.5). Put it in quotes. Required for creation.
      - A shorter version such as V(v1.15) accepts every version that starts with these numbers.
      - A cluster with another version is upgraded if its C(version_migrations) contain a matching version. Otherwise
        the module fails and lists the versions to which the cluster can be upgraded.
      - V(latest), and an empty text with which the service chooses the version, apply at creation only.
    type: str
  platform:
    description: Operating system of the nodes, for example V(coreos) or V(ubuntu). Fixed.
    type: str
  channel:
    description: Release channel of the operating system, for example V(stable) or V(18.04-lts). Fixed.
    type: str
  etcd_type:
    description: How etcd runs, either V(classic) or V(self_hosted). Fixed.
    type: str
  k8s_rbac_enabled:
    description: Whether Kubernetes uses role-based access control. Fixed.
    type: bool
  k8s_dashboard_enabled:
    description: Whether the Kubernetes dashboard is installed. Fixed.
    type: bool
  provider_resource_group:
    description: Resource group, for V(azure). The default V(__new__) creates one. Fixed, unless V(__new__).
    type: str
  provider_network_id:
    description: ID of the network, for V(aws), V(azure) and V(eks). The default V(__new__) creates one. Fixed, unless
      V(__new__).
    type: str
  provider_network_cidr:
    description: IP range of the network, for example V(10.0.0.0/16). Fixed.
    type: str
  provider_subnet_id:
    description: ID of the subnet, for V(aws) and V(azure). The default V(__new__) creates one. Fixed, unless
      V(__new__).
    type: str
  provider_subnet_cidr:
    description: IP range of the subnet, for example V(10.0.0.0/24). Fixed.
    type: str
  k8s_pod_cidr:
    description: IP range of the pods, with or without a prefix length. Fixed.
    type: str
  k8s_service_cidr:
    description: IP range of the services, with or without a prefix length. Fixed.
    type: str
  master_count:
    description: Number of masters. The default is 1, or 0 for V(aks) and V(eks). Creation only.
    type: int
  master_size:
    description: Instance size of the masters, a name that the provider defines. Creation only.
    type: str
  master_root_disk_size:
    description: Root disk size of the masters, in GiB. Creation only.
    type: int
  worker_count:
    description: Number of workers, 2 or more. Required for creation. Creation only. To change the number later, use
      M(netapp.nks.nks_node_pool).
    type: int
  worker_size:
    description: Instance size of the workers, a name that the provider defines. Required for creation. Creation only.
    type: str
  worker_root_disk_size:
    description: Root disk size of the workers, in GiB. Creation only.
    type: int
  min_node_count:
    description: Minimum number of nodes, for V(eks). Creation only.
    type: int
  max_node_count:
    description: Maximum number of nodes, for V(eks). Creation only.
    type: int
  network_components:
    description: Subnets, for V(eks), in the format of the API. Creation only.
    type: list
    elements: dict
  solutions:
    description: Solutions to install, each given by name or in the format of the API. Creation only.
    type: list
    elements: raw
  config:
    description: Additional settings, in the format of the API. Creation only.
    type: dict
  extra:
    description: Additional fields of the request that creates the cluster. The other options take precedence. Creation
      only.
    type: dict
  fixed_differences:
    description:
      - What to do if the existing cluster differs from a fixed option.
      - V(fail) - fail.
      - V(warn) - show a warning, and ignore the difference.
    type: str
    choices: [fail, warn]
    default: fail
  replace_failed:
    description: Whether to delete a cluster that has failed, and create it again. Other clusters are never replaced.
    type: bool
    default: false
  logs_after:
    description:
      - During an upgrade, ignore failures in the build log that are not newer than this time, in seconds since 1970.
      - Needed only with O(wait_only). Use RV(logs_after) of the task that requested the upgrade.
    type: float
  wait_timeout:
    description: Maximum time for the whole task, in seconds.
    type: float
    default: 3600
seealso:
  - module: netapp.nks.nks_cluster_gate
  - module: netapp.nks.nks_cluster_info
  - module: netapp.nks.nks_kubeconfig
  - module: netapp.nks.nks_node_pool
  - module: netapp.nks.nks_solution
"""

EXAMPLES = r"""
- name: Create a cluster and wait until it runs
  netapp.nks.nks_cluster:
    org: my-organization
    name: pipeline
    provider: do
    provider_keyset: Keys of do
    region: nyc1
    k8s_version: v1.15.5
    master_size: 4gb
    worker_count: 2
    worker_size: 4gb
    wait_sleep: 0.5
  register: created

- name: Show the requests that were sent
  ansible.builtin.debug:
    msg: "{{ created.actions }}"

- name: Upgrade another cluster
  netapp.nks.nks_cluster:
    org: my-organization
    name: staging
    k8s_version: "v1.15"
    wait_sleep: 0.5

- name: Delete the first cluster
  netapp.nks.nks_cluster:
    org: my-organization
    name: pipeline
    state: absent
    wait_sleep: 0.5
"""

RETURN = r"""
cluster:
  description: Details of the cluster, without secrets. Null if it does not exist.
  returned: success, and on failures after a request was sent or during a wait
  type: dict
  sample:
    pk: 20001
    name: pipeline
    org: 381
    state: running
    k8s_version: v1.15.5
actions:
  description: Requests that were sent, or would be sent in check mode, one sentence each.
  returned: success, and on failures after a request was sent or during a wait
  type: list
  elements: str
  sample:
    - Create the cluster pipeline.
is_requested:
  description: Whether all required changes have been requested, so that only waiting remains.
  returned: success, and on failures after a request was sent or during a wait
  type: bool
logs_after:
  description: Time of the newest build log before the upgrade, in seconds since 1970. Null without an upgrade.
  returned: success, and on failures after a request was sent or during a wait
  type: float
is_final:
  description: Whether the failure is final, so that waiting longer does not help.
  returned: when the cluster did not reach the requested state
  type: bool
unmet:
  description: Differences from the requested state, one sentence each.
  returned: when the cluster did not reach the requested state
  type: list
  elements: str
  sample:
    - The cluster pipeline (ID 20001) is building, not running.
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.module_utils._failures import find_failure, step_has_succeeded
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._lifecycle import (
    Operations,
    check_size,
    find_keyset,
    find_named,
    find_own_org,
    find_whole,
    reconcile,
)
from ansible_collections.netapp.nks.plugins.module_utils._module import run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, lifecycle_options
from ansible_collections.netapp.nks.plugins.module_utils._plan import Plan, Request
from ansible_collections.netapp.nks.plugins.module_utils._plan_cluster import (
    CLUSTER_FIELDS,
    plan_cluster,
    unmet_cluster,
)
from ansible_collections.netapp.nks.plugins.module_utils._secrets import SOLUTION_FIELDS, leaves, secrets_of
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Log, Org
from ansible_collections.netapp.nks.plugins.module_utils._unmet import failure_title


class Snapshot(t.NamedTuple):
    """State of the cluster that one poll returned."""

    cluster: Cluster | None
    """None if the cluster does not exist."""
    failure: Log | None
    """The log that says why the cluster has failed. None if it has not failed."""
    is_replaceable: bool
    """Whether ``replace_failed`` can replace the cluster."""


def run(module: AnsibleModule, client: NKSClient) -> JSON:
    org = find_own_org(client, module.params["org"])
    wanted = resolve(client, org, module.params)
    is_wanted = wanted["state"] == "present"

    def poll(limited: NKSClient) -> Snapshot:
        clusters = limited.clusters(org, include_service_clusters=True)
        cluster = find_whole(clusters, lambda pk: limited.cluster(org, pk), "cluster", wanted["name"], wanted["id"])
        if cluster and not is_wanted:
            wanted["id"] = cluster.pk  # a cluster can vanish from the list before its own URL returns 404
        failure = find_failure(limited, cluster, wanted["logs_after"]) if cluster else None
        if cluster is None or failure is None or cluster.is_running or not wanted["replace_failed"]:
            return Snapshot(cluster, failure, False)
        # The failure of an earlier upgrade stays in the logs while the cluster is upgraded again.
        event_type = failure.raw.get("event_type")
        return Snapshot(cluster, failure, cluster.has_failed or not step_has_succeeded(limited, cluster, event_type))

    def plan(snapshot: Snapshot) -> Plan:
        cluster, failure, is_replaceable = snapshot
        has_failed = cluster is not None and failure is not None and not cluster.is_running
        return plan_cluster({**wanted, "replace_failed": is_replaceable}, cluster, has_failed)

    def send(client: NKSClient, snapshot: Snapshot, request: Request) -> None:
        if request.action == "create":
            wanted.update(id=None, replace_failed=False)  # replace a failed cluster only once
            client.create_cluster(org, request.body, wanted["workspace"])
        elif snapshot.cluster and request.action == "upgrade":
            wanted["logs_after"] = max([0.0, *(log.created for log in client.logs(snapshot.cluster))])
            wanted["replace_failed"] = False
            client.upgrade_cluster(snapshot.cluster, request.body["version"])
        elif snapshot.cluster:
            client.delete_cluster(snapshot.cluster)

    def check(client: NKSClient, requests: list[Request]) -> None:
        if any(request.action == "create" for request in requests):
            for option in ("master_size", "worker_size"):
                check_size(client, wanted["provider"], option, wanted[option])

    if module.params["id"] is not None and is_wanted and poll(client).cluster is None:
        advice = "" if wanted["wait_only"] else " To create one, give its name."
        raise NKSError(f"There is no cluster with the ID {wanted['id']}.{advice}")
    title = failure_title("cluster", wanted["name"] or wanted["id"], is_wanted)
    operations = Operations(
        title,
        poll,
        plan,
        send,
        lambda _client, snapshot: unmet_cluster(wanted, snapshot.cluster, snapshot.failure),
        lambda snapshot: {"cluster": snapshot.cluster and snapshot.cluster.raw, "logs_after": wanted["logs_after"]},
        check,
    )
    return reconcile(client, operations, module.params, module.check_mode)


def resolve(client: NKSClient, org: Org, params: JSON) -> JSON:
    """Return the options, with the names of keysets and of the workspace replaced by IDs."""
    client.hide(secrets_of(secret_options(params), SOLUTION_FIELDS))
    wanted = dict(params)
    wanted["replace_failed"] = params["replace_failed"] and not params["wait_only"]
    if params["state"] == "present" and (params["provider_keyset"] or params["user_ssh_keyset"]):
        keysets = client.keysets(org)
        for option, category in (("provider_keyset", "provider"), ("user_ssh_keyset", "user_ssh")):
            if params[option] is not None:
                wanted[option] = find_keyset(keysets, option, category, params["provider"], params[option]).pk
    if params["state"] == "present" and params["workspace"] is not None:
        wanted["workspace"] = find_named(client.workspaces(org), "workspace", params["workspace"]).pk
    if params["worker_count"] is not None and params["worker_count"] < 2:
        raise NKSError(f"worker_count must be 2 or more, not {params['worker_count']}.")
    return wanted


def secret_options(params: JSON) -> list[t.Any]:
    """Return the values of options that can contain secrets, such as chart values. Names of solutions are left out."""
    solutions = [solution for solution in params["solutions"] or [] if isinstance(solution, dict)]
    return [solutions, params["config"], params["extra"]]


def main() -> None:
    fields = {option: {"type": field.type} for option, field in CLUSTER_FIELDS.items()}
    module = AnsibleModule(
        argument_spec={
            **CONNECTION,
            **lifecycle_options(wait_timeout=3600),
            **fields,
            "provider_keyset": {"type": "str", "no_log": False},
            "user_ssh_keyset": {"type": "str", "no_log": False},
            "network_components": {"type": "list", "elements": "dict"},
            "solutions": {"type": "list", "elements": "raw", "no_log": True},
            "config": {"type": "dict", "no_log": True},
            "k8s_version": {"type": "str"},
            "extra": {"type": "dict", "no_log": True},
            "logs_after": {"type": "float"},
            "fixed_differences": {"type": "str", "choices": ["fail", "warn"], "default": "fail"},
            "replace_failed": {"type": "bool", "default": False},
        },
        required_one_of=[("name", "id")],
        supports_check_mode=True,
    )
    # no_log keeps the options out of the system log, but would also hide harmless texts, such as "prometheus", wherever
    # the result has them.
    secrets = leaves(secret_options(module.params), SOLUTION_FIELDS)
    module.no_log_values = set(filter(None, [module.params["api_token"], *secrets]))
    run_module(module, run)


if __name__ == "__main__":
    main()
