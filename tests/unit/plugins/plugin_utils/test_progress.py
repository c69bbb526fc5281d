# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import math
import time
import types
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.plugin_utils._progress import ShowsLifecycle, ShowsProgress

JSON = t.Dict[str, t.Any]

START = 2.0  # seconds to start a module


@pytest.fixture(name="clock")
def clock_fixture(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which advances only by sleeping."""
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    return clock


class Module:
    """A module that is done at some time, and an action plugin that runs it."""

    def __init__(
        self,
        base: type[ShowsProgress] = ShowsProgress,
        done: float = math.inf,
        answer: JSON | None = None,
        **task: t.Any,
    ) -> None:
        self.runs: list[JSON] = []
        self.shown: list[str] = []
        began = time.monotonic()
        module = self

        class Action(base):  # type: ignore[misc, valid-type]
            noun = "node pool"

            def title(self, arguments: JSON) -> str:
                return "Not done" if base is ShowsProgress else str(super().title(arguments))

            def _execute_module(self, module_args: JSON, **_options: t.Any) -> JSON:
                module.runs.append(module_args)
                time.sleep(START)
                left = began + done - time.monotonic()
                wait = module_args["wait_timeout"]
                time.sleep(max(0.0, min(left, float(wait) if wait != "soon" else 0.0)))
                if time.monotonic() >= began + done:
                    return {"changed": False}
                return {"failed": True, "msg": "module", "unmet": ["a is missing"], "is_final": False, **(answer or {})}

        settings = {"async_val": 0, "no_log": False, "check_mode": False, "action": "netapp.nks.x", **task}
        self.action = Action(types.SimpleNamespace(**settings), None, None, None, None, None)
        self.action._display = types.SimpleNamespace(display=lambda text, stderr: self.shown.append(text))

    def run(self, **arguments: t.Any) -> JSON:
        return t.cast(JSON, self.action.run_with_progress(arguments, {"inventory_hostname": "h"}))

    @property
    def slices(self) -> list[float]:
        return [run["wait_timeout"] for run in self.runs]


def test_a_wait_runs_the_module_in_slices_until_it_is_done(clock: list[float]) -> None:
    module = Module(done=100)
    assert module.run(wait_timeout=200) == {"changed": False}
    assert (clock[0], module.slices) == (1100.0, [0, 60.0, 60.0])
    assert module.shown == [
        "x [h]: polling; waits up to 200 s",
        "x [h]: waits up to 198 s more\n  a is missing",
        "x [h]: waits up to 126 s more\n  a is missing",
    ]


def test_a_wait_lasts_as_long_as_it_may_and_not_longer(clock: list[float]) -> None:
    module = Module()
    answer = module.run(wait_timeout="150", wait_sleep="10")
    assert clock[0] == 1150.0
    assert module.slices == [0, 60.0, 60.0, 0.0]
    assert answer["msg"] == "Not done after 150 s (wait_timeout).\na is missing"
    assert module.shown[-1] == "x [h]: Not done after 150 s (wait_timeout).\n  a is missing"
    assert "exception" not in answer


def test_a_run_gets_at_most_the_time_that_is_left_for_a_request(clock: list[float]) -> None:
    module = Module()
    module.run(wait_timeout=50, wait_sleep=10)
    assert [run.get("api_timeout") for run in module.runs] == [None, None]
    module = Module()
    module.run(wait_timeout=35, wait_sleep=10)
    assert [run.get("api_timeout") for run in module.runs] == [None, 23.0]
    module = Module()
    module.run(wait_timeout=35, wait_sleep=10, api_timeout=20)
    assert [run.get("api_timeout") for run in module.runs] == [20, 20]


def test_a_pause_longer_than_a_slice_polls_once_for_each(clock: list[float]) -> None:
    module = Module()
    module.run(wait_timeout=200, wait_sleep=90)
    assert module.slices == [0, 0.0, 0.0, 0.0]
    assert clock[0] == 1200.0


@pytest.mark.parametrize(
    ("answer", "runs"),
    [({"is_final": True}, 1), ({"unmet": []}, 1), ({"retry_after": 99.0}, 1), ({"retry_after": 50.0}, 2)],
)
def test_a_wait_ends_early_if_waiting_cannot_help(clock: list[float], answer: JSON, runs: int) -> None:
    module = Module(answer=answer)
    assert module.run(wait_timeout=100)["failed"]
    assert len(module.runs) == runs


@pytest.mark.parametrize(
    ("task", "arguments"),
    [
        ({"async_val": 60}, {}),
        ({"no_log": True}, {}),
        ({"check_mode": True}, {}),
        ({}, {"wait_timeout": 0}),
        ({}, {"wait_timeout": -5}),
        ({}, {"wait_timeout": "soon"}),
        ({}, {"wait_timeout": 1e9}),
        ({}, {"wait_sleep": 0}),
    ],
)
def test_what_is_not_a_wait_runs_the_module_once_as_the_user_wrote_it(
    clock: list[float], task: JSON, arguments: JSON
) -> None:
    module = Module(**task)
    assert module.run(**{"wait_timeout": 100, **arguments})["msg"] == "module"
    assert module.runs == [{"wait_timeout": 100, **arguments}]
    assert not module.shown


@pytest.mark.parametrize(
    ("is_requested", "more"), [(True, {"wait_only": True, "id": 7, "logs_after": 5.0}), (False, {})]
)
def test_a_later_slice_only_waits_once_everything_was_requested(
    clock: list[float], is_requested: bool, more: JSON
) -> None:
    answer = {
        "is_requested": is_requested,
        "node_pool": {"pk": 7},
        "logs_after": 5.0,
        "changed": True,
        "actions": ["x"],
        "diff": {"before": {"node_count": 1}, "after": {"node_count": 2}},
    }
    module = Module(ShowsLifecycle, answer=answer)
    result = module.run(wait_timeout=100, name="a")
    first, *later = module.runs
    assert first == {"wait_timeout": 0, "name": "a"}
    assert later == [{**run, "name": "a", **more} for run in later]
    assert all(set(run) - {"wait_timeout", "api_timeout", "name"} == set(more) for run in later)
    assert result["msg"].startswith("The node pool a is not in the requested state after 100 s")
    assert result["changed"]


def test_a_task_without_wait_is_not_sliced(clock: list[float]) -> None:
    module = Module(ShowsLifecycle)
    module.run(wait_timeout=100, name="a", wait="no")
    assert len(module.runs) == 1


def test_titles_name_the_resource_and_what_was_wanted(clock: list[float]) -> None:
    action = Module(ShowsLifecycle).action
    assert action.title({"id": 5, "state": "absent"}) == "The node pool 5 still exists"


@pytest.mark.parametrize(
    ("before", "options", "pk"),
    [
        ({"state": "failed"}, {"name": "a"}, None),
        ({"state": "failed"}, {"solution": "a"}, None),
        ({"state": "failed"}, {}, 7),
        ({"state": "failed"}, {"name": "a", "state": "absent"}, 7),
        ({"node_count": 1}, {"name": "a"}, 7),
    ],
)
def test_a_replacement_goes_on_by_name(clock: list[float], before: JSON, options: JSON, pk: int | None) -> None:
    done = {"changed": True, "actions": ["Delete a."], "is_requested": False, "diff": {"before": before, "after": {}}}
    module = Module(ShowsLifecycle, answer=done)
    module.run(wait_timeout=100, id=7, **options)
    assert [run.get("id") for run in module.runs[:2]] == [7, pk]


@pytest.mark.parametrize(("is_transient", "runs"), [(True, 3), (False, 2)])
def test_an_outage_before_the_first_poll_of_a_slice_does_not_end_the_wait(
    clock: list[float], is_transient: bool, runs: int
) -> None:
    module = Module(answer={"changed": True, "actions": ["Create a."], "node_pool": {"pk": 7}}, done=100)
    action: t.Any = module.action
    execute = action._execute_module

    def fail_in_second_slice(**options: t.Any) -> JSON:
        answer: JSON = execute(**options)
        failure = {"failed": True, "msg": "status 503", **({"is_transient": True} if is_transient else {})}
        return failure if len(module.runs) == 2 else answer

    action._execute_module = fail_in_second_slice
    result = module.run(wait_timeout=200)
    assert len(module.runs) == runs and result["changed"] and result["actions"] == ["Create a."]
    if is_transient:
        assert not result.get("failed") and module.shown[-1].endswith(
            "a is missing\n  The last poll failed: status 503"
        )
    else:
        assert result["msg"] == "status 503 Already done: Create a."
        assert result["node_pool"] == {"pk": 7} and not {"unmet", "is_final"} & set(result)
