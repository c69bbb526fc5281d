# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import typing as t
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import requests
import yaml
from ansible_collections.netapp.nks.tests.fake_nks import server
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

CLI = [sys.executable, str(Path(server.__file__).parent)]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Client:
    """A persistent connection to a fake."""

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
    "path", ["/", "/orgs//", "/orgs/9/clusters", "/orgs/" + "9" * 5000, "/rest-auth/user/", "/orgs/381/clusters/1301"]
)
def test_404(client: Client, path: str) -> None:
    response = client.ask(path)
    assert (response.status_code, response.json()) == (404, {"detail": "Not found."})


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


# Objects


def test_details_match_samples_of_the_api(fake: FakeNKS, client: Client) -> None:
    fake.set_clusters([{"pk": 77, "org": 382, "provider": "gke", "instance_id": "a-b"}])
    master, *workers = client.json("/orgs/382/clusters/77/nodes")
    assert (master["private_ip"], master["provider_node_id"]) == ("not-available", f"GKE.{master['public_ip']}")
    assert all(re.fullmatch("gke-a-b-default-pool-.*", worker["instance_id"]) for worker in workers)
    assert [bool(cluster.get("nodes")) for cluster in client.json("/orgs/382/clusters")] == [False, False, False, True]
    pools = {pool["pk"]: pool["instance_id"] for pool in client.json("/orgs/381/clusters/1201/nodepools")}
    for node in client.json("/orgs/381/clusters/1201/nodes"):
        assert node["group_name"] == (f"autoscaling-{pools[node['pool']]}" if node["pool"] else "")
        assert (node["etcd_state"], node["location"]) == ("kube_etcd", "us-west-2:us-west-2a")
    assert {node["public_ip"] for node in client.json("/orgs/381/clusters/1203/nodes")} == {""}
    assert {node["public_ip"] for node in client.json("/orgs/381/clusters/1205/nodes")} == {"not-available"}
    nodes = client.json("/orgs/382/clusters/1302/nodes")
    assert nodes[1] == nodes[4]
    assert (nodes[2]["pk"], nodes[2] == nodes[3]) == (nodes[3]["pk"], False)
    secrets = [one[key] for one in client.json("/orgs/381/clusters/1201/solutions") for key in ("username", "password")]
    assert all("never-show" in secret for secret in secrets)
    assert client.json("/orgs/381/clusters/?include_service_clusters=true")[-1]["name"] == "nks-service"


def test_kubeconfig(client: Client) -> None:
    response = client.ask("/orgs/381/clusters/1201/kubeconfig")
    kubeconfig = yaml.safe_load(response.text)
    assert kubeconfig["kind"] == "Config"
    assert kubeconfig["clusters"][0]["cluster"]["server"] == f"{client.fake.url}/_kubernetes/1201"
    assert "never-show" in kubeconfig["users"][0]["user"]["token"]
    assert client.ask("/orgs/381/clusters/1203/kubeconfig").json() == {"detail": "Not found."}


# PATCH

PNG = b"\x89PNG\r\n\x1a\n\r\n--\r\n"
NO_FILE = "The submitted data was not a file. Check the encoding type on the form."


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
        ({"logo": {"a": 1}, "name": ""}, {"logo": [NO_FILE], "name": ["This field may not be blank."]}),
    ],
)
def test_patch_refused(client: Client, body: t.Any, answer: dict[str, t.Any]) -> None:
    before = client.json("/orgs/381")
    assert patch(client, body) == (400, answer)
    assert client.json("/orgs/381") == before


# Changes of the fleet

FAILURE = {"event_type": "provider_build", "event_state": "failure", "message": "No quota"}


def test_clusters_come_and_go(fake: FakeNKS, client: Client, clock: Clock) -> None:
    clock.now += 100
    added = {"pk": 77, "org": 382, "timeline": [{"after": 5, "state": "deleting"}, {"after": 9, "gone": True}]}
    assert client.ask("/_fake/clusters", "POST", json=[added, {"pk": 1301, "org": 382, "name": "other"}]).ok
    assert names(client.json("/orgs/382/clusters")) == ["other", "Shop — Zürich", "edge:1 [lab]", "cluster-77"]
    clock.now += 5
    assert client.json("/orgs/382/clusters/77")["state"] == "deleting"
    clock.now += 4
    assert client.status("/orgs/382/clusters/77") == 404
    fake.set_clusters([{**added, "timeline": []}])
    fake.set_clusters([{**added, "org": 381}])
    assert (client.status("/orgs/382/clusters/77"), client.status("/orgs/381/clusters/77")) == (404, 200)
    assert client.ask("/_fake/clusters/77", "DELETE").ok
    assert client.status("/orgs/381/clusters/77") == 404
    response = client.ask("/_fake/clusters/77", "PATCH", json={})
    assert (response.status_code, response.json()) == (400, {"detail": "there is no cluster 77"})


def test_a_cluster_is_changed(client: Client, clock: Clock) -> None:
    clock.now += 3
    assert client.ask("/_fake/clusters/1203", "PATCH", json={"k8s_version": "v1.16.2", "logs": [FAILURE]}).ok
    clock.now += 10  # the rest of its timeline is dropped
    cluster = client.json("/orgs/381/clusters/1203")
    assert (cluster["state"], cluster["k8s_version"]) == ("provisioned", "v1.16.2")
    assert client.json("/orgs/381/clusters/1203/logs")[0]["message"] == "No quota"


# Time


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


# Faults


def test_fault_status(fake: FakeNKS, client: Client) -> None:
    fake.fault("/orgs/[0-9]+/clusters", "status", status=503, body="<h1>é</h1>", times=2, after=1)
    assert [client.status("/orgs/381/clusters") for dummy in range(4)] == [200, 503, 503, 200]
    assert client.status("/orgs/381/clusters/1201") == 200
    fake.fault("/orgs", "status", status=429, headers={"Retry-After": "3"})
    assert client.ask("/orgs").headers["Retry-After"] == "3"
    fake.clear_faults()
    assert client.status("/orgs") == 200


def test_the_first_matching_fault_applies(fake: FakeNKS, client: Client) -> None:
    fake.fault("/orgs/381", "status", method="PATCH", status=502, times=1)
    fake.fault("/orgs/381", "status", status=504, times=1)
    fake.fault("/orgs/381", "status", status=500)
    assert [client.status("/orgs/381") for dummy in range(3)] == [504, 500, 500]
    assert [client.status("/orgs/381", "PATCH") for dummy in range(2)] == [502, 200]
    fake.clear_faults()
    fake.fault("/orgs.*", "status", once_each=True)
    targets = ("/orgs", "/orgs/381", "/orgs/381?x=y")
    assert [client.status(target) for target in targets * 2] == [500] * 3 + [200] * 3


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
    """Open a connection, and request the path."""
    connection = socket.create_connection(("127.0.0.1", int(fake.url.rpartition(":")[2])), timeout=60)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {fake.token}\r\n\r\n".encode())
    return connection


@pytest.mark.parametrize("kind, status", [("reset", None), ("reset_body", 200)])
def test_fault_reset(fake: FakeNKS, kind: str, status: int | None) -> None:
    fake.fault("/orgs", kind)
    with raw(fake) as connection, pytest.raises(ConnectionResetError):
        read_all(connection)
    assert [entry["status"] for entry in fake.requests] == [status]


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("kind", ["drip", "drip_headers", "byte_order_mark", "gzip"])
def test_fault_that_keeps_the_answer_intact(fake: FakeNKS, client: Client, kind: str) -> None:
    fake.fault("/orgs/381", kind, **({"interval": 0.0} if "drip" in kind else {}))
    assert json.loads(client.ask("/orgs/381").content.decode("utf-8-sig"))["pk"] == 381
    assert client.status("/orgs") == 200


def test_fault_that_breaks_the_answer(fake: FakeNKS, client: Client) -> None:
    fake.fault("/orgs", "gzip_broken")
    with pytest.raises(requests.RequestException):
        client.ask("/orgs")


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


# Control endpoints


def test_control_endpoints(client: Client) -> None:
    del client.session.headers["Authorization"]
    fault = {"path": "/orgs", "kind": "status", "status": 503}
    assert client.ask("/_fake/faults", "POST", json=[fault]).status_code == 204
    assert client.status("/orgs") == 503
    assert client.status("/_fake/faults", "DELETE") == 204
    assert client.status("/orgs") == 401
    assert [entry["status"] for entry in client.json("/_fake/requests")] == [503, 401]
    assert client.status("/_fake/reset", "POST") == 204
    assert client.json("/_fake/requests") == []
    assert client.status("/_fake/nothing") == 404


@pytest.mark.parametrize(
    "path, body, message",
    [
        ("takes_slug", 1, "the body must be a JSON boolean"),
        ("step", "soon", "the body must be a JSON number"),
        ("faults", {}, "the body must be a JSON list"),
        ("faults", [{"kind": "reset"}], "a fault is a JSON object with at least path and kind"),
        ("faults", [{"path": "/", "kind": "sunspots"}], "there is no fault of the kind 'sunspots'"),
        ("faults", [{"path": "/", "kind": "reset", "seconds": 1}], "a fault of the kind reset has no field seconds"),
        ("faults", [{"path": "(", "kind": "reset"}], "the path '(' is not a regular expression"),
        ("faults", [{"path": "/", "kind": "delay", "seconds": "1"}], "the field seconds of a fault cannot be '1'"),
        ("variants", {"weather": "fine"}, "there is no variant weather"),
        ("variants", {"build": "never"}, "the variant build is one of runs"),
        ("clusters", [7], "a cluster is an object with a number pk, not 7"),
        ("clusters", [{"pk": 7, "org": 9}], "the org of cluster 7 must be one of 381, 382, 383, 390"),
        ("clusters", [{"pk": 7, "org": 381, "workspace": 99}], "the workspace of cluster 7 must be null or one"),
        ("clusters", [{"pk": 7, "org": 381, "timeline": [{"after": "1"}]}], "the timeline of cluster 7 must be a list"),
    ],
)
def test_invalid_requests_to_control_endpoints_are_refused(
    client: Client, path: str, body: t.Any, message: str
) -> None:
    response = client.ask(f"/_fake/{path}", "POST", json=body)
    assert (response.status_code, response.json()["detail"].startswith(message)) == (400, True)


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


# TLS


def test_tls(tmp_path: Path, make_certificate: t.Callable[[Path, str], tuple[str, str]]) -> None:
    certificate = make_certificate(tmp_path, "127.0.0.1")
    with FakeNKS(tls=certificate) as fake, socket.create_connection(("127.0.0.1", int(fake.url.rpartition(":")[2]))):
        # The silent connection must not block others.
        client = Client(fake)
        assert fake.url.startswith("https://")
        assert client.ask("/orgs", verify=certificate[0]).status_code == 200
        with pytest.raises(requests.exceptions.SSLError):
            Client(fake).ask("/orgs", verify=True)
        fake.fault("/orgs", "reset")
        with pytest.raises(requests.ConnectionError):
            Client(fake).ask("/orgs", verify=certificate[0])


# The command line


def cli(*arguments: str, **options: t.Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CLI, *arguments], capture_output=True, text=True, timeout=120, check=False, **options)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_cli_serves_until_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    exports = tmp_path / "exports"
    command = [*CLI, "--export-file", str(exports), "--lifetime", "600"]
    with subprocess.Popen(command, cwd="/", text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
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


def test_cli_command() -> None:
    script = "import json, os, sys; print(json.dumps(dict(os.environ))); sys.exit(7)"
    environment = {**os.environ, "NKS_ORG_ID": "1", "NKS_API_TOKEN": "x", "https_proxy": "http://127.0.0.1:1"}
    result = cli("--", sys.executable, "-c", script, env=environment)
    assert (result.returncode, result.stderr) == (7, "")
    seen = json.loads(result.stdout)
    assert {name for name in seen if name.startswith("NKS_")} == {"NKS_API_URL", "NKS_API_TOKEN", "NKS_FAKE_URL"}
    assert seen["NKS_API_URL"] == seen["NKS_FAKE_URL"]
    assert not [name for name in seen if name.lower().endswith("_proxy")]


def test_cli_lifetime_ends_the_command() -> None:
    assert cli("--lifetime", "0.2", "--", "sleep", "60").returncode == 128 + signal.SIGTERM


def test_cli_that_cannot_start(fake: FakeNKS) -> None:
    port = fake.url.rpartition(":")[2]
    for arguments, status, message in (
        (["--", "/no/such/command"], 127, "fake_nks: cannot run /no/such/command: No such file or directory"),
        (["--port", port], 1, f"fake_nks: cannot serve on 127.0.0.1 port {port}: Address already in use"),
        (["--orgs", "0"], 2, "fake_nks: error: argument --orgs: must be at least 1"),
        (["--tls-cert", "x"], 2, "fake_nks: error: --tls-cert and --tls-key need each other"),
        (["--variant", "build=x"], 2, "fake_nks: error: argument --variant: the variant build is one of runs, fails, "),
        (["--"], 2, "fake_nks: error: no COMMAND after --"),
    ):
        result = cli(*arguments)
        assert (result.returncode, result.stdout) == (status, "")
        assert result.stderr.splitlines()[-1].startswith(message)
