# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the event source and the rulebooks in ansible-rulebook, with the installed collection. Run with: make eda"""

from __future__ import annotations

import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from fake_nks.server import FakeNKS  # noqa: E402

LONGEST = 90.0
"""Seconds to wait for something on a busy machine."""

FAILED = {
    "is_failed": True,
    "logs": [{"event_type": "provider_build", "event_state": "failure", "message": "No quota"}],
}
OUTAGE: dict[str, t.Any] = {"kind": "status", "status": 503, "body": "<h1>Outage</h1>", "headers": {"Retry-After": "0"}}


@pytest.fixture(name="fake")
def fake_fixture() -> t.Iterator[FakeNKS]:
    with FakeNKS(step=0.0) as fake:
        yield fake


class Rulebook:
    """A running ansible-rulebook, with output without colors."""

    def __init__(self, fake: FakeNKS, folder: Path, name: str, *options: str, **variables: t.Any) -> None:
        self.fake = fake
        self.log = folder / "rulebook.log"
        host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        write(folder / "inventory.yml", {"all": {"hosts": {"localhost": host}}})
        write(folder / "vars.yml", {"nks_interval": 0.5, **variables})
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NKS_")}
        environment.update(NKS_API_URL=fake.url, NKS_API_TOKEN=fake.token, ANSIBLE_NOCOLOR="1", HOME=str(folder))
        command = [
            "ansible-rulebook",
            "--rulebook",
            name,
            "--inventory",
            "inventory.yml",
            "--vars",
            "vars.yml",
            *options,
        ]
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(LONGEST)

    @property
    def text(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def prints(self, text: str, times: int = 1) -> None:
        """Wait until it prints a text, and for three more polls. Check that it prints the text only `times` times."""
        wait(lambda: self.text.count(text) >= times, lambda: f"{text!r} was not printed:\n{self.text}")
        self.polls()
        assert self.text.count(text) == times, self.text

    def polls(self) -> None:
        """Wait until three polls have begun."""
        wanted = self.polls_begun() + 3
        wait(lambda: self.polls_begun() >= wanted, lambda: f"It does not poll:\n{self.text}")

    def polls_begun(self) -> int:
        assert self.process.poll() is None, self.text
        return len([entry for entry in self.fake.requests if entry["path"] == "/orgs"])

    def ends(self) -> str:
        """Wait until it ends with a failure; return its output."""
        assert self.process.wait(LONGEST) == 1
        return self.text


def wait(condition: t.Callable[[], bool], failure: t.Callable[[], str]) -> None:
    end = time.monotonic() + LONGEST
    while not condition():
        if time.monotonic() > end:
            pytest.fail(failure())
        time.sleep(0.1)


def write(file: Path, content: t.Any) -> None:
    file.write_text(yaml.safe_dump(content), encoding="utf-8")


@pytest.fixture(name="run")
def run_fixture(fake: FakeNKS, tmp_path: Path) -> t.Iterator[t.Callable[..., Rulebook]]:
    """Return a function that runs a rulebook of the collection, or one in tmp_path, until the end of the test."""
    running = []

    def run(name: str, *options: str, **variables: t.Any) -> Rulebook:
        running.append(Rulebook(fake, tmp_path, name, *options, **variables))
        return running[-1]

    yield run
    for rulebook in running:
        rulebook.stop()
        assert fake.token not in rulebook.text
        assert "never-show" not in rulebook.text


Run = t.Callable[..., Rulebook]


def touch(folder: Path) -> str:
    """Return a lookup that creates a file if it is evaluated."""
    return f"lookup('ansible.builtin.pipe', 'touch {folder}/evaluated')"


def test_a_rulebook_reacts_to_clusters_also_during_an_outage(fake: FakeNKS, run: Run, tmp_path: Path) -> None:
    tasks = [{"ansible.builtin.debug": {"var": name}} for name in ("said", "ansible_eda.event.cluster")]
    write(tmp_path / "say.yml", [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}])
    said = "{{ event.cluster.name }} {{ event.type }}"
    rules = [
        {
            "name": kind,
            "condition": f'event.type == "{kind}"',
            "action": {"run_playbook": {"name": "say.yml", "extra_vars": {"said": said}}},
        }
        for kind in ("cluster_running", "cluster_failed", "cluster_removed")
    ]
    source = {"netapp.nks.clusters": {"interval": 0.5, "orgs": ["my-organization"]}}
    write(tmp_path / "own.yml", [{"name": "Own", "hosts": "localhost", "sources": [source], "rules": rules}])
    rulebook = run("own.yml")
    rulebook.polls()
    header = f"#jinja2: variable_start_string:'[[', variable_end_string:']]'\n[[ {touch(tmp_path)} ]]"
    fake.change_cluster(1203, state="running", zone=header, channel="{% if " + touch(tmp_path) + " %}{% endif %}")
    rulebook.prints('"said": "build-me cluster_running"')
    assert "__inja2: variable_start_string" in rulebook.text and not (tmp_path / "evaluated").exists()
    fake.fault("/orgs.*", **OUTAGE)
    fake.change_cluster(1202, **FAILED)
    fake.delete_cluster(1204)
    rulebook.polls()
    assert rulebook.text.count("PLAY RECAP") == 1
    fake.clear_faults()
    rulebook.prints('"said": "staging cluster_failed"')
    rulebook.prints('"said": "going cluster_removed"')
    assert rulebook.text.count("PLAY RECAP") == 3
    assert rulebook.text.count("status 503") == rulebook.text.count("is available again") == 1


@pytest.mark.parametrize(
    ("joined", "org", "fields"),
    [
        ("{{ event.org.name }}{{ event.cluster.name }}", "My {", {"name": "{ LOOKUP }}"}),
        ("{% raw %}{{% endraw %}{{ event.cluster.name }}", "My", {"name": "{ LOOKUP }}"}),
        (
            "{{ event.cluster.name }}{{ event.cluster.region }}",
            "My",
            {"name": "#jin", "region": "ja2: HEADER\n[[ LOOKUP ]]"},
        ),
        ("#{{ event.cluster.name }}", "My", {"name": "jinja2: HEADER\n[[ LOOKUP ]]"}),
        ("{{ event.cluster }}", "My", {"zone": {"{{ LOOKUP }}": "{{ LOOKUP }}"}}),
        # ansible-rulebook evaluates text that is a Python literal.
        ("{{ event.cluster.name }}", "My", {"name": r'"\x7b\x7b LOOKUP \x7d\x7d"'}),
        ("{{ event.cluster.name }}", "My", {"name": '"a{" "{ LOOKUP }}"'}),
        ("{{ event.cluster.name }}", "My", {"name": '"""#jin""" """ja2: HEADER\n[[ LOOKUP ]]"""'}),
    ],
)
def test_no_text_from_the_api_becomes_a_template_in_a_playbook(
    fake: FakeNKS, run: Run, tmp_path: Path, joined: str, org: str, fields: dict[str, t.Any]
) -> None:
    tasks = [{"ansible.builtin.debug": {"var": name}} for name in ("joined", "ansible_eda.event")]
    write(tmp_path / "say.yml", [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}])
    action = {"run_playbook": {"name": "say.yml", "extra_vars": {"joined": joined}}}
    rule = {"name": "Any", "condition": 'event.type == "cluster_changed"', "action": action}
    source = {"netapp.nks.clusters": {"interval": 0.5, "orgs": ["381"]}}
    write(tmp_path / "own.yml", [{"name": "Own", "hosts": "localhost", "sources": [source], "rules": [rule]}])
    header = "variable_start_string:'[[', variable_end_string:']]'"
    filled = json.dumps(fields).replace("LOOKUP", touch(tmp_path)).replace("HEADER", header)
    fake.fault("/orgs", "body", body=json.dumps([{"pk": 381, "name": org, "slug": "mine"}]))
    rulebook = run("own.yml")
    rulebook.polls()
    fake.change_cluster(1201, **json.loads(filled))
    rulebook.prints("PLAY RECAP")
    assert '"joined": ' in rulebook.text and not (tmp_path / "evaluated").exists()


def test_unreadable_answers_do_not_hide_other_events(fake: FakeNKS, run: Run, tmp_path: Path) -> None:
    """An organization fails, a build log is HTML, and a cluster has keys that ansible-rulebook cannot store."""
    said = "{{ event.type }} {{ (event.cluster | default(event.org)).pk }} {{ event.reason | default('-', true) }}"
    rule = {"name": "Any", "condition": "event.type is defined", "action": {"debug": {"msg": said}}}
    source = {"netapp.nks.clusters": {"interval": 0.5, "orgs": ["381", "382"]}}
    write(tmp_path / "own.yml", [{"name": "Own", "hosts": "localhost", "sources": [source], "rules": [rule]}])
    rulebook = run("own.yml")
    rulebook.polls()
    fake.fault("/orgs/382/clusters", "body", body="<h1>Login</h1>")
    fake.fault("/orgs/381/clusters/1202/logs", "body", body="<h1>Login</h1>")
    odd: dict[str, t.Any] = {
        "": {"": [{"": 1}]},
        "a/b": {"*": 1},
        "$x": {"\0": "\0", "meta": {"source": 1}},
        "n": 10**1500,
        "k" * 60000: "x" * 21000000,
    }
    fake.change_cluster(1202, is_failed=True, zone=odd)
    rulebook.prints("cluster_failed 1202 -")
    rulebook.prints("source_error 382 -")
    fake.change_cluster(1201, name="renamed")
    rulebook.prints("cluster_changed 1201 -")
    fake.clear_faults()
    rulebook.prints("source_recovered 382 -")


def test_failures_while_ansible_rulebook_is_stopped_are_notified_once(fake: FakeNKS, run: Run, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    first = run("netapp.nks.notify_when_failed", nks_state_path=str(state))
    first.polls()
    first.stop()
    assert "PLAY RECAP" not in first.text
    fake.change_cluster(1202, **FAILED)
    again = run("netapp.nks.notify_when_failed", nks_state_path=str(state))
    again.prints("PLAY RECAP")
    assert "Cluster staging (ID 1202) of My Organization has failed: No quota" in again.text
    again.stop()
    last = run("netapp.nks.notify_when_failed", nks_state_path=str(state))
    last.polls()
    assert "PLAY RECAP" not in last.text


def test_a_deployment_runs_once_for_a_cluster_that_becomes_running(fake: FakeNKS, run: Run) -> None:
    rulebook = run("netapp.nks.deploy_when_running")
    rulebook.polls()
    fake.change_cluster(1203, state="provisioned")
    fake.fault("/orgs/381/clusters", "reset", times=20)
    rulebook.polls()
    fake.clear_faults()
    fake.change_cluster(1203, state="running")
    rulebook.prints("The gate opens")
    assert rulebook.text.count("PLAY RECAP") == 1


def test_initial_all_deploys_to_each_running_cluster(fake: FakeNKS, run: Run) -> None:
    for pk in (1201, 1202, 1204, 1302, 1303, 1401):
        fake.delete_cluster(pk)
    rulebook = run("netapp.nks.deploy_when_running", nks_initial="all")
    rulebook.prints("The gate opens", times=1)  # of 1301; 1203 is not running, and 1205 has failed


class Webhook(http.server.BaseHTTPRequestHandler):
    texts: t.ClassVar[list[str]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.texts.append(json.loads(body)["text"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: t.Any) -> None:
        """Print nothing: `texts` has the requests."""


def test_a_failure_is_notified_once_with_its_reason(fake: FakeNKS, run: Run, tmp_path: Path) -> None:
    evil = f"{{{{ {touch(tmp_path)} }}}}"
    Webhook.texts.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        secret = f"http://127.0.0.1:{server.server_address[1]}/never-show"
        rulebook = run("netapp.nks.notify_when_failed", notify_url=secret)
        rulebook.polls()
        fake.change_cluster(1202, **FAILED)
        rulebook.prints("(ID 1202) of My Organization has failed: No quota")
        fake.fault("/orgs", **OUTAGE, times=20)
        fake.change_cluster(1203, **FAILED, name=evil)
        rulebook.polls()
        fake.clear_faults()
        rulebook.prints("(ID 1203) of My Organization has failed: No quota")
        rulebook.prints("PLAY RECAP", times=4)
        server.shutdown()
    first, outage, recovered, last = Webhook.texts
    assert first == "Cluster staging (ID 1202) of My Organization has failed: No quota"
    assert outage.startswith("Failures of clusters can go unnoticed. GET http") and "status 503" in outage
    assert recovered.startswith("NKS is available again, after an outage since 20")
    assert last.startswith("Cluster __ lookup(") and not (tmp_path / "evaluated").exists()


def test_a_cached_inventory_is_refreshed_once_for_simultaneous_changes(fake: FakeNKS, run: Run, tmp_path: Path) -> None:
    inventory = tmp_path / "nks.yml"
    cache = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    write(inventory, {"plugin": "netapp.nks.nks", "orgs": [382, 383], **cache})
    rulebook = run("netapp.nks.refresh_inventory", refresh_inventory_source=str(inventory))
    assert cached_pks(fake, inventory) == {1301, 1302, 1303, 1401}
    rulebook.polls()
    fake.delete_cluster(1302)
    fake.set_clusters([{"pk": 1601, "org": 382, "name": "new", "state": "building"}])
    rulebook.polls()
    assert cached_pks(fake, inventory) == {1301, 1302, 1303, 1401}  # it waits for more changes
    rulebook.prints("PLAY RECAP")
    assert cached_pks(fake, inventory) == {1301, 1303, 1401, 1601}
    fake.delete_cluster(1601)
    rulebook.polls()
    fake.fault("/orgs/383/clusters", **OUTAGE)
    rulebook.prints("run_playbook - ERROR")
    assert "status 503" in rulebook.text
    assert cached_pks(fake, inventory) == {1301, 1303, 1401, 1601}


def cached_pks(fake: FakeNKS, inventory: Path) -> set[int]:
    """Return the IDs of the clusters that a play with this inventory sees."""
    command = ["ansible-inventory", "--inventory", str(inventory), "--list"]
    environment = {**os.environ, "NKS_API_URL": fake.url, "NKS_API_TOKEN": fake.token}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    return {host["nks_pk"] for host in json.loads(done.stdout)["_meta"]["hostvars"].values()}


def test_the_source_can_get_its_connection_from_variables(fake: FakeNKS, run: Run, tmp_path: Path) -> None:
    args = {"api_token": "{{ token_of_nks }}", "api_url": "{{ url_of_nks }}", "orgs": "{{ orgs }}", "interval": 0.5}
    rule = {
        "name": "Any",
        "condition": 'event.changes.node_count is defined and event.type == "cluster_changed"',
        "action": {"debug": {"msg": "From {{ event.changes.node_count.before }} to {{ event.cluster.node_count }}"}},
    }
    source = {"netapp.nks.clusters": args}
    write(tmp_path / "own.yml", [{"name": "Own", "hosts": "localhost", "sources": [source], "rules": [rule]}])
    rulebook = run("own.yml", "-vv", token_of_nks=fake.token, url_of_nks=fake.url, orgs=[382, "My Organization"])
    rulebook.polls()
    fake.change_cluster(1302, name="renamed", node_count=5)
    rulebook.prints("From 4 to 5")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"api_tokn": "a"}, "netapp.nks.clusters has no argument api_tokn. It has: api_token, api_url,"),
        ({"interval": "often"}, "argument 'interval' is of type str and we were unable to convert to float"),
        ({"state_path": "/missing/nks.json"}, "state_path: cannot create a file next to /missing/nks.json"),
        ({"api_token": "wrong"}, "status 401 Unauthorized: Invalid token. Set api_token,"),
        ({"orgs": ["nowhere"]}, "The token sees no organization with the ID, slug or name 'nowhere'."),
    ],
)
def test_invalid_arguments_end_ansible_rulebook_with_one_message(
    run: Run, tmp_path: Path, args: dict[str, t.Any], message: str
) -> None:
    source = {"netapp.nks.clusters": args}
    rule = {"name": "Any", "condition": "event.type is defined", "action": {"debug": {}}}
    write(tmp_path / "own.yml", [{"name": "Own", "hosts": "localhost", "sources": [source], "rules": [rule]}])
    text = run("own.yml").ends()
    assert message in text and "Traceback" not in text
    assert not re.search(r"netapp/nks/plugins/module_utils", text)
