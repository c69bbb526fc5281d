# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import re
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.modules.nks_cluster_gate import main
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]
Run = t.Callable[..., JSON]


def paths(fake: FakeNKS) -> list[str]:
    return [entry["path"] for entry in fake.requests]


@pytest.mark.parametrize("check_mode", [True, False])
def test_it_opens_when_all_clusters_are_as_expected(fake: FakeNKS, run_module: Run, check_mode: bool) -> None:
    wanted = [{"name": "prod", "org": "my-organization", "min_nodes": 3}, {"id": 1301, "expect": "present"}]
    result = run_module(main, check_mode=check_mode, clusters=wanted)
    assert result["msg"] == "The gate opens: 2 of 2 clusters are as expected."
    assert not result.get("changed")
    assert "unmet" not in result
    (prod, retail) = result["clusters"]
    assert prod["cluster"]["pk"] == 1201
    assert {**prod, "cluster": None} == {**wanted[0], "expect": "running", "met": True, "reasons": [], "cluster": None}
    assert {**retail, "cluster": None} == {**wanted[1], "met": True, "reasons": [], "cluster": None}


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_failure_lists_all_unmet_expectations(fake: FakeNKS, run_module: Run, check_mode: bool) -> None:
    wanted = [{"name": "staging", "min_nodes": 9}, {"id": 1201, "org": 381}, {"name": "none", "org": "381"}]
    result = run_module(main, check_mode=check_mode, clusters=wanted)
    unmet = [
        "Cluster staging has 3 nodes, not 9 or more.",
        "Cluster none of organization 381 was not found.",
    ]
    assert result["msg"] == "\n".join(["The gate stays shut.", *unmet])
    assert result["unmet"] == unmet
    assert [entry["met"] for entry in result["clusters"]] == [False, True, False]
    assert [entry["reasons"] for entry in result["clusters"]] == [unmet[:1], [], unmet[1:]]
    assert not result["is_final"]
    seen = result["clusters"][0]["cluster"]
    assert list(seen) == ["pk", "name", "org", "state", "is_failed", "node_count", "k8s_version"]
    assert (seen["pk"], seen["state"], seen["node_count"]) == (1202, "running", 3)


def test_each_organization_is_requested_once_per_poll(fake: FakeNKS, run_module: Run, clock: list[float]) -> None:
    entries: list[JSON] = [
        {"name": f"none-{number}", "org": org, "expect": "absent"}
        for number in range(7)
        for org in (381, "my-organization", 382, "🚀")
    ]
    asked = ["/orgs", *(f"/orgs/{org}/clusters" for org in (381, 382, 383))]
    assert not run_module(main, clusters=entries).get("failed")
    assert sorted(paths(fake)) == asked
    fake.reset()
    run_module(main, clusters=[*entries, {"name": "none", "org": 381}], wait_timeout=25, wait_sleep=10)
    assert sorted(paths(fake)) == sorted(asked * 4)


def test_one_poll_must_meet_all_entries(fake: FakeNKS, run_module: Run) -> None:
    """A cluster that was as expected earlier may no longer be."""
    states = [("running", "building"), ("deleting", "running"), ("running", "running")]
    for looked in states:
        clusters = [{"pk": pk, "name": f"c{pk}", "state": state} for pk, state in enumerate(looked, start=1)]
        fake.fault("/orgs/381/clusters", "body", body=json.dumps(clusters), times=1)
    result = run_module(main, orgs=["381"], clusters=[{"id": 1}, {"id": 2}], wait_timeout=60, wait_sleep=0.01)
    assert not result.get("failed")
    assert len(paths(fake)) == 6


def test_entries_without_org_are_searched_in_orgs(
    fake: FakeNKS, run_module: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (
        "ambiguous: the IDs 1201 (organization 381 (My Organization)), 1301"
        in run_module(main, clusters=[{"name": "prod"}])["msg"]
    )
    assert run_module(main, orgs=["382"], clusters=[{"name": "prod"}])["clusters"][0]["cluster"]["pk"] == 1301
    monkeypatch.setenv("NKS_ORG_ID", "381")
    assert run_module(main, clusters=[{"name": "prod"}])["clusters"][0]["cluster"]["pk"] == 1201
    assert run_module(main, clusters=[{"name": "prod", "org": 382}])["clusters"][0]["cluster"]["pk"] == 1301


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"clusters": []}, "clusters is an empty list"),
        ({"clusters": None}, "clusters"),
        ({"clusters": {"entries": []}}, "clusters must be a list"),
        ({"states": ["running"]}, "states"),
        ({"wait_timeout": -1}, "wait_timeout must be"),
        ({"wait_timeout": "nan"}, "wait_timeout must be"),
        ({"wait_sleep": 0}, "wait_sleep must be"),
        ({"orgs": []}, "orgs is an empty list"),
        ({"api_token": "wrong"}, "No poll succeeded: GET .*status 401"),
    ],
)
def test_invalid_options_keep_it_shut(run_module: Run, options: JSON, said: str) -> None:
    result = run_module(main, **{"clusters": [{"name": "staging"}], **options})
    assert re.search(said, result["msg"])


def test_a_failure_of_the_api_has_the_fields_of_every_failure(fake: FakeNKS, run_module: Run) -> None:
    clusters = [{"name": "missing", "expect": "absent"}, {"id": 1}]
    result = run_module(main, api_token="wrong", clusters=clusters)
    assert (result["status"], result["detail"], result["url"]) == (401, "Invalid token.", f"{fake.url}/orgs")
    assert result["msg"].startswith("The gate stays shut.\nNo poll succeeded: GET")
    assert result["unmet"] == [f"No poll succeeded: {result['error']}"]
    assert result["is_final"]
    assert "clusters" not in result


@pytest.mark.parametrize("org", [390, "390", "Partner Labs"])
def test_unreadable_organizations_never_count_as_absent(run_module: Run, org: t.Any) -> None:
    assert "status 403" in run_module(main, clusters=[{"name": "none", "org": org, "expect": "absent"}])["msg"]
    result = run_module(main, clusters=[{"name": "none", "expect": "absent"}], wait_timeout=600)
    assert "may not read the organizations 390 (Partner Labs)" in result["msg"]


@pytest.mark.parametrize(
    ("wanted", "is_met"),
    [
        ({"name": "staging"}, True),
        ({"id": 1301}, False),
        ({"name": "prod", "expect": "absent"}, False),
        ({"id": 1201, "expect": "absent"}, False),
        ({"id": 1301, "expect": "absent"}, True),
    ],
)
def test_an_id_selects_its_organization_even_if_another_has_it_as_name(
    fake: FakeNKS, run_module: Run, wanted: JSON, is_met: bool
) -> None:
    orgs = [{"pk": 382, "slug": "381", "name": "Acme"}, {"pk": 381, "slug": "x", "name": "382"}]
    fake.fault("/orgs", "body", body=json.dumps(orgs))
    for options in ({"clusters": [{**wanted, "org": 381}]}, {"clusters": [wanted], "orgs": ["381"]}):
        assert bool(run_module(main, **options).get("failed")) != is_met


def test_an_unreadable_organization_does_not_affect_other_entries(run_module: Run) -> None:
    result = run_module(main, clusters=[{"name": "staging", "org": 381}, {"name": "x", "org": "none"}])
    assert [entry["met"] for entry in result["clusters"]] == [True, False]
    assert "no organization with the ID, slug or name 'none'" in result["msg"]


def test_a_service_cluster_is_seen(run_module: Run) -> None:
    result = run_module(main, clusters=[{"name": "nks-service", "org": 381, "expect": "absent"}])
    assert "nks-service of organization 381 exists" in result["msg"]


# Waiting


def test_a_wait_continues_after_an_outage(fake: FakeNKS, run_module: Run, clock: list[float]) -> None:
    fake.fault("/orgs/381/clusters", "status", status=502, after=1, times=5)
    fake.step = 0.8
    result = run_module(main, clusters=[{"name": "build-me", "org": 381}], wait_timeout=90, wait_sleep=5)
    assert result["msg"] == "The gate opens: 1 of 1 clusters are as expected."


def test_an_outage_at_the_end_is_reported_after_the_last_observation(
    fake: FakeNKS, run_module: Run, clock: list[float]
) -> None:
    fake.fault("/orgs/381/clusters", "status", status=502, after=2)
    result = run_module(main, clusters=[{"name": "build-me", "org": 381}], wait_timeout=90)
    reason, last = result["unmet"]
    assert reason == "Cluster build-me of organization 381 is building, not running."
    assert last == f"The last poll failed: {result['error']}"
    assert result["msg"].startswith("The gate stays shut after 8")
    assert [entry["cluster"]["state"] for entry in result["clusters"]] == ["building"]
    assert not result["is_final"]
    assert result["status"] == 502
    assert 80 < sum(clock) < 90


def test_a_failed_cluster_ends_a_wait_with_the_reason(fake: FakeNKS, run_module: Run) -> None:
    clusters = [{"pk": 1, "name": "x", "state": "failed", "is_failed": False}]
    logs = [{"event_type": "provider_build", "event_state": "failure", "message": "No quota."}]
    fake.fault("/orgs/381/clusters", "body", body=json.dumps(clusters))
    fake.fault("/orgs/381/clusters/1/logs", "body", body=json.dumps(logs))
    entries = [{"name": "x", "org": 381}, {"name": "x", "org": "381", "min_nodes": 1}, {"id": 2, "org": 381}]
    result = run_module(main, clusters=entries, wait_timeout=600)
    assert "Cluster x of organization 381 has failed, in state failed. The build log says: No quota." in result["msg"]
    assert paths(fake) == ["/orgs", "/orgs/381/clusters", "/orgs/381/clusters/1/logs"]


def test_only_logs_of_failed_or_provisioned_clusters_are_read(fake: FakeNKS, run_module: Run) -> None:
    run_module(main, clusters=[{"id": 1201}, {"id": 1205, "expect": "present"}, {"id": 1203}], orgs=["381"])
    assert paths(fake) == ["/orgs", "/orgs/381/clusters"]


def test_the_last_result_is_kept_if_a_later_poll_fails_for_good(
    fake: FakeNKS, run_module: Run, clock: list[float]
) -> None:
    fake.fault("/orgs", "status", status=401, after=2)
    clusters = [{"name": "staging", "org": "381", "min_nodes": 9}]
    result = run_module(main, clusters=clusters, wait_timeout=60, wait_sleep=1)
    assert (
        result["is_final"] and result["unmet"][0] == "Cluster staging of organization 381 has 3 nodes, not 9 or more."
    )
    assert result["unmet"][1].startswith("The last poll failed: ") and "status 401" in result["error"]
    assert result["clusters"][0]["cluster"]["pk"] == 1202
