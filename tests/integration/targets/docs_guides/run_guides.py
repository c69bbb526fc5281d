# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows a page as a reader does: writes its files, runs its commands and provokes its messages.

One shell runs all blocks of a page, from the first to the last: a folder that a block enters and a variable that it
exports are there for the next. Its home is a new, empty folder.

- A block of YAML, INI or Groovy is a file. In reStructuredText its caption is the name of the file; in Markdown the
  line before the block ends with the name in backticks and a colon. If `docs/awx` has a file of that name, both must be
  the same.
- In a block of the language console, a line that begins with `$` is a command, which must succeed. The lines after it
  must be in its output, in their order; `…` stands for any text.

A comment before a block, `.. KIND: TEXT` or `<!-- KIND: TEXT -->`, changes that:

- `not run: REASON`: the syntax is checked, and that a target of `make` exists.
- `fails: REASON`: the last command of the block must fail.
- `step: SECONDS`: so much time passes with each request to the fake. Otherwise no time passes.
- `said by: COMMAND`: the block is a message that the command gives. The command may call `fault JSON`, which makes
  requests to the fake fail.
- `goes on: REASON`: the command of the block runs on, as in a shell of its own, until the next that goes on or the end
  of the page. The lines after it must come within a minute.
- `said there: REASON`: the block is what the command that goes on says next, within a minute.
"""

from __future__ import annotations

import configparser
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import typing as t
import urllib.request
from pathlib import Path

import yaml

REPOSITORY = "https://github.com/netapp/netapp.nks"
INSTALL = "ansible-galaxy collection install"
NOT_PASSED = ("ANSIBLE_CONFIG", "ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_HOME", "OLDPWD")
"""What a reader does not have in the environment."""

KINDS = "not run|fails|step|said by|goes on|said there"
RST_BLOCK = re.compile(
    rf"(?:^\.\. ({KINDS}): (.+(?:\n   .+)*)\n\s*)?"
    r"^( *)\.\. code-block:: (\S+)\n((?:\3   :.*\n)*)\n((?:\3   .*\n|\s*\n)+)",
    re.M,
)
MARKDOWN_BLOCK = re.compile(
    rf"(?:`([^`\s]+)`:\n\n)?(?:<!-- ({KINDS}): (.+?) -->\n)?^( *)```(\w+)\n((?:.*\n)*?)\4```$", re.M
)
FILES = ("yaml", "ini", "groovy")
SCRIPTS = ("script", "before_script", "run")
"""Where a pipeline has commands."""

SHELL = """
fault() {
    python -c 'import sys, urllib.request as u; u.urlopen(u.Request(*sys.argv[1:2], sys.argv[2].encode()))' \
        "$NKS_FAKE_URL/_fake/faults" "[$1]"
}
trap 'export -p >"$HOME/.environment"; pwd >"$HOME/.folder"' EXIT
. "$HOME/.environment"
cd "$(cat "$HOME/.folder")" || exit
"""


class GuideError(Exception):
    """What is wrong with a block."""


class GoingOn:
    """A command that goes on. What it says is read piece by piece."""

    longest = 60.0
    """Seconds that it may take to say something."""
    now: GoingOn | None = None
    """The one that goes on now."""

    def __init__(self, command: str, home: Path) -> None:
        self._command = command
        self._output = home / ".output"
        self._read = 0
        with self._output.open("w", encoding="utf-8") as output:
            self._process = subprocess.Popen(
                ["bash", "-c", f"{SHELL}\nexec {command}"],
                env={"HOME": str(home)},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        GoingOn.now = self

    def says(self, text: str) -> None:
        """Wait until each piece of the text was said, in their order, after what was said before."""
        end = time.monotonic() + self.longest
        while True:
            is_over = self._process.poll() is not None or time.monotonic() > end
            said = squeezed(self._output.read_text(encoding="utf-8"))
            try:
                self._read += expect(self._command, text, said[self._read :])
                return
            except GuideError:
                if is_over:
                    raise
            time.sleep(0.2)

    @classmethod
    def end(cls) -> None:
        if cls.now and cls.now._process.poll() is None:
            os.killpg(cls.now._process.pid, signal.SIGTERM)
            cls.now._process.wait()
        cls.now = None


class Block(t.NamedTuple):
    line: int
    kind: str
    remark: str
    language: str
    file: str
    text: str


def blocks(page: Path) -> t.Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in (RST_BLOCK if page.suffix == ".rst" else MARKDOWN_BLOCK).finditer(text):
        if page.suffix == ".rst":
            kind, remark, indent, language, options, body = match.groups()
            caption = re.search(r":caption: (.+)", options)
            file, indent = caption.group(1).strip() if caption else "", f"{indent}   "
        else:
            file, kind, remark, indent, language, body = match.groups()
        lines = [line[len(indent) :] for line in body.rstrip().splitlines()]
        yield Block(
            text.count("\n", 0, match.start(6)) + 1,
            kind or "",
            " ".join((remark or "").split()),
            language,
            file if file and language in FILES else "",
            "".join(f"{line}\n" for line in lines),
        )


def count_blocks(page: Path) -> int:
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".rst":
        return len(re.findall(r"^ *\.\. code-block::", text, re.M))
    return len(re.findall(r"^ *```", text, re.M)) // 2


def follow(block: Block, home: Path, root: Path) -> None:
    control("step", block.remark if block.kind == "step" else "0")
    if block.file:
        write(block, Path((home / ".folder").read_text().strip()), root / "docs/awx")
    if block.kind == "said by":
        control("reset")
        provoke(block, home)
    elif block.language == "text" and block.kind == "not run":
        return
    elif block.kind == "said there" and GoingOn.now:
        GoingOn.now.says(block.text)
    elif block.kind == "goes on":
        ((command, output),) = commands(block.text)
        check(command, root)
        GoingOn.end()
        GoingOn(command, home).says(output)
    elif block.language == "yaml":
        for document in yaml.safe_load_all(block.text):
            for script in scripts(document):
                check(script, root)
    elif block.language == "ini":
        configparser.ConfigParser(interpolation=None).read_string(block.text)
    elif block.language == "groovy":
        if any(block.text.count(opens) != block.text.count(closes) for opens, closes in ("{}", "()", "[]")):
            raise GuideError("the brackets do not match")
        for script in re.findall(r"""\bsh '([^']+)'""", block.text):
            check(script, root)
    elif block.language == "console":
        found = commands(block.text)
        for number, (command, output) in enumerate(found, 1):
            check(command, root)
            if block.kind != "not run":
                run(command, output, home, fails=block.kind == "fails" and number == len(found))
    else:
        raise GuideError(f"this test knows no {block.language}")


def write(block: Block, folder: Path, shipped: Path) -> None:
    (folder / block.file).parent.mkdir(exist_ok=True)
    (folder / block.file).write_text(block.text, encoding="utf-8")
    if (shipped / block.file).exists():
        # The file may have a license and remarks before its first line of YAML.
        start = re.sub(r"\A---\n(?:#.*\n|\n)*", "", (shipped / block.file).read_text(encoding="utf-8"))
        if block.text != start:
            raise GuideError(f"the file of that name in docs/awx differs:\n{start}")


def scripts(document: t.Any) -> t.Iterator[str]:
    document = dict(enumerate(document)) if isinstance(document, list) else document
    for key, value in document.items() if isinstance(document, dict) else ():
        if key in SCRIPTS and isinstance(value, (str, list)):
            yield "\n".join([value] if isinstance(value, str) else value)
        else:
            yield from scripts(value)


def commands(text: str) -> list[tuple[str, str]]:
    """Each command of a console block, and what the page shows as its output."""
    found = re.findall(r"^\$ (.*\n)((?:(?!\$ ).*\n)*)", text.replace("\\\n", ""), re.M)
    if not text.startswith("$ "):
        raise GuideError("the block does not begin with a command")
    return found


def check(script: str, root: Path) -> None:
    done = subprocess.run(["bash", "-n", "-c", script], capture_output=True, text=True, check=False)
    if done.returncode:
        raise GuideError(f"{script}\n{done.stderr}")
    for target in re.findall(r"^make ([a-z-]+)", script):
        if not re.search(rf"^([a-z-]+ )*{target}( [a-z-]+)*:", (root / "Makefile").read_text(encoding="utf-8"), re.M):
            raise GuideError(f"the Makefile has no target {target}")


def run(command: str, output: str, home: Path, fails: bool) -> None:
    done = bash(command, home)
    said = done.stdout + done.stderr
    if bool(done.returncode) != fails:
        raise GuideError(f"{command}\nended with {done.returncode}\n{said}")
    expect(command, output, said)


def provoke(block: Block, home: Path) -> None:
    done = bash(block.remark, home)
    expect(block.remark, block.text, done.stdout + done.stderr)


def expect(command: str, text: str, said: str) -> int:
    """Check that what was said holds each piece of the text, in their order, and return where the last of them ends."""
    rest = squeezed(said)
    length = len(rest)
    for piece in map(squeezed, text.split("…")):
        _before, found, rest = rest.partition(piece) if piece else ("", "-", rest)
        if not found:
            raise GuideError(f"{command}\ndid not say: {text}\n{said}")
    if "Traceback" in said or os.environ["NKS_API_TOKEN"] in said:
        raise GuideError(f"{command}\nshowed a traceback or the token:\n{said}")
    return length - len(rest)


def squeezed(text: str) -> str:
    """Without white space, because Ansible wraps its messages, and without what JSON escapes."""
    return re.sub(r"[\s\\]", "", text)


def bash(command: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f"{SHELL}\n{command}"], env={"HOME": str(home)}, capture_output=True, text=True, check=False
    )


def prepare(home: Path, root: Path, page: str) -> None:
    """Give the shell of a page its first folder and environment, and the collection unless the page installs it."""
    if INSTALL not in page:
        collections = home / ".ansible/collections/ansible_collections/netapp"
        collections.mkdir(parents=True)
        (collections / "nks").symlink_to(root)
    repository = home / ".repository"
    if REPOSITORY in page:
        git = ["git", f"--git-dir={repository}", f"--work-tree={root}", "-c", "user.name=docs", "-c", "user.email=docs"]
        subprocess.run(["git", "init", "-q", "--bare", "--initial-branch=main", repository], check=True)
        subprocess.run([*git, "add", "--all"], check=True, capture_output=True)
        subprocess.run([*git, "commit", "-qm", "The files that are tested"], check=True)
    environment = {
        **{name: value for name, value in os.environ.items() if name not in NOT_PASSED},
        "HOME": str(home),
        "ANSIBLE_NOCOLOR": "true",
        # A clone of the repository, and an installation from it, take the files that are tested.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{repository}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY,
    }
    (home / ".folder").write_text(f"{home}\n", encoding="utf-8")
    (home / ".environment").touch()
    subprocess.run(["bash", "-c", 'export -p >"$HOME/.environment"'], env=environment, check=True)


def control(path: str, body: str = "") -> None:
    """A request to the fake itself."""
    with urllib.request.urlopen(f"{os.environ['NKS_FAKE_URL']}/_fake/{path}", body.encode()):
        pass


def main() -> int:
    root, page = map(Path, sys.argv[1:])
    found = list(blocks(page))
    failed = count_blocks(page) - len(found)
    if failed:
        print(f"FAILED: {page.name} has blocks that this test does not see")
    control("reset")
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), root, page.read_text(encoding="utf-8"))
        for block in found:
            print(f"{page.name}:{block.line} {block.language} {block.file or block.kind}", flush=True)
            try:
                follow(block, Path(folder), root)
            except (GuideError, yaml.YAMLError, configparser.Error) as error:
                print(f"    FAILED: {error}")
                failed += 1
        GoingOn.end()
    print(f"{page.name}: {len(found)} blocks were followed, {failed} failed.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
