# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTML report of the role fleet_report in a browser. Run with: python -m pytest tests/browser"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from chromium import Chromium  # noqa: E402
from fake_nks.server import FakeNKS  # noqa: E402

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
        pytest.fail("Chromium is not here: put its command, chromium, on PATH.", pytrace=False)
    with Chromium() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It has the collection in it."""
    folder = tmp_path_factory.mktemp("report")
    collections = folder / "ansible_collections/netapp"
    collections.mkdir(parents=True)
    (collections / "nks").symlink_to(ROOT)
    return folder


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
        return report(folder, fake, "hostile.html", fleet_report_title=HOSTILE[4])


@pytest.fixture(scope="module")
def large(folder: Path) -> str:
    with FakeNKS(orgs=10, clusters=300) as fake:
        return report(folder, fake, "large.html")


def report(folder: Path, fake: FakeNKS, name: str, **variables: str) -> str:
    """The URL of a new report."""
    path = folder / name
    # Text is marked so that Ansible does not take it for a template.
    marked = "".join(f"{key}: !unsafe {json.dumps(value)}\n" for key, value in variables.items())
    (folder / "variables.yml").write_text(f"fleet_report_dest: {path}\n{marked}", encoding="utf-8")
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(folder),
        "NKS_API_URL": fake.url,
        "NKS_API_TOKEN": fake.token,
    }
    command = [sys.executable, "-m", "ansible", "playbook", "netapp.nks.fleet_report", "-e", f"@{folder}/variables.yml"]
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return path.as_uri()


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_of_a_hostile_name_runs_or_is_fetched(browser: Chromium, hostile: str, width: int) -> None:
    browser.open(hostile, width)
    assert browser.requests == [hostile]
    assert browser.evaluate("typeof ran") == "undefined"
    assert browser.evaluate("document.title") == HOSTILE[4]
    allowed = (
        "html head meta title style body header h1 h2 p time nav a main section ul li small bdi dl div dt dd table "
        "thead tbody tr th td b details summary figure figcaption svg desc g text rect footer"
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
        "aria-label",
        "aria-labelledby",
        "href",
        "id",
        "class",
        "scope",
        "role",
        "width",
        "height",
        "transform",
        "x",
        "y",
        "dx",
    }
    links = browser.evaluate("[...document.querySelectorAll('[href]')].map(e => e.getAttribute('href'))")
    assert links == ["#attention", "#charts", "#all"]


def test_hostile_names_are_shown_as_text(browser: Chromium, hostile: str) -> None:
    browser.open(hostile, 1280)
    assert browser.evaluate("document.querySelector('h1').textContent") == HOSTILE[4]
    rows = browser.evaluate(
        "[...document.querySelectorAll('section:last-of-type tbody tr')].map(r => [...r.cells].map("
        "c => (c.querySelector('details')?.lastChild ?? c.querySelector('b')?.previousSibling ?? c).textContent))"
    )
    by_id = {row[8]: row for row in rows}
    for number, value in enumerate(HOSTILE, 1):
        assert by_id[str(number)] == [value, HOSTILE[0], *[value] * 6, str(number)]
    assert by_id["99"] == ["—", HOSTILE[1], *["—"] * 6, "99"]
    skipped = browser.evaluate("[...document.querySelectorAll('.note li')].map(e => e.textContent)")
    assert len(skipped) == len(HOSTILE) - 2
    assert skipped[0] == f"{HOSTILE[2]} ID 383. {HOSTILE[0]}"
    assert HOSTILE[0] in browser.evaluate("document.getElementById('chart-4-desc').textContent")


@pytest.mark.parametrize("width", [1280, 768, 390, 320])
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


def test_each_value_has_its_label_on_a_phone(browser: Chromium, large: str) -> None:
    browser.open(large, 390)
    columns = browser.evaluate("[...document.querySelector('thead tr').cells].map(e => e.textContent)")
    labels = browser.evaluate(
        "[...document.querySelectorAll('tbody tr')[0].cells].map(e => getComputedStyle(e, '::before').content)"
    )
    assert labels == ["none", *(f'"{column}"' for column in columns[1:])]
    assert browser.evaluate("getComputedStyle(document.querySelector('tbody tr')).display") == "grid"


@pytest.mark.parametrize("width", [1280, 1100, 390, 320])
@pytest.mark.parametrize("page", ["hostile", "large"])
def test_the_texts_of_charts_do_not_meet(
    browser: Chromium, page: str, width: int, request: pytest.FixtureRequest
) -> None:
    browser.open(request.getfixturevalue(page), width)
    assert browser.evaluate("document.querySelectorAll('svg g').length") > 30
    meet = """[...document.querySelectorAll('svg g')].filter(g => {
        const right = e => e.getBoundingClientRect().right, left = e => e.getBoundingClientRect().left;
        const clip = left(g.closest('svg')) + g.querySelector('svg').width.baseVal.value;
        const label = Math.min(clip, right(g.querySelector('svg text')));
        const [count, failed] = g.querySelectorAll(':scope > text');
        return label > left(failed ?? count) || (failed && right(failed) > left(count));
    }).map(g => g.textContent)"""
    assert browser.evaluate(meet) == []


@pytest.mark.parametrize("dark", [False, True])
def test_contrast_is_enough(browser: Chromium, large: str, dark: bool) -> None:
    browser.open(large, 1280, dark=dark)
    assert luminance(browser, "back") < 0.02 if dark else luminance(browser, "back") > 0.9
    for front, back, least in COLORS:
        low, high = sorted((luminance(browser, front), luminance(browser, back)))
        assert (high + 0.05) / (low + 0.05) >= least, (front, back)


def luminance(browser: Chromium, name: str) -> float:
    """As WCAG 2 defines it."""
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


def test_charts_are_told_to_those_who_do_not_see_them(browser: Chromium, large: str) -> None:
    browser.open(large, 1280)
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    images = {
        node["name"]["value"]: node.get("description", {}).get("value", "") + node["name"]["value"]
        for node in nodes
        if node.get("role", {}).get("value") in ("image", "img")
    }
    assert len(images) == 5
    assert any(name.startswith("Clusters by state") and "running: 244" in text for name, text in images.items())
    assert any("draft: 16, 16 failed" in text for text in images.values())
    assert browser.evaluate("document.querySelectorAll('[id]').length") == browser.evaluate(
        "new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size"
    )
