# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Poll clusters, compare them with the previous poll, and keep the state in a file.

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
"""Maximum number of requests in one poll for clusters that are no longer listed."""

STATE_VERSION = 1

FILTERS = ("workspaces", "states", "providers", "regions")
SELECTION = ("orgs", "include_service_clusters", *FILTERS)

logger = logging.getLogger("netapp.nks.clusters")


class Watch:
    """Polls the clusters of an endpoint, and turns changes since the last poll into events.

    :param arguments: the selection, ``initial`` and ``events``, as documented for the event source.
    :raises NKSError: the selection is not valid.
    """

    def __init__(self, arguments: JSON) -> None:
        self.is_stopped = False
        """Whether the source has closed its connections, so that failures are not logged."""
        self._filters = {name: arguments[name] for name in FILTERS}
        self._matches = cluster_filter(**self._filters)
        self._still_matches = cluster_filter(**{**self._filters, "states": None})
        self._scope = org_scope(arguments["orgs"])
        self._include_service_clusters = arguments["include_service_clusters"]
        self._types = arguments["events"]
        self._emits_initial = arguments["initial"] == "all"
        self._snapshot: Snapshot = {}
        self._orgs: dict[int, Org] = {}
        """Each organization that has ever been read, by its ``pk``."""
        self._errors: dict[int | None, str] = {}
        """The time since which an organization cannot be read, by its ``pk``. The key None stands for the API."""
        self._warned: set[tuple[str, int, int | None]] = set()
        """Kind of request, organization and status of each warning."""
        self._has_polled = False
        self._time = ""
        """The start of the poll, which is the time of its events."""

    def poll(self, client: NKSClient) -> list[JSON]:
        """Poll the API, and return the events since the last poll.

        :raises NKSError: the first poll fails with an error that is not transient.
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
        """Poll the API, and return the events before they are escaped.

        :raises NKSError: the API is unavailable. The watch is unchanged then.
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
        # They move to the end of the snapshot. If more than MAX_LOOKUPS are missing, the next poll looks up others.
        clusters += [cluster for cluster in found.values() if cluster is not None]
        events, self._snapshot = compare(self._snapshot, clusters, gone, self._matches, self._still_matches)
        emitted_orgs = read_orgs if self._emits_initial else self._orgs
        events = [event for event in events if self._is_wanted(event) and event["org"]["pk"] in emitted_orgs]
        events = self._add_reasons(client, events)
        events = [*self._recovered(read_orgs), *self._org_errors(orgs, failures), *events]
        self._orgs.update(read_orgs)
        if not self._has_polled:
            self._has_polled = True
            self._log_selection(clusters)
        return events

    def _is_wanted(self, event: JSON) -> bool:
        return not self._types or event["type"] in self._types

    def _select(self, visible: list[Org]) -> list[Org]:
        """Return the selected organizations.

        :raises NKSError: an organization does not exist at the first poll.
        """
        if self._scope is None:
            return list({org.pk: org for org in visible}.values())
        found = [_attempt(find_org, visible, identifier) for identifier in self._scope]
        for org in found:
            if isinstance(org, NKSError) and not self._has_polled:
                raise org
        return list({org.pk: org for org in found if isinstance(org, Org)}.values())

    def _check_first_poll(self, orgs: list[Org], failures: list[tuple[Org, NKSError]]) -> None:
        """Check that the first poll could read the organizations.

        :raises NKSError: an organization that the user named, or every organization, cannot be read.
        """
        for _org, exc in failures:
            is_named = self._scope is not None and exc.status in (401, 403, 404)
            if is_named or (len(failures) == len(orgs) and not exc.is_transient):
                raise exc

    def _log_selection(self, clusters: list[Cluster]) -> None:
        followed = sum(seen.is_followed for seen in self._snapshot.values())
        logger.info("Following %d of %d clusters in %d organizations.", followed, len(self._snapshot), len(self._orgs))
        why_empty = "" if followed else explain_empty(clusters, **self._filters)
        if why_empty:
            logger.warning(why_empty)

    def _add_reasons(self, client: NKSClient, events: list[JSON]) -> list[JSON]:
        """Add ``reason`` to each ``cluster_failed``: the failure in the build log of the cluster, or None."""

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
        """Request a cluster that is no longer listed, and return it, or None if it is gone.

        If the request fails in another way than a 404 of the API, the cluster of the snapshot is returned.
        """
        seen = self._snapshot[key].cluster
        found = _attempt(client.cluster, seen.org, seen.pk)
        if isinstance(found, NKSError):
            if found.is_not_found:
                return None
            self._warn("cluster", seen.org, found.status, str(found))
            return seen
        if key[2] and cluster_key(found)[2] not in (key[2], ""):
            return None  # another cluster has its ID now
        # Lists and objects have other fields in the detail form than in the short form.
        fields = {name: value for name, value in found.raw.items() if not isinstance(value, (list, dict))}
        return seen.with_fields(**{name: value for name, value in fields.items() if name in seen.raw})

    def _org_errors(self, orgs: list[Org], failures: list[tuple[Org, NKSError]]) -> list[JSON]:
        """Return a ``source_error`` for each organization that cannot be read now, unless that is already known.

        A 403 on an organization that was never read is a warning in the log instead.
        """
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
        """Log an error and return its ``source_error``, or return nothing if an error is already known.

        :param org: the organization that cannot be read. None stands for the API.
        """
        pk = org.pk if org else None
        if pk in self._errors:
            return []
        self._log(logging.ERROR, message)
        self._errors[pk] = self._time
        return [{"type": "source_error", **_about(org), "message": message, "status": status}]

    def _recovered(self, read_orgs: dict[int, Org]) -> list[JSON]:
        """Return a ``source_recovered`` for the API, and for each organization, that is available again."""
        events = []
        for pk in [pk for pk in self._errors if pk is None or pk in read_orgs]:
            org = None if pk is None else read_orgs[pk]
            logger.warning("%s is available again.", "The API" if org is None else f"Organization {org}")
            events.append({"type": "source_recovered", **_about(org), "since": self._errors.pop(pk)})
        return events

    def _warn(self, request: str, org: Org, status: int | None, message: str) -> None:
        """Log a warning, unless the same kind of request failed before with the same status for the organization."""
        if (request, org.pk, status) not in self._warned:
            self._warned.add((request, org.pk, status))
            self._log(logging.WARNING, message)

    def _log(self, level: int, message: str) -> None:
        if not self.is_stopped:
            logger.log(level, message)

    def state(self) -> JSON:
        """Return the state from which :meth:`restore` can continue."""
        return {
            "orgs": [org.summary() for org in self._orgs.values()],
            "errors": list(map(list, self._errors.items())),
            "clusters": [
                {"org": seen.cluster.org.pk, "cluster": seen.cluster.raw, "is_followed": seen.is_followed}
                for seen in self._snapshot.values()
            ],
        }

    def restore(self, state: JSON) -> None:
        """Continue from a state that :meth:`state` returned.

        :raises Exception: the state is not valid. The watch is unchanged then.
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
    """Keeps the state of a watch, and the events that are not yet delivered, in a file.

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
                raise ValueError("it belongs to another endpoint, token or selection")
            events = [dict(event) for event in content["events"]]
            watch.restore(content["watch"])
        except Exception as exc:  # pylint: disable=broad-exception-caught  # the file can contain anything
            reason = error_text(exc) if isinstance(exc, (OSError, ValueError)) else "its content is not valid"
            logger.warning(
                "state_path: %s is not used: %s. It is now %s. The argument initial applies.",
                self._file.path,
                one_line(reason, 200),
                self._file.set_aside(),
            )
            return []
        return events

    def save(self, watch: Watch, events: list[JSON]) -> None:
        """Write the watch and the events to the file. A failure is logged once, until a write succeeds."""
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
    """Return a digest of the endpoint, the token and the selection."""
    url = (arguments["api_url"] or DEFAULT_URL).strip().rstrip("/")
    values = [url, (arguments["api_token"] or "").strip(), *(arguments[name] for name in SELECTION)]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def _about(org: Org | None) -> JSON:
    return {"org": org.summary()} if org else {}


def _attempt(function: t.Callable[..., R], *args: t.Any) -> R | NKSError:
    """Return the result of the function, or the error that it raises."""
    try:
        return function(*args)
    except NKSError as exc:
        return exc
