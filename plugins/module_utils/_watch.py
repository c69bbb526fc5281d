# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Polls clusters, compares them with the poll before, and remembers them.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import logging
import typing as t
import uuid

from ansible_collections.netapp.nks.plugins.module_utils._connection import DEFAULT_URL
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, error_text, one_line
from ansible_collections.netapp.nks.plugins.module_utils._events import (
    Key,
    Observed,
    Snapshot,
    cluster_key,
    compare,
    escape_event,
    missing_keys,
)
from ansible_collections.netapp.nks.plugins.module_utils._failures import newest_failure
from ansible_collections.netapp.nks.plugins.module_utils._fleet import cluster_filter, explain_empty
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._orgs import SkippedOrg, concurrently, find_org, org_scope
from ansible_collections.netapp.nks.plugins.module_utils._state import StateFile
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Org, deduplicate

if t.TYPE_CHECKING:
    from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient

R = t.TypeVar("R")

MAX_LOOKUPS = 100
"""Requests in one poll for clusters that are no longer listed."""

STATE_VERSION = 1

FILTERS = ("workspaces", "states", "providers", "regions")
SELECTION = ("orgs", "include_service_clusters", *FILTERS)

logger = logging.getLogger("netapp.nks.clusters")


class Watch:
    """The clusters of an endpoint, as they were at the last poll.

    :param arguments: the selection, ``initial`` and ``events``, as the event source documents them.
    :raises NKSError: a selection that is not valid.
    """

    def __init__(self, arguments: JSON) -> None:
        self.is_stopped = False
        """Whether a failure means nothing, because the source has closed its connections."""
        self._filters = {name: arguments[name] for name in FILTERS}
        self._matches = cluster_filter(**self._filters)
        self._still_matches = cluster_filter(**{**self._filters, "states": None})
        self._scope = org_scope(arguments["orgs"])
        self._include_service_clusters = arguments["include_service_clusters"]
        self._types = arguments["events"]
        self._emits_initial = arguments["initial"] == "all"
        self._snapshot: Snapshot = {}
        self._orgs: dict[int, Org] = {}
        """Each organization that was ever read."""
        self._errors: dict[int | None, str] = {}
        """Since when an organization, or with None the API, cannot be read."""
        self._warned: set[tuple[str, int, int | None]] = set()
        """Kind of request, organization and status of each warning."""
        self._has_polled = False
        self._time = ""
        """When the poll began, which is the time of its events."""

    def poll(self, client: NKSClient) -> list[JSON]:
        """The events since the last poll.

        :raises NKSError: a failure of the first poll that cannot pass by itself.
        """
        now = datetime.datetime.now(datetime.timezone.utc)
        self._time = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        try:
            events = self._poll(client)
        except NKSError as exc:
            if not self._has_polled and not exc.is_transient:
                raise
            events = self._error(None, str(exc), exc.status)
        return [
            escape_event({"id": uuid.uuid4().hex, **event, "time": self._time})
            for event in events
            if self._is_wanted(event)
        ]

    def _poll(self, client: NKSClient) -> list[JSON]:
        """
        :raises NKSError: the API is unavailable. Nothing has changed then.
        """
        orgs = self._select(client.orgs())
        answers = concurrently(lambda org: _attempt(client.clusters, org, self._include_service_clusters), orgs)
        failures = [(org, answer) for org, answer in zip(orgs, answers) if isinstance(answer, NKSError)]
        if not self._has_polled:
            self._check_first_poll(orgs, failures)
        clusters = deduplicate(cluster for answer in answers if isinstance(answer, list) for cluster in answer)
        read_orgs = {org.pk: org for org, answer in zip(orgs, answers) if isinstance(answer, list)}
        outages = [exc for _org, exc in failures if exc.is_transient]
        if outages and not read_orgs:
            raise outages[0]
        missing = missing_keys(self._snapshot, clusters, read_orgs)[:MAX_LOOKUPS]
        found = dict(zip(missing, concurrently(lambda key: self._look_up(client, key), missing)))
        gone = [key for key, cluster in found.items() if cluster is None]
        # Last in the snapshot, so that the next poll looks up others if there are more than MAX_LOOKUPS.
        clusters += [cluster for cluster in found.values() if cluster is not None]
        events, self._snapshot = compare(self._snapshot, clusters, gone, self._matches, self._still_matches)
        emitted_orgs = read_orgs if self._emits_initial else self._orgs
        events = [event for event in events if self._is_wanted(event) and event["org"]["pk"] in emitted_orgs]
        events = self._add_reasons(client, events)
        events = [*self._recovered(read_orgs), *self._org_errors(orgs, failures), *events]
        self._orgs.update(read_orgs)
        if not self._has_polled:
            self._has_polled = True
            self._describe_selection(clusters)
        return events

    def _is_wanted(self, event: JSON) -> bool:
        return not self._types or event["type"] in self._types

    def _select(self, visible: list[Org]) -> list[Org]:
        """
        :raises NKSError: an organization does not exist when the source starts.
        """
        if self._scope is None:
            return list({org.pk: org for org in visible}.values())
        found = [_attempt(find_org, visible, identifier) for identifier in self._scope]
        for org in found:
            if isinstance(org, NKSError) and not self._has_polled:
                raise org
        return list({org.pk: org for org in found if isinstance(org, Org)}.values())

    def _check_first_poll(self, orgs: list[Org], failures: list[tuple[Org, NKSError]]) -> None:
        """
        :raises NKSError: an organization that the user named, or every organization, cannot be read.
        """
        for _org, exc in failures:
            is_named = self._scope is not None and exc.status in (401, 403, 404)
            if is_named or (len(failures) == len(orgs) and not exc.is_transient):
                raise exc

    def _describe_selection(self, clusters: list[Cluster]) -> None:
        followed = sum(seen.is_followed for seen in self._snapshot.values())
        logger.info("Following %d of %d clusters in %d organizations.", followed, len(self._snapshot), len(self._orgs))
        why_empty = "" if followed else explain_empty(clusters, **self._filters)
        if why_empty:
            logger.warning(why_empty)

    def _add_reasons(self, client: NKSClient, events: list[JSON]) -> list[JSON]:
        """Add to each ``cluster_failed`` why the cluster has failed, as its build log says, or None."""

        def find_reason(event: JSON) -> str | None:
            cluster = Cluster(event["cluster"], Org(event["org"]))
            logs = _attempt(client.logs, cluster)
            if isinstance(logs, NKSError):
                self._warn("logs", cluster.org, logs.status, str(logs))
                return None
            return newest_failure(logs).message or None

        reasons = iter(concurrently(find_reason, [event for event in events if event["type"] == "cluster_failed"]))
        return [{**event, "reason": next(reasons)} if event["type"] == "cluster_failed" else event for event in events]

    def _look_up(self, client: NKSClient, key: Key) -> Cluster | None:
        """The cluster, which is no longer listed, or None if it is gone."""
        seen = self._snapshot[key].cluster
        found = _attempt(client.cluster, seen.org, seen.pk)
        if isinstance(found, NKSError):
            if found.status == 404:
                return None
            self._warn("cluster", seen.org, found.status, str(found))
            return seen
        instance_id = key[2]
        if instance_id and found.instance_id not in (instance_id, None, ""):
            return None  # its ID is that of another cluster now
        # The lists and objects of the detail form have other fields than those of the short form.
        fields = {name: value for name, value in found.raw.items() if not isinstance(value, (list, dict))}
        return seen.with_fields(**{name: value for name, value in fields.items() if name in seen.raw})

    def _org_errors(self, orgs: list[Org], failures: list[tuple[Org, NKSError]]) -> list[JSON]:
        """An event for each organization that cannot be read now, and could be read, or was never read."""
        events = []
        for org, exc in failures:
            if exc.status != 403:
                events += self._error(org, f"Organization {org} cannot be read: {exc}", exc.status)
            elif org.pk in self._orgs:
                detail = one_line(str(exc.detail), 300)
                events += self._error(org, f"The token may no longer read organization {org}: {detail}", 403)
            else:
                self._warn("clusters", org, 403, SkippedOrg(org, exc).warning())
        visible = {org.pk for org in orgs}
        for pk, org in self._orgs.items():
            if pk not in visible:
                events += self._error(org, f"The token no longer sees organization {org}.", None)
        return events

    def _error(self, org: Org | None, message: str, status: int | None) -> list[JSON]:
        pk = org.pk if org else None
        if pk in self._errors:
            return []
        self._log(logging.ERROR, message)
        self._errors[pk] = self._time
        return [{"type": "source_error", **_about(org), "message": message, "status": status}]

    def _recovered(self, read_orgs: dict[int, Org]) -> list[JSON]:
        events = []
        for pk in [pk for pk in self._errors if pk is None or pk in read_orgs]:
            org = None if pk is None else read_orgs[pk]
            logger.warning("%s is available again.", "The API" if org is None else f"Organization {org}")
            events.append({"type": "source_recovered", **_about(org), "since": self._errors.pop(pk)})
        return events

    def _warn(self, request: str, org: Org, status: int | None, message: str) -> None:
        """Log a message, unless the same kind of request failed for the organization with the same status before."""
        if (request, org.pk, status) not in self._warned:
            self._warned.add((request, org.pk, status))
            self._log(logging.WARNING, message)

    def _log(self, level: int, message: str) -> None:
        if not self.is_stopped:
            logger.log(level, message)

    def state(self) -> JSON:
        """What :meth:`restore` needs to go on from here."""
        return {
            "orgs": [org.summary() for org in self._orgs.values()],
            "errors": list(map(list, self._errors.items())),
            "clusters": [
                {"org": seen.cluster.org.pk, "cluster": seen.cluster.raw, "is_followed": seen.is_followed}
                for seen in self._snapshot.values()
            ],
        }

    def restore(self, state: JSON) -> None:
        """Go on from a state.

        :raises Exception: it is not one that :meth:`state` returned. Nothing has changed then.
        """
        orgs = {org.pk: org for org in map(Org, state["orgs"])}
        errors = {pk: str(since) for pk, since in state["errors"]}
        observed = [
            Observed(Cluster(item["cluster"], orgs[item["org"]]), bool(item["is_followed"]))
            for item in state["clusters"]
        ]
        self._snapshot = {cluster_key(seen.cluster): seen for seen in observed}
        self._orgs, self._errors = orgs, errors


class Memory:
    """Keeps a watch and the events that are not yet delivered in a file.

    :param digest: identifies the endpoint, the token and the selection.
    """

    def __init__(self, file: StateFile, digest: str) -> None:
        self._file = file
        self._digest = digest
        self._written: JSON = {}
        self._has_failed = False

    def restore(self, watch: Watch) -> list[JSON]:
        """Restore the watch from the file, and return the events that an earlier run may not have delivered."""
        try:
            content = self._file.read()
            if content is None:
                return []
            if content["version"] != STATE_VERSION:
                raise ValueError("another version of the collection wrote it")
            if content["digest"] != self._digest:
                raise ValueError("it is of another endpoint, token or selection")
            events = [dict(event) for event in content["events"]]
            watch.restore(content["watch"])
        except Exception as exc:  # pylint: disable=broad-exception-caught  # the file can hold anything
            reason = error_text(exc) if isinstance(exc, (OSError, ValueError)) else "it does not have what it should"
            logger.warning(
                "state_path: %s is not used: %s. The argument initial applies.", self._file.path, one_line(reason, 200)
            )
            return []
        return events

    def save(self, watch: Watch, events: list[JSON]) -> None:
        content = {"version": STATE_VERSION, "digest": self._digest, "events": events, "watch": watch.state()}
        if content == self._written:
            return
        try:
            self._file.write(content)
        except OSError as exc:
            if not self._has_failed:
                logger.error("state_path: %s cannot be written: %s.", self._file.path, error_text(exc))
            self._has_failed = True
        else:
            self._written, self._has_failed = content, False


def watch_digest(arguments: JSON) -> str:
    """A digest of the endpoint, the token and the selection."""
    url = (arguments["api_url"] or DEFAULT_URL).strip().rstrip("/")
    values = [url, (arguments["api_token"] or "").strip(), *(arguments[name] for name in SELECTION)]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def _about(org: Org | None) -> JSON:
    return {"org": org.summary()} if org else {}


def _attempt(function: t.Callable[..., R], *args: t.Any) -> R | NKSError:
    """The result of the function, or the error that it raises."""
    try:
        return function(*args)
    except NKSError as exc:
        return exc
