# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the HTML report of the role fleet_report in a browser. Run with: python -m pytest tests/browser"""

from __future__ import annotations

import json
import re
import shutil
import typing as t
from pathlib import Path

import pytest
from chromium import Chromium
from reports import FLEETS, FakeNKS, write_report

RUN = "document.title = ran = 1"
HOSTILE = [
    f"<script>{RUN}</script>",
    f"<img src=http://127.0.0.1:9/img onerror='{RUN}'>",
    f'"><svg onload="{RUN}">',
    f"' onmouseover='{RUN}' x='",
    f"</title></desc></text></svg><script>{RUN}</script>",
    f'</style></table><iframe src="javascript:parent.{RUN}"></iframe>',
    "<link rel=stylesheet href=http://127.0.0.1:9/css><base href=http://127.0.0.1:9/>",
    "]]> --> <!-- &lt;b&gt; &amp;amp; &#60;i&#62;",
    "{{ 7 * 6 }} {% raw %} {# #} ${x}",
    "\u202egnp.exe \u2066\u05d0\u05d1\u05d2 \u0627\u0644\u0639",
    "Z\u0300\u0301\u0302\u0303\u0304\u0305" * 12,
    "W" * 300,
    "two  words\tand\na line",
    "long " + "W" * 10_000 + f"<script>{RUN}</script>",
    "\U0001f433" * 40,
]
FIELDS = ("name", "provider", "region", "state", "k8s_version")
COLORS = [
    ("text", "back", 7),
    ("text", "panel", 7),
    ("text", "note-back", 7),
    ("soft", "back", 4.5),
    ("soft", "note-back", 4.5),
    ("bar", "back", 4.5),
    ("bar", "panel", 3),
    ("failed", "back", 4.5),
    ("failed", "panel", 4.5),
    ("failed", "failed-back", 4.5),
    ("note", "note-back", 4.5),
]


@pytest.fixture(scope="module")
def browser() -> t.Iterator[Chromium]:
    if not shutil.which("chromium"):
        pytest.fail("Chromium is missing: install it, with its command chromium on PATH.", pytrace=False)
    with Chromium() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def hostile(folder: Path) -> str:
    clusters = [
        {
            "pk": number,
            "org": 381,
            "node_count": value,
            "is_failed": number % 3 == 0,
            "workspace": {"pk": 1, "name": value},
            **dict.fromkeys(FIELDS, value),
        }
        for number, value in [*enumerate(HOSTILE, 1), (98, HOSTILE[11])]
    ]
    with FakeNKS() as fake:
        orgs = [{"pk": 381 + number, "name": value} for number, value in enumerate(HOSTILE)]
        fake.fault("/orgs", "body", body=json.dumps(orgs))
        fake.fault("/orgs/381/clusters", "body", body=json.dumps(clusters))
        fake.fault("/orgs/382/clusters", "body", body=json.dumps([{"pk": 99, "org": 382}]))
        fake.fault("/orgs/[0-9]+/clusters", "status", status=403, body=json.dumps({"detail": HOSTILE[0]}))
        log = {"event_type": "provider_build", "event_state": "failure", "message": HOSTILE[3], "details": HOSTILE[4]}
        fake.fault("/orgs/381/clusters/[0-9]+/logs", "body", body=json.dumps([log]))
        return write_report(
            folder, fake, "hostile.html", fleet_report_title=HOSTILE[4], fleet_report_include_details=False
        )


@pytest.fixture(scope="module")
def large(folder: Path) -> str:
    with FakeNKS(step=0.0, **FLEETS["300"]) as fake:
        return write_report(folder, fake, "large.html")


@pytest.mark.parametrize("width", [1280, 400])
def test_hostile_names_run_and_fetch_nothing(browser: Chromium, hostile: str, width: int) -> None:
    browser.open(hostile, width)
    browser.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true })")
    look_for(browser, "<script>")
    assert browser.requests == [hostile]
    assert browser.evaluate("typeof ran") == "undefined"
    assert browser.evaluate("document.title") == HOSTILE[4]
    allowed = (
        "html head meta title style body header h1 h2 p time nav a main section ul li small bdi dl div dt dd em table "
        "thead tbody tr th td b span details summary figure figcaption svg rect label input output footer script "
        "select option button"
    ).replace(" ", ", ")
    assert browser.evaluate(f"[...document.querySelectorAll(':not({allowed})')].map(e => e.outerHTML)") == []
    names = browser.evaluate("[...new Set([...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames()))]")
    assert set(names) <= {
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "datetime",
        "aria-hidden",
        "aria-label",
        "aria-labelledby",
        "href",
        "id",
        "class",
        "scope",
        "width",
        "height",
        "open",
        "hidden",
        "colspan",
        "type",
        "for",
        "autocomplete",
        "placeholder",
        "data-health",
        "data-reason",
        "data-total",
        "aria-sort",
    }
    links = browser.evaluate("[...document.querySelectorAll('[href]')].map(e => e.getAttribute('href'))")
    assert links == ["#charts", "#failed", "#not-running", "#all"]
    assert browser.evaluate("document.scripts.length") == 1
    assert RUN not in browser.evaluate("document.scripts[0].text")


def test_hostile_names_are_shown_as_text(browser: Chromium, hostile: str) -> None:
    browser.open(hostile, 1280)
    assert browser.evaluate("document.querySelector('h1').textContent") == HOSTILE[4]
    rows = browser.evaluate(
        """[...document.querySelectorAll('.org tbody tr')].map(row => [
            row.closest('.org').querySelector('summary b').textContent,
            [...row.querySelectorAll('details p')].map(p => p.textContent),
            ...[...row.cells].map(cell => cell.firstChild?.textContent ?? ''),
        ])"""
    )
    by_id = {row[-1]: row for row in rows}
    fields = ("name", "provider", "region", "workspace", "k8s_version", "node_count", "state")
    for number, value in enumerate(HOSTILE, 1):
        is_long = len(value) > 120
        shown = value[:119] + "…" if is_long else value
        in_full = [f"{field}: {value}" for field in fields] if is_long else []
        org, texts, *cells = by_id[str(number)]
        assert (org, sorted(texts), cells) == (HOSTILE[0], sorted(in_full), [*[shown] * 7, "", "", str(number)])
    assert by_id["99"] == [HOSTILE[1], [], *[""] * 9, "99"]
    assert browser.evaluate("document.querySelector('.why p').textContent") == HOSTILE[4]
    skipped = browser.evaluate("[...document.querySelectorAll('.note li')].map(e => e.textContent)")
    assert len(skipped) == len(HOSTILE) - 2
    assert skipped[0] == f"{HOSTILE[2]} ID 383. {HOSTILE[0]}"
    labels = browser.evaluate("[...document.querySelectorAll('figure:nth-of-type(4) span')].map(e => e.textContent)")
    assert HOSTILE[0] in labels


@pytest.mark.parametrize("width", [1280, 768, 400, 320])
@pytest.mark.parametrize("page", ["hostile", "large"])
def test_nothing_is_wider_than_the_screen(
    browser: Chromium, page: str, width: int, request: pytest.FixtureRequest
) -> None:
    browser.open(request.getfixturevalue(page), width)
    browser.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true })")
    assert browser.evaluate(
        "[document.documentElement.scrollWidth, document.body.scrollWidth].every(w => w <= innerWidth)"
    )
    assert browser.evaluate("innerWidth") == width
    beyond = "e.getBoundingClientRect().right > innerWidth + 1"
    wide = f"[...document.querySelectorAll('body *:not(svg *)')].filter(e => {beyond})"
    assert browser.evaluate(f"{wide}.map(e => e.outerHTML.slice(0, 200))") == []


def test_a_number_has_its_label_on_a_phone(browser: Chromium, large: str) -> None:
    browser.open(large, 400)
    columns = browser.evaluate("[...document.querySelector('.org thead tr').cells].map(e => e.textContent)")
    labels = browser.evaluate(
        "[...document.querySelector('.org tbody tr').cells].map(e => getComputedStyle(e, '::before').content)"
    )
    named = {column: label for column, label in zip(columns, labels) if label != "none"}
    assert named == {"Nodes": '"nodes "', "Age": '"age "', "Changed": '"changed "', "ID": '"ID "'}
    assert browser.evaluate("getComputedStyle(document.querySelector('.org tbody tr')).display") == "flex"
    browser.open(large, 1280)
    assert (
        browser.evaluate("getComputedStyle(document.querySelector('.org td:last-child'), '::before').content") == "none"
    )


@pytest.mark.parametrize("width", [1280, 1100, 400, 320])
@pytest.mark.parametrize("page", ["hostile", "large"])
def test_the_texts_of_charts_do_not_overlap(
    browser: Chromium, page: str, width: int, request: pytest.FixtureRequest
) -> None:
    browser.open(request.getfixturevalue(page), width)
    assert browser.evaluate("document.querySelectorAll('figure li').length") > 30
    meet = """[...document.querySelectorAll('figure li')].filter(bar => {
        const texts = [...bar.querySelectorAll('span, em, b')].map(e => e.getBoundingClientRect());
        const [first, last] = [texts[0], texts.at(-1)];
        return texts.some((text, number) => number && (text.left < texts[number - 1].right || text.top > first.bottom))
            || last.right > bar.getBoundingClientRect().right + 1;
    }).map(bar => bar.textContent)"""
    assert browser.evaluate(meet) == []


def test_organizations_are_closed_if_many_have_failures_and_buttons_toggle_them(browser: Chromium, large: str) -> None:
    browser.open(large, 400)
    sections = browser.evaluate("[...document.querySelectorAll('h2')].map(e => e.textContent)")
    assert sections == ["Breakdown", "Failed 16", "Not running 40", "All clusters 300"]
    opened = "[...document.querySelectorAll('.org')].map(e => e.open)"
    assert browser.evaluate(opened) == [False] * 10
    browser.evaluate("document.querySelector('#open').click()")
    assert browser.evaluate(opened) == [True] * 10
    browser.evaluate("document.querySelector('#close').click()")
    assert browser.evaluate(opened) == [False] * 10


def test_equal_reasons_are_shown_once(browser: Chromium, large: str) -> None:
    browser.open(large, 400)
    reasons = browser.evaluate("[...document.querySelectorAll('.why')].map(e => e.textContent)")
    assert len(reasons) == 1
    assert reasons[0].startswith("The provider has no capacity for this instance size 16 clusters")
    assert "HTTP 422" in reasons[0]


@pytest.mark.parametrize("width", [320, 360, 390])
def test_numbers_do_not_wrap(browser: Chromium, large: str, width: int) -> None:
    browser.open(large, width)
    browser.evaluate("document.querySelectorAll('dd').forEach(e => { e.textContent = '12,500' })")
    lines = browser.evaluate(
        "[...document.querySelectorAll('dd, figure b, figure em, .count')].map(e => e.getClientRects().length)"
    )
    assert set(lines) == {1}
    assert browser.evaluate("Math.max(...[...document.querySelectorAll('dd')].map(e => e.clientHeight))") < 40
    assert browser.evaluate("[...document.querySelectorAll('dd')].every(e => e.scrollWidth <= e.clientWidth)")


@pytest.mark.parametrize("width", [1300, 320])
def test_the_filter_is_within_reach(browser: Chromium, large: str, width: int) -> None:
    browser.open(large, width, 700)
    place = "document.querySelector('#filter').getBoundingClientRect().top"
    assert browser.evaluate(place) < 300
    for top in (1500, 3000):
        browser.evaluate(f"scrollTo(0, {top})")
        assert 0 <= browser.evaluate(place) < 30
    browser.evaluate("document.querySelector('#all').scrollIntoView()")
    assert browser.evaluate("document.querySelector('#all').getBoundingClientRect().top") > browser.evaluate(
        "document.querySelector('.tools').getBoundingClientRect().bottom"
    )


@pytest.mark.parametrize("column", ["Cluster", "Version", "State", "ID"])
def test_columns_are_sorted(browser: Chromium, large: str, column: str) -> None:
    browser.open(large, 1300, bypass_policy=False)
    head = f"[...document.querySelectorAll('.org th')].find(e => e.textContent === '{column}')"
    number = browser.evaluate(f"{head}.cellIndex")
    cells = f"[...document.querySelectorAll('.org:first-of-type tbody tr')].map(e => e.cells[{number}].textContent)"
    before = browser.evaluate(cells)
    browser.evaluate(f"{head}.firstChild.click()")
    up = browser.evaluate(cells)
    assert browser.evaluate(f"{head}.ariaSort") == "ascending"
    browser.evaluate(f"{head}.firstChild.click()")
    down = browser.evaluate(cells)
    assert sorted(up) == sorted(down) == sorted(before)
    assert [*map(version_key, up)] == sorted(map(version_key, before))
    assert [*map(version_key, down)] == sorted(map(version_key, before), reverse=True)
    browser.evaluate(
        f"document.querySelector('#sort').value = '{column}';"
        "document.querySelector('#sort').dispatchEvent(new Event('change'))"
    )
    assert browser.evaluate(cells) == up


def version_key(text: str) -> list[tuple[int, str]]:
    return [(int(part or -1), "") if part.isdigit() else (-1, part) for part in re.split("([0-9]+)", text)]


def test_an_organization_without_failures_is_closed(browser: Chromium, hostile: str) -> None:
    browser.open(hostile, 1280)
    parts = browser.evaluate(
        "[...document.querySelectorAll('.org')].map(e => [e.open, e.querySelector('td b') !== null])"
    )
    assert sorted(parts) == [[False, False], [True, True]]


def look_for(browser: Chromium, words: str) -> list[str]:
    """Type words into the filter; return the names of the clusters that it shows."""
    browser.evaluate(
        f"document.querySelector('#filter').value = {json.dumps(words)};"
        "document.querySelector('#filter').dispatchEvent(new Event('input', {bubbles: true}))"
    )
    return t.cast(
        t.List[str],
        browser.evaluate(
            "[...document.querySelectorAll('.org tbody th')].filter(e => e.checkVisibility()).map(e => e.textContent)"
        ),
    )


def test_the_filter_finds_clusters_by_any_value(browser: Chromium, large: str) -> None:
    """Test with the Content-Security-Policy of the page, which allows only its own script."""
    browser.open(large, 1280, bypass_policy=False)
    opened = "[...document.querySelectorAll('.org')].map(e => e.open)"
    count = "document.querySelector('.tools output').textContent"
    browser.evaluate("document.querySelectorAll('.org')[1].open = true")
    before = browser.evaluate(opened)
    assert before[0] is False and before[1] is True
    assert look_for(browser, " EDGE-0131 ") == ["edge-0131"]
    assert browser.evaluate(count) == "1 of 300 clusters"
    assert browser.evaluate("document.querySelectorAll('.org:not([hidden])').length") == 1
    assert len(look_for(browser, "failed")) == 16
    assert len(look_for(browser, "no capacity packet")) == 6
    parts = "[...document.querySelectorAll('h2, .why small, .org summary')].filter(e => e.checkVisibility())"
    assert browser.evaluate(f"{parts}.map(e => e.innerText.trim())")[:4] == [
        "Failed 6 of 16",
        "6 of 16 clusters",
        "All clusters 6 of 300",
        "Organization 5 1 of 30 clusters",
    ]
    totals = "[...document.querySelectorAll('dd')].map(e => e.textContent)"
    assert browser.evaluate(totals) == ["6", "0", "6", "0", "18"]
    assert len(look_for(browser, "draft failed packet")) == 6
    assert len(look_for(browser, "organization 7 running")) == len(
        browser.evaluate("[...document.querySelectorAll('.org:not([hidden]) tbody tr:not([hidden])')].map(e => 1)")
    )
    assert look_for(browser, "no such cluster") == []
    assert browser.evaluate(count) == "0 of 300 clusters"
    look_for(browser, "")
    assert browser.evaluate(opened) == before
    assert browser.evaluate(count) == ""
    assert browser.evaluate("document.querySelectorAll('main [hidden]').length") == 0
    assert browser.evaluate(totals) == ["300", "244", "16", "40", "900"]
    refused = [event for event in browser.events if event["method"] == "Log.entryAdded"]
    assert refused == []


def test_all_clusters_are_readable_without_scripts(browser: Chromium, large: str) -> None:
    browser.open(large, 1280, scripts=False)
    assert browser.evaluate("document.querySelector('#filter').checkVisibility()") is False
    assert browser.evaluate("document.querySelectorAll('.org tbody tr').length") == 300
    assert browser.evaluate("document.querySelectorAll('main [hidden]').length") == 0
    browser.evaluate("document.querySelectorAll('.org').forEach(e => { e.open = true })")
    hidden = "[...document.querySelectorAll('.org tbody th')].filter(e => !e.checkVisibility()).length"
    assert browser.evaluate(hidden) == 0


def test_all_clusters_are_printed(browser: Chromium, large: str) -> None:
    browser.open(large, 1280)
    browser.evaluate("document.querySelectorAll('.org').forEach(e => { e.open = false })")
    closed = "document.querySelectorAll('.org:not([open])').length"
    browser.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert browser.evaluate(closed) == 0
    browser.evaluate("dispatchEvent(new Event('afterprint'))")
    assert browser.evaluate(closed) == 10
    browser.open(large, 700, media="print", scripts=False)
    browser.evaluate("document.querySelectorAll('.org').forEach(e => { e.open = false })")
    shown = "[...document.querySelectorAll('.org tbody th')].filter(e => e.getBoundingClientRect().height > 0).length"
    assert browser.evaluate(shown) == 300
    assert browser.evaluate("document.querySelector('.tools').checkVisibility()") is False


@pytest.mark.parametrize("dark", [False, True])
def test_contrast_is_enough(browser: Chromium, large: str, dark: bool) -> None:
    browser.open(large, 1280, dark=dark)
    assert luminance(browser, "back") < 0.02 if dark else luminance(browser, "back") > 0.9
    for front, back, least in COLORS:
        low, high = sorted((luminance(browser, front), luminance(browser, back)))
        assert (high + 0.05) / (low + 0.05) >= least, (front, back)


def luminance(browser: Chromium, name: str) -> float:
    """Return the relative luminance of a color variable, as WCAG 2 defines it."""
    color = (
        browser.evaluate(f"getComputedStyle(document.documentElement).getPropertyValue('--{name}')").strip().lstrip("#")
    )
    color = color if len(color) == 6 else "".join(digit * 2 for digit in color)
    parts = [int(color[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_print_is_light_and_has_a_table(browser: Chromium, large: str) -> None:
    browser.open(large, 700, dark=True, media="print")
    assert luminance(browser, "back") > 0.9
    assert browser.evaluate("getComputedStyle(document.querySelector('td')).display") == "table-cell"
    assert browser.evaluate("getComputedStyle(document.querySelector('thead')).display") == "table-header-group"


def test_the_page_is_accessible_to_screen_readers(browser: Chromium, large: str) -> None:
    browser.open(large, 1280)
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    named = [(node.get("role", {}).get("value"), node.get("name", {}).get("value")) for node in nodes]
    assert [name for role, name in named if role == "figure"] == [
        f"By {by}" for by in ("state", "Kubernetes version", "organization", "provider", "region")
    ]
    assert {"running", "244", "16 failed"} <= {name for role, name in named if role == "StaticText"}
    assert ("searchbox", "Filter") in named
    assert browser.evaluate("document.querySelectorAll('[id]').length") == browser.evaluate(
        "new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size"
    )
