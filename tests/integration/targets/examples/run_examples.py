# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the EXAMPLES of plugins. The target docs_guides follows the pages."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
import typing as t
import urllib.request
from pathlib import Path

import yaml

DEFAULT_INVENTORY = "plugin: netapp.nks.nks\n"


class Example(t.NamedTuple):
    where: str
    text: str


class ExampleError(Exception):
    """An example that does not work."""


def find(root: Path) -> t.Iterator[Example]:
    for path in sorted([*root.glob("plugins/modules/*.py"), *root.glob("plugins/filter/*.py")]):
        yield Example(str(path.relative_to(root)), examples_of(path))
    for path in sorted(root.glob("plugins/inventory/*.py")):
        for text in re.split(r"^---\n", examples_of(path), flags=re.M):
            if yaml.safe_load(text) is not None:
                yield Example(str(path.relative_to(root)), text)


def examples_of(path: Path) -> str:
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "EXAMPLES":
            return ast.literal_eval(statement.value)
    raise ExampleError(f"{path} has no EXAMPLES")


def run(example: Example, inventory: str, folder: Path) -> str:
    """Run an example in its folder. Return the inventory for the examples after it."""
    text = re.sub("/run/secrets/|/tmp/", f"{folder}/", example.text)
    (folder / "nks").write_text(f"{os.environ['NKS_API_TOKEN']}\n", encoding="utf-8")
    (folder / "nks.yml").write_text(inventory, encoding="utf-8")
    (folder / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    play = folder / "play.yml"
    data = yaml.safe_load(text)
    if isinstance(data, dict) and data.get("plugin") == "netapp.nks.nks":
        (folder / "nks.yml").write_text(text, encoding="utf-8")
        if not hosts_of(folder):
            raise ExampleError("the inventory has no host")
        return text
    elif isinstance(data, list) and all("hosts" in item for item in data):
        play.write_text(text, encoding="utf-8")
        command(folder, "ansible-playbook", "-i", "nks.yml", str(play))
    elif isinstance(data, list):
        tasks = "".join(f"    {line}\n" for line in text.splitlines())
        play.write_text(f"- hosts: localhost\n  gather_facts: false\n  tasks:\n{tasks}", encoding="utf-8")
        command(folder, "ansible-playbook", str(play))
    else:
        raise ExampleError("it is neither a play nor tasks nor an inventory")
    return inventory


def hosts_of(folder: Path) -> list[str]:
    return list(json.loads(command(folder, "ansible-inventory", "-i", "nks.yml", "--list"))["_meta"]["hostvars"])


def command(folder: Path, *arguments: str) -> str:
    """Run a command that must succeed; return its standard output."""
    environment = dict(os.environ, HOME=str(folder), ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true")
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode or "no hosts matched" in done.stdout + done.stderr:
        raise ExampleError(f"{' '.join(arguments)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> int:
    root = Path(sys.argv[1])
    page = inventory = ""
    ran = failed = 0
    for example in find(root):
        if page != example.where:
            page, inventory = example.where, DEFAULT_INVENTORY
        print(example.where, flush=True)
        reset = urllib.request.Request(f"{os.environ['NKS_FAKE_URL']}/_fake/reset", method="POST")
        with urllib.request.urlopen(reset), tempfile.TemporaryDirectory() as folder:
            try:
                inventory = run(example, inventory, Path(folder))
            except (ExampleError, ValueError) as error:
                print(f"    FAILED: {error}\n{example.text}")
                failed += 1
        ran += 1
    print(f"{ran} examples were run, {failed} failed.")
    return 0 if ran and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
