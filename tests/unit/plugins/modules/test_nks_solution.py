# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.modules import nks_solution_info
from ansible_collections.netapp.nks.plugins.modules.nks_solution import main
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]
Run = t.Callable[..., JSON]

SOLUTIONS = "/orgs/381/clusters/1201/solutions"
SECRET = {"Master": {"AdminPassword": "never-show"}}
EFK: JSON = {"solution": "efk"}
JENKINS: JSON = {"chart": {"name": "jenkins", "release_name": "ci"}, "values": SECRET}


@pytest.fixture(name="run")
def run_fixture(fake: FakeNKS, run_module: Run, clock: list[float]) -> Run:
    """Return a function that runs the module. Each request advances the fake's clock by a second; pauses do not."""
    fake.step = 1.0

    def run(**options: t.Any) -> JSON:
        result = run_module(main, **{"org": "381", "cluster": "prod", "wait_sleep": 1, **options})
        assert "never-show" not in json.dumps(result)
        return result

    return run


def writes(fake: FakeNKS) -> list[tuple[str, str]]:
    return [(entry["method"], entry["path"]) for entry in fake.requests if entry["method"] != "GET"]


@pytest.mark.parametrize("wanted", [EFK, JENKINS, {**EFK, "solution": "autoscaler", "max_nodes": 7, "version": "1"}])
def test_a_solution_is_installed_and_deleted(fake: FakeNKS, run: Run, run_module: Run, wanted: JSON) -> None:
    planned = run(**wanted, check_mode=True)
    assert planned["changed"] and planned["solution"] is None and not writes(fake)
    created = run(**wanted)
    assert created["actions"] == planned["actions"] and created["diff"] == planned["diff"]
    assert created["solution"]["state"] == "installed" and created["solution"]["max_nodes"] == wanted.get("max_nodes")
    assert not run(**wanted)["changed"]
    found = run_module(nks_solution_info.main, org="381", cluster="1201", id=created["solution"]["pk"])["solutions"]
    assert [solution["solution"] for solution in found] == [created["solution"]["solution"]]
    gone = run(**wanted, state="absent")
    assert gone["changed"] and gone["solution"] is None
    assert not run(**wanted, state="absent")["changed"]
    assert writes(fake) == [("POST", SOLUTIONS), ("DELETE", f"{SOLUTIONS}/{created['solution']['pk']}")]


@pytest.mark.parametrize(
    "values",
    [
        SECRET,
        "Master:\n  AdminPassword: never-show\n",
        "Master: {AdminUser: admin, AdminPassword: never-show}\n",
        "Master:\n  AdminPassword: |\n    never-show\n",
        "Master:\n  AdminPassword: never-show # main\n",
        None,
    ],
)
def test_the_values_of_a_chart(fake: FakeNKS, run: Run, values: t.Any) -> None:
    answer = json.dumps({"values": "bad password never-show"})
    fake.fault(SOLUTIONS, "status", method="POST", status=400, body=answer, times=1)
    failed = run(chart=JENKINS["chart"], values=values or SECRET)
    assert failed["status"] == 400 and "bad password ****" in failed["msg"]
    assert run(chart={**JENKINS["chart"], "repository": "trusted-charts", "namespace": "build"}, values=values)[
        "changed"
    ]
    body = json.loads([entry["body"] for entry in fake.requests if entry["method"] == "POST"][-1])
    config = body["config"]
    assert (body["solution"], config["release_name"], config["namespace"]) == ("jenkins-repo-1", "ci", "build")
    assert ("never-show" in config["values_yaml"]) is (values is not None) and config["values_yaml"]


def test_a_solution_is_deleted_although_its_keyset_no_longer_exists(run: Run) -> None:
    assert run(**EFK)["changed"]
    assert run(**EFK, keyset="gone", state="absent")["changed"]


def test_tiller_is_awaited_first(fake: FakeNKS, run: Run) -> None:
    fake.set_clusters([{"pk": 77, "org": 381, "name": "new", "state": "building", "timeline": []}])
    short = run(cluster="new", **EFK, wait_timeout=10)
    assert "Helm Tiller is draft, not installed." in short["msg"] and not writes(fake)
    steps = [{"after": 8, "state": "running"}]
    fake.set_clusters([{"pk": 77, "org": 381, "name": "new", "state": "building", "timeline": steps}])
    assert run(cluster="new", **EFK)["solution"]["state"] == "installed"
    assert len(writes(fake)) == 1


def test_a_failed_or_other_version_is_replaced_only_if_allowed(fake: FakeNKS, run: Run) -> None:
    fake.set_variants(solution_build="fails")
    failed = run(**EFK, replace_failed=True)
    assert failed["is_final"] and "has failed" in failed["msg"] and len(writes(fake)) == 1
    fake.set_variants(solution_build="installs")
    assert "has failed" in run(**EFK)["msg"]
    assert run(**EFK, replace_failed=True)["solution"]["state"] == "installed"
    refused = run(**EFK, version="2")
    assert "version is 'latest', not '2'" in refused["msg"] and not refused.get("changed")
    assert run(**EFK, version="2", reinstall=True)["solution"]["version"] == "2"
    assert [method for method, _path in writes(fake)] == ["POST", "DELETE", "POST", "DELETE", "POST"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"solution": "helm_tiller", "state": "absent"}, "cannot be deleted"),
        ({"solution": "cobol"}, '"cobol" is not a valid choice'),
        ({"chart": {"name": "none"}}, "The chart none was not found. Available: jenkins 0.16.18 (trusted-charts)"),
        ({"chart": {"name": "jenkins"}, "version": "9"}, "The chart jenkins 9 was not found"),
        ({"solution": "efk", "values": SECRET}, "missing parameter(s) required by 'values': chart"),
        ({"chart": {"name": "jenkins"}, "values": [1]}, "values must be a dictionary"),
        ({"id": 1}, "has no solution with the ID 1"),
        ({"solution": "sysdig", "keyset": "nothing"}, "The keyset 'nothing' was not found"),
        ({**EFK, "cluster": "nowhere"}, "The cluster 'nowhere' was not found"),
    ],
)
def test_refusals(fake: FakeNKS, run: Run, options: JSON, message: str) -> None:
    result = run(**options)
    assert message in result["msg"] and not result.get("changed")
    assert writes(fake) in ([], [("POST", SOLUTIONS)])


def test_a_lost_answer_creates_one_solution(fake: FakeNKS, run: Run) -> None:
    fake.fault(SOLUTIONS, method="POST", times=1, kind="lost")
    assert run(**EFK)["solution"]["state"] == "installed" and len(writes(fake)) == 1


def test_a_solution_that_cannot_be_installed_again_is_not_deleted(fake: FakeNKS, run: Run) -> None:
    pk = run(**EFK)["solution"]["pk"]
    refused = run(id=pk, version="2", reinstall=True)
    assert "is installed. To install it again, give solution or chart." in refused["msg"]
    assert writes(fake) == [("POST", SOLUTIONS)]


@pytest.mark.parametrize("index", [None, "x", [1], {"a": 1}, [{"name": "odd", "spec": {"requirements": "x"}}]])
def test_a_chart_repository_can_have_an_odd_index(fake: FakeNKS, run: Run, index: t.Any) -> None:
    repository = {"pk": 9, "name": "odd", "chart_index": index}
    fake.fault("/orgs/381/chart-repos", "body", body=json.dumps([repository]))
    assert run(**JENKINS, check_mode=True)["changed"]
    odd = run(chart={"name": "odd"}, check_mode=True)
    assert odd.get("changed") or "The chart odd was not found." in odd["msg"]
