# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of options that are shared by modules that create, change and delete resources."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  org:
    description:
      - ID, slug or name of the organization.
      - If not set, the environment variable E(NKS_ORG_ID) is used. If that is not set either, the token must see
        exactly one organization.
    type: str
  wait:
    description:
      - Whether to wait until all changes are complete. With V(false), the module returns as soon as it has requested
        the changes.
      - A later task with the same options waits for changes that are in progress, and does not request them again.
    type: bool
    default: true
  wait_sleep:
    description: Seconds between two polls of the API while waiting.
    type: float
    default: 10
  wait_only:
    description:
      - Do not request any change. Only wait for changes that are in progress, for example those that an earlier task
        with O(wait=false) requested.
      - The API may not show the upgrade of a cluster for a while. Without this option, a task could request the upgrade
        again.
    type: bool
    default: false
notes:
  - A request that changes something is sent only once. If its response is lost, the module reads the API to find out
    whether the change was made.
  - In check mode, RV(actions) lists the requests that would be sent.
  - While waiting, the module shows its progress on the control node at least once a minute.
  - The requests follow NetApp's public clients and documentation. They were tested only with the fake API in the
    repository of this collection, because the hosted service was withdrawn.
"""

    AT_ONCE = r"""
options:
  org:
    description:
      - ID, slug or name of the organization.
      - If not set, the environment variable E(NKS_ORG_ID) is used. If that is not set either, the token must see
        exactly one organization.
    type: str
notes:
  - A request that changes something is sent only once. If its response is lost, the module reads the API to find out
    whether the change was made.
  - In check mode, RV(actions) lists the requests that would be sent.
  - The requests follow NetApp's public clients and documentation. They were tested only with the fake API in the
    repository of this collection, because the hosted service was withdrawn.
"""

    STATE = r"""
options:
  state:
    description:
      - V(present) - create the resource if it does not exist, and apply the changes that the other options ask for.
      - V(absent) - delete the resource if it exists.
    type: str
    choices: [present, absent]
    default: present
"""
