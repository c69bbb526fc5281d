# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check that each plugin, role and playbook that has changed since the last release is named in a changelog fragment.

The last release is the newest commit that added a version to changelogs/changelog.yaml: no tag is needed. The check
does not see whether a fragment tells all that has changed, nor changes outside of the folders below. Where the history
is too short to have the last release, it says so, and checks nothing.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

FOLDERS = ["extensions", "meta", "playbooks", "plugins", "roles"]
SHARED = {"doc_fragments", "module_utils", "plugin_utils"}
CHANGELOG = "changelogs/changelog.yaml"
VERSION = r"^  [0-9]+\.[0-9]+\.[0-9]+"


def git(*arguments: str) -> list[str]:
    return subprocess.check_output(["git", *arguments], text=True).splitlines()


def last_release() -> str | None:
    """The commit of the last release, or None where the history does not reach back to it."""
    commits = git("log", "-1", "--format=%H", f"-G{VERSION}", "--", CHANGELOG)
    shallow = Path(git("rev-parse", "--git-path", "shallow")[0])
    if shallow.exists() and set(commits) & set(shallow.read_text("utf-8").split()):
        return None
    return commits[0] if commits else None


def name_for(path: str, is_new: bool) -> str | None:
    """What a fragment must name, "" for any fragment, or None for no fragment."""
    folder, part = Path(path).parts[:2]
    if path.endswith(".md"):
        return None
    if folder == "meta" or part in SHARED:
        return ""
    if folder == "plugins" and is_new and part not in {"filter", "test"}:
        return None  # antsibull-changelog lists it by itself
    if folder == "plugins" and part not in {"action", "filter", "modules", "test"}:
        return part
    return part if folder == "roles" else Path(path).stem


def missing(release: str, fragments: str) -> list[str]:
    """A line for each name that no fragment has, and its files."""
    untracked = git("ls-files", "--others", "--exclude-standard", "--", *FOLDERS)
    new = {*git("diff", "--name-only", "--diff-filter=A", release, "--", *FOLDERS), *untracked}
    paths: dict[str, list[str]] = {}
    for path in sorted({*git("diff", "--name-only", release, "--", *FOLDERS), *new}):
        name = name_for(path, path in new)
        if name is not None:
            paths.setdefault(name, []).append(path)
    return [
        f"{name or 'what is shared'}: {', '.join(paths[name])}"
        for name in paths
        if not (re.search(rf"\b{re.escape(name)}\b", fragments, re.IGNORECASE) if name else fragments)
    ]


def main() -> str | None:
    """What is wrong, or None."""
    if git("diff", f"-G{VERSION}", "--name-only", "HEAD", "--", CHANGELOG):
        print("A release is being made: its fragments are in the changelog.")
        return None
    release = last_release()
    if release is None:
        print("The history is too short to have the last release: nothing is known of missing fragments.")
        return None
    fragments = "\n".join(path.read_text("utf-8") for path in sorted(Path("changelogs/fragments").glob("*.y*ml")))
    lines = missing(release, fragments)
    if not lines:
        print(f"Fragments name each plugin, role and playbook that has changed since the last release, {release[:7]}.")
        return None
    return "\n".join(
        [
            f"No fragment in changelogs/fragments names what has changed since the last release, {release[:7]}:",
            *lines,
            "Describe what users notice. If they notice nothing, use the section trivial.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
