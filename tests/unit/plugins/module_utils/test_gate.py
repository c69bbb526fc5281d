# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.module_utils._fleet import Fleet
from ansible_collections.netapp.nks.plugins.module_utils._gate import (
    Expectation,
    evaluate,
    match_expectation,
    parse_entries,
)
from ansible_collections.netapp.nks.plugins.module_utils._orgs import SkippedOrg
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Log, Org
from hypothesis import given
from hypothesis import strategies as st

JSON = t.Dict[str, t.Any]
NOT_FALSE: list[t.Any] = [True, "true", "false", 1, "", []]


def fleet(*clusters: JSON, skipped: int = 0, read: int = 1) -> Fleet:
    org, unread = Org({"pk": 1}), Org({"pk": 390, "name": "Partner Labs"})
    skipped_orgs = [SkippedOrg(unread, NKSError("status 403"))] * skipped
    return Fleet([Cluster(cluster, org) for cluster in clusters], [], skipped_orgs, [org] * read)


def message(entries: t.Any) -> str:
    with pytest.raises(NKSError) as caught:
        parse_entries(entries)
    return str(caught.value)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ("", "clusters must be a list, not text"),
        ("prod", "clusters must be a list, not text"),
        (["prod"], "Is clusters a string? On the command line, pass the variable as JSON"),
        ('[{"name": "prod"}]', """-e '{"NAME": [{"name": "prod"}]}'"""),
        ("[]", "use the filter from_json."),
        (None, "clusters must be a list with an entry for each cluster, not unknown"),
        (5, "clusters must be a list with an entry for each cluster, not 5"),
        (True, "clusters must be a list with an entry for each cluster, not True"),
        ({"name": "prod"}, "clusters must be a list"),
        ([], "clusters is an empty list"),
    ],
)
def test_clusters_must_be_a_list(entries: t.Any, said: str) -> None:
    assert said in message(entries)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (None, "must be a dictionary"),
        ("prod", "must be a dictionary with name or id, not 'prod'"),
        ([], "must be a dictionary"),
        ({}, "must have either name or id"),
        ({"org": 381}, "must have either name or id"),
        ({"name": "x", "id": 1}, "must have either name or id"),
        *(
            ({"name": value}, "name must be text")
            for value in (
                None,
                "",
                " ",
                "x ",
                "\tx",
                "x\n",
                ["x"],
                {"a": 1},
                1.1,
                1201,
                True,
                "{{ nothing }}",
                "{% x %}",
            )
        ),
        *(
            ({"id": value}, "id must be a number, 1 or more")
            for value in (None, "", "x", True, 1.5, -1, 0, "0", "1.5", [1], "9" * 5000)
        ),
        *(
            ({key: f"old{character}prod", **rest}, f"{key} contains an invisible character, U+{ord(character):04X}")
            for key, rest in (("name", {}), ("org", {"name": "x"}))
            for character in "\u200b\ufeff\u00ad\u00a0\n\u2028\u200d\u202e\ufe0f\u3164\u2800\U000e0101\x1b"
        ),
        ({"name": "x__omit_place_holder__1f"}, "name contains the placeholder of omit"),
        ({"name": "x", "a__omit_place_holder__1f": 1}, "has the unknown key"),
        *(({"name": "x", "org": value}, "org must be") for value in (None, "", " ", True, 1.5, [381], "{{ o }}", "a ")),
        *(
            ({"name": "x", "expect": value}, "expect must be running, present or absent")
            for value in (None, "", "Absent", "runing", True, ["running", "absent"])
        ),
        *(
            ({"name": "x", "min_nodes": value}, "min_nodes must be a number, 1 or more")
            for value in (None, "", 0, -1, 1.5, "3.9", "many", True, [1])
        ),
        *(
            ({"name": "x", "min_k8s_version": value}, 'min_k8s_version must be a version in quotes, for example "1.15"')
            for value in (None, "", 1, 1.1, True, ["1.10"], "latest", ">=1.10", "1.", "1." * 200 + "1", "1.15\n")
        ),
        ({"name": "x", "expects": "absent"}, "has the unknown key 'expects'. The keys are name, id, org, expect"),
        ({"nam": "x"}, "has the unknown key 'nam'"),
        ({"name": "x", 1: 2}, "has the unknown key 1"),
        ({"name": "x", "expect": "absent", "min_nodes": 1}, "with expect absent"),
        ({"name": "x", "expect": "absent", "min_k8s_version": "1"}, "with expect absent"),
    ],
)
def test_an_invalid_entry_is_refused_by_its_number(entry: t.Any, said: str) -> None:
    assert said in message([{"name": "fine"}, entry])
    assert message([{"name": "fine"}, entry]).startswith("Entry 2 of clusters")
    assert len(message([entry])) < 500


def test_numbers_and_text_are_accepted_in_entries() -> None:
    entries: list[JSON] = [
        {"name": "[1,2]", "org": 381, "min_nodes": "3", "min_k8s_version": "v1.15.5"},
        {"id": "1201", "org": "🚀", "expect": "absent"},
    ]
    assert parse_entries(entries) == [
        Expectation(name="[1,2]", org="381", min_nodes=3, min_k8s_version="v1.15.5"),
        Expectation(id=1201, org="🚀", expect="absent"),
    ]


@pytest.mark.parametrize(
    ("wanted", "cluster", "reasons"),
    [
        ({}, {"state": "running"}, []),
        ({}, {"state": "running", "is_failed": None}, []),
        ({}, {"state": "Running"}, ["is Running, not running."]),
        ({}, {"state": ["running"]}, ["is ['running'], not running."]),
        ({}, {"state": None}, ["is in an unknown state, not running."]),
        ({}, {}, ["is in an unknown state, not running."]),
        *(({}, {"state": "running", "is_failed": value}, ["has failed, in state running."]) for value in NOT_FALSE),
        ({}, {"state": "failed", "is_failed": False}, ["has failed, in state failed."]),
        ({"expect": "present"}, {"state": "failed"}, []),
        ({"min_nodes": 3}, {"state": "running", "node_count": 3}, []),
        *(
            ({"min_nodes": 1}, {"state": "running", "node_count": value}, [f"has {shown} nodes, not 1 or more."])
            for value, shown in ((0, "0"), (True, "True"), ("9", "9"), (9.0, "9.0"), (None, "an unknown number of"))
        ),
        *(
            ({"min_k8s_version": "1.15"}, {"state": "running", "k8s_version": version}, [])
            for version in ("v1.15", "1.15", "v1.15.0", "v1.16.1", "v2")
        ),
        *(
            (
                {"min_k8s_version": "v1.15"},
                {"state": "running", "k8s_version": version},
                [f"has Kubernetes {shown}, not v1.15 or newer."],
            )
            for version, shown in (
                ("v1.9.9", "v1.9.9"),
                ("v1.15.5-rc1", "v1.15.5-rc1"),
                ("latest", "latest"),
                ("", ""),
                (["v1.15"], "['v1.15']"),
                (None, "unknown"),
                ("v²", "v²"),
            )
        ),
        (
            {"min_nodes": 2, "min_k8s_version": "2"},
            {"state": "draft", "node_count": 1, "k8s_version": "1"},
            ["is draft, not running.", "has 1 nodes, not 2 or more.", "has Kubernetes 1, not 2 or newer."],
        ),
        ({"expect": "absent"}, {"state": "deleting"}, ["exists, in state deleting."]),
    ],
)
def test_each_reason_is_a_sentence(wanted: JSON, cluster: JSON, reasons: list[str]) -> None:
    verdict = evaluate(Expectation(name="x", org="My Org", **wanted), fleet({"pk": 1, "name": "x", **cluster}))
    assert verdict.reasons == [f"Cluster x of organization My Org {reason}" for reason in reasons]
    assert verdict.is_final == any("has failed" in reason for reason in reasons)


def test_the_reason_is_taken_from_the_build_log() -> None:
    cluster = {"pk": 1, "state": "provisioned"}
    reasons = ["Cluster 1 has failed, in state provisioned. The build log says: No quota."]
    assert evaluate(Expectation(id=1), fleet(cluster), Log({"message": "No quota."}))[2:4] == (reasons, True)
    assert evaluate(Expectation(id=1), fleet(cluster), Log({})).reasons == [
        "Cluster 1 has failed, in state provisioned."
    ]
    assert evaluate(Expectation(id=1, expect="present"), fleet(cluster), Log({"message": "No quota."})).reasons == []


EXPECTS = ["running", "present", "absent"]


@pytest.mark.parametrize("expect", EXPECTS)
@pytest.mark.parametrize(
    ("clusters", "said"),
    [
        ([{"pk": 1, "name": "x"}, {"pk": 2, "name": "x"}], "is ambiguous: the IDs 1 (organization 1), 2 "),
        (
            [{"pk": 1, "name": "x"}, {"pk": 1, "name": "x", "state": "failed"}],
            "with different contents under the ID 1.",
        ),
        ([{"pk": 1, "name": "x", "org": 2}], "is listed by organization 1, but its own org is 2."),
    ],
)
def test_contradictory_clusters_never_meet_an_expectation(expect: str, clusters: list[JSON], said: str) -> None:
    seen = [{"state": "running", "is_failed": False, **cluster} for cluster in clusters]
    expectation = Expectation(name="x", expect=expect)
    assert said in evaluate(expectation, match_expectation(expectation, fleet(*seen))).reasons[0]


def test_a_cluster_listed_with_two_names_is_a_contradiction() -> None:
    expectation = Expectation(name="x")
    seen = fleet({"pk": 1, "name": "x", "state": "running"}, {"pk": 1, "name": "y", "state": "running"})
    assert "with different contents" in evaluate(expectation, match_expectation(expectation, seen)).reasons[0]


@pytest.mark.parametrize(
    ("name", "there"),
    [("old-prod", "old-prod\u200b"), ("old prod", "old\u00a0prod"), ("x 1", " x  1"), ("ﬁ", "fi"), ("123", 123)],
)
def test_a_name_that_looks_like_an_existing_one_is_not_absent(name: str, there: t.Any) -> None:
    for expect, said in (("absent", "may exist: the cluster"), ("running", "has a name that looks the same")):
        expectation = Expectation(name=name, expect=expect)
        [reason] = evaluate(expectation, match_expectation(expectation, fleet({"pk": 7, "name": there}))).reasons
        assert said in reason
        assert "the ID 7" in reason


def test_names_are_equal_with_any_encoding_of_accents() -> None:
    for name, there in (("k\u00fcche", "ku\u0308che"), ("ku\u0308che", "k\u00fcche")):
        seen = fleet({"pk": 1, "name": there, "state": "running"})
        for expect in EXPECTS:
            expectation = Expectation(name=name, expect=expect)
            assert bool(evaluate(expectation, match_expectation(expectation, seen)).reasons) == (expect == "absent")


def test_a_missing_cluster_is_reported_with_the_nearest_name_and_unread_organizations() -> None:
    expectation = Expectation(name="stagin")
    [reason] = evaluate(
        expectation, match_expectation(expectation, fleet({"pk": 1, "name": "staging"}, skipped=1))
    ).reasons
    assert reason == (
        "Cluster stagin was not found. Did you mean staging? It could be in an organization that the token may not "
        "read: 390 (Partner Labs)."
    )
    assert evaluate(expectation, match_expectation(expectation, fleet({"pk": 1, "name": "other"}))).reasons == [
        "Cluster stagin was not found."
    ]


def test_it_warns_about_unread_organizations_that_could_have_a_cluster_with_the_name() -> None:
    seen = fleet({"pk": 1, "name": "x", "state": "running"}, skipped=1)
    for expectation, warned in ((Expectation(name="x"), True), (Expectation(id=1), False)):
        verdict = evaluate(expectation, match_expectation(expectation, seen))
        assert not verdict.reasons
        assert ["390 (Partner Labs)" in warning for warning in verdict.warnings] == [True] * warned


odd: st.SearchStrategy[t.Any] = st.sampled_from(
    [None, True, False, 0, 1, 3, "", "3", "x", "running", "failed", "v1.15", 1.5, [], {}]
)
clusters = st.lists(
    st.fixed_dictionaries(
        {"pk": st.integers(1, 3)},
        optional={
            "name": st.sampled_from(["a", "b"]) | odd,
            "state": st.sampled_from(["running", "draft"]) | odd,
            "is_failed": st.booleans() | odd,
            "node_count": st.integers(0, 4) | odd,
            "k8s_version": st.sampled_from(["v1.15.5", "1.2", "v1.20"]) | odd,
            "org": st.sampled_from([1, 2]),
        },
    ),
    max_size=4,
)
expectations = (
    st.builds(
        Expectation,
        name=st.just("a"),
        id=st.none(),
        org=st.none(),
        expect=st.sampled_from(["running", "present"]),
        min_nodes=st.none() | st.integers(1, 4),
        min_k8s_version=st.none() | st.sampled_from(["1.15", "v1.3"]),
    )
    | st.builds(
        Expectation,
        name=st.just("a"),
        id=st.none(),
        org=st.none(),
        expect=st.just("absent"),
        min_nodes=st.none(),
        min_k8s_version=st.none(),
    )
    | st.builds(
        Expectation,
        name=st.none(),
        id=st.integers(1, 3),
        org=st.none(),
        expect=st.sampled_from(["running", "present", "absent"]),
        min_nodes=st.none(),
        min_k8s_version=st.none(),
    )
)


@given(expectation=expectations, seen=clusters, skipped=st.integers(0, 1), read=st.integers(0, 2))
def test_an_expectation_is_met_only_by_clusters_that_were_seen(
    expectation: Expectation, seen: list[JSON], skipped: int, read: int
) -> None:
    is_met = not evaluate(expectation, match_expectation(expectation, fleet(*seen, skipped=skipped, read=read))).reasons
    unique = [item for number, item in enumerate(seen) if item not in seen[:number]]
    found = [item for item in seen if (item["pk"] == expectation.id) or (item.get("name") == expectation.name == "a")]
    if expectation.expect == "absent":
        assert is_met == (not found and not skipped and read > 0)
    elif len(found) != 1 or [item["pk"] for item in unique].count(found[0]["pk"]) > 1 or found[0].get("org") == 2:
        assert not is_met
    else:
        cluster = found[0]
        nodes, version = cluster.get("node_count"), str(cluster.get("k8s_version"))
        newer = {"1.15": ("v1.15", "v1.15.5", "v1.20"), "v1.3": ("v1.15", "v1.15.5", "v1.20", "3")}
        assert is_met == (
            (
                expectation.expect == "present"
                or (cluster.get("state") == "running" and cluster.get("is_failed") in (None, False))
            )
            and (
                expectation.min_nodes is None
                or (isinstance(nodes, int) and not isinstance(nodes, bool) and nodes >= expectation.min_nodes)
            )
            and (
                expectation.min_k8s_version is None
                or version in newer[expectation.min_k8s_version]
                or (version == "3" and expectation.min_k8s_version == "1.15")
            )
        )


@given(expectation=expectations)
def test_an_error_meets_no_expectation(expectation: Expectation) -> None:
    verdict = evaluate(expectation, NKSError("GET https://nks.example.com/orgs: status 403."))
    assert verdict.reasons == [f"{expectation} cannot be checked: GET https://nks.example.com/orgs: status 403."]
    assert verdict.is_final
