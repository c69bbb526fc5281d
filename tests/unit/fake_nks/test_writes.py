# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the effects of writes on the fake, at once and as time passes. openapi.yml describes their format."""

from __future__ import annotations

import typing as t

import pytest
import requests
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

ORG, PROD = "/orgs/381", "/orgs/381/clusters/1201"
NEW = {"name": "new", "provider": "aws", "region": "us-west-2", "provider_keyset": 38105, "worker_count": 2}
POOL = {"name": "more", "instance_size": "t2.large", "node_count": 2, "platform": "coreos"}
KEYSET = {"name": "ssh", "category": "user_ssh", "keys": [{"key_type": "pub", "key": "never-show-key"}]}
MASTER, WORKER = f"{PROD}/nodes/1201001", f"{PROD}/nodes/1201002"
# How Go encodes fields that are not set.
ZEROS = {
    "pk": 0,
    "org": 0,
    "instance_id": "",
    "zone": "",
    "workspace": {"pk": 0, "name": ""},
    "owner": 0,
    "user_ssh_keyset": 0,
}
ZEROS.update(
    is_failed=False, created="0001-01-01T00:00:00Z", master_count=0, master_size="", k8s_version="", solutions=[]
)


class Client:
    """A client whose requests each advance the fake's clock by one second."""

    def __init__(self, fake: FakeNKS) -> None:
        fake.step = 1.0
        self.url = fake.url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {fake.token}"

    def ask(self, method: str, path: str, body: t.Any = None) -> tuple[int, t.Any]:
        response = self.session.request(method, self.url + path, json=body, timeout=60)
        return response.status_code, response.json() if response.content else None

    def get(self, path: str) -> t.Any:
        status, answer = self.ask("GET", path)
        assert status == 200, answer
        return answer

    def post(self, path: str, body: t.Any) -> t.Any:
        status, answer = self.ask("POST", path, body)
        assert status in (200, 201, 202), answer
        return answer

    def follow(self, path: str, key: str, polls: int = 12) -> list[t.Any]:
        """Poll; return the successive values of the field, and the status if an answer is not 200."""
        seen: list[t.Any] = []
        for _poll in range(polls):
            status, answer = self.ask("GET", path)
            value = answer[key] if status == 200 else status
            if value not in seen[-1:]:
                seen.append(value)
        return seen


@pytest.fixture(name="api")
def api_fixture(fake: FakeNKS) -> Client:
    return Client(fake)


def test_a_cluster_is_built_and_deleted(api: Client) -> None:
    made = api.post(f"{ORG}/clusters", {**ZEROS, **NEW, "k8s_pod_cidr": "10.9.0.0", "provider_network_id": "__new__"})
    assert (made["state"], made["k8s_pod_cidr"], made["master_count"], made["workspace"]["pk"]) == (
        "draft",
        "10.9.0.0/16",
        1,
        4,
    )
    assert made["provider_network_id"] not in ("__new__", "")
    path = f"{ORG}/clusters/{made['pk']}"
    assert api.follow(path, "state", 6) == ["building", "provisioned", "running"]
    tiller = f"{path}/solutions/{made['solutions'][0]['pk']}"
    assert api.follow(tiller, "state", 3) == ["draft", "installed"]  # after the cluster
    assert api.get(f"{path}/logs")[0]["created"] > made["created"]
    assert api.ask("POST", f"{ORG}/clusters", NEW)[1] == {"name": ["cluster with this name already exists."]}
    assert api.ask("DELETE", path) == (204, None)
    assert api.follow(path, "state", 3) == ["deleting", 404]
    assert [one["state"] for one in api.get(f"{ORG}/clusters") if one["name"] == "new"] == ["deleting"]
    assert api.follow(path, "state", 2) == [404]
    assert "new" not in [one["name"] for one in api.get(f"{ORG}/clusters")]
    api.post(f"{ORG}/workspaces/21/clusters", NEW)
    assert "new" in [one["name"] for one in api.get(f"{ORG}/workspaces/21")["clusters"]]


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"name": None}, {"name": ["This field may not be null."]}),
        ({"provider": "ibm"}, {"provider": ['"ibm" is not a valid choice.']}),
        ({"worker_count": "two"}, {"worker_count": ["A valid integer is required."]}),
        ({"worker_count": 1}, {"worker_count": ["Ensure this value is greater than or equal to 2."]}),
        ({"master_count": 3}, {"master_count": ["Ensure this value is less than or equal to 1."]}),
        ({"k8s_rbac_enabled": 1}, {"k8s_rbac_enabled": ["Must be a valid boolean."]}),
        ({"solutions": {}}, {"solutions": ['Expected a list of items but got type "dict".']}),
        ({"solutions": [{"solution": "cobol"}]}, {"solution": ['"cobol" is not a valid choice.']}),
        ({"config": []}, {"config": ['Expected a dictionary of items but got type "list".']}),
        ({"workspace": 5}, {"workspace": ['Invalid pk "5" - object does not exist.']}),
        ({"provider": "azure"}, {"provider_keyset": ["Keyset is not for the provider azure."]}),
        (
            {"provider_keyset": 38205},
            {"detail": "Provider credential does not belong to organization: My Organization"},
        ),
    ],
)
def test_a_cluster_that_is_refused(api: Client, changes: dict[str, t.Any], error: t.Any) -> None:
    assert api.ask("POST", f"{ORG}/clusters", {**NEW, **changes}) == (400, error)
    assert "new" not in [cluster["name"] for cluster in api.get(f"{ORG}/clusters")]


@pytest.mark.parametrize(
    "build, states, is_failed, newest",
    [
        ("fails", ["building"], True, "failure"),
        ("fails_by_state", ["building", "failed"], False, "failure"),
        ("fails_by_log", ["building", "provisioned"], False, "failure"),
        ("hangs", ["building"], False, "started"),
    ],
)
def test_a_build_that_does_not_finish(
    fake: FakeNKS, api: Client, build: str, states: list[str], is_failed: bool, newest: str
) -> None:
    fake.set_variants(build=build)
    path = f"{ORG}/clusters/{api.post(f'{ORG}/clusters', NEW)['pk']}"
    assert api.follow(path, "state") == states
    assert api.get(path)["is_failed"] is is_failed
    log = api.get(f"{path}/logs")[0]
    assert (log["event_type"], log["event_state"]) == ("provider_build", newest)
    assert api.ask("DELETE", path) == (204, None)
    assert api.follow(path, "state") == ["deleting", 404]


@pytest.mark.parametrize(
    "upgrade, seen, failed",
    [
        ("running", ["running v1.15.5", "running v1.16.2"], False),
        ("provisioned", ["provisioned v1.15.5", "running v1.16.2"], False),
        ("fails", ["running v1.15.5"], True),
    ],
)
def test_an_upgrade(fake: FakeNKS, api: Client, upgrade: str, seen: list[str], failed: bool) -> None:
    fake.set_variants(upgrade=upgrade)
    before = api.get(f"{PROD}/logs")[0]["created"]
    assert api.ask("POST", f"{PROD}/migrate_version", {"version": "v9"})[0] == 400
    assert api.ask("POST", f"{PROD}/migrate_version", {"version": "v1.16.2"}) == (202, None)
    polled = [api.get(PROD) for _poll in range(6)]
    assert list(dict.fromkeys(f"{one['state']} {one['k8s_version']}" for one in polled)) == seen
    newest = api.get(f"{PROD}/logs")[0]
    assert (newest["event_state"] == "failure", newest["created"] > before) == (failed, failed)


def test_a_pool_is_made_grown_and_deleted(api: Client) -> None:
    made = api.post(f"{PROD}/nodepools", {**ZEROS, **POOL, "autoscaled": False, "provider_subnet_id": "__new__"})
    pool = f"{PROD}/nodepools/{made['pk']}"
    assert (made["state"], made["node_count"], api.get(pool)["state"]) == ("draft", 2, "active")
    nodes = [node for node in api.get(f"{PROD}/nodes") if node["pool"] == made["pk"]]
    assert [node["state"] for node in nodes] == ["provisioned"] * 2  # after their pool
    assert api.follow(f"{PROD}/nodes/{nodes[0]['pk']}", "state", 4) == ["provisioned", "running"]
    nodes += api.post(f"{pool}/add", {"node_count": 1, "role": "worker", "node_pool": 0})
    assert (api.get(pool)["node_count"], api.get(PROD)["node_count"]) == (3, 8)
    assert api.ask("DELETE", pool) == (400, {"detail": "Node pool still has nodes."})
    for node in nodes:
        assert api.ask("DELETE", f"{PROD}/nodes/{node['pk']}") == (204, None)
    assert api.get(pool)["node_count"] == 0
    assert api.follow(f"{PROD}/nodes/{nodes[-1]['pk']}", "state", 2)[-1] == 404
    assert api.get(f"{PROD}/nodes")[-1]["state"] == "deleted"
    assert api.ask("DELETE", pool) == (204, None)
    assert api.follow(pool, "state") == ["deleting", 404]


def test_the_first_master_stays_and_others_come_and_go(api: Client) -> None:
    (node,) = api.post(f"{PROD}/add_node", {"role": "master", "node_count": 1, "size": "m5.large", "root_disk_size": 0})
    path = f"{PROD}/nodes/{node['pk']}"
    assert (node["role"], node["pool"], node["size"]) == ("master", None, "m5.large")
    assert api.follow(path, "state", 5) == ["building", "provisioned", "running"]
    assert api.get(PROD)["master_count"] == 2
    assert api.ask("POST", f"{PROD}/add_node", {"role": "master", "node_count": 2})[0] == 400
    assert api.get(f"{path}/can_delete") == {"eligible": True}
    assert api.ask("GET", f"{MASTER}/can_delete")[1] == api.ask("DELETE", MASTER)[1]
    assert api.ask("DELETE", path) == (204, None)
    assert api.follow(path, "state") == ["deleting", 404]
    (young,) = api.post(f"{PROD}/add_node", {"role": "worker", "node_count": 1})
    assert api.ask("DELETE", f"{PROD}/nodes/{young['pk']}") == (204, None)
    assert api.follow(f"{PROD}/nodes/{young['pk']}", "state") == ["deleting", 404]  # its build does not continue


def test_the_autoscaler_changes_counts(fake: FakeNKS, api: Client) -> None:
    fake.fault(f"{PROD}/nodes", "autoscaler", change=9, times=1)
    fake.fault(f"{PROD}/nodes", "autoscaler", change=-9, times=1, after=4)
    assert len(api.get(f"{PROD}/nodes")) == 5 + 4  # the pool Batch grows from one node to its maximum of five
    assert api.ask("POST", f"{PROD}/nodepools/12012", {"autoscaled": True, "min_count": 3, "max_count": 2})[0] == 400
    assert api.post(f"{PROD}/nodepools/12012", {"autoscaled": True, "min_count": 2, "max_count": 5})["min_count"] == 2
    for _poll in range(5):
        states = [node["state"] for node in api.get(f"{PROD}/nodes")]
    assert states.count("deleting") == 3
    assert api.get(f"{PROD}/nodepools/12012")["node_count"] == 2


def test_a_solution_is_installed_and_removed(fake: FakeNKS, api: Client) -> None:
    made = api.post(f"{PROD}/solutions", {"solution": "jenkins-repo-1", "config": {"values_yaml": "never-show"}})
    path = f"{PROD}/solutions/{made['pk']}"
    assert (made["config"], api.get(f"{PROD}/solutions")[0]["pk"]) == ({}, made["pk"])  # newest first
    assert api.follow(path, "state", 4) == ["draft", "installed"]
    assert api.ask("DELETE", path) == (202, None)
    assert api.follow(path, "state", 4) == ["deleting", 404]
    assert api.ask("DELETE", f"{PROD}/solutions/12011")[0] == 400  # Helm Tiller
    fake.set_variants(solution_build="fails")
    made = api.post(f"{PROD}/solutions", {"solution": "efk"})
    assert api.follow(f"{PROD}/solutions/{made['pk']}", "state", 4) == ["draft", "failed"]


def test_a_workspace_keeps_its_slug(api: Client) -> None:
    made = api.post(f"{ORG}/workspaces", {**ZEROS, "name": "My Team", "team_workspaces": []})
    path = f"{ORG}/workspaces/{made['pk']}"
    assert api.ask("PATCH", path, {"name": "Other", "is_default": True})[1]["name"] == "Other"
    assert (api.get(path)["slug"], api.get(f"{ORG}/workspaces/4")["is_default"]) == ("my-team", False)
    assert [api.ask("DELETE", one)[0] for one in (path, f"{ORG}/workspaces/21")] == [400, 400]  # default, has clusters
    assert api.ask("PATCH", f"{ORG}/workspaces/4", {"is_default": True})[0] == 200
    assert api.ask("DELETE", path) == (204, None)
    assert api.ask("GET", path)[0] == 404


def test_a_keyset_does_not_show_its_keys(fake: FakeNKS, api: Client) -> None:
    made = api.post(f"{ORG}/keysets", {**ZEROS, **KEYSET, "entity": "", "workspaces": [4]})
    path = f"{ORG}/keysets/{made['pk']}"
    assert "never-show" not in str(made)
    assert made["keys"][0]["fingerprint"]
    for wrong in (KEYSET, {**KEYSET, "name": "x", "workspaces": [5]}, {**KEYSET, "name": "x", "category": "provider"}):
        assert api.ask("POST", f"{ORG}/keysets", wrong if wrong is KEYSET else {**wrong, "entity": "aws"})[0] == 400
    assert api.ask("PATCH", path, {"name": "renamed", "workspaces": []})[1]["keys"] == made["keys"]
    fake.set_variants(key_encoding="base64")
    assert api.ask("PATCH", path, {"keys": KEYSET["keys"]}) == (400, {"keys": ["Each key must be encoded in base64."]})
    assert api.ask("DELETE", path) == (204, None)
    assert api.ask("DELETE", f"{ORG}/keysets/38105") == (204, None)  # in use
    assert api.ask("DELETE", PROD) == (204, None)
    assert api.follow(PROD, "is_failed") == [False, True]  # it cannot be deleted without its keyset


@pytest.mark.parametrize(
    "variant, method, path, body, status",
    [
        ("name_taken=non_field_errors", "POST", f"{ORG}/clusters", {**NEW, "name": "prod"}, 400),
        ("pool_names=unique", "POST", f"{PROD}/nodepools", {**POOL, "name": "Batch"}, 400),
        ("solution_names=unique", "POST", f"{PROD}/solutions", {"solution": "prometheus"}, 400),
        ("workspace_names=unique", "POST", f"{ORG}/workspaces", {"name": "Team A"}, 400),
        ("autoscaling_answer=accepted", "POST", f"{PROD}/nodepools/12012", {"autoscaled": False}, 202),
        ("autoscaling_needs=solution", "POST", f"{PROD}/nodepools/12011", {"autoscaled": True, "max_count": 1}, 400),
        ("can_delete=missing", "GET", f"{WORKER}/can_delete", None, 404),
        ("can_delete=not_allowed", "GET", f"{WORKER}/can_delete", None, 405),
        ("delete_while_building=refused", "DELETE", f"{ORG}/clusters/1203", None, 400),
        ("pool_with_nodes=deleted", "DELETE", f"{PROD}/nodepools/12011", None, 204),
        ("default_pool=refused", "DELETE", f"{PROD}/nodepools/12011", None, 400),
        ("workspace_with_clusters=moved", "DELETE", f"{ORG}/workspaces/21", None, 204),
        ("keyset_in_use=refused", "DELETE", f"{ORG}/keysets/38105", None, 400),
    ],
)
def test_variants_with_an_immediate_effect(
    fake: FakeNKS, api: Client, variant: str, method: str, path: str, body: t.Any, status: int
) -> None:
    name, value = variant.split("=")
    assert api.ask("POST", "/_fake/variants", {name: value}) == (204, None)
    fake.fault("/orgs", "status")  # no other request is made
    assert api.ask(method, path, body)[0] == status
    fake.reset()
    assert fake.variants[name] != value


def test_variants_with_a_later_effect(fake: FakeNKS, api: Client) -> None:
    fake.set_variants(pool_answer="active", add_answer="all", deleted_nodes="gone", deleted_clusters="gone")
    fake.set_variants(sizes="known", node_build="fails", pool_build="fails", pool_subnet_cidr="empty")
    made = api.post(f"{PROD}/nodepools", {**POOL, "node_count": 1, "provider_subnet_cidr": "10.0.1.0/24"})
    assert (made["state"], made["provider_subnet_cidr"]) == ("active", "")
    assert api.follow(f"{PROD}/nodepools/{made['pk']}", "state", 2) == ["failed"]
    nodes = api.post(f"{PROD}/nodepools/12011/add", {"node_count": 1})
    assert len(nodes) == 7
    assert api.follow(f"{PROD}/nodes/{nodes[-1]['pk']}", "is_failed", 4) == [False, True]
    api.ask("DELETE", WORKER)
    assert api.follow(WORKER, "state", 4) == ["deleting", 404]
    assert len(api.get(f"{PROD}/nodes")) == 6
    wrong = api.post(f"{ORG}/clusters", {**NEW, "worker_size": "huge"})["pk"]
    assert api.follow(f"{ORG}/clusters/{wrong}", "state", 6) == ["building", "provisioned"]
    assert api.get(f"{ORG}/clusters/{wrong}/logs")[0]["message"] == "There is no size huge"
    api.ask("DELETE", PROD)
    assert api.follow(PROD, "state", 4) == ["deleting", 404]
    assert "prod" not in [cluster["name"] for cluster in api.get(f"{ORG}/clusters")]


def test_lost_answers_and_a_second_creator(fake: FakeNKS, api: Client) -> None:
    fake.fault(f"{ORG}/clusters", "lost", method="POST", times=1)
    fake.fault(f"{ORG}/clusters", "lost", method="POST", times=1, status=502)
    fake.fault(".*", "second_creator", method="POST")
    with pytest.raises(requests.ConnectionError):
        api.ask("POST", f"{ORG}/clusters", NEW)
    assert api.ask("POST", f"{ORG}/clusters", {**NEW, "name": "newer"}) == (502, None)
    assert api.ask("POST", f"{ORG}/clusters", {**NEW, "name": "newest"})[0] == 400
    api.post(f"{PROD}/nodepools", POOL)
    assert [one["name"] for one in api.get(f"{ORG}/clusters")][-3:] == ["new", "newer", "newest"]
    assert [one["name"] for one in api.get(f"{PROD}/nodepools")] == ["Default Worker Pool", "Batch", "more", "more"]
    assert [entry["status"] for entry in fake.requests[:3]] == [None, 502, 400]


def test_clusters_from_files_do_not_change_without_changes() -> None:
    with FakeNKS(changes=False) as fake:
        api = Client(fake)
        made = api.post(f"{ORG}/clusters", NEW)
        assert api.follow(f"{ORG}/clusters/{made['pk']}", "state")[-1] == "running"
        assert api.get(f"{ORG}/clusters/1203")["state"] == "building"
