# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import re
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.netapp.nks.plugins.modules.nks_kubeconfig import main
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]
Run = t.Callable[..., JSON]

PROD = {"org": "381", "name": "prod"}
KUBECONFIG = "/orgs/381/clusters/1201/kubeconfig"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(name="dest")
def dest_fixture(tmp_path: Path) -> t.Iterator[Path]:
    umask = os.umask(0o022)
    yield tmp_path / "kubeconfig"
    os.umask(umask)


@pytest.mark.parametrize(
    ("options", "pk", "org"),
    [
        (PROD, 1201, 381),
        ({"org": "acme-retail", "name": "prod"}, 1301, 382),
        ({"id": 1301}, 1301, 382),
        ({"name": "staging"}, 1202, 381),
        ({"org": "My Organization", "name": "nks-service"}, 1206, 381),
    ],
)
def test_the_kubeconfig_of_the_cluster_is_written_for_its_owner_only(
    run_module: Run, dest: Path, options: JSON, pk: int, org: int
) -> None:
    result = run_module(main, dest=str(dest), **options)
    assert (result["changed"], result["dest"]) == (True, str(dest))
    assert (result["cluster"]["pk"], result["cluster"]["org"]) == (pk, org)
    assert "kind: Config" in dest.read_text()
    assert mode(dest) == 0o600
    assert "never-show" in dest.read_text()
    assert "never-show" not in str(result)
    assert run_module(main, dest=str(dest), **options)["changed"] is False


def test_check_mode_writes_nothing_and_tells_what_would_change(run_module: Run, dest: Path) -> None:
    assert run_module(main, check_mode=True, dest=str(dest), **PROD)["changed"] is True
    assert not dest.exists()
    assert run_module(main, check_mode=True, dest=str(dest.parent / "not/there/yet"), **PROD)["changed"] is True
    run_module(main, dest=str(dest), **PROD)
    assert run_module(main, check_mode=True, dest=str(dest), **PROD)["changed"] is False
    assert run_module(main, check_mode=True, dest=str(dest), mode="0640", **PROD)["changed"] is True
    assert mode(dest) == 0o600


@pytest.mark.parametrize("backup", [True, False])
def test_an_older_file_is_replaced_and_kept_if_asked_for(run_module: Run, dest: Path, backup: bool) -> None:
    dest.write_text("old secret")
    dest.chmod(0o644)
    result = run_module(main, dest=str(dest), backup=backup, **PROD)
    assert result["changed"]
    assert mode(dest) == 0o600
    assert "kind: Config" in dest.read_text()
    assert "old secret" not in str(result)
    assert result["diff"]["before"]["kubeconfig"] == "not shown"
    assert ("backup_file" in result) is backup
    assert len(list(dest.parent.iterdir())) == 1 + backup
    if backup:
        assert Path(result["backup_file"]).read_text(encoding="utf-8") == "old secret"


@pytest.mark.parametrize("before", ["the same", "other", None])
def test_a_link_is_followed_for_content_and_attributes(run_module: Run, dest: Path, before: str | None) -> None:
    link = dest.parent / "link"
    link.symlink_to(dest.name)
    if before == "the same":
        run_module(main, dest=str(dest), **PROD)
    elif before:
        dest.write_text(before)
    if before:
        dest.chmod(0o644)
    result = run_module(main, dest=str(link), **PROD)
    assert (result["changed"], result["dest"]) == (True, str(dest))
    assert link.is_symlink()
    assert "kind: Config" in dest.read_text()
    assert mode(dest) == 0o600
    assert run_module(main, dest=str(link), **PROD)["changed"] is False
    assert len(list(dest.parent.iterdir())) == 2


def test_the_attributes_alone_can_change(run_module: Run, dest: Path) -> None:
    run_module(main, dest=str(dest), **PROD)
    result = run_module(main, dest=str(dest), mode="0640", backup=True, **PROD)
    assert result["changed"]
    assert mode(dest) == 0o640
    assert "backup_file" not in result
    assert result["diff"]["after"] == {"mode": "0640", "path": str(dest)}


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (
            {"name": "prod"},
            None,
            r"More than one cluster has the name 'prod': ID 1201 of 381 .*, 1301 of 382 .*Give org",
        ),
        (
            {"name": "none"},
            None,
            r"no cluster with the name 'none': the token sees prod \(ID 1201\).*390 \(Partner Labs\)",
        ),
        ({"id": 4711, "org": "383"}, None, r"no cluster with the ID 4711: the token sees 🐳 \(ID 1401\)"),
        ({"org": "none", "name": "prod"}, None, "'none'.*381, my-organization"),
        ({"org": "390", "name": "partner-prod"}, 403, "Owner"),
        (
            {"org": "381", "name": "build-me"},
            404,
            r"build-me \(ID 1203\), whose state is building, is not available.*Wait until",
        ),
        ({"org": "381", "name": "broken"}, 404, "is not available"),
        ({**PROD, "api_token": "wrong"}, 401, "Invalid token"),
        ({**PROD, "api_url": "http://127.0.0.1:1"}, None, "Connection refused"),
        ({"org": "381"}, None, "one of the following is required: id, name"),
        ({**PROD, "id": 1201}, None, "mutually exclusive"),
        ({**PROD, "dest": "/nowhere/at/all"}, None, "The folder of dest does not exist"),
        ({**PROD, "dest": "/tmp"}, None, "dest is a folder or a device"),
        ({**PROD, "dest": "/dev/null"}, None, "dest is a folder or a device"),
    ],
)
@pytest.mark.parametrize("before", [None, "old"])
def test_a_failure_is_one_message_and_leaves_the_file_as_it_was(
    run_module: Run, dest: Path, options: JSON, status: int | None, message: str, before: str | None
) -> None:
    if before:
        dest.write_text(before)
    result = run_module(main, **{"dest": str(dest), **options})
    assert result["failed"]
    assert re.search(message, result["msg"])
    assert result.get("status") == status
    assert (dest.read_text() if dest.exists() else None) == before
    assert len(list(dest.parent.iterdir())) == (1 if before else 0)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "<html>never-show</html>",
        '"kind: Config"',
        '{"detail": "Not ready."}',
        "kind: Config",
        "kind: Config\nclusters: []",
        "kind: Config\nclusters: [{cluster: {server: ''}}]",
        "kind: Config\nclusters: [{cluster: null}, 5]",
        "kind: Secret\nclusters: [{cluster: {server: https://never-show}}]",
        "kind: Config\nclusters: [{cluster: {server: https://x}}]\nusers: [{user: {token: never-show}",
        "kind: Config\nclusters: !!python/object/apply:os.system [exit]",
        "[" * 100000,
        "kind: Config\x00",
    ],
    ids=lambda body: body[:40],
)
def test_what_is_no_kubeconfig_is_neither_written_nor_shown(
    fake: FakeNKS, run_module: Run, dest: Path, body: str
) -> None:
    fake.fault(KUBECONFIG, "body", body=body, content_type="text/plain")
    result = run_module(main, dest=str(dest), **PROD)
    assert "is not what the server sent" in result["msg"]
    assert "never-show" not in str(result)
    assert not dest.exists()


@pytest.mark.parametrize("body", ['{"kind": "Config", "clusters": [{"cluster": {"server": "https://x"}}]}'])
def test_a_kubeconfig_in_json_is_one_too(fake: FakeNKS, run_module: Run, dest: Path, body: str) -> None:
    fake.fault(KUBECONFIG, "body", body=body)
    assert run_module(main, dest=str(dest), **PROD)["changed"]
    assert json.loads(dest.read_text())["kind"] == "Config"


@pytest.mark.parametrize(
    ("kind", "seconds"), [("reset_body", 60), ("short_body", 60), ("drip", 0.2), ("gzip_broken", 60)]
)
def test_a_kubeconfig_that_does_not_come_whole_is_not_written(
    fake: FakeNKS, run_module: Run, hurry: t.Callable[..., None], dest: Path, kind: str, seconds: float
) -> None:
    fake.fault(KUBECONFIG, kind)
    hurry(60, seconds)
    result = run_module(main, dest=str(dest), **PROD)
    assert result["failed"]
    assert "never-show" not in str(result)
    assert not dest.exists()
