# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.modules.nks_org_info import main
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]
Run = t.Callable[..., JSON]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, [381, 382, 383, 390]),
        ({"id": 382}, [382]),
        ({"id": 4711}, []),
        ({"name": "Partner Labs"}, [390]),
        ({"name": "🚀"}, [383]),
        ({"name": "partner labs"}, []),
        ({"name": ""}, []),
        ({"slug": "acme-retail"}, [382]),
        ({"slug": ""}, [383]),
        ({"slug": "381"}, []),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_the_matching_organizations_are_returned(
    fake: FakeNKS, run_module: Run, options: JSON, found: list[int], check_mode: bool
) -> None:
    result = run_module(main, check_mode=check_mode, **options)
    assert [org["pk"] for org in result["orgs"]] == found
    assert not result.get("changed")
    assert [entry["path"] for entry in fake.requests] == ["/orgs"]


def test_organizations_are_returned_unchanged(fake: FakeNKS, run_module: Run) -> None:
    orgs = [{"pk": 1, "name": None, "new": {"x": [1, 2.5, True]}}, {"pk": 2, "slug": "two"}]
    fake.fault("/orgs", "body", body=json.dumps(orgs))
    assert run_module(main)["orgs"] == orgs
    assert run_module(main, slug="two")["orgs"] == orgs[1:2]


def test_an_organization_that_is_listed_twice_is_returned_once(fake: FakeNKS, run_module: Run) -> None:
    fake.fault("/orgs", "body", body='[{"pk": 1, "name": "x"}, {"pk": 2}, {"pk": 1, "name": "x"}]')
    assert run_module(main)["orgs"] == [{"pk": 1, "name": "x"}, {"pk": 2}]
    assert run_module(main, name="x")["orgs"] == [{"pk": 1, "name": "x"}]


def test_a_token_that_sees_nothing_gets_the_empty_list(fake: FakeNKS, run_module: Run) -> None:
    assert run_module(main, api_token=fake.tokens["nobody"])["orgs"] == []


@pytest.mark.parametrize("options", [{"id": 1, "slug": "x"}, {"name": "x", "slug": "x"}])
def test_id_name_and_slug_are_mutually_exclusive(run_module: Run, options: JSON) -> None:
    assert "mutually exclusive" in run_module(main, **options)["msg"]
