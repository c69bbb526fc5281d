#!/usr/bin/python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fail unless clusters of NKS are as expected."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nks_cluster_gate
short_description: Fail unless clusters of the NetApp Kubernetes Service are as expected
version_added: 1.0.0
description:
  - Succeeds only if every cluster in O(clusters) is as expected in the same poll of the API. Run it before a
    deployment.
  - With O(wait_timeout), the module polls the API until all clusters are as expected. It fails at once if a cluster
    that should run has failed, and on errors that waiting cannot fix, such as the statuses 400, 401 and 403.
  - If the module fails, it lists everything that is not as expected.
  - The module also fails on any API error, on a name that matches several clusters, on an empty list, on unknown keys
    or values, and on undefined values. It checks the clusters in check mode, too.
  - The module also fails if the host on which it runs is unreachable, even with C(ignore_unreachable), and if the API
    contradicts itself about a cluster, for example if it lists a cluster twice with different contents.
  - While the module waits, it shows on the control node what is still missing, at the start and then once a minute, or
    after each poll if O(wait_sleep) is longer. At the end, it shows the result. With C(async) or C(no_log), it shows
    nothing.
  - To use the gate in C(roles) or as a dependency of a role, use the role P(netapp.nks.cluster_gate#role), which runs
    this module with role variables.
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - netapp.nks.attributes
  - netapp.nks.attributes.gate_module
  - netapp.nks.connection
options:
  clusters:
    description:
      - List of at least one cluster. Each entry is a dictionary with either C(name) or C(id).
      - Entries are validated strictly. Unknown keys, null or empty values, and values of the wrong type are refused.
    type: raw
    required: true
    suboptions:
      name:
        description:
          - Name of the cluster.
          - White space around the name and invisible characters are refused, because they are easy to overlook. If the
            name of the cluster contains them, use C(id).
          - Names are compared in the Unicode normalization form C.
        type: str
      id:
        description: ID of the cluster, which the API calls C(pk). It must be 1 or more.
        type: int
      org:
        description: ID, slug or name of the organization of the cluster. The ID of an organization selects only that
          organization. If not set, the module looks for the cluster in O(orgs).
        type: str
      expect:
        description:
          - V(running) - the cluster exists, its C(state) is V(running), and it has not failed.
          - V(present) - the cluster exists, in any state.
          - V(absent) - the cluster does not exist. The token must be able to read every organization that could contain
            it, and must see at least one organization. No other cluster can have a name that looks the same.
        type: str
        choices: [running, present, absent]
        default: running
      min_nodes:
        description: Minimum C(node_count) of the cluster, 1 or more. Not allowed with C(expect=absent).
        type: int
      min_k8s_version:
        description:
          - Minimum C(k8s_version) of the cluster, for example V(1.15) or V(v1.15.5). Put it in quotes, because YAML
            reads C(1.10) as 1.1. Not allowed with C(expect=absent).
          - A cluster whose version is not numeric, such as V(latest), is never as expected.
        type: str
  orgs:
    description:
      - Organizations in which to look for clusters whose entry has no C(org), given by ID, slug or name.
      - If not set, the environment variable E(NKS_ORG_ID) is used, a comma-separated list. It is read on the control
        node, unless C(environment) of the task sets it.
      - If neither is set, every organization that the token may read is used. If the token may not read some
        organizations, a cluster that is found by its name is accepted with a warning.
      - Null is refused, because it would select all organizations.
    type: list
    elements: str
  wait_timeout:
    description:
      - Seconds to wait until all clusters are as expected. With V(0), the module polls the API once.
      - All requests and pauses end after this time, except that each request of the first poll can take up to
        O(api_timeout) seconds. While progress is shown, the first poll does not retry requests, because later polls
        repeat them.
      - Temporary errors, such as a refused connection or the status 503, do not end the wait. The same applies if an
        organization vanishes between two requests of a poll, and to a page in place of JSON. After a successful poll,
        it also applies to a status 404 that is not from the API, but from a gateway.
      - The task keyword C(timeout) ends the task, but the module continues its requests on the host.
      - If omitted, the value from C(module_defaults) of the play applies, as it does for O(wait_sleep).
    type: float
    default: 0
  wait_sleep:
    description: Seconds between two polls of the API while waiting.
    type: float
    default: 10
notes:
  - With C(become), or on a host other than the control node, the module does not see the environment variables C(NKS_*)
    of the user. Set the options instead, for example in C(module_defaults). Only E(NKS_ORG_ID) is read on the control
    node.
seealso:
  - module: netapp.nks.nks_cluster_info
"""

EXAMPLES = r"""
- name: Continue only if the clusters are as expected
  netapp.nks.nks_cluster_gate:
    wait_timeout: 60
    clusters:
      - name: prod
        org: my-organization
        min_nodes: 3
        min_k8s_version: "1.15"
      - id: 1202
      - name: old-prod
        org: my-organization
        expect: absent

- name: Check clusters of two organizations once
  netapp.nks.nks_cluster_gate:
    orgs: [my-organization, Acme Retail]
    clusters:
      - name: staging
      - name: broken
        expect: present

- name: Handle a missing cluster without failing
  block:
    - name: Check the cluster
      netapp.nks.nks_cluster_gate:
        clusters:
          - name: missing
            org: my-organization
  rescue:
    - name: Show what is not as expected
      ansible.builtin.debug:
        msg: "{{ ansible_failed_result.unmet }}"
"""

RETURN = r"""
clusters:
  description: Expected and actual state of each entry in O(clusters), in the same order.
  returned: if a poll of the API succeeded
  type: list
  elements: dict
  contains:
    name:
      description: The name in the entry.
      returned: if it was set
      type: str
    id:
      description: The ID in the entry.
      returned: if it was set
      type: int
    org:
      description: The organization in the entry.
      returned: if it was set
      type: str
    expect:
      description: The expected state.
      returned: always
      type: str
    min_nodes:
      description: The minimum number of nodes in the entry.
      returned: if it was set
      type: int
    min_k8s_version:
      description: The minimum Kubernetes version in the entry.
      returned: if it was set
      type: str
    met:
      description: Whether the cluster is as expected.
      returned: always
      type: bool
    reasons:
      description: Reasons why the cluster is not as expected, one sentence each.
      returned: always
      type: list
      elements: str
    cluster:
      description: The cluster as M(netapp.nks.nks_cluster_info) returns it. Null if it does not exist or is ambiguous.
        If the module fails, only the fields C(pk), C(name), C(org), C(state), C(is_failed), C(node_count) and
        C(k8s_version).
      returned: always
      type: dict
  sample:
    - name: staging
      expect: running
      min_nodes: 9
      met: false
      reasons:
        - Cluster staging has 3 nodes, not 9 or more.
      cluster:
        pk: 1202
        name: staging
        org: 381
        state: running
        node_count: 3
unmet:
  description: Reasons why clusters are not as expected, one sentence each. If the last poll failed, the last sentence
    says so.
  returned: failure, except when an option is invalid
  type: list
  elements: str
  sample:
    - Cluster staging has 3 nodes, not 9 or more.
error:
  description: Why the last poll of the API failed. RV(clusters) and RV(unmet) then contain the results of an earlier
    poll.
  returned: if the last poll failed
  type: str
retry_after:
  description: Seconds to wait before the next request, as the API asked.
  returned: if the last poll failed and the API asked for a pause
  type: float
is_final:
  description: Whether the failure is final, so that waiting longer does not help.
  returned: failure, except when an option is invalid
  type: bool
msg:
  description: Whether the gate opens. If it stays shut, the message lists everything that is not as expected, one
    reason per line.
  returned: always
  type: str
  sample: "The gate opens: 2 of 2 clusters are as expected."
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.module_utils._gate import Verdict, evaluate_all, parse_entries
from ansible_collections.netapp.nks.plugins.module_utils._module import run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, ORGS
from ansible_collections.netapp.nks.plugins.module_utils._orgs import org_scope
from ansible_collections.netapp.nks.plugins.module_utils._unmet import unmet_result
from ansible_collections.netapp.nks.plugins.module_utils._wait import check_wait_options, poll_until_final


def gate(module: AnsibleModule, client: NKSClient) -> dict[str, t.Any]:
    check_wait_options(module.params["wait_timeout"], module.params["wait_sleep"])
    expectations = parse_entries(module.params["clusters"])
    scope = org_scope(module.params["orgs"])
    timeout = 0.0 if module.check_mode else module.params["wait_timeout"]
    verdicts, failure, ends, waited = poll_until_final(
        client,
        lambda limited: evaluate_all(limited, expectations, scope),
        is_final,
        timeout,
        module.params["wait_sleep"],
    )
    reasons = [reason for verdict in verdicts or [] for reason in verdict.reasons]
    if verdicts is not None and not (reasons or failure):
        for warning in dict.fromkeys(warning for verdict in verdicts for warning in verdict.warnings):
            module.warn(warning)
        return {
            "msg": f"The gate opens: {len(verdicts)} of {len(verdicts)} clusters are as expected.",
            "clusters": [verdict.result() for verdict in verdicts],
        }
    return {
        **unmet_result("The gate stays shut", reasons, failure, is_final=ends, waited=waited),
        **({"clusters": [verdict.summary() for verdict in verdicts]} if verdicts is not None else {}),
    }


def is_final(verdicts: list[Verdict] | None, failure: NKSError | None) -> bool:
    """Return whether another poll cannot change the result."""
    if verdicts is None or failure:
        return False
    return any(verdict.is_final for verdict in verdicts) or not any(verdict.reasons for verdict in verdicts)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CONNECTION,
            **ORGS,
            "clusters": {"type": "raw", "required": True},
            "wait_timeout": {"type": "float", "default": 0},
            "wait_sleep": {"type": "float", "default": 10},
        },
        supports_check_mode=True,
    )
    run_module(module, gate)


if __name__ == "__main__":
    main()
