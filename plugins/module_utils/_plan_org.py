# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan changes of the workspaces and keysets of an organization. Nothing here makes a request.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import base64
import json
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._plan import (
    Field,
    Plan,
    Request,
    check_fixed,
    check_required,
    given,
)
from ansible_collections.netapp.nks.plugins.module_utils._types import Keyset, Resource, Workspace, pk_of

SSH_KEY_TYPES = (("pub",), ("pub", "pvt"))
"""The possible key types of a keyset of the category ``user_ssh``, sorted."""

KEY_TYPES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("aws", "eks", "cvsaws"), ("pub", "pvt")),
    **dict.fromkeys(("azure", "aks"), ("pub", "pvt", "subscription", "tenant")),
    **dict.fromkeys(("gce", "gke"), ("other",)),
    **dict.fromkeys(("do", "oneandone", "packet", "sysdig"), ("token",)),
    "profitbricks": ("password", "username"),
    "turbonomic": ("password", "scope", "url", "username"),
    "azure-storage": ("access_key", "other"),
}
"""The key types of a keyset by its entity, sorted."""

KEYSET_FIELDS = {"category": Field("fixed"), "entity": Field("fixed")}


def plan_workspace(wanted: JSON, there: Workspace | None) -> Plan:
    """Plan the creation or update of a workspace.

    :param wanted: the option values by option name.
    :raises NKSError: the default workspace would no longer be the default one.
    """
    if there is None:
        body = {"name": _new_name(wanted)}
        create = Request("create", f"Create the workspace {one_line(body['name'])}.", body)
        # The request that creates a workspace cannot make it the default one.
        default = [_change(f"workspace {one_line(body['name'])}", {"is_default": True})] if wanted["is_default"] else []
        after = {"state": "present", **body, **({"is_default": True} if default else {})}
        return Plan([create], {"state": "absent"}, after, later=default)
    if wanted["is_default"] is False and there.raw.get("is_default"):
        raise NKSError(f"The workspace {there} is the default one. Make another one the default instead.")
    return _plan_changes("workspace", there, {"name": wanted["new_name"], "is_default": wanted["is_default"] or None})


def plan_workspace_absent(there: Workspace | None, force: bool = False) -> Plan:
    """Plan the deletion of a workspace.

    :raises NKSError: the workspace is the default one, or it is not empty and ``force`` is false.
    """
    if there is None:
        return Plan()
    if there.raw.get("is_default"):
        raise NKSError(f"The workspace {there} is the default one, which is not deleted.")
    inside = []
    for field in ("clusters", "federations", "user_solutions"):
        items, what = there.raw.get(field), field.replace("_", " ")
        if items:
            inside.append(f"{len(items)} {what}" if isinstance(items, list) else what)
    if inside and not force:
        raise NKSError(f"The workspace {there} has {', '.join(inside)}, and force is false. It is not deleted.")
    return _plan_deletion("workspace", there)


def plan_keyset(wanted: JSON, there: Keyset | None) -> Plan:
    """Plan the creation or update of a keyset.

    :param wanted: the option values by option name, with the IDs of the workspaces.
    :raises NKSError: a required option is missing, or the category or entity differs.
    """
    keys = [{"key_type": name, "key": value} for name, value in sorted((wanted["keys"] or {}).items())]
    if there is None:
        name = _new_name(wanted)
        entity = () if wanted["category"] == "user_ssh" else ("entity",)
        check_required(wanted, ("category", *entity, "keys"), f"The keyset {one_line(name)}")
        shown = {
            "name": name,
            **given(wanted, ("category", "entity", "is_default")),
            "workspaces": wanted["workspaces"] or [],
        }
        create = Request("create", f"Create the keyset {one_line(name)}.", {**shown, "keys": keys})
        return Plan([create], {"state": "absent"}, {"state": "present", **shown})
    check_fixed(f"The keyset {there}", KEYSET_FIELDS, wanted, there.raw)
    changes = {"name": wanted["new_name"], "workspaces": wanted["workspaces"], "is_default": wanted["is_default"]}
    planned = _plan_changes("keyset", there, changes)
    if keys and wanted["update_keys"] == "always":
        update = Request("update_keys", f"Update the keys of the keyset {there}.", {"keys": keys})
        before, after = {**planned.before, "keys": "not shown"}, {**planned.after, "keys": "sent, not shown"}
        return Plan([*planned.requests, update], before, after)
    return planned


def plan_keyset_absent(there: Keyset | None, category: str | None, entity: str | None) -> Plan:
    """Plan the deletion of a keyset.

    :raises NKSError: the keyset has another category or entity.
    """
    if there is None:
        return Plan()
    if not there.is_of_kind(category, entity):
        kind = " and ".join(f"{field} {one_line(repr(there.raw.get(field)))}" for field in ("category", "entity"))
        raise NKSError(f"The keyset {there} is not deleted, because it has {kind}.")
    return _plan_deletion("keyset", there)


def encoded_keys(keys: t.Mapping[str, t.Any], encoding: str) -> dict[str, str]:
    """Encode the values of keys for the API. An object, such as a service account, becomes JSON.

    :raises NKSError: a value is empty.
    """
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in keys.items() if value}
    empty = sorted(set(keys) - set(texts))
    if empty:
        raise NKSError(f"keys has no value for: {', '.join(map(one_line, empty))}.")
    if encoding == "base64":
        return {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}
    return texts


def check_key_types(category: str | None, entity: str | None, keys: t.Iterable[str]) -> str | None:
    """Check the key types of a keyset, and return a warning if its entity is unknown.

    :raises NKSError: the key types do not match the category and entity.
    """
    types = tuple(sorted(keys))
    if category == "user_ssh":
        if entity:
            raise NKSError("A keyset of the category user_ssh has no entity.")
        known: tuple[tuple[str, ...], ...] = SSH_KEY_TYPES
    elif entity in KEY_TYPES:
        known = (KEY_TYPES[entity],)
    elif category is None or entity is None:
        return None
    else:
        return f"The keys of a keyset for {one_line(repr(entity))} are not checked, because this entity is unknown."
    if types not in known:
        wanted = " or ".join(", ".join(names) for names in known)
        raise NKSError(f"keys must be {wanted} for {entity or category}, not {one_line(', '.join(types)) or 'empty'}.")
    return None


def _new_name(wanted: JSON) -> str:
    """Return the name with which the object is created."""
    return str(wanted["name"] if wanted["new_name"] is None else wanted["new_name"])


def _plan_changes(what: str, there: Resource, changes: JSON) -> Plan:
    """Plan one request that changes the fields that are given and differ."""
    changed = {
        field: value
        for field, value in changes.items()
        if value is not None and not _is_same(value, there.raw.get(field))
    }
    before = {field: there.raw.get(field) for field in changed}
    return Plan([_change(f"{what} {there}", changed)] if changed else [], before, changed)


def _is_same(wanted: t.Any, there: t.Any) -> bool:
    """Return whether two values are the same. The API can return null for an empty list."""
    return _comparable(wanted) == _comparable([] if there is None and isinstance(wanted, list) else there)


def _comparable(value: t.Any) -> t.Any:
    """Return a value for comparison: a list of IDs, or of objects with ``pk``, becomes a sorted list of IDs."""
    if isinstance(value, list):
        return sorted(str(pk_of(item)) for item in value)
    return value


def _change(what: str, changes: JSON) -> Request:
    texts = [f"{field} to {one_line(json.dumps(value, ensure_ascii=False))}" for field, value in changes.items()]
    return Request("update", f"Change the {what}: {', '.join(texts)}.", changes)


def _plan_deletion(what: str, there: Resource) -> Plan:
    return Plan(
        [Request("delete", f"Delete the {what} {there}.", target=there.pk)], {"state": "present"}, {"state": "absent"}
    )
