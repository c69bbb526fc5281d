# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make host and file names from names in the API.

Private to this collection: it may change without notice. It does not depend on Ansible.
"""

from __future__ import annotations

import collections
import re
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster

# Ansible uses the name in paths, such as host_vars/NAME and cached facts, so it must have no slash or leading dot.
# ansible-core before 2.19 would evaluate a template in a name, or in names that a play joins.
UNSAFE_CHARACTERS = re.compile(r"^[@.-]|[\s\x00-\x1f\x7f-\x9f,:\[\]&!~*?/\\]|\{[{%#]?")

TAKEN = frozenset({"all", "ungrouped", "localhost", "127.0.0.1", "::1"})
"""Names that Ansible itself uses."""


def cluster_name(cluster: Cluster) -> str:
    """Return the name of a cluster, or if it has none, its instance ID or a name made from its ID."""
    return first_text(cluster.raw, "name", "instance_id") or f"cluster-{cluster.pk}"


def strip_tags(name: str) -> str:
    """Remove the tags of ansible-core. With them, ``ansible-inventory`` would print the name as a dictionary."""
    return str.__str__(name)


def safe_name(name: str) -> str:
    """Replace characters of host patterns, control characters, and the start of templates with ``_``. Remove tags."""
    return strip_tags(UNSAFE_CHARACTERS.sub("_", name))


def unique_names(names: list[str], objects: list[JSON], taken: t.Container[str]) -> list[str]:
    """Make the names unique: add the ``pk`` of the object to each name that is taken or occurs twice.

    If that is not enough, because servers have given several objects the same ``pk``, add the ``instance_id``, and
    finally the position in the list.
    """
    for field in ("pk", "instance_id"):
        counts = collections.Counter(names)
        names = [
            f"{name}_{safe_name(str(item[field]))}" if (counts[name] > 1 or name in taken) and item.get(field) else name
            for name, item in zip(names, objects)
        ]
    while len(set(names)) < len(names) or any(name in taken for name in names):
        counts = collections.Counter(names)
        names = [
            f"{name}_{position}" if counts[name] > 1 or name in taken else name
            for position, name in enumerate(names, start=1)
        ]
    return names


def first_text(item: JSON, *fields: str) -> str:
    """Return the first of the fields that is a string and not empty, or an empty string."""
    return next((item[field] for field in fields if isinstance(item.get(field), str) and item[field]), "")
