#!/usr/bin/python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Query the organizations of NKS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nks_org_info
short_description: Query organizations of the NetApp Kubernetes Service
version_added: 1.0.0
description:
  - Returns all organizations that an API token sees, or those with a given ID, name or slug.
  - A token also sees organizations in which its account does not have the role C(Owner), but it may not read their
    clusters.
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - netapp.nks.attributes
  - netapp.nks.attributes.info_module
  - netapp.nks.connection
options:
  id:
    description:
      - Select the organization with this ID, which the API calls C(pk).
      - O(id), O(name) and O(slug) are mutually exclusive.
    type: int
  name:
    description: Select the organizations with exactly this name. Names are not unique.
    type: str
  slug:
    description: Select the organizations with exactly this slug.
    type: str
seealso:
  - module: netapp.nks.nks_cluster_info
  - module: netapp.nks.nks_org
  - module: netapp.nks.nks_workspace_info
"""

EXAMPLES = r"""
- name: Get all organizations
  netapp.nks.nks_org_info:
  register: all

- name: Show the IDs and names of the organizations
  ansible.builtin.debug:
    msg: "{{ all.orgs | items2dict('pk', 'name') }}"

- name: Get one organization, with the token from a file
  netapp.nks.nks_org_info:
    api_token: "{{ lookup('ansible.builtin.file', '/run/secrets/nks') }}"
    slug: my-organization
  register: mine

- name: Fail if the organization does not exist
  ansible.builtin.assert:
    that: mine.orgs | length == 1
"""

RETURN = r"""
orgs:
  description:
    - The selected organizations as the API returns them. Empty if none matches.
    - Any field may be missing, and servers may add fields.
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
    slug:
      description: Name for use in URLs. May be empty.
      type: str
    logo:
      description: URL of the logo, or null.
      type: str
    created:
      description: When the organization was created.
      type: str
    updated:
      description: When the organization was last changed.
      type: str
  sample:
    - pk: 381
      name: My Organization
      slug: my-organization
      logo: null
      created: "2018-08-05T14:35:53.161852Z"
      updated: "2019-01-31T18:31:21.583756Z"
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._module import params_for, run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, IDENTITY_WITH_SLUG
from ansible_collections.netapp.nks.plugins.module_utils._orgs import select_orgs


def query(module: AnsibleModule, client: NKSClient) -> dict[str, t.Any]:
    orgs = select_orgs(client.orgs(), None)
    return {"orgs": [org.raw for org in orgs if org.matches(**params_for(module, IDENTITY_WITH_SLUG))]}


def main() -> None:
    module = AnsibleModule(
        argument_spec={**CONNECTION, **IDENTITY_WITH_SLUG},
        mutually_exclusive=[("id", "name", "slug")],
        supports_check_mode=True,
    )
    run_module(module, query)


if __name__ == "__main__":
    main()
