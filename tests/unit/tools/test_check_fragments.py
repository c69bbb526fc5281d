# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.netapp.nks.tests.tools import check_fragments

RELEASED = {
    "changelogs/changelog.yaml": "releases:\n  1.0.0:\n    changes: {}\n",
    "plugins/modules/nks_a.py": "",
    "plugins/modules/nks_b.py": "",
    "plugins/inventory/nks.py": "",
    "plugins/module_utils/_x.py": "",
    "roles/gate/tasks/main.yml": "",
    "roles/gate/README.md": "",
    "playbooks/deploy.yml": "",
    "docs/page.rst": "",
}


def git(*arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


def write(files: dict[str, str]) -> None:
    for path, text in files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, "utf-8")


def commit(files: dict[str, str]) -> None:
    write(files)
    git("add", "-A")
    git("commit", "-m", "x")


@pytest.fixture(autouse=True)
def released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose last commit is a release, as the current folder."""
    folder = tmp_path / "released"
    folder.mkdir()
    monkeypatch.chdir(folder)
    git("init")
    commit({"README.md": ""})
    commit(RELEASED)
    return folder


def lines() -> list[str]:
    """What lacks a fragment."""
    return (check_fragments.main() or "").splitlines()[1:-1]


def test_a_release_needs_no_fragment() -> None:
    assert check_fragments.main() is None


@pytest.mark.parametrize(
    ("path", "fragment"),
    [
        ("plugins/modules/nks_a.py", "nks_a - x"),
        ("plugins/inventory/nks.py", "inventory nks - x"),
        ("plugins/filter/new.py", "add plugin.filter: new"),
        ("plugins/module_utils/_x.py", "all modules - x"),
        ("plugins/module_utils/_new.py", "all modules - x"),
        ("roles/gate/tasks/main.yml", "role gate - x"),
        ("roles/gate/tasks/new.yml", "role gate - x"),
        ("playbooks/deploy.yml", "playbook deploy - x"),
        ("playbooks/new.yml", "playbook new - x"),
        ("extensions/eda/plugins/event_source/new.py", "event source New - x"),
        ("meta/runtime.yml", "x"),
    ],
)
@pytest.mark.parametrize("store", [commit, write])
def test_a_change_needs_a_fragment_that_names_it(path: str, fragment: str, store: object) -> None:
    assert callable(store)
    store({path: "changed"})
    assert len(lines()) == 1
    assert path in lines()[0]
    if path != "meta/runtime.yml" and "module_utils" not in path:
        write({"changelogs/fragments/other.yml": "nks_b and nks_a_b, role gate_keeper, new_one"})
        assert len(lines()) == 1
    write({"changelogs/fragments/one.yml": fragment})
    assert check_fragments.main() is None


@pytest.mark.parametrize(
    "path", ["plugins/modules/nks_new.py", "plugins/lookup/nks.py", "roles/gate/README.md", "docs/page.rst"]
)
def test_what_the_changelog_lists_by_itself_and_what_is_no_code_needs_none(path: str) -> None:
    commit({path: "changed"})
    assert check_fragments.main() is None


def test_a_module_that_went_needs_a_fragment() -> None:
    git("rm", "plugins/modules/nks_b.py")
    assert lines() == ["nks_b: plugins/modules/nks_b.py"]


def test_the_next_release_begins_afresh() -> None:
    commit({"plugins/modules/nks_a.py": "changed"})
    release = {"changelogs/changelog.yaml": RELEASED["changelogs/changelog.yaml"] + "  1.1.0:\n    changes: {}\n"}
    write(release)
    assert check_fragments.main() is None
    commit(release)
    assert check_fragments.main() is None
    commit({"changelogs/changelog.yaml": RELEASED["changelogs/changelog.yaml"] + "  1.1.0:\n    changes: {a: b}\n"})
    commit({"plugins/modules/nks_b.py": "changed"})
    assert lines() == ["nks_b: plugins/modules/nks_b.py"]


def test_a_history_that_is_too_short_is_told(
    released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commit({"plugins/modules/nks_a.py": "changed"})
    for depth, is_enough in ((1, False), (2, False), (3, True)):
        git("clone", "--depth", str(depth), released.as_uri(), str(tmp_path / str(depth)))
        monkeypatch.chdir(tmp_path / str(depth))
        assert bool(lines()) is is_enough
        assert ("too short" in capsys.readouterr().out) is not is_enough
