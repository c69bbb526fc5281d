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
import yaml
from ansible_collections.netapp.nks.plugins.modules.nks_kubeconfig import main
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]
Run = t.Callable[..., JSON]

PROD = {"org": "381", "name": "prod"}
KUBECONFIG = "/orgs/381/clusters/1201/kubeconfig"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def warnings(result: JSON) -> list[str]:
    """Return the warnings as text. Since ansible-core 2.19, modules return objects."""
    found = result.get("warnings", [])
    return [warning if isinstance(warning, str) else warning["event"]["msg"] for warning in found]


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


def test_check_mode_writes_nothing_and_reports_changes(run_module: Run, dest: Path) -> None:
    assert run_module(main, check_mode=True, dest=str(dest), **PROD)["changed"] is True
    assert not dest.exists()
    assert run_module(main, check_mode=True, dest=str(dest.parent / "not/there/yet"), **PROD)["changed"] is True
    run_module(main, dest=str(dest), **PROD)
    assert run_module(main, check_mode=True, dest=str(dest), **PROD)["changed"] is False
    assert run_module(main, check_mode=True, dest=str(dest), mode="0640", **PROD)["changed"] is True
    assert mode(dest) == 0o600


@pytest.mark.parametrize("backup", [True, False])
def test_an_older_file_is_replaced_and_backed_up_if_requested(run_module: Run, dest: Path, backup: bool) -> None:
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
        assert mode(Path(result["backup_file"])) == 0o600


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
            r"More than one cluster has the name 'prod': ID 1201 of 381 .*, 1301 of 382 .*Set org or id",
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
        ({"org": "381"}, None, "require id or name"),
        ({"dest": None, "state": "absent"}, None, "state=absent requires merge, and the name"),
        ({"id": 1202, "name": "prod"}, None, r"ID 1202 is staging \(ID 1202\), not 'prod'"),
        ({**PROD, "state": "absent"}, None, "state=absent requires merge and dest"),
        ({**PROD, "mode": 600}, None, r'in quotes, for example "0600". The number 600 means the mode 1130'),
        ({**PROD, "owner": "nobody-here"}, None, "nobody-here"),
        ({**PROD, "dest": "/tmp/new/"}, None, "cannot end in a slash"),
        ({**PROD, "dest": "/nowhere/at/all"}, None, "The directory of dest does not exist"),
        ({**PROD, "dest": "/tmp"}, None, "dest is a directory or a device"),
        ({**PROD, "dest_name": "x"}, None, "mutually exclusive: dest\\|dest_name"),
        ({**PROD, "dest": None}, None, "set dest, or dest_name for a file in dest_dir"),
        (
            {**PROD, "dest": None, "dest_dir": "/dev/null", "dest_name": "x"},
            None,
            "dest_dir is not a directory: /dev/null",
        ),
        (
            {**PROD, "dest": None, "dest_dir": "/dev/null/x", "dest_name": "x"},
            None,
            "dest_dir cannot be created: Not a dir",
        ),
        ({**PROD, "dest": "/dev/null"}, None, "dest is a directory or a device"),
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


CONFIG: JSON = {
    "kind": "Config",
    "clusters": [{"name": "c", "cluster": {"server": "https://x", "certificate-authority-data": "eA=="}}],
    "users": [{"name": "u", "user": {"client-key-data": "eA=="}}],
    "contexts": [{"name": "n", "context": {"cluster": "c", "user": "u"}}],
    "current-context": "n",
}


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
        *(json.dumps({**CONFIG, key: []}) for key in ("users", "contexts", "clusters")),
        json.dumps(CONFIG).replace("eA==", "eA=", 1),
        "a: &a [x, x]\nb: [*a, *a]\n" + json.dumps(CONFIG)[1:-1],
    ],
    ids=lambda body: body[:40],
)
def test_an_invalid_kubeconfig_is_neither_written_nor_shown(
    fake: FakeNKS, run_module: Run, dest: Path, body: str
) -> None:
    fake.fault(KUBECONFIG, "body", body=body, content_type="text/plain")
    result = run_module(main, dest=str(dest), **PROD)
    assert "is not valid: " in result["msg"]
    assert "never-show" not in str(result)
    assert not dest.exists()


def test_a_kubeconfig_can_be_json(fake: FakeNKS, run_module: Run, dest: Path) -> None:
    fake.fault(KUBECONFIG, "body", body=json.dumps(CONFIG))
    assert run_module(main, dest=str(dest), **PROD)["changed"]
    assert json.loads(dest.read_text())["kind"] == "Config"


@pytest.mark.parametrize(
    ("kind", "seconds"), [("reset_body", 60), ("short_body", 60), ("drip", 0.2), ("gzip_broken", 60)]
)
def test_an_incomplete_kubeconfig_is_not_written(
    fake: FakeNKS, run_module: Run, hurry: t.Callable[..., None], dest: Path, kind: str, seconds: float
) -> None:
    fake.fault(KUBECONFIG, kind)
    hurry(60, seconds)
    result = run_module(main, dest=str(dest), **PROD)
    assert result["failed"]
    assert "never-show" not in str(result)
    assert not dest.exists()


def test_a_folder_is_made_for_its_owner_only(run_module: Run, dest: Path) -> None:
    folder = dest.parent / "made/here"
    given = {"dest_dir": str(folder), "dest_name": "prod", **PROD}
    assert run_module(main, check_mode=True, **given)["changed"]
    assert not folder.parent.exists()
    result = run_module(main, **given)
    assert (result["changed"], result["dest"]) == (True, f"{folder}/prod.kubeconfig")
    assert [mode(path) for path in (folder.parent, folder, folder / "prod.kubeconfig")] == [0o700, 0o700, 0o600]
    again = run_module(main, **given)
    assert not again["changed"]
    assert "warnings" not in again


@pytest.mark.parametrize(("folder_mode", "warned"), [(0o755, True), (0o710, True), (0o1777, True), (0o500, False)])
def test_an_existing_folder_keeps_its_mode(run_module: Run, dest: Path, folder_mode: int, warned: bool) -> None:
    folder = dest.parent / "shared"
    folder.mkdir()
    folder.chmod(folder_mode)
    result = run_module(main, check_mode=True, dest_dir=str(folder), dest_name="prod", **PROD)
    assert mode(folder) == folder_mode
    said = f"Users other than the owner can access the directory {folder}: its mode is {folder_mode:04o}. "
    said += "The mode is not changed."
    assert warnings(result) == ([said] if warned else [])


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("prod", "prod"),
        ("prod_1.2-3", "prod_1.2-3"),
        ("x" * 100, "x" * 100),
        ("x" * 101, f"{'x' * 100}~1201"),
        ("a/../b", "a_.._b~1201"),
        ("..", "..~1201"),
        (".hidden", ".hidden~1201"),
        ("prod~1201", "prod_1201~1201"),
        ("prod\n", "prod_~1201"),
        ("🐳", "_~1201"),
        ("", "~1201"),
    ],
)
def test_any_name_gives_a_file_in_the_folder(run_module: Run, dest: Path, name: str, file: str) -> None:
    result = run_module(main, dest_dir=str(dest.parent), dest_name=name, **PROD)
    assert [path.name for path in dest.parent.glob("*.kubeconfig")] == [f"{file}.kubeconfig"]
    assert result["dest"] == f"{dest.parent}/{file}.kubeconfig"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"state": "building"}, "the state of the cluster is building."),
        ({"state": None}, "the state of the cluster is None."),
        ({"state": "running", "is_failed": True}, "the cluster has failed."),
        ({"state": "failed"}, "the cluster has failed."),
    ],
)
def test_a_cluster_that_is_not_running_can_be_skipped_or_fail(
    fake: FakeNKS, run_module: Run, dest: Path, change: JSON, reason: str
) -> None:
    cluster = {"pk": 1201, "name": "prod", "is_failed": False, **change}
    fake.fault("/orgs/381/clusters", "body", body=json.dumps([cluster]))
    said = f"The kubeconfig of the cluster prod (ID 1201) is not written: {reason}"
    left_out = run_module(main, dest=str(dest), when_not_running="skip", **PROD)
    assert left_out["changed"] is False
    assert warnings(left_out) == [said]
    assert left_out["cluster"] == {"pk": 1201, "name": "prod", "org": 381}
    assert "dest" not in left_out
    assert run_module(main, dest=str(dest), when_not_running="fail", **PROD)["msg"] == said
    assert not dest.exists()
    assert run_module(main, dest=str(dest), **PROD)["changed"]


@pytest.mark.parametrize("when_not_running", ["try", "skip", "fail"])
def test_a_running_cluster_is_written_in_any_case(run_module: Run, dest: Path, when_not_running: str) -> None:
    assert run_module(main, dest=str(dest), when_not_running=when_not_running, **PROD)["dest"] == str(dest)


def test_a_byte_order_mark_is_not_written(fake: FakeNKS, run_module: Run, dest: Path) -> None:
    fake.fault(KUBECONFIG, "byte_order_mark")
    run_module(main, dest=str(dest), **PROD)
    assert dest.read_bytes().startswith(b"apiVersion")


def write_all(run_module: Run, folder: Path, **options: t.Any) -> JSON:
    return run_module(main, dest_dir=str(folder), when_not_running="skip", **options)


def test_one_task_writes_the_kubeconfigs_of_a_fleet_by_the_names_of_their_hosts(
    fake: FakeNKS, run_module: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "configs"
    result = write_all(run_module, folder)
    files = {path.name for path in folder.glob("*.kubeconfig")}
    assert {"prod_1201.kubeconfig", "prod_1301.kubeconfig", "staging.kubeconfig"} <= files
    assert "build-me.kubeconfig" not in files and len(files) == 7
    assert {Path(file["dest"]).name for file in result["files"]} == files
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert result["files"][0]["cluster"] == {"pk": 1201, "name": "prod", "org": 381}
    assert [entry["path"] for entry in fake.requests].count("/orgs") == 1
    assert len(fake.requests) == len(files) + 1 + 4
    assert write_all(run_module, folder)["changed"] is False
    assert "never-show" not in json.dumps(result)


def test_an_unavailable_kubeconfig_fails_the_task_after_the_others_are_written(
    fake: FakeNKS, run_module: Run, tmp_path: Path
) -> None:
    fake.fault("/orgs/381/clusters/1202/kubeconfig", "body", body="<html>never-show")
    result = write_all(run_module, tmp_path, orgs=["381"])
    assert result["failed"] and "2 of 3" in result["msg"] and "staging (ID 1202)" in result["msg"]
    assert (tmp_path / "prod.kubeconfig").exists() and not (tmp_path / "staging.kubeconfig").exists()


def test_a_cluster_that_is_gone_but_still_listed_has_no_kubeconfig(
    fake: FakeNKS, run_module: Run, tmp_path: Path
) -> None:
    write_all(run_module, tmp_path, orgs=["381"], states=["running"])
    fake.fault("/orgs/381/clusters/1202(/kubeconfig)?", "status", status=404, body="default backend", times=1)
    assert write_all(run_module, tmp_path, orgs=["381"], states=["running"], purge=True)["failed"]
    assert (tmp_path / "staging.kubeconfig").exists()
    fake.fault("/orgs/381/clusters/1202(/kubeconfig)?", "status", status=404, body='{"detail": "Not found."}')
    result = write_all(run_module, tmp_path, orgs=["381"], states=["running"], purge=True)
    assert not result.get("failed")
    assert result["removed"] == [str(tmp_path / "staging.kubeconfig")]


def test_purge_removes_only_kubeconfigs_of_deleted_clusters(fake: FakeNKS, run_module: Run, tmp_path: Path) -> None:
    write_all(run_module, tmp_path, orgs=["381"])
    (tmp_path / "mine.kubeconfig").write_text("mine")
    fake.delete_cluster(1202)
    for options in ({}, {"purge": True, "check_mode": True}, {"purge": True, "orgs": ["382"]}):
        write_all(
            run_module, tmp_path, **{"orgs": ["381"], "states": ["running"], "workspaces": ["default"], **options}
        )
    assert (tmp_path / "staging.kubeconfig").exists()
    result = write_all(run_module, tmp_path, orgs=["381"], workspaces=["default"], purge=True)
    assert result["removed"] == [str(tmp_path / "staging.kubeconfig")] and result["changed"]
    assert not (tmp_path / "staging.kubeconfig").exists()
    assert {"prod.kubeconfig", "going.kubeconfig", "mine.kubeconfig"} <= {path.name for path in tmp_path.iterdir()}
    assert write_all(run_module, tmp_path, orgs=["381"], workspaces=["default"], purge=True)["changed"] is False


DEFAULT = {"orgs": ["381"], "workspaces": ["default"]}
STAGING = "/orgs/381/clusters/1202"


def test_the_kubeconfig_of_another_cluster_is_not_replaced(fake: FakeNKS, run_module: Run, tmp_path: Path) -> None:
    write_all(run_module, tmp_path, orgs=["381"])
    before = (tmp_path / "prod.kubeconfig").read_text()
    said = (
        r"cluster prod \(ID 1301\) of 382.* is not written: .*/prod.kubeconfig is .*the ID 1201 of 381, which may still"
    )
    for check_mode in (True, False):
        result = write_all(run_module, tmp_path, orgs=["382"], check_mode=check_mode)
        assert result["failed"] and re.search(said, result["msg"]) and "2 of 3 kubeconfigs were" in result["msg"]
    one = {"id": 1301, "dest_dir": str(tmp_path), "dest_name": "prod"}
    assert re.search(said, run_module(main, **one)["msg"])
    fake.delete_cluster(1201)  # the tasks cannot know: they do not read the organization 381
    assert re.search(said, run_module(main, org="382", **one)["msg"])
    assert (tmp_path / "prod.kubeconfig").read_text() == before
    (tmp_path / "prod.kubeconfig").unlink()
    assert run_module(main, **one)["changed"]
    other = run_module(main, **one, api_url=fake.url.replace("127.0.0.1", "localhost"))
    assert f"the ID 1301 of 382 at {fake.url}, which" in other["msg"]


@pytest.mark.parametrize(
    "options", [{"orgs": ["381"], "when_not_running": "skip"}, {"name": "going", "dest_name": "going"}]
)
@pytest.mark.parametrize(
    ("answer", "is_replaced"),
    [
        (None, True),
        ({"kind": "status", "status": 404, "body": "default backend - 404", "content_type": "text/plain"}, False),
        ({"kind": "status", "status": 500}, False),
    ],
)
def test_the_kubeconfig_of_a_deleted_cluster_is_replaced(
    fake: FakeNKS, run_module: Run, tmp_path: Path, options: JSON, answer: JSON | None, is_replaced: bool
) -> None:
    given = {"dest_dir": str(tmp_path), **options}
    run_module(main, **given)
    before = (tmp_path / "going.kubeconfig").read_text()
    fake.delete_cluster(1204)
    fake.set_clusters([{"pk": 1299, "org": 381, "name": "going"}])
    if answer:
        fake.fault("/orgs/381/clusters/1204", **answer)
    result = run_module(main, **given)
    assert result.get("failed", False) is not is_replaced
    assert ((tmp_path / "going.kubeconfig").read_text() != before) is is_replaced
    if answer:
        assert "is not written" in result["msg"] and f"ID 1204 of 381 is deleted: GET {fake.url}" in result["msg"]


def test_clusters_can_exchange_their_names(fake: FakeNKS, run_module: Run, tmp_path: Path) -> None:
    write_all(run_module, tmp_path, **DEFAULT)
    fake.set_clusters([{"pk": 1202, "org": 381, "name": "prod"}, {"pk": 1201, "org": 381, "name": "staging"}])
    result = write_all(run_module, tmp_path, orgs=["381"])
    assert {Path(file["dest"]).name: file["cluster"]["pk"] for file in result["files"]} == {
        "prod.kubeconfig": 1202,
        "staging.kubeconfig": 1201,
        "going.kubeconfig": 1204,
    }


def test_purge_keeps_the_file_of_a_new_cluster(fake: FakeNKS, run_module: Run, tmp_path: Path) -> None:
    write_all(run_module, tmp_path, orgs=["381"])
    fake.delete_cluster(1204)
    fake.set_clusters([{"pk": 1299, "org": 381, "name": "going", "workspace": 23}])
    assert run_module(main, id=1299, dest_dir=str(tmp_path), dest_name="going")["changed"]
    assert write_all(run_module, tmp_path, **DEFAULT, purge=True)["removed"] == []
    assert (tmp_path / "going.kubeconfig").exists()


def test_purge_keeps_a_file_that_was_changed(fake: FakeNKS, run_module: Run, tmp_path: Path) -> None:
    write_all(run_module, tmp_path, orgs=["381"])
    (tmp_path / "staging.kubeconfig").write_text("mine")
    fake.delete_cluster(1202)
    assert write_all(run_module, tmp_path, orgs=["381"], purge=True)["removed"] == []
    assert (tmp_path / "staging.kubeconfig").read_text() == "mine"


@pytest.mark.parametrize("is_listed", [True, False])
@pytest.mark.parametrize("status", [404, 500])
def test_purge_removes_nothing_if_it_is_not_certain_that_the_cluster_is_deleted(
    fake: FakeNKS, run_module: Run, tmp_path: Path, status: int, is_listed: bool
) -> None:
    write_all(run_module, tmp_path, orgs=["381"])
    if not is_listed:
        fake.delete_cluster(1202)
    fake.fault(STAGING, "status", status=status, body="default backend", content_type="text/plain")
    result = write_all(run_module, tmp_path, **DEFAULT, purge=True)
    assert result["removed"] == [] and (tmp_path / "staging.kubeconfig").exists()
    assert result.get("failed", False) is not is_listed
    assert STAGING not in [entry["path"] for entry in fake.requests] or not is_listed
    if not is_listed:
        assert "Cannot determine whether the cluster with the ID 1202 of 381 is deleted" in result["msg"]


def test_purge_removes_the_old_file_of_a_renamed_cluster(fake: FakeNKS, run_module: Run, tmp_path: Path) -> None:
    write_all(run_module, tmp_path, orgs=["381"])
    fake.change_cluster(1202, name="new")
    (tmp_path / "new.kubeconfig").mkdir()
    failed = write_all(run_module, tmp_path, orgs=["381"], purge=True)
    assert "dest cannot be read" in failed["msg"] and failed["removed"] == []
    (tmp_path / "new.kubeconfig").rmdir()
    result = write_all(run_module, tmp_path, orgs=["381"], purge=True)
    assert result["removed"] == [str(tmp_path / "staging.kubeconfig")]


def test_purge_keeps_a_second_file_of_a_cluster(run_module: Run, tmp_path: Path) -> None:
    run_module(main, dest_dir=str(tmp_path), dest_name="mine", **PROD)
    assert write_all(run_module, tmp_path, orgs=["381"], purge=True)["removed"] == []
    assert (tmp_path / "mine.kubeconfig").exists() and (tmp_path / "prod.kubeconfig").exists()


@pytest.mark.parametrize("index", ["", "[]", "{", '{"prod.kubeconfig": {"pk": 1201}}', '{"prod.kubeconfig": 5}'])
def test_an_index_that_is_not_valid_is_written_anew(run_module: Run, tmp_path: Path, index: str) -> None:
    (tmp_path / ".nks_kubeconfigs.json").write_text(index)
    assert write_all(run_module, tmp_path, orgs=["381"], purge=True)["removed"] == []
    records = json.loads((tmp_path / ".nks_kubeconfigs.json").read_text())
    assert {file: record["pk"] for file, record in records.items()} == {
        "prod.kubeconfig": 1201,
        "staging.kubeconfig": 1202,
        "going.kubeconfig": 1204,
    }


def test_two_clusters_never_share_a_file(fake: FakeNKS, run_module: Run, tmp_path: Path) -> None:
    clusters = [{"pk": 1201, "name": name, "state": "running"} for name in ("🐳", "🐋")]
    fake.fault("/orgs/381/clusters", "body", body=json.dumps(clusters))
    result = write_all(run_module, tmp_path, orgs=["381"])
    assert "🐳 (ID 1201) of 381" in result["msg"] and "would have the same file: _~1201.kubeconfig" in result["msg"]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("current", "said"),
    [("prod", ["The current-context of {} is still prod, which was removed."]), ("other", [])],
)
def test_a_removed_current_context_is_a_warning(run_module: Run, dest: Path, current: str, said: list[str]) -> None:
    dest.write_text(OTHERS)
    run_module(main, dest=str(dest), merge=True, set_current=current == "prod", **PROD)
    absent = {"dest": str(dest), "merge": True, "context": "prod", "id": 1, "state": "absent"}
    assert warnings(run_module(main, **absent)) == [text.format(dest) for text in said]
    assert warnings(run_module(main, **absent)) == []


def test_a_namespace_and_line_ends_stay(run_module: Run, dest: Path) -> None:
    run_module(main, dest=str(dest), merge=True, **PROD)
    text = (
        dest.read_text()
        .replace("    cluster: prod", "    namespace: shop\n    cluster: prod")
        .replace("token: ", "token: x")
    )
    dest.write_bytes(text.replace("\n", "\r\n").encode())
    assert run_module(main, dest=str(dest), merge=True, **PROD)["changed"]
    after = dest.read_bytes()
    assert b"namespace: shop\r\n" in after and after.count(b"\n") == after.count(b"\r\n")


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("contexts: [{name: old, context: oops}]", "its contexts are not a list of objects with a name and a context"),
        (
            "contexts: [{name: prod, context: {cluster: arn, user: admin}}]",
            "it has entries|its context prod was not added",
        ),
    ],
)
def test_what_belongs_to_the_user_is_refused(run_module: Run, dest: Path, text: str, said: str, state: str) -> None:
    dest.write_text(text)
    assert re.search(
        f"was not changed: ({said})", run_module(main, dest=str(dest), merge=True, state=state, **PROD)["msg"]
    )
    assert dest.read_text() == text


OTHERS = """\
# mine
apiVersion: v1
kind: Config
clusters:
  - cluster:
      server: https://other   # as it is
    name: other
contexts:
- {name: other, context: {cluster: other, user: other}}
users:
- name: other
  user: {token: never-show-other}
current-context: other
# the end
"""


def test_a_cluster_is_merged_into_a_file_with_others_and_removed_again(
    fake: FakeNKS, run_module: Run, dest: Path
) -> None:
    dest.write_text(OTHERS)
    merged = run_module(main, dest=str(dest), merge=True, **PROD)
    assert merged["changed"] and merged["context"] == "prod" and "never-show" not in json.dumps(merged)
    kept = [line for line in dest.read_text().splitlines() if line in OTHERS.splitlines()]
    assert "".join(f"{line}\n" for line in kept if line) == OTHERS
    assert yaml.safe_load(dest.read_text())["current-context"] == "other"
    assert run_module(main, dest=str(dest), merge=True, **PROD)["changed"] is False
    assert run_module(main, dest=str(dest), merge=True, set_current=True, **PROD)["changed"]
    assert yaml.safe_load(dest.read_text())["current-context"] == "prod"
    other = run_module(main, dest=str(dest), merge=True, name="prod", org="382")
    assert other["failed"] and "has entries with the name prod that belong to something else" in other["msg"]
    assert run_module(main, dest=str(dest), merge=True, name="prod", org="382", context="acme")["changed"]
    asked = len(fake.requests)
    for context in ("prod", "acme"):
        assert run_module(main, dest=str(dest), merge=True, name="x", context=context, state="absent")["changed"]
    assert run_module(main, dest=str(dest), merge=True, name="prod", state="absent")["changed"] is False
    assert len(fake.requests) == asked
    assert dest.read_text() == OTHERS.replace("current-context: other", "current-context: prod")
    assert [path.name for path in dest.parent.iterdir()] == [dest.name]


@pytest.mark.parametrize("content", ["kind: Pod\n", "never-show: [\n", "[]", "kind: Config\nclusters: 5\n", "\0"])
def test_a_file_that_is_not_a_kubeconfig_is_not_changed_by_merge(run_module: Run, dest: Path, content: str) -> None:
    dest.write_text(content)
    result = run_module(main, dest=str(dest), merge=True, **PROD)
    assert "was not changed: " in result["msg"] and "never-show" not in result["msg"]
    assert dest.read_text() == content


def test_a_locked_file_is_waited_for_and_not_changed(clock: list[float], run_module: Run, dest: Path) -> None:
    (dest.parent / f"{dest.name}.lock").touch()
    result = run_module(main, dest=str(dest), merge=True, **PROD)
    assert f"remove {dest}.lock." in result["msg"] and sum(clock) >= 30
    assert not dest.exists()
