# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Escape text for a report."""

from __future__ import annotations

DOCUMENTATION = r"""
name: report_text
short_description: Escape text for a report in HTML, Markdown or CSV
version_added: 1.0.0
description:
  - Escapes text so that a file shows it unchanged. Names from the API can contain any characters.
  - In HTML, no character of the text is markup. U+FFFD replaces control characters.
  - In Markdown, no character of the text is markup, and no part of it becomes a link. An invisible word joiner (U+2060)
    follows C(@) and C(#) within the text. A single space replaces white space and control characters, so that the text
    fits in a table.
  - In CSV, the text becomes a quoted cell. If a spreadsheet could evaluate it as a formula, even after white space or
    invisible characters, it begins with an apostrophe. U+FFFD replaces control characters.
author:
  - netapp.nks contributors (@netapp)
positional: format
options:
  _input:
    description: The text. Other values are converted to text, and null to empty text.
    type: raw
    required: true
  format:
    description: Format of the file.
    type: str
    choices: [html, markdown, csv]
    required: true
seealso:
  - plugin: netapp.nks.fleet_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Get the organizations
  netapp.nks.nks_org_info:
  register: organizations

- name: Write their names to a Markdown file
  ansible.builtin.copy:
    dest: /tmp/organizations.md
    content: |
      {% for org in organizations.orgs %}
      - Organization {{ org.name | netapp.nks.report_text('markdown') }}
      {% endfor %}
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The escaped text.
  type: str
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.plugin_utils import _report


def report_text(value: t.Any, format: t.Any = None) -> str:  # pylint: disable=redefined-builtin
    try:
        return _report.escape_for(format)(_report.text(value))
    except NKSError as exc:
        raise AnsibleFilterError(f"netapp.nks.report_text: {exc}") from exc


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"report_text": report_text}
