# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import http.client
import ipaddress
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import typing as t
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
import yaml
from ansible_collections.netapp.nks.tests.fake_nks import server
from ansible_collections.netapp.nks.tests.fake_nks.faults import Fault
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

CLI = [sys.executable, str(Path(server.__file__).parent)]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Client:
    """One kept-alive connection to a fake."""

    def __init__(self, fake: FakeNKS, label: str = "main") -> None:
        self.fake = fake
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {fake.tokens[label]}"

    def ask(self, path: str, method: str = "GET", **options: t.Any) -> requests.Response:
        return self.session.request(
            method, self.fake.url + path, timeout=options.pop("timeout", 60), allow_redirects=False, **options
        )

    def json(self, path: str) -> t.Any:
        response = self.ask(path)
        assert response.status_code == 200, response.text
        return response.json()

    def status(self, path: str, method: str = "GET") -> int:
        return self.ask(path, method).status_code


@pytest.fixture(name="clock")
def clock_fixture() -> Clock:
    return Clock()


@pytest.fixture(name="fake")
def fake_fixture(clock: Clock) -> t.Iterator[FakeNKS]:
    with FakeNKS(clock=clock) as fake:
        yield fake


@pytest.fixture(name="client")
def client_fixture(fake: FakeNKS) -> Client:
    return Client(fake)


def names(clusters: list[dict[str, t.Any]]) -> list[str]:
    return [cluster["name"] for cluster in clusters]


# Authorization and status codes


@pytest.mark.parametrize(
    "authorization, detail, auth",
    [
        (None, "Authentication credentials were not provided.", "missing"),
        ("Basic dXNlcjpwYXNz", "Authentication credentials were not provided.", "missing"),
        ("Bearer wrong", "Invalid token.", "invalid"),
        ("Bearer", "Invalid token.", "invalid"),
    ],
)
def test_401(fake: FakeNKS, client: Client, authorization: str | None, detail: str, auth: str) -> None:
    client.session.headers["Authorization"] = authorization  # type: ignore[assignment]
    for path in ("/orgs", "/orgs/381/clusters", "/no/such/path"):
        response = client.ask(path)
        assert (response.status_code, response.json()) == (401, {"detail": detail})
    assert {entry["auth"] for entry in fake.requests} == {auth}


@pytest.mark.parametrize(
    "label, orgs", [("main", [381, 382, 383, 390]), ("member", [381, 390]), ("partner", [390]), ("nobody", [])]
)
def test_orgs_of_a_token(fake: FakeNKS, label: str, orgs: list[int]) -> None:
    assert [org["pk"] for org in Client(fake, label).json("/orgs")] == orgs


def test_tokens_have_the_three_known_lengths(fake: FakeNKS) -> None:
    assert {len(token) for token in fake.tokens.values()} == {32, 40, 64}
    assert fake.token == fake.tokens["main"]


def test_403(fake: FakeNKS, client: Client) -> None:
    for part in ("workspaces", "keysets", "clusters", "clusters/1501", "clusters/1501/nodes"):
        path = f"/orgs/390/{part}"
        response = client.ask(path)
        assert response.status_code == 403
        assert response.json() == {"detail": "You do not have permission to perform this action."}
        assert Client(fake, "partner").status(path) == 200
    assert client.status("/orgs/390") == 200
    assert client.status("/orgs/390", "PATCH") == 403
    assert Client(fake, "partner").status("/orgs/381") == 403
    assert Client(fake, "member").status("/orgs/381/clusters") == 403


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/orgs//",
        "/orgs/9",
        "/orgs/x",
        "/orgs/9/clusters",
        "/orgs/381/workspaces/5",
        "/orgs/381/keysets/1",
        "/orgs/381/clusters/1301",
        "/orgs/381/clusters/9/nodes",
        "/orgs/381/clusters/1201/nodes/1202001",
        "/orgs/381/clusters/1201/nodepools/1",
        "/orgs/381/clusters/1201/solutions/1",
        "/orgs/381/clusters/1201/logs/120101",
        "/orgs/" + "9" * 5000,
        "/orgs/381/clusters/1201/force_delete",
        "/rest-auth/user/",
    ],
)
def test_404(fake: FakeNKS, client: Client, path: str) -> None:
    response = client.ask(path)
    assert (response.status_code, response.json()) == (404, {"detail": "Not found."})
    assert [entry["path"] for entry in fake.requests] == [path]


def test_405(client: Client) -> None:
    for method, path in (
        ("PUT", "/orgs"),
        ("QUERY", "/orgs"),
        ("DELETE", "/orgs/381/clusters/1201/logs"),
    ):
        response = client.ask(path, method)
        assert (response.status_code, response.json()) == (405, {"detail": f'Method "{method}" not allowed.'})
        assert response.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert client.ask("/orgs/381", "PUT").headers["Allow"] == "GET, PATCH, HEAD, OPTIONS"
    assert client.status("/orgs") == 200


def test_a_slash_at_the_end_of_a_path_counts_for_nothing(client: Client) -> None:
    for path in ("/orgs", "/userprofile", "/orgs/381", "/orgs/381/clusters", "/orgs/381/clusters/1201/nodes/1201001"):
        assert client.json(path + "/") == client.json(path)
    assert client.ask("/orgs/381/clusters/1201/kubeconfig/").status_code == 200
    assert client.json("/orgs/381/clusters/?include_service_clusters=true")[-1]["name"] == "nks-service"
    assert client.ask("/orgs/381/", "PATCH", json={"name": "x"}).json()["name"] == "x"


@pytest.mark.parametrize("path", ["/orgs", "/orgs/381/clusters", "/orgs/381/clusters/9", "/orgs/390/clusters"])
def test_head(client: Client, path: str) -> None:
    got, head = client.ask(path), client.ask(path, "HEAD")
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert {**head.headers, "Date": ""} == {**got.headers, "Date": ""}
    assert client.status("/orgs") == 200


def test_options(fake: FakeNKS, client: Client) -> None:
    response = client.ask("/orgs/381", "OPTIONS")
    assert (response.status_code, response.headers["Allow"]) == (200, "GET, PATCH, HEAD, OPTIONS")
    assert response.json()["parses"] == ["application/json", "multipart/form-data"]
    assert client.ask("/orgs/381/clusters", "OPTIONS").json()["name"] == "Clusters"
    assert client.ask("/orgs/390/clusters", "OPTIONS").status_code == 403
    assert client.ask("/nowhere", "OPTIONS").status_code == 404


# Objects


def test_organization(client: Client) -> None:
    org = client.json("/orgs/381")
    assert org == client.json("/orgs")[0]
    assert org["slug"] == "my-organization"
    assert client.json("/orgs/383")["name"] == "🚀"
    assert client.json("/orgs/383")["slug"] == ""


def test_cluster_list_is_short(client: Client) -> None:
    clusters = client.json("/orgs/381/clusters")
    assert names(clusters) == ["prod", "staging", "build-me", "going", "broken"]
    assert tuple(clusters[0]) == (
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
    assert clusters[0]["workspace"] == {
        "pk": 4,
        "name": "Default",
        "slug": "default",
        "org": 381,
        "is_default": True,
        "created": "2018-08-05T14:35:53.612800Z",
    }
    assert clusters[0]["solutions"][0] == {
        "pk": 12011,
        "state": "installed",
        "name": "Helm Tiller",
        "solution": "helm_tiller",
    }
    assert (clusters[4]["state"], clusters[4]["is_failed"]) == ("draft", True)
    assert names(client.json("/orgs/382/clusters")) == ["prod", "Shop — Zürich", "edge:1 [lab]"]
    assert names(client.json("/orgs/383/clusters")) == ["🐳"]


def test_service_clusters(client: Client) -> None:
    assert "nks-service" in names(client.json("/orgs/381/clusters?include_service_clusters=true"))
    assert "nks-service" not in names(client.json("/orgs/381/clusters?include_service_clusters=false"))
    assert client.json("/orgs/381/clusters/1206")["config"] == {"is_service_cluster": True}


def test_cluster_detail(client: Client) -> None:
    short = client.json("/orgs/381/clusters")[0]
    detail = client.json("/orgs/381/clusters/1201")
    assert set(short) < set(detail)
    assert {key for key in short if short[key] != detail[key]} == {"solutions"}
    assert {"owner_detail", "provider_keyset", "is_kubeconfig_available", "is_k8s_available", "created"} < set(detail)
    assert not {"timeline", "pools", "gone", "after"} & set(detail)
    assert (detail["worker_size"], detail["master_size"]) == ("nodepool-dependent", "t2.large")
    assert (detail["k8s_pod_cidr"], detail["k8s_service_cidr"]) == ("10.2.0.0/16", "10.3.0.0/24")
    assert (detail["follower"]["cluster"], client.json("/orgs/381/clusters/1202")["follower"]) == (1201, {})
    assert client.json("/orgs/382/clusters/1303")["workspace"] is None


def test_versions_that_a_cluster_can_be_upgraded_to(client: Client) -> None:
    clusters = client.json("/orgs/381/clusters") + client.json("/orgs/382/clusters")
    found = {cluster["k8s_version"]: cluster["version_migrations"] for cluster in clusters}
    assert found == {
        "v1.13.12": ["v1.14.8"],
        "v1.14.8": ["v1.15.4", "v1.15.5"],
        "v1.15.5": ["v1.16.2"],
        "v1.10": [],
        "latest": [],
    }


def test_solutions(client: Client) -> None:
    path = "/orgs/381/clusters/1201"
    solutions = client.json(f"{path}/solutions")
    assert client.json(path)["solutions"] == solutions
    assert [set(solution) for solution in client.json("/orgs/381/clusters")[0]["solutions"]] == [
        {"pk", "name", "solution", "state"}
    ] * 3
    assert [
        tuple(solution[key] for key in ("solution", "installer", "initial", "is_deleteable")) for solution in solutions
    ] == [
        ("helm_tiller", "ansible_custom", True, False),
        ("prometheus", "ansible_helm", True, True),
        ("gitlab", "helm", False, True),
    ]
    for solution in solutions:
        assert (solution["version"], solution["version_migrations"]) == ("latest", [])
        assert "never-show" in solution["username"]
        assert "never-show" in solution["password"]
        assert client.json(f"{path}/solutions/{solution['pk']}") == solution
    assert "never-show" in solutions[2]["config"]["values_yaml"]
    assert "never-show" in solutions[2]["config"]["smtp"]["password"]


def test_a_keyset_of_each_provider(client: Client) -> None:
    for org in (381, 382):
        keysets = client.json(f"/orgs/{org}/keysets")
        assert {"provider", "user_ssh", "solution", "storage", "vcs"} == {keyset["category"] for keyset in keysets}
        assert {keyset["org"] for keyset in keysets} == {org}
        for keyset in keysets:
            assert client.json(f"/orgs/{org}/keysets/{keyset['pk']}") == keyset
        for cluster in client.json(f"/orgs/{org}/clusters"):
            detail = client.json(f"/orgs/{org}/clusters/{cluster['pk']}")
            used = client.json(f"/orgs/{org}/keysets/{detail['provider_keyset']}")
            assert (used["entity"], used["name"]) == (cluster["provider"], detail["provider_keyset_name"])
            assert client.json(f"/orgs/{org}/keysets/{detail['user_ssh_keyset']}")["category"] == "user_ssh"


def test_user_profile(fake: FakeNKS, client: Client) -> None:
    (profile,) = client.json("/userprofile")
    assert [(one["org"]["pk"], one["is_owner"], one["is_default"]) for one in profile["org_memberships"]] == [
        (381, True, True),
        (382, True, False),
        (383, True, False),
        (390, False, False),
    ]
    assert client.json("/orgs/381/keysets")[0] in profile["keysets"]
    assert patch(client, {"name": "New"})[0] == 200
    assert client.json("/userprofile")[0]["org_memberships"][0]["org"]["name"] == "New"
    assert Client(fake, "nobody").json("/userprofile")[0]["org_memberships"] == []


def test_nodes(client: Client) -> None:
    nodes = client.json("/orgs/381/clusters/1201/nodes")
    assert [node["instance_id"] for node in nodes] == [
        f"spcprod381-{name}" for name in ("master-1", "worker-1", "worker-2", "worker-3", "worker-4")
    ]
    assert [node["role"] for node in nodes] == ["master"] + ["worker"] * 4
    assert [node["pool"] for node in nodes] == [None, 12011, 12011, 12011, 12012]
    assert len({node["public_ip"] for node in nodes} | {node["private_ip"] for node in nodes}) == 10
    for node in nodes:
        assert ipaddress.ip_address(node["public_ip"]) and ipaddress.ip_address(node["private_ip"])
    assert len(nodes) == client.json("/orgs/381/clusters/1201")["node_count"]
    pools = {pool["pk"]: pool["instance_id"] for pool in client.json("/orgs/381/clusters/1201/nodepools")}
    assert [node["group_name"] for node in nodes] == [
        f"autoscaling-{pools[node['pool']]}" if node["pool"] else "" for node in nodes
    ]
    for node in nodes:
        assert (node["etcd_state"], node["location"]) == ("kube_etcd", "us-west-2:us-west-2a")
        assert node["image"].startswith("ami-")
        assert node["provider_subnet_id"].startswith("subnet-")
        assert client.json(f"/orgs/381/clusters/1201/nodes/{node['pk']}") == node


def test_nodes_of_other_providers(fake: FakeNKS, client: Client) -> None:
    for path in ("1203/nodes", "1203/nodepools", "1205/nodes"):
        for one in client.json(f"/orgs/381/clusters/{path}"):
            assert (one["provider_subnet_id"], one["provider_subnet_cidr"]) == ("", "")
    assert client.json("/orgs/382/clusters/1301/nodes")[0]["provider_subnet_id"] == "nks-subnet"
    assert client.json("/orgs/381/clusters/1203/nodes")[0]["location"] == "nyc1"
    fake.change_cluster(1203, state="draft")
    draft = client.json("/orgs/381/clusters/1203/nodes")[0]
    assert (draft["location"], draft["etcd_state"]) == ("nyc1:nyc1", "none")


def test_nodes_of_gke(fake: FakeNKS, client: Client) -> None:
    fake.set_clusters([{"pk": 77, "org": 382, "provider": "gke", "instance_id": "a-b"}])
    master, *workers = client.json("/orgs/382/clusters/77/nodes")
    assert (master["private_ip"], master["size"]) == ("not-available", "not-available")
    assert master["provider_node_id"] == f"GKE.{master['public_ip']}"
    assert all(re.fullmatch("gke-a-b-default-pool-.*", worker["instance_id"]) for worker in workers)
    assert len({worker["instance_id"] for worker in workers}) == 2
    short = client.json("/orgs/382/clusters")[-1]
    assert short["nodes"] == [master, *workers]
    assert "nodes" not in client.json("/orgs/382/clusters")[0]
    fake.change_cluster(77, state="draft")
    assert client.json("/orgs/382/clusters/77/nodes")[0]["private_ip"] == ""


def test_addresses_of_nodes_that_are_not_ready(client: Client) -> None:
    assert {node["public_ip"] for node in client.json("/orgs/381/clusters/1203/nodes")} == {""}
    assert {node["public_ip"] for node in client.json("/orgs/381/clusters/1205/nodes")} == {"not-available"}


def test_nodes_listed_twice_and_with_one_pk(client: Client) -> None:
    nodes = client.json("/orgs/382/clusters/1302/nodes")
    assert nodes[1] == nodes[4]
    assert nodes[2]["pk"] == nodes[3]["pk"]
    assert nodes[2]["instance_id"] != nodes[3]["instance_id"]
    assert len(nodes) == 5


def test_node_pools(client: Client) -> None:
    pools = client.json("/orgs/381/clusters/1201/nodepools")
    assert [(pool["name"], pool["node_count"], pool["is_default"]) for pool in pools] == [
        ("Default Worker Pool", 3, True),
        ("Batch", 1, False),
    ]
    assert {pool["state"] for pool in pools} == {"active"}
    assert [client.json(f"/orgs/381/clusters/1201/nodepools/{pool['pk']}") for pool in pools] == pools
    assert {pool["instance_size"] for pool in pools} == {"t2.large", "m4.xlarge"}
    assert client.json("/orgs/381/clusters/1205/nodepools")[0]["state"] == "failed"


def test_logs_are_newest_first(client: Client) -> None:
    logs = client.json("/orgs/381/clusters/1201/logs")
    created = [log["created"] for log in logs]
    assert created == sorted(created, reverse=True)
    assert (logs[0]["event_type"], logs[0]["event_state"]) == ("solution_install", "success")
    assert {log["event_type"]: log["reference"] for log in logs} == {
        "solution_install": "helm_tiller",
        "k8s_master_config": "",
        "k8s_node_config": "",
        "provider_build": "aws",
        "cloud_authorization": "",
        "cloud_network": "",
    }
    assert client.json("/orgs/381/clusters/1205/logs")[0]["event_state"] == "failure"


def test_kubeconfig(client: Client) -> None:
    response = client.ask("/orgs/381/clusters/1201/kubeconfig")
    kubeconfig = yaml.safe_load(response.text)
    assert kubeconfig["kind"] == "Config"
    assert kubeconfig["clusters"][0]["cluster"]["server"] == f"{client.fake.url}/_kubernetes/1201"
    assert "never-show" in kubeconfig["users"][0]["user"]["token"]
    assert client.ask("/orgs/381/clusters/1203/kubeconfig").json() == {"detail": "Not found."}


def test_workspaces(client: Client) -> None:
    workspaces = client.json("/orgs/381/workspaces")
    assert [workspace["slug"] for workspace in workspaces] == ["default", "team-a", "data-ai"]
    assert workspaces[1]["clusters"] == [
        {"pk": 1202, "name": "staging", "provider": "gce", "state": "running"},
        {"pk": 1205, "name": "broken", "provider": "packet", "state": "draft"},
    ]
    for workspace in workspaces:
        assert client.json(f"/orgs/381/workspaces/{workspace['pk']}") == workspace
        assert workspace["team_workspaces"][0]["workspace"] == workspace["pk"]
        assert (workspace["federations"], workspace["user_solutions"], workspace["is_pinned"]) == ([], [], False)
    assert Client(client.fake, "partner").json("/orgs/390/workspaces")[0]["slug"] == "default-108"


# PATCH

PNG = b"\x89PNG\r\n\x1a\n\r\n--\r\n"
NO_FILE = "The submitted data was not a file. Check the encoding type on the form."
NO_PICTURE = "Upload a valid image. The file you uploaded was either not an image or a corrupted image."


def patch(client: Client, body: t.Any) -> tuple[int, t.Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = client.ask("/orgs/381", "PATCH", data=data, headers={"Content-Type": "application/json"})
    return response.status_code, response.json()


def send_form(client: Client, files: t.Any, **data: str) -> tuple[int, t.Any]:
    response = client.ask("/orgs/381", "PATCH", data=data, files=files)
    return response.status_code, response.json()


def test_patch(client: Client) -> None:
    before = client.json("/orgs/381")
    status, after = patch(client, {"name": " Änderung ", "slug": "ignored !", "pk": 1, "unknown": True})
    assert status == 200
    assert after["updated"] > before["updated"]
    assert after == {**before, "name": "Änderung", "updated": after["updated"]}
    assert client.json("/orgs/381") == client.json("/orgs")[0] == after


def test_patch_of_a_slug(fake: FakeNKS, client: Client) -> None:
    fake.takes_slug = True
    assert patch(client, {"slug": "new_Slug-1"})[1]["slug"] == client.json("/orgs/381")["slug"] == "new_Slug-1"
    assert patch(client, {"slug": ""})[1]["slug"] == ""
    bad = ['Enter a valid "slug" consisting of letters, numbers, underscores or hyphens.']
    assert patch(client, {"slug": "a b"}) == (400, {"slug": bad})
    assert patch(client, {"slug": "a" * 51}) == (400, {"slug": ["Ensure this field has no more than 50 characters."]})
    fake.reset()
    assert patch(client, {"slug": "new"})[1]["slug"] == "my-organization"
    assert client.ask("/_fake/takes_slug", "POST", data="true").status_code == 204
    assert patch(client, {"slug": "new"})[1]["slug"] == "new"
    answer = client.ask("/_fake/takes_slug", "POST", data="1")
    assert (answer.status_code, answer.json()) == (400, {"detail": "the body must be a JSON boolean"})
    with FakeNKS(takes_slug=True) as other:
        assert patch(Client(other), {"slug": "new"})[1]["slug"] == "new"
        other.reset()
        assert patch(Client(other), {"slug": "new"})[1]["slug"] == "new"


def test_patch_of_a_logo(fake: FakeNKS, client: Client) -> None:
    before = client.json("/orgs/381")
    status, after = send_form(client, {"logo": ("a b/é.png", PNG, "image/png")}, name="Grün")
    assert status == 200
    assert after == {**before, "name": "Grün", "logo": f"{fake.url}/media/logos/ab.png", "updated": after["updated"]}
    assert client.json("/orgs/381") == after
    picture = requests.get(after["logo"], timeout=60)
    assert (picture.content, picture.headers["Content-Type"]) == (PNG, "image/png")
    again = send_form(client, {"logo": ("ab.png", b"GIF89a", "image/gif")})[1]
    assert (again["name"], again["logo"]) == ("Grün", f"{fake.url}/media/logos/2_ab.png")
    assert requests.get(after["logo"], timeout=60).content == PNG
    assert patch(client, {"logo": None})[1]["logo"] is None
    assert send_form(client, {"logo": ("ab.png", PNG, "image/png")})[1]["logo"]
    assert send_form(client, {"logo": (None, "")})[1]["logo"] is None
    fake.reset()
    assert client.ask("/media/logos/ab.png").status_code == 404


@pytest.mark.parametrize(
    "body, answer",
    [
        (b'{"name": }', {"detail": "JSON parse error - Expecting value: line 1 column 10 (char 9)"}),
        ([], {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}),
        ({"name": " "}, {"name": ["This field may not be blank."]}),
        ({"name": None}, {"name": ["This field may not be null."]}),
        ({"name": ["x"]}, {"name": ["Not a valid string."]}),
        (b'{"name": "\\ud800"}', {"name": ["Not a valid string."]}),
        ({"name": "a\0b"}, {"name": ["Null characters are not allowed."]}),
        ({"logo": ""}, {"logo": [NO_FILE]}),
        ({"logo": {}}, {"logo": [NO_FILE]}),
        ({"logo": False}, {"logo": [NO_FILE]}),
        ({"logo": "https://example.com/a.png", "name": "x"}, {"logo": [NO_FILE]}),
        ({"logo": {"a": 1}, "name": ""}, {"logo": [NO_FILE], "name": ["This field may not be blank."]}),
    ],
)
def test_patch_refused(client: Client, body: t.Any, answer: dict[str, t.Any]) -> None:
    before = client.json("/orgs/381")
    assert patch(client, body) == (400, answer)
    assert client.json("/orgs/381") == before


@pytest.mark.parametrize(
    "files, name, answer",
    [
        ({"logo": ("a.png", b"<html>", "image/png")}, "x", {"logo": [NO_PICTURE]}),
        ({"logo": ("a.png", b"", "image/png")}, "x", {"logo": ["The submitted file is empty."]}),
        ({"logo": (None, "https://example.com/a.png")}, "x", {"logo": [NO_FILE]}),
        ({"logo": ("a.png", PNG, "image/png")}, "", {"name": ["This field may not be blank."]}),
    ],
)
def test_patch_with_a_form_refused(client: Client, files: t.Any, name: str, answer: dict[str, t.Any]) -> None:
    before = client.json("/orgs/381")
    assert send_form(client, files, name=name) == (400, answer)
    assert client.json("/orgs/381") == before


@pytest.mark.parametrize(
    "content_type, status, detail",
    [
        ("multipart/form-data", 400, "Multipart form parse error - Invalid boundary in multipart: "),
        ("multipart/form-data; boundary=abc", 400, "Multipart form parse error - Invalid boundary in multipart: abc"),
        ("text/plain", 415, 'Unsupported media type "text/plain" in request.'),
        (None, 415, 'Unsupported media type "" in request.'),
    ],
)
def test_patch_with_a_body_that_cannot_be_read(
    client: Client, content_type: str | None, status: int, detail: str
) -> None:
    response = client.ask("/orgs/381", "PATCH", data=b'{"name": "x"}', headers={"Content-Type": content_type})
    assert (response.status_code, response.json()) == (status, {"detail": detail})


# Changes of the fleet

FAILURE = {"event_type": "provider_build", "event_state": "failure", "message": "No quota"}


def test_clusters_come_and_go(fake: FakeNKS, client: Client, clock: Clock) -> None:
    clock.now += 100
    added = {"pk": 77, "org": 382, "timeline": [{"after": 5, "state": "deleting"}, {"after": 9, "gone": True}]}
    fake.set_clusters([added, {"pk": 1301, "org": 382, "name": "other", "provider": "newcloud"}])
    clusters = client.json("/orgs/382/clusters")
    assert names(clusters) == ["other", "Shop — Zürich", "edge:1 [lab]", "cluster-77"]
    assert (clusters[0]["provider"], clusters[0]["region"], clusters[0]["workspace"]["pk"]) == ("newcloud", "", 5)
    assert clusters[3]["state"] == "running"
    clock.now += 5
    assert client.json("/orgs/382/clusters/77")["state"] == "deleting"
    clock.now += 4
    assert client.status("/orgs/382/clusters/77") == 404
    fake.set_clusters([{**added, "timeline": []}])
    assert client.json("/orgs/382/clusters/77")["state"] == "running"
    fake.set_clusters([{**added, "org": 381}])
    assert (client.status("/orgs/382/clusters/77"), client.status("/orgs/381/clusters/77")) == (404, 200)
    fake.delete_cluster(77)
    assert client.status("/orgs/381/clusters/77") == 404
    fake.reset()
    assert names(client.json("/orgs/382/clusters"))[0] == "prod"


def test_a_cluster_is_changed(fake: FakeNKS, client: Client, clock: Clock) -> None:
    clock.now += 3
    fake.change_cluster(1203, k8s_version="v1.16.2")
    clock.now += 10
    cluster = client.json("/orgs/381/clusters/1203")
    assert (cluster["state"], cluster["k8s_version"]) == ("provisioned", "v1.16.2")
    fake.change_cluster(1203, pk=5, timeline=[{"after": 2, "state": "running"}])
    clock.now += 2
    assert client.json("/orgs/381/clusters/1203")["state"] == "running"


def test_a_cluster_fails(fake: FakeNKS, client: Client) -> None:
    fake.change_cluster(1202, state="failed")
    cluster = client.json("/orgs/381/clusters/1202")
    assert (cluster["state"], cluster["is_failed"], cluster["is_kubeconfig_available"]) == ("failed", False, False)
    assert client.json("/orgs/381/clusters/1202/logs")[0]["event_state"] == "failure"
    assert {pool["state"] for pool in client.json("/orgs/381/clusters/1202/nodepools")} == {"failed"}
    assert {node["state"] for node in client.json("/orgs/381/clusters/1202/nodes")} == {"failed"}
    assert {node["public_ip"] for node in client.json("/orgs/381/clusters/1202/nodes")} == {"not-available"}
    newest = {**FAILURE, "pk": None, "details": "x"}
    fake.change_cluster(1202, state="provisioned", logs=[newest, {**FAILURE, "event_state": "started"}])
    cluster = client.json("/orgs/381/clusters/1202")
    assert (cluster["state"], cluster["is_failed"], "logs" in cluster) == ("provisioned", False, False)
    logs = client.json("/orgs/381/clusters/1202/logs")
    assert logs[1] == {
        **FAILURE,
        "event_state": "started",
        "pk": 120201,
        "cluster": 1202,
        "event_category": "provider",
        "details": "",
        "reference": "gce",
        "created": "2019-10-06T19:40:12.000001Z",
    }
    assert {**logs[1], **FAILURE, "details": "x", "created": "2019-10-06T19:43:12.000002Z"} == {**logs[0], "pk": 120201}
    assert "pk" not in logs[0]


def test_the_fleet_is_changed_by_control_endpoints(client: Client) -> None:
    assert client.ask("/_fake/clusters", "POST", json=[{"pk": 77, "org": 382}]).status_code == 204
    assert client.ask("/_fake/clusters/77", "PATCH", json={"state": "failed"}).status_code == 204
    assert client.json("/orgs/382/clusters/77")["state"] == "failed"
    assert client.ask("/_fake/clusters/77", "DELETE").status_code == 204
    assert client.status("/orgs/382/clusters/77") == 404
    for method in ("PATCH", "DELETE"):
        response = client.ask("/_fake/clusters/77", method, json={})
        assert (response.status_code, response.json()) == (400, {"detail": "there is no cluster 77"})


@pytest.mark.parametrize(
    "cluster, message",
    [
        (7, "a cluster is an object with a number pk, not 7"),
        ({"org": 381}, "a cluster is an object with a number pk, not {'org': 381}"),
        ({"pk": 7, "org": 9}, "the org of cluster 7 must be one of 381, 382, 383, 390"),
        ({"pk": 7, "org": 381, "workspace": 99}, "the workspace of cluster 7 must be null or one that exists"),
        (
            {"pk": 7, "org": 381, "timeline": [{"after": "1"}]},
            "the timeline of cluster 7 must be a list of changes, each with a number after",
        ),
    ],
)
def test_a_cluster_that_is_wrong(client: Client, cluster: t.Any, message: str) -> None:
    response = client.ask("/_fake/clusters", "POST", json=[{"pk": 78, "org": 381}, cluster])
    assert (response.status_code, response.json()) == (400, {"detail": message})
    assert client.status("/orgs/381/clusters/78") == 404


# Time


def test_a_cluster_is_built(client: Client, clock: Clock) -> None:
    seen = []
    for clock.now in (1000.0, 1002.9, 1003.0, 1006.0):
        detail = client.json("/orgs/381/clusters/1203")
        assert client.json("/orgs/381/clusters")[2]["state"] == detail["state"]
        seen.append((detail["state"], detail["is_kubeconfig_available"]))
    assert seen == [("building", False), ("building", False), ("provisioned", False), ("running", True)]
    assert client.status("/orgs/381/clusters/1203/kubeconfig") == 200
    assert {node["state"] for node in client.json("/orgs/381/clusters/1203/nodes")} == {"running"}


def test_a_cluster_goes(fake: FakeNKS, client: Client, clock: Clock) -> None:
    clock.now += 4
    assert client.json("/orgs/381/clusters/1204")["state"] == "deleting"
    clock.now += 4
    assert "going" not in names(client.json("/orgs/381/clusters"))
    assert client.status("/orgs/381/clusters/1204") == client.status("/orgs/381/clusters/1204/nodes") == 404
    fake.reset()
    assert client.json("/orgs/381/clusters/1204")["state"] == "running"


def test_time_passes_in_steps(clock: Clock) -> None:
    with FakeNKS(clock=clock, step=0) as fake:
        client = Client(fake)
        clock.now += 100
        assert client.json("/orgs/381/clusters/1203")["state"] == "building"
        assert client.ask("/_fake/step", "POST", data="1.5").status_code == 204
        seen = [client.json("/orgs/381/clusters/1203")["state"] for _number in range(5)]
        assert seen == ["building", "provisioned", "provisioned", "running", "running"]
        fake.reset()
        assert client.json("/orgs/381/clusters/1203")["state"] == "building"
        answer = client.ask("/_fake/step", "POST", data="soon")
        assert (answer.status_code, answer.json()) == (400, {"detail": "the body must be a JSON number"})


# Log, reset, stop


def test_log(fake: FakeNKS, client: Client) -> None:
    client.ask("/orgs?a=b", headers={"X-Test": "1"})
    client.ask("/orgs/381", "PATCH", json={})
    Client(fake).ask("/nowhere")
    log = fake.requests
    assert [(entry["method"], entry["path"], entry["query"], entry["status"], entry["auth"]) for entry in log] == [
        ("GET", "/orgs", "a=b", 200, "valid"),
        ("PATCH", "/orgs/381", "", 200, "valid"),
        ("GET", "/nowhere", "", 404, "valid"),
    ]
    assert log[0]["connection"] == log[1]["connection"] != log[2]["connection"]
    assert log[0]["headers"]["x-test"] == "1"
    assert fake.token not in json.dumps(log)


def test_reset(fake: FakeNKS, client: Client) -> None:
    patch(client, {"name": "other"})
    fake.fault("/orgs", "status")
    fake.reset()
    assert not fake.requests
    assert client.json("/orgs")[0]["name"] == "My Organization"


def test_stop_ends_kept_alive_connections(fake: FakeNKS) -> None:
    with raw(fake) as connection:
        response = http.client.HTTPResponse(connection)
        response.begin()
        assert len(json.load(response)) == 4
        fake.stop()
        fake.stop()
        assert connection.recv(1) == b""


def test_instances_are_apart(client: Client) -> None:
    patch(client, {"name": "other"})
    with FakeNKS() as other:
        assert Client(other).json("/orgs/381")["name"] == "My Organization"
        assert not [entry for entry in client.fake.requests if entry["method"] == "GET"]


# Faults


def test_fault_status(fake: FakeNKS, client: Client) -> None:
    fake.fault(
        "/orgs/[0-9]+/clusters",
        "status",
        status=503,
        body="<h1>é</h1>",
        content_type="text/html",
        headers={"Retry-After": "3"},
        times=2,
        after=1,
    )
    assert [client.status("/orgs/381/clusters") for dummy in range(4)] == [200, 503, 503, 200]
    assert client.status("/orgs/381/clusters/1201") == 200
    fake.fault("/orgs", "status", status=429, headers={"Retry-After": "3"})
    assert client.ask("/orgs").headers["Retry-After"] == "3"
    fake.clear_faults()
    assert client.status("/orgs") == 200


def test_fault_method_and_first_match(fake: FakeNKS, client: Client) -> None:
    fake.fault("/orgs/381", "status", method="PATCH", status=502, times=1)
    fake.fault("/orgs/381", "status", status=504, times=1)
    fake.fault("/orgs/381", "status", status=500)
    assert [client.status("/orgs/381") for dummy in range(3)] == [504, 500, 500]
    assert [client.status("/orgs/381", "PATCH") for dummy in range(2)] == [502, 200]


def test_fault_once_each(fake: FakeNKS, client: Client) -> None:
    fake.fault("/orgs.*", "status", once_each=True)
    targets = ("/orgs", "/orgs/381", "/orgs/381?x=y")
    assert [client.status(target) for target in targets * 2] == [500] * 3 + [200] * 3


def test_fault_body(fake: FakeNKS, client: Client) -> None:
    fake.fault("/orgs", "body", body="<html>", content_type="text/html", times=1)
    fake.fault("/orgs", "body", body_base64=base64.b64encode(b"\xff\xfe").decode())
    response = client.ask("/orgs")
    assert (response.status_code, response.text, response.headers["Content-Type"]) == (200, "<html>", "text/html")
    assert client.ask("/orgs").content == b"\xff\xfe"


def test_fault_redirect(fake: FakeNKS, client: Client) -> None:
    fake.fault("/orgs", "redirect", status=307, location="http://127.0.0.1:1/")
    response = client.ask("/orgs")
    assert (response.status_code, response.headers["Location"]) == (307, "http://127.0.0.1:1/")


def test_fault_gzip(fake: FakeNKS, client: Client) -> None:
    orgs = client.json("/orgs")
    fake.fault("/orgs", "gzip", times=1)
    fake.fault("/orgs", "gzip_broken", times=1)
    response = client.ask("/orgs")
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.json() == orgs
    with pytest.raises(requests.exceptions.ContentDecodingError):
        client.ask("/orgs")
    assert client.status("/orgs") == 200


def test_fault_chunked(fake: FakeNKS, client: Client) -> None:
    orgs = client.json("/orgs")
    fake.fault("/orgs", "chunked", times=1)
    fake.fault("/orgs", "chunked", content_length=5)
    for content_length in (None, "5"):
        response = client.ask("/orgs")
        assert response.json() == orgs
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert response.headers.get("Content-Length") == content_length
    with raw(fake) as connection:
        assert re.search(rb"\r\n\r\n[0-9a-f]+\r\n\[\{.+\r\n[0-9a-f]+\r\n.+\]\r\n0\r\n\r\n$", connection.recv(65536))


def test_fault_delay_and_latency(fake: FakeNKS, client: Client) -> None:
    fake.fault("/orgs", "delay", seconds=0.1, times=1)
    start = time.monotonic()
    assert client.status("/orgs") == 200
    assert time.monotonic() - start >= 0.1
    fake.latency = 0.1
    assert client.status("/orgs") == 200
    assert time.monotonic() - start >= 0.2


def raw(fake: FakeNKS, path: str = "/orgs") -> socket.socket:
    """A connection that has asked for this path."""
    connection = socket.create_connection(("127.0.0.1", int(fake.url.rpartition(":")[2])), timeout=60)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {fake.token}\r\n\r\n".encode())
    return connection


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_fault_reset(fake: FakeNKS) -> None:
    fake.fault("/orgs", "reset")
    with raw(fake) as connection, pytest.raises(ConnectionResetError):
        read_all(connection)
    assert [entry["status"] for entry in fake.requests] == [None]


def test_fault_reset_body(fake: FakeNKS) -> None:
    fake.fault("/orgs", "reset_body")
    with raw(fake) as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")
        with pytest.raises(ConnectionResetError):
            read_all(connection)


def test_fault_short_body(fake: FakeNKS) -> None:
    fake.fault("/orgs", "short_body")
    with raw(fake) as connection:
        response = http.client.HTTPResponse(connection)
        response.begin()
        with pytest.raises(http.client.IncompleteRead):
            response.read()


@pytest.mark.parametrize("kind, first", [("drip", rb"HTTP/1.1 200 OK\r\n(.+\r\n)+\r\n\["), ("drip_headers", b"H")])
def test_fault_drip(fake: FakeNKS, monkeypatch: pytest.MonkeyPatch, kind: str, first: bytes) -> None:
    intervals: list[float] = []
    on = threading.Semaphore(0)

    def wait(interval: float) -> bool:
        intervals.append(interval)
        return not on.acquire(timeout=60)

    monkeypatch.setattr(fake.stopping, "wait", wait)
    fake.fault("/orgs", kind, interval=0.05)
    with raw(fake) as connection:
        begin = b""
        while not re.fullmatch(first, begin):
            piece = connection.recv(65536)
            assert piece
            begin += piece
        for _byte in range(3):
            on.release()
            assert len(connection.recv(65536)) == 1
    on.release(2)  # the connection is closed
    assert set(intervals) == {0.05}


@pytest.mark.parametrize("kind", ["drip", "drip_headers"])
def test_fault_drip_comes_to_its_end(fake: FakeNKS, client: Client, kind: str) -> None:
    fake.fault("/orgs/381", kind, interval=0.0)
    assert client.json("/orgs/381")["pk"] == 381
    assert client.status("/orgs") == 200


def test_fault_silent(fake: FakeNKS, client: Client) -> None:
    fake.fault("/orgs", "silent", times=1)
    with pytest.raises(requests.ReadTimeout):
        client.ask("/orgs", timeout=0.1)
    fake.wait_for_requests(1)
    assert client.status("/orgs") == 200


def test_stop_ends_faults(fake: FakeNKS) -> None:
    fake.fault("/orgs", "silent")
    fake.fault("/orgs/381", "drip", interval=100.0)
    with raw(fake) as silent, raw(fake, "/orgs/381") as drip:
        drip.recv(1)
        fake.wait_for_requests(2)
        fake.stop()
        assert silent.recv(1) == b""
        read_all(drip)


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"path": "/", "kind": "sunspots"}, "no fault is of the kind 'sunspots'"),
        ({"path": "/", "kind": "reset", "seconds": 1}, "has no field seconds"),
        ({"path": "(", "kind": "reset"}, "not a regular expression"),
        ({"path": "/", "kind": "delay", "seconds": "1"}, "the field seconds of a fault cannot be '1'"),
        ({"kind": "reset"}, "at least path and kind"),
        ([], "at least path and kind"),
    ],
)
def test_fault_that_is_wrong(fields: t.Any, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        Fault.from_json(fields)


# Control endpoints


def test_control_endpoints(fake: FakeNKS, client: Client) -> None:
    del client.session.headers["Authorization"]
    faults = [{"path": "/orgs", "kind": "status", "status": 503}]
    assert client.ask("/_fake/faults", "POST", json=faults).status_code == 204
    assert client.status("/orgs") == 503
    assert client.status("/_fake/faults", "DELETE") == 204
    assert client.status("/orgs") == 401
    assert [entry["status"] for entry in client.json("/_fake/requests")] == [503, 401]
    assert client.status("/_fake/reset", "POST") == 204
    assert client.json("/_fake/requests") == []
    assert client.ask("/_fake/faults", "POST", json={}).json() == {"detail": "the body must be a JSON list"}
    assert client.status("/_fake/nothing") == 404


# Size and load


def test_generated_fleet() -> None:
    with FakeNKS(orgs=3, clusters=50, nodes=4) as fake, FakeNKS(orgs=3, clusters=50, nodes=4) as again:
        client = Client(fake)
        orgs = client.json("/orgs")
        lists = [client.json(f"/orgs/{org['pk']}/clusters") for org in orgs]
        assert lists == [Client(again).json(f"/orgs/{org['pk']}/clusters") for org in orgs]
        clusters = [cluster for part in lists for cluster in part]
        assert (len(orgs), len(clusters), len(set(names(clusters)))) == (3, 50, 50)
        for key in ("provider", "region", "state", "k8s_version"):
            assert len({cluster[key] for cluster in clusters}) > 3
        assert len({cluster["workspace"]["pk"] for cluster in clusters}) == 9
        cluster = clusters[0]
        assert len(client.json(f"/orgs/{cluster['org']}/clusters/{cluster['pk']}/nodes")) == 4 == cluster["node_count"]
        assert Client(fake, "partner").json("/orgs") == []


def test_many_connections_at_once(fake: FakeNKS) -> None:
    fake.latency = 0.2
    with ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(lambda dummy: http_status(fake), range(200)))
    assert answers == [200] * 200
    assert len({entry["connection"] for entry in fake.requests}) == 200


def http_status(fake: FakeNKS) -> int:
    with raw(fake) as connection:
        response = http.client.HTTPResponse(connection)
        response.begin()
        return response.status


def test_a_connection_is_kept_alive(client: Client) -> None:
    for _dummy in range(20):
        client.ask("/orgs/381/clusters")
    assert len({entry["connection"] for entry in client.fake.requests}) == 1


# TLS


def test_tls(tmp_path: Path, make_certificate: t.Callable[[Path, str], tuple[str, str]]) -> None:
    certificate = make_certificate(tmp_path, "127.0.0.1")
    with FakeNKS(tls=certificate) as fake, socket.create_connection(("127.0.0.1", int(fake.url.rpartition(":")[2]))):
        # The connection that says nothing must not keep others waiting.
        client = Client(fake)
        assert fake.url.startswith("https://")
        assert client.ask("/orgs", verify=certificate[0]).status_code == 200
        with pytest.raises(requests.exceptions.SSLError):
            Client(fake).ask("/orgs", verify=True)
        kubeconfig = yaml.safe_load(client.ask("/orgs/381/clusters/1201/kubeconfig", verify=certificate[0]).text)
        assert kubeconfig["clusters"][0]["cluster"] == {
            "server": f"{fake.url}/_kubernetes/1201",
            "insecure-skip-tls-verify": True,
        }
        fake.fault("/orgs", "reset")
        with pytest.raises(requests.ConnectionError):
            Client(fake).ask("/orgs", verify=certificate[0])


# The command line


def cli(*arguments: str, **options: t.Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CLI, *arguments], capture_output=True, text=True, timeout=120, check=False, **options)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_cli_serves_until_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    exports = tmp_path / "exports"
    with subprocess.Popen(
        [*CLI, "--export-file", str(exports), "--lifetime", "600"],
        cwd="/",
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout and process.stderr
        lines = [process.stdout.readline(), process.stdout.readline()]
        assert exports.read_text() == "".join(lines)
        assert os.listdir(tmp_path) == ["exports"]
        url, token = (line.split("=")[1].strip() for line in lines)
        assert lines == [f"export NKS_API_URL={url}\n", f"export NKS_API_TOKEN={token}\n"]
        request = urllib.request.Request(f"{url}/orgs", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as response:
            assert len(json.load(response)) == 4
        assert process.stderr.readline() == "# The fake NKS API serves until Ctrl-C.\n"
        process.send_signal(number)
        assert process.communicate(timeout=120) == ("", "")
        assert process.returncode == 0


def test_cli_lifetime() -> None:
    assert cli("--lifetime", "0.1").returncode == 0


def test_cli_as_a_module() -> None:
    path = str(Path(server.__file__).resolve().parents[1])
    result = subprocess.run(
        [sys.executable, "-m", "fake_nks", "--help"],
        env={**os.environ, "PYTHONPATH": path},
        cwd="/",
        stdout=subprocess.PIPE,
        check=False,
    )
    assert result.returncode == 0
    assert b"COMMAND" in result.stdout


def test_cli_command() -> None:
    script = "import json, os, sys; print(json.dumps(dict(os.environ))); sys.exit(7)"
    result = cli(
        "--",
        sys.executable,
        "-c",
        script,
        env={
            **os.environ,
            "NKS_ORG_ID": "1",
            "NKS_API_TOKEN": "x",
            "https_proxy": "http://127.0.0.1:1",
            "NO_PROXY": "*",
        },
    )
    assert (result.returncode, result.stderr) == (7, "")
    seen = json.loads(result.stdout)
    assert {name for name in seen if name.startswith("NKS_")} == {"NKS_API_URL", "NKS_API_TOKEN", "NKS_FAKE_URL"}
    assert seen["NKS_API_URL"] == seen["NKS_FAKE_URL"]
    assert not [name for name in seen if name.lower().endswith("_proxy")]


def test_cli_command_reaches_the_fake() -> None:
    script = (
        "import os, urllib.request as u\n"
        "try: u.urlopen(os.environ['NKS_API_URL'] + '/orgs')\n"
        "except u.HTTPError as error: print(error.code)"
    )
    result = cli("--fault", '{"path": "/orgs", "kind": "status", "status": 503}', "--", sys.executable, "-c", script)
    assert (result.returncode, result.stdout) == (0, "503\n")


def test_cli_takes_slug() -> None:
    script = (
        "import os, urllib.request as u\n"
        "token = 'Bearer ' + os.environ['NKS_API_TOKEN']\n"
        "headers = {'Authorization': token, 'Content-Type': 'application/json'}\n"
        "ask = u.Request(os.environ['NKS_API_URL'] + '/orgs/381', b'{\"slug\": \"new\"}', headers, method='PATCH')\n"
        'print(b\'"slug":"new"\' in u.urlopen(ask).read())'
    )
    for options, changed in ([], "False\n"), (["--takes-slug"], "True\n"):
        assert cli(*options, "--", sys.executable, "-c", script).stdout == changed


def test_cli_command_that_is_not_there() -> None:
    result = cli("--", "/no/such/command")
    assert result.returncode == 127
    assert result.stderr == "fake_nks: cannot run /no/such/command: No such file or directory\n"


SAYS_THAT_IT_WAITS = """
import runpy, subprocess, sys

def wait(process, *args, wait=subprocess.Popen.wait, **options):
    print("waits", flush=True)
    return wait(process, *args, **options)

subprocess.Popen.wait = wait
runpy.run_path(sys.argv.pop(1), run_name="__main__")
"""


def test_cli_command_is_ended_with_the_fake() -> None:
    command = [sys.executable, "-c", SAYS_THAT_IT_WAITS, CLI[1], "--", "sleep", "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"waits\n"
        process.terminate()
        assert process.wait(120) == 128 + signal.SIGTERM


def test_cli_lifetime_ends_the_command() -> None:
    assert cli("--lifetime", "0.2", "--", "sleep", "60").returncode == 128 + signal.SIGTERM


def test_cli_port_in_use(fake: FakeNKS) -> None:
    port = fake.url.rpartition(":")[2]
    result = cli("--port", port)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"fake_nks: cannot serve on 127.0.0.1 port {port}: Address already in use\n"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--bogus"], "unrecognized arguments: --bogus"),
        (["--latency", "-1"], "argument --latency: must be a number of seconds, not -1"),
        (["--orgs", "0"], "argument --orgs: must be at least 1"),
        (["--clusters", "-1"], "argument --clusters: must be 0 or more, not -1"),
        (["--tls-cert", "x"], "--tls-cert and --tls-key need each other"),
        (["--port", "70000"], "argument --port: must be from 0 to 65535"),
        (["--fault", "{}"], "argument --fault: a fault is a JSON object with at least path and kind"),
        (["--"], "no COMMAND after --"),
    ],
)
def test_cli_bad_arguments(arguments: list[str], message: str) -> None:
    result = cli(*arguments)
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1] == f"fake_nks: error: {message}"
