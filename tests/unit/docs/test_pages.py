# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test what the Markdown pages say about the repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
SHIPPED = [ROOT / "README.md", *sorted(ROOT.glob("roles/*/README.md"))]
PAGES = [*SHIPPED, *sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md")), ROOT / "tests/fake_nks/README.md"]
LINK = re.compile(r"\]\(([^)\s]+)\)")


def links(page: Path) -> list[str]:
    return LINK.findall(page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub creates for the headings of a Markdown or reStructuredText page."""
    text = page.read_text(encoding="utf-8")
    pattern = r"^(.+)\n[-=~^]{4,}$" if page.suffix == ".rst" else r"^#+ (.+)$"
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in re.findall(pattern, text, re.M)}


@pytest.mark.parametrize("page", SHIPPED, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_shipped_pages_work_elsewhere(page: Path) -> None:
    """Galaxy shows these pages without the files beside them."""
    assert [link for link in links(page) if not link.startswith(("https://", "#"))] == []


@pytest.mark.parametrize("page", sorted(set(PAGES)), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_into_the_repository_are_not_broken(page: Path) -> None:
    repository = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["repository"]
    raw = repository.replace("https://github.com", "https://raw.githubusercontent.com")
    for link in links(page):
        path, _hash, anchor = re.sub(rf"^({repository}/blob|{raw})/main/", f"{ROOT}/", link).partition("#")
        target = page.parent / path if path else page
        if not path.startswith("https://"):
            assert target.is_file(), link
            assert not anchor or anchor in anchors(target), link
        else:
            assert not path.startswith(raw), link
            assert not path.startswith(repository) or path == f"{repository}/issues", link


def test_module_utils_import_no_other_plugins() -> None:
    """module_utils must work without the controller, and most of it without ansible-core."""
    with_ansible = {"_module.py", "_options.py", "_kubeconfig_file.py", "_kubeconfig_dir.py"}
    for path in (ROOT / "plugins/module_utils").glob("*.py"):
        edges = r"\S+\.(?:plugin_utils|modules|inventory|filter|tests)\b"
        refused = edges if path.name in with_ansible else rf"{edges}|ansible\b"
        assert re.findall(rf"^\s*(?:from|import) (?:{refused})", path.read_text("utf-8"), re.M) == [], path


def test_make_fake_prints_lines_for_a_shell() -> None:
    """Users paste all of its output."""
    make = ["make", "--old-file=.venv/ready", f"BIN={Path(sys.executable).parent}", "fake"]
    # A parent make can set variables that suppress the output of this one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    with subprocess.Popen(
        make, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _line in range(4)]
        try:
            script = f'{"".join(lines)}echo "$NKS_API_URL $NKS_API_TOKEN"; command -v python'
            shell = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=False)
            assert shell.stderr == ""
            url, token, python = shell.stdout.split()
            assert python == str(Path(sys.executable).parent / "python")
            request = urllib.request.Request(f"{url}/orgs", headers={"Authorization": f"Bearer {token}"})
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as response:
                assert response.status == 200
        finally:
            process.terminate()
