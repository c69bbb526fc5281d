# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which clusters are meant, with as much of them as is wanted.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._failures import find_failures, newest_first
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._objects import (
    has_failed,
    object_pk,
    shortened,
    shown_cluster,
    shown_org,
)
from ansible_collections.netapp.nks.plugins.module_utils._orgs import (
    Scope,
    Wanted,
    concurrently,
    identifiers,
    org_scope,
    read_scopes,
    skipped_warnings,
)
from ansible_collections.netapp.nks.plugins.module_utils._secrets import without_secrets

if t.TYPE_CHECKING:
    from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient


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
    wanted_workspaces = identifiers("workspaces", workspaces)
    wanted_fields = {
        "state": identifiers("states", states),
        "provider": identifiers("providers", providers),
        "region": identifiers("regions", regions),
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


def read_fleets(
    client: NKSClient, scopes: t.Sequence[Scope], include_service_clusters: bool = False, whole_orgs: bool = False
) -> dict[Scope, Fleet | NKSError]:
    """All clusters of each scope, or why that scope cannot be read."""
    contents = read_scopes(client, scopes, lambda org: client.clusters(org, include_service_clusters), whole_orgs)
    return {
        scope: found if isinstance(found, NKSError) else Fleet(found.pairs, [], found.skipped_orgs, found.read_orgs)
        for scope, found in contents.items()
    }


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


def with_failures(client: NKSClient, fleet: Fleet) -> Fleet:
    """The same fleet, each cluster that has failed with ``failure``, the reason, which may be empty."""
    reasons = iter(find_failures(client, [pair for pair in fleet.pairs if has_failed(pair[1])]))
    pairs = [
        (org, {**cluster, "failure": next(reasons)} if has_failed(cluster) else cluster) for org, cluster in fleet.pairs
    ]
    return fleet._replace(pairs=pairs)


def _is_any_of(workspace: t.Any, wanted: list[str]) -> bool:
    if not isinstance(workspace, dict):
        return False
    names = [workspace.get(field) for field in ("pk", "slug", "name")]
    return any(name is not None and str(name) in wanted for name in names)
