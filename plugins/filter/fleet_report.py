# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare clusters for a report."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet_report
short_description: Count and group clusters of the NetApp Kubernetes Service for a report
version_added: 1.0.0
description:
  - Sorts, groups and counts clusters, for example those that M(netapp.nks.nks_cluster_info) returns. Use the result in
    your own template.
  - The role P(netapp.nks.fleet_report#role) uses this filter to write a report in HTML, Markdown or CSV.
author:
  - netapp.nks contributors (@netapp)
positional: orgs
options:
  _input:
    description: Clusters as the API returns them. Any field may be missing.
    type: list
    elements: dict
    required: true
  orgs:
    description:
      - Organizations as M(netapp.nks.nks_org_info) returns them. If they are given, the report shows the name of each
        organization instead of its ID. If several organizations have the same name, it shows both.
    type: list
    elements: dict
  escape:
    description:
      - Escape each text for a file of this format, as P(netapp.nks.report_text#filter) does. Names of clusters come
        from the API and can contain any characters, so use this option in every template that writes such a file.
      - By default, texts are not escaped.
    type: str
    choices: [html, markdown, csv]
  max_length:
    description:
      - Maximum number of characters of a text. A longer text is cut, and ends with C(…). C(failure) and
        C(failure_details) are never cut.
      - By default, no text is cut.
    type: int
seealso:
  - plugin: netapp.nks.fleet_table
    plugin_type: filter
  - plugin: netapp.nks.report_text
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Get the organizations
  netapp.nks.nks_org_info:
  register: organizations

- name: Get the clusters
  netapp.nks.nks_cluster_info:
    include_failures: true
  register: fleet

- name: Show the totals
  ansible.builtin.debug:
    msg: "{{ report.totals.failed }} of {{ report.totals.clusters }} clusters have failed."
  vars:
    report: "{{ fleet.clusters | netapp.nks.fleet_report(organizations.orgs) }}"

- name: Show how many clusters each organization has
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.totals.clusters }}"
  loop: "{{ (fleet.clusters | netapp.nks.fleet_report(organizations.orgs)).orgs }}"
  loop_control:
    label: "{{ item.name }}"

- name: Write a page that lists the clusters that have failed
  ansible.builtin.copy:
    dest: /tmp/failed.html
    content: |
      <!DOCTYPE html>
      <title>Failed clusters</title>
      {% for cluster in report.failed %}
      <p>{{ cluster.name }}: {{ cluster.failure }}</p>
      {% endfor %}
    mode: "0644"
  vars:
    report: "{{ fleet.clusters | netapp.nks.fleet_report(organizations.orgs, escape='html') }}"
"""

RETURN = r"""
_value:
  description: The content of a report.
  type: dict
  contains:
    clusters:
      description:
        - The clusters, sorted by organization and name. Text is empty if the API does not return it.
      type: list
      elements: dict
      contains:
        org:
          description: Name of the organization, or its ID if the name is not known.
          type: str
        name:
          description: Name of the cluster.
          type: str
        pk:
          description: ID of the cluster.
          type: str
        provider:
          description: Cloud provider of the cluster.
          type: str
        region:
          description: Region of the provider.
          type: str
        workspace:
          description: Name of the workspace.
          type: str
        k8s_version:
          description: Kubernetes version.
          type: str
        node_count:
          description: Number of nodes.
          type: str
        state:
          description: State of the cluster as the API returns it.
          type: str
        failure:
          description: Why the cluster has failed. M(netapp.nks.nks_cluster_info) returns it with
            O(netapp.nks.nks_cluster_info#module:include_failures).
          type: str
        failure_details:
          description: More about C(failure), from the same entry of the build logs.
          type: str
        reason:
          description: Number of the group in C(failures), starting at V(1). V(0) if the cluster has not failed.
          type: int
        created:
          description: When the cluster was created. M(netapp.nks.nks_cluster_info) returns it with
            O(netapp.nks.nks_cluster_info#module:include_details).
          type: str
        age:
          description: Time since then in its largest unit, for example V(3d). Empty if it is not known.
          type: str
        updated:
          description: When the cluster was last changed, like C(created).
          type: str
        updated_age:
          description: Time since then, like C(age).
          type: str
        health:
          description: V(failed) if the cluster has failed. Otherwise V(running) if its state is V(running), and
            V(not_running) if it is not.
          type: str
        in_full:
          description: The whole texts by field name, if O(max_length) has cut some texts, else null.
          type: dict
    has_ages:
      description: Whether the age of any cluster is known.
      type: bool
    failed:
      description: The clusters that have failed.
      type: list
      elements: dict
    failures:
      description: The clusters that have failed, grouped by C(failure) and C(failure_details), with the largest group
        first. Each group has both texts and its C(clusters).
      type: list
      elements: dict
    not_running:
      description: The clusters with C(health) V(not_running), sorted by state.
      type: list
      elements: dict
    totals:
      description: Total number of C(clusters), numbers of C(running), C(failed) and C(not_running) clusters, and number
        of C(nodes).
      type: dict
    orgs:
      description:
        - Organizations that have clusters, each with its C(name), C(totals) and C(clusters).
        - C(is_open) is true for the only organization, and for organizations with failures if there are at most three.
      type: list
      elements: dict
    charts:
      description: Numbers of clusters by state, Kubernetes version, organization, provider and region.
      type: list
      elements: dict
      contains:
        by:
          description: The property by which the clusters are counted, for example V(Kubernetes version).
          type: str
        bars:
          description: At most ten bars, the longest first. Each has a C(label), the number of its C(clusters), and the
            number of those that have C(failed). C(percent) and C(failed_percent) are these numbers in percent of the
            longest bar. If C(is_rest) is true, the bar counts all values after the ninth, and the percentages are V(0).
          type: list
          elements: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.plugin_utils import _report


def fleet_report(
    clusters: t.Any, orgs: t.Any = None, escape: t.Any = None, max_length: t.Any = None
) -> dict[str, t.Any]:
    try:
        return _report.report(clusters, orgs, escape, max_length)
    except NKSError as exc:
        raise AnsibleFilterError(f"netapp.nks.fleet_report: {exc}") from exc


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"fleet_report": fleet_report}
