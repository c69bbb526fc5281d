# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the modules that create, change and delete."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  org:
    description:
      - The organization, by its ID, slug or name.
      - If it is not set, the environment variable E(NKS_ORG_ID) is used. If that is not set either, the token must see
        exactly one organization.
    type: str
  wait:
    description:
      - Whether to wait until all is done. Without it, the module returns as soon as the changes are requested.
      - A later task with the same options waits for changes that are under way, and requests nothing twice.
    type: bool
    default: true
  wait_sleep:
    description: Seconds between two looks at the API while waiting.
    type: float
    default: 10
  wait_only:
    description:
      - Request no change, and only wait for those that are under way, for example those of an earlier task with
        O(wait=false). The upgrade of a cluster can stay invisible for a while, so that a task without this option would
        request it again.
    type: bool
    default: false
notes:
  - A request that changes something is sent once. If its answer is lost, the module looks whether the change was made.
  - In check mode RV(actions) lists the requests that would be sent.
  - Progress is shown on the controller while waiting, at least once a minute.
  - The requests follow the public clients and the documentation of NetApp. They were tried with the fake API in the
    repository of this collection only, because the hosted service was withdrawn.
"""

    AT_ONCE = r"""
options:
  org:
    description:
      - The organization, by its ID, slug or name.
      - If it is not set, the environment variable E(NKS_ORG_ID) is used. If that is not set either, the token must see
        exactly one organization.
    type: str
notes:
  - A request that changes something is sent once. If its answer is lost, the module looks whether the change was made.
  - In check mode RV(actions) lists the requests that would be sent.
  - The requests follow the public clients and the documentation of NetApp. They were tried with the fake API in the
    repository of this collection only, because the hosted service was withdrawn.
"""

    STATE = r"""
options:
  state:
    description: Whether it must exist.
    type: str
    choices: [present, absent]
    default: present
"""
