# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show clusters as a table."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet_table
short_description: Show clusters of the NetApp Kubernetes Service as a table
version_added: 1.0.0
description:
  - Converts clusters, for example those that M(netapp.nks.nks_cluster_info) returns, into lines of text.
  - The columns are organization, name, provider, region, Kubernetes version, number of nodes and state.
  - The state of a cluster that has failed contains V(failed).
  - The columns are aligned for a terminal, in which a wide character, such as a Chinese one or an emoji, takes two
    cells.
  - To print such a table, use M(netapp.nks.cluster_table).
author:
  - netapp.nks contributors (@netapp)
positional: orgs
options:
  _input:
    description:
      - Clusters as the API returns them, in the order of the lines. Any field may be missing.
    type: list
    elements: dict
    required: true
  orgs:
    description:
      - Organizations as M(netapp.nks.nks_org_info) returns them. If they are given, the table shows the name of each
        organization instead of its ID. If several organizations have the same name, it shows both.
    type: list
    elements: dict
seealso:
  - module: netapp.nks.cluster_table
  - plugin: netapp.nks.fleet_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Get the organizations
  netapp.nks.nks_org_info:
  register: organizations

- name: Get the clusters
  netapp.nks.nks_cluster_info:
  register: fleet

- name: Write the clusters that are not running to a file
  ansible.builtin.copy:
    content: "{{ not_running | netapp.nks.fleet_table(organizations.orgs) | join('\n') }}\n"
    dest: /tmp/not_running.txt
    mode: "0644"
  vars:
    not_running: "{{ fleet.clusters | rejectattr('state', 'eq', 'running') }}"
"""

RETURN = r"""
_value:
  description: A line of column titles, and a line for each cluster.
  type: list
  elements: str
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.plugin_utils import _report


def fleet_table(clusters: t.Any, orgs: t.Any = None) -> list[str]:
    try:
        return _report.table(clusters, orgs)
    except NKSError as exc:
        raise AnsibleFilterError(f"netapp.nks.fleet_table: {exc}") from exc


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"fleet_table": fleet_table}
