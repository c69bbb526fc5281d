#!/usr/bin/env python
# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send many concurrent requests to one fake NKS API: check that results are complete, and measure time and memory.

This needs the collection on the Python path, and stops by itself.
"""

from __future__ import annotations

import collections
import concurrent.futures
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

from ansible_collections.netapp.nks.tests.fake_nks import server

COLLECTIONS = str(Path(server.__file__).parents[5])
ORGS, CLUSTERS, NODES = 50, 5000, 4
FORKS, INVENTORIES = 64, 3
LONGEST = 240.0
PARTS = r"/orgs/[0-9]+/clusters(/[0-9]*[05]/nodes)?"  # the lists of clusters, and the nodes of every fifth cluster

PLAY = [
    {
        "name": "Query clusters from many hosts at once",
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {"name": "Query clusters", "netapp.nks.nks_cluster_info": {"orgs": ["{{ org }}"]}, "register": "got"},
            {
                "name": "Check that each cluster is there once",
                "ansible.builtin.assert": {
                    "that": "got.clusters | map(attribute='pk') | unique | length == count == got.clusters | length"
                },
            },
        ],
    }
]


def main() -> int:
    end = time.monotonic() + LONGEST
    with server.FakeNKS(orgs=ORGS, clusters=CLUSTERS, nodes=NODES) as fake, tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        run = Run(fake, folder, end)
        run.inventories()
        run.forks()
    print(f"largest process: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024} MB")
    return 0


class Run:
    def __init__(self, fake: server.FakeNKS, folder: Path, end: float) -> None:
        self.fake = fake
        self.folder = folder
        self.end = end
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("NKS_")},
            "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS,
            "ANSIBLE_HOME": str(folder / "home"),
            "ANSIBLE_FORKS": str(FORKS),
            "NKS_API_URL": fake.url,
            "NKS_API_TOKEN": fake.token,
        }

    def command(self, *arguments: str) -> str:
        """Run a command of Ansible; return its output. End it at the end of the time limit."""
        done = subprocess.run(
            [sys.executable, "-m", "ansible", *arguments],
            env=self.environment, stdout=subprocess.PIPE, timeout=self.end - time.monotonic(), check=True, text=True,
        )  # fmt: skip
        return done.stdout

    def write(self, name: str, content: t.Any) -> str:
        (self.folder / name).write_text(json.dumps(content), encoding="utf-8")
        return str(self.folder / name)

    def inventories(self) -> None:
        """Run inventories of clusters and of nodes at once, while each request fails once."""
        self.fake.fault(PARTS, "status", status=503, once_each=True, headers={"Retry-After": "0"})
        # Run only one inventory of nodes, because it is slow.
        kinds = [("nodes", CLUSTERS * NODES), *[("clusters", CLUSTERS)] * INVENTORIES]
        sources = [self.write(f"{hosts}.nks.yml", {"plugin": "netapp.nks.nks", "hosts": hosts}) for hosts, _n in kinds]
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(len(kinds)) as pool:
            listed = list(pool.map(lambda source: self.command("inventory", "-i", source, "--list"), sources))
        for (hosts, wanted), text in zip(kinds, listed):
            variables = json.loads(text)["_meta"]["hostvars"]
            pks = {host["nks_pk"] for host in variables.values()}
            assert len(variables) == len(pks) == wanted, f"{len(variables)} hosts, {len(pks)} IDs, not {wanted} {hosts}"
        counts = collections.Counter(entry["status"] for entry in self.fake.requests)
        print(f"{len(kinds)} inventories at once: {time.monotonic() - began:.1f} s, answers {dict(counts)}")
        assert counts[503] >= ORGS
        self.fake.reset()

    def forks(self) -> None:
        """Run a module on as many hosts as there are forks."""
        hosts = {
            f"host{number}": {
                "org": str(org["pk"]),
                "count": CLUSTERS // ORGS,
                "ansible_connection": "local",
                "ansible_python_interpreter": sys.executable,
            }
            for number, org in zip(range(FORKS), [*self.fake._fleet.orgs.values()] * 2)
        }
        self.fake.fault("/orgs/[0-9]+/clusters", "reset", once_each=True)
        began = time.monotonic()
        said = self.command(
            "playbook", "-i", self.write("hosts.json", {"all": {"hosts": hosts}}), self.write("ask.json", PLAY)
        )
        assert said.count("failed=0") == FORKS
        print(f"{FORKS} forks: {time.monotonic() - began:.1f} s, {len(self.fake.requests)} requests")


if __name__ == "__main__":
    sys.exit(main())
