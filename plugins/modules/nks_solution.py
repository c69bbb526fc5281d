#!/usr/bin/python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install and delete solutions in a cluster of NKS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nks_solution
short_description: Install and delete solutions in a cluster of the NetApp Kubernetes Service
version_added: 1.0.0
description:
  - Installs or deletes a solution in a cluster, and waits until the change is complete. A solution is either software
    that NKS knows by name, or a Helm chart.
  - Before the module installs a solution, it waits until Helm Tiller is installed in the cluster.
  - A solution is identified by O(solution) or O(chart) within its cluster, or by O(id).
  - The API cannot change an installed solution. O(version) and O(keyset) are I(fixed). The module compares them with
    the installed solution and fails if one differs.
  - Options marked I(creation only) are not compared, because the API does not return them.
  - The module never returns user names, passwords or settings of a solution.
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
  solution:
    description: Name of the solution, for example V(haproxy), V(prometheus) or V(autoscaler).
    type: str
  chart:
    description: Helm chart from a repository that the organization has added or that NKS provides.
    type: dict
    suboptions:
      name:
        description: Name of the chart.
        type: str
        required: true
      repository:
        description: ID or name of the repository. Required if several repositories have the chart.
        type: str
      namespace:
        description: Kubernetes namespace. The default is the namespace that the chart defines, or else V(default).
          Creation only.
        type: str
      release_name:
        description: Name of the release. The default is the name of the chart. Creation only.
        type: str
  id:
    description: ID of the solution, which the API calls C(pk).
    type: int
  values:
    description: Values for the chart, as a dictionary or as YAML text. The default is the values in the index of the
      repository. All values are treated as secrets. Requires O(chart). Creation only.
    type: raw
  version:
    description: Version of the solution or chart. By default, the API chooses the version. Fixed.
    type: str
  keyset:
    description: ID or name of the keyset with the credentials for the solution, for V(sysdig) and V(turbonomic). Fixed.
    type: str
  max_nodes:
    description: Maximum number of nodes of the cluster, for V(autoscaler). Creation only.
    type: int
  reinstall:
    description: Whether to delete a solution whose version differs from O(version), and install it again.
    type: bool
    default: false
  replace_failed:
    description: Whether to delete a solution that has failed, and install it again.
    type: bool
    default: false
  wait_timeout:
    description: Maximum time for the whole task in seconds, including the wait for Helm Tiller.
    type: float
    default: 1200
seealso:
  - module: netapp.nks.nks_cluster
  - module: netapp.nks.nks_keyset
  - module: netapp.nks.nks_solution_info
"""

EXAMPLES = r"""
- name: Install EFK
  netapp.nks.nks_solution:
    org: my-organization
    cluster: prod
    solution: efk
    wait_sleep: 0.5

- name: Install a chart with values
  netapp.nks.nks_solution:
    org: my-organization
    cluster: prod
    chart:
      name: jenkins
      release_name: ci
    values:
      Master:
        AdminPassword: "{{ lookup('ansible.builtin.file', '/run/secrets/nks') }}"
    wait_sleep: 0.5

- name: Delete EFK
  netapp.nks.nks_solution:
    org: my-organization
    cluster: prod
    solution: efk
    state: absent
    wait_sleep: 0.5
"""

RETURN = r"""
solution:
  description: The solution, without secrets. Null if it does not exist.
  returned: success, and on failures after a request was sent or during a wait
  type: dict
  sample:
    pk: 12013
    name: Prometheus
    solution: prometheus
    state: installed
    version: latest
actions:
  description: Requests that were sent, or would be sent in check mode, one sentence each.
  returned: success, and on failures after a request was sent or during a wait
  type: list
  elements: str
  sample:
    - Install the solution prometheus.
is_requested:
  description: Whether all required changes have been requested, so that only waiting remains.
  returned: success, and on failures after a request was sent or during a wait
  type: bool
is_final:
  description: Whether the failure is final, so that waiting longer does not help.
  returned: when the solution did not reach the requested state
  type: bool
unmet:
  description: Differences from the requested state, one sentence each.
  returned: when the solution did not reach the requested state
  type: list
  elements: str
  sample:
    - The solution prometheus (ID 12013) is draft, not installed.
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netapp.nks.plugins.module_utils import _plan_solution
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._lifecycle import (
    Operations,
    find_named,
    find_one,
    find_own_cluster,
    find_own_org,
    find_whole,
    reconcile,
)
from ansible_collections.netapp.nks.plugins.module_utils._module import run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, OWN_ORG, STATE, wait_options
from ansible_collections.netapp.nks.plugins.module_utils._plan import Plan, Request, given
from ansible_collections.netapp.nks.plugins.module_utils._secrets import secrets_of
from ansible_collections.netapp.nks.plugins.module_utils._types import Org, Solution
from ansible_collections.netapp.nks.plugins.module_utils._unmet import failure_title


class Snapshot(t.NamedTuple):
    """State of the solution and of Helm Tiller that one poll returned. None if it does not exist."""

    solution: Solution | None
    tiller: Solution | None


def run(module: AnsibleModule, client: NKSClient) -> JSON:
    org = find_own_org(client, module.params["org"])
    cluster = find_own_cluster(client, org, module.params["cluster"])
    wanted, body = resolve(module, client, org)
    is_wanted = wanted["state"] == "present"
    name = body.get("solution")

    def poll(limited: NKSClient) -> Snapshot:
        solutions = limited.solutions(cluster)
        there = find_whole(solutions, lambda pk: limited.solution(cluster, pk), "solution", name, wanted["id"])
        if there and not is_wanted:
            wanted["id"] = there.pk  # a solution can vanish from the list before its own URL returns 404
        return Snapshot(there, find_one(solutions, "solution", _plan_solution.TILLER, None))

    def plan(snapshot: Snapshot) -> Plan:
        if not is_wanted:
            return _plan_solution.plan_solution_absent(snapshot.solution)
        return _plan_solution.plan_solution(wanted, body, *snapshot)

    def send(client: NKSClient, snapshot: Snapshot, request: Request) -> None:
        if request.action == "create":
            wanted.update(id=None, reinstall=False, replace_failed=False)  # replace a solution only once
            client.add_solution(cluster, request.body)
        elif snapshot.solution:
            client.delete_solution(cluster, snapshot.solution.pk)

    if is_wanted and wanted["id"] is not None and poll(client).solution is None:
        advice = "" if wanted["wait_only"] else " To install one, give solution or chart."
        raise NKSError(f"The cluster {cluster} has no solution with the ID {wanted['id']}.{advice}")
    title = failure_title("solution", wanted["id"] if name is None else name, is_wanted)
    operations = Operations(title, poll, plan, send, lambda _client, snapshot: unmet(wanted, snapshot), result)
    return reconcile(client, operations, module.params, module.check_mode)


def resolve(module: AnsibleModule, client: NKSClient, org: Org) -> tuple[JSON, JSON]:
    """Return the options, with the keyset replaced by its ID, and the body of the request that adds the solution."""
    wanted = dict(module.params)
    wanted["replace_failed"] = wanted["replace_failed"] and not wanted["wait_only"]
    wanted["reinstall"] = wanted["reinstall"] and not wanted["wait_only"]
    if wanted["keyset"] is not None and wanted["state"] == "present":
        wanted["keyset"] = find_named(client.keysets(org), "keyset", wanted["keyset"]).pk
    values = _plan_solution.values_text(wanted["values"])
    client.hide([values, *secrets_of(wanted["values"])])
    chart = wanted["chart"]
    if chart:
        repositories = [*client.chart_repositories(org), *client.trusted_chart_repositories(org)]
        # A solution is deleted regardless of its version.
        version = wanted["version"] if wanted["state"] == "present" else None
        return wanted, _plan_solution.chart_body(
            *_plan_solution.find_chart(repositories, chart, version), chart, values
        )
    if wanted["solution"] is None:
        return wanted, {}
    return wanted, {"state": "draft", **given(wanted, ("solution", "keyset", "max_nodes", "version"))}


def unmet(wanted: JSON, snapshot: Snapshot) -> tuple[list[str], bool]:
    """Return the differences from the requested state, and whether they are final."""
    solution, tiller = snapshot
    state = solution and one_line(str(solution.state))
    if wanted["state"] == "absent":
        return ([f"The solution {solution} is {state}."] if solution else []), False
    if solution is None and tiller and tiller.state != "installed":
        return [f"Helm Tiller is {one_line(str(tiller.state))}, not installed."], tiller.state == "failed"
    if solution is None:
        return ["The solution does not exist."], False
    if state == "failed" and not wanted["replace_failed"]:
        return [f"The solution {solution} has failed."], True
    return ([] if state == "installed" else [f"The solution {solution} is {state}, not installed."]), False


def result(snapshot: Snapshot) -> JSON:
    return {"solution": snapshot.solution and snapshot.solution.raw}


def main() -> None:
    text = {"type": "str"}
    module = AnsibleModule(
        argument_spec={
            **CONNECTION,
            **OWN_ORG,
            **STATE,
            **wait_options(wait_timeout=1200),
            "cluster": {"type": "str", "required": True},
            "solution": text,
            "chart": {
                "type": "dict",
                "options": {
                    "name": {"type": "str", "required": True},
                    "repository": text,
                    "namespace": text,
                    "release_name": text,
                },
            },
            "id": {"type": "int"},
            "values": {"type": "raw", "no_log": True},
            "version": text,
            "keyset": {"type": "str", "no_log": False},
            "max_nodes": {"type": "int"},
            "reinstall": {"type": "bool", "default": False},
            "replace_failed": {"type": "bool", "default": False},
        },
        required_one_of=[("solution", "chart", "id")],
        mutually_exclusive=[("solution", "chart")],
        required_by={"values": ["chart"]},
        supports_check_mode=True,
    )
    run_module(module, run)


if __name__ == "__main__":
    main()
