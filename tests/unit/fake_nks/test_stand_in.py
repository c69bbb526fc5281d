# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
import requests
import yaml
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

NAMESPACES = "/api/v1/namespaces"
MERGE_PATCH = "application/merge-patch+json"
FIRST = ["default", "kube-node-lease", "kube-public", "kube-system"]


class Kubernetes:
    """The Kubernetes API of one cluster, found through its kubeconfig."""

    def __init__(self, fake: FakeNKS, org: int = 381, pk: int = 1201) -> None:
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {fake.token}"
        answer = self.session.get(f"{fake.url}/orgs/{org}/clusters/{pk}/kubeconfig", timeout=60)
        kubeconfig = yaml.safe_load(answer.text)
        self.server = kubeconfig["clusters"][0]["cluster"]["server"]
        self.session.headers["Authorization"] = f"Bearer {kubeconfig['users'][0]['user']['token']}"

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: t.Any = None,
        content_type: str = "application/json",
    ) -> tuple[int, t.Any]:
        sent = {"data": body} if isinstance(body, bytes) else {"json": body}
        response = self.session.request(
            method, self.server + path, headers={"Content-Type": content_type}, timeout=60, **sent
        )
        assert response.headers["Content-Type"] == "application/json"
        return response.status_code, response.json()

    def namespace(self, name: str) -> t.Any:
        status, answer = self.ask(f"{NAMESPACES}/{name}")
        assert status == 200
        return answer

    def names(self) -> list[str]:
        status, answer = self.ask(NAMESPACES)
        assert (status, answer["kind"], answer["apiVersion"]) == (200, "NamespaceList", "v1")
        assert answer["metadata"]["resourceVersion"].isdigit()
        return [item["metadata"]["name"] for item in answer["items"]]

    def refused(self, *arguments: t.Any) -> tuple[int, str]:
        """Return code and reason of a refused request. Check that it changed nothing."""
        before = self.ask(NAMESPACES)
        status, answer = self.ask(*arguments)
        assert {key: answer[key] for key in ("kind", "apiVersion", "status", "code")} == {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "code": status,
        }
        assert answer["message"]
        assert self.ask(NAMESPACES) == before
        return status, answer["reason"]


@pytest.fixture(name="fake")
def fake_fixture() -> t.Iterator[FakeNKS]:
    with FakeNKS(step=0.0) as fake:
        yield fake


@pytest.fixture(name="kubernetes")
def kubernetes_fixture(fake: FakeNKS) -> Kubernetes:
    return Kubernetes(fake)


def namespace(name: str, **metadata: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, **metadata}}


@pytest.mark.parametrize(
    "authorization, auth",
    [
        (None, "missing"),
        ("Basic dXNlcjpwYXNz", "missing"),
        ("Bearer wrong", "invalid"),
        ("Bearer {main}", "invalid"),
        ("Bearer {other}", "invalid"),
        ("Bearer {own}", "valid"),
    ],
)
def test_token(fake: FakeNKS, kubernetes: Kubernetes, authorization: str | None, auth: str) -> None:
    own, other = (client.session.headers["Authorization"][7:] for client in (kubernetes, Kubernetes(fake, pk=1202)))
    if authorization:
        authorization = authorization.format(main=fake.token, own=own, other=other)
    kubernetes.session.headers["Authorization"] = authorization  # type: ignore[assignment]
    if auth == "valid":
        assert kubernetes.ask("/version")[0] == 200
    else:
        assert kubernetes.ask("/version") == (
            401,
            {
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Failure",
                "message": "Unauthorized",
                "reason": "Unauthorized",
                "code": 401,
            },
        )
    entry = fake.requests[-1]
    assert (entry["path"], entry["auth"]) == ("/_kubernetes/1201/version", auth)


def test_token_is_only_for_kubernetes(fake: FakeNKS, kubernetes: Kubernetes) -> None:
    assert kubernetes.session.get(f"{fake.url}/orgs", timeout=60).status_code == 401


@pytest.mark.parametrize("pk", [1203, 1205, 9])
def test_no_kubernetes_before_the_kubeconfig(fake: FakeNKS, kubernetes: Kubernetes, pk: int) -> None:
    kubernetes.server = f"{fake.url}/_kubernetes/{pk}"
    assert kubernetes.refused("/version") == (401, "Unauthorized")
    assert fake.requests[-1]["auth"] == "invalid"


@pytest.mark.parametrize(
    "org, pk, major, minor, version",
    [(381, 1201, "1", "15", "v1.15.5"), (382, 1302, "1", "10", "v1.10"), (382, 1303, "", "", "latest")],
)
def test_version(fake: FakeNKS, org: int, pk: int, major: str, minor: str, version: str) -> None:
    for path in ("/version", "/version/"):
        status, answer = Kubernetes(fake, org, pk).ask(path)
        assert (status, answer["major"], answer["minor"], answer["gitVersion"]) == (200, major, minor, version)


def test_discovery(kubernetes: Kubernetes) -> None:
    assert kubernetes.ask("/api") == (
        200,
        {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
    )
    assert kubernetes.ask("/apis/") == (200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": []})
    answer = kubernetes.ask("/api/v1")[1]
    assert (answer["kind"], answer["groupVersion"], len(answer["resources"])) == ("APIResourceList", "v1", 1)
    assert (
        answer["resources"][0].items()
        >= {"kind": "Namespace", "name": "namespaces", "singularName": "namespace", "namespaced": False}.items()
    )


def test_life_of_a_namespace(kubernetes: Kubernetes) -> None:
    assert kubernetes.names() == FIRST
    status, created = kubernetes.ask(NAMESPACES, "POST", namespace("shop", labels={"team": "a"}, uid="x"))
    assert (status, {**created, "metadata": {}}) == (
        201,
        {
            "kind": "Namespace",
            "apiVersion": "v1",
            "metadata": {},
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        },
    )
    assert set(created["metadata"]) == {"name", "uid", "resourceVersion", "creationTimestamp", "labels"}
    assert created["metadata"]["labels"] == {"team": "a"}
    assert created["metadata"]["uid"] != "x"
    assert kubernetes.namespace("shop") == created
    assert kubernetes.names() == [*FIRST, "shop"]
    status, deleted = kubernetes.ask(f"{NAMESPACES}/shop", "DELETE")
    assert (status, deleted["metadata"], deleted["status"]) == (200, created["metadata"], {"phase": "Terminating"})
    assert kubernetes.names() == FIRST


@pytest.mark.parametrize("content_type", [MERGE_PATCH, "application/strategic-merge-patch+json"])
def test_patch(kubernetes: Kubernetes, content_type: str) -> None:
    created = kubernetes.ask(NAMESPACES, "POST", namespace("shop", labels={"a": "1", "b": "2"}))[1]["metadata"]

    def patched(**metadata: t.Any) -> t.Any:
        status, answer = kubernetes.ask(f"{NAMESPACES}/shop", "PATCH", {"metadata": metadata}, content_type)
        assert status == 200
        assert kubernetes.namespace("shop") == answer
        return answer["metadata"]

    assert patched() == patched(labels={"b": "2"}, name="shop", uid="x") == created
    changed = patched(labels={"a": None, "c": "3"}, annotations={"note": "x"})
    version = changed.pop("resourceVersion")
    assert int(version) > int(created.pop("resourceVersion"))
    assert changed == {**created, "labels": {"b": "2", "c": "3"}, "annotations": {"note": "x"}}
    assert "labels" not in patched(labels=None)


def test_put(kubernetes: Kubernetes) -> None:
    created = kubernetes.ask(NAMESPACES, "POST", namespace("shop", labels={"a": "1"}))[1]
    assert kubernetes.ask(f"{NAMESPACES}/shop", "PUT", created) == (200, created)
    changed = kubernetes.ask(f"{NAMESPACES}/shop", "PUT", namespace("shop", annotations={"b": "2"}))[1]["metadata"]
    assert "labels" not in changed
    assert (changed["uid"], changed["annotations"]) == (created["metadata"]["uid"], {"b": "2"})
    assert kubernetes.namespace("shop")["metadata"] == changed


def test_dry_run(kubernetes: Kubernetes) -> None:
    before = kubernetes.ask(NAMESPACES)[1]["items"]
    for method, path, body in (
        ("POST", NAMESPACES, namespace("shop")),
        ("PATCH", f"{NAMESPACES}/default", {"metadata": {"labels": {"a": "1"}}}),
        ("PUT", f"{NAMESPACES}/default", namespace("default", labels={"a": "1"})),
        ("DELETE", f"{NAMESPACES}/default", None),
    ):
        status, answer = kubernetes.ask(f"{path}?dryRun=All", method, body, MERGE_PATCH)
        assert (status < 300, answer["kind"]) == (True, "Namespace")
        assert kubernetes.ask(NAMESPACES)[1]["items"] == before


@pytest.mark.parametrize(
    "arguments, answer",
    [
        (("/nowhere",), (404, "NotFound")),
        (("/openapi/v2",), (404, "NotFound")),
        (("/api/v1/pods",), (404, "NotFound")),
        ((f"{NAMESPACES}/default/pods",), (404, "NotFound")),
        ((f"{NAMESPACES}/shop",), (404, "NotFound")),
        ((f"{NAMESPACES}/shop", "DELETE"), (404, "NotFound")),
        ((f"{NAMESPACES}/shop", "PUT", namespace("shop")), (404, "NotFound")),
        (("/version", "POST", {}), (405, "MethodNotAllowed")),
        ((NAMESPACES, "DELETE"), (405, "MethodNotAllowed")),
        ((f"{NAMESPACES}/default", "POST", namespace("default")), (405, "MethodNotAllowed")),
        ((f"{NAMESPACES}?labelSelector=a%3Db",), (400, "BadRequest")),
        ((f"{NAMESPACES}?fieldSelector=a%3Db",), (400, "BadRequest")),
        ((f"{NAMESPACES}?watch=True",), (400, "BadRequest")),
        ((NAMESPACES, "POST", namespace("default")), (409, "AlreadyExists")),
        ((NAMESPACES, "POST", namespace("Shop")), (422, "Invalid")),
        ((NAMESPACES, "POST", namespace("a" * 64)), (422, "Invalid")),
        ((NAMESPACES, "POST", {"kind": "Namespace"}), (422, "Invalid")),
        ((NAMESPACES, "POST", {**namespace("shop"), "kind": "Pod"}), (400, "BadRequest")),
        ((NAMESPACES, "POST", namespace(["shop"])), (400, "BadRequest")),  # type: ignore[arg-type]
        ((NAMESPACES, "POST", b"apiVersion: v1"), (400, "BadRequest")),
        ((NAMESPACES, "POST", []), (400, "BadRequest")),
        ((f"{NAMESPACES}/default", "PUT", namespace("shop")), (400, "BadRequest")),
        ((f"{NAMESPACES}/default", "PATCH", [], "application/json-patch+json"), (415, "UnsupportedMediaType")),
    ],
)
def test_refused(kubernetes: Kubernetes, arguments: t.Any, answer: tuple[int, str]) -> None:
    assert kubernetes.refused(*arguments) == answer


def test_clusters_are_independent_until_reset(fake: FakeNKS, kubernetes: Kubernetes) -> None:
    assert kubernetes.ask(NAMESPACES, "POST", namespace("shop"))[0] == 201
    assert Kubernetes(fake, pk=1202).names() == FIRST
    assert kubernetes.names() == [*FIRST, "shop"]
    fake.reset()
    assert kubernetes.names() == FIRST


def test_faults_and_log(fake: FakeNKS, kubernetes: Kubernetes) -> None:
    fake.fault("/_kubernetes/1201/.*", "status", status=503, body="{}", times=1)
    assert kubernetes.ask(f"{NAMESPACES}?limit=1") == (503, {})
    assert kubernetes.ask(NAMESPACES)[0] == 200
    assert [
        (entry["method"], entry["path"], entry["query"], entry["status"], entry["auth"]) for entry in fake.requests[-2:]
    ] == [
        ("GET", f"/_kubernetes/1201{NAMESPACES}", "limit=1", 503, "valid"),
        ("GET", f"/_kubernetes/1201{NAMESPACES}", "", 200, "valid"),
    ]
    assert "never-show" not in str(fake.requests)
