# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which organizations are meant, with what they hold.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import concurrent.futures
import re
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, NKSStatusError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._objects import each_once, object_pk, shown_org
from ansible_collections.netapp.nks.plugins.module_utils._secrets import without_secrets

if t.TYPE_CHECKING:
    from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient

CONCURRENCY = 16
"""Requests in flight at once. As many connections are kept alive."""

T = t.TypeVar("T")
R = t.TypeVar("R")
Wanted = t.Optional[t.List[t.Any]]
Scope = t.Optional[t.Tuple[str, ...]]
"""Organizations by ID, slug or name. None stands for all that the token may read."""


class Contents(t.NamedTuple):
    """What some organizations hold: their clusters, or their workspaces."""

    pairs: list[tuple[JSON, JSON]]
    """An organization and one thing in it, in the order of the API, secrets dropped. Where organizations are named by
    ID, an organization may have no more than that, its ``pk``."""

    skipped_orgs: list[JSON]
    """``pk``, ``name`` and ``detail`` of each organization that the token sees and may not read."""

    read_orgs: list[JSON]
    """The organizations that were read, those that hold nothing among them."""


def org_scope(orgs: Wanted) -> Scope:
    wanted = identifiers("orgs", orgs)
    return None if wanted is None else tuple(wanted)


def identifiers(option: str, values: Wanted) -> list[str] | None:
    """The values as text: an inventory file may hold numbers."""
    if values is not None and (not values or any(value is None or value == "" for value in values)):
        raise NKSError(f"{option} is an empty list or holds an empty value: leave it out to select all.")
    return None if values is None else [str(value) for value in values]


def read_scopes(
    client: NKSClient,
    scopes: t.Sequence[Scope],
    list_of: t.Callable[[int], list[JSON]],
    whole_orgs: bool = False,
) -> dict[Scope, Contents | NKSError]:
    """What each scope holds, or why that scope cannot be read. Each organization is asked for once.

    :param list_of: requests what the organization with a ``pk`` holds.
    :param whole_orgs: whether more of an organization is needed than its ``pk``.
    :raises NKSError: a failure that is not that of one organization.
    """
    lists: dict[int, list[JSON] | NKSStatusError] = {}

    def ask(org: int) -> list[JSON] | NKSStatusError:
        try:
            return [without_secrets(item) for item in each_once(list_of(org))]
        except NKSStatusError as exc:
            if exc.status in (403, 404):
                return exc
            raise

    def read(orgs: t.Iterable[JSON]) -> None:
        pks = {object_pk(org, "an organization"): None for org in orgs}
        unread = [pk for pk in pks if pk not in lists]
        lists.update(zip(unread, concurrently(ask, unread)))

    def is_certain(org: JSON) -> bool:
        """What looks like an ID may be a slug or name, and an organization that is not there may be shown as empty."""
        answer = lists[org["pk"]]
        return isinstance(answer, list) and bool(answer)

    selected: dict[Scope, list[JSON]] = {scope: [] if whole_orgs else _named_by_id(scope) for scope in scopes}
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
    return {scope: failures.get(scope) or _contents(scope, selected[scope], lists) for scope in selected}


def _contents(scope: Scope, orgs: list[JSON], lists: dict[int, list[JSON] | NKSStatusError]) -> Contents | NKSError:
    pairs: list[tuple[JSON, JSON]] = []
    skipped: list[JSON] = []
    read: list[JSON] = []
    for org in orgs:
        answer = lists[org["pk"]]
        if isinstance(answer, list):
            read.append(org)
            pairs += [(org, item) for item in answer]
        elif answer.status == 403 and scope is None:
            skipped.append({"pk": org["pk"], "name": org.get("name"), "detail": answer.detail})
        else:
            return answer
    if orgs and not read:
        return NKSError(
            f"The token may read none of the organizations that it sees: {_listed(orgs)}. Its account must be "
            "Owner of an organization to read what is in it.",
            status=403,
        )
    return Contents(pairs, skipped, read)


def read_workspaces(client: NKSClient, orgs: Wanted) -> Contents:
    """The workspaces of the organizations.

    :raises NKSError: any failure, but for a 403 on an organization that ``orgs`` does not name: that one is skipped.
    """
    scope = org_scope(orgs)
    contents = read_scopes(client, [scope], client.workspaces)[scope]
    if isinstance(contents, NKSError):
        raise contents
    return contents


def select_orgs(orgs: list[JSON], wanted: t.Sequence[str] | None) -> list[JSON]:
    """Each of the organizations once: all, or those wanted by ID, slug or name.

    :raises NKSError: a wanted one fits none of the organizations, or more than one.
    """
    return each_once(orgs if wanted is None else [find_org(orgs, identifier) for identifier in wanted])


def find_org(orgs: list[JSON], identifier: str) -> JSON:
    """The organization with this ID, slug or name, tried in this order.

    :raises NKSError: none fits, or more than one.
    """
    for field in ("pk", "slug", "name"):
        fitting = each_once([org for org in orgs if org.get(field) is not None and str(org[field]) == identifier])
        if len(fitting) > 1:
            raise NKSError(
                f"{identifier!r} fits more than one organization: {_listed(fitting)}. Give the ID of the one you mean."
            )
        if fitting:
            return fitting[0]
    seen = f"It sees: {_listed(orgs)}." if orgs else "It sees none at all."
    raise NKSError(f"The token sees no organization with the ID, slug or name {identifier!r}. {seen}")


def _named_by_id(wanted: Scope) -> list[JSON]:
    """The organizations, as far as they are known without asking, where each is wanted by ID."""
    if not all(re.fullmatch("[1-9][0-9]{0,15}", identifier) for identifier in wanted or []):
        return []
    return [{"pk": int(identifier)} for identifier in dict.fromkeys(wanted or [])]


def _listed(orgs: list[JSON]) -> str:
    names = [[one_line(str(org[field])) for field in ("pk", "slug", "name") if org.get(field)] for org in orgs[:20]]
    rest = [f"and {len(orgs) - 20} more"] if len(orgs) > 20 else []
    return "; ".join([f"({', '.join(items)})" for items in names] + rest)


def skipped_warnings(skipped_orgs: list[JSON]) -> list[str]:
    return [
        f"Organization {shown_org(org)} is left out: the token may not read it: {one_line(str(org['detail']), 300)}"
        for org in skipped_orgs
    ]


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
