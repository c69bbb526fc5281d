# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follow a page as a reader does: write its files, run its commands, and provoke its messages.

One shell runs all blocks of a page in order, so the current folder and exported variables are kept for the next block.
Its home is a new, empty folder.

- A block of YAML, INI or Groovy is a file. In reStructuredText, the caption is the name of the file. In Markdown, the
  line before the block ends with the name in backticks and a colon. If `docs/awx` has a file of the same name, their
  contents must be equal.
- In a block of the language console, a line that begins with `$` is a command, which must succeed. The lines after it
  must appear in its output, in the same order; `…` stands for any text.

A comment before a block, `.. KIND: TEXT` or `<!-- KIND: TEXT -->`, changes that:

- `not run: REASON`: only check the syntax, and that targets of `make` exist.
- `fails: REASON`: the last command of the block must fail.
- `pipeline: NAME`: run the `ansible-playbook` commands in the block with the variables of the block, through a pipe.
  Commands with a timeout for a gate start before a cluster is ready. The cluster becomes ready when the first line of
  the waiting gate arrives.
- `step: SECONDS`: advance the clock of the fake by this much with each request. Otherwise no time passes.
- `said by: COMMAND`: the block is a message that the command prints. The command can call `fault JSON`, which makes
  requests to the fake fail.
- `goes on: REASON`: the command of the block keeps running, as in its own shell, until the next command of this kind or
  the end of the page. The lines after it must appear within a minute.
- `said there: REASON`: the block is the next output of the command that keeps running, within a minute.
"""

from __future__ import annotations

import configparser
import json
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
"""Variables that a reader does not have in the environment."""

KINDS = "not run|fails|pipeline|step|said by|goes on|said there"
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
"""The keys of commands in a pipeline."""

VARIABLES = ("variables", "env")
"""The keys of variables in a pipeline."""

STAGING = 1202
"""The ID of a cluster that the gates in the pipelines need."""

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
    """A block that does not work as described."""


class GoingOn:
    """A command that keeps running. Its output is read piece by piece."""

    longest = 60.0
    """Seconds to wait for output."""
    now: GoingOn | None = None
    """The current command of this kind."""

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
        """Wait until the pieces of the text appear in order, after the output that was already read."""
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
    elif block.kind == "pipeline":
        run_pipeline(block, home, root)
    elif block.language == "yaml":
        list(yaml.safe_load_all(block.text))
    elif block.language == "ini":
        configparser.ConfigParser(interpolation=None).read_string(block.text)
    elif block.language == "console":
        found = commands(block.text)
        for number, (command, output) in enumerate(found, 1):
            check(command, root)
            if block.kind != "not run":
                run(command, output, home, fails=block.kind == "fails" and number == len(found))
    else:
        raise GuideError(f"this test does not support the language {block.language}")


def write(block: Block, folder: Path, shipped: Path) -> None:
    (folder / block.file).parent.mkdir(parents=True, exist_ok=True)
    (folder / block.file).write_text(block.text, encoding="utf-8")
    if (shipped / block.file).exists():
        # The file can have a license and comments before its first line of YAML.
        start = re.sub(r"\A---\n(?:#.*\n|\n)*", "", (shipped / block.file).read_text(encoding="utf-8"))
        if block.text != start:
            raise GuideError(f"the file with the same name in docs/awx differs:\n{start}")


def run_pipeline(block: Block, home: Path, root: Path) -> None:
    scripts, variables = parse_pipeline(block)
    for script in scripts:
        check(script, root)
    assignments = "".join(f"export {name}='{value}'\n" for name, value in variables if not name.startswith("NKS_"))
    playbooks = [line for script in scripts for line in script.splitlines() if line.startswith("ansible-playbook")]
    gates = [line for line in playbooks if "cluster_gate_timeout" in line]
    if not gates or ("PYTHONUNBUFFERED", "1") not in variables:
        raise GuideError("the pipeline has no gate that waits, or buffers its output")
    for command in playbooks:
        if command in gates:
            watch(f"(\nunset PYTHONUNBUFFERED\n{assignments}{command} -e cluster_gate_sleep=1\n)", home)
        else:
            run(f"(\n{assignments}{command}\n)", "", home, fails=False)


def parse_pipeline(block: Block) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the scripts and the variables of a pipeline."""
    if block.language == "groovy":
        if any(block.text.count(opens) != block.text.count(closes) for opens, closes in ("{}", "()", "[]")):
            raise GuideError("the brackets do not match")
        return re.findall(r"\bsh '([^']+)'", block.text), re.findall(r"^ *(\w+) = '([^']*)'$", block.text, re.M)
    found = list(entries(yaml.safe_load(block.text)))
    scripts = ["\n".join([value] if isinstance(value, str) else value) for key, value in found if key in SCRIPTS]
    return scripts, [pair for key, value in found if key in VARIABLES for pair in value.items()]


def entries(document: t.Any) -> t.Iterator[tuple[t.Any, t.Any]]:
    """Yield all keys of a document with their values, at any depth."""
    for key, value in document.items() if isinstance(document, dict) else enumerate(document):
        yield key, value
        if isinstance(value, (dict, list)):
            yield from entries(value)


def watch(command: str, home: Path) -> None:
    """Check that the output of a waiting gate arrives while it waits. This depends on order, not on time."""
    change_cluster(STAGING, {"state": "building"})
    with start(command, home) as process:
        assert process.stdout
        said = ""
        for line in process.stdout:
            said += line
            if "waits up to" in line:
                break
        is_running = process.poll() is None
        change_cluster(STAGING, {"state": "running"})
        said_later = process.stdout.read()
    if not is_running or process.returncode:
        raise GuideError(f"{command}\nended with {process.returncode}. While it waited:\n{said}\nLater:\n{said_later}")


def commands(text: str) -> list[tuple[str, str]]:
    """Return each command of a console block, with its output on the page."""
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
    with start(command, home) as process:
        said, _nothing = process.communicate()
    if bool(process.returncode) != fails:
        raise GuideError(f"{command}\nended with {process.returncode}\n{said}")
    expect(command, output, said)


def provoke(block: Block, home: Path) -> None:
    with start(block.remark, home) as process:
        said, _nothing = process.communicate()
    expect(block.remark, block.text, said)


def expect(command: str, text: str, said: str) -> int:
    """Check that the output has the pieces of the text in order. Return the end of the last piece."""
    rest = squeezed(said)
    length = len(rest)
    for piece in map(squeezed, text.split("…")):
        _before, found, rest = rest.partition(piece) if piece else ("", "-", rest)
        if not found:
            raise GuideError(f"{command}\ndid not print: {text}\n{said}")
    if "Traceback" in said or os.environ["NKS_API_TOKEN"] in said:
        raise GuideError(f"{command}\nshowed a traceback or the token:\n{said}")
    return length - len(rest)


def squeezed(text: str) -> str:
    """Remove white space, because Ansible wraps messages, and the backslashes of JSON."""
    return re.sub(r"[\s\\]", "", text)


def start(command: str, home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["bash", "-c", f"{SHELL}\n{command}"],
        env={"HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def prepare(home: Path, root: Path, page: str) -> None:
    """Prepare the home and environment of the shell, and the collection unless the page installs it."""
    if INSTALL not in page:
        (home / ".ansible/collections").mkdir(parents=True)
        collections = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep)[0], "ansible_collections")
        (home / ".ansible/collections/ansible_collections").symlink_to(collections)
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
        # As on a terminal
        "PYTHONUNBUFFERED": "1",
        # Clones of the repository, and installations from it, use the tested files.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{repository}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY,
    }
    (home / ".folder").write_text(f"{home}\n", encoding="utf-8")
    (home / ".environment").touch()
    subprocess.run(["bash", "-c", 'export -p >"$HOME/.environment"'], env=environment, check=True)


def control(path: str, body: str = "", method: str = "POST") -> None:
    """Send a request to a control endpoint of the fake."""
    url = f"{os.environ['NKS_FAKE_URL']}/_fake/{path}"
    with urllib.request.urlopen(urllib.request.Request(url, body.encode(), method=method)):
        pass


def change_cluster(pk: int, fields: dict[str, t.Any]) -> None:
    control(f"clusters/{pk}", json.dumps(fields), "PATCH")


def main() -> int:
    root, page = map(Path, sys.argv[1:])
    found = list(blocks(page))
    failed = count_blocks(page) - len(found)
    if failed:
        print(f"FAILED: {page.name} has blocks that this test does not recognize")
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
