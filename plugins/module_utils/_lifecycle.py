# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a resource to the wanted state: poll, plan, send the requests that are needed, and wait.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import dataclasses
import difflib
import time
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import (
    NKSError,
    NKSPayloadError,
    NKSStatusError,
    error_fields,
    one_line,
)
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._orgs import find_org, select_orgs
from ansible_collections.netapp.nks.plugins.module_utils._plan import Plan, Request
from ansible_collections.netapp.nks.plugins.module_utils._types import (
    Cluster,
    Keyset,
    Org,
    Resource,
    deduplicate,
    identified,
    join_limited,
)
from ansible_collections.netapp.nks.plugins.module_utils._unmet import unmet_result
from ansible_collections.netapp.nks.plugins.module_utils._wait import check_wait_options, poll_until

R = t.TypeVar("R", bound=Resource)
S = t.TypeVar("S")
"""What a poll of the API returns."""


@dataclasses.dataclass(frozen=True)
class Operations(t.Generic[S]):
    """What a module does with the resource that it manages."""

    title: str
    """The start of a failure message, for example "The cluster prod is not in the requested state"."""
    poll: t.Callable[[NKSClient], S]
    plan: t.Callable[[S], Plan]
    send: t.Callable[[NKSClient, S, Request], None]
    unmet: t.Callable[[NKSClient, S], tuple[list[str], bool]]
    """Returns a sentence for each thing that is not as wanted yet, and whether waiting would not help."""
    result: t.Callable[[S], JSON]
    check: t.Callable[[NKSClient, list[Request]], None] = lambda _client, _requests: None
    """Called before requests are sent, with these and the later ones. Raises an error if the API would refuse one."""


@dataclasses.dataclass
class Progress(t.Generic[S]):
    """What a run of a module has polled, planned and done."""

    snapshot: S | None = None
    plan: Plan | None = None
    actions: list[str] = dataclasses.field(default_factory=list)
    diff: JSON = dataclasses.field(default_factory=lambda: {"before": {}, "after": {}})
    unmet: list[str] = dataclasses.field(default_factory=list)
    refusals: list[str] = dataclasses.field(default_factory=list)
    """The messages with which the API refuses to delete something for now."""
    warnings: list[str] = dataclasses.field(default_factory=list)
    unclear: list[str] = dataclasses.field(default_factory=list)
    """The errors of requests that may have made their change, which becomes visible only later."""
    sent: set[tuple[str, int]] = dataclasses.field(default_factory=set)
    """The key of each request that was sent."""
    wait_only: bool = False
    is_final: bool = False

    def result(self, operations: Operations[S]) -> JSON:
        # Without a successful poll, nothing is known that could replace the result of an earlier run.
        found: JSON = {}
        if self.plan:
            is_sent = self.wait_only or all(request.key in self.sent for request in self.plan.requests)
            found = operations.result(t.cast(S, self.snapshot))
            found["is_requested"] = is_sent and not self.plan.later and not self.refusals
        return {
            "changed": bool(self.actions),
            "actions": self.actions,
            "diff": self.diff,
            "warnings": [*self.warnings, *self.unclear],
            **found,
        }


def reconcile(client: NKSClient, operations: Operations[S], params: JSON, check_mode: bool) -> JSON:
    """Bring the resource to the wanted state, and return the result of the module.

    Polls the API repeatedly, and after each poll sends the requests of the next step. Each request is sent once. If its
    outcome is unclear, the next poll decides. In a module without the option ``wait``, the changes must be visible at
    once.

    :param params: the options of the module.
    :raises NKSError: a failure before anything was changed.
    """
    params = {"wait": None, "wait_timeout": 0.0, "wait_sleep": 10.0, "wait_only": False, **params}
    check_wait_options(params["wait_timeout"], params["wait_sleep"])
    progress: Progress[S] = Progress(wait_only=params["wait_only"])

    def step(limited: NKSClient) -> Progress[S]:
        progress.snapshot = operations.poll(limited)
        progress.plan = operations.plan(progress.snapshot)
        progress.refusals = []
        while not progress.refusals:
            progress.warnings = progress.plan.warnings
            needed = [request for request in progress.plan.requests if request.key not in progress.sent]
            later = progress.plan.later if check_mode else []
            if not (needed or later) or params["wait_only"]:
                break
            operations.check(limited, [*needed, *progress.plan.later])
            if "state" not in progress.diff["before"]:  # otherwise the object itself is new, deleted or replaced
                progress.diff["before"] = {**progress.plan.before, **progress.diff["before"]}
            progress.diff["after"].update(progress.plan.after)
            for request in needed:
                try:
                    if check_mode or _send(client, operations, progress, request):
                        progress.actions.append(request.sentence)
                except NKSError as exc:
                    if not (params["wait"] and exc.status in (400, 409) and request.action.startswith("delete")):
                        raise
                    progress.refusals.append(str(exc))  # retried later, for example while a cluster is being built
                    break
                progress.sent.add(request.key)
            if check_mode:
                progress.actions += [request.sentence for request in later]
                break
            progress.snapshot = operations.poll(limited)
            progress.plan = operations.plan(progress.snapshot)
        progress.unmet, progress.is_final = operations.unmet(limited, progress.snapshot)
        if check_mode and progress.actions:
            progress.unmet = []  # the requests can resolve what is missing now
        if check_mode or params["wait"] is False:
            # Without a wait, an unfinished change is not a failure, but a final state is.
            progress.unmet, progress.is_final = progress.unmet if progress.is_final else [], True
            if progress.plan.later and not check_mode:
                rest = " ".join(request.sentence for request in progress.plan.later)
                progress.warnings = [*progress.warnings, f"Not requested yet, run the task again: {rest}"]
            return progress
        progress.unmet += progress.refusals
        if not progress.unmet and progress.plan.later:
            progress.unmet = ["The next step is requested at the next poll."]
        return progress

    timeout = params["wait_timeout"] if params["wait"] and not check_mode else 0.0
    began = time.monotonic()
    failure: NKSError | None
    try:
        _progress, failure = poll_until(
            client,
            step,
            lambda _progress, failed: not failed and (progress.is_final or not progress.unmet),
            timeout,
            params["wait_sleep"],
        )
    except NKSError as exc:
        if not progress.actions:
            raise
        what = f"{exc} Already done: {' '.join(progress.actions)}"
        return {"failed": True, "msg": what, **error_fields(exc), **progress.result(operations)}
    if failure and not progress.actions and not timeout:
        raise failure
    if not failure and not progress.unmet:
        return progress.result(operations)
    is_final = not failure and progress.is_final
    waited = time.monotonic() - began if timeout and not is_final else None
    return {
        **progress.result(operations),
        **unmet_result(operations.title, progress.unmet, failure, is_final=is_final, waited=waited),
    }


def _send(client: NKSClient, operations: Operations[S], progress: Progress[S], request: Request) -> bool:
    """Send a request, and return whether it made the change, as far as that is known.

    :raises NKSError: the request failed, and the change is still needed.
    """
    try:
        operations.send(client, t.cast(S, progress.snapshot), request)
    except NKSError as exc:
        is_redirect = exc.status is not None and 300 <= exc.status < 400  # never followed, so nothing was changed
        if is_redirect or not (exc.is_unclear or exc.status in (400, 404, 409)):
            raise
        if exc.is_unclear and not request.is_visible_at_once:
            progress.unclear.append(str(exc))
            return True
        try:
            snapshot = operations.poll(client)
        except NKSError as other:  # a repeated request could make the change twice
            raise NKSError(f"{exc} Then: {other}", status=other.status, url=other.url) from None
        try:
            planned = operations.plan(snapshot).requests
        except NKSError as other:
            if exc.is_unclear:  # the plan was possible before the request, so that the request has changed something
                progress.snapshot = snapshot
                progress.actions.append(request.sentence)
            raise NKSError(f"{exc} Then: {other}", status=exc.status, url=exc.url) from None
        if request.key in [other.key for other in planned]:
            if exc.is_unclear:
                raise NKSError(
                    f"{exc} The change is not visible yet, and may still appear.", url=exc.url, status=exc.status
                ) from None
            raise
        progress.snapshot = snapshot
        return exc.is_unclear
    return True


def find_own_org(client: NKSClient, identifier: str | None) -> Org:
    """Return the organization that the user names, or the only one that the token sees.

    :raises NKSError: the named organization does not exist, or none is named and the token sees none or several.
    """
    orgs = select_orgs(client.orgs(), None)
    if identifier is not None:
        return find_org(orgs, identifier)
    if len(orgs) != 1:
        raise NKSError(f"org is missing: the token sees {join_limited(orgs) or 'no organization'}. Name one.")
    return orgs[0]


def find_one(items: t.Sequence[R], what: str, name: str | None, pk: int | None) -> R | None:
    """Return the item with this ID, or, without an ID, with this name.

    :raises NKSError: several items have the name or ID, or the item with the ID has another name.
    """
    found = [item for item in deduplicate(items) if (item.pk == pk if pk is not None else item.name == name)]
    # A deleted item stays listed for a while, although its name can be used again.
    alive = [item for item in found if item.state not in ("deleting", "deleted")]
    if pk is not None and name is not None and found and found[0].name != name:
        raise NKSError(f"The {what} {found[0]} does not have the name {one_line(repr(name))}.")
    if len(alive) > 1:
        shared, advice = (f"name {name!r}", " Use id instead.") if pk is None else (f"ID {pk}", "")
        raise NKSError(f"More than one {what} has the {shared}: {join_limited(alive)}.{advice}")
    return next(iter([*alive, *found]), None)


def find_own(items: t.Sequence[R], what: str, wanted: JSON) -> R | None:
    """Return the item with this ID, or, without an ID, with this name.

    :raises NKSError: several items match, or the item with the ID has a different name. The new name is accepted too.
    """
    new_name = None if wanted["state"] == "absent" else wanted["new_name"]
    is_renamed = new_name is not None and any(item.pk == wanted["id"] and item.name == new_name for item in items)
    return find_one(items, what, None if is_renamed else wanted["name"], wanted["id"])


def find_renamed(items: t.Sequence[R], what: str, wanted: JSON) -> R | None:
    """Return the item with this ID, with this name, or with the new name.

    :raises NKSError: another item already has the new name.
    """
    found = find_own(items, what, wanted)
    new_name = wanted["new_name"]
    if new_name is None or wanted["state"] == "absent" or (found and found.name == new_name):
        return found
    other = find_one(items, what, new_name, None)
    if found and other:
        raise NKSError(f"The {what} {found} cannot be renamed, because another one has the new name: {other}.")
    return found if wanted["id"] is not None else found or other


def find_whole(
    items: t.Sequence[R], get: t.Callable[[int], R], what: str, name: str | None, pk: int | None
) -> R | None:
    """Return the item with this ID, or, without an ID, with this name, in its detail form.

    The result is None if the API answers 404 to the request for the item, which can still be listed.

    :param get: requests the detail form of an item by its ``pk``.
    """
    found = find_one(items, what, name, pk)
    pk = found.pk if found else pk
    try:
        return None if pk is None else find_one([get(pk)], what, name, pk)
    except NKSStatusError as exc:
        if not exc.is_not_found:
            raise
        return None


def find_named(items: t.Sequence[R], what: str, identifier: str) -> R:
    """Return the item with this ID, or if no item has the ID, with this name or slug.

    :raises NKSError: no item matches, or more than one.
    """
    found = identified(deduplicate(items), identifier)
    if len(found) == 1:
        return found[0]
    problem = "matches more than one:" if found else "was not found. Available:"
    raise NKSError(f"The {what} {one_line(repr(identifier))} {problem} {join_limited(found or items) or 'none'}.")


def find_keyset(
    keysets: t.Sequence[Keyset], option: str, category: str, provider: str | None, identifier: str
) -> Keyset:
    """Return the keyset of a category with this ID or name, if possible one for the provider.

    :param option: the name of the option, for the message.
    :raises NKSError: no keyset matches, or more than one.
    """
    of_category = [keyset for keyset in keysets if keyset.raw.get("category") == category]
    of_provider = [keyset for keyset in identified(of_category, identifier) if keyset.raw.get("entity") == provider]
    return find_named(of_provider or of_category, f"keyset for {option}", identifier)


def check_size(client: NKSClient, provider: str, option: str, size: str | None) -> None:
    """Check the size of an instance, if the endpoint lists the sizes of the provider.

    :param option: the name of the option, for the message.
    :raises NKSError: the size is not in the list.
    """
    try:
        sizes = [str(known.get("value") or known.get("name")) for known in client.instance_sizes(provider)]
    except (NKSStatusError, NKSPayloadError):
        return  # not every endpoint lists the sizes
    if size and sizes and size not in sizes:
        by_lower_case = {known.lower(): known for known in sizes}
        nearest = difflib.get_close_matches(size.lower(), by_lower_case, 1)
        hint = f" Did you mean {one_line(by_lower_case[nearest[0]])}?" if nearest else ""
        raise NKSError(
            f"{option}: {provider} has no size {one_line(repr(size))}.{hint} Sizes: {one_line(', '.join(sizes), 900)}."
        )


def check_deletable(client: NKSClient, cluster: Cluster, requests: list[Request]) -> None:
    """Check that the API would delete the nodes.

    :raises NKSError: the API would refuse to delete one of the nodes.
    """
    for request in requests:
        reason = client.why_not_deletable(cluster, request.target) if request.action == "delete_node" else ""
        if reason:
            raise NKSError(f"{request.sentence[:-1]}: the API refuses this: {one_line(reason, 300)}")


def find_own_cluster(client: NKSClient, org: Org, identifier: str) -> Cluster:
    """Return the cluster with this ID or name, in its short form.

    :raises NKSError: no cluster matches, or more than one.
    """
    clusters = client.clusters(org)
    alive = [cluster for cluster in clusters if cluster.state != "deleting"]
    return find_named(alive or clusters, "cluster", identifier)
