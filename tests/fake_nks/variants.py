# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variants: possible behaviors where that of the NKS API is unknown. The first value of each is the default."""

from __future__ import annotations

import typing as t

VARIANTS: dict[str, tuple[str, ...]] = {
    "build": ("runs", "fails", "fails_by_state", "fails_by_log", "hangs"),
    "upgrade": ("running", "provisioned", "fails", "hangs"),
    "pool_build": ("runs", "fails"),
    "node_build": ("runs", "fails"),
    "solution_build": ("installs", "fails"),
    "sizes": ("any", "known"),
    "name_taken": ("name", "non_field_errors"),
    "pool_names": ("free", "unique"),
    "solution_names": ("free", "unique"),
    "workspace_names": ("free", "unique"),
    "pool_answer": ("draft", "active"),
    "pool_subnet_cidr": ("known_on_aws", "known", "empty"),
    "add_answer": ("new", "all"),
    "autoscaling_answer": ("pool", "accepted"),
    "autoscaling_needs": ("nothing", "solution"),
    "can_delete": ("known", "missing", "not_allowed"),
    "deleted_nodes": ("listed", "gone"),
    "deleted_clusters": ("listed", "gone"),
    "delete_while_building": ("taken", "refused"),
    "pool_with_nodes": ("refused", "deleted"),
    "default_pool": ("deleted", "refused"),
    "workspace_with_clusters": ("refused", "moved"),
    "keyset_in_use": ("deleted", "refused"),
    "key_encoding": ("any", "base64"),
    "not_deleteable": ("refused_for_tiller", "refused"),
}


def chosen(wanted: t.Any) -> dict[str, str]:
    """Return one value of each variant: the wanted one, or the default. Raise ValueError for an unknown one."""
    if not isinstance(wanted, dict):
        raise ValueError("the variants are a JSON object")
    for name, value in wanted.items():
        if name not in VARIANTS:
            raise ValueError(f"there is no variant {name}; there are {', '.join(VARIANTS)}")
        if value not in VARIANTS[name]:
            raise ValueError(f"the variant {name} is one of {', '.join(VARIANTS[name])}, not {value}")
    return {name: wanted.get(name, values[0]) for name, values in VARIANTS.items()}
