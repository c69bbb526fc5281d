# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.modules.nks_keyset_info import main

JSON = t.Dict[str, t.Any]
Run = t.Callable[..., JSON]


def test_keysets_are_selected(run_module: Run, client: t.Any, fake: t.Any) -> None:
    every = run_module(main, org="381")["keysets"]
    (aws,) = (keyset for keyset in every if keyset["entity"] == "aws")
    in_a_workspace = [keyset["pk"] for keyset in every if keyset["workspaces"] in ([], [21])]
    for options, found in [
        ({"id": aws["pk"]}, [aws["pk"]]),
        ({"name": aws["name"]}, [aws["pk"]]),
        ({"category": "provider", "entity": "aws"}, [aws["pk"]]),
        ({"category": "user_ssh", "entity": "aws"}, []),
        ({"workspace": "team-a"}, in_a_workspace),
    ]:
        assert [keyset["pk"] for keyset in run_module(main, org="381", **options)["keysets"]] == found
    assert {keyset["category"] for keyset in every} > {"provider", "user_ssh"}


def test_an_id_selects_its_workspace_even_if_another_has_it_as_name(run_module: Run, fake: t.Any) -> None:
    expected = run_module(main, org="381", workspace="21")
    fake.fault("/orgs/381/workspaces", "body", body='[{"pk": 4, "name": "21"}, {"pk": 21, "name": "Team A"}]')
    assert run_module(main, org="381", workspace="21")["keysets"] == expected["keysets"]


def test_a_keyset_can_list_its_workspaces_as_objects(run_module: Run, fake: t.Any) -> None:
    keysets = [{"pk": 1, "workspaces": [{"pk": 21}]}, {"pk": 2, "workspaces": [4]}, {"pk": 3}]
    fake.fault("/orgs/381/keysets", "body", body=json.dumps(keysets))
    assert [keyset["pk"] for keyset in run_module(main, org="381", workspace="21")["keysets"]] == [1, 3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "org is missing: the token sees"),
        ({"org": "390"}, "status 403"),
        ({"org": "381", "workspace": "none"}, "The workspace 'none' was not found. Available: "),
    ],
)
def test_refusals(run_module: Run, options: JSON, message: str) -> None:
    assert message in run_module(main, **options)["msg"]


@pytest.mark.parametrize("keys", [{"pvt": "never-show"}, "never-show", [["never-show"], {"pvt": "never-show"}]])
def test_values_of_keys_are_never_returned(run_module: Run, fake: t.Any, keys: t.Any) -> None:
    fake.fault("/orgs/381/keysets", "body", body=json.dumps([{"pk": 1, "name": "k", "keys": keys}]))
    (keyset,) = run_module(main, org="381")["keysets"]
    assert keyset["name"] == "k" and "never-show" not in json.dumps(keyset)


def test_an_object_that_is_listed_twice_is_found(run_module: Run, fake: t.Any) -> None:
    for path, item in (("/orgs", {"pk": 381, "name": "A"}), ("/orgs/381/workspaces", {"pk": 21, "name": "Team A"})):
        fake.fault(path, "body", body=json.dumps([item, item]))
    assert run_module(main, workspace="Team A")["keysets"]
