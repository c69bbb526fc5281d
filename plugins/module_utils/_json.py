# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parses JSON of the API, and rejects what cannot be shown or serialised again.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import json
import math
import typing as t

JSON = t.Dict[str, t.Any]

MAX_DEPTH = 100
"""Levels of nesting. Nothing of the API has ten, and Python's own functions fail at some hundreds."""

MAX_VALUES = 4_000_000
"""Values in a body: 200 for each of 20,000 clusters, in 250 MB of memory. An empty object takes 64 bytes."""

WIRE_PREFIX = "__ansible_"
"""Keys of Ansible's own wire format, which give an object another meaning to ansible-core."""


def parse(text: str) -> t.Any:
    """The value of a JSON text, without keys of Ansible's wire format. A byte order mark is ignored (RFC 8259).

    :raises ValueError: it is not JSON, has too many values or levels, or holds what cannot be shown.
    """
    text = text[1:] if text.startswith("\ufeff") else text
    if text.count(",") + text.count("[") + text.count("{") > MAX_VALUES:
        raise ValueError("too many values")
    try:
        value = json.loads(text, parse_float=_finite, parse_constant=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    _check_levels(value, drops_wire_keys=WIRE_PREFIX in text or "\\u" in text)
    if "\\" in text:
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # half of a surrogate pair is no text
    return value


def _check_levels(value: t.Any, drops_wire_keys: bool) -> None:
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


def _finite(text: str) -> float:
    """The number: ``NaN`` is not JSON, and ``1e999`` would be infinite."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a number")
    return number
