# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run targets of the Makefile, two at a time. Show a line for each target, and the output of those that fail.

Targets that are joined by commas share a virtual environment, so they run one after another.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

LOGS = Path(".build/log")
MAX_LINES = 200
AT_ONCE = 2

# Summary lines of pytest, coverage, schemathesis, the examples, the guides and nox
CLOSING = re.compile(
    r"(\d+ (?:passed|failed)\b.*? in [\d.]+ ?s|TOTAL .*%|[1-9]\d* (?:examples|blocks).*|Session \S+ skipped: .*)"
)


class Part(t.NamedTuple):
    name: str
    process: subprocess.Popen[bytes]
    began: float
    rest: list[str]

    @property
    def log(self) -> Path:
        return LOGS / f"{self.name}.txt"


def start(chain: list[str]) -> Part:
    name, *rest = chain
    print(f"{name:<20} started", flush=True)
    with (LOGS / f"{name}.txt").open("wb") as log:
        command = ["make", "-s", "--old-file=.venv/ready", name]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    return Part(name, process, time.monotonic(), rest)


def finish(part: Part) -> str:
    """Show the result of a part; return its row of the summary."""
    lines = part.log.read_text("utf-8", "replace").splitlines()
    closing = [" ".join(match[1].split()) for match in map(CLOSING.search, lines) if match]
    result = "FAILED" if part.process.returncode else "skipped" if "skipped: " in "".join(closing) else "passed"
    row = f"{part.name:<20} {result:<8} {time.monotonic() - part.began:4.0f} s  {'; '.join(closing)}".rstrip()
    if result == "FAILED":
        print(*lines[-MAX_LINES:], f"Full output: {part.log}. To run this part again: make {part.name}", sep="\n")
    print(row, flush=True)
    return row


def run(chains: list[list[str]]) -> list[str]:
    """Run all parts; return their rows of the summary."""
    running: list[Part] = []
    rows = []
    try:
        while chains or running:
            while chains and len(running) < AT_ONCE:
                running.append(start(chains.pop(0)))
            time.sleep(0.1)
            for part in [part for part in running if part.process.poll() is not None]:
                running.remove(part)
                rows.append(finish(part))
                if part.rest:
                    running.append(start(part.rest))
    except KeyboardInterrupt:
        for part in running:
            os.killpg(part.process.pid, signal.SIGTERM)
            part.process.wait()
            rows.append(finish(part))
        rows += [f"{name:<20} not run" for chain in [*(part.rest for part in running), *chains] for name in chain]
    return rows


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    LOGS.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    rows = run([argument.split(",") for argument in arguments])
    bad = sum(" FAILED " in row or row.endswith(" not run") for row in rows)
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    print("", *rows, "", sep="\n")
    print(f"{bad or 'None'} of {len(rows)} parts failed. Took {minutes} min {seconds} s.")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
