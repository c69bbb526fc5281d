# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import collections
import json
import re
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.modules.nks_cluster_info import main
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]
Run = t.Callable[..., JSON]

SKIPPED = [{"pk": 390, "name": "Partner Labs", "detail": "You do not have permission to perform this action."}]


def pks(result: JSON) -> list[int]:
    return [cluster["pk"] for cluster in result["clusters"]]


def polls(fake: FakeNKS) -> int:
    """Return how often the clusters of an organization were requested."""
    asked = collections.Counter(entry["path"] for entry in fake.requests if entry["path"].endswith("/clusters"))
    return max(asked.values())


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("options", "found", "skipped"),
    [
        ({}, [1201, 1202, 1203, 1204, 1205, 1301, 1302, 1303, 1401], SKIPPED),
        ({"orgs": "381,382", "name": "prod"}, [1201, 1301], []),
        ({"orgs": ["🚀"]}, [1401], []),
        ({"id": 1302}, [1302], SKIPPED),
        ({"name": "none"}, [], SKIPPED),
        ({"orgs": [381], "workspaces": ["Team A"], "states": ["running"], "providers": ["gce"]}, [1202], []),
        ({"orgs": [381], "regions": ["eu-west-1"]}, [1204], []),
        ({"orgs": [381], "include_service_clusters": True, "providers": ["hci"]}, [1206], []),
    ],
)
def test_the_matching_clusters_are_returned(
    run_module: Run, options: JSON, found: list[int], skipped: list[JSON], check_mode: bool
) -> None:
    result = run_module(main, check_mode=check_mode, **options)
    assert (pks(result), result["skipped_orgs"], bool(result.get("changed"))) == (found, skipped, False)
    warned = [str(warning) for warning in result.get("warnings", [])]
    assert len(warned) == len(skipped)
    assert all("390 (Partner Labs)" in warning for warning in warned)


def test_orgs_come_from_the_environment_too(run_module: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NKS_ORG_ID", "383, acme-retail ")
    assert pks(run_module(main)) == [1401, 1301, 1302, 1303]
    assert pks(run_module(main, orgs=["383"])) == [1401]
    monkeypatch.setenv("NKS_ORG_ID", "")
    assert "orgs is an empty list or contains an empty value" in run_module(main)["msg"]


def test_clusters_are_returned_unchanged(fake: FakeNKS, run_module: Run) -> None:
    clusters = [{"pk": 1, "name": "{{ 1 + 1 }}", "workspace": None, "new": [{"x": 1.5}], "solutions": [{}]}, {"pk": 2}]
    fake.fault("/orgs/381/clusters", "body", body=json.dumps(clusters))
    assert run_module(main, orgs=["381"])["clusters"] == clusters


def test_only_the_requested_fields_are_returned(fake: FakeNKS, run_module: Run) -> None:
    fake.fault(
        "/orgs/381/clusters", "body", body=json.dumps([{"pk": 1, "name": "x", "state": None}, {"pk": 2, "name": "y"}])
    )
    fields = ["name", "state", "nothing", "name"]
    assert run_module(main, orgs=["381"], fields=fields)["clusters"] == [{"name": "x", "state": None}, {"name": "y"}]


def test_fields_can_name_included_parts(run_module: Run) -> None:
    clusters = run_module(main, id=1201, fields=["pk", "nodes"], include_nodes=True)["clusters"]
    assert [(list(cluster), len(cluster["nodes"])) for cluster in clusters] == [(["pk", "nodes"], 5)]


def test_only_failed_clusters_get_a_reason_and_a_request_for_logs(fake: FakeNKS, run_module: Run) -> None:
    clusters: list[dict[str, t.Any]] = [
        {"pk": 1205, "is_failed": True},
        {"pk": 2, "state": "failed"},
        {"pk": 3, "state": "provisioned"},
        {"pk": 4},
    ]
    fake.fault("/orgs/381/clusters", "body", body=json.dumps(clusters))
    fake.fault("/orgs/381/clusters/2/logs", "status", status=500)
    found = run_module(main, orgs=["381"], include_failures=True)["clusters"]
    assert found[1:] == [{**clusters[1], "failure": "", "failure_details": ""}, *clusters[2:]]
    assert found[0]["failure"] == "The provider has no capacity for this instance size"
    assert found[0]["failure_details"].startswith("HTTP 422: ")
    asked = [entry["path"] for entry in fake.requests if entry["path"].endswith("/logs")]
    assert sorted(asked) == ["/orgs/381/clusters/1205/logs", "/orgs/381/clusters/2/logs"]
    assert "failure" not in run_module(main, id=1205)["clusters"][0]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["My Organization", "Acme Retail", "🚀"]),
        ({"orgs": ["382", "acme-retail"]}, ["Acme Retail"]),
        ({"name": "staging"}, ["My Organization"]),
        ({"name": "none"}, []),
    ],
)
def test_the_organizations_of_the_clusters_are_returned(
    fake: FakeNKS, run_module: Run, options: JSON, names: list[str]
) -> None:
    assert [org["name"] for org in run_module(main, include_orgs=True, **options)["orgs"]] == names
    assert [entry["path"] for entry in fake.requests].count("/orgs") == 1
    assert "orgs" not in run_module(main, **options)


def test_no_output_holds_a_secret(run_module: Run) -> None:
    result = run_module(main, include_details=True, include_nodes=True, include_node_pools=True, include_logs=True)
    prod = result["clusters"][0]
    assert (len(prod["nodes"]), len(prod["node_pools"])) == (5, 2)
    assert prod["logs"][-1]["message"] == "Creating the network"
    assert result["clusters"][0]["config"] == {}
    assert [solution["name"] for solution in result["clusters"][1]["solutions"]] == ["Helm Tiller"]
    assert "never-show" not in str(result)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"orgs": ["none"]}, "'none'.*381, my-organization"),
        ({"orgs": ["390"]}, "/orgs/390/clusters: status 403.*Owner"),
        ({"orgs": []}, "orgs is an empty list"),
        ({"states": [""]}, "states is an empty list or contains an empty value"),
        ({"wait_for": "gone"}, "wait_for"),
        ({"wait_for": "running", "states": ["running"]}, "states"),
        *(
            ({"wait_for": "present", option: value}, option)
            for option, value in (
                ("wait_timeout", "nan"),
                ("wait_timeout", "inf"),
                ("wait_timeout", -1),
                ("wait_timeout", "x"),
                ("wait_sleep", "nan"),
                ("wait_sleep", "inf"),
                ("wait_sleep", -1),
                ("wait_sleep", 0),
            )
        ),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_an_invalid_selection_or_wait_is_an_error(
    run_module: Run, options: JSON, message: str, check_mode: bool
) -> None:
    result = run_module(main, check_mode=check_mode, **options)
    assert re.search(message, result["msg"])


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"orgs": ["390"]}, 403),
        ({"orgs": ["390"], "wait_for": "absent"}, 403),
        ({"api_token": "wrong", "wait_for": "absent"}, 401),
    ],
)
def test_a_forbidden_organization_is_never_absent(run_module: Run, options: JSON, status: int) -> None:
    assert run_module(main, wait_timeout=0, **options)["status"] == status


def test_a_selection_that_matches_nothing_causes_a_warning_except_in_a_wait(run_module: Run) -> None:
    nothing = {"orgs": ["381"], "states": ["deleting"]}
    assert ["their states are" in str(warning) for warning in run_module(main, **nothing)["warnings"]] == [True]
    for options in ({"wait_for": "absent"}, {"wait_for": "present", "wait_timeout": 0}):
        assert "warnings" not in run_module(main, **nothing, **options)
        assert "warnings" not in run_module(main, **nothing, **options, check_mode=True)


# Waiting


@pytest.mark.parametrize(
    "options",
    [
        {"wait_for": "present", "name": "prod"},
        {"wait_for": "present", "name": "broken"},
        {"wait_for": "running", "orgs": ["382"]},
        {"wait_for": "absent", "orgs": ["381"], "name": "none"},
        {"wait_for": "absent", "orgs": ["381", "382"], "states": ["deleting"]},
        {"wait_for": "absent", "orgs": ["383"], "name": "🐳", "states": ["deleting"]},
        {"wait_for": "absent", "orgs": ["382"], "name": "edge:1  [lab]", "states": ["deleting"]},
    ],
)
@pytest.mark.parametrize("timeout", [0, 600])
def test_a_condition_that_is_already_met_needs_no_wait(
    fake: FakeNKS, run_module: Run, options: JSON, timeout: int
) -> None:
    result = run_module(main, wait_timeout=timeout, **options)
    assert not result.get("failed")
    assert bool(result["clusters"]) == (options["wait_for"] != "absent")
    assert polls(fake) == 1


def test_a_cluster_is_waited_for_until_it_runs(fake: FakeNKS, run_module: Run) -> None:
    fake.step = 0.8
    result = run_module(main, orgs=["381"], name="build-me", wait_for="running", wait_sleep=0.01, include_nodes=True)
    assert [(cluster["state"], len(cluster["nodes"])) for cluster in result["clusters"]] == [("running", 3)]
    assert polls(fake) >= 3


def test_a_cluster_is_waited_for_until_it_is_gone(fake: FakeNKS, run_module: Run) -> None:
    fake.step = 0.8
    result = run_module(main, orgs=["381"], name="going", wait_for="absent", wait_sleep=0.01)
    assert (result["clusters"], result["skipped_orgs"]) == ([], [])
    assert polls(fake) >= 3


@pytest.mark.parametrize("wait_for", ["present", "running"])
def test_a_cluster_that_is_gone_but_still_listed_does_not_end_a_wait_with_success(
    fake: FakeNKS, run_module: Run, wait_for: str
) -> None:
    fake.fault("/orgs/381/clusters/1201", "status", status=404, body='{"detail": "Not found."}')
    options = {"orgs": ["381"], "wait_for": wait_for, "include_details": True}
    assert "do not exist any more: prod (ID 1201)." in run_module(main, name="prod", **options)["msg"]
    assert pks(run_module(main, regions=["us-west-2", "us-central1-a"], **options)) == [1202]


def test_a_cluster_is_waited_for_until_it_exists(fake: FakeNKS, run_module: Run) -> None:
    fake.fault("/orgs/381/clusters", "body", body="[]", times=2)
    assert pks(run_module(main, orgs=["381"], id=1201, wait_for="present", wait_sleep=0.01)) == [1201]
    assert polls(fake) == 3


def test_running_waits_for_every_cluster_that_is_selected(fake: FakeNKS, run_module: Run) -> None:
    def serve(*states: str, times: int | None = None) -> None:
        clusters = [{"pk": pk, "name": f"c{pk}", "state": state, "is_failed": False} for pk, state in enumerate(states)]
        fake.fault("/orgs/381/clusters", "body", body=json.dumps(clusters), times=times)

    for states in ([], ["running", "building"], ["provisioned", "running"], ["running", "deleting"]):
        serve(*states, times=1)
    serve("running", "running")
    assert pks(run_module(main, orgs=["381"], wait_for="running", wait_sleep=0.01)) == [0, 1]
    assert polls(fake) == 5


@pytest.mark.parametrize(
    ("options", "seen"),
    [
        ({"wait_for": "present", "name": "none"}, "prod (ID 1201), old-prod (ID 1202)"),
        ({"wait_for": "running", "name": "none"}, "No cluster matches"),
        ({"wait_for": "running", "name": "build-me"}, "build-me (ID 1203) is building"),
        ({"wait_for": "absent", "name": "prod"}, "prod (ID 1201) is running"),
        ({"wait_for": "present", "orgs": None, "name": "none"}, "390 (Partner Labs)"),
        ({"wait_for": "absent", "name": "old-prod"}, r"ID 1202 has a name that looks the same, 'old-prod\u200b'."),
        ({"wait_for": "absent", "name": "old-prod", "regions": ["us-central1-a"]}, "The cluster may exist: the"),
    ],
)
def test_a_timeout_is_an_error_that_says_what_was_seen(
    fake: FakeNKS, run_module: Run, options: JSON, seen: str
) -> None:
    fake.change_cluster(1202, name="old-prod\u200b")
    result = run_module(main, **{"orgs": ["381"], **options}, wait_timeout=0)
    assert result["failed"]
    assert seen in result["msg"]
    assert result["msg"] == "\n".join([f"The selected clusters are not {options['wait_for']}.", *result["unmet"]])
    assert polls(fake) == 1
    assert not {"status", "clusters"} & set(result)


def test_it_polls_a_last_time_at_the_end_of_the_timeout(fake: FakeNKS, run_module: Run, clock: list[float]) -> None:
    result = run_module(main, orgs=["381"], name="none", wait_for="present", wait_timeout=600, wait_sleep=1000)
    assert re.match(
        r"The selected clusters are not present after (59\d|600) s \(wait_timeout\)\.\nNo cluster", result["msg"]
    )
    assert polls(fake) == 2
    assert len(clock) == 1
    assert 500 < clock[0] < 600


@pytest.mark.parametrize("orgs", [["381"], None])
def test_a_cluster_that_has_failed_ends_the_wait_for_running_at_once(
    fake: FakeNKS, run_module: Run, orgs: list[str] | None
) -> None:
    result = run_module(main, orgs=orgs, wait_for="running")
    assert "broken (ID 1205) is draft" in result["msg"]
    assert "build-me" not in result["msg"]
    assert polls(fake) == 1


def test_a_running_cluster_that_has_failed_is_not_running(fake: FakeNKS, run_module: Run) -> None:
    fake.fault("/orgs/381/clusters", "body", body='[{"pk": 1, "name": "x", "state": "running", "is_failed": true}]')
    assert "x (ID 1)" in run_module(main, orgs=["381"], wait_for="running")["msg"]
    assert polls(fake) == 1


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_partial_view_never_counts_as_absent(fake: FakeNKS, run_module: Run, check_mode: bool) -> None:
    result = run_module(main, check_mode=check_mode, name="partner-prod", wait_for="absent")
    assert result["failed"]
    assert "390 (Partner Labs)" in result["msg"]
    assert polls(fake) == 1


@pytest.mark.parametrize("check_mode", [True, False])
def test_no_visible_organization_never_counts_as_absent(fake: FakeNKS, run_module: Run, check_mode: bool) -> None:
    result = run_module(main, check_mode=check_mode, api_token=fake.tokens["nobody"], wait_for="absent", wait_timeout=0)
    assert "absent: the token sees no organization." in result["msg"]
    assert run_module(main, check_mode=check_mode, api_token=fake.tokens["nobody"])["clusters"] == []


@pytest.mark.parametrize("fault", [{"kind": "reset"}, {"kind": "short_body"}, {"kind": "status", "status": 502}])
def test_a_wait_continues_after_a_transient_failure(
    fake: FakeNKS, run_module: Run, clock: list[float], fault: JSON
) -> None:
    fake.fault("/orgs/381/clusters", after=1, times=5, **fault)
    fake.step = 0.8
    result = run_module(main, orgs=["381"], name="going", wait_for="absent", wait_timeout=300, wait_sleep=5)
    assert (result["clusters"], polls(fake) > 6) == ([], True)


def test_a_lasting_failure_is_named_at_the_end_of_the_timeout(
    fake: FakeNKS, run_module: Run, clock: list[float]
) -> None:
    fake.fault("/orgs/381/clusters", "status", after=1, status=502)
    result = run_module(main, orgs=["381"], name="prod", wait_for="absent", wait_timeout=90, wait_sleep=10)
    assert result["unmet"] == ["prod (ID 1201) is running.", f"The last poll failed: {result['error']}"]
    assert (result["status"], polls(fake)) == (502, 10)


def test_an_endpoint_that_never_answers_is_named_at_the_end_of_the_timeout(run_module: Run, clock: list[float]) -> None:
    result = run_module(main, api_url="http://127.0.0.1:1", wait_for="present", wait_timeout=90)
    assert "\nNo poll succeeded: GET http://127.0.0.1:1/orgs" in result["msg"]
    assert 80 < sum(clock) < 90


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_permanent_failure_ends_a_wait(fake: FakeNKS, run_module: Run, status: int) -> None:
    body = '{"detail": "No."}'  # a 404 without it could come from a gateway
    fake.fault("/orgs/381/clusters", "status", after=1, status=status, body=body)
    fake.fault("/orgs", "status", after=1, status=status, body=body)
    result = run_module(main, orgs=["381"], name="prod", wait_for="absent", wait_sleep=0.01)
    # An organization can be deleted just after it is listed, so this 404 does not end the wait.
    assert (result["status"], polls(fake)) == (status, 3 if status == 404 else 2)


@pytest.mark.parametrize("options", [{"wait_timeout": 0}, {"check_mode": True}])
def test_a_failure_without_a_wait_is_an_error(fake: FakeNKS, run_module: Run, options: JSON) -> None:
    fake.fault("/orgs/381/clusters", "reset")
    assert "GET http" in run_module(main, orgs=["381"], name="x", wait_for="absent", **options)["msg"]


@pytest.mark.parametrize("state", ["running", "failed", "provisioned"])
def test_a_wait_for_running_ends_with_the_reason_of_the_failure(fake: FakeNKS, run_module: Run, state: str) -> None:
    cluster = {"pk": 1, "name": "x", "state": state, "is_failed": state == "running"}
    logs = [
        {"event_type": "provider_communication", "event_state": "failure", "message": "An alert.", "created": "2019-3"},
        {"event_type": "provider_build", "event_state": "failure", "message": "No quota.", "created": "2019-2"},
        {"event_type": "provider_build", "event_state": "started", "message": "Begun.", "created": "2019-1"},
    ]
    fake.fault("/orgs/381/clusters", "body", body=json.dumps([cluster]))
    fake.fault("/orgs/381/clusters/1/logs", "body", body=json.dumps(logs))
    result = run_module(main, orgs=["381"], wait_for="running")
    assert f"x (ID 1) is {state} (the build log says: No quota.)" in result["msg"]
    assert polls(fake) == 1


def test_only_the_newest_log_of_a_build_shows_a_failure(fake: FakeNKS, run_module: Run) -> None:
    states = ["provisioned", "provisioned", "running"]
    logs = [
        {"event_type": "provider_build", "event_state": "success", "created": "2019-10-02T00:00:00Z"},
        {"event_type": "provider_build", "event_state": "failure", "created": "2019-10-01T00:00:00Z"},
        {"event_type": "provider_communication", "event_state": "failure", "created": "2019-10-03T00:00:00Z"},
    ]
    for state in states:
        fake.fault("/orgs/381/clusters", "body", body=json.dumps([{"pk": 1, "name": "x", "state": state}]), times=1)
    fake.fault("/orgs/381/clusters/1/logs", "body", body=json.dumps(logs))
    assert pks(run_module(main, orgs=["381"], wait_for="running", wait_sleep=0.01)) == [1]
    assert [entry["path"].rpartition("/")[2] for entry in fake.requests] == ["clusters", "logs"] * 2 + ["clusters"]


def test_logs_that_cannot_be_read_do_not_end_a_wait(fake: FakeNKS, run_module: Run) -> None:
    for state in ("provisioned", "running"):
        fake.fault("/orgs/381/clusters", "body", body=json.dumps([{"pk": 1, "name": "x", "state": state}]), times=1)
    fake.fault("/orgs/381/clusters/1/logs", "status", status=500)
    assert pks(run_module(main, orgs=["381"], wait_for="running", wait_sleep=0.01)) == [1]


@pytest.mark.parametrize(
    "options",
    [
        {"wait_for": "present", "name": "none"},
        {"wait_for": "running", "name": "build-me"},
        {"wait_for": "running", "name": "none"},
        {"wait_for": "absent", "name": "prod"},
    ],
)
def test_in_check_mode_it_polls_once_and_does_not_fail(fake: FakeNKS, run_module: Run, options: JSON) -> None:
    result = run_module(main, check_mode=True, orgs=["381"], **options)
    assert not result.get("failed")
    assert [cluster["name"] for cluster in result["clusters"]] == [name for name in [options["name"]] if name != "none"]
    assert polls(fake) == 1


def test_the_last_observation_is_shortened(fake: FakeNKS, run_module: Run) -> None:
    clusters = [{"pk": pk, "name": f"c{pk}", "state": "building"} for pk in range(500)]
    fake.fault("/orgs/381/clusters", "body", body=json.dumps(clusters))
    message = run_module(main, orgs=["381"], wait_for="running", wait_timeout=0)["msg"]
    assert "and 490 more" in message
    assert len(message) < 1000


def test_the_last_states_are_kept_if_a_later_poll_fails_for_good(
    fake: FakeNKS, run_module: Run, clock: list[float]
) -> None:
    fake.fault("/orgs", "status", status=401, after=2)
    options = {"orgs": ["My Organization"], "name": "build-me", "wait_for": "running"}
    result = run_module(main, **options, wait_timeout=60, wait_sleep=1)
    assert result["is_final"] and result["unmet"][0].startswith("build-me (ID 1203) is ")
    assert result["unmet"][1].startswith("The last poll failed: ")
