# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An event source for ansible-rulebook that polls the clusters of NKS."""

from __future__ import annotations

DOCUMENTATION = r"""
---
short_description: Emit events for changes of the clusters of the NetApp Kubernetes Service (NKS)
version_added: 1.0.0
description:
  - Polls the clusters of organizations and emits an event for each change.
  - A poll makes one request for the list of organizations and one request for each organization. It makes one more
    request for each cluster that is no longer listed, at most 100 in one poll, and one for each cluster that has newly
    failed.
  - The selection decides which clusters are followed. A cluster is followed as soon as it matches all of O(workspaces),
    O(states), O(providers) and O(regions). It remains followed while it matches all of them except O(states), so that
    the events of a cluster that was C(running) continue while it is being deleted.
  - Events are emitted for each cluster that is followed now or was followed at the last poll.
  - A failed request does not affect the others. If one organization, one cluster or the build log of one cluster cannot
    be read, the events of the others are still emitted.
options:
  api_token:
    description:
      - API token of an account that is Owner of the organizations to read. White space around it is removed.
      - Set it in the environment, or use a template with a variable. Do not write it into the rulebook.
    type: str
    required: true
    env:
      - name: NKS_API_TOKEN
  api_url:
    description:
      - Base URL of the NKS API, with or without a trailing slash.
      - C(http://) is refused unless the host is a loopback address or O(validate_certs=false).
      - Redirects are never followed.
      - The default is C(https://api.stackpoint.io), the URL of the hosted service that was withdrawn in 2021. If the
        default is used, a warning in the log says so.
    type: str
    env:
      - name: NKS_API_URL
  api_timeout:
    description: Maximum number of seconds for one request, from connecting to the end of the response body.
    type: float
    default: 30
    env:
      - name: NKS_API_TIMEOUT
  api_retries:
    description:
      - Number of times to repeat a request after a connection error or one of the statuses 429, 500, 502, 503 and 504
        before it counts as failed.
    type: int
    default: 4
    env:
      - name: NKS_API_RETRIES
  validate_certs:
    description: Whether to require a valid TLS certificate of the endpoint.
    type: bool
    default: true
    env:
      - name: NKS_VALIDATE_CERTS
  ca_path:
    description: Path of a file or directory with CA certificates to trust instead of the default ones.
    type: path
    env:
      - name: NKS_CA_PATH
  orgs:
    description:
      - Organizations to read, each by its ID, slug or name.
      - When the source starts, it is an error if an organization does not exist or the token may not read it.
      - By default, all organizations that the token sees are read. Those that answer 403 are left out, with a warning
        in the log.
      - In the environment variable, separate organizations with commas.
    type: list
    elements: str
    env:
      - name: NKS_ORG_ID
  workspaces:
    description: Follow the clusters in any of these workspaces, each given by its ID, slug or name.
    type: list
    elements: str
  states:
    description:
      - Follow the clusters with any of these values of C(state), for example C(running). A cluster that has had one of
        these states since the source started remains followed.
    type: list
    elements: str
  providers:
    description: Follow the clusters with any of these values of C(provider), for example C(aws).
    type: list
    elements: str
  regions:
    description: Follow the clusters with any of these values of C(region), for example C(us-west-2).
    type: list
    elements: str
  include_service_clusters:
    description: Also follow the clusters that NKS runs for its own use.
    type: bool
    default: false
  interval:
    description:
      - Seconds from the start of one poll to the start of the next.
      - At least 10, unless the host of O(api_url) is a loopback address. At most a week.
      - The source waits until the rules have taken all events before it polls again. So slow rules make the interval
        longer.
    type: float
    default: 60
  events:
    description:
      - Types of events to emit. The default is all types.
      - C(cluster_added) is emitted when a cluster appears.
      - C(cluster_changed) is emitted when fields of a cluster have changed. Its C(changes) contains each of these
        fields with C(before) and C(after). A change of only the field C(updated) or only the order of a list does not
        count.
      - C(cluster_running) is emitted when a cluster has become C(running) and has not failed, in addition to
        C(cluster_added) or C(cluster_changed).
      - C(cluster_failed) is emitted when the API says that a cluster has failed, in addition to C(cluster_added) or
        C(cluster_changed). Its C(reason) is the message of the newest failure in the build log of the cluster, or null
        if the log has none or cannot be read.
      - C(cluster_removed) is emitted when a cluster is gone. Its organization no longer lists it, and the API answers
        404 to a request for the cluster, or another cluster has its ID. An error, a 403 or an organization that cannot
        be read never counts as a removal.
      - C(source_error) is emitted once when the API becomes unavailable. Its C(message) says why, and its C(status) is
        the status of the response, or null. If the event has C(org), only that organization cannot be read.
      - C(source_recovered) is emitted when the API, or the organization in C(org), is available again. Its C(since) is
        the time of the C(source_error). The events of what happened in between follow it.
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
      - Events to emit for the clusters that exist when the source reads an organization for the first time.
      - V(none) emits no events. V(all) emits C(cluster_added) and, if it applies, C(cluster_running) or
        C(cluster_failed), as for clusters that have just appeared.
      - With O(state_path), this option applies only if there is no state to continue from.
    type: str
    choices: [none, all]
    default: none
  state_path:
    description:
      - Path of a file for the state of the source, from which it continues when C(ansible-rulebook) starts again.
        Changes in between are emitted as ordinary events.
      - Events are delivered at least once. After a crash, the last events are emitted again with the same C(id).
      - The source creates the file, with mode 0600 and without secrets, and always replaces it as a whole. The
        directory must exist. A file next to it, with the suffix C(.lock), prevents a second source from using it.
      - The file is not used if it cannot be read, or if it was written for another endpoint, token or selection or by
        another version of the collection. Then it gets the suffix C(.unused), a warning in the log says so, and
        O(initial) applies.
      - By default, the state is not kept, and the source knows nothing of an earlier run.
    type: path
requirements:
  - ansible-core
  - requests >= 2.28
notes:
  - Each event has C(id), C(type) and C(time), which is in UTC. Events of clusters have C(org), with C(pk), C(name) and
    C(slug), and C(cluster), as M(netapp.nks.nks_cluster_info) returns it. C(cluster_removed) has the last known state
    of the cluster.
  - In texts from the API, C(_) replaces each C({) and each backslash, a C(%) or C(#) at the start or after a quote, and
    the first letter of C(jinja2:). So text cannot become part of a template, alone or next to other text or braces.
    Keys are treated in the same way, and an empty key becomes C(_).
  - When the source starts, an argument that is unknown or not valid, a wrong token, or an organization that does not
    exist ends C(ansible-rulebook) with one message. Later, a wrong token or a missing organization causes a
    C(source_error).
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

- netapp.nks.clusters:
    state_path: /var/lib/rulebooks/nks.json
"""

import asyncio
import importlib
import logging
import os
import sys
import time
import typing as t
from pathlib import Path
from urllib.parse import urlsplit


def _make_collection_importable() -> None:
    """Add this collection to the import path, because ansible-rulebook does not use the collection loader of Ansible.

    ``ansible_collections`` and ``ansible_collections.netapp`` may already exist, for example in the Python package
    ansible. Then this collection is added to their paths.
    """
    namespace = Path(os.path.abspath(__file__)).parents[5]  # links are not resolved: they may lead to a checkout
    if namespace.parent.name != "ansible_collections":
        return
    root = str(namespace.parents[1])
    if root not in sys.path:
        sys.path.append(root)
    for name, directory in (
        ("ansible_collections", namespace.parent),
        (f"ansible_collections.{namespace.name}", namespace),
    ):
        path = importlib.import_module(name).__path__
        if str(directory) not in path:
            t.cast(t.List[str], path).insert(0, str(directory))


_make_collection_importable()

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._connection import MAX_SECONDS, is_loopback
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._events import TYPES
from ansible_collections.netapp.nks.plugins.module_utils._http import Deadline
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, SELECTION, Spec
from ansible_collections.netapp.nks.plugins.module_utils._state import StateFile
from ansible_collections.netapp.nks.plugins.module_utils._watch import Memory, Watch, watch_digest

ARGUMENTS: Spec = {
    **CONNECTION,
    **SELECTION,
    "interval": {"type": "float", "default": 60},
    "events": {"type": "list", "elements": "str", "choices": list(TYPES)},
    "initial": {"type": "str", "choices": ["none", "all"], "default": "none"},
    "state_path": {"type": "path"},
}

MIN_INTERVAL = 10.0
"""Minimum number of seconds between two polls. The cluster autoscaler of NKS refreshes at most once a minute."""

QUEUE_POLL = 0.05
"""Seconds between two checks whether the queue is empty. asyncio has no way to wait for that."""

logger = logging.getLogger("netapp.nks.clusters")


async def main(queue: asyncio.Queue[JSON], args: JSON) -> None:
    """Put events on the queue until the task is canceled.

    :raises NKSError: an argument is not valid, or the first poll fails with an error that is not transient.
    """
    try:
        await _run(queue, read_arguments(args))
    except NKSError as exc:
        raise exc.with_traceback(None) from None  # ansible-rulebook shows the whole traceback to the user


async def _run(queue: asyncio.Queue[JSON], arguments: JSON) -> None:
    watch = Watch(arguments)
    connection = {name: arguments[name] for name in CONNECTION}
    with NKSClient(**connection, on_retry=logger.info, warn=logger.warning) as client:
        file = StateFile(arguments["state_path"]) if arguments["state_path"] else None
        memory = Memory(file, watch_digest(arguments)) if file else None
        try:
            await follow(queue, watch, client, arguments["interval"], memory)
        finally:
            # When the task is canceled, a poll may still run in its thread. It makes no more requests.
            watch.is_stopped = True
            if file:
                file.close()


async def follow(
    queue: asyncio.Queue[JSON], watch: Watch, client: NKSClient, interval: float, memory: Memory | None = None
) -> None:
    """Poll at each interval and emit the events, but not before the events of the last poll are taken.

    The events are written to the file before the first one is emitted, and removed from it after the last one is taken.
    After a crash in between, they are emitted again.
    """
    events = await asyncio.to_thread(memory.restore, watch) if memory else []
    next_poll = time.monotonic()
    while True:
        for event in events:
            await queue.put(event)
        await _wait_until_empty(queue)
        if memory and events:
            await asyncio.to_thread(memory.save, watch, [])
        await asyncio.sleep(max(next_poll - time.monotonic(), 0))
        next_poll = time.monotonic() + interval
        events = await asyncio.to_thread(watch.poll, client.until(Deadline(repeat_until=next_poll)))
        if memory:
            await asyncio.to_thread(memory.save, watch, events)


async def _wait_until_empty(queue: asyncio.Queue[JSON]) -> None:
    """Wait until all events are taken from the queue."""
    inner = getattr(queue, "queue", queue)  # ansible-rulebook wraps the queue
    while not inner.empty():
        await asyncio.sleep(QUEUE_POLL)


def read_arguments(args: JSON) -> JSON:
    """Validate the arguments, and fill in values from the environment and defaults.

    :raises NKSError: an argument is not valid. The message never contains the token.
    """
    unknown = [one_line(str(name)) for name in args if name not in ARGUMENTS]
    if unknown:
        raise NKSError(f"netapp.nks.clusters has no argument {', '.join(unknown)}. It has: {', '.join(ARGUMENTS)}.")
    given = {name: _split(name, value) for name, value in args.items() if value is not None}
    result = ArgumentSpecValidator(ARGUMENTS).validate(given)
    if result.error_messages:
        raise NKSError("; ".join(one_line(message, 300) for message in result.error_messages))
    arguments = t.cast(JSON, result.validated_parameters)
    interval = arguments["interval"]
    if not 0 < interval <= MAX_SECONDS:
        raise NKSError(f"interval must be more than 0 and at most {MAX_SECONDS:.0f} seconds, not {interval:g}.")
    if interval < MIN_INTERVAL and not is_loopback(_host(arguments["api_url"] or "")):
        raise NKSError(f"interval must be at least {MIN_INTERVAL:g} seconds, not {interval:g}.")
    if arguments["events"] == []:
        raise NKSError("events is an empty list. Leave it out to emit all events.")
    return arguments


def _split(name: str, value: t.Any) -> t.Any:
    """Split the value of a list argument at commas if it is text, and remove the white space around the items."""
    if ARGUMENTS[name]["type"] == "list" and isinstance(value, str):
        return [item.strip() for item in value.split(",")]
    return value


def _host(url: str) -> str | None:
    try:
        return urlsplit(url.strip()).hostname
    except ValueError:
        return None  # the client reports what is wrong with the URL
