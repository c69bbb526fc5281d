# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints of the NKS API: permissions, and the function that handles each request."""

from __future__ import annotations

import re
import typing as t
import urllib.parse

from . import lifecycle, organization
from .fleet import Fleet, Object, stamp
from .replies import JSON, Reply
from .writes import File, RefusedError, data_of, org_changes

OPTIONS: Object = {"description": "", "renders": [JSON], "parses": [JSON, "multipart/form-data"]}
NOTHING = Reply(204, b"")


class Call(t.NamedTuple):
    """A request with a valid token. If the path names an organization, the account owns it."""

    fleet: Fleet
    account: Object
    seconds: float
    ids: tuple[int, ...]
    query: dict[str, str]
    content_type: str
    body: bytes
    url: str
    keep_logo: t.Callable[[File], str]
    takes_slug: bool

    @property
    def data(self) -> Object:
        return data_of(self.content_type, self.body)

    @property
    def org(self) -> int:
        return self.ids[0]

    @property
    def cluster(self) -> Object:
        cluster = self.fleet.cluster(self.org, self.ids[1], self.seconds)
        if cluster is None:
            raise not_found()
        return cluster

    def one(self, objects: list[Object]) -> Object:
        """Return the object with the last ID in the path."""
        found = next((one for one in objects if one["pk"] == self.ids[-1]), None)
        if found is None:
            raise not_found()
        return found


def not_found() -> RefusedError:
    return RefusedError(404, {"detail": "Not found."})


def read_profile(call: Call) -> Reply:
    return Reply.json(200, [call.fleet.profile(call.account)])


def list_sizes(call: Call) -> Reply:
    provider = call.query.get("provider", "")
    config = call.fleet.sizes(provider)
    filters = {"provider": provider}
    return Reply.json(200, [{"name": "provider-instances", "filters": filters, "config": config}] if config else [])


def list_on_premises_configs(call: Call) -> Reply:
    configs: list[Object] = call.fleet.on_premises_configs
    version = call.query.get("version")
    return Reply.json(200, [one for one in configs if version in (None, one["filters"]["version"])])


def list_orgs(call: Call) -> Reply:
    seen = call.account["owner"] + call.account["member"]
    return Reply.json(200, [org for pk, org in call.fleet.orgs.items() if pk in seen])


def read_org(call: Call) -> Reply:
    return Reply.json(200, call.fleet.orgs[call.org])


def change_org(call: Call) -> Reply:
    changes = org_changes(call.data, call.takes_slug)
    if changes.get("logo"):
        changes["logo"] = call.keep_logo(changes["logo"])
    call.fleet.orgs[call.org].update(changes, updated=stamp())
    return read_org(call)


def list_workspaces(call: Call) -> Reply:
    return Reply.json(200, call.fleet.workspaces_of(call.org, call.seconds))


def create_workspace(call: Call) -> Reply:
    return Reply.json(201, organization.create_workspace(call.fleet, call.org, call.data))


def read_workspace(call: Call) -> Reply:
    return Reply.json(200, call.one(call.fleet.workspaces_of(call.org, call.seconds)))


def change_workspace(call: Call) -> Reply:
    workspace = call.one(call.fleet.workspaces_of(call.org, call.seconds))
    organization.change_workspace(call.fleet, workspace, call.data)
    return read_workspace(call)


def delete_workspace(call: Call) -> Reply:
    workspace = call.one(call.fleet.workspaces_of(call.org, call.seconds))
    organization.delete_workspace(call.fleet, workspace, call.seconds)
    return NOTHING


def list_keysets(call: Call) -> Reply:
    return Reply.json(200, call.fleet.keysets_of(call.org))


def create_keyset(call: Call) -> Reply:
    return Reply.json(201, organization.create_keyset(call.fleet, call.org, call.data))


def read_keyset(call: Call) -> Reply:
    return Reply.json(200, call.one(call.fleet.keysets_of(call.org)))


def change_keyset(call: Call) -> Reply:
    keyset = call.one(call.fleet.keysets_of(call.org))
    return Reply.json(200, organization.change_keyset(call.fleet, keyset, call.data))


def delete_keyset(call: Call) -> Reply:
    keyset = call.one(call.fleet.keysets_of(call.org))
    organization.delete_keyset(call.fleet, keyset, call.seconds)
    return NOTHING


def list_own_repositories(call: Call) -> Reply:
    return Reply.json(200, [])


def list_trusted_repositories(call: Call) -> Reply:
    return Reply.json(200, call.fleet.chart_repositories)


def list_clusters(call: Call) -> Reply:
    service = call.query.get("include_service_clusters", "").lower() == "true"
    clusters = call.fleet.clusters(call.org, call.seconds)
    shown = [cluster for cluster in clusters if service or not cluster["config"].get("is_service_cluster")]
    return Reply.json(200, [call.fleet.short(cluster) for cluster in shown])


def create_cluster(call: Call) -> Reply:
    """Create a cluster in the workspace of the path, of the body, or in the default one."""
    if call.ids[1:]:
        call.one(call.fleet.workspaces_of(call.org, call.seconds))
    workspace = call.ids[1] if call.ids[1:] else None
    made = lifecycle.create_cluster(call.fleet, call.org, workspace, call.data, call.seconds)
    return Reply.json(200, made)


def read_cluster(call: Call) -> Reply:
    return Reply.json(200, call.fleet.detail(call.cluster))


def delete_cluster(call: Call) -> Reply:
    lifecycle.delete_cluster(call.fleet, call.cluster)
    return NOTHING


def upgrade_cluster(call: Call) -> Reply:
    lifecycle.upgrade_cluster(call.fleet, call.cluster, call.data)
    return Reply(202, b"")


def read_kubeconfig(call: Call) -> Reply:
    cluster = call.cluster
    if not cluster["is_kubeconfig_available"]:
        raise not_found()
    kubeconfig = call.fleet.kubeconfig(cluster, f"{call.url}/_kubernetes/{cluster['pk']}")
    return Reply(200, kubeconfig.encode(), "text/plain; charset=utf-8")


def list_logs(call: Call) -> Reply:
    return Reply.json(200, call.fleet.logs(call.cluster))


def list_nodes(call: Call) -> Reply:
    return Reply.json(200, call.fleet.nodes(call.cluster))


def add_nodes(call: Call) -> Reply:
    return Reply.json(201, lifecycle.add_nodes(call.fleet, call.cluster, call.data))


def node_of(call: Call) -> Object:
    """Return the node of the path. Deleted nodes are not found, though they may still be listed."""
    return call.one([node for node in call.fleet.nodes(call.cluster) if node["state"] != "deleted"])


def read_node(call: Call) -> Reply:
    return Reply.json(200, node_of(call))


def delete_node(call: Call) -> Reply:
    lifecycle.delete_node(call.fleet, call.cluster, node_of(call))
    return NOTHING


def check_node(call: Call) -> Reply:
    how = call.fleet.variants["can_delete"]
    if how == "missing":
        raise not_found()
    if how == "not_allowed":
        raise RefusedError(405, {"detail": 'Method "GET" not allowed.'})
    call = call._replace(ids=call.ids[:3])
    lifecycle.check_node(call.fleet, call.cluster, node_of(call))
    return Reply.json(200, {"eligible": True})


def list_pools(call: Call) -> Reply:
    return Reply.json(200, call.fleet.pools(call.cluster))


def create_pool(call: Call) -> Reply:
    return Reply.json(202, lifecycle.create_pool(call.fleet, call.cluster, call.data))


def pool_of(call: Call) -> Object:
    return call.one(call.fleet.pools(call.cluster))


def read_pool(call: Call) -> Reply:
    return Reply.json(200, pool_of(call))


def set_autoscaling(call: Call) -> Reply:
    pool = lifecycle.set_autoscaling(call.fleet, call.cluster, pool_of(call), call.data)
    return Reply.json(200, pool) if call.fleet.variants["autoscaling_answer"] == "pool" else Reply(202, b"")


def delete_pool(call: Call) -> Reply:
    lifecycle.delete_pool(call.fleet, call.cluster, pool_of(call))
    return NOTHING


def add_pool_nodes(call: Call) -> Reply:
    nodes = lifecycle.add_pool_nodes(call.fleet, call.cluster, pool_of(call), call.data)
    return Reply.json(201, nodes)


def list_solutions(call: Call) -> Reply:
    return Reply.json(200, call.fleet.solutions(call.cluster))


def add_solution(call: Call) -> Reply:
    return Reply.json(201, lifecycle.add_solution(call.fleet, call.cluster, call.data))


def read_solution(call: Call) -> Reply:
    return Reply.json(200, call.one(call.fleet.solutions(call.cluster)))


def delete_solution(call: Call) -> Reply:
    solution = call.one(call.fleet.solutions(call.cluster))
    lifecycle.delete_solution(call.fleet, call.cluster, solution)
    return Reply(202, b"")


Handler = t.Callable[[Call], Reply]
ORG, CLUSTER = "/orgs/{}", "/orgs/{}/clusters/{}"
ROUTES: dict[str, dict[str, Handler]] = {
    "/userprofile": {"GET": read_profile},
    "/meta/provider-instances": {"GET": list_sizes},
    "/meta/on-premises-config": {"GET": list_on_premises_configs},
    "/orgs": {"GET": list_orgs},
    ORG: {"GET": read_org, "PATCH": change_org},
    f"{ORG}/workspaces": {"GET": list_workspaces, "POST": create_workspace},
    f"{ORG}/workspaces/{{}}": {"GET": read_workspace, "PATCH": change_workspace, "DELETE": delete_workspace},
    f"{ORG}/workspaces/{{}}/clusters": {"POST": create_cluster},
    f"{ORG}/keysets": {"GET": list_keysets, "POST": create_keyset},
    f"{ORG}/keysets/{{}}": {"GET": read_keyset, "PATCH": change_keyset, "DELETE": delete_keyset},
    f"{ORG}/chart-repos": {"GET": list_own_repositories},
    f"{ORG}/chart-repos/trusted": {"GET": list_trusted_repositories},
    f"{ORG}/clusters": {"GET": list_clusters, "POST": create_cluster},
    CLUSTER: {"GET": read_cluster, "DELETE": delete_cluster},
    f"{CLUSTER}/migrate_version": {"POST": upgrade_cluster},
    f"{CLUSTER}/add_node": {"POST": add_nodes},
    f"{CLUSTER}/kubeconfig": {"GET": read_kubeconfig},
    f"{CLUSTER}/logs": {"GET": list_logs},
    f"{CLUSTER}/nodes": {"GET": list_nodes},
    f"{CLUSTER}/nodes/{{}}": {"GET": read_node, "DELETE": delete_node},
    f"{CLUSTER}/nodes/{{}}/can_delete": {"GET": check_node},
    f"{CLUSTER}/nodepools": {"GET": list_pools, "POST": create_pool},
    f"{CLUSTER}/nodepools/{{}}": {"GET": read_pool, "POST": set_autoscaling, "DELETE": delete_pool},
    f"{CLUSTER}/nodepools/{{}}/add": {"POST": add_pool_nodes},
    f"{CLUSTER}/solutions": {"GET": list_solutions, "POST": add_solution},
    f"{CLUSTER}/solutions/{{}}": {"GET": read_solution, "DELETE": delete_solution},
}
PATTERNS = [(re.compile(path.replace("{}", r"(\d{1,18})"), re.ASCII), methods) for path, methods in ROUTES.items()]


def route_of(path: str) -> tuple[dict[str, Handler], tuple[int, ...]] | None:
    """Return the handlers of a path by method, and the IDs in the path; None for an unknown path."""
    path = path[:-1] if path.endswith("/") else path
    for pattern, methods in PATTERNS:
        found = pattern.fullmatch(path)
        if found:
            return methods, tuple(map(int, found.groups()))
    return None


def refusal(method: str, path: str, methods: dict[str, Handler], call: Call) -> Reply | None:
    """Answer a request that is not permitted or needs no handler; return None for all others."""
    if call.ids:
        if call.org not in call.fleet.orgs:
            return Reply.detail(404, "Not found.")
        may_read = call.org in call.account["member"] and methods is ROUTES[ORG] and method != "PATCH"
        if call.org not in call.account["owner"] and not may_read:
            return Reply.detail(403, "You do not have permission to perform this action.")
    allow = ", ".join([*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"])
    if method == "OPTIONS":
        name = next(part for part in reversed(path.split("/")) if part and not part.isdigit())
        return Reply.json(200, {"name": name.capitalize(), **OPTIONS}, Allow=allow)
    if method not in allow.split(", "):
        return Reply.detail(405, f'Method "{method}" not allowed.', Allow=allow)
    return None


def query_of(query: str) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(query))


def respond(handler: Handler, call: Call) -> Reply:
    try:
        return handler(call)
    except RefusedError as refused:
        return Reply.json(refused.status, refused.answer)
