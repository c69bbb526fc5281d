# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the modules' attributes."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/netapp.nks.nks) in C(module_defaults) to set defaults of this module and all others in this
      collection.
    support: full
    membership:
      - netapp.nks.nks
"""

    INFO_MODULE = r"""
options: {}
attributes:
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
"""

    GATE_MODULE = r"""
options: {}
attributes:
  async:
    description: Supports being used with the C(async) keyword.
    support: full
  check_mode:
    description: Can run in C(check_mode) and return the status without changing anything.
    support: full
    details:
      - In check mode, the module polls the API once, and fails if a cluster is not as expected.
  diff_mode:
    description: Returns what has changed, or would change, in diff mode.
    support: N/A
    details:
      - This module never changes anything.
"""

    UPDATE_MODULE = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the status without changing anything.
    support: full
  diff_mode:
    description: Returns what has changed, or would change, in diff mode.
    support: full
"""

    FILE_MODULE = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the status without changing anything.
    support: full
  diff_mode:
    description: Returns what has changed, or would change, in diff mode.
    support: partial
    details:
      - The content is secret. The diff shows that it changes, but not the content itself.
  safe_file_operations:
    description: Uses Ansible's strict file operation functions to replace each file in one step.
    support: full
"""
