#!/usr/bin/python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Query the instance sizes of nodes of NKS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nks_instance_size_info
short_description: Query instance sizes of nodes of the NetApp Kubernetes Service
version_added: 1.0.0
description:
  - Returns the instance sizes of nodes that a cloud provider offers.
  - If the API has a list of sizes for the provider, M(netapp.nks.nks_cluster), M(netapp.nks.nks_master_node) and
    M(netapp.nks.nks_node_pool) refuse other sizes.
author:
  - netapp.nks contributors (@netapp)
extends_documentation_fragment:
  - netapp.nks.attributes
  - netapp.nks.attributes.info_module
  - netapp.nks.connection
options:
  provider:
    description: Cloud provider, for example V(aws).
    type: str
    required: true
  name:
    description: Select the instance sizes with exactly this C(name) or C(value).
    type: str
seealso:
  - module: netapp.nks.nks_cluster
"""

EXAMPLES = r"""
- name: Get the instance sizes on AWS
  netapp.nks.nks_instance_size_info:
    provider: aws
  register: aws

- name: Show the instance sizes with four cores or more
  ansible.builtin.debug:
    msg: "{{ aws.instance_sizes | selectattr('cpu', 'ge', 4) | map(attribute='value') }}"
"""

RETURN = r"""
instance_sizes:
  description: The selected instance sizes as the API returns them. Empty if the provider is not known.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the instance size.
      type: str
    value:
      description: Value for the size options of other modules, such as
        O(netapp.nks.nks_node_pool#module:instance_size).
      type: str
    cpu:
      description: Number of cores.
      type: int
    memory:
      description: Memory in MB.
      type: int
  sample:
    - name: t2.medium
      value: t2.medium
      cpu: 2
      memory: 4000
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._module import run_module
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION


def query(module: AnsibleModule, client: NKSClient) -> JSON:
    name = module.params["name"]
    sizes = client.instance_sizes(module.params["provider"])
    return {"instance_sizes": [size for size in sizes if name in (None, size.get("name"), size.get("value"))]}


def main() -> None:
    module = AnsibleModule(
        argument_spec={**CONNECTION, "provider": {"type": "str", "required": True}, "name": {"type": "str"}},
        supports_check_mode=True,
    )
    run_module(module, query)


if __name__ == "__main__":
    main()
