# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""check.py FLEET FILE: check that the file is the correct report of that fleet.

check.py hostile: print faults that make the fake serve the hostile fleet.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import html.parser
import json
import re
import sys
from pathlib import Path

HOSTILE = [
    "{{ lookup('pipe', 'touch PWNED') }}{% for %}{# #}",
    "<script>alert(1)</script>&amp;\"'",
    '=HYPERLINK("http://example.com")',
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\uff1d1",
    "one\ntwo|three\\|four `five` [six](http://example.com) *seven* www.example.com ~~eight~~",
    "\u202eRTL \u05d0\u05d1\u05d2",
    "9" * 10_000,
    "nul\0bell\x07",
    {"a": ["b", "<i>"]},
    ["<i>"],
    12.5,
    None,
    "",
]
BLOCKS = ["# one", "+ two", "- three", "4. four", "5) five"]
FIELDS = ("name", "provider", "region", "state", "k8s_version", "node_count")
BOM = "\ufeff"
CHARTS = ["state", "Kubernetes version", "organization", "provider", "region"]
REASON = "The provider has no capacity for this instance size"
DETAILS = "HTTP 422: baremetal_0 is not available in ewr1"
HOSTILE_REASON = """=HYPERLINK("x") <script>alert(1)</script>|`x` {{ lookup('pipe', 'touch PWNED') }}"""
VOID = ("meta", "input")
LONGEST = 120


def cut(text: str) -> str:
    """Shorten a text as the HTML report does."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def text(value: object) -> str:
    """Convert a value as a report does."""
    return re.sub("[\0\x07]", "\ufffd", "" if value is None else str(value))


def without_ages(row: list[str]) -> list[str]:
    return [*row[:8], *row[10:]]


class Page(html.parser.HTMLParser):
    """The content of an HTML page: the rows of each table, the texts of elements, the organizations."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.texts: dict[str, list[str]] = {}
        self.orgs: list[tuple[str, bool]] = []
        self.policy = ""
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _value in attrs}
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag == "details" and given.get("class") == "org":
            self.orgs.append(("", "open" in given))
        elif given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""
        self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.texts[tag][-1] += data
        if self.open[-2:] == ["summary", "b"]:
            self.orgs[-1] = (self.orgs[-1][0] + data, self.orgs[-1][1])
        cell = [number for number, tag in enumerate(self.open) if tag in ("td", "th")]
        if cell and "details" not in self.open[cell[0] :]:
            self.tables[-1][-1][-1] += data

    @property
    def attention(self) -> list[list[str]]:
        """The rows of clusters that have failed or are not running, without ages, and the rows of reasons."""
        tables = self.tables[: len(self.tables) - len(self.orgs)]
        return [without_ages(row) for table in tables for row in table[1:]]

    @property
    def everything(self) -> list[list[str]]:
        """The rows of all clusters, with the organization in the second column."""
        tables = self.tables[len(self.tables) - len(self.orgs) :]
        return [
            without_ages([row[0], org, *row[1:]])
            for (org, _is_open), table in zip(self.orgs, tables)
            for row in table[1:]
        ]

    def bars(self, chart: int) -> list[tuple[str, int, int]]:
        """Return label, number of clusters, and number of failed clusters of each bar."""
        lines = self.texts["ul"][chart].strip().split("\n")
        found = [re.fullmatch(r"(.*?)(?: ([0-9,]+) failed)? ([0-9,]+)", line) for line in lines]
        return [(match[1], int(match[3].replace(",", "")), int(match[2] or 0)) for match in found if match]


def rows_of_markdown(page: str) -> list[list[list[str]]]:
    """Return the tables of a Markdown page, with rendered cells."""
    tables: list[list[list[str]]] = []
    before = ""
    for line in page.split("\n"):
        if line.startswith("|"):
            if not before.startswith("|"):
                tables.append([])
            tables[-1].append([shown(cell) for cell in re.split(r"(?<!\\)(?:\\\\)*\|", line)[1:-1]])
        before = line
    for table in tables:
        assert {len(row) for row in table} == {len(table[0])}
    return tables


def shown(markdown: str) -> str:
    return html.unescape(re.sub(r"\\([\\`*_\[\]|~$/.@])", r"\1", markdown.replace("\u2060", "").strip()))


def check_html(fleet: str, content: str) -> None:
    page = Page(content)
    forbidden = {"img", "iframe", "link", "object", "i", "form", "base"}
    assert not page.tags & forbidden, page.tags & forbidden
    assert not [name for name in page.attributes if name.startswith("on") or name in ("src", "style")]
    assert "url(" not in content and "@import" not in content
    assert "script-src 'sha256-" in page.policy and "default-src 'none'" in page.policy
    for script in page.texts.get("script", []):
        assert f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in page.policy
    title = {"some": "<Edge> & *more*"}.get(fleet, "NKS fleet")
    assert page.texts["h1"] == page.texts["title"] == [title]
    assert re.fullmatch("20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9:]{8} UTC", page.texts["time"][0])
    if fleet == "none":
        assert "There is no cluster." in page.texts["main"][0]
        assert "organizations: 382; workspaces: b; states: <i>*x*; regions: a" in page.texts["header"][0]
        assert not page.tables
        assert not {"svg", "script", "input"} & page.tags
        return
    assert len(page.texts["script"]) == 1
    assert page.texts["figcaption"] == [f"By {by}" for by in CHARTS]
    sections = [title for title in page.texts["h2"] if title != "Not in this report"]
    attention = [] if fleet == "some" else ["Failed", "Not"]
    assert [title.split(" ")[0] for title in sections] == ["Breakdown", *attention, "All"]
    first_chart = 1 if "Not in this report" in page.texts["h2"] else 0
    totals = dict(zip(page.texts["dt"], page.texts["dd"]))
    everything = page.everything
    if fleet == "all":
        check_all([row[:8] for row in page.attention if len(row) > 1], everything)
        assert [row for row in page.attention if len(row) == 1] == [[f"{REASON} 1 cluster{DETAILS}"]]
        ages = {cell for row in page.tables[0][2:] for cell in row[8:10]}
        assert all(re.fullmatch("[0-9]+[smhdy]", age) for age in ages)
        assert totals == {"Clusters": "9", "Running": "7", "Failed": "1", "Not running": "1", "Nodes": "30"}
        assert page.bars(first_chart + 2) == [("My Organization", 5, 1), ("Acme Retail", 3, 0), ("🚀", 1, 0)]
        assert "Partner Labs ID 390. You do not have permission" in page.texts["li"][0]
        assert page.orgs == [("Acme Retail", False), ("My Organization", True), ("🚀", False)]
        assert [text.strip() for text in page.texts["summary"]] == [
            "Acme Retail 3 clusters",
            "My Organization 5 clusters, 1 failed, 1 not running",
            "🚀 1 cluster",
        ]
    elif fleet == "some":
        check_some(everything)
        assert "Every cluster is running." in page.texts["main"][0]
        assert "Only organizations: 382, 🚀; providers: hci, do" in page.texts["header"][0]
        assert first_chart == 0
    elif fleet == "large":
        assert len(everything) == 500
        assert totals["Clusters"] == "500" and totals["Nodes"] == "1,500"
        states = [row[7] for row in page.attention if len(row) > 1]
        failed = states.count("draftfailed")
        assert failed and states[:failed] == ["draftfailed"] * failed
        assert states[failed:] == sorted(states[failed:])
        assert set(states[failed:]) == {"building", "deleting", "provisioned"}
        assert len(states) + int(totals["Running"]) == 500
        bars = page.bars(first_chart + 4)
        assert len(bars) == 10
        assert bars[9][0] == "4 others"
        assert sum(count for _label, count, _failed in bars) == 500
        assert sum(failed for _label, _count, failed in bars) == failed
        counts = [count for _label, count, _failed in bars[:9]]
        assert counts == sorted(counts, reverse=True)
    else:
        by_id = {row[8]: row for row in everything}
        numbers = range(1, len(HOSTILE) + 1)
        assert len(by_id) == len(HOSTILE) + 1
        name = text(HOSTILE[0])
        for number, value in enumerate(HOSTILE, 1):
            whole = text(value).replace("\r", "\n")
            cell = cut(whole)
            state = cell + ("failed" if number % 2 else "")
            assert by_id[str(number)] == [cell, f"{name} (1)", cell, cell, cell, cell, cell, state, str(number)], (
                value,
                by_id[str(number)],
            )
            fields = ("name", "provider", "region", "workspace", "k8s_version", "node_count", "state")
            assert cell == whole or {f"{field}: {whole}" for field in fields} <= set(page.texts["p"])
        assert by_id["99"] == ["", f"{name} (2)", *[""] * 6, "99"]
        assert {row[8] for row in page.attention if len(row) > 1} == set(by_id)
        reasons = [row for row in page.attention if len(row) == 1]
        assert reasons == [[f"{HOSTILE_REASON} {sum(number % 2 for number in numbers)} clusters{HOSTILE_REASON}"]]
        assert f"{HOSTILE[1]} ID 3. {HOSTILE[1]}" in page.texts["li"][0]


def check_markdown(fleet: str, content: str) -> None:
    tables = rows_of_markdown(content)
    assert content.endswith("\n") and not content.endswith("\n\n")
    assert content.startswith({"some": "# &lt;Edge&gt; &amp; \\*more\\*\n"}.get(fleet, "# NKS fleet\n"))
    assert re.search(r"^As of 20\d\d-\d\d-\d\d [0-9:]{8} UTC, from \S+127\S+$", content, re.M)
    if fleet == "none":
        assert "\nThere is no cluster.\n" in content
        assert "\nOnly states: &lt;i&gt;\\*x\\*.\n" in content
        assert not tables
    elif fleet == "all":
        assert f"## Failed\n\n1 cluster: {REASON}\n\nDetails: {DETAILS.replace('_', chr(92) + '_')}\n" in content
        attention = [
            [*row[:7], row[7].replace(", **failed**", "failed")] for table in tables[-3:-1] for row in table[2:]
        ]
        everything = [without_ages(["" if cell == "—" else cell for cell in row]) for row in tables[-1][2:]]
        check_all(attention, everything)
        assert tables[0][2] == ["9", "7", "1", "1", "30"]
        assert [table[0][0] for table in tables[1:6]] == [f"By {by}" for by in CHARTS]
        assert tables[3][2:] == [["My Organization", "5", "1"], ["Acme Retail", "3", "0"], ["🚀", "1", "0"]]
        assert "- ID 390, Partner Labs: You do not have permission" in content
    elif fleet == "some":
        check_some(tables[-1][2:])
        assert "Every cluster is running." in content
        assert "\nOnly organizations: 382, 🚀.\nOnly providers: hci, do.\n" in content
    else:
        by_id = {row[10]: row for row in tables[-1][2:]}
        for number, value in enumerate(HOSTILE, 1):
            cell = re.sub("[\\s\0\x07]+", " ", str("" if value is None else value)).strip() or "—"
            assert by_id[str(number)][:1] == [cell], (value, by_id[str(number)])
        assert [
            shown(line) for line in content.split("\n") if "clusters: " in line or line.startswith("Details: ")
        ] == [
            f"{sum(number % 2 for number in range(1, len(HOSTILE) + 1))} clusters: {HOSTILE_REASON}",
            f"Details: {HOSTILE_REASON}",
        ]
        assert not re.search("<|>|(?<!\\\\)[`~]|(?<!\\\\)\\[|http://|www[.]", content)
        assert not re.search("[\0-\x09\x0b-\x1f]", content)
        items = re.findall("^- ID 1[0-4], (.*): {&#x27;detail&#x27;: {&#x27;why&#x27;: 1}}$", content, re.M)
        assert items == BLOCKS


def check_csv(fleet: str, path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, strict=True)
    fields = [
        "organization",
        "cluster",
        "id",
        "provider",
        "region",
        "workspace",
        "k8s_version",
        "node_count",
        "state",
        "is_failed",
        "failure",
        "failure_details",
        "created",
        "updated",
    ]
    assert header == [BOM + fields[0], *fields[1:]]
    assert {len(row) for row in rows} <= {len(fields)}
    if fleet == "none":
        assert not rows
    elif fleet == "all":
        assert rows[0] == [
            "Acme Retail",
            "edge:1 [lab]",
            "1303",
            "hci",
            "Lab 1",
            "",
            "latest",
            "3",
            "running",
            "false",
            "",
            "",
            *rows[0][12:],
        ]
        assert [row[8:12] for row in rows if row[1] == "broken"] == [["draft", "true", REASON, DETAILS]]
        assert all(re.fullmatch("20[0-9]{2}-[-0-9T:.]+Z", time) for row in rows for time in row[12:])
        assert [row[1] for row in rows] == [
            *("edge:1 [lab]", "prod", "Shop — Zürich"),
            *("broken", "build-me", "going", "prod", "staging"),
            "🐳",
        ]
    elif fleet == "some":
        assert [row[1] for row in rows] == ["edge:1 [lab]", "🐳"]
    else:
        by_id = {row[2]: row for row in rows}
        for number, value in enumerate(HOSTILE, 1):
            cell = ("'" if text(value)[:1] and text(value)[0] in "=+-@\t\r\uff1d" else "") + text(value)
            assert by_id[str(number)] == [
                f"{HOSTILE[0]} (1)",
                cell,
                str(number),
                *[cell] * 6,
                str(bool(number % 2)).lower(),
                *([f"'{HOSTILE_REASON}"] * 2 if number % 2 else ["", ""]),
                "",
                "",
            ], value


def check_all(attention: list[list[str]], everything: list[list[str]]) -> None:
    assert attention[0] == ["broken", "My Organization", "packet", "ewr1", "Team A", "v1.15.5", "3", "draftfailed"]
    assert [row[0] for row in attention] == ["broken", "build-me"]
    assert everything[0] == ["edge:1 [lab]", "Acme Retail", "hci", "Lab 1", "", "latest", "3", "running", "1303"]
    assert [row[8] for row in everything] == ["1303", "1301", "1302", "1205", "1203", "1204", "1201", "1202", "1401"]


def check_some(everything: list[list[str]]) -> None:
    assert [row[0] for row in everything] == ["edge:1 [lab]", "🐳"]


def hostile() -> list[dict[str, object]]:
    """Return the faults of the hostile fleet. Two organizations have the same name; the others cannot be read."""
    orgs = [{"pk": 1, "name": HOSTILE[0]}, {"pk": 2, "name": HOSTILE[0]}, {"pk": 3, "name": HOSTILE[1]}]
    orgs += [{"pk": pk, "name": name} for pk, name in enumerate(BLOCKS, 10)]
    clusters = [
        {
            "pk": number,
            "org": 1,
            "workspace": {"name": value},
            "is_failed": bool(number % 2),
            **dict.fromkeys(FIELDS, value),
        }
        for number, value in enumerate(HOSTILE, 1)
    ]
    log = {"event_type": "provider_build", "event_state": "failure"}
    logs = [{**log, "message": HOSTILE_REASON, "details": HOSTILE_REASON}]
    return [
        {"path": "/orgs", "kind": "body", "body": json.dumps(orgs)},
        {"path": "/orgs/1/clusters", "kind": "body", "body": json.dumps(clusters)},
        {"path": "/orgs/2/clusters", "kind": "body", "body": json.dumps([{"pk": 99, "org": 2, "workspace": "x"}])},
        {"path": "/orgs/1/clusters/[0-9]+/logs", "kind": "body", "body": json.dumps(logs)},
        {"path": "/orgs/3/clusters", "kind": "status", "status": 403, "body": json.dumps({"detail": HOSTILE[1]})},
        {"path": "/orgs/1[0-4]/clusters", "kind": "status", "status": 403, "body": '{"detail": {"why": 1}}'},
    ]


def main() -> None:
    if len(sys.argv) == 2:
        print(json.dumps(hostile()))
        return
    fleet, path = sys.argv[1], Path(sys.argv[2])
    if path.suffix == ".csv":
        check_csv(fleet, path)
    elif path.suffix == ".html":
        check_html(fleet, path.read_text(encoding="utf-8"))
    else:
        check_markdown(fleet, path.read_text(encoding="utf-8"))


main()
