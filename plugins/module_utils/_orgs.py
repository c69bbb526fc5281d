# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Select organizations, and read the clusters or workspaces in them.

Private to this collection: it may change without notice. It does not depend on Ansible.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import re
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, NKSStatusError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._types import Org, Resource, deduplicate, identified

if t.TYPE_CHECKING:
    from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient

CONCURRENCY = 16
"""Maximum number of concurrent requests. The same number of connections is kept alive."""

T = t.TypeVar("T")
R = t.TypeVar("R")
Item = t.TypeVar("Item", bound=Resource)
Wanted = t.Optional[t.List[t.Any]]
Scope = t.Optional[t.Tuple[str, ...]]
"""Organizations by ID, slug or name. None stands for all organizations that the token is allowed to read."""


@dataclasses.dataclass(frozen=True)
class SkippedOrg:
    """An organization that the token can list but is not allowed to read."""

    org: Org
    error: NKSError

    def result(self) -> JSON:
        """Return the organization as modules return it."""
        return {"pk": self.org.pk, "name": self.org.name, "detail": self.error.detail}

    def warning(self) -> str:
        detail = one_line(str(self.error.detail), 300)
        return f"Skipped organization {self.org}, which the token is not allowed to read: {detail}"


@dataclasses.dataclass(frozen=True)
class OrgContents(t.Generic[Item]):
    """The clusters, or the workspaces, of some organizations."""

    items: list[Item]
    """In the order of the API."""

    skipped_orgs: list[SkippedOrg]

    read_orgs: list[Org]
    """The organizations that were read, including those without items."""


def org_scope(orgs: Wanted) -> Scope:
    """Check the option ``orgs``, and return it as a scope."""
    wanted = identifiers("orgs", orgs)
    return None if wanted is None else tuple(wanted)


OMITTED = "__omit_place_holder__"
"""Placeholder of ``omit``, which ansible-core 2.18 and older leave in a list or within a text."""


def identifiers(option: str, values: Wanted) -> list[str] | None:
    """Check a list option, and return its values as strings: an inventory file may contain numbers.

    :raises NKSError: the list is empty, or contains an empty or omitted value.
    """
    if any(OMITTED in str(value) for value in values or []):
        raise NKSError(f"{option} contains the placeholder of omit: omit the whole option instead.")
    if values is not None and (not values or any(value is None or value == "" for value in values)):
        variable = " and the environment variable NKS_ORG_ID" if option == "orgs" else ""
        raise NKSError(
            f"{option} is an empty list or contains an empty value. To select all, leave out {option}{variable}."
        )
    return None if values is None else [str(value) for value in values]


def read_scopes(
    client: NKSClient,
    scopes: t.Sequence[Scope],
    list_items: t.Callable[[Org], list[Item]],
    whole_orgs: bool = False,
) -> dict[Scope, OrgContents[Item] | NKSError]:
    """Return the contents of each scope, or why it cannot be read. Read each organization only once.

    :param list_items: requests the clusters, or the workspaces, of an organization.
    :param whole_orgs: whether the caller needs more fields of an organization than its ``pk``.
    :raises NKSError: a failure that does not concern a single organization.
    """
    answers: dict[int, list[Item] | NKSStatusError] = {}

    def try_list(org: Org) -> list[Item] | NKSStatusError:
        try:
            return deduplicate(list_items(org))
        except NKSStatusError as exc:
            if exc.status in (403, 404):
                return exc
            raise

    def read(orgs: t.Iterable[Org]) -> None:
        unread = list({org.pk: org for org in orgs if org.pk not in answers}.values())
        answers.update(zip([org.pk for org in unread], concurrently(try_list, unread)))

    def is_certain(org: Org) -> bool:
        """Return whether the answer proves that the identifier is an ID.

        What looks like an ID can be a slug or name, and the API can return an empty list for an organization that
        does not exist.
        """
        answer = answers[org.pk]
        return isinstance(answer, list) and bool(answer)

    selected: dict[Scope, list[Org]] = {scope: [] if whole_orgs else _orgs_by_id(scope) for scope in scopes}
    failures: dict[Scope, NKSError] = {}
    read(org for orgs in selected.values() for org in orgs)
    uncertain = [scope for scope, orgs in selected.items() if not (orgs and all(map(is_certain, orgs)))]
    if uncertain:
        visible = client.orgs()
        for scope in uncertain:
            try:
                selected[scope] = select_orgs(visible, scope)
            except NKSError as exc:
                failures[scope] = exc
        read(org for scope, orgs in selected.items() if scope not in failures for org in orgs)
    return {scope: failures.get(scope) or _collect(scope, selected[scope], answers) for scope in selected}


def _collect(
    scope: Scope, orgs: list[Org], answers: dict[int, list[Item] | NKSStatusError]
) -> OrgContents[Item] | NKSError:
    """Combine the answers of the organizations in a scope."""
    contents: OrgContents[Item] = OrgContents([], [], [])
    for org in orgs:
        answer = answers[org.pk]
        if isinstance(answer, list):
            contents.read_orgs.append(org)
            contents.items.extend(answer)
        elif answer.status == 403 and scope is None:
            contents.skipped_orgs.append(SkippedOrg(org, answer))
        else:
            answer.is_transient = answer.status == 404  # the API listed it just before
            return answer
    if orgs and not contents.read_orgs:
        return NKSError(
            f"The token is not allowed to read any of the organizations that it sees: {_describe(orgs)}. Its account "
            "must be Owner of an organization to read it.",
            status=403,
        )
    return contents


def select_orgs(orgs: list[Org], wanted: t.Sequence[str] | None) -> list[Org]:
    """Return all organizations, or those with the wanted IDs, slugs or names, without duplicates.

    :raises NKSError: a wanted identifier matches no organization, or more than one.
    """
    selected = orgs if wanted is None else [find_org(orgs, identifier) for identifier in wanted]
    return list({org.pk: org for org in selected}.values())


def find_org(orgs: list[Org], identifier: str) -> Org:
    """Return the organization with an ID, or if no organization has the ID, with a slug or name.

    :raises NKSError: no organization has it, or more than one has it.
    """
    found = {org.pk: org for org in identified(orgs, identifier)}
    if len(found) > 1:
        raise NKSError(
            f"{identifier!r} matches more than one organization: {_describe(list(found.values()))}. Use an ID instead."
        )
    if found:
        return next(iter(found.values()))
    seen = f"It sees: {_describe(orgs)}." if orgs else "It sees none at all."
    raise NKSError(
        f"The token sees no organization with the ID, slug or name {identifier!r}. {seen}", is_transient=not orgs
    )


def _orgs_by_id(wanted: Scope) -> list[Org]:
    """Return organizations that have only their ``pk``, if all identifiers look like IDs. Otherwise return none."""
    if not all(re.fullmatch("[1-9][0-9]{0,15}", identifier) for identifier in wanted or []):
        return []
    return [Org({"pk": int(identifier)}) for identifier in dict.fromkeys(wanted or [])]


def _describe(orgs: list[Org]) -> str:
    """Describe the first 20 organizations by ID, slug and name, and add how many more there are."""
    names = [[one_line(str(org.raw[field])) for field in ("pk", "slug", "name") if org.raw.get(field)] for org in orgs]
    rest = [f"and {len(orgs) - 20} more"] if len(orgs) > 20 else []
    return "; ".join([f"({', '.join(items)})" for items in names[:20]] + rest)


def concurrently(function: t.Callable[[T], R], items: t.Sequence[T]) -> list[R]:
    """Call ``function`` for each item in threads, and return the results in the order of the items.

    The first failure cancels the calls that have not started, and is raised.
    """
    with concurrent.futures.ThreadPoolExecutor(CONCURRENCY) as pool:
        futures = [pool.submit(function, item) for item in items]
        try:
            for future in concurrent.futures.as_completed(futures):
                future.result()
        finally:
            for future in futures:
                future.cancel()
        return [future.result() for future in futures]
