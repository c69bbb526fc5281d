# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import concurrent.futures
import http.server
import json
import threading
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, NKSPayloadError, NKSStatusError
from ansible_collections.netapp.nks.plugins.module_utils._fleet import Fleet, select_clusters, with_includes
from ansible_collections.netapp.nks.plugins.module_utils._orgs import concurrently, select_orgs
from ansible_collections.netapp.nks.plugins.module_utils._types import Org, Resource
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]
Connect = t.Callable[..., NKSClient]

OF_381 = [1201, 1202, 1203, 1204, 1205]
OF_382 = [1301, 1302, 1303]
ALL = [*OF_381, *OF_382, 1401]
INCLUDES = {"include_details": True, "include_nodes": True, "include_node_pools": True, "include_logs": True}


def pks(items: t.Sequence[Resource]) -> list[int]:
    return [item.pk for item in items]


def paths(fake: FakeNKS) -> list[str]:
    return [entry["path"] for entry in fake.requests]


def serve(fake: FakeNKS, path: str, data: t.Any) -> None:
    fake.fault(path, "body", body=json.dumps(data))


@pytest.mark.parametrize(
    ("selection", "found"),
    [
        ({}, ALL),
        ({"orgs": None, "states": None}, ALL),
        ({"orgs": ["381"]}, OF_381),
        ({"orgs": [381]}, OF_381),
        ({"orgs": ["my-organization"]}, OF_381),
        ({"orgs": ["My Organization"]}, OF_381),
        ({"orgs": ["🚀"]}, [1401]),
        ({"orgs": ["acme-retail", "381"]}, [*OF_382, *OF_381]),
        ({"orgs": ["381", "my-organization", "My Organization"]}, OF_381),
        ({"workspaces": ["4"]}, [1201, 1203]),
        ({"workspaces": [4]}, [1201, 1203]),
        ({"workspaces": ["team-a"]}, [1202, 1205, 1302]),
        ({"workspaces": ["Team A", "data-ai"]}, [1202, 1204, 1205, 1302]),
        ({"workspaces": ["team"]}, []),
        ({"states": ["running"]}, [1201, 1202, 1204, *OF_382, 1401]),
        ({"states": ["draft", "building"]}, [1203, 1205]),
        ({"providers": ["aws"]}, [1201, 1204]),
        ({"providers": ["gce", "hci"]}, [1202, 1303]),
        ({"regions": ["Lab 1", "ams3"]}, [1303, 1401]),
        ({"include_service_clusters": True}, [*OF_381, 1206, *OF_382, 1401]),
        ({"include_service_clusters": True, "providers": ["hci"]}, [1206, 1303]),
        ({"id": 1301}, [1301]),
        ({"id": 4711}, []),
        ({"name": "prod"}, [1201, 1301]),
        ({"name": "Prod"}, []),
        ({"name": "Shop — Zürich"}, [1302]),
        ({"name": ""}, []),
        ({"name": "prod", "orgs": ["382"]}, [1301]),
        ({"orgs": ["381"], "workspaces": ["default"], "states": ["running"], "providers": ["aws"]}, [1201]),
        ({"providers": ["aws"], "regions": ["nyc1"]}, []),
    ],
)
def test_a_cluster_must_match_every_option(client: NKSClient, selection: JSON, found: list[int]) -> None:
    fleet = select_clusters(client, **selection)
    assert pks(fleet.clusters) == found
    assert all(cluster.raw["org"] == cluster.org.pk for cluster in fleet.clusters)


def test_the_other_clusters_of_an_organization_are_not_selected(client: NKSClient) -> None:
    assert pks(select_clusters(client, orgs=["382"], name="prod").not_selected) == [1302, 1303]


@pytest.mark.parametrize("option", ["orgs", "workspaces", "states", "providers", "regions"])
@pytest.mark.parametrize("values", [[], [""], [None], ["running", ""]])
def test_an_empty_list_or_value_is_refused_before_any_request(
    fake: FakeNKS, client: NKSClient, option: str, values: t.Any
) -> None:
    with pytest.raises(NKSError, match=option):
        select_clusters(client, **{option: values})
    assert not fake.requests


ORGS = [
    Org(raw)
    for raw in (
        {"pk": 1, "slug": "2", "name": "x"},
        {"pk": 2, "slug": "y", "name": "z"},
        {"pk": 3, "slug": "x", "name": "y"},
        {"pk": 4, "slug": "", "name": "twin"},
        {"pk": 5, "slug": "", "name": "twin"},
        {"pk": 6, "slug": "a", "name": "2"},
        {"pk": 1, "slug": "2", "name": "x"},
    )
]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (None, [1, 2, 3, 4, 5, 6]),
        (["z"], [2]),
        (["1"], [1]),
        (["6", "1", "a"], [6, 1]),
        (["2"], [2]),
    ],
)
def test_an_organization_is_found_by_id_slug_or_name(wanted: list[str] | None, found: list[int]) -> None:
    assert pks(select_orgs(ORGS, wanted)) == found


@pytest.mark.parametrize(
    ("identifier", "listed"),
    [("twin", r"\(4, twin\); \(5, twin\)"), ("x", "1, .*3, "), ("y", "2, .*3, ")],
)
def test_an_identifier_that_matches_several_organizations_is_ambiguous(identifier: str, listed: str) -> None:
    with pytest.raises(NKSError, match=f"'{identifier}' matches more than one organization: .*{listed}"):
        select_orgs(ORGS, ["6", identifier])


@pytest.mark.parametrize("wanted", ["none", "None", "My organization", "0381"])
def test_an_unknown_organization_is_an_error_that_lists_those_seen(client: NKSClient, wanted: str) -> None:
    with pytest.raises(NKSError) as caught:
        select_orgs([*client.orgs(), Org({"pk": 500, "slug": None})], [wanted])
    assert repr(wanted) in str(caught.value)
    for seen in ("381, my-organization, My Organization", "382, acme-retail, Acme Retail", "383, 🚀", "390", "500"):
        assert seen in str(caught.value)


def test_names_of_organizations_are_shown_on_one_line(fake: FakeNKS, client: NKSClient) -> None:
    serve(fake, "/orgs", [{"pk": 381, "slug": "a\nb", "name": f"\x1b[31m{fake.token}\ud800"}])
    with pytest.raises(NKSError) as caught:
        select_clusters(client, orgs=["none"])
    assert str(caught.value).isprintable()
    assert fake.token not in str(caught.value)


def test_thousands_of_organizations_do_not_fill_the_screen() -> None:
    with pytest.raises(NKSError, match="and 4980 more") as caught:
        select_orgs([Org({"pk": pk, "slug": "s" * 50}) for pk in range(5000)], ["none"])
    assert len(str(caught.value)) < 3000


def test_a_token_that_sees_no_organization_has_no_clusters(fake: FakeNKS, connect: Connect) -> None:
    client = connect(api_token=fake.tokens["nobody"])
    assert select_clusters(client) == Fleet([], [], [], [])
    with pytest.raises(NKSError, match="none at all"):
        select_clusters(client, orgs=["381"])


# Selections that match nothing


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (
            {"states": ["runing"], "orgs": ["381"]},
            "none of the 5 clusters matches states 'runing'; their states are 'building', 'draft', 'running'. "
            "Left out: prod (ID 1201), staging (ID 1202), build-me (ID 1203), going (ID 1204), broken (ID 1205).",
        ),
        (
            {"providers": ["hci"], "regions": ["nyc1"], "orgs": ["382"]},
            "none of the 3 clusters matches regions 'nyc1'; their regions are 'Lab 1', 'eastus', 'westeurope'.",
        ),
        (
            {"providers": ["hci"], "regions": ["eastus"], "orgs": ["382"]},
            "matches providers 'hci' and regions 'eastus' at the same time; their providers are 'aks', 'azure', 'hci'; "
            "their regions are 'Lab 1', 'eastus', 'westeurope'.",
        ),
        (
            {"workspaces": ["Team B", 7], "orgs": ["382"]},
            "workspaces 'Team B', 7; their workspaces are 'Default', 'Team A'.",
        ),
        (
            {"name": "prod", "states": ["draft"]},
            "none of the 2 clusters matches states 'draft'; their states are 'running'",
        ),
    ],
)
def test_a_selection_that_matches_nothing_lists_existing_clusters(
    client: NKSClient, selection: JSON, words: str
) -> None:
    fleet = select_clusters(client, **selection)
    assert not fleet.clusters
    [warning] = [text for text in fleet.warnings() if "Skipped organization" not in text]
    assert warning.startswith("No cluster is selected: none of the ")
    assert words in warning


@pytest.mark.parametrize(
    "selection", [{}, {"states": ["running"]}, {"name": "none"}, {"id": 1}, {"name": "none", "states": ["runing"]}]
)
def test_a_missing_name_or_id_causes_no_warning(client: NKSClient, selection: JSON) -> None:
    assert len(select_clusters(client, **selection).warnings()) == 1  # about the organization that cannot be read


def test_an_organization_without_clusters_causes_no_warning(fake: FakeNKS, client: NKSClient) -> None:
    serve(fake, "/orgs/381/clusters", [])
    assert select_clusters(client, orgs=["381"], states=["running"]).warnings() == []


def test_odd_values_of_many_clusters_are_one_short_line(fake: FakeNKS, client: NKSClient) -> None:
    clusters: list[JSON] = [{"pk": pk, "name": "x" * 500, "region": f"\x1b[31m{pk}\n" * 50} for pk in range(500)]
    serve(fake, "/orgs/381/clusters", [*clusters, {"pk": 500, "region": ["odd"]}, {"pk": 501}])
    [warning] = select_clusters(client, orgs=["381"], regions=["r" * 500] * 500, states=["running"]).warnings()
    assert warning.isprintable()
    assert "their states are not known" in warning
    assert len(warning) < 4000


# Organizations that cannot be read


def test_a_forbidden_organization_that_was_only_discovered_is_skipped(client: NKSClient) -> None:
    assert [skipped.result() for skipped in select_clusters(client).skipped_orgs] == [
        {"pk": 390, "name": "Partner Labs", "detail": "You do not have permission to perform this action."}
    ]


@pytest.mark.parametrize("orgs", [["390"], ["381", "partner-labs"]])
def test_a_forbidden_organization_that_was_named_is_an_error(client: NKSClient, orgs: list[str]) -> None:
    with pytest.raises(NKSStatusError, match="/orgs/390/clusters") as caught:
        select_clusters(client, orgs=orgs)
    assert caught.value.status == 403


def test_only_forbidden_organizations_is_an_error_that_lists_them(fake: FakeNKS, connect: Connect) -> None:
    with pytest.raises(NKSError, match=r"381.*My Organization.*390.*Partner Labs.*Owner") as caught:
        select_clusters(connect(api_token=fake.tokens["member"]))
    assert caught.value.status == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/orgs", 403),
        ("/orgs", 500),
        ("/orgs/382/clusters", 401),
        ("/orgs/382/clusters", 404),
        ("/orgs/383/clusters", 500),
        ("/orgs/381/clusters/1205", 404),
        ("/orgs/382/clusters/1302/nodes", 403),
        ("/orgs/383/clusters/1401/nodepools", 503),
        ("/orgs/383/clusters/1401/logs", 404),
    ],
)
def test_any_other_failure_fails_the_whole_query(fake: FakeNKS, client: NKSClient, path: str, status: int) -> None:
    fake.fault(path, "status", status=status)
    with pytest.raises(NKSStatusError) as caught:
        with_includes(client, select_clusters(client), **INCLUDES)
    assert (caught.value.status, caught.value.url) == (status, fake.url + path)


@pytest.mark.parametrize("kind", ["reset", "short_body", "gzip_broken"])
def test_a_broken_answer_fails_the_whole_query(fake: FakeNKS, client: NKSClient, kind: str) -> None:
    fake.fault("/orgs/382/clusters", kind)
    with pytest.raises(NKSError):
        select_clusters(client)


def test_a_paginated_list_is_refused() -> None:
    class Paged(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Link", '</orgs?page=1>; rel="prev", </orgs?page=3>; rel="next"')
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, *args: t.Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Paged) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = NKSClient("token", f"http://127.0.0.1:{server.server_port}")
        with client, pytest.raises(NKSPayloadError, match="names a next page"):
            select_clusters(client)
        server.shutdown()


@pytest.mark.parametrize(
    ("states", "warned"),
    [
        (["running", "runing"], ["No cluster matches states 'runing'; did you mean 'running'?"]),
        (["running", "deleted", "upgrading"], []),
    ],
)
def test_a_misspelled_state_beside_another_causes_a_warning(
    client: NKSClient, states: list[str], warned: list[str]
) -> None:
    assert select_clusters(client, orgs=["381"], states=states).warnings() == warned


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "prod\u200b"}, "name contains an invisible character"),
        ({"name": "x__omit_place_holder__1f"}, "placeholder of omit"),
        ({"orgs": ["381__omit_place_holder__1f"]}, "placeholder of omit"),
    ],
)
def test_a_misleading_selection_is_refused(fake: FakeNKS, client: NKSClient, options: JSON, message: str) -> None:
    with pytest.raises(NKSError, match=message):
        select_clusters(client, **options)
    assert not fake.requests


@pytest.mark.parametrize(
    ("path", "times"), [("/orgs", 1), ("/orgs/382/clusters", 1)], ids=["no organization", "an organization is gone"]
)
def test_a_missing_organization_is_a_transient_failure(fake: FakeNKS, client: NKSClient, path: str, times: int) -> None:
    if path == "/orgs":
        fake.fault(path, "body", body="[]", times=times)
    else:
        fake.fault(path, "status", status=404, body='{"detail": "Not found."}', times=times)
    with pytest.raises(NKSError) as caught:
        select_clusters(client, orgs=["acme-retail"])
    assert caught.value.is_transient


# Results


def test_duplicates_are_returned_once_in_the_order_of_the_api(fake: FakeNKS, client: NKSClient) -> None:
    listed: list[JSON] = [{"pk": 9}, {"pk": 3, "n": 1}, {"pk": 9, "n": 2}, {"pk": 3, "n": 1}, {"pk": 9}, {"pk": 7}]
    serve(fake, "/orgs/381/clusters", listed)
    found = [cluster.raw for cluster in select_clusters(client, orgs=["381"]).clusters]
    assert found == [listed[number] for number in (0, 1, 2, 5)]


def test_objects_are_returned_with_the_fields_and_values_of_the_api(fake: FakeNKS, client: NKSClient) -> None:
    new = {"username": "kept", "x": [1.5, "ü"]}
    listed: list[JSON] = [{"pk": 9, "name": None, "workspace": "odd", "state": 5, "new": new, "solutions": []}]
    serve(fake, "/orgs/381/clusters", listed)
    assert [cluster.raw for cluster in select_clusters(client, orgs=["381"]).clusters] == listed
    assert pks(select_clusters(client, orgs=["381"], workspaces=["odd"]).clusters) == []


def test_secrets_are_dropped_from_short_and_detail_forms(fake: FakeNKS, client: NKSClient) -> None:
    secret = {"pk": 1201, "solutions": [{"name": "Helm", "username": "never-show", "password": "never-show"}]}
    serve(fake, "/orgs/381/clusters", [secret])
    fleet = select_clusters(client, orgs=["381"], name="none")
    assert pks(fleet.not_selected) == [1201]
    assert "never-show" not in repr(fleet)
    fleet = select_clusters(client, orgs=["381"])
    detailed = with_includes(client, fleet, **INCLUDES)
    assert [item["name"] for item in detailed.clusters[0].raw["solutions"]] == ["Helm Tiller", "Prometheus", "GitLab"]
    assert "never-show" not in repr(fleet) + repr(detailed)


@pytest.mark.parametrize(
    ("includes", "added", "requests"),
    [
        ({}, set(), 0),
        ({"include_details": False, "include_nodes": False, "include_node_pools": False}, set(), 0),
        ({"include_details": True}, {"config", "master_count", "is_kubeconfig_available"}, 9),
        ({"include_nodes": True}, {"nodes"}, 9),
        ({"include_node_pools": True}, {"node_pools"}, 9),
        ({"include_logs": True}, {"logs"}, 9),
        (INCLUDES, {"config", "nodes", "node_pools", "logs"}, 36),
    ],
)
def test_includes_add_the_requested_parts_to_each_cluster(
    fake: FakeNKS, client: NKSClient, includes: JSON, added: set[str], requests: int
) -> None:
    fleet = select_clusters(client)
    before = len(fake.requests)
    more = with_includes(client, fleet, **includes)
    assert pks(more.clusters) == ALL
    assert len(fake.requests) - before == requests
    assert more.skipped_orgs == fleet.skipped_orgs
    for cluster, short in zip([found.raw for found in more.clusters], [found.raw for found in fleet.clusters]):
        assert [field for field in short if field != "solutions" and cluster[field] != short[field]] == []
        assert added <= set(cluster)
        parts_that_can_be = {"config", "nodes", "node_pools", "logs"}
        assert parts_that_can_be & set(cluster) == added & parts_that_can_be
        parts = cluster.get("nodes", []) + cluster.get("node_pools", []) + cluster.get("logs", [])
        assert {part["cluster"] for part in parts} <= {cluster["pk"]}


@pytest.mark.parametrize("old_first", [True, False])
def test_logs_are_returned_newest_first_with_or_without_an_id(
    fake: FakeNKS, client: NKSClient, old_first: bool
) -> None:
    newest_first: list[JSON] = [
        {"created": "2019-10-06T19:40:12.000002Z", "message": "d", "event_state": "failure"},
        {"pk": 3, "created": "2019-10-06T19:40:12.000001Z", "message": "c"},
        {"pk": 9, "created": "2019-10-06T19:40:12Z", "message": "b"},
        {"created": "2018-12-31T23:59:59.999999Z", "message": "a"},
    ]
    undated = [{"message": "x"}, {"message": "x"}, {"pk": 1, "created": None, "message": "y"}]
    logs = [*undated, *(newest_first[::-1] if old_first else newest_first)]
    serve(fake, "/orgs/381/clusters/1201/logs", logs)
    fleet = with_includes(client, select_clusters(client, orgs=["381"], id=1201), include_logs=True)
    assert fleet.clusters[0].raw["logs"] == [*newest_first, *undated]


@pytest.mark.parametrize("include", INCLUDES)
def test_a_cluster_that_is_gone_but_still_listed_is_left_out(fake: FakeNKS, client: NKSClient, include: str) -> None:
    fake.fault("/orgs/381/clusters/1204.*", "status", status=404, body='{"detail": "Not found."}')
    fleet = select_clusters(client, orgs=["381"])
    assert pks(fleet.clusters) == OF_381
    assert pks(with_includes(client, fleet, **{include: True}).clusters) == [1201, 1202, 1203, 1205]


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/orgs/381/clusters/1204", {"body": "default backend - 404", "content_type": "text/plain"}),
        ("/orgs/381/clusters/1204", {"body": '{"message": "no Route matched"}'}),
        ("/orgs/381/clusters/1204/nodes", {"body": '{"detail": "Not found."}'}),
    ],
)
def test_any_other_404_of_a_cluster_fails_the_whole_query(
    fake: FakeNKS, client: NKSClient, path: str, answer: JSON
) -> None:
    fake.fault(path, "status", status=404, **answer)
    with pytest.raises(NKSStatusError, match=path):
        with_includes(client, select_clusters(client, orgs=["381"]), **INCLUDES)


def test_clusters_that_are_not_selected_are_not_fetched(fake: FakeNKS, client: NKSClient) -> None:
    with_includes(client, select_clusters(client, orgs=["381"], name="prod"), include_nodes=True)
    assert paths(fake) == ["/orgs/381/clusters", "/orgs/381/clusters/1201/nodes"]


@pytest.mark.parametrize(
    ("selection", "orgs"),
    [
        ({"orgs": ["381"]}, []),
        ({"orgs": [381, "382"]}, []),
        ({"orgs": ["381"], "whole_orgs": True}, ["/orgs"]),
        ({"orgs": ["my-organization"]}, ["/orgs"]),
        ({"orgs": ["381", "acme-retail"]}, ["/orgs"]),
        ({}, ["/orgs"]),
    ],
)
def test_organizations_are_listed_only_if_an_id_is_not_enough(
    fake: FakeNKS, client: NKSClient, selection: JSON, orgs: list[str]
) -> None:
    fleet = select_clusters(client, **selection)
    assert [path for path in paths(fake) if not path.endswith("clusters")] == orgs
    assert all(("name" in cluster.org.raw) == bool(orgs) for cluster in fleet.clusters)


@pytest.mark.parametrize("status", [403, 404])
def test_a_slug_or_name_can_look_like_an_id(fake: FakeNKS, client: NKSClient, status: int) -> None:
    serve(fake, "/orgs", [{"pk": 381, "slug": "7", "name": "x"}, {"pk": 382, "slug": "y", "name": "8"}])
    fake.fault("/orgs/[78]/clusters", "status", status=status)
    assert pks(select_clusters(client, orgs=["7", "8"]).clusters) == [*OF_381, *OF_382]


@pytest.mark.parametrize("whole_orgs", [True, False])
def test_an_id_selects_its_organization_even_if_another_has_it_as_name(
    fake: FakeNKS, client: NKSClient, whole_orgs: bool
) -> None:
    serve(fake, "/orgs", [{"pk": 382, "slug": "acme", "name": "381"}, {"pk": 381, "slug": "382", "name": "x"}])
    assert pks(select_clusters(client, orgs=["381"], whole_orgs=whole_orgs).clusters) == OF_381
    fake.fault("/orgs/381/clusters", "body", body="[]")
    assert pks(select_clusters(client, orgs=["381"], whole_orgs=whole_orgs).clusters) == []


def test_a_missing_organization_that_the_server_shows_as_empty_is_an_error(fake: FakeNKS, client: NKSClient) -> None:
    fake.fault("/orgs/999/clusters", "body", body="[]")
    with pytest.raises(NKSError, match="no organization with the ID, slug or name '999'"):
        select_clusters(client, orgs=["999"])


@pytest.mark.parametrize("wanted", ["0381", "٣٨١", "-381", "3.81e2", "9" * 5000])
def test_text_that_is_not_an_id_is_never_part_of_a_path(fake: FakeNKS, client: NKSClient, wanted: str) -> None:
    with pytest.raises(NKSError, match="no organization with the ID, slug or name"):
        select_clusters(client, orgs=[wanted])
    assert paths(fake) == ["/orgs"]


@pytest.mark.parametrize("pk", [None, "381", "../x", 1.5, True, [381], {}])
def test_an_id_that_is_not_a_number_is_never_part_of_a_path(fake: FakeNKS, client: NKSClient, pk: t.Any) -> None:
    serve(fake, "/orgs", [{"pk": pk, "name": "odd"}])
    with pytest.raises(NKSPayloadError, match="organization without a numeric pk: odd"):
        select_clusters(client)
    fake.reset()
    serve(fake, "/orgs/381/clusters", [{"pk": pk, "name": "odd"}])
    with pytest.raises(NKSPayloadError, match="cluster without a numeric pk: odd"):
        select_clusters(client, orgs=["381"])
    assert paths(fake) == ["/orgs/381/clusters"]


# Concurrency


class Counter:
    """Count how many calls run at the same time. Each call waits, except one that fails."""

    def __init__(self, wait: t.Callable[[], t.Any]) -> None:
        self.wait = wait
        self.lock = threading.Lock()
        self.running = self.most = self.calls = 0

    def __call__(self, item: int) -> int:
        with self.lock:
            self.running += 1
            self.calls += 1
            self.most = max(self.most, self.running)
        if item >= 0:
            self.wait()
        with self.lock:
            self.running -= 1
        if item < 0:
            raise NKSError(f"item {item}")
        return item * 2


def test_results_are_in_order_and_at_most_16_calls_run_at_once() -> None:
    count = Counter(threading.Barrier(16, timeout=60).wait)
    assert concurrently(count, range(96)) == list(range(0, 192, 2))
    assert count.most == 16
    assert concurrently(count, []) == []


def test_the_first_failure_cancels_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled = threading.Event()

    class Pool(concurrent.futures.ThreadPoolExecutor):
        def shutdown(self, *args: t.Any, **options: t.Any) -> None:
            cancelled.set()
            super().shutdown(*args, **options)

    monkeypatch.setattr(concurrent.futures, "ThreadPoolExecutor", Pool)
    count = Counter(lambda: cancelled.wait(60))
    with pytest.raises(NKSError, match="item -1"):
        concurrently(count, [-1, *range(1000)])
    assert count.calls <= 1 + 16
    assert count.running == 0


def test_per_cluster_requests_run_concurrently_over_at_most_16_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    meet = threading.Barrier(16, timeout=60)
    with FakeNKS(orgs=2, clusters=64, nodes=3) as fake, NKSClient(fake.token, fake.url, 60, 0) as client:
        fleet = select_clusters(client)
        monkeypatch.setattr(fake.stopping, "wait", lambda _latency: meet.wait())
        fake.latency = 1.0
        fleet = with_includes(client, fleet, include_nodes=True)
        assert [len(cluster.raw["nodes"]) for cluster in fleet.clusters] == [3] * 64
        assert len({entry["connection"] for entry in fake.requests}) == 16


def test_no_cluster_is_lost_when_every_request_fails_once(fake: FakeNKS, connect: Connect) -> None:
    fake.fault(".*", "status", status=503, once_each=True)
    client = connect(api_retries=1)
    fleet = with_includes(client, select_clusters(client), include_nodes=True)
    assert [(cluster.pk, bool(cluster.raw["nodes"])) for cluster in fleet.clusters] == [(pk, True) for pk in ALL]
