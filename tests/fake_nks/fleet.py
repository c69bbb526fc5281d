# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The organizations and clusters of the fake NKS API: read from data/ or generated, then changed by writes."""

from __future__ import annotations

import bisect
import datetime
import hashlib
import ipaddress
import itertools
import json
import string
import typing as t
from pathlib import Path

from .variants import chosen

Object = t.Dict[str, t.Any]

DATA = Path(__file__).parent / "data"
STAMP = "%Y-%m-%dT%H:%M:%S.%fZ"
STATES = ("draft", "building", "provisioned", "running", "deleting")
SHORT_FORM = (
    "pk",
    "instance_id",
    "name",
    "org",
    "provider",
    "workspace",
    "k8s_version",
    "node_count",
    "etcd_type",
    "platform",
    "channel",
    "region",
    "zone",
    "state",
    "solutions",
    "is_failed",
    "federation_role",
    "version_migrations",
    "k8s_rbac_enabled",
)
NOT_IN_API = (
    "pools",
    "timeline",
    "nodes_listed_twice",
    "node_changes",
    "logs",
    "later_logs",
    "minutes_between_logs",
    "after",
    "gone",
    "only_listed",
    "built",
    "grown",
    "seconds",
)
PARTS = ("nodes", "nodepools", "solutions")  # of a cluster
SOLUTION_IN_SHORT_FORM = ("pk", "name", "solution", "state")
CLUSTER_IN_WORKSPACE = ("pk", "name", "provider", "state")
WORKSPACE_IN_CLUSTER = ("pk", "name", "slug", "org", "is_default", "created")


def read(name: str) -> t.Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"))


class Fleet:
    """The data behind all answers. `seconds` is the age of the server; objects change with it by their timelines.

    Methods take clusters as `cluster` or `clusters` returned them, at the time of the request.
    """

    def __init__(
        self, tokens: dict[str, Object], orgs: list[Object], workspaces: list[Object], clusters: list[Object]
    ) -> None:
        self.tokens = tokens
        self.orgs = {org["pk"]: org for org in orgs}
        self.workspaces = {workspace["pk"]: workspace for workspace in workspaces}
        self._defaults = read("defaults.json")
        self.solution_names: list[str] = self._defaults["solution_names"]
        self._sizes: Object = read("sizes.json")
        self.on_premises_configs: list[Object] = read("on_premises_configs.json")
        self.chart_repositories: list[Object] = read("chart_repositories.json")
        self._kubeconfig = string.Template((DATA / "kubeconfig.template").read_text(encoding="utf-8"))
        self._clusters: dict[int, dict[int, Object]] = {pk: {} for pk in self.orgs}
        self.keysets = {keyset["pk"]: keyset for org in self.orgs for keyset in self._first_keysets(org)}
        self._added: dict[tuple[str, int], list[Object]] = {}
        self._timelines: dict[tuple[str, int, int], list[Object]] = {}
        self._pks = itertools.count(2001)
        self.variants = chosen({})
        self._changes: list[float] = []
        self.set_clusters(clusters, 0.0)

    @classmethod
    def from_files(cls, changes: bool = True) -> Fleet:
        """Read the fleet from data/. Without `changes`, drop the timelines of the clusters."""
        clusters = read("clusters.json")
        if not changes:
            clusters = [{**cluster, "timeline": []} for cluster in clusters]
        return cls(read("tokens.json"), read("organizations.json"), read("workspaces.json"), clusters)

    @classmethod
    def generated(cls, orgs: int, clusters: int, nodes: int) -> Fleet:
        """Make `orgs` organizations of the main token that share `clusters` clusters of `nodes` nodes each."""
        words = read("generated.json")
        tokens = read("tokens.json")
        for label, account in tokens.items():
            account.update(owner=list(range(1001, 1001 + orgs)) if label == "main" else [], member=[])
        stamps = {"created": "2018-08-05T14:35:53.161852Z", "updated": "2019-01-31T18:31:21.583756Z"}
        kinds = words["workspaces"]

        def cluster(number: int) -> Object:
            org = number % orgs
            turn = number // orgs + org  # not `number`, so that each organization gets a mix
            name, (provider, region), state, version, solutions = (
                words[key][turn % len(words[key])] for key in ("names", "places", "states", "versions", "solutions")
            )
            return {
                "pk": 10001 + number,
                "org": 1001 + org,
                "name": f"{name}-{number + 1:04d}",
                "provider": provider,
                "region": region,
                "workspace": 20001 + org * len(kinds) + turn % len(kinds),
                "state": state,
                "is_failed": state == "draft",
                "k8s_version": version,
                "solutions": solutions,
                "master_count": min(nodes, 1),
                "worker_count": max(nodes - 1, 0),
            }

        return cls(
            tokens,
            [
                {
                    "pk": 1001 + number,
                    "name": f"Organization {number + 1}",
                    "slug": f"organization-{number + 1}",
                    "logo": None,
                    **stamps,
                    "enable_experimental_features": False,
                }
                for number in range(orgs)
            ],
            [
                {
                    "pk": 20001 + org * len(kinds) + kind,
                    "name": name,
                    "slug": slug,
                    "org": 1001 + org,
                    "is_default": kind == 0,
                    "created": stamps["created"],
                }
                for org in range(orgs)
                for kind, (name, slug) in enumerate(kinds)
            ],
            [cluster(number) for number in range(clusters)],
        )

    def set_clusters(self, clusters: t.Iterable[Object], seconds: float) -> None:
        """Add clusters, or replace those with the same `pk`. The `after` of a timeline counts from `seconds`.

        Raise ValueError, and change nothing, if a record does not have the format of data/clusters.json.
        """
        for record in [self._checked(cluster, seconds) for cluster in clusters]:
            for org, others in self._clusters.items():
                if org != record["org"]:
                    others.pop(record["pk"], None)
            self._clusters[record["org"]][record["pk"]] = record
        self._note_changes()

    def change_cluster(self, pk: int, changes: Object, seconds: float) -> None:
        """Change a cluster, and drop the rest of its timeline. Raise ValueError for no cluster or bad changes."""
        record = self._record(pk, seconds)
        record = at(record, record.pop("timeline"), seconds)
        self.set_clusters([{**record, **changes, "pk": pk}], seconds)

    def delete_cluster(self, pk: int, seconds: float) -> None:
        """Delete a cluster at once. Raise ValueError if there is no such cluster."""
        del self._clusters[self._record(pk, seconds)["org"]][pk]
        for kind in PARTS:
            self._added.pop((kind, pk), None)
        self._timelines = {key: timeline for key, timeline in self._timelines.items() if key[1] != pk}
        self._note_changes()

    def new_pk(self) -> int:
        """Return an ID that no cluster, workspace or keyset has."""
        taken = {*self.workspaces, *self.keysets, *(pk for clusters in self._clusters.values() for pk in clusters)}
        return next(pk for pk in self._pks if pk not in taken)

    def add_part(self, kind: str, cluster: Object, part: Object, steps: t.Iterable[Object]) -> Object:
        """Add a node, node pool or solution that changes by `steps`; return it."""
        self._added.setdefault((kind, cluster["pk"]), []).append(part)
        self.change_part(kind, cluster, part["pk"], steps)
        return part

    def change_part(self, kind: str, cluster: Object, pk: int, steps: t.Iterable[Object]) -> None:
        """Change a node, node pool or solution by `steps` from now on. They override pending earlier steps."""
        self._timelines.setdefault((kind, cluster["pk"], pk), []).extend(shifted(steps, cluster["seconds"]))
        self._note_changes()

    def change_later(self, cluster: Object, steps: t.Iterable[Object]) -> None:
        """Add steps to the timeline of a cluster."""
        record = self._clusters[cluster["org"]][cluster["pk"]]
        record["timeline"] = record["timeline"] + shifted(steps, cluster["seconds"])
        self._note_changes()

    def add_log(self, cluster: Object, log: Object) -> None:
        """Add a build log that appears `after` seconds from now."""
        record = self._clusters[cluster["org"]][cluster["pk"]]
        record["later_logs"] = [*record.get("later_logs", ()), *shifted([log], cluster["seconds"])]
        self._note_changes()

    def grow(self, cluster: Object, pool: int | None, change: int) -> None:
        """Change the number of nodes in a pool, or, without a pool, the number of masters in the cluster."""
        record = self._clusters[cluster["org"]][cluster["pk"]]
        grown = record.setdefault("grown", {})
        grown[pool] = grown.get(pool, 0) + change

    def move_clusters(self, org: int, workspace: int, to: int) -> None:
        for record in self._clusters[org].values():
            if record["workspace"] == workspace:
                record["workspace"] = to

    def sizes(self, provider: str) -> Object:
        """Return the instance sizes of a provider, by name."""
        return {
            name: {"cpu": cpu, "memory": memory, "name": name, "value": name}
            for name, (cpu, memory) in self._sizes.get(provider, {}).items()
        }

    def failed_logs(self) -> list[Object]:
        """Return the build logs of a failed cluster, newest first."""
        logs: list[Object] = self._defaults["failed_logs"]
        return logs[::-1]

    def number_of_added(self, kind: str, cluster: Object) -> int:
        """Count the parts of this kind that were added after the cluster was built, including deleted ones."""
        return len(self._added.get((kind, cluster["pk"]), ()))

    def _checked(self, cluster: t.Any, seconds: float) -> Object:
        if not isinstance(cluster, dict) or not isinstance(cluster.get("pk"), int):
            raise ValueError(f"a cluster is an object with a number pk, not {cluster!r}")
        if cluster.get("org") not in self.orgs:
            raise ValueError(f"the org of cluster {cluster['pk']} must be one of {', '.join(map(str, self.orgs))}")
        default = next((pk for pk, one in self.workspaces.items() if one["org"] == cluster["org"]), None)
        record = {"name": f"cluster-{cluster['pk']}", "provider": "do", "workspace": default, **cluster}
        if record["workspace"] not in [None, *self.workspaces]:
            raise ValueError(f"the workspace of cluster {record['pk']} must be null or one that exists")
        timeline = record.get("timeline", [])
        if not isinstance(timeline, list) or not all(isinstance(step.get("after"), (int, float)) for step in timeline):
            raise ValueError(
                f"the timeline of cluster {record['pk']} must be a list of changes, each with a number after"
            )
        return {**record, "timeline": shifted(timeline, seconds)}

    def _record(self, pk: int, seconds: float) -> Object:
        for org, clusters in self._clusters.items():
            if pk in clusters and self.cluster(org, pk, seconds):
                return dict(clusters[pk])
        raise ValueError(f"there is no cluster {pk}")

    def _note_changes(self) -> None:
        records = [record for clusters in self._clusters.values() for record in clusters.values()]
        timelines = [record[key] for record in records for key in ("timeline", "later_logs") if key in record]
        self._changes = sorted(step["after"] for steps in [*timelines, *self._timelines.values()] for step in steps)

    def epoch(self, seconds: float) -> int:
        """Return a number that stays the same while no step of a timeline takes effect."""
        return bisect.bisect_right(self._changes, seconds)

    def clusters(self, org: int, seconds: float) -> list[Object]:
        found = (self._cluster(record, seconds) for record in self._clusters[org].values())
        return [cluster for cluster in found if cluster]

    def cluster(self, org: int, pk: int, seconds: float) -> Object | None:
        """Return a cluster, or None if it does not exist or is only listed."""
        record = self._clusters[org].get(pk)
        cluster = self._cluster(record, seconds) if record else None
        return None if cluster is None or cluster.get("only_listed") else cluster

    def _cluster(self, record: Object, seconds: float) -> Object | None:
        org, pk = record["org"], record["pk"]
        defaults = {**self._defaults["cluster"], **self._defaults["providers"].get(record["provider"], {})}
        cluster = at({**defaults, **record}, record["timeline"], seconds)
        if cluster.get("gone"):
            return None
        ready = cluster["state"] in ("running", "deleting")
        workspace = self.workspaces.get(cluster["workspace"])
        cluster["workspace"] = workspace and {key: workspace[key] for key in WORKSPACE_IN_CLUSTER}
        cluster.setdefault("instance_id", f"spc{digest(pk)[:7]}")
        cluster["seconds"] = seconds
        cluster["built"] = copied(cluster, "master_count", "worker_count", "solutions")
        grown = record.get("grown", {})
        cluster["master_count"] += grown.get(None, 0)
        cluster["worker_count"] += sum(grown.values()) - grown.get(None, 0)
        cluster.setdefault("node_count", cluster["master_count"] + cluster["worker_count"])
        cluster.setdefault("kubeconfig_path", f"/orgs/{org}/clusters/{pk}/kubeconfig")
        cluster.setdefault("is_kubeconfig_available", ready)
        cluster.setdefault("is_k8s_available", ready)
        cluster.setdefault("version_migrations", self._defaults["version_migrations"].get(cluster["k8s_version"], []))
        cluster["solutions"] = self._parts(
            "solutions",
            cluster,
            [
                {"pk": pk * 10 + number, "state": "installed" if ready else "draft", **solution}
                for number, solution in enumerate(cluster["solutions"], 1)
            ],
        )
        return cluster

    def _parts(self, kind: str, cluster: Object, built: list[Object]) -> list[Object]:
        """Return the parts that the cluster was built with and those added later, in their current state."""
        pk, seconds = cluster["pk"], cluster["seconds"]
        added = self._added.get((kind, pk), [])
        if not added and not self._timelines:
            return built
        if cluster["state"] == "deleting":
            added = [{**part, "state": "deleting"} for part in added]
        parts = [
            at(part, self._timelines.get((kind, pk, part["pk"]), ()), seconds)
            for part in (added[::-1] + built if kind == "solutions" else built + added)
        ]
        return [part for part in parts if not part.pop("gone", False)]

    def short(self, cluster: Object) -> Object:
        solutions = [copied(solution, *SOLUTION_IN_SHORT_FORM) for solution in cluster["solutions"]]
        nodes = {"nodes": self.nodes(cluster)} if cluster["provider"] == "gke" else {}
        return {**copied(cluster, *SHORT_FORM), "solutions": solutions, **nodes}

    def detail(self, cluster: Object) -> Object:
        keysets = {keyset["entity"]: keyset for keyset in self._first_keysets(cluster["org"])}
        of_provider = keysets.get(cluster["provider"], {"pk": None, "name": ""})
        return {
            "provider_keyset": of_provider["pk"],
            "provider_keyset_name": of_provider["name"],
            "user_ssh_keyset": keysets[""]["pk"],
            "user_ssh_keyset_name": keysets[""]["name"],
            **{key: value for key, value in cluster.items() if key not in NOT_IN_API},
            "worker_size": "nodepool-dependent",
            "solutions": self.solutions(cluster),
        }

    def solutions(self, cluster: Object) -> list[Object]:
        """Return the solutions of a cluster. Every secret in them contains `never-show`."""
        solutions = []
        for solution in cluster["solutions"]:
            instance_id = f"sol{digest(solution['pk'])[:7]}"
            solutions.append(
                {
                    **self._defaults["solution"],
                    **self._defaults["solutions"].get(solution["solution"], {}),
                    **solution,
                    "cluster": cluster["pk"],
                    "instance_id": instance_id,
                    "username": f"never-show-user-{instance_id}",
                    "password": f"never-show-password-{instance_id}",
                    "created": cluster["created"],
                    "updated": cluster["updated"],
                }
            )
        return solutions

    def keysets_of(self, org: int) -> list[Object]:
        return [keyset for keyset in self.keysets.values() if keyset["org"] == org]

    def _first_keysets(self, org: int) -> list[Object]:
        """Make a keyset for each provider, and some others."""
        providers = [
            {"category": "provider", "entity": name, "name": f"Keys of {name}"} for name in self._defaults["providers"]
        ]
        return [
            self.keyset(org * 100 + number, {**keyset, "org": org, "keys": [{"key_type": "pub"}]})
            for number, keyset in enumerate([*self._defaults["keysets"], *providers], 1)
        ]

    def keyset(self, pk: int, fields: Object) -> Object:
        """Make a keyset without the values of its keys."""
        keys = [
            {
                "pk": pk * 10 + number,
                "keyset": pk,
                "key_type": key["key_type"],
                "fingerprint": digest(key["key"]) if fields["category"] == "user_ssh" and key.get("key") else "",
                "user": 3,
            }
            for number, key in enumerate(fields["keys"])
        ]
        return {"pk": pk, **self._defaults["keyset"], **fields, "keys": keys}

    def workspaces_of(self, org: int, seconds: float) -> list[Object]:
        clusters = self.clusters(org, seconds)
        return [
            {
                **workspace,
                **self._defaults["workspace"],
                "clusters": [
                    copied(cluster, *CLUSTER_IN_WORKSPACE)
                    for cluster in clusters
                    if cluster["workspace"] and cluster["workspace"]["pk"] == workspace["pk"]
                ],
                "team_workspaces": [team_workspace(workspace)],
            }
            for workspace in self.workspaces.values()
            if workspace["org"] == org
        ]

    def profile(self, account: Object) -> Object:
        """Return the user that the token belongs to."""
        orgs = [org for org in self.orgs.values() if org["pk"] in account["owner"] + account["member"]]
        name = f"user{account['pk']}"
        return {
            "pk": account["pk"],
            "username": name,
            "email": f"{name}@example.com",
            "first_name": "",
            "last_name": "",
            "full_name": "",
            "org_memberships": [
                {
                    "pk": org["pk"] * 100 + account["pk"],
                    "user": account["pk"],
                    "org": org,
                    "role": "owner" if org["pk"] in account["owner"] else "member",
                    "is_owner": org["pk"] in account["owner"],
                    "is_manager": org["pk"] in account["owner"],
                    "is_default": number == 0,
                    "created": org["created"],
                }
                for number, org in enumerate(orgs)
            ],
            "keysets": [
                keyset for org in orgs if org["pk"] in account["owner"] for keyset in self.keysets_of(org["pk"])
            ],
            "subscription": {"pk": account["pk"], "user": account["pk"], "state": "active", "is_active": True},
            "date_joined": "2018-08-05T14:35:52.980101Z",
        }

    def pools(self, cluster: Object) -> list[Object]:
        pools = self._parts("nodepools", cluster, self._pools_built(cluster))
        grown = cluster.get("grown", {})
        return [{**pool, "node_count": pool["node_count"] + grown.get(pool["pk"], 0)} for pool in pools]

    def _pools_built(self, cluster: Object) -> list[Object]:
        state = "draft" if cluster["state"] in ("draft", "building") else "active"
        if cluster["state"] == "deleting":
            state = "deleting"
        elif cluster["state"] == "failed" or (cluster["state"] == "draft" and cluster["is_failed"]):
            state = "failed"
        records = cluster.get("pools") or [{"node_count": cluster["built"]["worker_count"]}]
        return [self.pool(cluster, number, {"state": state, **record}) for number, record in enumerate(records, 1)]

    def pool(self, cluster: Object, number: int, fields: Object) -> Object:
        """Make a pool of the cluster. Missing fields have the values of the first pool."""
        return {
            "pk": cluster["pk"] * 10 + number,
            "cluster": cluster["pk"],
            "instance_id": f"{cluster['instance_id']}-pool-{number}",
            "instance_size": cluster["worker_size"],
            **copied(cluster, "platform", "channel", "zone"),
            **subnet(cluster),
            **self._defaults["pool"],
            "is_default": number == 1,
            **copied(cluster, "created", "updated"),
            **fields,
        }

    def nodes(self, cluster: Object) -> list[Object]:
        return self._parts("nodes", cluster, self._nodes_built(cluster))

    def _nodes_built(self, cluster: Object) -> list[Object]:
        masters = cluster["built"]["master_count"]
        places: list[tuple[str, int, Object | None]] = [("master", number, None) for number in range(1, masters + 1)]
        for pool in self._pools_built(cluster):
            first = len(places) - masters + 1
            places += [("worker", number, pool) for number in range(first, first + pool["node_count"])]
        nodes = [self.node(cluster, number, *place) for number, place in enumerate(places, 1)]
        return nodes + [nodes[number - 1] for number in cluster.get("nodes_listed_twice", ())]

    def node(self, cluster: Object, number: int, role: str, of_role: int, pool: Object | None) -> Object:
        pk, state = cluster["pk"], cluster["state"]
        instance_id = f"{cluster['instance_id']}-{role}-{of_role}"
        if state in ("draft", "building", "failed"):
            private_ip, public_ip = "", "not-available" if has_failed(cluster) else ""
        else:
            private_ip = str(ipaddress.IPv4Address("10.0.0.0") + (pk * 64 + number) % 2**24)
            public_ip = str(ipaddress.IPv4Address("198.18.0.0") + (pk * 16 + number) % 2**17)
        return {
            "pk": pk * 1000 + number,
            "cluster": pk,
            "pool": pool and pool["pk"],
            "pool_name": pool["name"] if pool else "",
            "instance_id": instance_id,
            "provider_node_id": f"i-{digest(instance_id)}" if private_ip else "",
            "role": role,
            "group_name": f"autoscaling-{pool['instance_id']}" if pool else "",
            "private_ip": private_ip,
            "public_ip": public_ip,
            **copied(cluster, "platform", "image", "channel", "zone"),
            **subnet(cluster),
            "location": location(cluster),
            "size": pool["instance_size"] if pool else cluster["master_size"],
            "etcd_state": "none" if state == "draft" else "kube_etcd",
            **self._defaults["node"],
            "state": state,
            **copied(cluster, "is_failed", "created", "updated"),
            **(of_gke(instance_id, public_ip, role) if cluster["provider"] == "gke" and private_ip else {}),
            **cluster.get("node_changes", {}).get(str(number), {}),
        }

    def logs(self, cluster: Object) -> list[Object]:
        """Return the build logs, newest first. `logs` of a record are in that order, too."""
        state = cluster["state"]
        if "logs" in cluster:
            events = cluster["logs"][::-1]
        elif has_failed(cluster):
            events = self._defaults["failed_logs"]
        else:
            reached = STATES[: STATES.index(state) + 1] if state in STATES else STATES[:-1]
            events = [event for event in self._defaults["logs"] if event["reached"] in reached]
        logs = []
        begin = datetime.datetime.strptime(cluster["created"], STAMP).replace(microsecond=0)
        begin += datetime.timedelta(seconds=1)
        minutes = cluster.get("minutes_between_logs", 3)
        later = [log for log in cluster.get("later_logs", ()) if log["after"] <= cluster["seconds"]]
        for number, event in enumerate([*events, *later], 1):
            created = begin + datetime.timedelta(minutes=minutes * number, microseconds=number)
            log = {
                "pk": cluster["pk"] * 100 + number,
                "cluster": cluster["pk"],
                "event_category": "provider",
                "details": "",
                "reference": cluster["provider"] if event.get("event_type") == "provider_build" else "",
                "created": created.strftime(STAMP),
                **event,
            }
            logs.append(
                {key: value for key, value in log.items() if key not in ("reached", "after") and value is not None}
            )
        return logs[::-1]

    def with_kubeconfig(self, pk: int, seconds: float) -> Object | None:
        """Return the cluster with this `pk`, in any organization, if it has a kubeconfig."""
        found = (self.cluster(org, pk, seconds) for org in self.orgs)
        return next((cluster for cluster in found if cluster and cluster["is_kubeconfig_available"]), None)

    def kubeconfig(self, cluster: Object, server: str) -> str:
        """Return the kubeconfig of a cluster. `server` is the URL of its Kubernetes API."""
        return self._kubeconfig.substitute(
            name=cluster["instance_id"], server=server, token=self.kubernetes_token(cluster)
        )

    def kubernetes_token(self, cluster: Object) -> str:
        """Return the token of a cluster's Kubernetes API. It contains `never-show`."""
        return f"never-show-token-{digest(cluster['instance_id'])}"


def at(record: Object, timeline: t.Iterable[Object], seconds: float) -> Object:
    """Return the record with the changes of its timeline until `seconds`."""
    now = dict(record)
    for step in timeline:
        if step["after"] <= seconds:
            now.update({key: value for key, value in step.items() if key != "after"})
    return now


def shifted(steps: t.Iterable[Object], seconds: float) -> list[Object]:
    """Convert `after` of each step from a delay after `seconds` to a time on the clock of the server."""
    return [{**step, "after": step["after"] + seconds} for step in steps]


def stamp() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime(STAMP)


def subnet(cluster: Object) -> Object:
    """Return the subnet fields of a node or pool. They are empty except on AWS and Azure."""
    known = cluster["provider"] in ("aws", "azure")
    return {key: cluster[key] if known else "" for key in ("provider_subnet_id", "provider_subnet_cidr")}


def location(cluster: Object) -> str:
    region, zone = cluster["region"], cluster["zone"]
    if not zone and cluster["state"] == "draft":
        zone = region
    return f"{region}:{zone}" if zone else region


def of_gke(instance_id: str, public_ip: str, role: str) -> Object:
    """Return the fields that differ for a GKE node. Google names the workers."""
    if role == "master":
        return {"private_ip": "not-available", "size": "not-available", "provider_node_id": f"GKE.{public_ip}"}
    cluster, _role, number = instance_id.rsplit("-", 2)
    name = f"gke-{cluster}-default-pool-{digest(cluster)[:8]}-{digest(instance_id)[:3]}{number}"
    return {"instance_id": name, "provider_node_id": name}


def team_workspace(workspace: Object) -> Object:
    """Make the record that lets everyone in the organization use the workspace."""
    org, created = workspace["org"], workspace["created"]
    team = {"pk": org * 10, "name": "Everyone", "slug": "everyone", "org": org, "is_org_wide": True, "created": created}
    return {"pk": workspace["pk"] * 10, "team": team, "workspace": workspace["pk"], "created": created}


def has_failed(cluster: Object) -> bool:
    return cluster["is_failed"] or cluster["state"] == "failed"


def digest(value: object) -> str:
    return hashlib.sha256(str(value).encode()).hexdigest()[:17]


def copied(source: Object, *keys: str) -> Object:
    return {key: source[key] for key in keys}
