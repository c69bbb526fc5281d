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
  - Succeeds only if every cluster in O(clusters) is as expected, seen in one look at the API. Put it in front of a
    deployment.
  - With O(wait_timeout) it looks again until all clusters are as expected. It fails at once when a cluster that should
    run has failed, and on a failure that waiting does not change, such as the statuses 400, 401 and 403.
  - It fails once, with a list of everything that is not as expected.
  - It also fails on any error of the API, on a name that fits several clusters, on an empty list, on a key or a value
    that it does not know and on what is not defined. It looks in check mode, too.
  - While it waits, it shows on the controller what is still missing, at the start and then once a minute, or after each
    look if O(wait_sleep) is longer, and at the end the verdict. With C(async) or C(no_log) it shows nothing.
  - It fails, too, if the host on which it runs cannot be reached, even with C(ignore_unreachable), and if the API
    contradicts itself about a cluster, for example if it lists a cluster twice with different contents.
  - The role P(netapp.nks.cluster_gate#role) runs this module with variables, for C(roles) and for dependencies of
    roles.
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - netapp.nks.attributes
  - netapp.nks.attributes.gate_module
  - netapp.nks.connection
options:
  clusters:
    description:
      - The clusters, at least one. Each entry is a dictionary with either C(name) or C(id).
      - The module reads an entry strictly. It refuses other keys, values that are null or empty, and values of another
        type, instead of guessing what they mean.
    type: raw
    required: true
    suboptions:
      name:
        description:
          - Name of the cluster.
          - White space around a name and characters that cannot be seen are refused, because they are easily
            overlooked. If the name of the cluster has them, give C(id).
          - Names are compared in the Unicode normalization form C.
        type: str
      id:
        description: ID of the cluster, which the API calls C(pk). It is 1 or more.
        type: int
      org:
        description: ID, slug or name of the organization of the cluster. Without it, the cluster is looked for in
          O(orgs).
        type: str
      expect:
        description:
          - V(running) - the cluster is there, its C(state) is V(running), and it has not failed.
          - V(present) - the cluster is there, in any state.
          - V(absent) - the cluster is not there, and every organization that it could be in can be read. The token must
            see at least one organization, and no cluster may have a name that looks the same.
        type: str
        choices: [running, present, absent]
        default: running
      min_nodes:
        description: The C(node_count) of the cluster must be at least this. Not with C(expect=absent).
        type: int
      min_k8s_version:
        description:
          - The C(k8s_version) of the cluster must be at least this, for example V(1.15) or V(v1.15.5). Put it in
            quotes, because YAML reads C(1.10) as 1.1. Not with C(expect=absent).
          - A cluster whose version is not a number, such as V(latest), does not meet it.
        type: str
  orgs:
    description:
      - Organizations in which to look for clusters whose entry has no C(org), each by its ID, slug or name.
      - If it is not given, the environment variable E(NKS_ORG_ID) is used, a list separated by commas. It is read on
        the controller, unless C(environment) of the task sets it. If it is not set either, every organization that the
        token may read is used. A cluster that is found by its name then opens the gate with a warning if there are
        organizations that the token may not read.
      - Null is refused, because it would select all organizations.
    type: list
    elements: str
  wait_timeout:
    description:
      - Seconds to wait until all clusters are as expected. With V(0) it looks once.
      - No request and no pause goes on after this time, except that each request of the first look has O(api_timeout).
        With progress shown, the first look repeats no request, because the wait does.
      - A request that fails in a way that may pass, such as no connection or the status 503, counts as not yet as
        expected. So does an organization that is gone between two requests of a look, and an answer that is not the
        API's, such as a page of a gateway, once a look has succeeded.
      - A C(timeout) of the task ends the task, but not the module, which goes on with its requests on its host.
      - If it is omitted, what C(module_defaults) of the play set applies. The same is true for O(wait_sleep).
    type: float
    default: 0
  wait_sleep:
    description: Seconds between two looks while waiting.
    type: float
    default: 10
notes:
  - With C(become), or on another host than the controller, the environment variables C(NKS_*) of the user are not
    there. Set the options instead, for example in C(module_defaults). Only E(NKS_ORG_ID) is read on the controller.
seealso:
  - module: netapp.nks.nks_cluster_info
"""

EXAMPLES = r"""
- name: Go on only when the clusters are there
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

- name: Look once, in two organizations
  netapp.nks.nks_cluster_gate:
    orgs: [my-organization, Acme Retail]
    clusters:
      - name: staging
      - name: broken
        expect: present

- name: Do something else instead of failing when the cluster is not there
  block:
    - name: Look for the cluster
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
  description: What was expected and seen, one entry for each entry of O(clusters), in the same order.
  returned: if a look at the API succeeded
  type: list
  elements: dict
  contains:
    name:
      description: The name that was given.
      returned: if it was given
      type: str
    id:
      description: The ID that was given.
      returned: if it was given
      type: int
    org:
      description: The organization that was given.
      returned: if it was given
      type: str
    expect:
      description: What was expected.
      returned: always
      type: str
    min_nodes:
      description: The number of nodes that was given.
      returned: if it was given
      type: int
    min_k8s_version:
      description: The version that was given.
      returned: if it was given
      type: str
    met:
      description: Whether the cluster is as expected.
      returned: always
      type: bool
    reasons:
      description: Why it is not, a sentence for each reason.
      returned: always
      type: list
      elements: str
    cluster:
      description: The cluster as M(netapp.nks.nks_cluster_info) returns it. Null if it is not there or not certain. If
        the gate fails, only its C(pk), C(name), C(org), C(state), C(is_failed), C(node_count) and C(k8s_version).
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
  description: The reasons of all clusters. If the last look failed, the last one says so.
  returned: failure, except when O(clusters) or another option cannot be used
  type: list
  elements: str
  sample:
    - Cluster staging has 3 nodes, not 9 or more.
error:
  description: Why the last look at the API failed. RV(clusters) and RV(unmet) hold what an earlier look saw.
  returned: if the last look failed
  type: str
retry_after:
  description: Seconds to wait before the next request, as the API asked.
  returned: if the last look failed and the API asks for it
  type: float
is_final:
  description: Whether the failure is final, so that waiting longer does not help.
  returned: failure, except when O(clusters) or another option cannot be used
  type: bool
msg:
  description: Whether the gate opens. If it does not, everything that is not as expected, one reason a line.
  returned: always
  type: str
  sample: "The gate opens: 2 of 2 clusters are as expected."
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.module_utils._gate import Verdict, evaluate_all, parse_entries
from ansible_collections.netapp.nks.plugins.module_utils._module import run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, ORGS
from ansible_collections.netapp.nks.plugins.module_utils._orgs import org_scope
from ansible_collections.netapp.nks.plugins.module_utils._unmet import unmet_result
from ansible_collections.netapp.nks.plugins.module_utils._wait import check_seconds, poll_until


def gate(module: AnsibleModule, client: NKSClient) -> dict[str, t.Any]:
    check_seconds(module.params["wait_timeout"], module.params["wait_sleep"])
    expectations = parse_entries(module.params["clusters"])
    scope = org_scope(module.params["orgs"])
    timeout = 0.0 if module.check_mode else module.params["wait_timeout"]
    began = time.monotonic()
    verdicts: list[Verdict] | None = None
    failure: NKSError | None
    try:
        verdicts, failure = poll_until(
            client,
            lambda limited: evaluate_all(limited, expectations, scope),
            is_final,
            timeout,
            module.params["wait_sleep"],
        )
        ends = is_final(verdicts, failure)
    except NKSError as exc:
        failure, ends = exc, True
    reasons = [reason for verdict in verdicts or [] for reason in verdict.reasons]
    if verdicts is not None and not (reasons or failure):
        for warning in dict.fromkeys(warning for verdict in verdicts for warning in verdict.warnings):
            module.warn(warning)
        return {
            "msg": f"The gate opens: {len(verdicts)} of {len(verdicts)} clusters are as expected.",
            "clusters": [verdict.result() for verdict in verdicts],
        }
    waited = time.monotonic() - began if timeout and not ends else None
    return {
        **unmet_result("The gate stays shut", reasons, failure, is_final=ends, waited=waited),
        **({"clusters": [verdict.summary() for verdict in verdicts]} if verdicts is not None else {}),
    }


def is_final(verdicts: list[Verdict] | None, failure: NKSError | None) -> bool:
    """Whether another poll cannot change the result."""
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
