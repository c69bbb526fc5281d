# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin that prints clusters as a table."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_table
short_description: Print clusters of the NetApp Kubernetes Service as a table
version_added: 1.0.0
description:
  - Prints a header line and one line for each cluster to the standard output of the control node. The output is plain
    text with every callback plugin and every C(result_format).
  - The columns are organization, name, provider, region, Kubernetes version, number of nodes and state. For a cluster
    that has failed, the state contains V(failed).
  - In a terminal, the widest columns are truncated to fit the width. Elsewhere, for example in a pipe, nothing is
    truncated.
  - Makes no request. Get the clusters with another module, for example M(netapp.nks.nks_cluster_info).
  - With C(no_log), it prints nothing.
author:
  - netapp.nks contributors (@netapp)
options:
  clusters:
    description: Clusters as the API returns them, printed in the same order. Any field may be missing.
    type: list
    elements: dict
    required: true
  orgs:
    description:
      - Organizations as M(netapp.nks.nks_org_info) returns them. The table then shows the name of each organization
        instead of its ID. If several organizations have the same name, it also shows the ID.
    type: list
    elements: dict
attributes:
  action:
    description: Runs as an action plugin on the control node.
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

- name: Print the clusters
  netapp.nks.cluster_table:
    clusters: "{{ fleet.clusters }}"
    orgs: "{{ fleet.orgs }}"
"""

RETURN = r"""
{}
"""
