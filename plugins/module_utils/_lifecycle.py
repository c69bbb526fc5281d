# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a resource to the wanted state: looks, plans, sends what is needed, and waits.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import dataclasses
import difflib
import time
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils import _types
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, NKSStatusError, error_fields, one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._orgs import find_org
from ansible_collections.netapp.nks.plugins.module_utils._plan import Plan, Request
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Org, join_limited
from ansible_collections.netapp.nks.plugins.module_utils._unmet import unmet_result
from ansible_collections.netapp.nks.plugins.module_utils._wait import check_seconds, poll_until

R = t.TypeVar("R", bound=_types.Resource)
S = t.TypeVar("S")
"""What a look at the API sees."""


@dataclasses.dataclass(frozen=True)
class Resource(t.Generic[S]):
    """How a module handles what it manages."""

    title: str
    """The start of the message of a failure, for example that the cluster is not as wanted."""
    look: t.Callable[[NKSClient], S]
    plan: t.Callable[[S], Plan]
    send: t.Callable[[NKSClient, S, Request], None]
    unmet: t.Callable[[NKSClient, S], tuple[list[str], bool]]
    """What is not as wanted yet, a sentence each, and whether waiting cannot help."""
    result: t.Callable[[S], JSON]
    check: t.Callable[[NKSClient, list[Request]], None] = lambda _client, _requests: None
    """Raises an error if the API would refuse one of the requests, before the first is sent."""


@dataclasses.dataclass
class Progress(t.Generic[S]):
    """What a run of a module has seen and done."""

    seen: S | None = None
    plan: Plan | None = None
    actions: list[str] = dataclasses.field(default_factory=list)
    diff: JSON = dataclasses.field(default_factory=lambda: {"before": {}, "after": {}})
    unmet: list[str] = dataclasses.field(default_factory=list)
    refusals: list[str] = dataclasses.field(default_factory=list)
    """Why the API refuses to delete something now."""
    warnings: list[str] = dataclasses.field(default_factory=list)
    is_final: bool = False

    def result(self, resource: Resource[S]) -> JSON:
        found = resource.result(t.cast(S, self.seen)) if self.plan else {}
        is_requested = bool(self.plan and not self.plan.later and not self.refusals)
        return {
            "changed": bool(self.actions),
            "actions": self.actions,
            "diff": self.diff,
            "is_requested": is_requested,
            "warnings": self.warnings,
            **found,
        }


def reconcile(client: NKSClient, resource: Resource[S], params: JSON, check_mode: bool) -> JSON:
    """What the module returns once the resource is as wanted, or why it is not.

    Looks at the API again and again, and each time sends what is needed for the next step. A request is sent once. If
    its outcome is not certain, the next look decides. Without an option ``wait``, the changes must be there at once.
    """
    params = {"wait": None, "wait_timeout": 0.0, "wait_sleep": 10.0, "wait_only": False, **params}
    check_seconds(params["wait_timeout"], params["wait_sleep"])
    progress: Progress[S] = Progress()
    sent: set[tuple[str, int]] = set()

    def step(limited: NKSClient) -> Progress[S]:
        progress.seen = resource.look(limited)
        progress.plan = resource.plan(progress.seen)
        progress.refusals = []
        while not progress.refusals:
            progress.warnings = progress.plan.warnings
            needed = [request for request in progress.plan.requests if request.key not in sent]
            if not needed or params["wait_only"]:
                break
            resource.check(client, needed)
            progress.diff["before"] = {**progress.plan.before, **progress.diff["before"]}
            progress.diff["after"].update(progress.plan.after)
            for request in needed:
                try:
                    if check_mode or _send(client, resource, progress, request):
                        progress.actions.append(request.sentence)
                except NKSError as exc:
                    if not (params["wait"] and exc.status in (400, 409) and request.action.startswith("delete")):
                        raise
                    progress.refusals.append(str(exc))  # for example while a cluster is built: tried again later
                    break
                sent.add(request.key)
            if check_mode:
                progress.actions += [request.sentence for request in progress.plan.later]
                break
            progress.seen = resource.look(limited)
            progress.plan = resource.plan(progress.seen)
        progress.unmet, progress.is_final = resource.unmet(limited, progress.seen)
        if check_mode or params["wait"] is False:
            # Without a wait it can be on its way, but a failure is one.
            progress.unmet, progress.is_final = progress.unmet if progress.is_final else [], True
            return progress
        progress.unmet += progress.refusals
        if not progress.unmet and progress.plan.later:
            progress.unmet = ["The next step is requested with the next look."]
        return progress

    timeout = params["wait_timeout"] if params["wait"] and not check_mode else 0.0
    began = time.monotonic()
    failure: NKSError | None
    try:
        _seen, failure = poll_until(
            client, step, lambda _seen, failed: not failed and _is_over(progress), timeout, params["wait_sleep"]
        )
    except NKSError as exc:
        if not progress.actions:
            raise
        what = f"{exc} Done before: {' '.join(progress.actions)}"
        return {"failed": True, "msg": what, **error_fields(exc), **progress.result(resource)}
    if failure and not progress.actions and not timeout:
        raise failure
    if not failure and not progress.unmet:
        return progress.result(resource)
    is_final = not failure and progress.is_final
    waited = time.monotonic() - began if timeout and not is_final else None
    return {
        **progress.result(resource),
        **unmet_result(resource.title, progress.unmet, failure, is_final=is_final, waited=waited),
    }


def _is_over(progress: Progress[S]) -> bool:
    return progress.is_final or not progress.unmet


def _send(client: NKSClient, resource: Resource[S], progress: Progress[S], request: Request) -> bool:
    """Whether the change was made by this request, as far as can be told.

    :raises NKSError: the change is still needed after the request.
    """
    try:
        resource.send(client, t.cast(S, progress.seen), request)
    except NKSError as exc:
        if not (exc.is_unclear or exc.status in (400, 404, 409)):
            raise
        if exc.is_unclear and not request.is_seen_at_once:
            return True
        try:
            seen = resource.look(client)
        except NKSError as other:  # sent again, it could be done twice
            raise NKSError(f"{exc} Then: {other}", status=other.status, url=other.url) from None
        if request.key in [other.key for other in resource.plan(seen).requests]:
            if exc.is_unclear:
                raise NKSError(
                    f"{exc} The change cannot be seen yet, and may still appear.", url=exc.url, status=exc.status
                ) from None
            raise
        progress.seen = seen
        return exc.is_unclear
    return True


def find_own_org(client: NKSClient, identifier: str | None) -> Org:
    """The organization that a user names, or the only one that the token sees.

    :raises NKSError: there is none, or more than one.
    """
    orgs = client.orgs()
    if identifier is not None:
        return find_org(orgs, identifier)
    if len(orgs) != 1:
        raise NKSError(f"org is missing: the token sees {join_limited(orgs) or 'no organization'}. Name one.")
    return orgs[0]


def find_one(items: t.Sequence[R], what: str, name: str | None, pk: int | None) -> R | None:
    """The item with this ID, or else with this name.

    :raises NKSError: the name is that of several.
    """
    found = [item for item in items if (item.pk == pk if pk is not None else item.name == name)]
    # What was deleted stays listed for a while, when its name is free again.
    alive = [item for item in found if item.state not in ("deleting", "deleted")]
    if pk is not None and name is not None and found and found[0].name != name:
        raise NKSError(f"The {what} {found[0]} does not have the name {one_line(repr(name))}.")
    if len(alive) > 1:
        raise NKSError(f"More than one {what} has the name {name!r}: {join_limited(alive)}. Give the id.")
    return next(iter([*alive, *found]), None)


def find_renamed(items: t.Sequence[R], what: str, wanted: JSON) -> R | None:
    """The item with this ID, or with this name, or with the name that it is to get.

    :raises NKSError: both names are taken.
    """
    found = find_one(items, what, wanted["name"], wanted["id"])
    new_name = wanted["new_name"]
    if new_name is None or wanted["state"] == "absent" or (found and found.name == new_name):
        return found
    other = find_one(items, what, new_name, None)
    if found and other:
        raise NKSError(f"The {what} {found} cannot get the name of another one: {other}.")
    return found if wanted["id"] is not None else found or other


def find_whole(
    items: t.Sequence[R], get: t.Callable[[int], R], what: str, name: str | None, pk: int | None
) -> R | None:
    """The item with this ID, or else with this name, as it is answered on its own. What is 404 can still be listed."""
    found = find_one(items, what, name, pk)
    pk = found.pk if found else pk
    try:
        return None if pk is None else get(pk)
    except NKSStatusError as exc:
        if exc.status != 404:
            raise
        return None


def find_named(items: t.Sequence[R], what: str, identifier: str) -> R:
    """The item with this ID, name or slug.

    :raises NKSError: none has it, or more than one.
    """
    found = [item for item in items if identifier in (str(item.pk), item.name, item.slug)]
    if len(found) == 1:
        return found[0]
    problem = "matches more than one" if found else "is not there"
    there = join_limited(found or items) or "none"
    raise NKSError(f"The {what} {one_line(repr(identifier))} {problem}. There are: {there}.")


def check_size(client: NKSClient, provider: str, option: str, size: str | None) -> None:
    """:raises NKSError: the endpoint knows the sizes of the provider, and this is not one of them."""
    try:
        sizes = [str(known.get("value") or known.get("name")) for known in client.instance_sizes(provider)]
    except NKSStatusError:
        return  # not every endpoint has them
    if size and sizes and size not in sizes:
        by_lower_case = {known.lower(): known for known in sizes}
        nearest = difflib.get_close_matches(size.lower(), by_lower_case, 1)
        hint = f" Did you mean {one_line(by_lower_case[nearest[0]])}?" if nearest else ""
        raise NKSError(
            f"{option}: {provider} has no size {one_line(repr(size))}.{hint} It has: {one_line(', '.join(sizes), 900)}."
        )


def check_deletable(client: NKSClient, cluster: Cluster, requests: list[Request]) -> None:
    """:raises NKSError: the API would refuse to delete one of the nodes."""
    for request in requests:
        reason = client.why_not_deletable(cluster, request.target) if request.action == "delete_node" else ""
        if reason:
            raise NKSError(f"{request.sentence[:-1]}: this is refused: {one_line(reason, 300)}")


def find_own_cluster(client: NKSClient, org: Org, identifier: str) -> Cluster:
    """The cluster with this ID or name in its short form."""
    clusters = client.clusters(org)
    alive = [cluster for cluster in clusters if cluster.state != "deleting"]
    return find_named(alive or clusters, "cluster", identifier)
