# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of the API, each by itself.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSPayloadError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON


def object_pk(item: JSON, what: str) -> int:
    """The ID by which an organization or cluster is asked for."""
    pk = item.get("pk")
    if type(pk) is not int:  # pylint: disable=unidiomatic-typecheck  # a bool is an int too
        raise NKSPayloadError(f"The API lists {what} without a numeric pk: {one_line(str(item.get('name')))}.")
    return pk


def each_once(objects: list[JSON]) -> list[JSON]:
    """The objects without repetitions. Servers have been seen to list one twice, and to give several one ``pk``."""
    once: dict[str, JSON] = {}
    for position, item in enumerate(objects):
        identity = (item.get("pk"), item.get("instance_id"))
        once.setdefault(str(position) if identity == (None, None) else repr(identity), item)
    return list(once.values())


def with_identity(
    objects: list[JSON],
    id: int | None,  # pylint: disable=redefined-builtin
    name: str | None,
    slug: str | None,
) -> list[JSON]:
    """The objects that have everything that is given. None leaves a field out."""
    given = {field: value for field, value in (("pk", id), ("name", name), ("slug", slug)) if value is not None}
    return [item for item in objects if all(item.get(field) == value for field, value in given.items())]


def has_failed(cluster: JSON) -> bool:
    """Whether a cluster or node has failed: samples show ``is_failed``, the documentation also names a state."""
    return cluster.get("is_failed") not in (False, None) or cluster.get("state") == "failed"


def shown_cluster(cluster: JSON) -> str:
    return f"{one_line(str(cluster.get('name')))} (ID {cluster.get('pk')})"


def shown_org(org: JSON) -> str:
    return f"{org['pk']} ({one_line(str(org.get('name')))})" if "name" in org else str(org["pk"])


def shortened(items: list[str]) -> str:
    return ", ".join(items[:10] + ([f"and {len(items) - 10} more"] if len(items) > 10 else []))
