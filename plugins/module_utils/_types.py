# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API objects, without secrets.

Private to this collection: it may change without notice. It does not depend on Ansible.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
import re
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSPayloadError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON, as_list, as_objects
from ansible_collections.netapp.nks.plugins.module_utils._secrets import (
    redact,
    solutions_without_secrets,
    without_secrets,
)

R = t.TypeVar("R", bound="Resource")


@dataclasses.dataclass(frozen=True)
class Resource:
    """An API object that has an ID. ``str()`` is its name and ID for messages.

    :raises NKSPayloadError: the object has no numeric ``pk``.
    """

    raw: JSON
    """The object as the API sent it, without secrets."""

    type_name: t.ClassVar[str] = "an object"
    """The name of the type in messages, with its article."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "raw", without_secrets(self.raw))
        if type(self.raw.get("pk")) is not int:  # pylint: disable=unidiomatic-typecheck  # bool is a subclass of int
            raise NKSPayloadError(f"The API lists {self.type_name} without a numeric pk: {one_line(str(self.name))}.")

    def __str__(self) -> str:
        return f"{one_line(str(self.name))} (ID {self.pk})"

    @property
    def pk(self) -> int:
        return t.cast(int, self.raw["pk"])

    @property
    def name(self) -> t.Any:
        """The name. None if it is null or missing."""
        return self.raw.get("name")

    @property
    def slug(self) -> t.Any:
        return self.raw.get("slug")

    @property
    def state(self) -> t.Any:
        return self.raw.get("state")

    @property
    def instance_id(self) -> t.Any:
        return self.raw.get("instance_id")

    @property
    def has_failed(self) -> bool:
        return has_failed(self.raw)

    def matches(
        self,
        id: int | None = None,  # pylint: disable=redefined-builtin
        name: str | None = None,
        slug: str | None = None,
    ) -> bool:
        """Return whether the object has all of the given values. None matches any value."""
        return id in (None, self.pk) and name in (None, self.name) and slug in (None, self.slug)

    def with_fields(self: R, **fields: t.Any) -> R:
        """Return a copy with additional or changed fields."""
        return dataclasses.replace(self, raw={**self.raw, **fields})


class Org(Resource):
    """An organization. It may have only its ``pk`` if the user gave an ID."""

    type_name: t.ClassVar[str] = "an organization"

    def summary(self) -> JSON:
        """Return the fields that identify the organization."""
        return {field: self.raw.get(field) for field in ("pk", "name", "slug")}

    def __str__(self) -> str:
        return f"{self.pk} ({one_line(str(self.name))})" if "name" in self.raw else str(self.pk)


@dataclasses.dataclass(frozen=True)
class Cluster(Resource):
    """A cluster, in its short or detail form."""

    org: Org

    type_name: t.ClassVar[str] = "a cluster"

    @property
    def solutions(self) -> list[JSON]:
        """The solutions that are objects."""
        return as_objects(self.raw.get("solutions"))

    @property
    def workspace_pk(self) -> t.Any:
        return pk_of(self.raw.get("workspace"))

    @property
    def is_running(self) -> bool:
        return self.state == "running" and not self.has_failed


class Node(Resource):
    type_name: t.ClassVar[str] = "a node"

    def __str__(self) -> str:
        return f"{one_line(str(self.instance_id))} (ID {self.pk})"


class NodePool(Resource):
    type_name: t.ClassVar[str] = "a node pool"


class Workspace(Resource):
    type_name: t.ClassVar[str] = "a workspace"


class Keyset(Resource):
    """Credentials of a cloud, or an SSH key pair, without their values."""

    type_name: t.ClassVar[str] = "a keyset"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.raw.get("keys"):  # the API returns no values, but another server could
            keys = [{field: key[field] for field in KEY_FIELDS if field in key} for key in as_objects(self.raw["keys"])]
            object.__setattr__(self, "raw", {**self.raw, "keys": keys})

    @property
    def workspace_pks(self) -> list[t.Any]:
        return [pk_of(workspace) for workspace in as_list(self.raw.get("workspaces"))]

    def is_of_kind(self, category: str | None, entity: str | None) -> bool:
        """Return whether the keyset has this category and entity. None matches any value."""
        return category in (None, self.raw.get("category") or "") and entity in (None, self.raw.get("entity") or "")


KEY_FIELDS = ("pk", "keyset", "key_type", "fingerprint", "user", "created")
"""Fields to keep of each key of a keyset."""


class Solution(Resource):
    """A package that NKS installs in a cluster."""

    type_name: t.ClassVar[str] = "a solution"

    def __post_init__(self) -> None:
        object.__setattr__(self, "raw", solutions_without_secrets(self.raw))
        super().__post_init__()

    @property
    def name(self) -> t.Any:
        """The name by which it is installed, for example ``haproxy``."""
        return self.raw.get("solution")


class ChartRepository(Resource):
    """A repository of Helm charts that can be installed as solutions."""

    type_name: t.ClassVar[str] = "a chart repository"

    @property
    def charts(self) -> list[JSON]:
        """An entry for each version of each chart."""
        return as_objects(self.raw.get("chart_index"))


BUILD_EVENTS = ("provider_build", "k8s_node_config")
"""Types of build log entries whose failure means that the cluster will not run."""


@dataclasses.dataclass(frozen=True)
class Log:
    """An entry in the build log of a cluster, with asterisks in place of secrets. Old entries have no ``pk``."""

    raw: JSON

    def __post_init__(self) -> None:
        object.__setattr__(self, "raw", redact(without_secrets(self.raw)))

    @property
    def is_failure(self) -> bool:
        return self.raw.get("event_state") == "failure"

    @property
    def is_of_build(self) -> bool:
        return self.raw.get("event_type") in BUILD_EVENTS

    @property
    def message(self) -> str:
        return one_line(str(self.raw.get("message") or ""), 300)

    @property
    def details(self) -> str:
        return one_line(str(self.raw.get("details") or ""), 300)

    @property
    def created(self) -> float:
        """Seconds since 1970. Minus infinity if the API does not return a time."""
        return parse_time(self.raw.get("created"))


def newest_first(logs: t.Iterable[Log]) -> list[Log]:
    """Sort build logs by time, newest first. Entries with the same time stay in the order of the API."""
    return sorted(logs, key=lambda log: log.created, reverse=True)


def parse_time(value: t.Any) -> float:
    """Parse a timestamp such as ``2018-09-24T18:23:22.889260Z`` as seconds since 1970.

    Return minus infinity for anything else.
    """
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d)?", str(value), re.ASCII)
    if not match:
        return -math.inf
    day, time, fraction, offset = match.groups()
    try:
        whole = datetime.datetime.strptime(f"{day}T{time}{offset or 'Z'}", "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return -math.inf
    return whole.timestamp() + float(fraction or 0)


def pk_of(value: t.Any) -> t.Any:
    """Return the ``pk`` of an object to which another one refers. The API returns the object or only its ``pk``."""
    return value.get("pk") if isinstance(value, dict) else value


def version_numbers(version: t.Any) -> list[int]:
    """Return the numbers in a version of Kubernetes, for example 1, 15 and 3 of ``v1.15.3``."""
    return [int(number) for number in re.findall("[0-9]+", str(version))]


def has_failed(item: JSON) -> bool:
    """Return whether a cluster or node, as the API returned it, has failed.

    Samples of the API have ``is_failed``. Its documentation also names the state ``failed``.
    """
    return item.get("is_failed") not in (False, None) or item.get("state") == "failed"


def identified(items: t.Iterable[R], identifier: str) -> list[R]:
    """Return the items with this ID. If there are none, return those with this slug or name.

    An ID never changes, and the slug or name of another item can look the same. An empty text identifies nothing,
    although an organization can have an empty slug.
    """
    items = list(items)
    return [item for item in items if str(item.pk) == identifier] or [
        item for item in items if identifier and identifier in (item.slug, item.name)
    ]


def deduplicate(items: t.Iterable[R]) -> list[R]:
    """Drop items that are equal to an earlier one: servers have listed the same object twice."""
    unique: list[R] = []
    by_pk: dict[int, list[R]] = {}
    for item in items:
        same_pk = by_pk.setdefault(item.pk, [])
        if item not in same_pk:
            same_pk.append(item)
            unique.append(item)
    return unique


def join_limited(items: t.Sequence[t.Any]) -> str:
    """Join the first ten items with commas, and add how many more there are."""
    return ", ".join([*map(str, items[:10]), *([f"and {len(items) - 10} more"] if len(items) > 10 else [])])
