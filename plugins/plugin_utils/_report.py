# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare clusters for a table or a report. Templates define the layout of the report.

Private to this collection: it may change without notice.
"""

from __future__ import annotations

import collections
import datetime
import functools
import html
import math
import re
import typing as t
import unicodedata

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON
from ansible_collections.netapp.nks.plugins.module_utils._types import has_failed, parse_time

Row = t.Dict[str, t.Any]
"""A cluster. The fields in :data:`TEXTS`, :data:`REASON` and :data:`TIMES` are texts, which may be empty. ``health`` is
``running``, ``failed`` or ``not_running``."""

TEXTS = ("org", "name", "pk", "provider", "region", "workspace", "k8s_version", "node_count", "state")
REASON = ("failure", "failure_details")
TIMES = {"created": "age", "updated": "updated_age"}

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
MAX_BARS = 10
MIN_COLUMN = 4
MAX_OPEN_ORGS = 3


def table(clusters: t.Any, orgs: t.Any = None, width: int | None = None) -> list[str]:
    """Return a line of titles and a line for each cluster, in the given order, in columns for a fixed-width font.

    :param width: maximum width of a line in terminal cells. The widest columns are cut to fit. None means unlimited.
    :raises NKSError: the arguments are not lists of objects of the API.
    """
    lines = [list(COLUMNS)]
    for row in _to_rows(clusters, orgs):
        failed = row["health"] == "failed" and row["state"] != "failed"
        shown = {**row, "state": f"{row['state']}, failed" if failed else row["state"]}
        lines.append([one_line(shown[field]) for field in COLUMNS.values()])
    widths = _column_widths([max(map(display_width, column)) for column in zip(*lines)], width)
    return ["  ".join(map(pad, map(_truncate, line, widths), widths)).rstrip() for line in lines]


def _column_widths(widths: list[int], total: int | None) -> list[int]:
    """Narrow the widest columns until a line has at most ``total`` cells.

    The last column keeps its width, and no column becomes narrower than ``MIN_COLUMN``, even if the line is too wide.
    """
    *widths, last = widths
    while total is not None and sum(widths) + 2 * len(widths) + last > total and max(widths) > MIN_COLUMN:
        widths[widths.index(max(widths))] -= 1
    return [*widths, last]


def report(
    clusters: t.Any,
    orgs: t.Any = None,
    escape: t.Any = None,
    max_length: t.Any = None,
    now: datetime.datetime | None = None,
) -> JSON:
    """Return the clusters as rows, sorted and grouped, with totals and charts.

    :param escape: a key of :data:`ESCAPES`. None leaves texts unchanged.
    :param max_length: maximum number of characters of a text. A longer text is cut, and ``in_full`` has all of it. A
        reason is never cut.
    :param now: the time to calculate ages for. None is the current time.
    :raises NKSError: an argument is not valid.
    """
    rows = _to_rows(clusters, orgs, now)
    rows.sort(key=lambda row: (_sort_key(row["org"]), _sort_key(row["name"]), _sort_key(row["pk"])))
    not_running = [row for row in rows if row["health"] == "not_running"]
    members: dict[str, list[Row]] = {}
    for row in rows:
        members.setdefault(row["org"], []).append(row)
    result: dict[str, t.Any] = {
        "totals": _totals(rows),
        "clusters": rows,
        "has_ages": any(row[age] for row in rows for age in TIMES.values()),
        "failed": [row for row in rows if row["health"] == "failed"],
        "failures": _group_failures(rows),
        "not_running": sorted(not_running, key=lambda row: _sort_key(row["state"])),
        "orgs": [{"name": name, "totals": _totals(of_org), "clusters": of_org} for name, of_org in members.items()],
        "charts": [{"by": title, "bars": _bars(rows, field)} for title, field in CHARTS.items()],
    }
    _open_orgs(result["orgs"])
    fit, escape_whole = _make_truncator(escape, max_length), _make_truncator(escape, None)
    for row in rows:
        row.update({field: escape_whole(row[field])[0] for field in (*REASON, *TIMES)})
        whole = {field: fit(row[field])[1] for field in TEXTS}
        row.update({field: fit(row[field])[0] for field in TEXTS})
        row["in_full"] = {field: value for field, value in whole.items() if value} or None
    for group in result["failures"]:
        group.update({field: escape_whole(group[field])[0] for field in REASON})
    for org in result["orgs"]:
        org["name"] = fit(org["name"])[0]
    for chart in result["charts"]:
        for entry in chart["bars"]:
            entry["label"] = fit(entry["label"])[0]
    return result


def _group_failures(rows: list[Row]) -> list[JSON]:
    """Group the clusters that have failed by their reason, the largest group first.

    ``row["reason"]`` becomes the number of the group, from 1.
    """
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if row["health"] == "failed":
            groups.setdefault(tuple(row[field] for field in REASON), []).append(row)
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    for number, (_reason, members) in enumerate(ordered, 1):
        for row in members:
            row["reason"] = number
    return [{**dict(zip(REASON, reason)), "clusters": members} for reason, members in ordered]


def _open_orgs(orgs: list[JSON]) -> None:
    """Open the only organization, or the organizations with failures if there are at most ``MAX_OPEN_ORGS``."""
    are_few = sum(1 for org in orgs if org["totals"]["failed"]) <= MAX_OPEN_ORGS
    for org in orgs:
        org["is_open"] = len(orgs) == 1 or (are_few and org["totals"]["failed"] > 0)


def _make_truncator(escape: t.Any, max_length: t.Any) -> t.Callable[[str], tuple[str, str]]:
    """Return a function that returns a text, cut if necessary, and the whole text if it was cut. Both are escaped.

    :raises NKSError: an argument is not valid.
    """
    if max_length is not None and (isinstance(max_length, bool) or not isinstance(max_length, int) or max_length < 1):
        raise NKSError(f"max_length must be a number, 1 or more, not {_describe_type(max_length)}.")
    escaped = (lambda value: value) if escape is None else escape_for(escape)

    @functools.lru_cache(maxsize=None)
    def fit(value: str) -> tuple[str, str]:
        if max_length is None or len(value) <= max_length:
            return escaped(value), ""
        return escaped(value[: max_length - 1] + "…"), escaped(value)

    return fit


def _to_rows(clusters: t.Any, orgs: t.Any, now: datetime.datetime | None = None) -> list[Row]:
    now = now or datetime.datetime.now(datetime.timezone.utc)
    labels = org_labels(_objects("orgs", orgs or []))
    return [_to_row(cluster, labels, now) for cluster in _objects("clusters", clusters)]


def _to_row(cluster: JSON, org_labels: dict[str, str], now: datetime.datetime) -> Row:
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
        **{field: text(cluster.get(field)) if failed else "" for field in REASON},
        **{field: text(cluster.get(field)) for field in TIMES},
        **{age: _age_of(cluster.get(field), now) for field, age in TIMES.items()},
        "reason": 0,
        "health": "failed" if failed else "running" if state == "running" else "not_running",
    }


def _age_of(time: t.Any, now: datetime.datetime) -> str:
    """Return how long ago a time of the API was, in its largest unit, for example ``3d``.

    The text is empty if the time is not valid or is in the future.
    """
    seconds = now.timestamp() - parse_time(time)
    if seconds == math.inf:
        return ""
    units = (("y", 365 * 86400), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    return next(
        (f"{int(seconds // size)}{unit}" for unit, size in units if seconds >= size), "0s" if seconds >= 0 else ""
    )


def org_labels(orgs: list[JSON]) -> dict[str, str]:
    """Return the name of each organization by its ID. A name that several organizations have is followed by the ID."""
    names = {text(org.get("pk")): text(org.get("name") or org.get("slug") or org.get("pk")) for org in orgs}
    counts = collections.Counter(names.values())
    return {pk: f"{name} ({pk})" if counts[name] > 1 else name for pk, name in names.items()}


def _totals(rows: list[Row]) -> dict[str, int]:
    health = collections.Counter(row["health"] for row in rows)
    return {
        "clusters": len(rows),
        "running": health["running"],
        "failed": health["failed"],
        "not_running": health["not_running"],
        "nodes": sum(int(row["node_count"]) for row in rows if re.fullmatch("[0-9]{1,9}", row["node_count"])),
    }


def _bars(rows: list[Row], field: str) -> list[JSON]:
    """Return a bar for each value of a field, the longest first.

    If there are more than ``MAX_BARS`` values, the last bar counts all remaining values. Its percentages are 0.
    """
    clusters = collections.Counter(row[field] for row in rows)
    failed = collections.Counter(row[field] for row in rows if row["health"] == "failed")
    values = sorted(clusters, key=lambda value: (-clusters[value], _sort_key(value)))
    shown = values if len(values) <= MAX_BARS else values[: MAX_BARS - 1]
    rest = values[len(shown) :]
    numbers = [(value, clusters[value], failed[value]) for value in shown]
    if rest:
        rest_label = f"{len(rest)} others"
        numbers.append((rest_label, sum(clusters[value] for value in rest), sum(failed[value] for value in rest)))
    longest = max((clusters[value] for value in shown), default=1)
    return [
        {
            "label": label,
            "clusters": number,
            "failed": number_failed,
            "percent": 0 if position == len(shown) else round(100 * number / longest, 2),
            "failed_percent": 0 if position == len(shown) else round(100 * number_failed / longest, 2),
            "is_rest": position == len(shown),
        }
        for position, (label, number, number_failed) in enumerate(numbers)
    ]


def _objects(what: str, values: t.Any) -> list[JSON]:
    """Return the values as a list.

    :raises NKSError: the values are not objects of the API.
    """
    if isinstance(values, (str, bytes, dict)) or not isinstance(values, t.Iterable):
        raise NKSError(f"{what} must be a list of objects of the API, not {_describe_type(values)}.")
    items = list(values)
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            raise NKSError(
                f"{what} must be a list of objects of the API, but its item {number} is {_describe_type(item)}."
            )
    return items


def _describe_type(value: t.Any) -> str:
    if isinstance(value, dict):
        return "a dictionary"
    if isinstance(value, (list, tuple)):
        return "a list"
    return "nothing" if value is None else f"{one_line(str(value), 40)!r}"


def _sort_key(value: str) -> tuple[str, str]:
    """Return a key that sorts texts regardless of case, and v1.9 before v1.10."""
    return re.sub("[0-9]+", lambda number: number[0].zfill(20), value.casefold()), value


def text(value: t.Any) -> str:
    return "" if value is None else str(value)


def escape_for(name: t.Any) -> t.Callable[[str], str]:
    """Return the function that escapes a text for a format.

    :raises NKSError: the format does not exist.
    """
    escape = ESCAPES.get(name) if isinstance(name, str) else None
    if escape is None:
        raise NKSError(f"The format must be one of {', '.join(ESCAPES)}, not {_describe_type(name)}.")
    return escape


def _for_html(value: str) -> str:
    return html.escape(CONTROLS.sub("\ufffd", value))


def _for_markdown(value: str) -> str:
    """Escape a text as one line without markup, table cells and links.

    GitHub makes links of addresses, people and issues even if ``@`` and ``#`` are escaped. So an invisible word joiner
    follows these characters.
    """
    line = re.sub(r"([@#])(?=\S)", "\\1\u2060", value)
    line = re.sub(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]+", " ", html.escape(line)).strip()
    return re.sub(r"([\\`*_\[\]|~$@]|(?<=:)/(?=/)|[.](?=[^\W\d]))", r"\\\1", line)


def _for_csv(value: str) -> str:
    """Return a text as a quoted cell, with an apostrophe before anything that a spreadsheet may evaluate."""
    shown = CONTROLS.sub("\ufffd", value).replace('"', '""')
    return f'"\'{shown}"' if _is_formula(value) else f'"{shown}"'


def _is_formula(value: str) -> bool:
    """Return whether a spreadsheet may evaluate a text as a formula. Some ignore invisible characters at its start."""
    visible = next((character for character in value if unicodedata.category(character)[0] not in "ZCM"), "")
    return unicodedata.category(value[:1] or "x") == "Cc" or visible in FORMULA


CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
ESCAPES = {"html": _for_html, "markdown": _for_markdown, "csv": _for_csv}


@functools.lru_cache(maxsize=4096)
def display_width(line: str) -> int:
    """Return the width of a line of text in terminal cells."""
    if line.isascii():
        return len(line)
    widths = [0]
    for character in line:
        if character == "\ufe0f":  # turns the character before it into an emoji
            widths[-1] = min(2, 2 * widths[-1])
        elif unicodedata.category(character) not in ("Mn", "Me", "Cf"):
            widths.append(2 if unicodedata.east_asian_width(character) in ("F", "W") else 1)
    return sum(widths)


def _truncate(line: str, width: int) -> str:
    if display_width(line) <= width:
        return line
    end = next(end for end in range(len(line), -1, -1) if display_width(line[:end]) < width)
    return f"{line[:end]}…"


def pad(line: str, width: int) -> str:
    return line + " " * (width - display_width(line))
