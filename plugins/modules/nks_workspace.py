#!/usr/bin/python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, change and delete workspaces of NKS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nks_workspace
short_description: Create, change and delete workspaces of the NetApp Kubernetes Service
version_added: 1.0.0
description:
  - Creates a workspace, renames it, makes it the default workspace of its organization, or deletes it.
  - A workspace is identified by O(name) within its organization, or by O(id). Renaming a workspace does not change its
    slug.
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - netapp.nks.attributes
  - netapp.nks.attributes.update_module
  - netapp.nks.connection
  - netapp.nks.lifecycle.at_once
  - netapp.nks.lifecycle.state
options:
  name:
    description: Name of the workspace.
    type: str
  id:
    description: ID of the workspace, which the API calls C(pk).
    type: int
  new_name:
    description: New name of the workspace. If no workspace has the name O(name), but one has the new name, that one is
      used.
    type: str
  is_default:
    description: Whether this is the default workspace of the organization. You cannot set the default workspace to
      V(false). Make another workspace the default instead.
    type: bool
  force:
    description:
      - Whether to request the deletion of a workspace that contains clusters, federations or solutions. It is not known
        what NKS does with them.
      - The default workspace is never deleted.
    type: bool
    default: false
seealso:
  - module: netapp.nks.nks_keyset
  - module: netapp.nks.nks_workspace_info
"""

EXAMPLES = r"""
- name: Create a workspace
  netapp.nks.nks_workspace:
    org: my-organization
    name: Team B

- name: Rename the workspace
  netapp.nks.nks_workspace:
    org: my-organization
    name: Team B
    new_name: Team C

- name: Delete the workspace
  netapp.nks.nks_workspace:
    org: my-organization
    name: Team C
    state: absent
"""

RETURN = r"""
workspace:
  description: The workspace, without the secrets in C(user_solutions). Null if it does not exist.
  returned: success, and on failures after a request was sent
  type: dict
  sample:
    pk: 20001
    name: Team B
    slug: team-b
    org: 381
    is_default: false
actions:
  description: Requests that were sent, or would be sent in check mode, one sentence each.
  returned: success, and on failures after a request was sent
  type: list
  elements: str
  sample:
    - Create the workspace Team B.
is_requested:
  description: Whether all required changes have been requested.
  returned: success, and on failures after a request was sent
  type: bool
unmet:
  description: Changes that the API accepted but did not make, one sentence each.
  returned: when there are any
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netapp.nks.plugins.module_utils import _plan_org
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._lifecycle import (
    Operations,
    find_own_org,
    find_renamed,
    reconcile,
)
from ansible_collections.netapp.nks.plugins.module_utils._module import run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, ORG_RESOURCE
from ansible_collections.netapp.nks.plugins.module_utils._plan import Plan, Request
from ansible_collections.netapp.nks.plugins.module_utils._types import Org, Workspace, join_limited
from ansible_collections.netapp.nks.plugins.module_utils._unmet import failure_title


def run(module: AnsibleModule, client: NKSClient) -> JSON:
    wanted = module.params
    org = find_own_org(client, wanted["org"])
    is_wanted = wanted["state"] == "present"

    def poll(limited: NKSClient) -> Workspace | None:
        return find_renamed(limited.workspaces(org), "workspace", wanted)

    def plan(there: Workspace | None) -> Plan:
        if not is_wanted:
            return _plan_org.plan_workspace_absent(there, wanted["force"])
        return _plan_org.plan_workspace(wanted, there)

    def send(client: NKSClient, there: Workspace | None, request: Request) -> None:
        if request.action == "create":
            client.create_workspace(org, request.body)
        elif there and request.action == "update":
            client.update_workspace(org, there.pk, request.body)
        elif there:
            client.delete_workspace(org, there.pk)

    def unmet(_client: NKSClient, there: Workspace | None) -> tuple[list[str], bool]:
        needed = plan(there).requests
        return [f"The API accepted a change, but did not make it: {request.sentence}" for request in needed], False

    def check(client: NKSClient, requests: list[Request]) -> None:
        if requests[0].action == "delete" and not wanted["force"]:
            check_empty(client, org, requests[0].target)

    if wanted["id"] is not None and is_wanted and poll(client) is None:
        raise NKSError(f"There is no workspace with the ID {wanted['id']}. To create one, give its name.")
    title = failure_title("workspace", wanted["name"] or wanted["id"], is_wanted)
    operations = Operations(title, poll, plan, send, unmet, lambda there: {"workspace": there and there.raw}, check)
    return reconcile(client, operations, wanted, module.check_mode)


def check_empty(client: NKSClient, org: Org, pk: int) -> None:
    """Check that no cluster is in the workspace. Not every endpoint lists the clusters in the workspace itself.

    :raises NKSError: the workspace has a cluster.
    """
    clusters = client.clusters(org, include_service_clusters=True)
    inside = [cluster for cluster in clusters if cluster.workspace_pk == pk]
    if inside:
        raise NKSError(
            f"The workspace with the ID {pk} is not deleted, because force is false and it has clusters: "
            f"{join_limited(inside)}."
        )


def main() -> None:
    module = AnsibleModule(
        argument_spec={**CONNECTION, **ORG_RESOURCE, "force": {"type": "bool", "default": False}},
        required_one_of=[("name", "id")],
        supports_check_mode=True,
    )
    run_module(module, run)


if __name__ == "__main__":
    main()
