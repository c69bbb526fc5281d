# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a table and a report of clusters show. Templates lay it out.

Private to this collection: it may change without notice.
"""

from __future__ import annotations

import collections
import functools
import html
import re
import typing as t
import unicodedata

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._types import has_failed

Row = t.Dict[str, t.Any]
"""A cluster. The values of :data:`TEXTS` and ``failure`` are texts, which may be empty. ``health`` is ``running``,
``failed`` or ``not_running``."""

TEXTS = ("org", "name", "pk", "provider", "region", "workspace", "k8s_version", "node_count", "state")

COLUMNS = {
    "ORGANIZATION": "org",
    "CLUSTER": "name",
    "PROVIDER": "provider",
    "REGION": "region",
    "VERSION": "k8s_version",
    "NODES": "node_count",
    "STATE": "state",
}
CHARTS = {
    "state": "state",
    "Kubernetes version": "k8s_version",
    "organization": "org",
    "provider": "provider",
    "region": "region",
}
MOST_BARS = 10


def table(clusters: t.Any, orgs: t.Any = None) -> list[str]:
    """A line of titles and a line for each cluster, in the order given, in columns for a font of fixed width.

    :raises NKSError: the arguments are not lists of objects of the API.
    """
    lines = [list(COLUMNS)]
    for row in to_rows(clusters, orgs):
        failed = row["health"] == "failed" and row["state"] != "failed"
        shown = {**row, "state": f"{row['state']}, failed" if failed else row["state"]}
        lines.append([one_line(shown[field]) for field in COLUMNS.values()])
    widths = [max(map(cells, column)) for column in zip(*lines)]
    return ["  ".join(map(padded, line, widths)).rstrip() for line in lines]


def report(clusters: t.Any, orgs: t.Any = None, escape: t.Any = None, max_length: t.Any = None) -> JSON:
    """The clusters as rows, sorted and grouped, with totals and charts.

    :param escape: a key of :data:`ESCAPES`. None leaves texts as they are.
    :param max_length: characters of a text. Of a longer one the row has the start, and all of it in ``in_full``. A
        reason is never cut.
    :raises NKSError: an argument is not as it should be.
    """
    rows = to_rows(clusters, orgs)
    rows.sort(key=lambda row: (natural(row["org"]), natural(row["name"]), natural(row["pk"])))
    not_running = [row for row in rows if row["health"] == "not_running"]
    members: dict[str, list[Row]] = {}
    for row in rows:
        members.setdefault(row["org"], []).append(row)
    result: dict[str, t.Any] = {
        "totals": totals(rows),
        "clusters": rows,
        "failed": [row for row in rows if row["health"] == "failed"],
        "not_running": sorted(not_running, key=lambda row: natural(row["state"])),
        "orgs": [{"name": name, "totals": totals(of_org), "clusters": of_org} for name, of_org in members.items()],
        "charts": [{"by": title, "bars": bars(rows, field)} for title, field in CHARTS.items()],
    }
    fit, fit_whole = fitting(escape, max_length), fitting(escape, None)
    for row in rows:
        row["failure"] = fit_whole(row["failure"])[0]
        whole = {field: fit(row[field])[1] for field in TEXTS}
        row.update({field: fit(row[field])[0] for field in TEXTS})
        row["in_full"] = {field: value for field, value in whole.items() if value} or None
    for org in result["orgs"]:
        org["name"] = fit(org["name"])[0]
    for chart in result["charts"]:
        for entry in chart["bars"]:
            entry["label"] = fit(entry["label"])[0]
    return result


def fitting(escape: t.Any, max_length: t.Any) -> t.Callable[[str], tuple[str, str]]:
    """A function that gives a text as it is shown, and all of it where that is cut, both escaped.

    :raises NKSError: an argument is not as it should be.
    """
    if max_length is not None and (isinstance(max_length, bool) or not isinstance(max_length, int) or max_length < 1):
        raise NKSError(f"max_length must be a number, 1 or more, not {kind(max_length)}.")
    escaped = (lambda value: value) if escape is None else escape_for(escape)

    @functools.lru_cache(maxsize=None)
    def fit(value: str) -> tuple[str, str]:
        if max_length is None or len(value) <= max_length:
            return escaped(value), ""
        return escaped(value[: max_length - 1] + "…"), escaped(value)

    return fit


def to_rows(clusters: t.Any, orgs: t.Any) -> list[Row]:
    labels = org_labels(objects("orgs", orgs or []))
    return [to_row(cluster, labels) for cluster in objects("clusters", clusters)]


def to_row(cluster: JSON, org_labels: dict[str, str]) -> Row:
    org, state, workspace = text(cluster.get("org")), text(cluster.get("state")), cluster.get("workspace")
    failed = has_failed(cluster)
    return {
        "org": org_labels.get(org, org),
        "name": text(cluster.get("name")),
        "pk": text(cluster.get("pk")),
        "provider": text(cluster.get("provider")),
        "region": text(cluster.get("region")),
        "workspace": text(workspace.get("name")) if isinstance(workspace, dict) else "",
        "k8s_version": text(cluster.get("k8s_version")),
        "node_count": text(cluster.get("node_count")),
        "state": state,
        "failure": text(cluster.get("failure")) if failed else "",
        "health": "failed" if failed else "running" if state == "running" else "not_running",
    }


def org_labels(orgs: list[JSON]) -> dict[str, str]:
    """The name of each organization by its ID, with the ID where several have that name."""
    names = {text(org.get("pk")): text(org.get("name") or org.get("slug") or org.get("pk")) for org in orgs}
    counts = collections.Counter(names.values())
    return {pk: f"{name} ({pk})" if counts[name] > 1 else name for pk, name in names.items()}


def totals(rows: list[Row]) -> dict[str, int]:
    health = collections.Counter(row["health"] for row in rows)
    return {
        "clusters": len(rows),
        "running": health["running"],
        "failed": health["failed"],
        "not_running": health["not_running"],
        "nodes": sum(int(row["node_count"]) for row in rows if re.fullmatch("[0-9]{1,9}", row["node_count"])),
    }


def bars(rows: list[Row], field: str) -> list[JSON]:
    """A bar for each value of a field, the longest first. Of too many, the last stands for all others."""
    clusters = collections.Counter(row[field] for row in rows)
    failed = collections.Counter(row[field] for row in rows if row["health"] == "failed")
    values = sorted(clusters, key=lambda value: (-clusters[value], natural(value)))
    shown = values if len(values) <= MOST_BARS else values[: MOST_BARS - 1]
    rest = values[len(shown) :]
    numbers = [(value, clusters[value], failed[value]) for value in shown]
    if rest:
        others = f"{len(rest)} others"
        numbers.append((others, sum(clusters[value] for value in rest), sum(failed[value] for value in rest)))
    longest = max((number for _label, number, _failed in numbers), default=1)
    return [
        {
            "label": label,
            "clusters": number,
            "failed": number_failed,
            "percent": round(100 * number / longest, 2),
            "failed_percent": round(100 * number_failed / longest, 2),
            "is_rest": position == len(shown),
        }
        for position, (label, number, number_failed) in enumerate(numbers)
    ]


def objects(what: str, values: t.Any) -> list[JSON]:
    """:raises NKSError: the values are not objects of the API."""
    if isinstance(values, (str, bytes, dict)) or not isinstance(values, t.Iterable):
        raise NKSError(f"{what} must be a list of objects of the API, not {kind(values)}.")
    items = list(values)
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            raise NKSError(f"{what} must be a list of objects of the API, but its item {number} is {kind(item)}.")
    return items


def kind(value: t.Any) -> str:
    if isinstance(value, dict):
        return "a dictionary"
    if isinstance(value, (list, tuple)):
        return "a list"
    return "nothing" if value is None else f"{one_line(str(value), 40)!r}"


def natural(value: str) -> tuple[str, str]:
    """What sorts texts as people do: whatever their case, and v1.9 before v1.10."""
    return re.sub("[0-9]+", lambda number: number[0].zfill(20), value.casefold()), value


def text(value: t.Any) -> str:
    return "" if value is None else str(value)


def escape_for(name: t.Any) -> t.Callable[[str], str]:
    """:raises NKSError: there is no such format."""
    escape = ESCAPES.get(name) if isinstance(name, str) else None
    if escape is None:
        raise NKSError(f"The format must be one of {', '.join(ESCAPES)}, not {kind(name)}.")
    return escape


def for_html(value: str) -> str:
    return html.escape(CONTROLS.sub("\ufffd", value))


def for_markdown(value: str) -> str:
    """In one line, with nothing in it that is Markdown, a table or a link."""
    line = re.sub(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]+", " ", html.escape(value)).strip()
    return re.sub(r"(?i)(:(?=//)|www(?=[.]))", r"\1\\", re.sub(r"([\\`*_\[\]|~$])", r"\\\1", line))


def for_csv(value: str) -> str:
    """As a quoted cell. A spreadsheet takes one that begins with certain characters for a formula."""
    shown = CONTROLS.sub("\ufffd", value).replace('"', '""')
    return f'"\'{shown}"' if FORMULA.match(value) else f'"{shown}"'


CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
FORMULA = re.compile(r"[=+\-@\uff1d\uff0b\uff0d\uff20\x00-\x1f\x7f-\x9f]")
ESCAPES = {"html": for_html, "markdown": for_markdown, "csv": for_csv}


def cells(line: str) -> int:
    """How many cells of a terminal a line of text takes."""
    if line.isascii():
        return len(line)
    return sum(
        0
        if unicodedata.category(character) in ("Mn", "Me", "Cf")
        else 2
        if unicodedata.east_asian_width(character) in ("F", "W")
        else 1
        for character in line
    )


def padded(line: str, width: int) -> str:
    return line + " " * (width - cells(line))
