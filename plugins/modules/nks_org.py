#!/usr/bin/python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Update an organization of NKS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nks_org
short_description: Update an organization of the NetApp Kubernetes Service
version_added: 1.0.0
description:
  - Changes name, slug or logo of an organization that exists. What is not given stays as it is.
  - Sends only what differs, and nothing if nothing does.
  - This is the one module of the collection that writes to the service. Its request is never repeated once it may have
    reached the service. If it is not answered, the module fails and says that the change may have been made.
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - netapp.nks.attributes
  - netapp.nks.attributes.update_module
  - netapp.nks.connection
  - netapp.nks.connection.modules
options:
  org:
    description: The organization, by its ID, slug or name, tried in this order.
    type: str
    required: true
  name:
    description:
      - Name that the organization shall have.
      - At least one of O(name), O(slug) and O(logo) is required.
    type: str
  slug:
    description: Slug that the organization shall have. At most 50 letters, digits, dashes and underscores.
    type: str
  logo:
    description: URL of the logo that the organization shall have. The empty string removes the logo.
    type: str
seealso:
  - module: netapp.nks.nks_org_info
"""

EXAMPLES = r"""
- name: Set name and logo of an organization
  netapp.nks.nks_org:
    org: my-organization
    name: Platform Team
    logo: https://example.com/logo.png

- name: Remove its logo
  netapp.nks.nks_org:
    org: my-organization
    logo: ""
"""

RETURN = r"""
org:
  description: The organization as it is now, or in check mode as it would be, as the API answers it.
  returned: success
  type: dict
  sample:
    pk: 381
    name: Platform Team
    slug: my-organization
    logo: https://example.com/logo.png
    created: "2018-08-05T14:35:53.161852Z"
    updated: "2019-01-31T18:31:21.583756Z"
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._fleet import find_org, object_pk
from ansible_collections.netapp.nks.plugins.module_utils._module import run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import MODULE_CONNECTION


def update(module: AnsibleModule, client: NKSClient) -> dict[str, t.Any]:
    org = find_org(client.orgs(), module.params["org"])
    wanted = {field: module.params[field] for field in ("name", "slug", "logo") if module.params[field] is not None}
    if wanted.get("logo") == "":
        wanted["logo"] = None
    changes = {field: value for field, value in wanted.items() if org.get(field) != value}
    before = {field: org.get(field) for field in changes}
    if changes:
        org = {**org, **changes} if module.check_mode else client.update_org(object_pk(org, "an organization"), changes)
    after = {field: org.get(field) for field in changes}
    return {"changed": bool(changes), "org": org, "diff": {"before": before, "after": after}}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **MODULE_CONNECTION,
            "org": {"type": "str", "required": True},
            "name": {"type": "str"},
            "slug": {"type": "str"},
            "logo": {"type": "str"},
        },
        required_one_of=[("name", "slug", "logo")],
        supports_check_mode=True,
    )
    run_module(module, update)


if __name__ == "__main__":
    main()
