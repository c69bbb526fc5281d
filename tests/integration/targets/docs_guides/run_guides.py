# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows a guide as a reader does: writes its files, runs its commands and provokes its messages.

All its blocks share one folder, from the first to the last. A block with a caption is the file of that name; where
`docs/awx` has that file too, both must be the same. A line that begins with `$` in a block of the language console is a
command, which must succeed. A comment before a block tells otherwise:

- `.. not run: REASON`: the block is checked for syntax only.
- `.. step: SECONDS`: so long passes with each request to the fake; else no time passes.
- `.. said by: COMMAND`: the command must give the message in the block, where `…` stands for anything. It may use
  `fault JSON`, which makes requests to the fake fail.
"""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
import tempfile
import typing as t
import urllib.request
from pathlib import Path

import yaml

BLOCK = re.compile(
    r"(?:^\.\. (not run|said by|step): (.+(?:\n   .+)*)\n\s*)?"
    r"^( *)\.\. code-block:: (\S+)\n((?:\3   :.*\n)*)\n((?:\3   .*\n|\s*\n)+)",
    re.M,
)
SCRIPTS = ("script", "before_script", "run")
"""Where a pipeline has commands."""

FAULT = """
fault() {
    python -c 'import sys, urllib.request as u; u.urlopen(u.Request(*sys.argv[1:2], sys.argv[2].encode()))' \
        "$NKS_FAKE_URL/_fake/faults" "[$1]"
}
"""


class GuideError(Exception):
    """What is wrong with a block."""


class Block(t.NamedTuple):
    line: int
    kind: str
    remark: str
    language: str
    caption: str
    text: str


def blocks(page: str) -> t.Iterator[Block]:
    for match in BLOCK.finditer(page):
        kind, remark, indent, language, options, text = match.groups()
        caption = re.search(r":caption: (.+)", options)
        yield Block(
            page.count("\n", 0, match.start(6)) + 1,
            kind or "",
            " ".join((remark or "").split()),
            language,
            caption.group(1).strip() if caption else "",
            "".join(f"{line[len(indent) + 3 :]}\n" for line in text.rstrip().splitlines()),
        )


def follow(block: Block, folder: Path, shipped: Path) -> None:
    if block.caption:
        (folder / block.caption).parent.mkdir(exist_ok=True)
        (folder / block.caption).write_text(block.text, encoding="utf-8")
        if (shipped / block.caption).exists():
            same(block.text, (shipped / block.caption).read_text(encoding="utf-8"))
    if block.kind == "said by":
        control("reset")
        provoke(block, folder)
    elif block.kind == "not run" and block.language == "text":
        return
    elif block.language == "yaml":
        for document in yaml.safe_load_all(block.text):
            for script in scripts(document):
                check(script, folder)
    elif block.language in ("ini", "cfg"):
        configparser.ConfigParser(interpolation=None).read_string(block.text)
    elif block.language == "console":
        control("step", block.remark if block.kind == "step" else "0")
        for command in commands(block.text):
            check(command, folder)
            if block.kind != "not run":
                done = bash(command, folder)
                if done.returncode:
                    raise GuideError(f"{command}\nended with {done.returncode}\n{done.stdout}{done.stderr}")
    elif block.language == "groovy":
        if any(block.text.count(opens) != block.text.count(closes) for opens, closes in ("{}", "()", "[]")):
            raise GuideError("the brackets do not match")
        for script in re.findall(r"""\bsh '([^']+)'""", block.text):
            check(script, folder)
    else:
        raise GuideError(f"this test knows no {block.language}")


def same(text: str, file: str) -> None:
    """The file may have a license and remarks before its first line of YAML."""
    start = re.sub(r"\A---\n(?:#.*\n|\n)*", "", file)
    if text != start:
        raise GuideError(f"the file of that name in docs/awx differs:\n{start}")


def scripts(document: t.Any) -> t.Iterator[str]:
    document = dict(enumerate(document)) if isinstance(document, list) else document
    for key, value in document.items() if isinstance(document, dict) else ():
        if key in SCRIPTS and isinstance(value, (str, list)):
            yield "\n".join([value] if isinstance(value, str) else value)
        else:
            yield from scripts(value)


def commands(text: str) -> list[str]:
    lines = text.replace("\\\n", "").splitlines()
    if not all(line.startswith("$ ") for line in lines):
        raise GuideError("a line of a console block does not begin with $")
    return [line[2:] for line in lines]


def check(script: str, folder: Path) -> None:
    done = subprocess.run(["bash", "-n", "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise GuideError(f"{script}\n{done.stderr}")


def provoke(block: Block, folder: Path) -> None:
    done = bash(block.remark, folder)
    said = squeezed(done.stdout + done.stderr)
    for piece in map(squeezed, block.text.split("…")):
        if piece not in said:
            raise GuideError(f"{block.remark}\ndid not say: {block.text}\n{done.stdout}{done.stderr}")


def squeezed(text: str) -> str:
    """Without white space, because Ansible wraps its messages, and without what JSON escapes."""
    return re.sub(r"[\s\\]", "", text)


def bash(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "HOME": str(folder),
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
    }
    if (folder / "ansible.cfg").exists():
        environment["ANSIBLE_CONFIG"] = str(folder / "ansible.cfg")
    return subprocess.run(
        ["bash", "-c", f"{FAULT}\n{command}"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def control(path: str, body: str = "") -> None:
    """A request to the fake itself."""
    with urllib.request.urlopen(f"{os.environ['NKS_FAKE_URL']}/_fake/{path}", body.encode()):
        pass


def main() -> int:
    guide = Path(sys.argv[1])
    page = guide.read_text(encoding="utf-8")
    seen = list(blocks(page))
    failed = len(re.findall(r"^ *\.\. code-block::", page, re.M)) - len(seen)
    if failed:
        print(f"FAILED: {guide.name} has blocks that this test does not see")
    control("reset")
    with tempfile.TemporaryDirectory() as folder:
        for block in seen:
            print(f"{guide.name}:{block.line} {block.language} {block.caption or block.kind}", flush=True)
            try:
                follow(block, Path(folder), guide.parents[2] / "awx")
            except (GuideError, yaml.YAMLError, configparser.Error) as error:
                print(f"    FAILED: {error}")
                failed += 1
    print(f"{guide.name}: {len(seen)} blocks were followed, {failed} failed.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
