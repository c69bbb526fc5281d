# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse API JSON; reject what cannot be printed or serialized again.

Private to this collection: it may change without notice. It does not depend on Ansible.
"""

from __future__ import annotations

import json
import math
import typing as t

JSON = t.Dict[str, t.Any]

MAX_DEPTH = 100
"""Maximum number of nested levels. The API has fewer than ten, and Python's own functions fail at a few hundred."""

MAX_VALUES = 4_000_000
"""Maximum number of values in a body: 200 for each of 20,000 clusters, which take 250 MB of memory. An empty object
takes 64 bytes."""

WIRE_PREFIX = "__ansible_"
"""Prefix of the keys of Ansible's wire format, which change how ansible-core interprets an object."""


def as_dict(value: t.Any) -> JSON:
    """Return the value if it is an object, else an empty object."""
    return value if isinstance(value, dict) else {}


def as_list(value: t.Any) -> list[t.Any]:
    """Return the value if it is an array, else an empty array."""
    return value if isinstance(value, list) else []


def as_objects(value: t.Any) -> list[JSON]:
    """Return the objects in the value if it is an array, else an empty array."""
    return [item for item in as_list(value) if isinstance(item, dict)]


def parse(text: str) -> t.Any:
    """Parse JSON, without the keys of Ansible's wire format. Ignore a byte order mark (RFC 8259).

    :raises ValueError: the text is not JSON, has too many values or levels, or has a value that cannot be serialized.
    """
    text = text[1:] if text.startswith("\ufeff") else text
    if text.count(",") + text.count("[") + text.count("{") > MAX_VALUES:
        raise ValueError("too many values")
    try:
        value = json.loads(text, parse_float=_parse_finite, parse_constant=_parse_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    _check_depth(value, drops_wire_keys=WIRE_PREFIX in text or "\\u" in text)
    if "\\" in text:
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # half of a surrogate pair cannot be encoded
    return value


def _check_depth(value: t.Any, drops_wire_keys: bool) -> None:
    """Reject a value that is nested too deeply. Remove the keys of Ansible's wire format on the way."""
    level: list[t.Any] = [[value]]
    for _depth in range(MAX_DEPTH + 1):
        if drops_wire_keys:
            _drop_wire_keys(level)
        level = [
            inner
            for container in level
            for inner in (container.values() if isinstance(container, dict) else container)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return
    raise ValueError("nested too deeply")


def _drop_wire_keys(containers: t.Iterable[t.Any]) -> None:
    for container in containers:
        if isinstance(container, dict):
            for key in [key for key in container if key.startswith(WIRE_PREFIX)]:
                del container[key]


def _parse_finite(text: str) -> float:
    """Parse a number. Reject ``NaN``, which is not JSON, and ``1e999``, which would be infinite."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a finite number")
    return number
