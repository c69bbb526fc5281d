# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An event source of ansible-rulebook: what happens to the clusters of NKS."""

from __future__ import annotations

DOCUMENTATION = r"""
---
short_description: Tell what happens to the clusters of the NetApp Kubernetes Service (NKS)
version_added: 1.0.0
description:
  - Reads the clusters of organizations again and again, and tells what is different from the time before as events.
  - One look makes one request for the list of the organizations and one request an organization. It makes one more
    for each cluster that is not listed any more, at most 100 in one look, and one for each cluster that has failed.
  - The selection says which clusters are followed. A cluster is followed from the moment when it fits all of
    O(workspaces), O(states), O(providers) and O(regions). It stays followed while it fits all of them but O(states), so
    that the events of a cluster that was C(running) go on when it is being deleted.
  - An event is told for each cluster that was followed before or is followed now.
  - C({{), C({%), C({#) and C(#jinja2:) in texts of the API become C(_{), C(_%), C(_#) and C(_jinja2:) in events.
    Ansible takes the extra variables in which ansible-rulebook passes events to playbooks for templates.
options:
  api_token:
    description:
      - API token of an account that is Owner of the organizations that are used. White space around it is dropped.
      - Give it in the environment, or as a template of a variable, not in the rulebook itself.
    type: str
    required: true
    env:
      - name: NKS_API_TOKEN
  api_url:
    description:
      - Base URL of the NKS API, with or without a trailing slash.
      - C(http://) is refused unless the host is a loopback address or validate_certs is false.
      - Redirects are never followed.
      - Without it, the URL is C(https://api.stackpoint.io), where the hosted service was before it was withdrawn in
        2021. A warning in the log says so.
    type: str
    env:
      - name: NKS_API_URL
  api_timeout:
    description: Seconds that one request may take as a whole, from connecting to the end of the body.
    type: float
    default: 30
    env:
      - name: NKS_API_TIMEOUT
  api_retries:
    description:
      - How often a request is repeated after a connection error or one of the statuses 429, 500, 502, 503 and 504
        before the look counts as failed.
    type: int
    default: 4
    env:
      - name: NKS_API_RETRIES
  validate_certs:
    description: Whether the TLS certificate of the endpoint must be valid.
    type: bool
    default: true
    env:
      - name: NKS_VALIDATE_CERTS
  ca_path:
    description: Path of a file or folder with the CA certificates to trust instead of the usual ones.
    type: path
    env:
      - name: NKS_CA_PATH
  orgs:
    description:
      - Organizations to read, each by its ID, slug or name, tried in this order.
      - An organization that does not exist, or that the token may not read, is an error.
      - Without it, every organization that the token sees is read. Those that answer 403 are left out with a warning
        in the log.
      - In the environment, the organizations are separated by commas.
    type: list
    elements: str
    env:
      - name: NKS_ORG_ID
  workspaces:
    description: Follow the clusters that are in any of these workspaces, given by ID, slug or name.
    type: list
    elements: str
  states:
    description:
      - Follow the clusters whose C(state) is, or was since the source began, any of these, for example C(running).
    type: list
    elements: str
  providers:
    description: Follow the clusters whose C(provider) is any of these, for example C(aws).
    type: list
    elements: str
  regions:
    description: Follow the clusters whose C(region) is any of these, for example C(us-west-2).
    type: list
    elements: str
  include_service_clusters:
    description: Also follow the clusters that NKS runs for its own use.
    type: bool
    default: false
  interval:
    description:
      - Seconds from the beginning of one look to the beginning of the next.
      - At least 10, unless the host of O(api_url) is a loopback address.
    type: float
    default: 60
  events:
    description:
      - Which kinds of events are told. The default is all of them.
      - C(cluster_added) is told when a cluster appears.
      - C(cluster_changed) is told when fields of a cluster have other values. Its C(changes) has each of these fields
        with C(before) and C(after). The field C(updated) alone does not count, nor does the order of a list.
      - C(cluster_running) is told when a cluster has become C(running) and has not failed, in addition to
        C(cluster_added) or C(cluster_changed).
      - C(cluster_failed) is told when the API says that a cluster has failed, in addition to C(cluster_added) or
        C(cluster_changed).
        Its C(reason) is the message of the newest failure in the build log of the cluster, or null.
      - C(cluster_removed) is told when a cluster is gone. It must be missing in the list of an organization that could
        be read, and the API must answer 404 when it is asked for the cluster itself. An error, a 403 or an organization
        that cannot be read is never taken for a removal.
      - C(source_error) is told once when the API cannot be asked. Its C(message) says why, and its C(status) is the
        status of the answer, or null. With C(org), only that organization cannot be read any more.
      - C(source_recovered) is told when the API can be asked again. Its C(since) is the time of the C(source_error).
        The events for what happened in between come after it.
    type: list
    elements: str
    choices:
      - cluster_added
      - cluster_changed
      - cluster_running
      - cluster_failed
      - cluster_removed
      - source_error
      - source_recovered
  initial:
    description:
      - What is told of the clusters that are there when the source begins.
      - With C(none), nothing. With C(all), each of them is told as if it had just appeared, as C(cluster_added) and as
        C(cluster_running) or C(cluster_failed) where it is so.
      - The source remembers nothing from an earlier run. To miss nothing when ansible-rulebook is started again, use
        C(all) and playbooks that may run twice.
    type: str
    choices: [none, all]
    default: none
requirements:
  - requests >= 2.28
notes:
  - Each event has C(type) and C(time), in UTC. Those of clusters have C(org), with C(pk), C(name) and C(slug), and
    C(cluster), as M(netapp.nks.nks_cluster_info) returns it. C(cluster_removed) has the cluster as it was seen last.
  - An argument that is not known, or has a value of a wrong type, ends ansible-rulebook with one message. So do a wrong
    token, and an organization that does not exist, when the source begins. Later they are a C(source_error).
"""

EXAMPLES = r"""
- netapp.nks.clusters:
    interval: 60

- netapp.nks.clusters:
    api_token: "{{ nks_api_token }}"
    orgs: [my-organization]
    workspaces: [Team A]
    events: [cluster_running, cluster_failed, source_error]
    initial: all
"""

import asyncio
import datetime
import importlib
import logging
import os
import sys
import time
import typing as t
from pathlib import Path
from urllib.parse import urlsplit

import yaml


def _make_collection_importable() -> None:
    """Let Python find the collection that this file is part of: ansible-rulebook knows nothing of Ansible's own way.

    ``ansible_collections`` and ``ansible_collections.netapp`` may be packages already, such as those of the Python
    package ansible. Then their paths lack this collection.
    """
    namespace = Path(os.path.abspath(__file__)).parents[5]  # not resolved: a link leads to a checkout elsewhere
    if namespace.parent.name != "ansible_collections":
        return
    root = str(namespace.parents[1])
    if root not in sys.path:
        sys.path.append(root)
    for name, folder in (
        ("ansible_collections", namespace.parent),
        (f"ansible_collections.{namespace.name}", namespace),
    ):
        path = importlib.import_module(name).__path__
        if str(folder) not in path:
            t.cast(t.List[str], path).insert(0, str(folder))


_make_collection_importable()

from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._connection import is_loopback
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, NKSStatusError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._events import (
    Key,
    Snapshot,
    compare,
    escape_jinja,
    missing_keys,
)
from ansible_collections.netapp.nks.plugins.module_utils._failures import newest_failure
from ansible_collections.netapp.nks.plugins.module_utils._fleet import Fleet, cluster_filter, read_fleets
from ansible_collections.netapp.nks.plugins.module_utils._http import Deadline
from ansible_collections.netapp.nks.plugins.module_utils._orgs import concurrently, org_scope
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Org

JSON = t.Dict[str, t.Any]

OPTIONS: JSON = yaml.safe_load(DOCUMENTATION)["options"]
CONNECTION = ("api_token", "api_url", "api_timeout", "api_retries", "validate_certs", "ca_path")

SHORTEST_INTERVAL = 10.0
"""Seconds. The cluster autoscaler of NKS itself limits itself to one refresh a minute."""

MAX_LOOKUPS = 100
"""How many clusters that are not listed any more are asked for in one look at most."""

TRUE = ("y", "yes", "on", "1", "true", "t")
FALSE = ("n", "no", "off", "0", "false", "f")

logger = logging.getLogger("netapp.nks.clusters")


async def main(queue: asyncio.Queue[JSON], args: JSON) -> None:
    """Put events on the queue until the task is cancelled.

    :raises NKSError: arguments that cannot be used, or a failure of the first look that no repetition helps.
    """
    try:
        await _watch(queue, checked(args))
    except NKSError as exc:
        raise exc.with_traceback(None) from None  # ansible-rulebook shows each step of it to the user


async def _watch(queue: asyncio.Queue[JSON], arguments: JSON) -> None:
    client = NKSClient(**{name: arguments[name] for name in CONNECTION}, on_retry=logger.info, warn=logger.warning)
    watch = Watch(arguments)
    try:
        while True:
            began = time.monotonic()
            deadline = Deadline(repeat_until=began + arguments["interval"])
            for event in await asyncio.to_thread(watch.poll, client.until(deadline)):
                await queue.put(event)
            await asyncio.sleep(max(began + arguments["interval"] - time.monotonic(), 0))
    finally:
        client.close()  # a poll that still runs in its thread makes no more requests


class Watch:
    """The clusters that an endpoint has, and what is different at each look."""

    def __init__(self, arguments: JSON) -> None:
        filters = {name: arguments[name] for name in ("workspaces", "providers", "regions")}
        self._scope = org_scope(arguments["orgs"])
        self._include_service_clusters = arguments["include_service_clusters"]
        self._matches = cluster_filter(**filters, states=arguments["states"])
        self._still_matches = cluster_filter(**filters)
        self._kinds = arguments["events"] or OPTIONS["events"]["choices"]
        self._snapshot: Snapshot | None = {} if arguments["initial"] == "all" else None
        self._was_read = False
        self._orgs: dict[int, Org] = {}
        """Each organization that was ever read."""
        self._errors: dict[int | None, str] = {}
        """Since when an organization, or with None all of them, cannot be read."""
        self._warnings: set[str] = set()
        self._time = ""
        """When the look began, which is the time of all that it tells."""

    def poll(self, client: NKSClient) -> list[JSON]:
        """What happened since the last look, as events that can be told.

        :raises NKSError: a failure that no repetition helps, before anything was read.
        """
        self._time = (
            datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        )
        try:
            events = self._poll(client)
        except NKSError as exc:
            if not self._was_read and not exc.is_transient:
                raise
            events = self._error(None, str(exc), exc.status)
        else:
            self._was_read = True
        return [escape_jinja({**event, "time": self._time}) for event in events if event["type"] in self._kinds]

    def _poll(self, client: NKSClient) -> list[JSON]:
        """
        :raises NKSError: nothing is known, and the view stays as it was.
        """
        fleet = read_fleets(client, [self._scope], self._include_service_clusters, whole_orgs=True)[self._scope]
        if isinstance(fleet, NKSError):
            raise fleet
        orgs = {org.pk: org for org in fleet.read_orgs}
        unlisted = missing_keys(self._snapshot or {}, fleet.clusters, orgs)[:MAX_LOOKUPS]
        found = dict(zip(unlisted, concurrently(lambda key: self._look_up(client, key), unlisted)))
        gone = [key for key, cluster in found.items() if cluster is None]
        # Last in the snapshot, so that it is the turn of others if there are more than MAX_LOOKUPS.
        clusters = fleet.clusters + [cluster for cluster in found.values() if cluster is not None]
        is_first = self._snapshot is None
        events, snapshot = compare(self._snapshot or {}, clusters, gone, self._matches, self._still_matches)
        told = [] if is_first else [event for event in events if event["type"] in self._kinds]
        reasons = iter(
            concurrently(
                lambda event: self._reason(client, orgs, event),
                [event for event in told if event["type"] == "cluster_failed"],
            )
        )
        told = [{**event, "reason": next(reasons)} if event["type"] == "cluster_failed" else event for event in told]
        self._snapshot = snapshot
        if not self._was_read:
            followed = sum(seen.is_followed for seen in snapshot.values())
            logger.info("Following %d of %d clusters in %d organizations.", followed, len(snapshot), len(orgs))
        return [*self._recovered(orgs), *self._unreadable(orgs, fleet), *told]

    def _reason(self, client: NKSClient, orgs: dict[int, Org], event: JSON) -> str | None:
        """Why a cluster has failed, as its build log says, or None."""
        try:
            return newest_failure(client.logs(Cluster(event["cluster"], orgs[event["org"]["pk"]]))).message or None
        except NKSStatusError as exc:
            self._warn(str(exc))
            return None

    def _look_up(self, client: NKSClient, key: Key) -> Cluster | None:
        """The cluster, which is not listed any more, or None if it is gone."""
        org, pk, instance_id = key
        seen = (self._snapshot or {})[key].cluster
        try:
            detail = client.cluster(self._orgs[org], pk)
        except NKSStatusError as exc:
            if exc.status == 404:
                return None
            self._warn(str(exc))
            return seen
        if instance_id and detail.instance_id not in (instance_id, None, ""):
            return None  # its ID is that of another cluster now
        # The two forms have lists and objects with other fields in them, secrets among them.
        plain = {name: value for name, value in detail.raw.items() if not isinstance(value, (list, dict))}
        return seen.with_fields(**{name: value for name, value in plain.items() if name in seen.raw})

    def _unreadable(self, orgs: dict[int, Org], fleet: Fleet) -> list[JSON]:
        """An event for each organization that was read before and now is not."""
        details = {skipped.org.pk: one_line(str(skipped.error.detail), 300) for skipped in fleet.skipped_orgs}
        for warning in fleet.warnings():
            self._warn(warning)
        events = []
        for pk, org in self._orgs.items():
            if pk not in orgs and pk in details:
                events += self._error(pk, f"The token may not read {org} any more: {details[pk]}", 403)
            elif pk not in orgs:
                events += self._error(pk, f"The token does not see {org} any more.", None)
        self._orgs.update(orgs)
        return events

    def _error(self, org: int | None, message: str, status: int | None) -> list[JSON]:
        if org in self._errors:
            return []
        logger.error(message)
        self._errors[org] = self._time
        about = {} if org is None else {"org": self._orgs[org].summary()}
        return [{"type": "source_error", **about, "message": message, "status": status}]

    def _recovered(self, orgs: dict[int, Org]) -> list[JSON]:
        events = []
        for org in [org for org in self._errors if org is None or org in orgs]:
            about = {} if org is None else {"org": orgs[org].summary()}
            events.append({"type": "source_recovered", **about, "since": self._errors.pop(org)})
            logger.warning("The API can be asked again%s.", "" if org is None else f" about {orgs[org]}")
        return events

    def _warn(self, message: str) -> None:
        """Log a message once."""
        if message not in self._warnings:
            self._warnings.add(message)
            logger.warning(message)


def checked(args: JSON) -> JSON:
    """The value of each option: given, from the environment as the modules take it, or the default.

    :raises NKSError: an argument that cannot be used. The message never holds the token.
    """
    unknown = [one_line(str(name)) for name in args if name not in OPTIONS]
    if unknown:
        raise NKSError(f"netapp.nks.clusters has no argument {', '.join(unknown)}. It has: {', '.join(OPTIONS)}.")
    values = {name: _checked(name, option, args.get(name)) for name, option in OPTIONS.items()}
    if values["interval"] < SHORTEST_INTERVAL and not is_loopback(_host(values["api_url"] or "")):
        raise NKSError(f"interval must be at least {SHORTEST_INTERVAL:g} seconds, not {values['interval']:g}.")
    if not 0 < values["interval"] <= 10**7:
        raise NKSError(f"interval must be a number of seconds above 0, not {values['interval']:g}.")
    return values


def _checked(name: str, option: JSON, value: t.Any) -> t.Any:
    if value is None:
        value = _environment(option)
    if value is None:
        return option.get("default")
    value = CONVERSIONS[option["type"]](name, value)
    wrong = [
        item for item in (value if isinstance(value, list) else [value]) if item not in option.get("choices", [item])
    ]
    if wrong:
        raise _wrong(name, ", ".join(option["choices"]), wrong[0])
    if value == [] and "choices" in option:
        raise NKSError(f"{name} is an empty list: leave it out for all.")
    return value


def _environment(option: JSON) -> t.Any:
    """The value of the variable of an option. An empty one counts as not set, but for a list: see the modules."""
    for variable in option.get("env", []):
        value = os.environ.get(variable["name"])
        if value is not None and option["type"] == "list":
            return [item.strip() for item in value.split(",")]
        if value:
            return value
    return None


def _text(name: str, value: t.Any) -> str:
    """The value as text. A fraction is refused: nobody knows how it was written."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise _wrong(name, "text", value)
    return str(value)


def _number(name: str, value: t.Any) -> float:
    try:
        return float(value if isinstance(value, float) else _text(name, value))
    except (NKSError, ValueError):
        raise _wrong(name, "a number", value) from None


def _integer(name: str, value: t.Any) -> int:
    try:
        return int(_text(name, value))
    except (NKSError, ValueError):
        raise _wrong(name, "a whole number", value) from None


def _boolean(name: str, value: t.Any) -> bool:
    text = str(value).lower()
    if text not in TRUE + FALSE:
        raise _wrong(name, "true or false", value)
    return text in TRUE


def _list(name: str, value: t.Any) -> list[str]:
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        value = [item.strip() for item in str(value).split(",")]
    if not isinstance(value, list):
        raise _wrong(name, "a list", value)
    return ["" if item is None else _text(name, item) for item in value]


def _path(name: str, value: t.Any) -> str:
    return os.path.expanduser(os.path.expandvars(_text(name, value)))


CONVERSIONS: dict[str, t.Callable[[str, t.Any], t.Any]] = {
    "str": _text,
    "float": _number,
    "int": _integer,
    "bool": _boolean,
    "list": _list,
    "path": _path,
}


def _wrong(name: str, wanted: str, value: t.Any) -> NKSError:
    given = f"a value of type {type(value).__name__}" if name == "api_token" else repr(one_line(str(value)))
    return NKSError(f"{name} must be {wanted}, not {given}.")


def _host(url: str) -> str | None:
    try:
        return urlsplit(url.strip()).hostname
    except ValueError:
        return None  # the client says what is wrong with it
