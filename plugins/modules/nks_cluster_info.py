#!/usr/bin/python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Query clusters of NKS, and wait for them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nks_cluster_info
short_description: Query clusters of the NetApp Kubernetes Service, and wait for them
version_added: 1.0.0
description:
  - Returns the active clusters of one, several or all organizations that an API token may read.
  - Can wait until the selected clusters exist, are running, or no longer exist.
  - If no cluster matches, RV(clusters) is empty. Without O(wait_for), this is not an error.
  - If clusters exist, but none has the values in O(workspaces), O(states), O(providers) or O(regions), a warning shows
    the values that they have. A warning is also shown for a misspelled value in O(states).
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - netapp.nks.attributes
  - netapp.nks.attributes.info_module
  - netapp.nks.connection
  - netapp.nks.selection
  - netapp.nks.selection.clusters
  - netapp.nks.selection.orgs
options:
  id:
    description:
      - Select the cluster with this ID, which the API calls C(pk).
      - O(id) and O(name) are mutually exclusive.
    type: int
  name:
    description: Select the clusters with exactly this name, compared in the Unicode normalization form C. Invisible
      characters are refused. A name is unique only within an organization.
    type: str
  include_failures:
    description:
      - Whether to add the fields C(failure) and C(failure_details) to each cluster that has failed, with the reason
        from its build logs.
      - Takes one request for each cluster that has failed.
    type: bool
    default: false
  include_orgs:
    description: Whether to return RV(orgs), the organizations of the clusters. Takes at most one additional request.
    type: bool
    default: false
  fields:
    description:
      - Fields of each cluster to return. With many clusters, a play is much faster if the module returns only the
        fields that the play needs.
      - If not set, all fields are returned. A warning is shown for a field that no cluster has.
    type: list
    elements: str
  wait_for:
    description:
      - Condition to wait for. The module polls the API until the condition is met. After O(wait_timeout) seconds, it
        fails with the result of the last poll.
      - V(present) - at least one cluster is selected, in any state.
      - V(running) - at least one cluster is selected, and the C(state) of all selected clusters is V(running). If one
        of them has failed, the module fails at once with the reason from the build logs. A cluster has failed if its
        C(is_failed) is true, if its C(state) is V(failed), or if its C(state) is V(provisioned) and its build logs say
        that the build failed. V(running) and O(states) are mutually exclusive.
      - V(absent) - no cluster is selected. The module fails if the token may not read an organization, because the
        cluster could be in it, or if the token sees no organization. With O(name), no other cluster can have a name
        that looks the same, for example because of invisible characters.
      - While the module waits, it shows on the control node what is still missing, at the start and then once a minute.
        With C(async) or C(no_log), it shows nothing.
      - In check mode, the module polls the API once, and does not fail if the condition is not met yet.
    type: str
    choices: [present, running, absent]
  wait_timeout:
    description: Seconds to wait for O(wait_for). With V(0), the module polls the API once.
    type: float
    default: 600
  wait_sleep:
    description: Seconds between two polls of the API while waiting.
    type: float
    default: 10
seealso:
  - module: netapp.nks.nks_org_info
  - module: netapp.nks.nks_workspace_info
  - plugin: netapp.nks.nks
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Get the clusters of all organizations that the token may read
  netapp.nks.nks_cluster_info:
  register: all

- name: Show their names, states and numbers of nodes
  ansible.builtin.debug:
    msg: "{{ item.name }} is {{ item.state }} and has {{ item.node_count | default(0, true) }} nodes"
  loop: "{{ all.clusters }}"
  loop_control:
    label: "{{ item.pk }}"

- name: Get the running clusters of one organization on two clouds, with their nodes
  netapp.nks.nks_cluster_info:
    orgs: [my-organization]
    states: [running]
    providers: [aws, gce]
    include_nodes: true
  register: mine

- name: Wait until a cluster runs
  netapp.nks.nks_cluster_info:
    orgs: [my-organization]
    name: prod
    wait_for: running
    wait_timeout: 1800

- name: Get the clusters that are not running, with their build logs
  netapp.nks.nks_cluster_info:
    states: [draft, building, provisioned, failed]
    include_logs: true
  register: unfinished

- name: Show the newest log message of each cluster
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.logs | map(attribute='message') | first | default('no log') }}"
  loop: "{{ unfinished.clusters }}"
  loop_control:
    label: "{{ item.name }}"

- name: Set options once for all modules of the collection
  module_defaults:
    group/netapp.nks.nks:
      api_timeout: 10
      api_retries: 2
  block:
    - name: Get the details of one cluster
      netapp.nks.nks_cluster_info:
        id: 4501
        include_details: true
      register: one
"""

RETURN = r"""
clusters:
  description:
    - The selected clusters as the API returns them, without the secrets in their solutions. Empty if none matches.
    - Any field may be missing, and servers may add fields. With O(include_details), there are many more fields.
  returned: success
  type: list
  elements: dict
  contains:
    pk:
      description: ID of the cluster.
      type: int
    instance_id:
      description: Name of the cluster on its cloud.
      type: str
    name:
      description: Name of the cluster, unique within its organization.
      type: str
    org:
      description: ID of the organization.
      type: int
    provider:
      description: Cloud provider, for example V(aws), V(azure), V(gce), V(gke), V(eks), V(aks), V(do) or V(hci).
      type: str
    region:
      description: Region of the provider.
      type: str
    zone:
      description: Zone of the region. May be empty.
      type: str
    workspace:
      description: Workspace of the cluster, with its C(pk), C(name) and C(slug). May be null.
      type: dict
    state:
      description: State of the cluster, for example V(draft), V(building), V(provisioned), V(running), V(deleting) or
        V(failed).
      type: str
    is_failed:
      description: Whether the cluster has failed. It can be true in any state. A cluster whose C(state) is V(failed)
        has also failed.
      type: bool
    k8s_version:
      description: Kubernetes version, for example V(v1.15.5).
      type: str
    version_migrations:
      description: Kubernetes versions to which the cluster can be upgraded.
      type: list
      elements: str
    node_count:
      description: Number of nodes.
      type: int
    solutions:
      description: Software that NKS has installed in the cluster, without secrets.
      type: list
      elements: dict
    nodes:
      description: Nodes of the cluster as the API returns them. Deleted nodes can stay in the list for a while.
      returned: when O(include_nodes=true)
      type: list
      elements: dict
      contains:
        pk:
          description: ID of the node.
          type: int
        cluster:
          description: ID of the cluster.
          type: int
        pool:
          description: ID of the node pool. Null for a master.
          type: int
        pool_name:
          description: Name of the node pool. Empty for a master.
          type: str
        instance_id:
          description: Name of the node on its cloud.
          type: str
        provider_node_id:
          description: ID that the provider gave to the node.
          type: str
        role:
          description: Either V(master) or V(worker).
          type: str
        private_ip:
          description: Private address. Empty or V(not-available) if there is none.
          type: str
        public_ip:
          description: Public address. Empty or V(not-available) if there is none.
          type: str
        size:
          description: Instance size, a name that the provider defines.
          type: str
        platform:
          description: Operating system.
          type: str
        channel:
          description: Release channel of the operating system.
          type: str
        zone:
          description: Zone of the region. May be empty.
          type: str
        state:
          description: State of the node, for example V(draft), V(building), V(provisioned), V(running), V(missing),
            V(deleting), V(deleted) or V(failed).
          type: str
        is_failed:
          description: Whether the node has failed. A node whose C(state) is V(failed) has also failed.
          type: bool
        created:
          description: When the node was created.
          type: str
        updated:
          description: When the node was last changed.
          type: str
    node_pools:
      description: Node pools of the cluster as the API returns them.
      returned: when O(include_node_pools=true)
      type: list
      elements: dict
      contains:
        pk:
          description: ID of the node pool.
          type: int
        cluster:
          description: ID of the cluster.
          type: int
        name:
          description: Name of the node pool.
          type: str
        instance_id:
          description: Name of the node pool on its cloud.
          type: str
        instance_size:
          description: Instance size of the nodes, a name that the provider defines.
          type: str
        platform:
          description: Operating system of the nodes.
          type: str
        channel:
          description: Release channel of the operating system.
          type: str
        zone:
          description: Zone of the region. May be empty.
          type: str
        node_count:
          description: Number of nodes.
          type: int
        autoscaled:
          description: Whether the cluster autoscaler changes the number of nodes.
          type: bool
        min_count:
          description: Minimum number of nodes for the autoscaler.
          type: int
        max_count:
          description: Maximum number of nodes for the autoscaler.
          type: int
        role:
          description: Role of the nodes, for example V(worker).
          type: str
        state:
          description: State of the node pool, for example V(draft), V(active), V(failed), V(deleting) or V(deleted). A
            pool becomes V(active) before its nodes run.
          type: str
        is_default:
          description: Whether the node pool was created with the cluster.
          type: bool
        created:
          description: When the node pool was created.
          type: str
        updated:
          description: When the node pool was last changed.
          type: str
    logs:
      description: Build logs of the cluster as the API returns them, newest first.
      returned: when O(include_logs=true)
      type: list
      elements: dict
      contains:
        pk:
          description: ID of the log. Old logs have none.
          type: int
        cluster:
          description: ID of the cluster.
          type: int
        event_category:
          description: Category of the event, for example V(provider).
          type: str
        event_type:
          description: Type of the event, for example V(provider_build), V(k8s_node_config) or
            V(provider_communication).
          type: str
        event_state:
          description: Either V(started), V(success) or V(failure).
          type: str
        message:
          description: Description of the event, or the reason of a failure.
          type: str
        details:
          description: Details of the event. May be empty.
          type: str
        reference:
          description: Object to which the event refers. May be empty.
          type: str
        created:
          description: When the event happened.
          type: str
    failure:
      description: Why the cluster has failed, according to its build logs. Empty if they contain no reason or cannot be
        read.
      returned: when O(include_failures=true), for clusters that have failed
      type: str
    failure_details:
      description: Details of C(failure), for example the response of the provider. May be empty.
      returned: when O(include_failures=true), for clusters that have failed
      type: str
  sample:
    - pk: 45
      instance_id: spcbsk7u4u
      name: My Cluster
      org: 4
      provider: do
      workspace:
        pk: 4
        name: Default
        slug: default
        org: 4
        is_default: true
        created: "2016-12-03T04:42:29.612800Z"
      k8s_version: v1.8.3
      node_count: 3
      etcd_type: self_hosted
      platform: coreos
      channel: stable
      region: nyc1
      zone: ""
      state: draft
      solutions:
        - pk: 4409
          name: Helm Tiller
          solution: helm_tiller
          state: draft
      is_failed: false
      federation_role: null
      version_migrations: []
      k8s_rbac_enabled: true
orgs:
  description: Organizations of the clusters, as the API returns them.
  returned: when O(include_orgs=true)
  type: list
  elements: dict
  sample:
    - pk: 4
      name: My Organization
      slug: my-organization
      logo: null
      enable_experimental_features: false
      created: "2016-12-03T04:42:29.612800Z"
      updated: "2016-12-03T04:42:29.612800Z"
endpoint:
  description: The O(api_url) from which the clusters were read.
  returned: success
  type: str
  sample: https://nks.example.com
unmet:
  description: Reasons why O(wait_for) was not met, one sentence each. If the last poll failed, the last sentence says
    so.
  returned: if O(wait_for) was not met
  type: list
  elements: str
  sample:
    - build-me (ID 1203) is building.
error:
  description: Why the last poll of the API failed.
  returned: if O(wait_for) was not met and the last poll failed
  type: str
retry_after:
  description: Seconds to wait before the next request, as the API asked.
  returned: if O(wait_for) was not met, the last poll failed and the API asked for a pause
  type: float
is_final:
  description: Whether the failure is final, so that waiting longer does not help.
  returned: if O(wait_for) was not met
  type: bool
skipped_orgs:
  description: Organizations that the token sees but may not read. They may have clusters that are not in RV(clusters).
    An organization in O(orgs) is never skipped.
  returned: success
  type: list
  elements: dict
  contains:
    pk:
      description: ID of the organization.
      type: int
    name:
      description: Name of the organization.
      type: str
    detail:
      description: The reason that the API gave.
      type: str
  sample:
    - pk: 390
      name: Partner Labs
      detail: You do not have permission to perform this action.
"""

import difflib
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._failures import find_failures
from ansible_collections.netapp.nks.plugins.module_utils._fleet import (
    Fleet,
    may_exist,
    select_clusters,
    with_failures,
    with_includes,
)
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._module import params_for, run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import (
    CONNECTION,
    IDENTITY,
    INCLUDES,
    SELECTION,
)
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, join_limited
from ansible_collections.netapp.nks.plugins.module_utils._unmet import unmet_result
from ansible_collections.netapp.nks.plugins.module_utils._wait import check_wait_options, poll_until_final


def query(module: AnsibleModule, client: NKSClient) -> dict[str, t.Any]:
    def select(client: NKSClient) -> Fleet:
        selection = params_for(module, {**SELECTION, **IDENTITY})
        return select_clusters(client, whole_orgs=module.params["include_orgs"], **selection)

    fleet = wait_for_clusters(module, client, select) if module.params["wait_for"] else select(client)
    if not isinstance(fleet, Fleet):
        return fleet
    for warning in fleet.warnings():
        if not (module.params["wait_for"] and warning == fleet.why_empty):
            module.warn(warning)
    listed = fleet.clusters
    fleet = with_includes(client, fleet, **params_for(module, INCLUDES))
    if module.params["wait_for"] in ("present", "running") and listed and not fleet.clusters:
        raise NKSError(f"The selected clusters do not exist any more: {join_limited(listed)}.")
    if module.params["include_failures"]:
        fleet = with_failures(client, fleet)
    warn_of_unknown_fields(module, fleet.clusters)
    result = {
        "clusters": only_fields(fleet.clusters, module.params["fields"]),
        "skipped_orgs": [skipped.result() for skipped in fleet.skipped_orgs],
        "endpoint": client.url,
    }
    if module.params["include_orgs"]:
        result["orgs"] = list({cluster.org.pk: cluster.org.raw for cluster in fleet.clusters}.values())
    return result


def warn_of_unknown_fields(module: AnsibleModule, clusters: list[Cluster]) -> None:
    known = list(dict.fromkeys(field for cluster in clusters for field in cluster.raw))
    for field in module.params["fields"] or []:
        if clusters and field not in known:
            near = difflib.get_close_matches(field, known, 1)
            module.warn(f"No cluster has the field {one_line(field)}.{f' Did you mean {near[0]}?' if near else ''}")


def only_fields(clusters: list[Cluster], fields: list[str] | None) -> list[JSON]:
    if fields is None:
        return [cluster.raw for cluster in clusters]
    return [{field: cluster.raw[field] for field in fields if field in cluster.raw} for cluster in clusters]


def wait_for_clusters(module: AnsibleModule, client: NKSClient, select: t.Callable[[NKSClient], Fleet]) -> Fleet | JSON:
    """Return the fleet as soon as ``wait_for`` is met, or the result of the failure. In check mode, poll once."""
    wait_for, timeout, sleep = (module.params[option] for option in ("wait_for", "wait_timeout", "wait_sleep"))
    if wait_for == "running" and module.params["states"]:
        raise NKSError(
            "wait_for=running cannot be used with states, which would hide the clusters that are not running."
        )
    check_wait_options(timeout, sleep)
    timeout = 0.0 if module.check_mode else timeout
    seen, failure, ends, waited = poll_until_final(
        client, lambda limited: Snapshot.take(limited, select(limited), wait_for), is_final, timeout, sleep
    )
    if seen and not failure and (not seen.reasons or (module.check_mode and not seen.is_final)):
        return seen.fleet
    title = f"The selected clusters are not {wait_for}"
    return unmet_result(title, seen.reasons if seen else [], failure, is_final=ends, waited=waited)


class Snapshot(t.NamedTuple):
    """The result of one poll."""

    fleet: Fleet
    reasons: list[str]
    """Reasons why ``wait_for`` is not met, one sentence each."""
    is_final: bool
    """Whether waiting longer does not help."""

    @classmethod
    def take(cls, client: NKSClient, fleet: Fleet, wait_for: str) -> Snapshot:
        if wait_for == "absent":
            fleet.check_absence_is_known()
            reasons = [describe_states(fleet.clusters)] if fleet.clusters else []
            reasons += [f"The cluster {may_exist(cluster)}" for cluster in fleet.look_alikes[:1]]
            return cls(fleet, reasons, False)
        if not fleet.clusters:
            return cls(fleet, [f"No cluster matches; {fleet.describe_alternatives()}."], False)
        if wait_for == "present":
            return cls(fleet, [], False)
        failed = [
            f"{describe_states([cluster])[:-1]}{f' (the build log says: {log.message})' if log.message else ''}"
            for cluster, log in zip(fleet.clusters, find_failures(client, fleet.clusters))
            if log
        ]
        if failed:
            return cls(fleet, [f"Clusters have failed, so waiting longer does not help: {join_limited(failed)}."], True)
        unready = [cluster for cluster in fleet.clusters if cluster.state != "running"]
        return cls(fleet, [describe_states(unready)] if unready else [], False)


def is_final(seen: Snapshot | None, failure: NKSError | None) -> bool:
    """Return whether another poll cannot change the result."""
    return seen is not None and failure is None and (seen.is_final or not seen.reasons)


def describe_states(clusters: list[Cluster]) -> str:
    return f"{join_limited([f'{cluster} is {one_line(str(cluster.state))}' for cluster in clusters])}."


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CONNECTION,
            **SELECTION,
            **INCLUDES,
            **IDENTITY,
            "include_failures": {"type": "bool", "default": False},
            "include_orgs": {"type": "bool", "default": False},
            "fields": {"type": "list", "elements": "str"},
            "wait_for": {"type": "str", "choices": ["present", "running", "absent"]},
            "wait_timeout": {"type": "float", "default": 600},
            "wait_sleep": {"type": "float", "default": 10},
        },
        mutually_exclusive=[("id", "name")],
        supports_check_mode=True,
    )
    run_module(module, query)


if __name__ == "__main__":
    main()
