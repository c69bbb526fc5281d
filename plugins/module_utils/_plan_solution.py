# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan changes of the solutions of a cluster. Nothing here makes a request.

Private to this collection: it may change without notice. It knows nothing of Ansible.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError, one_line
from ansible_collections.netapp.nks.plugins.module_utils._json import JSON, as_dict
from ansible_collections.netapp.nks.plugins.module_utils._plan import Field, Plan, Request, check_fixed, given
from ansible_collections.netapp.nks.plugins.module_utils._types import ChartRepository, Solution

TILLER = "helm_tiller"
"""The solution that installs all other solutions."""

FIELDS = {"keyset": Field("fixed"), "version": Field("fixed")}
SHOWN = ("solution", "keyset", "max_nodes", "version")
"""Fields of the request that the diff shows. The other fields can contain secrets."""


def plan_solution(wanted: JSON, body: JSON, there: Solution | None, tiller: Solution | None) -> Plan:
    """Plan the installation or reinstallation of a solution.

    :param wanted: the options ``keyset``, ``version``, ``reinstall`` and ``replace_failed``.
    :param body: the body of the request that adds the solution. Empty if neither solution nor chart is given.
    :param tiller: the solution Helm Tiller of the cluster.
    :raises NKSError: the wanted state cannot be reached.
    """
    create = Request("create", f"Install the solution {one_line(str(body.get('solution')))}.", body)
    after = {"state": "installed", **given(body, SHOWN)}
    if there is None:
        if tiller is None and body.get("solution") != TILLER:
            raise NKSError("The cluster has no Helm Tiller (solution helm_tiller), which installs all solutions.")
        is_ready = tiller is None or tiller.state == "installed"
        return Plan([create] if is_ready else [], {"state": "absent"}, after, later=[] if is_ready else [create])
    has_other_version = wanted["version"] is not None and there.raw.get("version") not in (None, wanted["version"])
    is_reinstalled = has_other_version and wanted["reinstall"]
    if not body and (is_reinstalled or there.state != "installed"):
        raise NKSError(f"The solution {there} is {there.state}. To install it again, give solution or chart.")
    if there.state == "deleting":
        return Plan([], {"state": "deleting"}, after, later=[create])
    if is_reinstalled or (there.state == "failed" and wanted["replace_failed"]):
        if body.get("solution") != TILLER and (tiller is None or tiller.state != "installed"):
            is_there = f"is {one_line(str(tiller.state))}" if tiller else "does not exist"
            raise NKSError(
                f"The solution {there} is not deleted and installed again, because Helm Tiller (solution helm_tiller), "
                f"which installs all solutions, {is_there}."
            )
        before = {"state": there.state, **given(there.raw, set(after) & {"version", "keyset"})}
        return Plan([_delete(there)], before, after, later=[create])
    check_fixed(f"The solution {there}", FIELDS, wanted, there.raw)
    return Plan()


def plan_solution_absent(there: Solution | None) -> Plan:
    """Plan the deletion of a solution.

    :raises NKSError: the API says that the solution cannot be deleted.
    """
    if there is None or there.state == "deleting":
        return Plan()
    return Plan([_delete(there)], {"state": there.state}, {"state": "absent"})


def _delete(there: Solution) -> Request:
    if there.raw.get("is_deleteable") is False:
        raise NKSError(f"The solution {there} cannot be deleted: the API says that it is not deleteable.")
    return Request("delete", f"Delete the solution {there}.", target=there.pk)


def find_chart(repositories: t.Sequence[ChartRepository], chart: JSON, version: str | None) -> tuple[JSON, int]:
    """Return the entry of a chart in the index of a repository, and the ``pk`` of the repository.

    :raises NKSError: the chart is in no repository, or in more than one.
    """
    wanted = chart["repository"]
    known = [(item, repository) for repository in repositories for item in repository.charts]
    found = [
        (item, repository.pk)
        for item, repository in known
        if item.get("name") == chart["name"]
        and wanted in (None, str(repository.pk), repository.name)
        and version in (None, item.get("version"))
    ]
    if len({pk for _item, pk in found}) == 1:
        return found[0]
    what = one_line(f"{chart['name']}{f' {version}' if version else ''}")
    problem = "is in more than one repository. Give chart.repository" if found else "was not found"
    names = sorted({f"{item.get('name')} {item.get('version')} ({repository.name})" for item, repository in known})
    raise NKSError(f"The chart {what} {problem}. Available: {one_line(', '.join(names) or 'none', 900)}.")


def chart_body(item: JSON, repository: int, chart: JSON, values: str) -> JSON:
    """Return the body of the request that installs a chart.

    :param item: the entry of the chart in the index of its repository.
    :param values: the values of the chart, as YAML. They can contain secrets.
    """
    name, spec = str(item["name"]), as_dict(item.get("spec"))
    app = as_dict(as_dict(spec.get("requirements")).get("app"))
    config: JSON = {
        "namespace": chart["namespace"] or app.get("namespace") or "default",
        "chart_name": name,
        "version": item.get("version"),
        "chart_path": item.get("path"),
        "release_name": chart["release_name"] or name,
        "repository": repository,
        "values_yaml": values or item.get("values") or "",
        "required_values": {},
    }
    tiller = {"name": "Helm Tiller", "value": TILLER, "tag": "latest", "keysetRequired": False, "dependencies": []}
    return {
        "solution": f"{name}-repo-{repository}",
        "name": name,
        "installer": "helm",
        "keyset": None,
        "version": item.get("version"),
        "config": config,
        "spec": spec,
        "dependencies": [tiller],
    }


def values_text(values: t.Any) -> str:
    """Return the values of a chart as YAML. A dictionary becomes JSON, which is valid YAML."""
    if values is None:
        return ""
    if not isinstance(values, (str, dict)):
        raise NKSError("values must be a dictionary or YAML text.")
    return values if isinstance(values, str) else json.dumps(values)
