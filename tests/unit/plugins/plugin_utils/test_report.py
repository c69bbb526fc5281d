# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import csv
import datetime
import html
import re
import typing as t
import unicodedata

import pytest
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.module_utils._types import has_failed
from ansible_collections.netapp.nks.plugins.plugin_utils import _report
from hypothesis import given
from hypothesis import strategies as st

JSON = t.Dict[str, t.Any]

ORGS: list[JSON] = [
    {"pk": 381, "name": "My Organization", "slug": "my-organization"},
    {"pk": 382, "name": "Twin"},
    {"pk": 383, "name": "Twin"},
    {"pk": 384, "name": None, "slug": "only-a-slug"},
    {"pk": 385},
]


def cluster(pk: int, **fields: t.Any) -> JSON:
    default = {
        "name": f"c{pk}",
        "org": 381,
        "provider": "aws",
        "region": "us-west-2",
        "workspace": {"name": "Team"},
        "k8s_version": "v1.15.5",
        "node_count": 3,
        "state": "running",
        "is_failed": False,
    }
    return {"pk": pk, **default, **fields}


def test_a_table_has_a_line_for_each_cluster_in_the_order_given() -> None:
    clusters = [
        cluster(2, name="prod"),
        cluster(1, name="x", provider="gke", node_count=12, state="draft", is_failed=True),
    ]
    assert _report.table(clusters, ORGS) == [
        "ORGANIZATION     CLUSTER  PROVIDER  REGION     VERSION  NODES  STATE",
        "My Organization  prod     aws       us-west-2  v1.15.5  3      running",
        "My Organization  x        gke       us-west-2  v1.15.5  12     draft, failed",
    ]


def test_a_table_without_organizations_shows_their_ids() -> None:
    assert [line.split()[0] for line in _report.table([cluster(1), cluster(2, org=382)])] == [
        "ORGANIZATION",
        "381",
        "382",
    ]


def test_a_table_without_clusters_has_titles() -> None:
    assert _report.table([], []) == ["ORGANIZATION  CLUSTER  PROVIDER  REGION  VERSION  NODES  STATE"]


def test_a_table_of_clusters_that_lack_fields() -> None:
    titles, *lines = _report.table([{}, {"org": None, "name": None, "node_count": 0, "workspace": "x"}], [])
    assert lines == ["", "0".rjust(titles.index("NODES") + 1)]


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"state": "failed", "is_failed": False}, "failed"),
        ({"state": "failed", "is_failed": True}, "failed"),
        ({"state": "running", "is_failed": True}, "running, failed"),
        ({"state": None, "is_failed": True}, ", failed"),
        ({"state": "draft", "is_failed": False}, "draft"),
    ],
)
def test_a_table_shows_failures(fields: JSON, shown: str) -> None:
    line = _report.table([cluster(1, node_count=7, **fields)])[1]
    assert re.split(" 7 +", line)[1] == shown


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("plain", 5),
        ("Zürich — Köln", 13),
        ("Zu\u0308rich", 6),
        ("e\u20dd", 1),
        ("\U0001f433", 2),
        ("\u6771\u4eac", 4),
        ("\uff21", 2),
        ("\uff71", 1),
        ("\ud55c", 2),
        ("a\u200db", 2),
        ("\u2764\ufe0f", 2),
        ("\u2764", 1),
        ("\U0001f433\ufe0f", 2),
        ("\ufe0f", 0),
    ],
)
def test_a_wide_character_takes_two_cells_and_a_combining_one_none(text: str, cells: int) -> None:
    assert _report.display_width(text) == cells
    assert _report.pad(text, 20) == text + " " * (20 - cells)


@pytest.mark.parametrize("width", [30, 40, 60, 80, 200, None])
def test_a_table_has_the_requested_width(width: int | None) -> None:
    clusters = [
        cluster(1, name="\u6771" * 30, region="region" * 10, state="draft", is_failed=True),
        cluster(2, name="\u2764\ufe0f-prod"),
    ]
    lines = _report.table(clusters, ORGS, width)
    widths = [_report.display_width(line) for line in lines]
    assert max(widths) == {30: 49, 40: 49, 60: 60, 80: 80}.get(width or 0, 180)
    assert lines[1].endswith("  draft, failed") and lines[2].endswith("  running")
    assert len({_report.display_width(line[: line.rindex("  ")]) for line in lines[1:]}) == 1


def test_a_table_is_aligned_in_cells() -> None:
    names = ["\U0001f433", "\u6771\u4eac", "Zu\u0308rich", "plain"]
    lines = _report.table([cluster(pk, name=name) for pk, name in enumerate(names)])
    assert {_report.display_width(line[: line.index("aws")]) for line in lines[1:]} == {lines[0].index("PROVIDER")}


def test_a_value_stays_on_its_line() -> None:
    lines = _report.table([cluster(1, name="one\ntwo\r\x1b[31mthree", region="W" * 10_000)])
    assert len(lines) == 2
    assert "one two [31mthree" in lines[1]
    assert len(lines[1]) < 300
    assert all(unicodedata.category(character) != "Cc" for character in lines[1])


def test_a_report_sorts_counts_and_groups() -> None:
    clusters = [
        cluster(1, name="b", org=382),
        cluster(2, name="B", org=381, state="draft", is_failed=True),
        cluster(3, name="a", org=381, state="provisioned", node_count=None),
        cluster(4, name="c", org=381, state="building", node_count="many"),
        cluster(5, name="d", org=999, state="failed"),
    ]
    report = _report.report(clusters, ORGS)
    assert report["totals"] == {"clusters": 5, "running": 1, "failed": 2, "not_running": 2, "nodes": 9}
    assert [row["pk"] for row in report["clusters"]] == ["5", "3", "2", "4", "1"]
    assert [row["pk"] for row in report["failed"]] == ["5", "2"]
    assert [row["pk"] for row in report["not_running"]] == ["4", "3"]
    assert [(org["name"], len(org["clusters"]), org["totals"]["failed"]) for org in report["orgs"]] == [
        ("999", 1, 1),
        ("My Organization", 3, 1),
        ("Twin (382)", 1, 0),
    ]
    assert report["clusters"][1] == {
        "org": "My Organization",
        "name": "a",
        "pk": "3",
        "provider": "aws",
        "region": "us-west-2",
        "workspace": "Team",
        "k8s_version": "v1.15.5",
        "node_count": "",
        "state": "provisioned",
        "failure": "",
        "failure_details": "",
        "reason": 0,
        "created": "",
        "updated": "",
        "age": "",
        "updated_age": "",
        "health": "not_running",
        "in_full": None,
    }


def test_only_a_cluster_that_has_failed_has_a_reason() -> None:
    clusters = [cluster(1, failure="why"), cluster(2, state="failed", failure="why"), cluster(3, is_failed=True)]
    assert [row["failure"] for row in _report.report(clusters)["clusters"]] == ["", "why", ""]


def test_clusters_that_failed_for_the_same_reason_are_grouped() -> None:
    clusters = [
        cluster(1, is_failed=True),
        cluster(2, is_failed=True, failure="<full>", failure_details="HTTP 422"),
        cluster(3, failure="full", failure_details="HTTP 422"),
        cluster(4, is_failed=True, failure="<full>", failure_details="HTTP 422"),
    ]
    report = _report.report(clusters, escape="html")
    assert [
        (group["failure"], group["failure_details"], [(row["pk"], row["reason"]) for row in group["clusters"]])
        for group in report["failures"]
    ] == [("&lt;full&gt;", "HTTP 422", [("2", 1), ("4", 1)]), ("", "", [("1", 2)])]
    assert [row["reason"] for row in report["clusters"]] == [2, 1, 0, 1]


@pytest.mark.parametrize(("failed", "orgs", "opened"), [(0, 1, 1), (0, 2, 0), (3, 9, 3), (4, 9, 0)])
def test_organizations_with_failures_are_open_if_they_are_few(failed: int, orgs: int, opened: int) -> None:
    report = _report.report([cluster(pk, org=pk, is_failed=pk < failed) for pk in range(orgs)])
    assert sum(org["is_open"] for org in report["orgs"]) == opened


@pytest.mark.parametrize(
    ("time", "age"),
    [
        ("2026-01-01T00:00:00Z", "0s"),
        ("2025-12-31T23:59:01.5Z", "58s"),
        ("2025-12-31T23:30:00.000000+00:00", "30m"),
        ("2025-12-31T23:00:01Z", "59m"),
        ("2026-01-01T00:30:00+02:00", "1h"),
        ("2025-12-30T00:00:00Z", "2d"),
        ("2019-10-06T19:37:11.896350Z", "6y"),
        ("2026-01-01T00:00:01Z", ""),
        ("2025-12-30T00:00:00", "2d"),
        ("0001-01-01T00:00:00+23:59", "2026y"),
        ("<b>", ""),
        (5, ""),
        (None, ""),
    ],
)
def test_a_time_has_an_age(time: t.Any, age: str) -> None:
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    row = _report.report([cluster(1, created=time, updated=time)], now=now)["clusters"][0]
    assert (row["age"], row["updated_age"]) == (age, age)


def test_names_are_sorted_naturally() -> None:
    names = ["web 10", "Web 9", "web 2", "", "\u00b2", "9" * 5000, "10", "9"]
    report = _report.report([cluster(pk, name=name) for pk, name in enumerate(names)])
    assert [row["name"] for row in report["clusters"]] == [
        *("", "9", "10", "9" * 5000, "web 2", "Web 9", "web 10"),
        "\u00b2",
    ]


@pytest.mark.parametrize(
    ("value", "html", "markdown", "csv"),
    [
        ("", "", "", '""'),
        ("prod", "prod", "prod", '"prod"'),
        ("<b>&amp;\"'", "&lt;b&gt;&amp;amp;&quot;&#x27;", "&lt;b&gt;&amp;amp;&quot;&#x27;", '"<b>&amp;""\'"'),
        ("a|b\\c`*_[x](y)~$", "a|b\\c`*_[x](y)~$", "a\\|b\\\\c\\`\\*\\_\\[x\\](y)\\~\\$", '"a|b\\c`*_[x](y)~$"'),
        ("http://x www.x", "http://x www.x", "http:\\//x www\\.x", '"http://x www.x"'),
        (" one\n\ttwo\x00 ", " one\n\ttwo\ufffd ", "one two", '" one\n\ttwo\ufffd "'),
        ("\ud800", "\ufffd", "", '"\ufffd"'),
        *((f"{first}1", f"{first}1", None, f'"\'{first}1"') for first in "=+-@\uff1d\uff0b\uff0d\uff20\t\n\x80"),
        *((f"{first}=1", f"{first}=1", None, f'"\'{first}=1"') for first in " \xa0\u2003\u200b\ufeff\u202e\u034f"),
        ("a@b.c #1 # @", "a@b.c #1 # @", "a\\@\u2060b\\.c #\u20601 # \\@", '"a@b.c #1 # @"'),
        ("\x011", "\ufffd1", "1", '"\'\ufffd1"'),
        ("1=", "1=", "1=", '"1="'),
    ],
)
def test_texts_are_escaped(value: str, html: str, markdown: str | None, csv: str) -> None:
    assert _report.escape_for("html")(value) == html
    assert markdown is None or _report.escape_for("markdown")(value) == markdown
    assert _report.escape_for("csv")(value) == csv


def test_every_text_of_a_report_is_escaped_and_cut() -> None:
    long = "<" * 11
    fields = dict.fromkeys(("name", "provider", "region", "k8s_version", "state", "failure", "node_count"), long)
    shown = "&lt;" * 9 + "…"
    clusters = [cluster(1, workspace={"name": long}, is_failed=True, **fields)]
    report = _report.report(clusters, [{"pk": 381, "name": long}], "html", 10)
    row = report["clusters"][0]
    texts = [field for field in _report.TEXTS if field != "pk"]
    assert {field: row[field] for field in texts} == dict.fromkeys(texts, shown)
    assert row["in_full"] == dict.fromkeys(texts, "&lt;" * 11)
    assert row["failure"] == "&lt;" * 11
    assert report["failed"] == report["orgs"][0]["clusters"] == [row]
    assert report["orgs"][0]["name"] == shown
    assert {entry["label"] for chart in report["charts"] for entry in chart["bars"]} == {shown}
    assert "<" not in str(report)


def test_a_text_of_the_greatest_length_is_not_cut() -> None:
    row = _report.report([cluster(1, name="x" * 10)], max_length=10)["clusters"][0]
    assert (row["name"], row["in_full"]) == ("x" * 10, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"escape": "pdf"}, "The format must be one of html, markdown, csv, not 'pdf'."),
        ({"escape": ["html"]}, "The format must be one of html, markdown, csv, not a list."),
        ({"max_length": 0}, "max_length must be a number, 1 or more, not '0'."),
        ({"max_length": "x"}, "max_length must be a number, 1 or more, not 'x'."),
        ({"max_length": True}, "max_length must be a number, 1 or more, not 'True'."),
    ],
)
def test_invalid_options_of_a_report_are_refused(options: JSON, message: str) -> None:
    with pytest.raises(NKSError) as caught:
        _report.report([], [], **options)
    assert str(caught.value) == message


def test_organizations_are_named() -> None:
    assert _report.org_labels(ORGS) == {
        "381": "My Organization",
        "382": "Twin (382)",
        "383": "Twin (383)",
        "384": "only-a-slug",
        "385": "385",
    }


def test_an_organization_that_is_listed_twice_keeps_its_name() -> None:
    assert _report.org_labels([ORGS[0], ORGS[0]]) == {"381": "My Organization"}


def test_charts_show_the_longest_bars_first() -> None:
    clusters = [cluster(1, provider="gce"), cluster(2), cluster(3, state="draft", is_failed=True)]
    charts = {chart["by"]: chart["bars"] for chart in _report.report(clusters, ORGS)["charts"]}
    assert list(charts) == ["state", "Kubernetes version", "organization", "provider", "region"]
    assert charts["provider"] == [
        {"label": "aws", "clusters": 2, "failed": 1, "percent": 100, "failed_percent": 50, "is_rest": False},
        {"label": "gce", "clusters": 1, "failed": 0, "percent": 50, "failed_percent": 0, "is_rest": False},
    ]


@pytest.mark.parametrize("values", [9, 10, 11, 30])
def test_the_last_of_too_many_bars_is_for_the_rest(values: int) -> None:
    clusters = [
        cluster(pk, region=f"r{pk % values:02}", is_failed=pk % values == values - 1) for pk in range(values * 2)
    ]
    bars = _report.report(clusters)["charts"][4]["bars"]
    assert sum(entry["clusters"] for entry in bars) == values * 2
    assert sum(entry["failed"] for entry in bars) == 2
    if values <= 10:
        assert [entry["label"] for entry in bars] == [f"r{number:02}" for number in range(values)]
    else:
        assert len(bars) == 10
        assert bars[9]["label"] == f"{values - 9} others"
        assert (bars[9]["clusters"], bars[9]["failed"], bars[9]["is_rest"]) == ((values - 9) * 2, 2, True)
        assert [entry["percent"] for entry in bars] == [100] * 9 + [0]


@pytest.mark.parametrize("function", [_report.table, _report.report])
@pytest.mark.parametrize(
    ("clusters", "orgs", "message"),
    [
        ("prod", [], "clusters must be a list of objects of the API, not 'prod'."),
        ({"clusters": []}, [], "clusters must be a list of objects of the API, not a dictionary."),
        (None, [], "clusters must be a list of objects of the API, not nothing."),
        (5, [], "clusters must be a list of objects of the API, not '5'."),
        ([{}, "prod"], [], "clusters must be a list of objects of the API, but its item 2 is 'prod'."),
        ([[]], [], "clusters must be a list of objects of the API, but its item 1 is a list."),
        ([], {"orgs": []}, "orgs must be a list of objects of the API, not a dictionary."),
        ([], [381], "orgs must be a list of objects of the API, but its item 1 is '381'."),
    ],
)
def test_clusters_and_orgs_must_be_lists_of_objects(
    function: t.Callable[..., t.Any], clusters: t.Any, orgs: t.Any, message: str
) -> None:
    with pytest.raises(NKSError) as caught:
        function(clusters, orgs)
    assert str(caught.value) == message


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
odd = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), names,
    st.sampled_from(["running", "failed", "draft", "9" * 5000, "\u00b2", "\u0663", "Twin", "\U0001f433"]),
    st.lists(names, max_size=2), st.dictionaries(names, names, max_size=2),
)  # fmt: skip
FIELDS = [
    *("pk", "org", "name", "provider", "region", "workspace", "k8s_version", "failure"),
    *("node_count", "state", "is_failed", "slug", "failure_details", "created"),
]
objects = st.lists(st.dictionaries(st.sampled_from(FIELDS), odd), max_size=30)


@given(objects, objects)
def test_a_report_has_each_cluster_once_with_any_fields(clusters: list[JSON], orgs: list[JSON]) -> None:
    report = _report.report(clusters, orgs)
    rows, totals = report["clusters"], report["totals"]
    assert len(rows) == len(clusters) == totals["clusters"]
    assert {type(row[field]) for row in rows for field in _report.TEXTS} <= {str}
    assert sorted(row["name"] for row in rows) == sorted(_report.text(item.get("name")) for item in clusters)
    assert totals["failed"] == sum(len(group["clusters"]) for group in report["failures"])
    assert totals["failed"] == len(report["failed"]) == sum(map(has_failed, clusters))
    assert totals["not_running"] == len(report["not_running"])
    assert totals["running"] + totals["failed"] + totals["not_running"] == len(clusters)
    assert [row for org in report["orgs"] for row in org["clusters"]] == rows
    for total in totals:
        assert sum(org["totals"][total] for org in report["orgs"]) == totals[total]
    for chart in report["charts"]:
        assert len(chart["bars"]) <= 10
        assert sum(entry["clusters"] for entry in chart["bars"]) == len(clusters)
        assert sum(entry["failed"] for entry in chart["bars"]) == totals["failed"]
        assert all(0 <= entry["failed"] <= entry["clusters"] for entry in chart["bars"])


texts = st.text(st.characters(), max_size=20) | st.text("<>&\"'|\\`*_[]~$=+-@ \n\r\0:/w.", max_size=20)


@given(texts)
def test_no_text_is_markup(value: str) -> None:
    shown = _report.escape_for("html")(value)
    assert not set("<>\"'") & set(shown)
    assert html.unescape(shown) == _report.CONTROLS.sub("\ufffd", value)
    line = _report.escape_for("markdown")(value)
    assert not set("<>\n\r\0") & set(line) and line == line.strip()
    assert not re.search(r"(?<!\\)(\\\\)*[|`*_\[\]~$@]", line) and not re.search("://|@[^ \u2060]", line)
    assert next(csv.reader([_report.escape_for("csv")("x" + value)], strict=True))
    cell = _report.escape_for("csv")(value)
    assert cell[1:2] not in tuple("=+-@\t\r\n") and cell[1:].lstrip()[:1] not in tuple("=+-@") and cell.encode()


@given(objects, objects)
def test_a_table_has_a_line_for_each_cluster_with_any_fields(clusters: list[JSON], orgs: list[JSON]) -> None:
    lines = _report.table(clusters, orgs)
    assert len(lines) == 1 + len(clusters)
    assert all(line.isprintable() and line == line.rstrip() for line in lines)
