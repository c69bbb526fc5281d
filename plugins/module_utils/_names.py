# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of hosts and files, made of what the API calls an object.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import collections
import re
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster

# With a slash or a dot in front, a name is a path where Ansible looks for host_vars/NAME and keeps facts in files.
# What opens a template would be evaluated by ansible-core before 2.19.
_NOT_IN_A_NAME = re.compile(r"^[@.-]|[\s\x00-\x1f\x7f-\x9f,:\[\]&!~*?/\\]|\{[{%#]")

TAKEN = frozenset({"all", "ungrouped", "localhost", "127.0.0.1", "::1"})
"""Names that Ansible uses itself."""


def cluster_name(cluster: Cluster) -> str:
    return first_text(cluster.raw, "name", "instance_id") or f"cluster-{cluster.pk}"


def strip_tags(name: str) -> str:
    """The name without the marks of ansible-core, with which ``ansible-inventory`` would print it as a dictionary."""
    return str.__str__(name)


def safe_name(name: str) -> str:
    """The plain name without what host patterns reserve, control characters and what opens a template: each becomes
    ``_``."""
    return strip_tags(_NOT_IN_A_NAME.sub("_", name))


def unique_names(names: list[str], objects: list[JSON], taken: t.Container[str]) -> list[str]:
    """The names, those that occur twice or are taken made unique by the object's ``pk``.

    Where that is not enough, because servers have been seen to give several objects one ``pk``, by its
    ``instance_id`` and last by its position.
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
    return next((item[field] for field in fields if isinstance(item.get(field), str) and item[field]), "")
