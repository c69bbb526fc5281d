# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.modules.nks_org import main
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]
Run = t.Callable[..., JSON]

LOGO = "https://acme.example/logo.png"


def patches(fake: FakeNKS) -> list[str]:
    return [entry["path"] for entry in fake.requests if entry["method"] == "PATCH"]


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("options", "before", "after"),
    [
        ({"name": "New"}, {"name": "Acme Retail"}, {"name": "New"}),
        ({"name": "New", "slug": "acme-retail"}, {"name": "Acme Retail"}, {"name": "New"}),
        ({"slug": "new"}, {"slug": "acme-retail"}, {"slug": "new"}),
        ({"logo": ""}, {"logo": LOGO}, {"logo": None}),
        ({"name": "🚀", "logo": ""}, {"name": "Acme Retail", "logo": LOGO}, {"name": "🚀", "logo": None}),
    ],
)
def test_only_what_differs_is_sent_and_only_once(
    fake: FakeNKS, run_module: Run, options: JSON, before: JSON, after: JSON, check_mode: bool
) -> None:
    fake.takes_slug = True
    result = run_module(main, org="382", check_mode=check_mode, **options)
    assert result["changed"]
    assert result["diff"] == {"before": before, "after": after}
    assert {field: result["org"][field] for field in after} == after
    assert result["org"]["pk"] == 382
    assert patches(fake) == ([] if check_mode else ["/orgs/382"])
    again = run_module(main, org="382", check_mode=check_mode, **options)
    assert again["changed"] is check_mode


@pytest.mark.parametrize(
    ("org", "options"),
    [
        ("acme-retail", {"name": "Acme Retail", "slug": "acme-retail", "logo": LOGO}),
        ("My Organization", {"logo": ""}),
        ("🚀", {"slug": ""}),
    ],
)
def test_nothing_is_sent_when_nothing_differs(fake: FakeNKS, run_module: Run, org: str, options: JSON) -> None:
    result = run_module(main, org=org, **options)
    assert not result["changed"]
    assert result["diff"] == {"before": {}, "after": {}}
    assert patches(fake) == []


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (
            {"org": "381", "name": "", "slug": "no good"},
            400,
            "name: This field may not be blank. slug: Enter a valid .slug.",
        ),
        ({"org": "390", "name": "x"}, 403, "PATCH .*/orgs/390: status 403 .*Owner"),
        ({"org": "none", "name": "x"}, None, "'none'.*381, my-organization"),
        ({"org": "381"}, None, "one of the following is required: name, slug, logo"),
        ({"org": "381", "name": "x", "api_token": "wrong"}, 401, "Invalid token"),
    ],
)
def test_a_refusal_is_one_message_and_changes_nothing(
    fake: FakeNKS, run_module: Run, options: JSON, status: int | None, message: str
) -> None:
    fake.takes_slug = True
    result = run_module(main, **options)
    assert result["failed"]
    assert re.search(message, result["msg"])
    assert result.get("status") == status
    assert run_module(main, org="381", name="My Organization", slug="my-organization")["changed"] is False


@pytest.mark.parametrize(
    ("kind", "seconds"), [("reset", 60), ("reset_body", 60), ("short_body", 60), ("silent", 0.2), ("drip", 0.2)]
)
def test_a_change_that_may_have_been_made_is_not_repeated(
    fake: FakeNKS, run_module: Run, hurry: t.Callable[..., None], kind: str, seconds: float
) -> None:
    fake.fault("/orgs/381", kind, method="PATCH")
    hurry(60, seconds)
    result = run_module(main, org="381", name="New", api_retries=3)
    assert "It is not known whether the change was made." in result["msg"]
    assert patches(fake) == ["/orgs/381"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_refused_change_is_not_repeated(fake: FakeNKS, run_module: Run, status: int) -> None:
    fake.fault("/orgs/381", "status", status=status, method="PATCH", headers={"Retry-After": "1"})
    assert run_module(main, org="381", name="New", api_retries=3)["status"] == status
    assert patches(fake) == ["/orgs/381"]
