# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the cost of the collection, and compare it with the minimum cost and with alternatives.

This needs ansible-core and requests for this Python, and ANSIBLE_COLLECTIONS_PATH. It never fails because of a result.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import http.client
import importlib.metadata
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
SCRIPTS = Path(sys.executable).parent

LIFETIME = ("--lifetime", "1200")  # the fake ends even if this script is killed
IN_FLIGHT = 16
LATENCY = 0.1
NODE_CLUSTERS = 200
TASKS = 10
REPORT_CLUSTERS = 3000

GROUPED = {
    "keyed_groups": [
        {"key": "nks_provider", "prefix": "provider"},
        {"key": "nks_region", "prefix": "region"},
        {"key": "nks_state", "prefix": "state"},
    ],
    "groups": {"failed": "nks_is_failed", "default_workspace": "nks_workspace.slug == 'default'"},
    "compose": {"place": "nks_provider ~ '/' ~ nks_region"},
}
ANY = {
    "keyed_groups": [
        {"key": "nks_name.split('-')[0]", "prefix": "name"},
        {"key": "nks_name | regex_replace('[0-9]+', '')", "prefix": "kind"},
        {"key": "nks_labels.stage | default('none')", "prefix": "stage"},
    ],
    "groups": {"failed": "nks_is_failed", "production": "nks_name is match('prod')"},
    "compose": {"title": "nks_name ~ ' in ' ~ nks_region"},
}

PARTS = ["fleets", "nodes", "tasks", "cache", "kubeconfigs", "reports"]


class Cost(t.NamedTuple):
    """The cost of a command: elapsed seconds, processor seconds, peak memory in MiB."""

    wall: float
    cpu: float
    memory: float


Costs = t.Dict[str, t.List[Cost]]


class Fake:
    """A fake NKS API in its own process."""

    def __init__(self, folder: Path, *options: str) -> None:
        exports = folder / "exports"
        command = [sys.executable, str(HERE.parent / "fake_nks"), "--export-file", str(exports), *LIFETIME, *options]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not exports.exists():
            if self.process.poll() is not None:
                sys.exit("The fake NKS does not start.")
            time.sleep(0.02)
        lines = [line.partition("=") for line in exports.read_text(encoding="utf-8").splitlines()]
        self.environment = {name.replace("export ", ""): value for name, _equals, value in lines}
        self.url, self.token = self.environment["NKS_API_URL"], self.environment["NKS_API_TOKEN"]
        exports.unlink()

    def __enter__(self) -> Fake:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.process.terminate()
        self.process.wait()

    def ask(self, path: str, method: str = "GET") -> t.Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(self.url + path, method=method, headers=headers)) as response:
            return json.loads(response.read() or "null")

    def clusters(self) -> list[t.Any]:
        return [[org, cluster] for org in self.ask("/orgs") for cluster in self.ask(f"/orgs/{org['pk']}/clusters")]

    def latency(self, path: str, times: int = 20) -> float:
        """Return the median seconds of a request. Send requests one after another over one connection."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc)
        taken = []
        for _time in range(times):
            start = time.perf_counter()
            connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
            connection.getresponse().read()
            taken.append(time.perf_counter() - start)
        connection.close()
        return statistics.median(taken)


class Bench:
    def __init__(self, folder: Path, repeat: int) -> None:
        self.folder = folder
        (folder / "ansible.cfg").touch()
        self.repeat = repeat
        self.measured: list[tuple[str, list[Cost]]] = []
        self.goals: list[tuple[str, str, str, str, str]] = []
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "NKS_"))}
        self.environment = {
            **kept,
            "ANSIBLE_COLLECTIONS_PATH": os.environ.get("ANSIBLE_COLLECTIONS_PATH", ""),
            "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
            "ANSIBLE_HOME": str(folder / "home"),
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
            "ANSIBLE_INVENTORY_ENABLED": "netapp.nks.nks,floor,ansible.builtin.host_list",
            "ANSIBLE_INVENTORY_PLUGINS": str(HERE / "plugins/inventory"),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def write(self, name: str, content: t.Any) -> str:
        """Write a file in JSON, which is also YAML; return its path."""
        path = self.folder / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return str(path)

    def run(self, *command: str, **environment: str) -> Cost:
        with open(self.folder / "errors", "w+b") as errors:
            start = time.perf_counter()
            process = subprocess.Popen(
                [str(SCRIPTS / command[0]), *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={**self.environment, **environment},
                cwd=self.folder,
            )
            _pid, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                errors.seek(0)
                sys.exit(f"{' '.join(command)}: {errors.read().decode('utf-8', 'replace')}")
        return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)

    def inventory(self, source: str, **environment: str) -> t.Callable[[], Cost]:
        return lambda: self.run("ansible-inventory", "-i", source, "--list", **environment)

    def playbook(self, book: str, *options: str, **environment: str) -> t.Callable[[], Cost]:
        return lambda: self.run("ansible-playbook", "-i", "localhost,", book, *options, **environment)

    def interleaved(self, variants: dict[str, t.Callable[[], Cost]], seconds: float) -> Costs:
        """Measure the variants in turn, in rounds. Start no round after `seconds`."""
        costs: Costs = {name: [] for name in variants}
        end = time.monotonic() + seconds
        while len(next(iter(costs.values()))) < self.repeat and (time.monotonic() < end or not all(costs.values())):
            for name, measure in variants.items():
                costs[name].append(measure())
        self.measured += costs.items()
        for name, taken in costs.items():
            print(f"{name}: {median(taken, 'wall'):.2f} s", file=sys.stderr, flush=True)
        return costs

    def compare(self, costs: Costs, name: str, other: str, goal: float | None, field: str = "wall") -> None:
        """Report the median of the ratios of all rounds. So a slow round does not matter."""
        ratio = median_ratio(costs[name], costs[other], field)
        cpu = f"{median_ratio(costs[name], costs[other], 'cpu'):.2f}" if field == "wall" else ""
        what = f"{name}, {'peak memory ' if field == 'memory' else ''}against {other}"
        self.report(what, f"{ratio:.2f}", cpu, goal, ratio)

    def report(self, what: str, shown: str, cpu: str, goal: float | None, ratio: float) -> None:
        met = "" if goal is None else "met" if ratio <= goal else "**not met**"
        self.goals.append((what, shown, cpu, "" if goal is None else f"≤ {goal:g}", met))

    def fleets(self) -> None:
        """Inventories of clusters: from the API, and from a file as the minimum cost."""
        for number, seconds in ((100, 20), (1000, 60), (5000, 120)):
            with Fake(self.folder, "--orgs", "5", "--clusters", str(number)) as fake:
                least = {"plugin": "floor", "clusters": self.write("clusters.json", fake.clusters())}
                ours = {"plugin": "netapp.nks.nks"}
                kinds = {"": {}, ", constructed": GROUPED, ", any expressions": ANY}
                floor = f"{number:,} clusters, floor"
                variants = {}
                for place, (kind, options) in enumerate(kinds.items()):
                    plain, plugin = self.write(f"{place}.floor.yml", {**least, **options}), {**ours, **options}
                    variants[f"{number:,} clusters{kind}"] = self.inventory(
                        self.write(f"{place}.nks.yml", plugin), **fake.environment
                    )
                    if number < 5000 or not kind:  # ansible-core alone takes long
                        variants[f"{floor}{kind}"] = self.inventory(plain)
                if number == 100:
                    for measure in variants.values():
                        measure()  # compiles imported modules
                costs = self.interleaved(variants, seconds)
                self.compare(costs, f"{number:,} clusters", floor, None)
                for kind, goal in ((", constructed", 1.25), (", any expressions", 1.5)):
                    name = f"{number:,} clusters{kind}"
                    self.compare(costs, name, floor, goal if number >= 1000 else None)
                    if f"{floor}{kind}" in costs:
                        self.compare(costs, name, f"{floor}{kind}", None)
                if number == 5000:
                    self.compare(costs, f"{number:,} clusters, constructed", floor, 1.3, "memory")

    def nodes(self) -> None:
        """An inventory of nodes, with one request for each cluster and network latency."""
        shape = ("--orgs", "1", "--clusters", str(NODE_CLUSTERS))
        with Fake(self.folder, *shape, "--latency", str(LATENCY)) as fake:
            clusters = fake.clusters()
            floor = self.write("few.floor.yml", {"plugin": "floor", "clusters": self.write("few.json", clusters)})
            source = self.write("nodes.nks.yml", {"plugin": "netapp.nks.nks", "hosts": "nodes"})
            name, start_up = f"nodes of {NODE_CLUSTERS} clusters", f"{NODE_CLUSTERS} clusters, floor"
            connections = []

            def measure() -> Cost:
                fake.ask("/_fake/reset", "POST")
                cost = self.inventory(source, **fake.environment)()
                connections.append(len({entry["connection"] for entry in fake.ask("/_fake/requests")}))
                return cost

            costs = self.interleaved({name: measure, start_up: self.inventory(floor)}, 30)
            one = fake.latency(f"/orgs/1001/clusters/{clusters[0][1]['pk']}/nodes")
        taken, base = median(costs[name], "wall"), median(costs[start_up], "wall")
        ideal = base + (2 + math.ceil(NODE_CLUSTERS / IN_FLIGHT)) * one
        serial = base + (2 + NODE_CLUSTERS) * one
        self.report(f"{name}, against the ideal of {ideal:.2f} s", f"{taken / ideal:.2f}", "", 1.5, taken / ideal)
        self.report(f"{name}, against one request at a time, {serial:.2f} s", f"{taken / serial:.2f}", "", None, 0)
        used = max(connections)
        self.report(f"{name}, connections (most of a run)", str(used), "", IN_FLIGHT, used)

    def tasks(self) -> None:
        """Modules. Each task is a process."""
        with Fake(self.folder) as fake:
            headers = {"Authorization": f"Bearer {fake.token}"}
            tasks: dict[str, dict[str, t.Any]] = {
                "nks_org_info": {"netapp.nks.nks_org_info": {"api_url": fake.url, "api_token": fake.token}},
                "uri": {"ansible.builtin.uri": {"url": f"{fake.url}/orgs", "headers": headers, "return_content": True}},
                "ping": {"ansible.builtin.ping": {}},
            }
            play: dict[str, t.Any] = {"hosts": "localhost", "gather_facts": False, "connection": "local"}
            variants = {}
            for name, task in {"an empty play": None, **tasks}.items():
                looped = [{**task, "loop": list(range(TASKS))}] if task else []
                book = self.write(f"{name}.yml", [{**play, "tasks": looped}])
                variants[name if not task else f"{TASKS} tasks {name}"] = self.playbook(book)
            costs = self.interleaved(variants, 50)
        empty = costs.pop("an empty play")
        each = {
            f"a task {name.split()[-1]}": [
                Cost((cost.wall - none.wall) / TASKS, (cost.cpu - none.cpu) / TASKS, 0)
                for cost, none in zip(taken, empty)
            ]
            for name, taken in costs.items()
        }
        self.measured += each.items()
        self.compare(each, "a task nks_org_info", "a task uri", 1.0)
        self.compare(each, "a task nks_org_info", "a task ping", None)

    def cache(self) -> None:
        with Fake(self.folder, "--orgs", "5", "--clusters", "1000") as fake:
            floor = self.write("warm.floor.yml", {"plugin": "floor", "clusters": self.write("c.json", fake.clusters())})
            cached = {"plugin": "netapp.nks.nks", "cache": True, "cache_plugin": "ansible.builtin.jsonfile"}
            sources = [
                self.write(f"{name}.nks.yml", {**cached, "cache_connection": str(self.folder / name)})
                for name in ("cold", "warm")
            ]
            cold, warm = (self.inventory(source, **fake.environment) for source in sources)

            def from_cold() -> Cost:
                shutil.rmtree(self.folder / "cold", ignore_errors=True)
                return cold()

            warm()
            names = ("1,000 clusters, warm cache", "1,000 clusters, cold cache", "1,000 clusters, floor, again")
            costs = self.interleaved(dict(zip(names, (warm, from_cold, self.inventory(floor)))), 30)
        self.compare(costs, names[0], names[1], None)
        self.compare(costs, names[0], names[2], 1.1)

    def kubeconfigs(self) -> None:
        """The kubeconfigs of 100 clusters: by one task, by the role, and a query with as many requests."""
        empty, query = "an empty play, at last", "a query of 100 clusters with their nodes"
        task, role = "100 kubeconfigs by one task", "100 kubeconfigs by the role"
        with Fake(self.folder, "--orgs", "1", "--clusters", "124", "--latency", "0.05") as fake:
            source = self.write("kube.nks.yml", {"plugin": "netapp.nks.nks", "states": ["running"]})
            play: dict[str, t.Any] = {"hosts": "localhost", "gather_facts": False, "connection": "local"}
            selection = {"states": ["running"]}
            folder = str(self.folder / "kubeconfigs")
            books = {
                empty: {**play, "tasks": []},
                query: {**play, "tasks": [{"netapp.nks.nks_cluster_info": {**selection, "include_nodes": True}}]},
                task: {**play, "tasks": [{"netapp.nks.nks_kubeconfig": {**selection, "dest_dir": folder}}]},
            }
            variants = {
                name: self.playbook(self.write(f"{name}.yml", [book]), **fake.environment)
                for name, book in books.items()
            }
            by_host = {"hosts": "nks", "gather_facts": False, "vars": {"kubeconfig_dir": folder}}
            book = self.write("role.yml", [{**by_host, "roles": ["netapp.nks.kubeconfig"]}])
            variants[role] = lambda: self.run("ansible-playbook", "-i", source, book, **fake.environment)
            costs = self.interleaved(variants, 60)
        self.compare(costs, task, query, 1.5)
        self.compare(costs, task, role, 0.1)
        self.compare(costs, task, empty, None)

    def reports(self) -> None:
        """A table and a report of clusters from a file, and the playbooks, which also query the API and write files."""
        empty, made = "an empty play, again", f"of {REPORT_CLUSTERS:,} clusters"
        with Fake(self.folder, "--orgs", "5", "--clusters", str(REPORT_CLUSTERS)) as fake:
            pairs = fake.clusters()
            orgs = list({org["pk"]: org for org, _cluster in pairs}.values())
            fleet = {"clusters": [cluster for _org, cluster in pairs], "orgs": orgs, "skipped_orgs": []}
            files = (
                "-e",
                f"fleet_file={self.write('fleet.json', fleet)} fleet_report_dest={self.folder / 'fleet.html'}",
            )
            plays = {
                empty: "empty",
                f"a table {made} at hand": "table",
                f"an HTML report {made} at hand": "html_report",
                "a small file, written": "small_file",
            }
            variants = {name: self.playbook(str(HERE / f"plays/{play}.yml"), *files) for name, play in plays.items()}
            for book in ("netapp.nks.list_clusters", "netapp.nks.fleet_report"):
                variants[f"{book} {made}"] = self.playbook(book, *files, **fake.environment)
            shorter = self.playbook(book, *files, "-e", "fleet_report_include_details=false", **fake.environment)
            variants[f"{book} {made}, without details"] = shorter
            costs = self.interleaved(variants, 60)
        for name in list(variants)[1:]:
            self.compare(costs, name, empty, 3 if name.endswith("at hand") else None)

    def document(self, seconds: float) -> str:
        command = "python tests/benchmark/run.py " + " ".join(sys.argv[1:])
        lines = [
            "# Benchmark",
            "",
            f"Made by `{command.strip()}` in {seconds:.0f} s on {datetime.date.today()}.",
            "",
            f"Machine: {machine()}.",
            "",
            "## Ratios",
            "",
            "Each ratio is the median over all rounds. A round runs every variant once. Below 1 means faster, or less.",
            "",
            "- The floor is an inventory plugin that reads the same clusters from a JSON file and adds the same",
            "  hosts and variables. With constructed, ansible-core evaluates the same expressions for each host.",
            "- Constructed: three `keyed_groups`, two `groups` and one `compose`, which depend on values that many",
            "  clusters share. Any expressions: two of the expressions depend on the name, which is unique.",
            f"- The ideal for nodes is the floor of {NODE_CLUSTERS} clusters plus the requests: two in sequence, then",
            f"  one for each cluster with {IN_FLIGHT} in flight, at about {LATENCY * 1000:.0f} ms each, as measured.",
            "  The value for one request at a time is computed in the same way.",
            f"- The cost of a task is that of a looped play minus that of an empty play, divided by {TASKS} tasks.",
            "- The kubeconfigs are those of the 100 running clusters of a fleet, with a latency of 50 ms.",
            "- A table or report of clusters at hand is made from a file, with the filters and the template of the",
            "  collection. The playbooks also get the clusters, and the reason of each failure, from the API. Two",
            "  modules of ansible-core then write the report, as they write the small file.",
            "",
            "| what | elapsed | processor | goal | |",
            "|---|--:|--:|--:|---|",
            *(f"| {' | '.join(goal)} |" for goal in self.goals),
            "",
            "## Measured",
            "",
            "| what | rounds | elapsed s, median | least | processor s, median | peak MiB, median |",
            "|---|--:|--:|--:|--:|--:|",
        ]
        for name, costs in self.measured:
            least = min(cost.wall for cost in costs)
            memory = median(costs, "memory")
            lines.append(
                f"| {name} | {len(costs)} | {median(costs, 'wall'):.2f} | {least:.2f} | {median(costs, 'cpu'):.2f} "
                f"| {f'{memory:.0f}' if memory else ''} |"
            )
        return "\n".join([*lines, ""])


def median(costs: list[Cost], field: str) -> float:
    return statistics.median(getattr(cost, field) for cost in costs)


def median_ratio(costs: list[Cost], others: list[Cost], field: str) -> float:
    return statistics.median(getattr(cost, field) / getattr(other, field) for cost, other in zip(costs, others))


def machine() -> str:
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError, StopIteration):
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        model = next(line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("ansible-core", "requests"))
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB; Python {platform.python_version()}, {versions}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, help="also write the tables to this file")
    parser.add_argument(
        "--repeat", type=int, default=5, help="maximum number of rounds, fewer if they are slow (default: 5)"
    )
    parser.add_argument("--only", choices=PARTS, help="run only this part")
    arguments = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), max(1, arguments.repeat))
        for part in [arguments.only] if arguments.only else PARTS:
            getattr(bench, part)()
    document = bench.document(time.monotonic() - start)
    if arguments.output:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(document, encoding="utf-8")
    print(document, end="")


if __name__ == "__main__":
    main()
