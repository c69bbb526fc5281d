# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs that modules share. The inventory plugin has options with the same names.

Private to this collection: it may change without notice.
"""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import env_fallback
from ansible.module_utils.common.parameters import AnsibleFallbackNotFound

Spec = t.Dict[str, t.Dict[str, t.Any]]


def _environment(name: str) -> str:
    """Return the value of an environment variable.

    An empty value counts as not set, because CI systems set a variable without a value to an empty string.
    """
    value = env_fallback(name)
    if not value:
        raise AnsibleFallbackNotFound
    return value


def _environment_list(name: str) -> list[str]:
    """Split an environment variable at commas, and remove the white space around each value, as the inventory does.

    An empty variable results in one empty value, which is rejected later. If it counted as unset, it would select all.
    """
    return [value.strip() for value in env_fallback(name).split(",")]


CONNECTION: Spec = {
    "api_token": {"type": "str", "no_log": True, "fallback": (_environment, ["NKS_API_TOKEN"])},
    "api_url": {"type": "str", "fallback": (_environment, ["NKS_API_URL"])},
    "api_timeout": {"type": "float", "default": 30, "fallback": (_environment, ["NKS_API_TIMEOUT"])},
    "api_retries": {"type": "int", "default": 4, "fallback": (_environment, ["NKS_API_RETRIES"])},
    "validate_certs": {"type": "bool", "default": True, "fallback": (_environment, ["NKS_VALIDATE_CERTS"])},
    "ca_path": {"type": "path", "fallback": (_environment, ["NKS_CA_PATH"])},
}

ORGS: Spec = {
    "orgs": {
        "type": "list",
        "elements": "str",
        "fallback": (_environment_list, ["NKS_ORG_ID"]),
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
"""Options that identify an organization or a workspace. Unlike clusters, they have a slug."""

INCLUDES: Spec = {
    "include_details": {"type": "bool", "default": False},
    "include_nodes": {"type": "bool", "default": False},
    "include_node_pools": {"type": "bool", "default": False},
    "include_logs": {"type": "bool", "default": False},
}

OWN_ORG: Spec = {"org": {"type": "str", "fallback": (_environment, ["NKS_ORG_ID"])}}
"""The organization in which a module makes changes."""

STATE: Spec = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}

ORG_RESOURCE: Spec = {**OWN_ORG, **IDENTITY, **STATE, "new_name": {"type": "str"}, "is_default": {"type": "bool"}}
"""Options for a keyset or workspace of an organization. Changes take effect at once, so these modules do not wait."""


def lifecycle_options(wait_timeout: int) -> Spec:
    """Return the options of modules that create, change and delete a resource.

    :param wait_timeout: the default of that option, in seconds.
    """
    return {**OWN_ORG, **IDENTITY, **STATE, **wait_options(wait_timeout)}


def wait_options(wait_timeout: int) -> Spec:
    """Return the options of modules that wait.

    :param wait_timeout: the default of that option, in seconds.
    """
    return {
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "float", "default": wait_timeout},
        "wait_sleep": {"type": "float", "default": 10},
        "wait_only": {"type": "bool", "default": False},
    }
