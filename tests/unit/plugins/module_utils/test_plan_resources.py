# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test plans for solutions, workspaces and keysets by executing their requests on a model."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.module_utils import _plan_org, _plan_solution
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.module_utils._plan import Plan, Request
from ansible_collections.netapp.nks.plugins.module_utils._secrets import secrets_of
from ansible_collections.netapp.nks.plugins.module_utils._types import Keyset, Solution, Workspace
from hypothesis import given
from hypothesis import strategies as st

JSON = t.Dict[str, t.Any]

NAMES = st.sampled_from(["a", "b"])
TILLER = Solution({"pk": 1, "solution": "helm_tiller", "state": "installed"})
HARMLESS = ("true", "false", "null", "none")
WISH = {"name": "a", "new_name": None, "id": None, "state": "present", "is_default": None}


def carry_out(kind: t.Any, there: t.Any, plan: t.Callable[[t.Any], Plan], new: JSON) -> list[Request]:
    """Execute plans until nothing is left to do. Return the requests."""
    done: list[Request] = []
    for _step in range(5):
        planned = plan(there)
        for request in planned.requests:
            if request.action == "create":
                there = kind({"pk": 9, **request.body, **new})
            elif request.action == "update":
                there = there.with_fields(**request.body)
            else:
                there = None
        done += planned.requests
        if not planned.requests:
            assert planned == Plan()
            return done
    raise AssertionError(f"does not end: {done}")


workspaces = st.builds(
    lambda name, default: Workspace({"pk": 5, "name": name, "is_default": default}), NAMES, st.booleans()
)
workspace_wishes = st.fixed_dictionaries(
    {"new_name": st.none() | NAMES, "is_default": st.sampled_from([None, True, False])}
)


@given(st.none() | workspaces, workspace_wishes)
def test_a_workspace_reaches_its_state_and_the_default_one_stays_default(there: Workspace | None, wish: JSON) -> None:
    try:
        done = carry_out(
            Workspace, there, lambda now: _plan_org.plan_workspace({**WISH, **wish}, now), {"is_default": False}
        )
    except NKSError:
        assert there and there.raw["is_default"] and wish["is_default"] is False
        return
    assert "delete" not in [request.action for request in done]


@given(
    st.none()
    | st.builds(lambda ids: Keyset({"pk": 5, "name": "a", "workspaces": ids}), st.none() | st.permutations([1, 2])),
    st.none() | st.permutations([1, 2]) | st.just([]),
    st.sampled_from([None, True, False]),
)
def test_a_keyset_reaches_its_state_and_no_key_is_shown(
    there: Keyset | None, ids: list[int] | None, default: bool | None
) -> None:
    wanted: JSON = {
        **WISH,
        "category": "provider",
        "entity": "aws",
        "keys": {"pub": "never"},
        "update_keys": "on_create",
    }
    wanted.update(workspaces=ids, is_default=default)
    first = _plan_org.plan_keyset(wanted, there)
    assert "never" not in json.dumps([first.before, first.after, [request.sentence for request in first.requests]])
    carry_out(Keyset, there, lambda now: _plan_org.plan_keyset(wanted, now), {})
    if there and ids == []:
        assert bool(first.requests) is bool(there.raw["workspaces"] or default is not None)


@given(
    st.none() | st.sampled_from(["installed", "failed", "draft"]),
    st.sampled_from([None, "1", "2"]),
    st.booleans(),
    st.booleans(),
)
def test_a_solution_reaches_its_state_and_is_replaced_only_if_allowed(
    state: str | None, version: str | None, reinstall: bool, replace_failed: bool
) -> None:
    there = state and Solution({"pk": 5, "solution": "efk", "state": state, "version": "1"})
    wanted = {"version": version, "keyset": None, "reinstall": reinstall, "replace_failed": replace_failed}
    body = {"solution": "efk", **({"version": version} if version else {})}

    def plan(now: Solution | None) -> Plan:
        return _plan_solution.plan_solution(wanted, body, now, TILLER)

    try:
        done = [request.action for request in carry_out(Solution, there, plan, {"state": "installed"})]
    except NKSError:
        assert version == "2" and not reinstall
        return
    may_go = (state == "failed" and replace_failed) or (version == "2" and reinstall)
    assert done == (["create"] if state is None else ["delete", "create"] if may_go else [])


@given(st.text(min_size=4), st.sampled_from(["%s", "a:\n  b: %s\n", "- %s\n"]))
def test_texts_in_the_values_of_a_chart_are_found(text: str, template: str) -> None:
    assert text in secrets_of({"a": [{"b": text}]}) or text.lower() in HARMLESS
    if text.isalnum() and text.lower() not in HARMLESS:
        assert text in secrets_of(template % text)


def test_only_helm_tiller_is_installed_without_helm_tiller() -> None:
    wanted = {"keyset": None, "version": None, "reinstall": False, "replace_failed": False}
    (request,) = _plan_solution.plan_solution(wanted, {"solution": "helm_tiller"}, None, None).requests
    assert request.action == "create"
    with pytest.raises(NKSError, match="no Helm Tiller"):
        _plan_solution.plan_solution(wanted, {"solution": "haproxy"}, None, None)


@pytest.mark.parametrize(
    ("tiller", "why"),
    [(None, "does not exist"), (Solution({"pk": 1, "solution": "helm_tiller", "state": "failed"}), "is failed")],
)
def test_a_solution_is_not_deleted_if_nothing_could_install_it_again(tiller: Solution | None, why: str) -> None:
    wanted = {"keyset": None, "version": "2", "reinstall": True, "replace_failed": True}
    for there in ({"state": "failed"}, {"state": "installed", "version": "1"}):
        solution = Solution({"pk": 5, "solution": "efk", **there})
        with pytest.raises(NKSError, match=f"efk .ID 5. is not deleted and installed again, .* {why}"):
            _plan_solution.plan_solution(wanted, {"solution": "efk"}, solution, tiller)


def test_a_chart_is_installed_in_the_namespace_that_it_requires() -> None:
    spec = {"requirements": {"app": {"namespace": "monitoring"}}}
    chart = {"namespace": None, "release_name": None}
    body = _plan_solution.chart_body({"name": "x", "spec": spec}, 3, chart, "")
    assert (body["spec"], body["config"]["namespace"], body["solution"]) == (spec, "monitoring", "x-repo-3")
    assert _plan_solution.chart_body({"name": "x"}, 3, chart, "")["config"]["namespace"] == "default"
