# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan consists of, and what the plans of different resources share. Nothing here makes a request.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON


@dataclasses.dataclass(frozen=True)
class Request:
    """A planned request that changes something."""

    action: str
    """The kind of change, for example ``create``."""
    sentence: str
    """The description for the user."""
    body: JSON = dataclasses.field(default_factory=dict)
    target: int = 0
    """The ``pk`` of the object that changes, for example of a node."""
    is_visible_at_once: bool = True
    """Whether the next poll shows that the change was made."""

    @property
    def key(self) -> tuple[str, int]:
        """Identifies the request within a run."""
        return self.action, self.target


@dataclasses.dataclass(frozen=True)
class Plan:
    """The next requests, the changes that they make, and the requests that follow."""

    requests: list[Request] = dataclasses.field(default_factory=list)
    before: JSON = dataclasses.field(default_factory=dict)
    """The current values of the fields that change."""
    after: JSON = dataclasses.field(default_factory=dict)
    """The future values of the fields that change."""
    later: list[Request] = dataclasses.field(default_factory=list)
    """Requests that must wait until ``requests`` are done, as far as they are known."""
    warnings: list[str] = dataclasses.field(default_factory=list)


class Field(t.NamedTuple):
    """An option that corresponds to a field of the API."""

    kind: str
    """``changed`` is sent if it differs, ``fixed`` cannot be changed, ``creation`` is not compared with the object."""
    type: str = "str"
    """The type of the option, as in an argument spec."""
    equals: t.Callable[[t.Any, t.Any], bool] = lambda wanted, there: (wanted or None) == (there or None)


def same_network(wanted: t.Any, there: t.Any) -> bool:
    """Return whether two networks are the same. The API accepts ``10.2.0.0`` and returns ``10.2.0.0/16``."""
    with_masks = "/" in str(wanted) and "/" in str(there)
    return str(wanted) == str(there) if with_masks else str(wanted).partition("/")[0] == str(there).partition("/")[0]


def unless_new(wanted: t.Any, there: t.Any) -> bool:
    """Return whether two IDs are the same. ``__new__`` matches any ID, because the service chooses the ID."""
    return wanted == "__new__" or wanted == there


def given(wanted: JSON, fields: t.Iterable[str]) -> JSON:
    """Return the fields that are not None."""
    return {field: wanted[field] for field in fields if wanted.get(field) is not None}


def _differences(fields: dict[str, Field], wanted: JSON, there: JSON) -> list[str]:
    """Describe the fixed fields that are not as wanted.

    A field that the API does not return, or returns empty, is not compared.
    """
    return [
        f"{field} is {one_line(repr(there[field]))}, not {one_line(repr(value))}"
        for field, value in given(wanted, fields).items()
        if fields[field].kind == "fixed" and there.get(field) not in (None, "")
        if not fields[field].equals(value, there[field])
    ]


def check_fixed(what: str, fields: dict[str, Field], wanted: JSON, there: JSON) -> list[str]:
    """Return warnings about fixed fields that are not as wanted.

    :raises NKSError: a fixed field is not as wanted, and ``fixed_differences`` is not ``warn``.
    """
    found = _differences(fields, wanted, there)
    if not found:
        return []
    message = f"{what} cannot be changed in this way: {'; '.join(found)}."
    if wanted.get("fixed_differences") == "warn":
        return [message]
    raise NKSError(f"{message} Give these options their current values, or create another one.")


def check_required(wanted: JSON, required: t.Iterable[str], what: str) -> None:
    """Check that the options that creation requires are given.

    :raises NKSError: an option is missing.
    """
    missing = [option for option in required if wanted.get(option) is None]
    if missing:
        raise NKSError(f"{what} does not exist. To create it, give the missing options: {', '.join(missing)}.")
