#!/usr/bin/python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Query the workspaces of NKS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nks_workspace_info
short_description: Query workspaces of the NetApp Kubernetes Service
version_added: 1.0.0
description:
  - Returns the workspaces of one, several or all organizations that an API token may read.
  - To select clusters by workspace, use O(netapp.nks.nks_cluster_info#module:workspaces).
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - netapp.nks.attributes
  - netapp.nks.attributes.info_module
  - netapp.nks.connection
  - netapp.nks.selection.orgs
options:
  id:
    description:
      - Select the workspace with this ID, which the API calls C(pk).
      - O(id), O(name) and O(slug) are mutually exclusive.
    type: int
  name:
    description: Select the workspaces with exactly this name. Several organizations can have a workspace with the same
      name.
    type: str
  slug:
    description: Select the workspaces with exactly this slug. Several organizations can have a workspace with the same
      slug.
    type: str
seealso:
  - module: netapp.nks.nks_cluster_info
  - module: netapp.nks.nks_org_info
  - module: netapp.nks.nks_workspace
"""

EXAMPLES = r"""
- name: Get the workspaces of all organizations that the token may read
  netapp.nks.nks_workspace_info:
  register: all

- name: Show the IDs and names of the workspaces
  ansible.builtin.debug:
    msg: "{{ all.workspaces | items2dict('pk', 'name') }}"

- name: Get one workspace of one organization
  netapp.nks.nks_workspace_info:
    orgs: [my-organization]
    name: Team A
  register: team

- name: Get the clusters in the workspace
  netapp.nks.nks_cluster_info:
    orgs: [my-organization]
    workspaces: "{{ team.workspaces | map(attribute='pk') }}"
  register: clusters_of_team

- name: Find a workspace by its ID to see its organization
  netapp.nks.nks_workspace_info:
    id: 21
  register: found
"""

RETURN = r"""
workspaces:
  description:
    - The selected workspaces as the API returns them, without the secrets in C(user_solutions). Empty if none matches.
    - Any field may be missing, and servers may add fields.
  returned: success
  type: list
  elements: dict
  contains:
    pk:
      description: ID of the workspace.
      type: int
    name:
      description: Name of the workspace, for example V(Default).
      type: str
    slug:
      description: Name for use in URLs.
      type: str
    org:
      description: ID of the organization.
      type: int
    is_default:
      description: Whether this is the default workspace of the organization.
      type: bool
    created:
      description: When the workspace was created.
      type: str
    clusters:
      description: The clusters in the workspace with their C(pk), C(name), C(provider) and C(state).
      type: list
      elements: dict
  sample:
    - pk: 21
      name: Team A
      slug: team-a
      org: 381
      is_default: false
      created: "2018-11-20T10:15:01.104210Z"
skipped_orgs:
  description: Organizations that the token sees but may not read. They may have workspaces that are not in
    RV(workspaces). An organization in O(orgs) is never skipped.
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

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.module_utils._module import params_for, run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, IDENTITY_WITH_SLUG, ORGS
from ansible_collections.netapp.nks.plugins.module_utils._orgs import org_scope, read_scopes


def query(module: AnsibleModule, client: NKSClient) -> dict[str, t.Any]:
    scope = org_scope(module.params["orgs"])
    contents = read_scopes(client, [scope], client.workspaces)[scope]
    if isinstance(contents, NKSError):
        raise contents
    for skipped in contents.skipped_orgs:
        module.warn(skipped.warning())
    identity = params_for(module, IDENTITY_WITH_SLUG)
    return {
        "workspaces": [workspace.raw for workspace in contents.items if workspace.matches(**identity)],
        "skipped_orgs": [skipped.result() for skipped in contents.skipped_orgs],
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CONNECTION,
            **ORGS,
            **IDENTITY_WITH_SLUG,
        },
        mutually_exclusive=[("id", "name", "slug")],
        supports_check_mode=True,
    )
    run_module(module, query)


if __name__ == "__main__":
    main()
