# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints clusters as a table. The action plugin of the same name does it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_table
short_description: Print clusters of the NetApp Kubernetes Service as a table
version_added: 1.0.0
description:
  - Prints a line of titles and a line for each cluster to the standard output of the controller. The lines are plain
    text with every callback plugin and every C(result_format).
  - The columns are organization, name, provider, region, Kubernetes version, number of nodes and state. A cluster that
    has failed has V(failed) in its state.
  - In a terminal, the widest columns are cut so that a line fits. Elsewhere, for example in a pipe, nothing is cut.
  - Makes no request. The clusters come from M(netapp.nks.nks_cluster_info), for example.
  - With C(no_log) it prints nothing.
author:
  - netapp.nks contributors (@netapp)
options:
  clusters:
    description: Clusters as the API returns them. Any field may be missing. They keep their order.
    type: list
    elements: dict
    required: true
  orgs:
    description:
      - Organizations as M(netapp.nks.nks_org_info) returns them. The table then has the name of each organization
        instead of its ID, and the ID too where several organizations have the same name.
    type: list
    elements: dict
attributes:
  action:
    description: This is an action plugin, which runs on the controller.
    support: full
  check_mode:
    description: Can run in C(check_mode) and return the status without changing anything.
    support: full
    details:
      - This module never changes anything.
  diff_mode:
    description: Returns what has changed, or would change, in diff mode.
    support: N/A
    details:
      - This module never changes anything.
seealso:
  - plugin: netapp.nks.fleet_table
    plugin_type: filter
  - module: netapp.nks.nks_cluster_info
"""

EXAMPLES = r"""
- name: Get the running clusters
  netapp.nks.nks_cluster_info:
    states: [running]
    include_orgs: true
  register: fleet

- name: Print them
  netapp.nks.cluster_table:
    clusters: "{{ fleet.clusters }}"
    orgs: "{{ fleet.orgs }}"
"""

RETURN = r"""
{}
"""
