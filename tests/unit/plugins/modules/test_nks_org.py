# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import re
import typing as t
from pathlib import Path

import pytest
import requests
from ansible_collections.netapp.nks.plugins.modules.nks_org import main
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]
Run = t.Callable[..., JSON]

LOGO = "https://acme.example/logo.png"


PICTURES = {
    "png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    "gif": b"GIF89a\x01\x00\x01\x00",
}


@pytest.fixture(name="picture")
def picture_fixture(tmp_path: Path) -> t.Callable[..., str]:
    """Return a function that writes a picture and returns its path."""

    def write(kind: str = "png", more: bytes = b"") -> str:
        path = tmp_path / "a picture"
        path.write_bytes(PICTURES[kind] + more)
        return str(path)

    return write


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
def test_only_differences_are_sent_and_only_once(
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
        ("acme-retail", {"name": "Acme Retail", "slug": "acme-retail"}),
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
            {"org": "381", "name": "x", "slug": "no good"},
            400,
            "slug: Enter a valid .slug.",
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


# Changes that the server ignores


def test_a_slug_that_the_server_keeps_is_an_error_and_never_a_change(fake: FakeNKS, run_module: Run) -> None:
    for _again in range(2):
        result = run_module(main, org="382", slug="new")
        assert result["failed"]
        assert "382 (Acme Retail) as requested: slug is 'acme-retail', not 'new'. Changed: nothing." in result["msg"]
        assert (result["changed"], result["org"]["slug"]) == (False, "acme-retail")
    assert patches(fake) == ["/orgs/382"] * 2


def test_a_partial_change_reports_both_parts(fake: FakeNKS, run_module: Run) -> None:
    result = run_module(main, org="382", name="New", slug="new")
    assert "slug is 'acme-retail', not 'new'. Changed: name." in result["msg"]
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["diff"] == {
        "before": {"name": "Acme Retail", "slug": "acme-retail"},
        "after": {"name": "New", "slug": "acme-retail"},
    }
    again = run_module(main, org="382", name="New", slug="new")
    assert (again["failed"], again["changed"]) == (True, False)
    assert patches(fake) == ["/orgs/382"] * 2
    assert run_module(main, org="382", name="New")["changed"] is False


def test_a_slug_that_changes_with_the_name_is_an_error_only_if_a_slug_is_given(fake: FakeNKS, run_module: Run) -> None:
    answer = {"pk": 382, "name": "New", "slug": "new", "logo": None}
    fake.fault("/orgs/382", "body", method="PATCH", body=json.dumps(answer))
    assert "slug is 'new', not 'acme-retail'" in run_module(main, org="382", name="New", slug="acme-retail")["msg"]
    assert run_module(main, org="382", name="New")["changed"] is True


@pytest.mark.parametrize("answer", [{}, {"pk": 382}, {"name": None}, {"name": {"x": "\x1b[31m" + "y" * 500}}])
def test_an_answer_without_the_requested_change_is_an_error(fake: FakeNKS, run_module: Run, answer: JSON) -> None:
    fake.fault("/orgs/382", "body", method="PATCH", body=json.dumps(answer))
    result = run_module(main, org="382", name="New")
    assert "name is " in result["msg"]
    assert len(result["msg"]) < 400
    assert result["msg"].isprintable()


def test_a_change_is_reported_although_the_id_in_the_answer_is_odd(fake: FakeNKS, run_module: Run) -> None:
    fake.fault("/orgs/382", "body", method="PATCH", body='{"pk": "382", "name": "New"}')
    result = run_module(main, org="382", name="New")
    assert result["changed"] and result["org"]["pk"] == 382


# Logos


@pytest.mark.parametrize("kind", PICTURES)
def test_a_logo_is_sent_as_a_file_once(
    fake: FakeNKS, run_module: Run, picture: t.Callable[..., str], client: t.Any, kind: str
) -> None:
    path = picture(kind)
    expected = run_module(main, org="381", logo=path, check_mode=True)
    assert expected["changed"]
    assert patches(fake) == []
    result = run_module(main, org="381", logo=path)
    url = result["org"]["logo"]
    assert re.fullmatch(rf"{fake.url}/media/logos/logo-[0-9a-f]{{16}}\.{kind}", url)
    assert expected["org"]["logo"] == url.rpartition("/")[2]
    assert expected["diff"] == {"before": {"logo": None}, "after": {"logo": url.rpartition("/")[2]}}
    assert result["diff"] == {"before": {"logo": None}, "after": {"logo": url}}
    assert requests.get(url, timeout=60).content == PICTURES[kind]
    for options in ({}, {"logo_force": True}, {"check_mode": True}):
        again = run_module(main, org="381", logo=path, **options)
        assert (again["changed"], again["org"]) == (False, result["org"])
        assert "warnings" not in again
    [patch] = [entry for entry in fake.requests if entry["method"] == "PATCH"]
    assert patch["headers"]["content-type"].startswith("multipart/form-data; boundary=")


def test_another_picture_replaces_one_that_the_module_sent(
    fake: FakeNKS, run_module: Run, picture: t.Callable[..., str]
) -> None:
    first = run_module(main, org="381", logo=picture())["org"]["logo"]
    second = run_module(main, org="381", logo=picture(more=b"x"))
    assert second["changed"]
    assert second["org"]["logo"] != first
    assert run_module(main, org="381", logo=picture(more=b"x"))["changed"] is False
    assert len(patches(fake)) == 2


def test_name_slug_and_logo_are_sent_in_one_request(
    fake: FakeNKS, run_module: Run, picture: t.Callable[..., str]
) -> None:
    fake.takes_slug = True
    options = {"name": "🚀 Größe", "slug": "", "logo": picture()}
    result = run_module(main, org="381", **options)
    assert (result["org"]["name"], result["org"]["slug"]) == ("🚀 Größe", "")
    assert "/logo-" in result["org"]["logo"]
    assert run_module(main, org="381", **options)["changed"] is False
    assert patches(fake) == ["/orgs/381"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_an_unknown_logo_is_replaced_only_with_logo_force(
    fake: FakeNKS, run_module: Run, picture: t.Callable[..., str], check_mode: bool
) -> None:
    kept = run_module(main, org="382", logo=picture(), check_mode=check_mode)
    assert (kept["changed"], kept["org"]["logo"], kept["diff"]["after"]) == (False, LOGO, {})
    assert ["Set logo_force" in str(warning) for warning in kept["warnings"]] == [True]
    named = run_module(main, org="382", logo=picture(), name="New", check_mode=check_mode)
    assert (named["changed"], named["org"]["logo"], named["org"]["name"]) == (True, LOGO, "New")
    forced = run_module(main, org="382", logo=picture(), logo_force=True, check_mode=check_mode)
    assert forced["changed"]
    assert "/logo-" in "/" + forced["org"]["logo"]
    assert len(patches(fake)) == (0 if check_mode else 2)


def test_a_server_that_renames_files_gets_a_logo_once_without_logo_force(
    fake: FakeNKS, run_module: Run, picture: t.Callable[..., str]
) -> None:
    org = {"pk": 381, "name": "x", "slug": "x"}
    fake.fault(
        "/orgs/381", "body", method="PATCH", body=json.dumps({**org, "logo": "https://nks.example/1.png"}), times=1
    )
    fake.fault("/orgs/381", "body", method="PATCH", body=json.dumps({**org, "logo": "https://nks.example/2.png"}))
    fake.fault("/orgs", "body", body=json.dumps([{**org, "logo": None}]), times=1)
    fake.fault("/orgs", "body", body=json.dumps([{**org, "logo": "https://nks.example/1.png"}]))
    for changed, options in ((True, {}), (False, {}), (True, {"logo_force": True})):
        result = run_module(main, org="381", logo=picture(), **options)
        assert (result["changed"], result.get("failed", False)) == (changed, False)
    assert len(patches(fake)) == 2


@pytest.mark.parametrize("logo", [LOGO, None, ""])
def test_a_logo_that_the_server_keeps_is_an_error_and_never_a_change(
    fake: FakeNKS, run_module: Run, picture: t.Callable[..., str], logo: str | None
) -> None:
    org = {"pk": 382, "name": "x", "slug": "x", "logo": logo}
    fake.fault("/orgs", "body", body=json.dumps([org]))
    fake.fault("/orgs/382", "body", method="PATCH", body=json.dumps(org))
    result = run_module(main, org="382", logo=picture(), logo_force=True)
    assert re.search(r"logo is ('https://acme.example/logo.png'|null|''), not 'logo-[0-9a-f]{16}.png'", result["msg"])
    assert (result["failed"], result["changed"]) == (True, False)


def test_a_logo_that_is_not_removed_is_an_error(fake: FakeNKS, run_module: Run) -> None:
    answer = {"pk": 382, "name": "Acme Retail", "logo": LOGO}
    fake.fault("/orgs/382", "body", method="PATCH", body=json.dumps(answer))
    result = run_module(main, org="382", logo="")
    assert f"logo is '{LOGO}', not null. Changed: nothing." in result["msg"]


@pytest.mark.parametrize("options", [{"name": " x"}, {"name": "x\n"}, {"name": ""}, {"slug": "x "}])
def test_surrounding_white_space_is_refused_before_any_request(fake: FakeNKS, run_module: Run, options: JSON) -> None:
    assert "white space around it" in run_module(main, org="381", **options)["msg"]
    assert not fake.requests


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("missing", "is not a file"),
        ("folder", "is not a file"),
        ("pipe", "is not a file"),
        ("url", "https://acme.example/logo.png is not a file. Give the path of an image file."),
        ("empty", "is not a PNG, JPEG or GIF image"),
        ("text", "is not a PNG, JPEG or GIF image"),
        ("svg", "is not a PNG, JPEG or GIF image"),
        ("large", "is larger than 5 MiB"),
    ],
)
def test_an_invalid_picture_is_refused_before_any_request(
    fake: FakeNKS, run_module: Run, tmp_path: Path, kind: str, message: str
) -> None:
    path = tmp_path / "logo.png"
    contents = {"empty": b"", "text": b"\x89PNX", "svg": b"<svg/>", "large": PICTURES["png"] + bytes(5 * 2**20)}
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind in contents:
        path.write_bytes(contents[kind])
    result = run_module(main, org="381", logo=LOGO if kind == "url" else str(path))
    assert result["failed"]
    assert message in result["msg"]
    assert not fake.requests


def test_a_picture_that_cannot_be_read_is_refused(
    run_module: Run, picture: t.Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = picture()

    def refuse(name: t.Any, *arguments: t.Any, **options: t.Any) -> t.Any:
        if name == path:
            raise PermissionError(13, "Permission denied", path)
        return real_open(name, *arguments, **options)

    real_open = open
    monkeypatch.setattr("builtins.open", refuse)  # root can read any file
    assert f"logo: {path} cannot be read: Permission denied." in run_module(main, org="381", logo=path)["msg"]


@pytest.mark.parametrize("kind", ["reset", "silent"])
def test_a_picture_that_may_have_been_stored_is_not_sent_again(
    fake: FakeNKS, run_module: Run, picture: t.Callable[..., str], hurry: t.Callable[..., None], kind: str
) -> None:
    fake.fault("/orgs/381", kind, method="PATCH")
    hurry(60, 0.3 if kind == "silent" else 60)
    result = run_module(main, org="381", logo=picture(more=bytes(2**20)), api_retries=3)
    assert "It is not known whether the change was made." in result["msg"]
    assert patches(fake) == ["/orgs/381"]
