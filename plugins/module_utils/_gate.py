# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse what a gate expects of clusters, and evaluate it with one poll of the API.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._failures import find_failures
from ansible_collections.netapp.nks.plugins.module_utils._fleet import (
    Fleet,
    check_name,
    cluster_filter,
    looks_like,
    may_exist,
    nearest_name,
    read_fleets,
)
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._orgs import Scope
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Log, join_limited, version_numbers

if t.TYPE_CHECKING:
    from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient

SUMMARY_FIELDS = ("pk", "name", "org", "state", "is_failed", "node_count", "k8s_version")

VERSION = r"v?[0-9]+(\.[0-9]+)*"

AS_LIST = (
    """On the command line, pass the variable as JSON: -e '{"NAME": [{"name": "prod"}]}'. To turn JSON text, such as """
    "a survey answer, into a list, use the filter from_json."
)


class Expectation(t.NamedTuple):
    """One entry of the option ``clusters`` of a gate. Either ``name`` or ``id`` is set."""

    name: str | None = None
    id: int | None = None
    org: str | None = None
    expect: str = "running"
    min_nodes: int | None = None
    min_k8s_version: str | None = None

    def __str__(self) -> str:
        cluster = f"Cluster {self.id if self.name is None else one_line(self.name)}"
        return cluster if self.org is None else f"{cluster} of organization {one_line(self.org)}"

    def resembles(self, cluster: Cluster) -> bool:
        """Return whether a cluster has the expected ID, or a name that looks the same as the expected one."""
        if self.name is None:
            return cluster.pk == self.id
        return looks_like(cluster, self.name)


class Verdict(t.NamedTuple):
    """The outcome of an expectation at one poll of the API."""

    expectation: Expectation
    cluster: Cluster | None
    """The cluster, if there is exactly one."""
    reasons: list[str]
    """A sentence for each reason why the expectation is not met. Empty if it is met."""
    is_final: bool
    """Whether waiting would not help: the cluster has failed or cannot be checked."""
    warnings: t.Sequence[str] = ()
    """What could not be read, although the expectation is met."""

    def result(self) -> JSON:
        """Return the verdict as the module returns it, with the whole cluster."""
        wanted = {field: value for field, value in self.expectation._asdict().items() if value is not None}
        return {
            **wanted,
            "met": not self.reasons,
            "reasons": self.reasons,
            "cluster": self.cluster and self.cluster.raw,
        }

    def summary(self) -> JSON:
        """Return the same as :meth:`result`, with only the ``SUMMARY_FIELDS`` of the cluster."""
        return {
            **self.result(),
            "cluster": self.cluster and {field: self.cluster.raw.get(field) for field in SUMMARY_FIELDS},
        }


def parse_entries(entries: t.Any) -> list[Expectation]:
    """Parse the entries of a gate.

    The checks are strict on purpose: a key or value with an unexpected meaning must not open a gate.

    :param entries: the value that the user gave, of any type.
    :raises NKSError: an entry is not valid. The message names the entry and the key.
    """
    if isinstance(entries, str):
        raise NKSError(f"clusters must be a list, not text. {AS_LIST}")
    if not isinstance(entries, (list, tuple)):
        raise NKSError(f"clusters must be a list with an entry for each cluster, not {_shown(entries)}.")
    if not entries:
        raise NKSError("clusters is an empty list: a gate needs at least one cluster.")
    return [_parse_entry(f"Entry {number} of clusters", entry) for number, entry in enumerate(entries, start=1)]


def evaluate_all(client: NKSClient, expectations: t.Sequence[Expectation], scope: Scope) -> list[Verdict]:
    """Evaluate each expectation with one poll of the API. Each organization is read at most once.

    :param scope: the organizations to search for an entry without an organization.
    :raises NKSError: a failure that does not concern a single organization.
    """
    scopes = [scope if expectation.org is None else (expectation.org,) for expectation in expectations]
    # The list of organizations shows which exist, and has the names for messages.
    read = read_fleets(client, list(dict.fromkeys(scopes)), include_service_clusters=True, whole_orgs=True)
    fleets = [match_expectation(expectation, read[scope]) for expectation, scope in zip(expectations, scopes)]
    found = [fleet.clusters[0] if isinstance(fleet, Fleet) and len(fleet.clusters) == 1 else None for fleet in fleets]
    should_run = {
        (cluster.org.pk, cluster.pk): cluster
        for expectation, cluster in zip(expectations, found)
        if cluster and expectation.expect == "running"
    }
    failures = dict(zip(should_run, find_failures(client, list(should_run.values()))))
    return [
        evaluate(expectation, fleet, failures.get((cluster.org.pk, cluster.pk)) if cluster else None)
        for expectation, fleet, cluster in zip(expectations, fleets, found)
    ]


def match_expectation(expectation: Expectation, fleet: Fleet | NKSError) -> Fleet | NKSError:
    """Return the fleet with the expected clusters selected, or the error that prevents it."""
    if isinstance(fleet, NKSError):
        return fleet
    try:
        if expectation.expect == "absent":
            fleet.check_absence_is_known()
        return fleet.select(cluster_filter(id=expectation.id, name=expectation.name))
    except NKSError as exc:
        return exc


def evaluate(expectation: Expectation, fleet: Fleet | NKSError, failure: Log | None = None) -> Verdict:
    """Evaluate an expectation.

    :param fleet: the result of :func:`match_expectation`.
    :param failure: the log of the failure of the cluster, as :func:`find_failures` returns it.
    """
    if isinstance(fleet, NKSError):
        reason = f"{expectation} cannot be checked: {fleet}"
        return Verdict(expectation, None, [reason], is_final=not fleet.is_transient)
    found = fleet.clusters
    cluster = found[0] if len(found) == 1 else None
    reasons = list(_contradictions(expectation, fleet))
    failed = False
    if expectation.expect == "absent":
        reasons += [f"exists, in state {_shown(there.state)}." for there in found[:1]]
    elif not found:
        reasons.append(_explain_not_found(expectation, fleet))
    elif cluster and not reasons:
        failed = expectation.expect == "running" and (cluster.has_failed or failure is not None)
        if failed:
            said = f" The build log says: {failure.message}" if failure and failure.message else ""
            reasons.append(f"has failed, in state {_shown(cluster.state)}.{said}")
        elif expectation.expect == "running" and cluster.state != "running":
            reasons.append(f"is {_shown(cluster.state, 'in an unknown state')}, not running.")
        reasons += _shortfalls(expectation, cluster)
    warnings = []
    if not reasons and expectation.name is not None and fleet.skipped_orgs:
        warnings = [
            f"{expectation} could also be in an organization that the token may not read: {fleet.skipped_text}."
        ]
    return Verdict(expectation, cluster, [f"{expectation} {reason}" for reason in reasons], failed, warnings)


def _contradictions(expectation: Expectation, fleet: Fleet) -> t.Iterator[str]:
    """Yield what is ambiguous or contradictory about the cluster in the answers of the API."""
    found = fleet.clusters
    keys = {(cluster.org.pk, cluster.pk) for cluster in found}
    twice = keys & {(cluster.org.pk, cluster.pk) for cluster in fleet.not_selected}
    if twice or len(keys) < len(found):
        ids = join_limited([str(pk) for pk in sorted({pk for _org, pk in keys})])
        yield f"is listed twice by the API, with different contents under the ID {ids}."
    elif len(found) > 1:
        ids = join_limited([f"{cluster.pk} (organization {cluster.org})" for cluster in found])
        yield f"is ambiguous: the IDs {ids} match; give its org or its id."
    for cluster in found:
        org = cluster.raw.get("org")
        if org is not None and str(org) != str(cluster.org.pk):
            yield f"is listed by organization {cluster.org}, but its own org is {_shown(org)}."
    if expectation.expect == "absent":
        for cluster in [cluster for cluster in fleet.not_selected if expectation.resembles(cluster)][:1]:
            yield may_exist(cluster)


def _explain_not_found(expectation: Expectation, fleet: Fleet) -> str:
    reason = "was not found."
    if expectation.name is not None:
        same = [cluster for cluster in fleet.not_selected if expectation.resembles(cluster)]
        near = nearest_name(fleet.not_selected, expectation.name)
        if same:
            reason += (
                f" The cluster with the ID {same[0].pk} has a name that looks the same, {ascii(same[0].name)[:100]}."
            )
        elif near:
            reason += f" Did you mean {one_line(near)}?"
    if fleet.skipped_orgs:
        reason += f" It could be in an organization that the token may not read: {fleet.skipped_text}."
    return reason


def _shortfalls(expectation: Expectation, cluster: Cluster) -> t.Iterator[str]:
    nodes, least = cluster.raw.get("node_count"), expectation.min_nodes
    if least is not None and not (type(nodes) is int and nodes >= least):  # pylint: disable=unidiomatic-typecheck
        yield f"has {_shown(nodes, 'an unknown number of')} nodes, not {least} or more."
    version, oldest = _shown(cluster.raw.get("k8s_version")), expectation.min_k8s_version
    is_version = re.fullmatch(VERSION, version)
    if oldest is not None and not (is_version and version_numbers(version) >= version_numbers(oldest)):
        yield f"has Kubernetes {version}, not {oldest} or newer."


def _shown(value: t.Any, unknown: str = "unknown") -> str:
    return unknown if value is None else one_line(str(value))


def _parse_entry(what: str, entry: t.Any) -> Expectation:
    if not isinstance(entry, dict):
        advice = f" Is clusters a string? {AS_LIST}" if isinstance(entry, str) else ""
        raise NKSError(f"{what} must be a dictionary with name or id, not {_shown(repr(entry))}.{advice}")
    unknown = [_shown(repr(key)) for key in entry if key not in _KEYS]
    if unknown:
        raise NKSError(f"{what} has the unknown key {unknown[0]}. The keys are {', '.join(_KEYS)}.")
    if ("name" in entry) == ("id" in entry):
        raise NKSError(f"{what} must have either name or id.")
    parsed: JSON = {}
    for key, value in entry.items():
        is_valid, kind, meaning = _KEYS[key]
        if not is_valid(value):
            raise NKSError(f"{what}: {key} must be {meaning}, not {_shown(repr(value))}.")
        if isinstance(value, str):
            check_name(f"{what}: {key}", value)
        parsed[key] = kind(value)
    expectation = Expectation(**parsed)
    if expectation.expect == "absent" and (expectation.min_nodes or expectation.min_k8s_version):
        raise NKSError(f"{what}: min_nodes and min_k8s_version have no effect with expect absent. Leave them out.")
    return expectation


def _is_text(value: t.Any) -> bool:
    """Return whether a value is text without surrounding white space.

    Text with the start of a template is refused: it remains where a variable of the template is undefined.
    """
    return isinstance(value, str) and value == value.strip() != "" and not re.search("{{|{%|{#", value)


def _is_number(value: t.Any) -> bool:
    return type(value) in (int, str) and bool(re.fullmatch("[0-9]{1,18}", str(value)))


_KEYS: dict[str, tuple[t.Callable[[t.Any], t.Any], type, str]] = {
    "name": (_is_text, str, "text without surrounding white space and without {{, in quotes if it looks like a number"),
    "id": (lambda value: _is_number(value) and int(value) > 0, int, "a number, 1 or more"),
    "org": (lambda value: _is_number(value) or _is_text(value), str, "an ID, slug or name"),
    "expect": (lambda value: value in ("running", "present", "absent"), str, "running, present or absent"),
    "min_nodes": (lambda value: _is_number(value) and int(value) > 0, int, "a number, 1 or more"),
    "min_k8s_version": (
        lambda value: isinstance(value, str) and len(value) < 80 and re.fullmatch(VERSION, value),
        str,
        'a version in quotes, for example "1.15"',
    ),
}
"""For each key: a check of the value, the type that the value is converted to, and a description for messages."""
