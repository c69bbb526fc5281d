# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.module_utils._plan_cluster import CLUSTER_FIELDS
from ansible_collections.netapp.nks.plugins.modules.nks_cluster import main
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]
Run = t.Callable[..., JSON]

CLUSTERS = "/orgs/381/clusters"
NEW: JSON = {"org": "381", "name": "new", "provider": "do", "provider_keyset": "38103", "region": "nyc1"}
NEW.update(k8s_version="v1.15.5", worker_count=2, worker_size="4gb", wait_sleep=1)


@pytest.fixture(name="run")
def run_fixture(fake: FakeNKS, run_module: Run, clock: list[float]) -> Run:
    """Return a function that runs the module. Each request advances the fake's clock by a second; pauses do not."""
    fake.step = 1.0

    def run(**options: t.Any) -> JSON:
        return run_module(main, **options)

    return run


def writes(fake: FakeNKS) -> list[tuple[str, str]]:
    return [(entry["method"], entry["path"]) for entry in fake.requests if entry["method"] != "GET"]


def keyset_of(fake: FakeNKS, client: t.Any, provider: str) -> str:
    orgs = [org for org in client.orgs() if org.pk == 381]
    return next(str(keyset.pk) for keyset in client.keysets(orgs[0]) if keyset.raw["entity"] == provider)


@pytest.fixture(name="new")
def new_fixture(fake: FakeNKS, client: t.Any) -> JSON:
    return {**NEW, "provider_keyset": keyset_of(fake, client, "do")}


@pytest.mark.parametrize("variants", [{}, {"deleted_clusters": "gone", "sizes": "known"}])
def test_a_cluster_is_created_and_deleted(fake: FakeNKS, run: Run, new: JSON, variants: JSON) -> None:
    fake.set_variants(**variants)
    planned = run(**new, check_mode=True)
    assert (planned["changed"], planned["actions"], planned["cluster"]) == (True, ["Create the cluster new."], None)
    assert planned["diff"]["after"]["worker_size"] == "4gb" and not writes(fake)
    created = run(**new, user_ssh_keyset=None, extra={"features": [], "name": "other"})
    assert created["changed"] and created["cluster"]["state"] == "running"
    assert created["diff"] == planned["diff"] and created["actions"] == planned["actions"]
    body = json.loads(next(entry["body"] for entry in fake.requests if entry["method"] == "POST"))
    assert (body["name"], body["features"], body["provider_keyset"]) == ("new", [], int(new["provider_keyset"]))
    again = run(**new)
    assert (again["changed"], again["actions"], again["diff"]) == (False, [], {"before": {}, "after": {}})
    gone = run(org="381", name="new", state="absent", wait_sleep=1)
    pk = created["cluster"]["pk"]
    assert gone["changed"] and gone["cluster"] is None
    assert gone["actions"] == [f"Delete the cluster new (ID {pk})."]
    assert writes(fake) == [("POST", CLUSTERS), ("DELETE", f"{CLUSTERS}/{pk}")]
    assert [entry["status"] for entry in fake.requests if entry["path"] == f"{CLUSTERS}/{pk}"][-1] == 404
    assert not run(org="381", name="new", state="absent", wait_sleep=1)["changed"]


def test_a_later_run_waits_without_a_change(fake: FakeNKS, run: Run, new: JSON) -> None:
    first = run(**new, wait=False)
    assert first["changed"] and first["cluster"]["state"] != "running"
    second = run(**new)
    assert not second["changed"] and second["cluster"]["state"] == "running"
    deleting = run(org="381", name="new", state="absent", wait=False)
    assert deleting["changed"] and deleting["cluster"]["state"] == "deleting"
    # The name can be used again only after the deletion.
    fake.step = 0.0
    planned = run(**new, check_mode=True)
    assert planned["actions"] == ["Create the cluster new."] and planned["diff"]["after"]["state"] == "running"
    too_early = run(**new, wait=False)
    assert not too_early["changed"] and not too_early["is_requested"]
    assert "Not requested yet, run the task again: Create the cluster new." in json.dumps(too_early["warnings"])
    fake.step = 1.0
    recreated = run(**new)
    assert recreated["actions"] == planned["actions"] and recreated["diff"]["after"] == planned["diff"]["after"]
    assert recreated["changed"] and recreated["cluster"]["pk"] != first["cluster"]["pk"]
    assert len(writes(fake)) == 3


EVERY_OPTION: JSON = {
    "name": "new",
    "provider": "aws",
    "region": "us-west-2",
    "zone": "us-west-2a",
    "project_id": "project",
    "k8s_version": "v1.15.5",
    "platform": "ubuntu",
    "channel": "18.04-lts",
    "etcd_type": "classic",
    "k8s_rbac_enabled": False,
    "k8s_dashboard_enabled": False,
    "provider_resource_group": "group",
    "provider_network_id": "network",
    "provider_network_cidr": "10.0.0.0/16",
    "provider_subnet_id": "subnet",
    "provider_subnet_cidr": "10.0.0.0/24",
    "k8s_pod_cidr": "10.5.0.0",
    "k8s_service_cidr": "10.6.0.0",
    "master_count": 1,
    "master_size": "t2.large",
    "master_root_disk_size": 40,
    "worker_count": 3,
    "worker_size": "t2.medium",
    "worker_root_disk_size": 50,
    "min_node_count": 0,
    "max_node_count": 5,
    "network_components": [{"id": "__new__"}],
    "config": {"enable_experimental_features": False},
}


def test_each_option_is_sent_and_found_again(fake: FakeNKS, run: Run) -> None:
    keysets = {"provider_keyset": "Keys of aws", "user_ssh_keyset": "Default SSH key pair"}
    options = {**EVERY_OPTION, **keysets, "org": "381", "workspace": "team-a", "wait": False}
    assert {*EVERY_OPTION, *keysets, "workspace", "solutions"} == {*CLUSTER_FIELDS, "name", "k8s_version"}
    solutions: list[t.Any] = ["prometheus", {"solution": "gitlab", "version": "1"}]
    created = run(**options, solutions=solutions)
    assert writes(fake) == [("POST", "/orgs/381/workspaces/21/clusters")]
    body = next(json.loads(entry["body"]) for entry in fake.requests if entry["body"])
    assert body.pop("solutions") == [{"solution": "prometheus"}, solutions[1]]
    assert body == {**EVERY_OPTION, **{option: created["cluster"][option] for option in keysets}}
    assert not run(**options)["changed"]


NEW_NETWORK = {"provider_network_id": "__new__", "provider_subnet_id": "__new__"}


@pytest.mark.parametrize(
    ("provider", "size", "added"),
    [
        ("do", "4gb", {"master_count": 1}),
        ("eks", "t2.medium", {"master_count": 0, "provider_network_id": "__new__"}),
        ("aws", "t2.medium", {"master_count": 1, **NEW_NETWORK}),
        ("azure", "standard_f1", {"master_count": 1, "provider_resource_group": "__new__", **NEW_NETWORK}),
    ],
)
def test_fields_that_the_api_requires_are_added(fake: FakeNKS, run: Run, provider: str, size: str, added: JSON) -> None:
    options: JSON = {"name": "new", "provider": provider, "region": "r", "k8s_version": "v1.15.5", "worker_size": size}
    options["worker_count"] = 2
    keyset = run(**options, org="381", provider_keyset=f"Keys of {provider}", wait=False)["cluster"]["provider_keyset"]
    body = next(json.loads(entry["body"]) for entry in fake.requests if entry["body"])
    assert body == {**options, "provider_keyset": keyset, "master_size": "", "solutions": [], **added}


@pytest.mark.parametrize("variants", [{"upgrade": "running"}, {"upgrade": "provisioned"}])
def test_an_upgrade(fake: FakeNKS, run: Run, variants: JSON) -> None:
    fake.set_variants(**variants)
    before = run(org="381", name="prod", check_mode=True)["cluster"]
    target = before["version_migrations"][-1]
    upgraded = run(org="381", name="prod", k8s_version=target, wait_sleep=1)
    assert upgraded["changed"] and upgraded["cluster"]["k8s_version"] == target
    assert upgraded["diff"] == {"before": {"k8s_version": before["k8s_version"]}, "after": {"k8s_version": target}}
    assert not run(org="381", name="prod", k8s_version=target, wait_sleep=1)["changed"]
    assert writes(fake) == [("POST", f"{CLUSTERS}/1201/migrate_version")]


def test_an_upgrade_whose_answer_is_lost(fake: FakeNKS, run: Run) -> None:
    fake.fault(f"{CLUSTERS}/1202/migrate_version", "lost", method="POST", times=1)
    upgraded = run(org="381", name="staging", k8s_version="v1.15", wait_sleep=1)
    assert upgraded["changed"] and upgraded["cluster"]["k8s_version"] == "v1.15.5"
    assert len(writes(fake)) == 1
    assert "1202/migrate_version" in json.dumps(upgraded["warnings"])


def test_an_upgrade_that_is_redirected_has_failed(fake: FakeNKS, run: Run) -> None:
    fake.fault(f"{CLUSTERS}/1202/migrate_version", "redirect", method="POST")
    result = run(org="381", name="staging", k8s_version="v1.15", wait_sleep=1, wait_timeout=60)
    assert "redirects are never followed" in result["msg"] and not result.get("changed")


@pytest.mark.parametrize("how", ["fails", "hangs"])
def test_an_upgrade_that_does_not_finish(fake: FakeNKS, run: Run, how: str) -> None:
    fake.set_variants(upgrade=how)
    before = run(org="381", name="prod", check_mode=True)["cluster"]
    target = before["version_migrations"][-1]
    # replace_failed must not replace this cluster: it runs.
    options = {"org": "381", "name": "prod", "k8s_version": target, "wait_sleep": 1, "replace_failed": True}
    result = run(**options, wait_timeout=60)
    assert result["failed"] and result["cluster"]["pk"] == 1201 and result["changed"]
    assert result["is_final"] is (how == "fails")
    expected = f"The upgrade to {target} has failed" if how == "fails" else f"{before['k8s_version']}, not {target}."
    assert expected in result["msg"]
    resumed = run(**options, wait_timeout=20, wait_only=True, logs_after=result["logs_after"])
    assert resumed["is_final"] is (how == "fails") and not resumed["changed"]
    assert writes(fake) == [("POST", f"{CLUSTERS}/1201/migrate_version")]


@pytest.mark.parametrize("build", ["fails", "fails_by_state", "fails_by_log", "hangs"])
def test_a_build_that_does_not_finish(fake: FakeNKS, run: Run, new: JSON, build: str) -> None:
    fake.set_variants(build=build)
    result = run(**new, replace_failed=True, wait_timeout=60)
    pk = result["cluster"]["pk"]
    assert result["failed"] and result["changed"] and f"new (ID {pk})" in result["unmet"][0]
    assert result["is_final"] is (build != "hangs")
    assert ("building, not running" if build == "hangs" else "The build log says") in result["msg"]
    assert run(**new, wait=False).get("failed", False) is (build != "hangs")
    assert writes(fake) == [("POST", CLUSTERS)]
    fake.set_variants(build="runs")
    if build == "hangs":
        # The title has the name if both are given, like that of the action plugin.
        assert run(**new, id=pk, wait_timeout=5)["msg"].startswith("The cluster new is not in the requested state")
        return
    planned = run(**new, replace_failed=True, check_mode=True)
    assert planned["actions"] == [f"Delete the cluster new (ID {pk}).", "Create the cluster new."]
    replaced = run(**new, replace_failed=True)
    assert replaced["actions"] == planned["actions"] and replaced["cluster"]["state"] == "running"


@pytest.mark.parametrize(
    ("fault", "changed"),
    [
        ({"kind": "lost"}, True),
        ({"kind": "lost", "status": 502}, True),
        ({"kind": "second_creator"}, False),
    ],
)
@pytest.mark.parametrize("name_taken", ["name", "non_field_errors"])
def test_lost_answers_do_not_cause_duplicates(
    fake: FakeNKS, run: Run, new: JSON, fault: JSON, changed: bool, name_taken: str
) -> None:
    fake.set_variants(name_taken=name_taken)
    fake.fault(CLUSTERS, method="POST", times=1, **fault)
    created = run(**new)
    assert created["changed"] is changed and created["cluster"]["state"] == "running"
    fake.fault(f"{CLUSTERS}/[0-9]+", method="DELETE", times=1, kind="lost")
    assert run(org="381", name="new", state="absent", wait_sleep=1)["changed"]
    assert [method for method, _path in writes(fake)] == ["POST", "DELETE"]


def test_a_create_request_that_was_lost_is_reported(fake: FakeNKS, run: Run, new: JSON) -> None:
    fake.fault(CLUSTERS, "reset", method="POST", times=1)
    result = run(**new)
    assert "is not visible yet, and may still appear" in result["msg"]
    assert len(writes(fake)) == 1


def test_a_deletion_that_is_refused_during_the_build_is_tried_again(fake: FakeNKS, run: Run, new: JSON) -> None:
    fake.set_variants(delete_while_building="refused")
    fake.step = 0.0
    run(**new, wait=False)
    refused = run(org="381", name="new", state="absent", wait=False)
    fake.step = 1.0
    assert refused["status"] == 400 and "still being built" in refused["msg"]
    gone = run(org="381", name="new", state="absent", wait_sleep=1)
    assert gone["changed"] and gone["cluster"] is None and len(gone["actions"]) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({**NEW, "name": "new "}, "name must not be empty or have white space around it"),
        ({"org": "381", "name": "absent"}, "give the missing options: provider, provider_keyset, region"),
        ({"org": "381", "id": 1}, "There is no cluster with the ID 1"),
        ({"org": "381", "id": 1201, "name": "other"}, "does not have the name 'other'"),
        ({"org": "381", "id": 1201, "name": "other", "state": "absent"}, "does not have the name 'other'"),
        ({"org": "381", "name": "prod", "region": "x", "zone": "y"}, "region is 'us-west-2', not 'x'; zone is"),
        ({"org": "381", "name": "prod", "k8s_version": "v1.2"}, "It can be upgraded to: v1."),
        ({"org": "381", "name": "nks-service", "state": "absent"}, "is a service cluster"),
        ({"org": "390", "name": "partner-prod", "state": "absent"}, "status 403"),
        ({"name": "prod"}, "org is missing: the token sees"),
        ({**NEW, "worker_count": 1}, "worker_count must be 2 or more"),
        ({**NEW, "worker_size": "4GB"}, "do has no size '4GB'. Did you mean 4gb? Sizes: 4gb, 8gb."),
        ({**NEW, "provider_keyset": "none"}, "keyset for provider_keyset 'none' was not found. Available:"),
        ({**NEW, "workspace": "none"}, "The workspace 'none' was not found"),
        ({**NEW, "solutions": ["cobol"]}, 'solution: "cobol" is not a valid choice.'),
    ],
)
def test_refusals(fake: FakeNKS, run: Run, new: JSON, options: JSON, message: str) -> None:
    if options.get("provider_keyset") == NEW["provider_keyset"]:
        options = {**options, "provider_keyset": new["provider_keyset"]}
    result = run(**options)
    assert message in result["msg"] and not result.get("changed")
    assert writes(fake) in ([], [("POST", CLUSTERS)])


def test_no_creation_is_advised_if_a_cluster_was_deleted_during_the_wait(run: Run) -> None:
    assert "To create one, give its name" in run(org="381", id=1)["msg"]
    assert run(org="381", id=1, name="a", wait_only=True)["msg"] == "There is no cluster with the ID 1."


def test_the_keyset_of_the_provider_is_found_by_a_name_that_others_have(fake: FakeNKS, run: Run, new: JSON) -> None:
    kinds = [("provider", "do"), ("provider", "aws"), ("provider", "gce"), ("user_ssh", "")]
    keysets: list[JSON] = [
        {"pk": pk, "name": "Main", "category": category, "entity": entity}
        for pk, (category, entity) in enumerate(kinds, start=1)
    ]
    fake.fault("/orgs/381/keysets", "body", body=json.dumps(keysets))
    planned = run(**{**new, "provider_keyset": "Main", "user_ssh_keyset": "Main"}, check_mode=True)
    after = planned["diff"]["after"]
    assert (after["provider_keyset"], after["user_ssh_keyset"]) == (1, 4)
    by_id = run(**{**new, "provider_keyset": "2"}, check_mode=True)
    assert by_id["diff"]["after"]["provider_keyset"] == 2
    unclear = run(**{**new, "provider": "azure", "provider_keyset": "Main"}, check_mode=True)
    assert "matches more than one" in unclear["msg"]


def test_a_cluster_is_awaited_although_the_answer_to_its_creation_has_no_id(fake: FakeNKS, run: Run, new: JSON) -> None:
    fake.fault(CLUSTERS, "body", method="POST", body="{}")
    result = run(**new, wait_timeout=20)
    assert result["unmet"] == ["The cluster new does not exist."] and len(writes(fake)) == 1
    assert result["changed"] and result["actions"] == ["Create the cluster new."]


def test_sizes_are_not_checked_if_the_endpoint_answers_with_a_page(fake: FakeNKS, run: Run, new: JSON) -> None:
    fake.fault("/meta/provider-instances", "body", body="<html>", content_type="text/html")
    assert run(**{**new, "worker_size": "any"}, check_mode=True)["changed"]


def test_the_chart_values_of_solutions_are_not_shown(fake: FakeNKS, run: Run, new: JSON) -> None:
    values = "admin: {password: never-show-1}\n"
    solution = {"solution": "jenkins-repo-1", "version": "latest", "config": {"values_yaml": values}}
    options: JSON = {"solutions": ["prometheus", solution], "config": {"a": ["never-show-2"]}}
    options["extra"] = {"secret": "never-show-3"}
    fake.fault(CLUSTERS, "status", method="POST", status=400, body='{"a": "never-show-1 never-show-2 for prometheus"}')
    failed = run(**new, **options)
    assert failed["status"] == 400 and "for prometheus" in failed["msg"]
    if "invocation" in failed:  # ansible-core 2.21 adds it only at -vvv
        shown = failed["invocation"]["module_args"]["solutions"]
        assert shown[0] == "prometheus" and shown[1]["version"] == "latest"
    assert "never-show" not in json.dumps([failed, run(**new, **options, check_mode=True)])


def test_a_fixed_difference_can_be_a_warning(run: Run) -> None:
    result = run(org="381", name="prod", region="x", fixed_differences="warn")
    assert not result["changed"] and "region is 'us-west-2', not 'x'" in json.dumps(result["warnings"])


def test_a_forbidden_cluster_does_not_count_as_deleted(fake: FakeNKS, run: Run) -> None:
    fake.fault(f"{CLUSTERS}/1201", "status", status=403, body='{"detail": "No."}', after=2)
    result = run(org="381", name="prod", state="absent", wait_sleep=1)
    assert result["failed"] and result["status"] == 403
    assert result["changed"] and result["cluster"]["pk"] == 1201


def test_a_run_without_a_successful_poll_says_nothing_about_the_cluster(fake: FakeNKS, run: Run) -> None:
    options = {"org": "381", "name": "staging", "k8s_version": "v1.15", "wait_sleep": 1, "wait_timeout": 5}
    fake.fault(f"{CLUSTERS}/1202", "status", status=503)
    result = run(**options)
    assert result["unmet"][0].startswith("No poll succeeded") and not result["changed"]
    assert not {"is_requested", "logs_after", "cluster"} & set(result)


def test_an_upgrade_counts_as_requested_only_if_it_was(fake: FakeNKS, run: Run) -> None:
    options = {"org": "381", "name": "staging", "k8s_version": "v1.15", "wait_sleep": 1, "wait_timeout": 5}
    fake.fault(f"{CLUSTERS}/1202/logs", "status", status=503)
    assert run(**options)["is_requested"] is False
    fake.clear_faults()
    fake.fault(f"{CLUSTERS}/1202", "status", status=503, after=1)
    assert run(**options)["is_requested"] is True


@pytest.mark.parametrize(
    ("fault", "is_transient"),
    [
        ({"status": 503}, True),
        ({"status": 404, "body": "no backend"}, True),
        ({"status": 403}, False),
        ({"status": 404, "body": '{"detail": "Not found."}'}, False),
    ],
)
def test_a_failure_says_whether_it_is_transient(fake: FakeNKS, run: Run, fault: JSON, is_transient: bool) -> None:
    fake.fault("/orgs", "status", **fault)
    assert run(org="381", name="prod").get("is_transient", False) is is_transient


def test_nothing_is_deleted_if_the_replacement_would_be_refused(fake: FakeNKS, run: Run, new: JSON) -> None:
    fake.set_variants(build="fails")
    run(**new)
    result = run(**{**new, "worker_size": "4GB"}, replace_failed=True)
    assert "Did you mean 4gb?" in result["msg"] and writes(fake) == [("POST", CLUSTERS)]


@pytest.mark.parametrize("odd", [3, "v1.16", [None, {"v1": 16}]])
def test_a_cluster_can_have_odd_fields(fake: FakeNKS, run: Run, odd: t.Any) -> None:
    cluster = {"pk": 1201, "name": "prod", "state": "running", "k8s_version": "v1.15", "config": odd}
    fake.fault(f"{CLUSTERS}/1201", "body", body=json.dumps({**cluster, "version_migrations": odd}))
    refused = run(org="381", name="prod", k8s_version="v1.16")
    assert "It can be upgraded to: no version." in refused["msg"]
    assert run(org="381", name="prod", state="absent", check_mode=True)["changed"]


@pytest.mark.parametrize("sizes", [{"config": 1}, {"config": ["4gb"]}, {"config": {"4gb": "4gb"}}])
def test_sizes_in_an_odd_form_are_not_checked(fake: FakeNKS, run: Run, new: JSON, sizes: JSON) -> None:
    fake.fault("/meta/provider-instances", "body", body=json.dumps([sizes]))
    assert run(**new, check_mode=True)["changed"]


def test_the_logs_of_a_failed_build_are_not_read_after_the_end_of_the_wait(
    fake: FakeNKS, run: Run, new: JSON, clock: list[float]
) -> None:
    fake.set_variants(build="fails_by_log")
    pk = run(**new)["cluster"]["pk"]
    clock.clear()
    fake.fault(f"{CLUSTERS}/{pk}/logs", "status", status=503, headers={"Retry-After": "60"}, after=1)
    result = run(**new, replace_failed=True, wait_timeout=10, api_retries=4)
    assert "status 503" in result["msg"] and sum(clock) <= 10
    assert writes(fake) == [("POST", CLUSTERS)]
