# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument specs that modules share. The inventory has options of the same names.

Private to this collection: it may change without notice.
"""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import env_fallback
from ansible.module_utils.common.parameters import AnsibleFallbackNotFound

Spec = t.Dict[str, t.Dict[str, t.Any]]


def environment(name: str) -> str:
    """The value of a variable. An empty one counts as not set: CI systems set such variables for what is missing."""
    value = env_fallback(name)
    if not value:
        raise AnsibleFallbackNotFound
    return value


def environment_list(name: str) -> list[str]:
    """The values in a variable, without the white space around each, as the inventory has them.

    An empty variable gives one empty value, which is refused later. If it counted as not set, it would select all.
    """
    return [value.strip() for value in env_fallback(name).split(",")]


CONNECTION: Spec = {
    "api_token": {"type": "str", "no_log": True, "fallback": (environment, ["NKS_API_TOKEN"])},
    "api_url": {"type": "str", "fallback": (environment, ["NKS_API_URL"])},
    "api_timeout": {"type": "float", "default": 30, "fallback": (environment, ["NKS_API_TIMEOUT"])},
    "api_retries": {"type": "int", "default": 4, "fallback": (environment, ["NKS_API_RETRIES"])},
    "validate_certs": {"type": "bool", "default": True, "fallback": (environment, ["NKS_VALIDATE_CERTS"])},
    "ca_path": {"type": "path", "fallback": (environment, ["NKS_CA_PATH"])},
}

ORGS: Spec = {
    "orgs": {
        "type": "list",
        "elements": "str",
        "fallback": (environment_list, ["NKS_ORG_ID"]),
    }
}

SELECTION: Spec = {
    **ORGS,
    "workspaces": {"type": "list", "elements": "str"},
    "states": {"type": "list", "elements": "str"},
    "providers": {"type": "list", "elements": "str"},
    "regions": {"type": "list", "elements": "str"},
    "include_service_clusters": {"type": "bool", "default": False},
}

IDENTITY: Spec = {"id": {"type": "int"}, "name": {"type": "str"}}

IDENTITY_WITH_SLUG: Spec = {**IDENTITY, "slug": {"type": "str"}}
"""Organizations and workspaces have a slug, clusters do not."""

INCLUDES: Spec = {
    "include_details": {"type": "bool", "default": False},
    "include_nodes": {"type": "bool", "default": False},
    "include_node_pools": {"type": "bool", "default": False},
    "include_logs": {"type": "bool", "default": False},
}

OWN_ORG: Spec = {"org": {"type": "str", "fallback": (environment, ["NKS_ORG_ID"])}}
"""The organization of what a module changes."""


STATE: Spec = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}


RENAMED: Spec = {**OWN_ORG, **IDENTITY, **STATE, "new_name": {"type": "str"}, "is_default": {"type": "bool"}}
"""The options of each module that changes something at once, so that it has no wait."""


def lifecycle_options(wait_timeout: int) -> Spec:
    """The options of each module that creates, changes and deletes something."""
    return {**OWN_ORG, **IDENTITY, **STATE, **wait_options(wait_timeout)}


def wait_options(wait_timeout: int) -> Spec:
    return {
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "float", "default": wait_timeout},
        "wait_sleep": {"type": "float", "default": 10},
        "wait_only": {"type": "bool", "default": False},
    }
