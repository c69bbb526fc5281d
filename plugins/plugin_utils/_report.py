# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a table and a report of clusters show. Templates lay it out.

Private to this collection: it may change without notice.
"""

from __future__ import annotations

import collections
import re
import typing as t
import unicodedata

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._fleet import has_failed
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON

Row = t.Dict[str, str]
"""A cluster. Each value is text, and may be empty. ``health`` is ``running``, ``failed`` or ``not_running``."""

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


def report(clusters: t.Any, orgs: t.Any = None) -> JSON:
    """The clusters as rows, sorted and grouped, with totals and charts.

    :raises NKSError: the arguments are not lists of objects of the API.
    """
    rows = sorted(
        to_rows(clusters, orgs), key=lambda row: (row["org"].casefold(), row["org"], row["name"].casefold(), row["pk"])
    )
    not_running = [row for row in rows if row["health"] == "not_running"]
    of_org: dict[str, list[Row]] = {}
    for row in rows:
        of_org.setdefault(row["org"], []).append(row)
    return {
        "totals": totals(rows),
        "clusters": rows,
        "failed": [row for row in rows if row["health"] == "failed"],
        "not_running": sorted(not_running, key=lambda row: row["state"].casefold()),
        "orgs": [{"name": name, "totals": totals(members), "clusters": members} for name, members in of_org.items()],
        "charts": [{"by": title, "bars": bars(rows, field)} for title, field in CHARTS.items()],
    }


def to_rows(clusters: t.Any, orgs: t.Any) -> list[Row]:
    labels = org_labels(objects("orgs", orgs or []))
    return [to_row(cluster, labels) for cluster in objects("clusters", clusters)]


def to_row(cluster: JSON, org_labels: dict[str, str]) -> Row:
    org, state, workspace = text(cluster.get("org")), text(cluster.get("state")), cluster.get("workspace")
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
        "health": "failed" if has_failed(cluster) else "running" if state == "running" else "not_running",
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
    values = sorted(clusters, key=lambda value: (-clusters[value], value.casefold(), value))
    shown = values if len(values) <= MOST_BARS else values[: MOST_BARS - 1]
    result = [{"label": value, "clusters": clusters[value], "failed": failed[value], "rest": False} for value in shown]
    rest = values[len(shown) :]
    if rest:
        result.append(
            {
                "label": f"{len(rest)} others",
                "clusters": sum(clusters[value] for value in rest),
                "failed": sum(failed[value] for value in rest),
                "rest": True,
            }
        )
    return result


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


def text(value: t.Any) -> str:
    return "" if value is None else str(value)


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
