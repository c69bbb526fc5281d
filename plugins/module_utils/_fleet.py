# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Select clusters and add the details, nodes, node pools, logs and failures that are asked for.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import collections
import dataclasses
import difflib
import re
import typing as t
import unicodedata

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, quoted
from ansible_collections.netapp.nks.plugins.module_utils._failures import find_failures
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._orgs import (
    OMITTED,
    Scope,
    SkippedOrg,
    Wanted,
    concurrently,
    identifiers,
    org_scope,
    read_scopes,
)
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Log, Org, join_limited

if t.TYPE_CHECKING:
    from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient


STATES = ("draft", "building", "provisioned", "running", "deleting", "deleted", "failed")
"""Cluster states that appear in the documentation of the API or in its samples."""


@dataclasses.dataclass(frozen=True)
class Fleet:
    """The clusters of the organizations that were read, split into selected ones and others."""

    clusters: list[Cluster]
    """The selected clusters, in the order of the API."""

    not_selected: list[Cluster]
    """The other clusters of the organizations that were read."""

    skipped_orgs: list[SkippedOrg]
    read_orgs: list[Org]

    why_empty: str = ""
    """Why no cluster matches the lists of values. Empty if clusters are selected or there is another reason."""

    misspelled: tuple[str, ...] = ()
    """A sentence for each wanted state that looks misspelled."""

    look_alikes: tuple[Cluster, ...] = ()
    """The clusters that match everything but the wanted name, and whose name looks the same."""

    @property
    def not_selected_text(self) -> str:
        return join_limited(self.not_selected)

    @property
    def skipped_text(self) -> str:
        return join_limited([skipped.org for skipped in self.skipped_orgs])

    def select(self, matches: t.Callable[[Cluster], bool]) -> Fleet:
        """Return the same fleet, with only the matching clusters selected."""
        selected = [cluster for cluster in self.clusters if matches(cluster)]
        not_selected = [cluster for cluster in self.clusters if not matches(cluster)]
        return dataclasses.replace(self, clusters=selected, not_selected=self.not_selected + not_selected)

    def warnings(self) -> list[str]:
        reasons = [self.why_empty] if self.why_empty else list(self.misspelled)
        return [skipped.warning() for skipped in self.skipped_orgs] + reasons

    def summary(self) -> str:
        """Say how many clusters of each organization are selected, and which clusters are not."""
        orgs = {cluster.org.pk: cluster.org for cluster in self.clusters}
        of_org = collections.Counter(cluster.org.pk for cluster in self.clusters)
        counts = join_limited([f"{count} of {orgs[pk]}" for pk, count in of_org.items()]) or "none"
        return f"clusters selected: {counts}; left out: {self.not_selected_text or 'none'}"

    def describe_alternatives(self) -> str:
        """Say which clusters exist, for a message that no cluster is selected."""
        seen = f"the token sees {self.not_selected_text or 'no cluster'}"
        return f"{seen}; it may not read the organizations {self.skipped_text}" if self.skipped_orgs else seen

    def check_absence_is_known(self) -> None:
        """Check that every organization in which a cluster could be was read.

        :raises NKSError: a cluster that was not found could be in an organization that was not read.
        """
        unknown = "Cannot determine whether the clusters are absent: the token"
        if self.skipped_orgs:
            raise NKSError(
                f"{unknown} may not read the organizations {self.skipped_text}. Name the organizations to search."
            )
        if not self.read_orgs:
            raise NKSError(f"{unknown} sees no organization.", is_transient=True)


def select_clusters(
    client: NKSClient,
    *,
    orgs: Wanted = None,
    include_service_clusters: bool = False,
    whole_orgs: bool = False,
    **filters: t.Any,
) -> Fleet:
    """Return the clusters, in their short form, that match every option given.

    An option that is None is ignored. An empty list is refused.

    :param whole_orgs: whether other fields of an organization than its ``pk`` are needed.
    :param filters: arguments of :func:`cluster_filter`.
    :raises NKSError: any failure, except a 403 on an organization that ``orgs`` does not name: it is skipped.
    """
    matches = cluster_filter(**filters)
    scope = org_scope(orgs)
    fleet = read_fleets(client, [scope], include_service_clusters, whole_orgs)[scope]
    if isinstance(fleet, NKSError):
        raise fleet
    selected = dataclasses.replace(fleet.select(matches), look_alikes=_find_look_alikes(fleet.clusters, **filters))
    if selected.clusters:
        return dataclasses.replace(selected, misspelled=_find_misspelled(fleet.clusters, **filters))
    return dataclasses.replace(selected, why_empty=explain_empty(fleet.clusters, **filters))


def cluster_filter(
    *,
    workspaces: Wanted = None,
    states: Wanted = None,
    providers: Wanted = None,
    regions: Wanted = None,
    id: int | None = None,  # pylint: disable=redefined-builtin
    name: str | None = None,
) -> t.Callable[[Cluster], bool]:
    """Return a function that checks whether a cluster matches every option given.

    :raises NKSError: an option is not valid, for example a name with invisible characters.
    """
    if name is not None:
        check_name("name", name)
    wanted_workspaces = identifiers("workspaces", workspaces)
    wanted_fields = {
        "state": identifiers("states", states),
        "provider": identifiers("providers", providers),
        "region": identifiers("regions", regions),
    }

    def matches(cluster: Cluster) -> bool:
        return (
            (id is None or cluster.pk == id)
            and (name is None or _has_name(cluster, name))
            and (wanted_workspaces is None or _is_wanted_workspace(cluster.raw.get("workspace"), wanted_workspaces))
            and all(wanted is None or cluster.raw.get(field) in wanted for field, wanted in wanted_fields.items())
        )

    return matches


def check_name(option: str, name: str) -> None:
    """Check that a name can match a cluster.

    :raises NKSError: the name contains an invisible character or an omitted part.
    """
    invisible = [character for character in name if _is_invisible(character)]
    if invisible:
        raise NKSError(
            f"{option} contains an invisible character, U+{ord(invisible[0]):04X}: {name[:80]!a}. If the name of the "
            "cluster contains it, use the id of the cluster."
        )
    if OMITTED in name:
        raise NKSError(f"{option} contains the placeholder of omit: omit the whole option instead.")


def _has_name(cluster: Cluster, name: str) -> bool:
    """Return whether a cluster has a name, regardless of how its accents are encoded."""
    return isinstance(cluster.name, str) and _nfc(cluster.name) == _nfc(name)


def looks_like(cluster: Cluster, name: str) -> bool:
    """Return whether the name of a cluster looks the same as another name."""
    return cluster.name is not None and _visible(str(cluster.name)) == _visible(name)


def _find_look_alikes(clusters: list[Cluster], name: str | None = None, **filters: t.Any) -> tuple[Cluster, ...]:
    matches = cluster_filter(**filters)
    return tuple(
        cluster
        for cluster in clusters
        if name is not None and matches(cluster) and looks_like(cluster, name) and not _has_name(cluster, name)
    )


def may_exist(cluster: Cluster) -> str:
    """Say that a cluster whose name looks like the wanted one can be the wanted one."""
    return (
        f"may exist: the cluster with the ID {cluster.pk} has a name that looks the same, {ascii(cluster.name)[:100]}."
    )


def nearest_name(clusters: t.Iterable[Cluster], name: str) -> str | None:
    """Return the cluster name that is most similar to a name, or None if none is similar."""
    names = [cluster.name for cluster in clusters if isinstance(cluster.name, str)]
    return next(iter(difflib.get_close_matches(name[:80], [text[:80] for text in dict.fromkeys(names)], 1, 0.7)), None)


def _visible(text: str) -> str:
    """Return a text as a reader sees it: without invisible characters, and with single spaces."""
    text = "".join(character for character in text if character.isspace() or not _is_invisible(character))
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _is_invisible(character: str) -> bool:
    return (
        unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")
        or (character != " " and unicodedata.category(character) == "Zs")
        or bool(re.match("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0]", character))
        or "\U000e0100" <= character <= "\U000e01ef"
    )


def explain_empty(
    clusters: list[Cluster],
    *,
    id: int | None = None,  # pylint: disable=redefined-builtin
    name: str | None = None,
    **lists: Wanted,
) -> str:
    """Say why none of the clusters matches the lists of values.

    The text is empty if ``id`` and ``name`` match no cluster: it is not a mistake to look for a cluster that does not
    exist.
    """
    there = list(filter(cluster_filter(id=id, name=name), clusters))
    given: JSON = {option: values for option, values in lists.items() if values is not None}
    if not there or not given:
        return ""
    alone = [option for option in given if not any(map(cluster_filter(**{option: given[option]}), there))]
    wanted = [f"{option} {join_limited([quoted(value) for value in given[option]])}" for option in alone or given]
    seen = [f"their {option} are {_values(option, there)}" for option in alone or given]
    return (
        f"No cluster is selected: none of the {len(there)} clusters matches {' and '.join(wanted)}"
        f"{'' if alone else ' at the same time'}; {'; '.join(seen)}. "
        f"Left out: {join_limited(there)}."
    )


def _find_misspelled(clusters: list[Cluster], states: Wanted = None, **_filters: t.Any) -> tuple[str, ...]:
    """Return a sentence for each of ``states`` that looks misspelled."""
    known = list(dict.fromkeys([*STATES, *_names("states", clusters)]))
    near = {value: difflib.get_close_matches(str(value)[:80], known, 1, 0.8) for value in states or []}
    return tuple(
        f"No cluster matches states {quoted(value)}; did you mean {quoted(found[0])}?"
        for value, found in near.items()
        if found and value not in known
    )


def _names(option: str, clusters: list[Cluster]) -> list[str]:
    """Return the values of an option, for example ``states``, that would select some of the clusters."""
    values = [cluster.raw.get(option[:-1]) for cluster in clusters]
    names = [value.get("name") if isinstance(value, dict) else value for value in values]
    return sorted({str(name)[:80] for name in names if name is not None})


def _values(option: str, clusters: list[Cluster]) -> str:
    return join_limited([quoted(name) for name in _names(option, clusters)]) or "not known"


def read_fleets(
    client: NKSClient, scopes: t.Sequence[Scope], include_service_clusters: bool = False, whole_orgs: bool = False
) -> dict[Scope, Fleet | NKSError]:
    """Return all clusters of each scope, or the error that prevents reading the scope."""
    contents = read_scopes(client, scopes, lambda org: client.clusters(org, include_service_clusters), whole_orgs)
    return {
        scope: found if isinstance(found, NKSError) else Fleet(found.items, [], found.skipped_orgs, found.read_orgs)
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
    """Return the same fleet with the requested parts of its clusters: detail form, nodes, node pools, logs.

    The parts are the fields ``nodes``, ``node_pools`` and ``logs`` of a cluster. A cluster that is gone is left out:
    the API can list a deleted cluster for some time.
    """
    if not (include_details or include_nodes or include_node_pools or include_logs):
        return fleet

    def included(cluster: Cluster) -> Cluster | None:
        try:
            return read_parts(cluster)
        except NKSError as exc:
            if exc.is_not_found and is_gone(client, cluster.org, cluster.pk):
                return None
            raise

    def read_parts(cluster: Cluster) -> Cluster:
        if include_details:
            cluster = client.cluster(cluster.org, cluster.pk)
        fields: JSON = {}
        if include_nodes:
            fields["nodes"] = [node.raw for node in client.nodes(cluster)]
        if include_node_pools:
            fields["node_pools"] = [pool.raw for pool in client.node_pools(cluster)]
        if include_logs:
            fields["logs"] = [log.raw for log in client.logs(cluster)]
        return cluster.with_fields(**fields)

    found = concurrently(included, fleet.clusters)
    return dataclasses.replace(fleet, clusters=[cluster for cluster in found if cluster is not None])


def is_gone(client: NKSClient, org: Org, pk: int) -> bool:
    """Return whether the API answers that a cluster does not exist, although it may still list the cluster.

    :raises NKSError: the request fails in another way.
    """
    try:
        client.cluster(org, pk)
    except NKSError as exc:
        if exc.is_not_found:
            return True
        raise
    return False


def with_failures(client: NKSClient, fleet: Fleet) -> Fleet:
    """Return the same fleet, with ``failure`` and ``failure_details`` added to each cluster that has failed.

    Both may be empty.
    """
    failed = [cluster for cluster in fleet.clusters if cluster.has_failed]
    logs = iter(find_failures(client, failed))

    def explained(cluster: Cluster) -> Cluster:
        if not cluster.has_failed:
            return cluster
        log = next(logs) or Log({})
        return cluster.with_fields(failure=log.message, failure_details=log.details)

    return dataclasses.replace(fleet, clusters=[explained(cluster) for cluster in fleet.clusters])


def _is_wanted_workspace(workspace: t.Any, wanted: list[str]) -> bool:
    """Return whether the ID, slug or name of a workspace is in the list."""
    if not isinstance(workspace, dict):
        return False
    names = [workspace.get(field) for field in ("pk", "slug", "name")]
    return any(name is not None and str(name) in wanted for name in names)
