# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which organizations are meant, with what they hold.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import re
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, NKSStatusError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._types import Org, Resource, deduplicate

if t.TYPE_CHECKING:
    from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient

CONCURRENCY = 16
"""Requests in flight at once. As many connections are kept alive."""

T = t.TypeVar("T")
R = t.TypeVar("R")
Item = t.TypeVar("Item", bound=Resource)
Wanted = t.Optional[t.List[t.Any]]
Scope = t.Optional[t.Tuple[str, ...]]
"""Organizations by ID, slug or name. None stands for all that the token may read."""


@dataclasses.dataclass(frozen=True)
class SkippedOrg:
    """An organization that the token sees and may not read."""

    org: Org
    error: NKSError

    def result(self) -> JSON:
        """As the modules return it."""
        return {"pk": self.org.pk, "name": self.org.name, "detail": self.error.detail}

    def warning(self) -> str:
        detail = one_line(str(self.error.detail), 300)
        return f"Organization {self.org} is left out: the token may not read it: {detail}"


@dataclasses.dataclass(frozen=True)
class OrgContents(t.Generic[Item]):
    """What some organizations hold: their clusters, or their workspaces."""

    items: list[Item]
    """In the order of the API."""

    skipped_orgs: list[SkippedOrg]

    read_orgs: list[Org]
    """The organizations that were read, those that hold nothing among them."""


def org_scope(orgs: Wanted) -> Scope:
    wanted = identifiers("orgs", orgs)
    return None if wanted is None else tuple(wanted)


OMITTED = "__omit_place_holder__"
"""What ``omit`` leaves within a text, where ansible-core 2.18 and older do not remove it."""


def identifiers(option: str, values: Wanted) -> list[str] | None:
    """The values as text: an inventory file may hold numbers."""
    if any(OMITTED in str(value) for value in values or []):
        raise NKSError(f"{option} holds a text in which a part is omitted.")
    if values is not None and (not values or any(value is None or value == "" for value in values)):
        variable = " and the environment variable NKS_ORG_ID" if option == "orgs" else ""
        raise NKSError(f"{option} is an empty list or holds an empty value: leave it{variable} out to select all.")
    return None if values is None else [str(value) for value in values]


def read_scopes(
    client: NKSClient,
    scopes: t.Sequence[Scope],
    list_of: t.Callable[[Org], list[Item]],
    whole_orgs: bool = False,
) -> dict[Scope, OrgContents[Item] | NKSError]:
    """What each scope holds, or why that scope cannot be read. Each organization is asked for once.

    :param list_of: requests what an organization holds.
    :param whole_orgs: whether more of an organization is needed than its ``pk``.
    :raises NKSError: a failure that is not that of one organization.
    """
    answers: dict[int, list[Item] | NKSStatusError] = {}

    def ask(org: Org) -> list[Item] | NKSStatusError:
        try:
            return deduplicate(list_of(org))
        except NKSStatusError as exc:
            if exc.status in (403, 404):
                return exc
            raise

    def read(orgs: t.Iterable[Org]) -> None:
        unread = list({org.pk: org for org in orgs if org.pk not in answers}.values())
        answers.update(zip([org.pk for org in unread], concurrently(ask, unread)))

    def is_certain(org: Org) -> bool:
        """What looks like an ID may be a slug or name, and an organization that is not there may be shown as empty."""
        answer = answers[org.pk]
        return isinstance(answer, list) and bool(answer)

    selected: dict[Scope, list[Org]] = {scope: [] if whole_orgs else _named_by_id(scope) for scope in scopes}
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
    return {scope: failures.get(scope) or _contents(scope, selected[scope], answers) for scope in selected}


def _contents(
    scope: Scope, orgs: list[Org], answers: dict[int, list[Item] | NKSStatusError]
) -> OrgContents[Item] | NKSError:
    contents: OrgContents[Item] = OrgContents([], [], [])
    for org in orgs:
        answer = answers[org.pk]
        if isinstance(answer, list):
            contents.read_orgs.append(org)
            contents.items.extend(answer)
        elif answer.status == 403 and scope is None:
            contents.skipped_orgs.append(SkippedOrg(org, answer))
        else:
            answer.is_transient = answer.status == 404  # the API has just listed it
            return answer
    if orgs and not contents.read_orgs:
        return NKSError(
            f"The token may read none of the organizations that it sees: {_listed(orgs)}. Its account must be "
            "Owner of an organization to read what is in it.",
            status=403,
        )
    return contents


def select_orgs(orgs: list[Org], wanted: t.Sequence[str] | None) -> list[Org]:
    """Each of the organizations once: all, or those wanted by ID, slug or name.

    :raises NKSError: a wanted one matches none of the organizations, or more than one.
    """
    selected = orgs if wanted is None else [find_org(orgs, identifier) for identifier in wanted]
    return list({org.pk: org for org in selected}.values())


def find_org(orgs: list[Org], identifier: str) -> Org:
    """The organization with this ID, slug or name.

    :raises NKSError: none has it, or more than one.
    """
    found = {org.pk: org for org in orgs if identifier in [str(org.pk), org.slug, org.name]}
    if len(found) > 1:
        raise NKSError(
            f"{identifier!r} matches more than one organization: {_listed(list(found.values()))}. Give the ID of the "
            "one you mean."
        )
    if found:
        return next(iter(found.values()))
    seen = f"It sees: {_listed(orgs)}." if orgs else "It sees none at all."
    raise NKSError(
        f"The token sees no organization with the ID, slug or name {identifier!r}. {seen}", is_transient=not orgs
    )


def _named_by_id(wanted: Scope) -> list[Org]:
    """The organizations, as far as they are known without a request, if each is wanted by ID."""
    if not all(re.fullmatch("[1-9][0-9]{0,15}", identifier) for identifier in wanted or []):
        return []
    return [Org({"pk": int(identifier)}) for identifier in dict.fromkeys(wanted or [])]


def _listed(orgs: list[Org]) -> str:
    names = [[one_line(str(org.raw[field])) for field in ("pk", "slug", "name") if org.raw.get(field)] for org in orgs]
    rest = [f"and {len(orgs) - 20} more"] if len(orgs) > 20 else []
    return "; ".join([f"({', '.join(items)})" for items in names[:20]] + rest)


def concurrently(function: t.Callable[[T], R], items: t.Sequence[T]) -> list[R]:
    """The results of ``function`` for the items, in their order. The first failure ends the rest and is raised."""
    with concurrent.futures.ThreadPoolExecutor(CONCURRENCY) as pool:
        futures = [pool.submit(function, item) for item in items]
        try:
            for future in concurrent.futures.as_completed(futures):
                future.result()
        finally:
            for future in futures:
                future.cancel()
        return [future.result() for future in futures]
