# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.modules.nks_keyset import main
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]
Run = t.Callable[..., JSON]

KEYSETS = "/orgs/381/keysets"
KEYS = {"pub": "never-show-pub", "pvt": "never-show\npvt"}
NEW = {"org": "381", "name": "k", "category": "provider", "entity": "aws", "keys": KEYS}


def writes(fake: FakeNKS) -> list[tuple[str, str]]:
    return [(entry["method"], entry["path"]) for entry in fake.requests if entry["method"] != "GET"]


def test_a_keyset_is_created_changed_and_deleted(fake: FakeNKS, run_module: Run) -> None:
    planned = run_module(main, **NEW, workspaces=["Team A"], check_mode=True)
    assert planned["changed"] and not writes(fake)
    created = run_module(main, **NEW, workspaces=["Team A", "21"], update_keys="always")
    assert created["actions"] == planned["actions"] and created["diff"] == planned["diff"]
    assert created["keyset"]["workspaces"] == [21]
    assert not run_module(main, **NEW, workspaces=["21"])["changed"]
    changed = run_module(main, **{**NEW, "new_name": "l"}, workspaces=[], is_default=True)
    assert changed["diff"]["after"] == {"name": "l", "workspaces": [], "is_default": True}
    resent = run_module(main, **{**NEW, "name": "l"}, update_keys="always")
    assert resent["actions"] == [f"Update the keys of the keyset l (ID {created['keyset']['pk']})."]
    gone = run_module(main, org="381", name="l", entity="aws", state="absent")
    assert gone["changed"] and gone["keyset"] is None
    assert not run_module(main, org="381", name="l", state="absent")["changed"]
    assert [method for method, _path in writes(fake)] == ["POST", "PATCH", "PATCH", "DELETE"]
    assert "never-show" not in json.dumps([planned, created, changed, resent, gone])


@pytest.mark.parametrize("encoding", ["raw", "base64"])
def test_the_encoding_of_keys(fake: FakeNKS, run_module: Run, encoding: str) -> None:
    account = {"type": "service_account", "private_key": "never-show"}
    options = {**NEW, "entity": "gce", "keys": {"other": account}, "key_encoding": encoding}
    assert run_module(main, **options)["changed"]
    sent = json.loads(next(entry["body"] for entry in fake.requests if entry["method"] == "POST"))["keys"][0]["key"]
    assert json.loads(sent if encoding == "raw" else base64.b64decode(sent)) == account


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"keys": ["Bad: " + KEYS["pub"], KEYS["pvt"]]}),
        json.dumps({"detail": "x" * 290 + KEYS["pvt"]}),
        f"<p>{json.dumps(KEYS)}",
        base64.b64encode(KEYS["pub"].encode()).decode(),
    ],
)
def test_an_answer_that_repeats_a_key_is_shown_without_it(fake: FakeNKS, run_module: Run, body: str) -> None:
    fake.fault(KEYSETS, "status", method="POST", status=400, body=body)
    result = run_module(main, **NEW, key_encoding="base64" if "never" not in body else "raw")
    assert result["status"] == 400 and "****" in result["msg"] + json.dumps(result.get("detail", ""))
    assert "never" not in json.dumps(result) and body not in json.dumps(result)


def test_keysets_of_different_entities_can_have_the_same_name(fake: FakeNKS, run_module: Run) -> None:
    main_keyset = run_module(main, **{**NEW, "name": "Main"})["keyset"]
    other = run_module(main, **{**NEW, "entity": "gce", "keys": {"other": "never-show"}})["keyset"]
    renamed = run_module(main, org="381", id=other["pk"], new_name="Main")
    assert renamed["keyset"] == {**other, "name": "Main"}
    third = run_module(main, **NEW)["keyset"]
    refused = run_module(main, org="381", id=third["pk"], new_name="Main")
    assert f"another one has the new name: Main (ID {main_keyset['pk']})" in refused["msg"]


def test_an_answer_that_repeats_a_part_of_a_service_account_is_shown_without_it(fake: FakeNKS, run_module: Run) -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nnever-show-1\nnever-show-2\n-----END PRIVATE KEY-----\n"
    body = json.dumps({"keys": [f"The private_key is not valid: {pem}", "line never-show-2"]})
    fake.fault(KEYSETS, "status", method="POST", status=400, body=body)
    for keys in ({"private_key": pem}, json.dumps({"private_key": pem})):
        result = run_module(main, **{**NEW, "entity": "gce", "keys": {"other": keys}})
        assert "The private_key is not valid: ****" in result["msg"]
        assert "never-show" not in json.dumps(result)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": " k"}, "name must not be empty or have white space around it"),
        ({"keys": None}, "give the missing options: keys"),
        ({"category": None, "entity": None}, "give the missing options: category, entity"),
        ({"keys": {"pub": "x"}}, "keys must be pub, pvt for aws, not pub."),
        ({"keys": {"pub": "x", "pvt": ""}}, "keys has no value for: pvt."),
        ({"category": "user_ssh"}, "user_ssh has no entity"),
        ({"category": "user_ssh", "entity": None, "keys": {"pvt": "x"}}, "keys must be pub or pub, pvt for user_ssh"),
        ({"workspaces": ["nowhere"]}, "The workspace 'nowhere' was not found"),
        ({"id": 1}, "There is no keyset with the ID 1"),
        ({"id": 38105, "name": None, "entity": "gce", "keys": None}, "cannot be changed in this way: entity is"),
        ({"name": "Keys of aws", "state": "absent"}, "force is false and clusters use it: prod (ID 1201)"),
        (
            {"id": 38105, "name": None, "entity": "gce", "state": "absent", "force": True},
            "it has category 'provider' and entity 'aws'",
        ),
        ({"org": "390"}, "status 403"),
    ],
)
def test_refusals(fake: FakeNKS, run_module: Run, options: JSON, message: str) -> None:
    result = run_module(main, **{**NEW, **options})
    assert message in result["msg"] and not result.get("changed")
    assert "never-show" not in json.dumps(result) and not writes(fake)


def test_a_used_keyset_can_be_deleted_by_force_and_an_unknown_entity_is_a_warning(
    fake: FakeNKS, run_module: Run
) -> None:
    assert run_module(main, org="381", name="Keys of aws", state="absent", force=True)["changed"]
    result = run_module(main, **{**NEW, "entity": "hci"})
    assert result["changed"] and "are not checked, because this entity is unknown" in json.dumps(result["warnings"])


def test_a_lost_answer_creates_one_keyset(fake: FakeNKS, run_module: Run) -> None:
    fake.fault(KEYSETS, method="POST", times=1, kind="lost")
    assert run_module(main, **NEW)["changed"] and len(writes(fake)) == 1


def test_odd_solutions_and_ids_cause_no_traceback(fake: FakeNKS, run_module: Run) -> None:
    fake.fault("/orgs/381/clusters/1201", "body", body=json.dumps({"pk": 1201, "name": "prod", "solutions": ["x", 1]}))
    result = run_module(main, org="381", name="Keys of aws", state="absent")
    assert "clusters use it: going (ID 1204)." in result["msg"]
    keysets = [{"pk": 9, "name": name, "category": "provider", "entity": "aws"} for name in ("a", "b")]
    fake.fault(KEYSETS, "body", body=json.dumps(keysets))
    result = run_module(main, org="381", id=9, state="absent")
    assert "More than one keyset has the ID 9: a (ID 9), b (ID 9)." in result["msg"]
