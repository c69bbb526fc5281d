# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The effects of writes on the workspaces and keysets of an organization."""

from __future__ import annotations

import base64
import binascii
import re
import typing as t

from .fleet import Fleet, Object, stamp
from .writes import KEY_TYPES, KEYSET, WORKSPACE, RefusedError, checked, refuse


def create_workspace(fleet: Fleet, org: int, data: Object) -> Object:
    fields = checked(data, WORKSPACE)
    others = [one for one in fleet.workspaces.values() if one["org"] == org]
    if fleet.variants["workspace_names"] == "unique" and fields["name"] in [one["name"] for one in others]:
        refuse_name(fleet, "workspace")
    slug = re.sub(r"[^a-z0-9]+", "-", fields["name"].lower()).strip("-")[:40]
    pk = fleet.new_pk()
    if not slug or slug in [one["slug"] for one in others]:
        slug = f"{slug}-{pk}".lstrip("-")
    workspace = {"pk": pk, "name": fields["name"], "slug": slug, "org": org, "is_default": False, "created": stamp()}
    fleet.workspaces[pk] = workspace
    return {**workspace, "team_workspaces": []}


def change_workspace(fleet: Fleet, workspace: Object, data: Object) -> None:
    """Change a workspace; keep its slug."""
    fields = checked(data, WORKSPACE, partial=True)
    if workspace["is_default"] and fields.get("is_default") is False:
        refuse({"is_default": ["An organization must have a default workspace."]})
    if fields.get("is_default"):
        for other in fleet.workspaces.values():
            if other["org"] == workspace["org"]:
                other["is_default"] = False
    fleet.workspaces[workspace["pk"]].update(fields)


def delete_workspace(fleet: Fleet, workspace: Object, seconds: float) -> None:
    if workspace["is_default"]:
        raise RefusedError(400, {"detail": "The default workspace can't be removed."})
    pk, org = workspace["pk"], workspace["org"]
    inside = [one for one in fleet.clusters(org, seconds) if one["workspace"] and one["workspace"]["pk"] == pk]
    if inside and fleet.variants["workspace_with_clusters"] == "refused":
        raise RefusedError(400, {"detail": "Workspace still has clusters."})
    default = next(one["pk"] for one in fleet.workspaces.values() if one["org"] == org and one["is_default"])
    fleet.move_clusters(org, pk, default)
    del fleet.workspaces[pk]


def create_keyset(fleet: Fleet, org: int, data: Object) -> Object:
    fields = checked(data, KEYSET)
    return _store_keyset(fleet, fleet.new_pk(), {"entity": "", **fields, "org": org, "created": stamp()})


def change_keyset(fleet: Fleet, keyset: Object, data: Object) -> Object:
    fields = checked(data, KEYSET, partial=True)
    same = {key: keyset[key] for key in ("category", "entity", "org", "created")}
    return _store_keyset(fleet, keyset["pk"], {**keyset, **fields, **same}, new_keys="keys" in fields)


def _store_keyset(fleet: Fleet, pk: int, fields: Object, new_keys: bool = True) -> Object:
    if new_keys:
        _check_keys(fleet, fields)
    workspaces = fields.get("workspaces", [])
    known = [one for one, workspace in fleet.workspaces.items() if workspace["org"] == fields["org"]]
    wrong = [one for one in workspaces if one not in known]
    if wrong:
        refuse({"workspaces": [f'Invalid pk "{wrong[0]}" - object does not exist.']})
    identity = ("org", "category", "entity", "name")
    if any(one["pk"] != pk and all(one[key] == fields[key] for key in identity) for one in fleet.keysets.values()):
        refuse_name(fleet, "keyset")
    if fields.get("is_default"):
        for other in fleet.keysets.values():
            if all(other[key] == fields[key] for key in identity[:3]):
                other["is_default"] = False
    fleet.keysets[pk] = fleet.keyset(pk, fields) if new_keys else fields
    return fleet.keysets[pk]


def _check_keys(fleet: Fleet, fields: Object) -> None:
    keys = fields["keys"]
    if not all(
        isinstance(key, dict) and all(isinstance(key.get(one), str) for one in ("key_type", "key")) for key in keys
    ):
        refuse({"keys": ["Each key has a key_type and a key."]})
    types = sorted(key["key_type"] for key in keys)
    known = KEY_TYPES.get(fields["entity"])
    if fields["category"] == "user_ssh":
        right = types in (["pub"], ["pub", "pvt"])
    else:
        right = types == sorted(known) if known else len(keys) > 0
    if not right:
        refuse({"keys": ["The number or the types of the keys are not right."]})
    if fleet.variants["key_encoding"] == "base64":
        for key in keys:
            try:
                base64.b64decode(key["key"], validate=True)
            except binascii.Error:
                refuse({"keys": ["Each key must be encoded in base64."]})


def delete_keyset(fleet: Fleet, keyset: Object, seconds: float) -> None:
    clusters = [fleet.detail(cluster) for cluster in fleet.clusters(keyset["org"], seconds)]
    used = any(keyset["pk"] in (one["provider_keyset"], one["user_ssh_keyset"]) for one in clusters)
    if used and fleet.variants["keyset_in_use"] == "refused":
        raise RefusedError(400, {"detail": "Keyset is in use."})
    del fleet.keysets[keyset["pk"]]


def keyset_of(fleet: Fleet, org: int, pk: int) -> Object:
    keyset = fleet.keysets.get(pk)
    if keyset is None or keyset["org"] != org:
        name = fleet.orgs[org]["name"]
        raise RefusedError(400, {"detail": f"Provider credential does not belong to organization: {name}"})
    return keyset


def refuse_name(fleet: Fleet, what: str) -> t.NoReturn:
    message = f"{what} with this name already exists."
    raise RefusedError(400, {fleet.variants["name_taken"]: [message]})
