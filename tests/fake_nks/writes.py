# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a write sends: read from the body, checked, and refused in the words of Django REST Framework."""

from __future__ import annotations

import email.message
import email.parser
import json
import re
import typing as t

from .fleet import Object

SLUG = re.compile(r"[-a-zA-Z0-9_]+")
SURROGATE = re.compile("[\ud800-\udfff]")
PICTURES = {"png": b"\x89PNG\r\n\x1a\n", "jpeg": b"\xff\xd8\xff", "gif": b"GIF8"}


class RefusedError(Exception):
    """A write that the API does not take: its status and the object that it answers."""

    def __init__(self, status: int, answer: Object) -> None:
        super().__init__(answer)
        self.status = status
        self.answer = answer


class File(t.NamedTuple):
    name: str
    content: bytes

    @property
    def kind(self) -> str:
        """`png`, `jpeg` or `gif`, by its content; empty for anything else."""
        return next((kind for kind, begin in PICTURES.items() if self.content.startswith(begin)), "")


def data_of(content_type: str, body: bytes) -> Object:
    """The fields of a body in JSON or `multipart/form-data`. A `File` stands for a part that has a file name."""
    header = email.message.Message()
    header["Content-Type"] = content_type
    if not body:
        return {}
    if header.get_content_type() == "multipart/form-data":
        return parts(str(header.get_param("boundary", "")), body)
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


def parts(boundary: str, body: bytes) -> Object:
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


def org_changes(data: Object, takes_slug: bool) -> Object:
    """What a PATCH of an organization changes: `name`, `slug` where the server takes it, and `logo`, a `File` or None.

    What else is sent counts for nothing.
    """
    changes: Object = {}
    errors: dict[str, list[str]] = {}
    for key in ("name", "slug") if takes_slug else ("name",):
        if key in data:
            changes[key] = value = text_of(data[key])
            errors[key] = text_errors(key, data[key], value)
    if "logo" in data:
        changes["logo"] = data["logo"]
        errors["logo"] = logo_errors(data["logo"])
    errors = {key: messages for key, messages in errors.items() if messages}
    if errors:
        raise RefusedError(400, errors)
    return changes


def text_of(value: t.Any) -> str | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or SURROGATE.search(value):  # half a character cannot be stored
        return None
    return value.strip()


def text_errors(key: str, sent: t.Any, value: str | None) -> list[str]:
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


def logo_errors(logo: t.Any) -> list[str]:
    if logo is None:
        return []
    if not isinstance(logo, File):
        return ["The submitted data was not a file. Check the encoding type on the form."]
    if not logo.content:
        return ["The submitted file is empty."]
    if not logo.kind:
        return ["Upload a valid image. The file you uploaded was either not an image or a corrupted image."]
    return []
