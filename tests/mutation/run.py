# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change the code at random places, one at a time, and count the changes that no unit test notices.

Needs cosmic-ray, pytest-cov, pytest-timeout and pytest-xdist beside what the unit tests need.
"""

from __future__ import annotations

import argparse
import ast
import concurrent.futures
import difflib
import os
import random
import signal
import subprocess
import sys
import tempfile
import typing as t
from collections import Counter
from pathlib import Path

from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB
from coverage import CoverageData

ROOMS = ["module_utils", "plugin_utils"]
TIMEOUT = 900  # seconds for all tests of a mutant; one test has 20


class Mutant(t.NamedTuple):
    path: str
    lines: range
    code: str


def copy(root: Path, tree: Path) -> Path:
    collection = tree / "ansible_collections/netapp/nks"
    collection.mkdir(parents=True)
    files = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True).stdout
    tar = subprocess.run(["tar", "-c", "--null", "-T", "-"], cwd=root, input=files, check=True, capture_output=True)
    subprocess.run(["tar", "-x"], cwd=collection, input=tar.stdout, check=True)
    return collection


def pytest(collection: Path, *options: str, timeout: float | None = None) -> int | None:
    """Run pytest, and return its exit code, or None when it takes too long."""
    command = [sys.executable, "-m", "pytest", "-qq", "-p", "no:cacheprovider", "--hypothesis-seed=0", *options]
    env = os.environ | {"PYTHONPATH": str(collection.parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
    log = collection / "pytest.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=collection, env=env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    text = log.read_text("utf-8")
    cannot_import = "ImportError while loading conftest" in text or "ERROR collecting" in text
    if code > 2 and not cannot_import:
        sys.exit(f"pytest ends with {code}: {text[-4000:]}")
    return code


def tests_by_line(collection: Path) -> dict[str, dict[int, list[str]]]:
    """Run every unit test, and return the tests that reach each line of each file."""
    if pytest(collection, "-n", "auto", "--cov=plugins", "--cov-context=test", "--cov-report=", "tests/unit"):
        sys.exit(f"The unit tests fail without any change: {(collection / 'pytest.log').read_text('utf-8')[-4000:]}")
    data = CoverageData(str(collection / ".coverage"))
    data.read()
    plugins = collection / "plugins"
    return {
        str(Path(file).relative_to(collection)): data.contexts_by_lineno(file)
        for file in data.measured_files()
        if plugins in Path(file).parents
    }


def without_annotations(code: str) -> str:
    """Return the syntax tree without annotations, which are not evaluated, or an empty text for a syntax error."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return ""
    for node in ast.walk(tree):
        if isinstance(node, (ast.AnnAssign, ast.arg)):
            node.annotation = ast.Constant(None)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
    return ast.dump(tree)


def sample(collection: Path, size: int, seed: int) -> list[Mutant]:
    """Choose places at random, and one change for each."""
    paths = [path for room in ROOMS for path in sorted((collection / "plugins" / room).glob("*.py"))]
    with tempfile.TemporaryDirectory() as temporary:
        database = WorkDB(Path(temporary, "work.sqlite"), WorkDB.Mode.create)
        init(paths, database, {})
        mutations = [item.mutations[0] for item in database.work_items]
        database.close()
    places: dict[tuple[Path, t.Any], list[t.Any]] = {}
    for mutation in sorted(mutations, key=lambda one: (one.module_path, one.operator_name, one.occurrence)):
        places.setdefault((mutation.module_path, mutation.start_pos), []).append(mutation)
    chance = random.Random(seed)
    mutants: list[Mutant] = []
    for place in chance.sample(sorted(places), len(places)):
        mutation = chance.choice(places[place])
        code = mutation.module_path.read_text("utf-8")
        changed = mutate_code(code, get_operator(mutation.operator_name)(), mutation.occurrence)
        if without_annotations(changed) not in ("", without_annotations(code)):
            lines = range(mutation.start_pos[0], mutation.end_pos[0] + 1)
            mutants.append(Mutant(str(mutation.module_path.relative_to(collection)), lines, changed))
        if len(mutants) == size:
            break
    return mutants


def is_noticed(mutant: Mutant, collection: Path, reaching: dict[int, list[str]]) -> bool:
    contexts = {context for line in mutant.lines for context in reaching.get(line, ())} - {""}
    # A line that runs when the module is imported belongs to no test.
    contexts = contexts or {context for line in reaching.values() for context in line} - {""}
    tests = {context.rpartition("|")[0].partition("[")[0] for context in contexts}
    stem = Path(mutant.path).stem
    # The tests of the file first, and those that wait for events last
    ordered = sorted(tests, key=lambda test: (f"test{stem}.py" not in test, "/plugins/" not in test, test))
    path = collection / mutant.path
    code = path.read_text("utf-8")
    path.write_text(mutant.code, "utf-8")
    try:
        return (
            bool(tests)
            and pytest(collection, "-x", "--timeout=20", "--timeout-method=thread", *ordered, timeout=TIMEOUT) != 0
        )
    finally:
        path.write_text(code, "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "root", nargs="?", type=Path, default=".", help="the checkout to measure (default: this folder)"
    )
    parser.add_argument("--size", type=int, default=300, help="how many changes (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the random choice (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        first = copy(options.root, Path(temporary, "first"))
        reaching = tests_by_line(first)
        mutants = sample(first, options.size, options.seed)
        trees = [copy(options.root, Path(temporary, str(number))) for number in range(os.cpu_count() or 1)]

        def judge(mutant: Mutant) -> bool:
            tree = trees.pop()
            try:
                return is_noticed(mutant, tree, reaching.get(mutant.path, {}))
            finally:
                trees.append(tree)

        unnoticed: Counter[str] = Counter()
        for number, (mutant, noticed) in enumerate(zip(mutants, pool.map(judge, mutants)), 1):
            if not noticed:
                unnoticed[mutant.path] += 1
                old = Path(first, mutant.path).read_text("utf-8").splitlines()
                print(*difflib.unified_diff(old, mutant.code.splitlines(), mutant.path, n=1, lineterm=""), sep="\n")
            print(f"{number} of {len(mutants)}: {unnoticed.total()} not noticed", flush=True)
    for path, count in unnoticed.most_common():
        print(f"{count:4} {path}")
    print(f"{unnoticed.total()} of {len(mutants)} changes were not noticed.")


if __name__ == "__main__":
    main()
