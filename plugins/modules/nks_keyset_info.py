#!/usr/bin/python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Query the keysets of NKS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nks_keyset_info
short_description: Query keysets of the NetApp Kubernetes Service
version_added: 1.0.0
description:
  - Returns the keysets of an organization. A keyset holds the credentials for a provider or a solution, or an SSH key
    pair. The API never returns the keys.
  - To create a cluster, M(netapp.nks.nks_cluster) needs the ID or name of a keyset.
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - netapp.nks.attributes
  - netapp.nks.attributes.info_module
  - netapp.nks.connection
options:
  org:
    description:
      - ID, slug or name of the organization.
      - If not set, the environment variable E(NKS_ORG_ID) is used. If that is not set either, the token must see
        exactly one organization.
    type: str
  id:
    description: Select the keyset with this ID, which the API calls C(pk).
    type: int
  name:
    description: Select the keysets with exactly this name. Keysets of different categories can have the same name.
    type: str
  category:
    description: Select the keysets of this category, for example V(provider), V(user_ssh), V(solution) or V(storage).
    type: str
  entity:
    description: Select the keysets for this provider or solution, for example V(aws) or V(sysdig).
    type: str
  workspace:
    description: Select the keysets that this workspace can use, given by its ID, slug or name. All workspaces can use a
      keyset whose C(workspaces) is empty.
    type: str
seealso:
  - module: netapp.nks.nks_cluster
  - module: netapp.nks.nks_keyset
  - module: netapp.nks.nks_workspace_info
"""

EXAMPLES = r"""
- name: Get the keysets for AWS
  netapp.nks.nks_keyset_info:
    org: my-organization
    category: provider
    entity: aws
  register: found

- name: Show the IDs and names of the keysets
  ansible.builtin.debug:
    msg: "{{ found.keysets | items2dict('pk', 'name') }}"
"""

RETURN = r"""
keysets:
  description:
    - The selected keysets as the API returns them. Empty if none matches.
    - Any field may be missing, and servers may add fields.
  returned: success
  type: list
  elements: dict
  contains:
    pk:
      description: ID of the keyset.
      type: int
    name:
      description: Name of the keyset.
      type: str
    category:
      description: Purpose of the keyset, for example V(provider), V(user_ssh), V(solution) or V(storage).
      type: str
    entity:
      description: The provider or solution. Empty for an SSH key pair.
      type: str
    org:
      description: ID of the organization.
      type: int
    workspaces:
      description: IDs of the workspaces that can use the keyset. If the list is empty, all workspaces can use it.
      type: list
      elements: int
    is_default:
      description: Whether this is the default keyset of its category and entity.
      type: bool
    created:
      description: When the keyset was created.
      type: str
  sample:
    - pk: 38105
      name: Keys of aws
      category: provider
      entity: aws
      org: 381
      workspaces: []
      is_default: false
      created: "2018-11-14T22:03:02.892559Z"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._lifecycle import find_named, find_own_org
from ansible_collections.netapp.nks.plugins.module_utils._module import params_for, run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, IDENTITY, OWN_ORG, Spec
from ansible_collections.netapp.nks.plugins.module_utils._types import Keyset

KIND: Spec = {"category": {"type": "str"}, "entity": {"type": "str"}}


def query(module: AnsibleModule, client: NKSClient) -> JSON:
    org = find_own_org(client, module.params["org"])
    identity = params_for(module, IDENTITY)
    kind = params_for(module, KIND)
    workspace = module.params["workspace"]
    pk = None if workspace is None else find_named(client.workspaces(org), "workspace", workspace).pk

    def matches(keyset: Keyset) -> bool:
        workspaces = keyset.workspace_pks
        is_usable = pk is None or not workspaces or pk in workspaces
        return keyset.matches(**identity) and keyset.is_of_kind(**kind) and is_usable

    return {"keysets": [keyset.raw for keyset in client.keysets(org) if matches(keyset)]}


def main() -> None:
    module = AnsibleModule(
        argument_spec={**CONNECTION, **OWN_ORG, **IDENTITY, **KIND, "workspace": {"type": "str"}},
        mutually_exclusive=[("id", "name")],
        supports_check_mode=True,
    )
    run_module(module, query)


if __name__ == "__main__":
    main()
