#!/usr/bin/env python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the memory and the requests of the event source on a large fleet, as ansible-rulebook runs it.

This needs the collection on the Python path, and stops by itself.
"""

from __future__ import annotations

import asyncio
import os
import resource
import runpy
import subprocess
import sys
import typing as t
from pathlib import Path

CLUSTERS, CHANGED = 5000, 500
MAX_SIZE = 100
"""Maximum memory of the process with the source, in MB, including Python itself."""
TIMEOUT = 120.0

COLLECTION = Path(__file__).absolute().parents[2]
SOURCE = COLLECTION / "extensions/eda/plugins/event_source/clusters.py"


def main() -> int:
    for orgs in (50, 1):
        watch(orgs)
    return 0


def watch(orgs: int) -> None:
    from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

    with FakeNKS(orgs=orgs, clusters=CLUSTERS, nodes=3) as fake:
        environment = {**os.environ, "NKS_API_URL": fake.url, "NKS_API_TOKEN": fake.token}
        command = [sys.executable, str(Path(__file__)), "listen"]
        process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin and process.stdout
        assert process.stdout.readline() == f"{CLUSTERS} emitted\n"
        for pk in range(10001, 10001 + CHANGED):
            fake.change_cluster(pk, name=f"renamed-{pk}")
        process.stdin.write("changed\n")
        output, _nothing = process.communicate(timeout=TIMEOUT)
        print(output, end="")
        paths = [entry["path"] for entry in fake.requests]
    polls = paths.count("/orgs")
    asked = len(paths) - polls
    print(f"{polls} polls of {orgs} organizations: {asked} requests for clusters")
    # The last poll can be incomplete when the process ends.
    assert process.returncode == 0 and (polls - 1) * orgs <= asked <= polls * orgs and polls > 2


async def listen() -> None:
    """Count the initial events of all clusters, and the events of changed clusters."""
    source = runpy.run_path(str(SOURCE))
    queue: asyncio.Queue[t.Any] = asyncio.Queue(1)
    args = {"interval": 1, "initial": "all", "events": ["cluster_added", "cluster_changed"]}
    task = asyncio.create_task(source["main"](queue, args))
    pks = {(await queue.get())["cluster"]["pk"] for _turn in range(CLUSTERS)}
    print(f"{len(pks)} emitted", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    # Changes during a poll are emitted after the next poll.
    pks = {(await asyncio.wait_for(queue.get(), TIMEOUT))["cluster"]["pk"] for _turn in range(CHANGED)}
    print(f"{len(pks)} of {CLUSTERS} clusters have changed, with one event each")
    await asyncio.sleep(3)
    assert queue.empty() and len(pks) == CHANGED
    task.cancel()
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak memory of the process with the event source: {size} MB")
    assert size <= MAX_SIZE


if __name__ == "__main__":
    if sys.argv[1:] == ["listen"]:
        asyncio.run(listen())
    else:
        sys.exit(main())
