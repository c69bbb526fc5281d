# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test that the benchmark produces the rows in docs/benchmark.md."""

from __future__ import annotations

import importlib.util
import itertools
import re
import typing as t
from pathlib import Path

ROOT = Path(__file__).parents[3]


def load_benchmark() -> t.Any:
    spec = importlib.util.spec_from_file_location("benchmark", ROOT / "tests/benchmark/run.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(document: str) -> set[str]:
    """Return the names of the rows. Replace the seconds in some of them."""
    names = re.findall(r"^\| (.+?) \|", document, re.M)
    return {re.sub(r"\d+\.\d+ s$", "… s", name) for name in names}


def test_rows_are_those_of_the_benchmark(tmp_path: Path) -> None:
    benchmark = load_benchmark()
    seconds = itertools.count(1)

    class Unmeasured(benchmark.Bench):  # type: ignore[name-defined]
        """Produce every row without running a command."""

        def run(self, *command: str, **environment: str) -> t.Any:
            cost = next(seconds)
            return benchmark.Cost(cost, cost, cost)

    bench = Unmeasured(tmp_path, 1)
    for part in benchmark.PARTS:
        getattr(bench, part)()
    assert rows((ROOT / "docs/benchmark.md").read_text(encoding="utf-8")) == rows(bench.document(0))
