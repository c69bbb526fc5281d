# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write fleet reports with the role, from the fake NKS API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from fake_nks.server import FakeNKS  # noqa: E402

FLEETS: dict[str, dict[str, t.Any]] = {"9": {}, "300": {"orgs": 10, "clusters": 300}}
"""Options of the fake, by the number of clusters in the fleet."""


def write_report(folder: Path, fake: FakeNKS, name: str, **variables: t.Any) -> str:
    """Write a report to the folder; return its URL. Also create a link to the collection there."""
    collections = folder / "ansible_collections/netapp"
    if not collections.exists():
        collections.mkdir(parents=True)
        (collections / "nks").symlink_to(ROOT)
    path = folder / name
    # Mark text as unsafe, so that Ansible does not evaluate it as a template.
    marked = "".join(f"{key}: !unsafe {json.dumps(value)}\n" for key, value in variables.items())
    (folder / "variables.yml").write_text(f"fleet_report_dest: {path}\n{marked}", encoding="utf-8")
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(folder),
        "NKS_API_URL": fake.url,
        "NKS_API_TOKEN": fake.token,
    }
    command = [sys.executable, "-m", "ansible", "playbook", "netapp.nks.fleet_report", "-e", f"@{folder}/variables.yml"]
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return path.as_uri()
