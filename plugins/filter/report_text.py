# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A text in a report."""

from __future__ import annotations

DOCUMENTATION = r"""
name: report_text
short_description: Make a text fit for a report in HTML, Markdown or CSV
version_added: 1.0.0
description:
  - Escapes a text, so that a file shows it as it is. Names from the API can hold anything.
  - In HTML no character of it is markup. Control characters become the character U+FFFD.
  - In Markdown no character of it is markup, and no part of it becomes a link. A word joiner (U+2060), which is not
    visible, follows C(@) and C(#) within a text. White space and control characters become single spaces, so that it
    fits in a table.
  - In CSV it is a cell in quotes. If a spreadsheet would take it for a formula, also after white space or characters
    that are not visible, it begins with an apostrophe. Control characters become the character U+FFFD.
author:
  - netapp.nks contributors (@netapp)
positional: format
options:
  _input:
    description: The text. Anything else is turned into text, and null into the empty text.
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
  description: The text for the file.
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
