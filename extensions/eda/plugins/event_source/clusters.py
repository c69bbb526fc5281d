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
  - One poll makes one request for the list of the organizations and one request for each organization. It makes one
    more for each cluster that is no longer listed, at most 100 in one poll, and one for each cluster that has failed.
  - The selection says which clusters are followed. A cluster is followed from the moment when it matches all of
    O(workspaces), O(states), O(providers) and O(regions). It stays followed while it matches all of them but O(states),
    so that the events of a cluster that was C(running) go on when it is being deleted.
  - Events are emitted for each cluster that was followed before or is followed now.
  - Each request fails alone. If one organization, the build log of one cluster or one cluster cannot be read, the
    events of the others are emitted.
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
      - C(http://) is refused unless the host is a loopback address or O(validate_certs=false).
      - Redirects are never followed.
      - Without it, the URL is C(https://api.stackpoint.io), where the hosted service was before it was withdrawn in
        2021. A warning in the log says so.
    type: str
    env:
      - name: NKS_API_URL
  api_timeout:
    description: Seconds that one request can take as a whole, from connecting to the end of the body.
    type: float
    default: 30
    env:
      - name: NKS_API_TIMEOUT
  api_retries:
    description:
      - How often a request is repeated after a connection error or one of the statuses 429, 500, 502, 503 and 504
        before it counts as failed.
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
      - Organizations to read, each by its ID, slug or name.
      - An organization that does not exist, or that the token must not read, is an error when the source starts.
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
      - Follow the clusters whose C(state) is, or was since the source started, any of these, for example C(running).
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
      - Seconds from the beginning of one poll to the beginning of the next, at most a week.
      - At least 10, unless the host of O(api_url) is a loopback address.
      - If rules are slower than events, the source waits until they have taken all events before it polls again.
    type: float
    default: 60
  events:
    description:
      - The types of events to emit. The default is all of them.
      - C(cluster_added) is emitted when a cluster appears.
      - C(cluster_changed) is emitted when fields of a cluster have other values. Its C(changes) has each of these
        fields with C(before) and C(after). The field C(updated) alone does not count, and the order of a list neither.
      - C(cluster_running) is emitted when a cluster has become C(running) and has not failed, in addition to
        C(cluster_added) or C(cluster_changed).
      - C(cluster_failed) is emitted when the API says that a cluster has failed, in addition to C(cluster_added) or
        C(cluster_changed). Its C(reason) is the message of the newest failure in the build log of the cluster, or null
        if the log has none or cannot be read.
      - C(cluster_removed) is emitted when a cluster is gone. The list of its organization lacks it, and the API
        answers 404 to the request for the cluster itself. An error, a 403 or an organization that cannot be read never
        counts as a removal.
      - C(source_error) is emitted once when the API becomes unavailable. Its C(message) says why, and its C(status) is
        the status of the answer, or null. With C(org), only that organization cannot be read.
      - C(source_recovered) is emitted when the API, or the organization in C(org), is available again. Its C(since) is
        the time of the C(source_error). The events of what happened in between follow.
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
      - Which events to emit for the clusters that exist when the source reads an organization for the first time.
      - With V(none), no events. With V(all), those of clusters that have just appeared, C(cluster_added) and, where it
        applies, C(cluster_running) or C(cluster_failed).
      - With O(state_path), it applies only if there is no state to go on from.
    type: str
    choices: [none, all]
    default: none
  state_path:
    description:
      - Path of a file in which the source keeps what it knows, so that it goes on from there when C(ansible-rulebook)
        starts again. What happened in between is emitted as ordinary events.
      - Events are delivered at least once. After a crash, the last ones are emitted again with the same C(id).
      - The source makes the file, with mode 0600 and without secrets, and replaces it as a whole. Its folder must
        exist. A file beside it, with the suffix C(.lock), prevents that two sources use it.
      - A file that another endpoint, token or selection or another version of the collection has written, or that
        cannot be read, is not used. A warning in the log says so, and O(initial) applies.
      - Without it, the source knows nothing of an earlier run.
    type: path
requirements:
  - ansible-core
  - requests >= 2.28
notes:
  - Each event has C(id), C(type) and C(time), in UTC. Events of clusters have C(org), with C(pk), C(name) and C(slug),
    and C(cluster), as M(netapp.nks.nks_cluster_info) returns it. C(cluster_removed) has the cluster as it was last.
  - In texts of the API, C(_) replaces each C({) and each backslash, a C(%) or C(#) at the beginning or after a quote,
    and the first letter of C(jinja2:). So no text becomes part of a template, alone, beside other texts or beside
    braces. Keys are treated in the same way, and an empty key becomes C(_).
  - An argument that is unknown or not valid, a wrong token, or an organization that does not exist ends
    C(ansible-rulebook) with one message when the source starts. Later, the last two are a C(source_error).
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
    """Let Python import the collection that this file is part of: ansible-rulebook does not use Ansible's loader.

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

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._connection import is_loopback
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._events import TYPES
from ansible_collections.netapp.nks.plugins.module_utils._http import Deadline
from ansible_collections.netapp.nks.plugins.module_utils._options import CONNECTION, SELECTION, Spec
from ansible_collections.netapp.nks.plugins.module_utils._state import StateFile
from ansible_collections.netapp.nks.plugins.module_utils._watch import Memory, Watch, watch_digest

JSON = t.Dict[str, t.Any]

ARGUMENTS: Spec = {
    **CONNECTION,
    **SELECTION,
    "interval": {"type": "float", "default": 60},
    "events": {"type": "list", "elements": "str", "choices": list(TYPES)},
    "initial": {"type": "str", "choices": ["none", "all"], "default": "none"},
    "state_path": {"type": "path"},
}

MIN_INTERVAL = 10.0
"""Seconds. The cluster autoscaler of NKS itself limits itself to one refresh a minute."""

MAX_INTERVAL = 7 * 24 * 3600.0

QUEUE_POLL = 0.05
"""Seconds between two checks of whether the queue is empty, which asyncio cannot be waited for."""

logger = logging.getLogger("netapp.nks.clusters")


async def main(queue: asyncio.Queue[JSON], args: JSON) -> None:
    """Put events on the queue until the task is cancelled.

    :raises NKSError: an argument is not valid, or the first poll fails in a way that cannot pass by itself.
    """
    try:
        await _run(queue, read_arguments(args))
    except NKSError as exc:
        raise exc.with_traceback(None) from None  # ansible-rulebook shows each step of it to the user


async def _run(queue: asyncio.Queue[JSON], arguments: JSON) -> None:
    watch = Watch(arguments)
    connection = {name: arguments[name] for name in CONNECTION}
    with NKSClient(**connection, on_retry=logger.info, warn=logger.warning) as client:
        file = StateFile(arguments["state_path"]) if arguments["state_path"] else None
        memory = Memory(file, watch_digest(arguments)) if file else None
        try:
            await follow(queue, watch, client, arguments["interval"], memory)
        finally:
            # A poll can still run in its thread when the task is cancelled. It makes no more requests.
            watch.is_stopped = True
            if file:
                file.close()


async def follow(
    queue: asyncio.Queue[JSON], watch: Watch, client: NKSClient, interval: float, memory: Memory | None = None
) -> None:
    """Emit the events of each poll, and poll again once they are taken and the interval is over.

    The events are in the file before the first one is emitted, and leave it after the last one is taken: after a crash
    in between, they are emitted again.
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
    """Wait until each event is taken from the queue, which ansible-rulebook wraps."""
    inner = getattr(queue, "queue", queue)
    while not inner.empty():
        await asyncio.sleep(QUEUE_POLL)


def read_arguments(args: JSON) -> JSON:
    """The value of each argument: given, from the environment, or the default.

    :raises NKSError: an argument is not valid. The message never holds the token.
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
    if not 0 < interval <= MAX_INTERVAL:
        raise NKSError(f"interval must be more than 0 and at most {MAX_INTERVAL:.0f} seconds, not {interval:g}.")
    if interval < MIN_INTERVAL and not is_loopback(_host(arguments["api_url"] or "")):
        raise NKSError(f"interval must be at least {MIN_INTERVAL:g} seconds, not {interval:g}.")
    if arguments["events"] == []:
        raise NKSError("events is an empty list: leave it out for all.")
    return arguments


def _split(name: str, value: t.Any) -> t.Any:
    """The value of a list given as text, without the white space around the commas."""
    if ARGUMENTS[name]["type"] == "list" and isinstance(value, str):
        return [item.strip() for item in value.split(",")]
    return value


def _host(url: str) -> str | None:
    try:
        return urlsplit(url.strip()).hostname
    except ValueError:
        return None  # the client says what is wrong with it
