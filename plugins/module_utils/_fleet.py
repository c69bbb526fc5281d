# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which organizations and clusters: selection, concurrent fetch, secrets dropped.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import collections
import concurrent.futures
import re
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._errors import (
    NKSError,
    NKSPayloadError,
    NKSStatusError,
    one_line,
)
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._secrets import without_secrets

if t.TYPE_CHECKING:
    from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient

BUILD_EVENTS = ("provider_build", "k8s_node_config")
"""Types of the build logs whose failure means that the cluster will not run."""

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


class Fleet(t.NamedTuple):
    """The clusters of some organizations, of which some are selected."""

    pairs: list[tuple[JSON, JSON]]
    """As in :class:`Contents`, of the clusters that are selected."""

    not_selected: list[JSON]
    """The other clusters of the organizations that were read."""

    skipped_orgs: list[JSON]
    read_orgs: list[JSON]

    why_empty: str = ""
    """Why no cluster fits the lists of values, in words. Empty where there is another reason, or none is there."""

    @property
    def clusters(self) -> list[JSON]:
        return [cluster for _org, cluster in self.pairs]

    @property
    def not_selected_text(self) -> str:
        return shortened([shown_cluster(cluster) for cluster in self.not_selected])

    @property
    def skipped_text(self) -> str:
        return shortened([shown_org(org) for org in self.skipped_orgs])

    def select(self, fits: t.Callable[[JSON], bool]) -> Fleet:
        """The same fleet with those of its selected clusters that fit."""
        pairs: list[tuple[JSON, JSON]] = []
        not_selected = list(self.not_selected)
        for org, cluster in self.pairs:
            if fits(cluster):
                pairs.append((org, cluster))
            else:
                not_selected.append(cluster)
        return self._replace(pairs=pairs, not_selected=not_selected)

    def warnings(self) -> list[str]:
        return skipped_warnings(self.skipped_orgs) + ([self.why_empty] if self.why_empty else [])

    def summary(self) -> str:
        """What was selected, and what of the organizations that were read was not, in words."""
        orgs = {org["pk"]: org for org, _cluster in self.pairs}
        of_org = collections.Counter(org["pk"] for org, _cluster in self.pairs)
        counts = shortened([f"{count} of {shown_org(orgs[pk])}" for pk, count in of_org.items()]) or "none"
        return f"clusters selected: {counts}; left out: {self.not_selected_text or 'none'}"

    def describe_alternatives(self) -> str:
        """What there is where nothing was selected, in words."""
        seen = f"the token sees {self.not_selected_text or 'no cluster'}"
        return f"{seen}; it may not read the organizations {self.skipped_text}" if self.skipped_orgs else seen

    def check_absence_is_known(self) -> None:
        """:raises NKSError: a cluster that was not found could be in an organization that was not read."""
        unknown = "It cannot be told whether the clusters are absent: the token"
        if self.skipped_orgs:
            raise NKSError(
                f"{unknown} may not read the organizations {self.skipped_text}. Name the organizations to look in."
            )
        if not self.read_orgs:
            raise NKSError(f"{unknown} sees no organization.")


def select_clusters(
    client: NKSClient,
    *,
    orgs: Wanted = None,
    include_service_clusters: bool = False,
    whole_orgs: bool = False,
    **filters: t.Any,
) -> Fleet:
    """The clusters, in their short form, that fit every option given. None leaves an option out; the empty list is
    refused.

    :param whole_orgs: whether more of an organization is needed than its ``pk``.
    :param filters: as :func:`cluster_filter` has them.
    :raises NKSError: any failure, but for a 403 on an organization that ``orgs`` does not name: that one is skipped.
    """
    fits = cluster_filter(**filters)
    scope = org_scope(orgs)
    fleet = read_fleets(client, [scope], include_service_clusters, whole_orgs)[scope]
    if isinstance(fleet, NKSError):
        raise fleet
    selected = fleet.select(fits)
    return selected if selected.pairs else selected._replace(why_empty=explain_empty(fleet.clusters, **filters))


def cluster_filter(
    *,
    workspaces: Wanted = None,
    states: Wanted = None,
    providers: Wanted = None,
    regions: Wanted = None,
    id: int | None = None,  # pylint: disable=redefined-builtin
    name: str | None = None,
) -> t.Callable[[JSON], bool]:
    """A function that tells whether a cluster fits every option given."""
    wanted_workspaces = _identifiers("workspaces", workspaces)
    wanted_fields = {
        "state": _identifiers("states", states),
        "provider": _identifiers("providers", providers),
        "region": _identifiers("regions", regions),
    }

    def fits(cluster: JSON) -> bool:
        return (
            (id is None or object_pk(cluster, "a cluster") == id)
            and (name is None or cluster.get("name") == name)
            and (wanted_workspaces is None or _is_any_of(cluster.get("workspace"), wanted_workspaces))
            and all(wanted is None or cluster.get(field) in wanted for field, wanted in wanted_fields.items())
        )

    return fits


def explain_empty(
    clusters: list[JSON],
    *,
    id: int | None = None,  # pylint: disable=redefined-builtin
    name: str | None = None,
    **lists: Wanted,
) -> str:
    """Why none of the clusters fits the lists of values, in words. Empty where ``id`` and ``name`` fit none of them: to
    look for a cluster that is not there is no mistake."""
    there = list(filter(cluster_filter(id=id, name=name), clusters))
    given: JSON = {option: values for option, values in lists.items() if values is not None}
    if not there or not given:
        return ""
    alone = [option for option in given if not any(map(cluster_filter(**{option: given[option]}), there))]
    wanted = [f"{option} {shortened([_shown(value) for value in given[option]])}" for option in alone or given]
    seen = [f"their {option} are {_values(option, there)}" for option in alone or given]
    return (
        f"No cluster is selected: none of the {len(there)} that are there fits {' and '.join(wanted)}"
        f"{'' if alone else ' at the same time'}; {'; '.join(seen)}. "
        f"Left out: {shortened([shown_cluster(cluster) for cluster in there])}."
    )


def _values(option: str, clusters: list[JSON]) -> str:
    """The values by which an option could select clusters, in words."""
    values = [cluster.get(option[:-1]) for cluster in clusters]
    names = [value.get("name") if isinstance(value, dict) else value for value in values]
    return shortened(sorted({_shown(name) for name in names if name is not None})) or "not known"


def _shown(value: t.Any) -> str:
    return one_line(repr(value))


def org_scope(orgs: Wanted) -> Scope:
    wanted = _identifiers("orgs", orgs)
    return None if wanted is None else tuple(wanted)


def read_fleets(
    client: NKSClient, scopes: t.Sequence[Scope], include_service_clusters: bool = False, whole_orgs: bool = False
) -> dict[Scope, Fleet | NKSError]:
    """All clusters of each scope, or why that scope cannot be read."""
    contents = read_scopes(client, scopes, lambda org: client.clusters(org, include_service_clusters), whole_orgs)
    return {
        scope: found if isinstance(found, NKSError) else Fleet(found.pairs, [], found.skipped_orgs, found.read_orgs)
        for scope, found in contents.items()
    }


def read_workspaces(client: NKSClient, orgs: Wanted) -> Contents:
    """The workspaces of the organizations.

    :raises NKSError: any failure, but for a 403 on an organization that ``orgs`` does not name: that one is skipped.
    """
    scope = org_scope(orgs)
    contents = read_scopes(client, [scope], client.workspaces)[scope]
    if isinstance(contents, NKSError):
        raise contents
    return contents


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


def with_includes(
    client: NKSClient,
    fleet: Fleet,
    *,
    include_details: bool = False,
    include_nodes: bool = False,
    include_node_pools: bool = False,
    include_logs: bool = False,
) -> Fleet:
    """The same fleet, each cluster in its detail form and with ``nodes``, ``node_pools`` and ``logs``, as asked for."""
    if not (include_details or include_nodes or include_node_pools or include_logs):
        return fleet

    def included(pair: tuple[JSON, JSON]) -> tuple[JSON, JSON]:
        org, cluster = pair
        org_pk, pk = object_pk(org, "an organization"), object_pk(cluster, "a cluster")
        if include_details:
            cluster = without_secrets(client.cluster(org_pk, pk))
        if include_nodes:
            cluster = {**cluster, "nodes": client.nodes(org_pk, pk)}
        if include_node_pools:
            cluster = {**cluster, "node_pools": client.node_pools(org_pk, pk)}
        if include_logs:
            cluster = {**cluster, "logs": newest_first(client.logs(org_pk, pk))}
        return org, cluster

    return fleet._replace(pairs=concurrently(included, fleet.pairs))


def newest_first(logs: list[JSON]) -> list[JSON]:
    """Build logs by ``created``, those without it last. Logs of the same time stay in the order of the server."""
    return sorted(logs, key=lambda log: str(log.get("created") or "").rstrip("Z"), reverse=True)


def find_failures(client: NKSClient, pairs: t.Sequence[tuple[JSON, JSON]]) -> list[str | None]:
    """Of each cluster, None if it has not failed, else the reason that its build logs give, which may be empty.

    The logs tell of a failed build while the cluster is still ``provisioned``. Only the logs of such clusters, and of
    those that have failed, are requested. Logs that cannot be read give no reason.
    """

    def find(pair: tuple[JSON, JSON]) -> str | None:
        org, cluster = pair
        is_certain = has_failed(cluster)
        if not is_certain and cluster.get("state") != "provisioned":
            return None
        try:
            logs = client.logs(object_pk(org, "an organization"), object_pk(cluster, "a cluster"))
        except NKSError:
            logs = []
        return failure_reason(logs) if is_certain or build_has_failed(logs) else None

    return concurrently(find, pairs)


def with_failures(client: NKSClient, fleet: Fleet) -> Fleet:
    """The same fleet, each cluster that has failed with ``failure``, the reason, which may be empty."""
    reasons = iter(find_failures(client, [pair for pair in fleet.pairs if has_failed(pair[1])]))
    pairs = [
        (org, {**cluster, "failure": next(reasons)} if has_failed(cluster) else cluster) for org, cluster in fleet.pairs
    ]
    return fleet._replace(pairs=pairs)


def build_has_failed(logs: list[JSON]) -> bool:
    """Whether the newest log of a step of the build tells of a failure."""
    newest: JSON = {}
    for log in newest_first(logs):
        newest.setdefault(str(log.get("event_type")), log.get("event_state"))
    return any(newest.get(event) == "failure" for event in BUILD_EVENTS)


def failure_reason(logs: list[JSON]) -> str:
    """The message of the newest failure, of the build if there is one. Empty where no log tells of a failure."""
    failures = [log for log in newest_first(logs) if log.get("event_state") == "failure"]
    of_build = [log for log in failures if log.get("event_type") in BUILD_EVENTS]
    return next((one_line(str(log.get("message") or ""), 300) for log in of_build + failures), "")


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


def object_pk(item: JSON, what: str) -> int:
    """The ID by which an organization or cluster is asked for."""
    pk = item.get("pk")
    if type(pk) is not int:  # pylint: disable=unidiomatic-typecheck  # a bool is an int too
        raise NKSPayloadError(f"The API lists {what} without a numeric pk: {one_line(str(item.get('name')))}.")
    return pk


def has_failed(cluster: JSON) -> bool:
    """Whether a cluster or node has failed: samples show ``is_failed``, the documentation also names a state."""
    return cluster.get("is_failed") not in (False, None) or cluster.get("state") == "failed"


def shown_cluster(cluster: JSON) -> str:
    return f"{one_line(str(cluster.get('name')))} (ID {cluster.get('pk')})"


def shown_org(org: JSON) -> str:
    return f"{org['pk']} ({one_line(str(org.get('name')))})" if "name" in org else str(org["pk"])


def skipped_warnings(skipped_orgs: list[JSON]) -> list[str]:
    return [
        f"Organization {shown_org(org)} is left out: the token may not read it: {one_line(str(org['detail']), 300)}"
        for org in skipped_orgs
    ]


def shortened(items: list[str]) -> str:
    return ", ".join(items[:10] + ([f"and {len(items) - 10} more"] if len(items) > 10 else []))


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


def _identifiers(option: str, values: Wanted) -> list[str] | None:
    """The values as text: an inventory file may hold numbers."""
    if values is not None and (not values or any(value is None or value == "" for value in values)):
        raise NKSError(f"{option} is an empty list or holds an empty value: leave it out to select all.")
    return None if values is None else [str(value) for value in values]


def _named_by_id(wanted: Scope) -> list[JSON]:
    """The organizations, as far as they are known without asking, where each is wanted by ID."""
    if not all(re.fullmatch("[1-9][0-9]{0,15}", identifier) for identifier in wanted or []):
        return []
    return [{"pk": int(identifier)} for identifier in dict.fromkeys(wanted or [])]


def each_once(objects: list[JSON]) -> list[JSON]:
    """The objects without repetitions. Servers have been seen to list one twice, and to give several one ``pk``."""
    once: dict[str, JSON] = {}
    for position, item in enumerate(objects):
        identity = (item.get("pk"), item.get("instance_id"))
        once.setdefault(str(position) if identity == (None, None) else repr(identity), item)
    return list(once.values())


def _is_any_of(workspace: t.Any, wanted: list[str]) -> bool:
    if not isinstance(workspace, dict):
        return False
    names = [workspace.get(field) for field in ("pk", "slug", "name")]
    return any(name is not None and str(name) in wanted for name in names)


def _listed(orgs: list[JSON]) -> str:
    names = [[one_line(str(org[field])) for field in ("pk", "slug", "name") if org.get(field)] for org in orgs[:20]]
    rest = [f"and {len(orgs) - 20} more"] if len(orgs) > 20 else []
    return "; ".join([f"({', '.join(items)})" for items in names] + rest)
