# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON that is taken from the API: any, but for what Python lets through and no output can hold.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import json
import math
import typing as t

JSON = t.Dict[str, t.Any]

DEEPEST = 100
"""Levels of nesting. Nothing of the API has ten, and Python's own functions fail at some hundreds."""


def parse(text: str) -> t.Any:
    """The value of a JSON text. A byte order mark before it is ignored, as RFC 8259 allows.

    :raises ValueError: it is none, is nested more deeply than ``DEEPEST``, or holds what cannot be shown.
    """
    text = text[1:] if text.startswith("\ufeff") else text
    try:
        value = json.loads(text, parse_float=_finite, parse_constant=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    _check_depth([value], DEEPEST)
    if "\\" in text:
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # half of a surrogate pair is no text
    return value


def _check_depth(container: t.Any, left: int) -> None:
    for inner in container.values() if isinstance(container, dict) else container:
        if isinstance(inner, (dict, list)):
            if not left:
                raise ValueError("nested too deeply")
            _check_depth(inner, left - 1)


def _finite(text: str) -> float:
    """The number: ``NaN`` is not JSON, and ``1e999`` would be infinite."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number")
    return number
