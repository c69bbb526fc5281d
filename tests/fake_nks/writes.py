# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse and check the bodies of writes. Errors have the wording of Django REST Framework."""

from __future__ import annotations

import email.message
import email.parser
import json
import re
import typing as t

from .fleet import Object

PROVIDERS = ("aks", "aws", "azure", "do", "eks", "gce", "gke", "hci", "oneandone", "packet", "profitbricks")
MOST_NODES = 100
SLUG = re.compile(r"[-a-zA-Z0-9_]+")
SURROGATE = re.compile("[\ud800-\udfff]")
PICTURES = {"png": b"\x89PNG\r\n\x1a\n", "jpeg": b"\xff\xd8\xff", "gif": b"GIF8"}


class RefusedError(Exception):
    """A write that the API refuses, with the status and body of the answer."""

    def __init__(self, status: int, answer: Object) -> None:
        super().__init__(answer)
        self.status = status
        self.answer = answer


class Field(t.NamedTuple):
    """The values that a field accepts. `kind` is `text`, `number`, `truth`, `list` or `object`."""

    kind: str = "text"
    required: bool = False
    least: int = 0
    most: int = 10**18 - 1
    choices: t.Sequence[str] = ()


NAME = Field(required=True)
COUNT = Field("number", most=MOST_NODES)
AT_LEAST_ONE = Field("number", required=True, least=1, most=MOST_NODES)
SUBNET = {"zone": Field(), "provider_subnet_id": Field(), "provider_subnet_cidr": Field()}
DISK = {"root_disk_size": Field("number")}
GPU = {"gpu_instance_size": Field(), "gpu_core_count": Field("number")}

CLUSTER = {
    "name": NAME,
    "provider": Field(required=True, choices=PROVIDERS),
    "region": Field(required=True),
    "provider_keyset": Field("number", required=True),
    "user_ssh_keyset": Field("number"),
    "master_count": COUNT,
    "master_size": Field(),
    "worker_count": COUNT,
    "worker_size": Field(),
    "node_count": COUNT,
    "min_node_count": COUNT,
    "max_node_count": COUNT,
    "network_components": Field("list"),
    **SUBNET,
    "provider_network_id": Field(),
    "provider_network_cidr": Field(),
    "provider_resource_group": Field(),
    "project_id": Field(),
    "k8s_version": Field(),
    "k8s_rbac_enabled": Field("truth"),
    "k8s_dashboard_enabled": Field("truth"),
    "k8s_pod_cidr": Field(),
    "k8s_service_cidr": Field(),
    "etcd_type": Field(),
    "platform": Field(),
    "channel": Field(),
    "master_root_disk_size": Field("number"),
    "worker_root_disk_size": Field("number"),
    "solutions": Field("list"),
    "config": Field("object"),
}
UPGRADE = {"version": Field(required=True)}
POOL = {
    "name": NAME,
    "instance_size": Field(required=True),
    "node_count": COUNT._replace(required=True),
    "platform": Field(required=True),
    "channel": Field(),
    **SUBNET,
    **DISK,
    **GPU,
}
AUTOSCALING = {"autoscaled": Field("truth", required=True), "min_count": COUNT, "max_count": COUNT}
POOL_NODES = {"node_count": AT_LEAST_ONE, "role": Field(choices=("worker",)), **SUBNET}
NODES = {
    "node_count": AT_LEAST_ONE,
    "role": Field(required=True, choices=("master", "worker")),
    "size": Field(),
    "node_pool": Field("number"),
    **SUBNET,
    **DISK,
}
SOLUTION = {
    "solution": Field(required=True),
    "name": Field(),
    "installer": Field(),
    "keyset": Field("number"),
    "max_nodes": Field("number"),
    "version": Field(),
    "config": Field("object"),
}
WORKSPACE = {"name": NAME, "is_default": Field("truth")}
KEYSET = {
    "name": NAME,
    "category": Field(required=True, choices=("provider", "solution", "storage", "user_ssh")),
    "entity": Field(),
    "workspaces": Field("list"),
    "is_default": Field("truth"),
    "keys": Field("list", required=True),
}
KEY_TYPES = {
    **dict.fromkeys(("aws", "eks", "cvsaws"), ("pub", "pvt")),
    **dict.fromkeys(("azure", "aks"), ("subscription", "tenant", "pub", "pvt")),
    **dict.fromkeys(("gce", "gke"), ("other",)),
    **dict.fromkeys(("do", "oneandone", "packet", "sysdig"), ("token",)),
    "profitbricks": ("username", "password"),
    "turbonomic": ("url", "username", "password", "scope"),
    "azure-storage": ("other", "access_key"),
}


class File(t.NamedTuple):
    name: str
    content: bytes

    @property
    def kind(self) -> str:
        """`png`, `jpeg` or `gif`, by content; empty for any other content."""
        return next((kind for kind, begin in PICTURES.items() if self.content.startswith(begin)), "")


def data_of(content_type: str, body: bytes) -> Object:
    """Parse a body in JSON or `multipart/form-data`. A part with a file name becomes a `File`."""
    header = email.message.Message()
    header["Content-Type"] = content_type
    if not body:
        return {}
    if header.get_content_type() == "multipart/form-data":
        return _parts(str(header.get_param("boundary", "")), body)
    if not content_type or header.get_content_type() != "application/json":
        raise RefusedError(415, {"detail": f'Unsupported media type "{content_type}" in request.'})
    try:
        data = json.loads(body)
    except ValueError as error:
        raise RefusedError(400, {"detail": f"JSON parse error - {error}"}) from error
    if not isinstance(data, dict):
        message = f"Invalid data. Expected a dictionary, but got {type(data).__name__}."
        raise RefusedError(400, {"non_field_errors": [message]})
    return data


def _parts(boundary: str, body: bytes) -> Object:
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1", "replace")) if boundary else []
    if not pieces or not pieces[-1].startswith(b"--"):
        raise RefusedError(400, {"detail": f"Multipart form parse error - Invalid boundary in multipart: {boundary}"})
    data: Object = {}
    for piece in pieces[1:-1]:
        head, _empty_line, content = piece.partition(b"\r\n\r\n")
        part = email.parser.BytesHeaderParser().parsebytes(head.lstrip())
        name = str(part.get_param("name", "", header="Content-Disposition"))
        file_name = part.get_filename()
        if name == "logo" and not content and file_name is None:
            data[name] = None
        else:
            data[name] = content.decode("utf-8", "replace") if file_name is None else File(str(file_name), content)
    return data


def checked(data: Object, fields: dict[str, Field], partial: bool = False) -> Object:
    """Check the fields in the table, and return their values. Ignore all other fields.

    Null and empty text in an optional field are ignored, too. With `partial`, required fields can be absent, but not
    empty.
    """
    values: Object = {}
    errors: dict[str, list[str]] = {}
    for key, field in fields.items():
        if key not in data:
            if field.required and not partial:
                errors[key] = ["This field is required."]
        elif field.required or (data[key] is not None and (field.kind, data[key]) != ("text", "")):
            values[key], errors[key] = _value(field, data[key])
    refuse({key: messages for key, messages in errors.items() if messages})
    return values


def refuse(errors: dict[str, list[str]]) -> None:
    """Raise RefusedError if there are errors."""
    if errors:
        raise RefusedError(400, errors)


def _value(field: Field, sent: t.Any) -> tuple[t.Any, list[str]]:
    if sent is None:
        return None, ["This field may not be null."]
    if field.kind == "number":
        return _number(field, sent)
    if field.kind == "truth":
        known = {True: True, False: False, "true": True, "false": False}
        truth = known.get(sent) if isinstance(sent, (bool, str)) else None
        return truth, [] if truth is not None else ["Must be a valid boolean."]
    if field.kind == "list":
        wrong = f'Expected a list of items but got type "{type(sent).__name__}".'
        return sent, [] if isinstance(sent, list) else [wrong]
    if field.kind == "object":
        wrong = f'Expected a dictionary of items but got type "{type(sent).__name__}".'
        return sent, [] if isinstance(sent, dict) else [wrong]
    text = _text_of(sent)
    errors = _text_errors("", sent, text)
    if text and field.choices and text not in field.choices:
        errors.append(f'"{text}" is not a valid choice.')
    return text, errors


def _number(field: Field, sent: t.Any) -> tuple[int | None, list[str]]:
    if isinstance(sent, bool) or not isinstance(sent, (int, float)) or sent != sent // 1:
        return None, ["A valid integer is required."]
    number = int(sent)
    if number < field.least:
        return None, [f"Ensure this value is greater than or equal to {field.least}."]
    if number > field.most:
        return None, [f"Ensure this value is less than or equal to {field.most}."]
    return number, []


def org_changes(data: Object, takes_slug: bool) -> Object:
    """Return the changes of a PATCH of an organization: `name`, `slug` if `takes_slug`, and `logo`, a `File` or None.

    Ignore all other fields.
    """
    changes: Object = {}
    errors: dict[str, list[str]] = {}
    for key in ("name", "slug") if takes_slug else ("name",):
        if key in data:
            changes[key] = value = _text_of(data[key])
            errors[key] = _text_errors(key, data[key], value)
    if "logo" in data:
        changes["logo"] = data["logo"]
        errors["logo"] = _logo_errors(data["logo"])
    refuse({key: messages for key, messages in errors.items() if messages})
    return changes


def _text_of(value: t.Any) -> str | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or SURROGATE.search(value):  # a lone surrogate cannot be stored
        return None
    return value.strip()


def _text_errors(key: str, sent: t.Any, value: str | None) -> list[str]:
    if value is None:
        return ["This field may not be null." if sent is None else "Not a valid string."]
    if not value:
        return [] if key == "slug" else ["This field may not be blank."]
    found = []
    if "\0" in value:
        found.append("Null characters are not allowed.")
    if key == "slug" and len(value) > 50:
        found.append("Ensure this field has no more than 50 characters.")
    if key == "slug" and not SLUG.fullmatch(value):
        found.append('Enter a valid "slug" consisting of letters, numbers, underscores or hyphens.')
    return found


def _logo_errors(logo: t.Any) -> list[str]:
    if logo is None:
        return []
    if not isinstance(logo, File):
        return ["The submitted data was not a file. Check the encoding type on the form."]
    if not logo.content:
        return ["The submitted file is empty."]
    if not logo.kind:
        return ["Upload a valid image. The file you uploaded was either not an image or a corrupted image."]
    return []
