# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
import requests
import urllib3
from ansible_collections.netapp.nks.plugins.modules import nks_cluster_info, nks_org_info, nks_workspace_info
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]
Run = t.Callable[..., JSON]

each = pytest.mark.parametrize("main", [nks_org_info.main, nks_cluster_info.main, nks_workspace_info.main])


@each
@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        ({"status": 400, "body": '{"name": ["Is required."]}'}, {"status": 400, "detail": {"name": ["Is required."]}}),
        ({"status": 401, "body": '{"detail": "Invalid token."}'}, {"status": 401, "detail": "Invalid token."}),
        ({"status": 500, "body": "<h1>Oops</h1>"}, {"status": 500}),
        ({"status": 302}, {"status": 302}),
        ({"status": 200, "body": "<h1>Log in</h1>"}, {"status": 200}),
    ],
)
def test_a_failure_has_message_status_detail_and_url(
    fake: FakeNKS, run_module: Run, main: t.Callable[[], None], fault: JSON, failure: JSON
) -> None:
    fake.fault("/orgs", "status", **fault)
    result = run_module(main)
    assert {field: result[field] for field in ("status", "detail", "url") if field in result} == {
        **failure,
        "url": f"{fake.url}/orgs",
    }
    assert f"GET {fake.url}/orgs: status {failure['status']}" in result["msg"]
    assert "Traceback" not in str(result)


@each
def test_a_failure_without_answer_has_no_status(fake: FakeNKS, run_module: Run, main: t.Callable[[], None]) -> None:
    fake.fault("/orgs", "reset")
    result = run_module(main)
    assert (result["failed"], result["url"]) == (True, f"{fake.url}/orgs")
    assert not {"status", "detail"} & set(result)


@each
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"api_token": None}, "api_token"),
        ({"api_token": "never show"}, "api_token"),
        ({"api_url": "http://nks.example"}, "in the clear"),
        ({"api_url": "https://user:never-show@nks.example"}, "user name or password"),
        ({"api_timeout": "nan"}, "api_timeout"),
        ({"api_timeout": 0}, "api_timeout"),
        ({"api_timeout": "soon"}, "api_timeout"),
        ({"api_retries": -1}, "api_retries"),
        ({"api_retries": "often"}, "api_retries"),
        ({"validate_certs": "perhaps"}, "validate_certs"),
        ({"ca_path": "/no/such/file"}, "ca_path"),
        ({"no_such_option": 1}, "no_such_option"),
        ({"id": 1, "name": "x"}, "mutually exclusive"),
        ({"id": "x"}, "id"),
        ({"id": 0}, "id must be 1 or more, not 0"),
    ],
)
def test_an_invalid_option_is_refused_before_any_request(
    fake: FakeNKS, run_module: Run, main: t.Callable[[], None], options: JSON, message: str
) -> None:
    result = run_module(main, **options)
    assert result["failed"]
    assert message in result["msg"]
    assert "never" not in result["msg"]
    assert "Traceback" not in str(result)
    assert not fake.requests


@each
def test_connection_options_come_from_the_environment_too(
    fake: FakeNKS, run_module: Run, monkeypatch: pytest.MonkeyPatch, main: t.Callable[[], None]
) -> None:
    for name, value in {
        "API_TOKEN": fake.token,
        "API_URL": fake.url + "/",
        "API_TIMEOUT": "60.5",
        "API_RETRIES": "0",
        "VALIDATE_CERTS": "true",
        "CA_PATH": requests.utils.DEFAULT_CA_BUNDLE_PATH,
    }.items():
        monkeypatch.setenv(f"NKS_{name}", value)
    fake.fault("/orgs", "status", status=503, times=1)
    from_environment = {"api_token": None, "api_url": None, "api_timeout": None, "api_retries": None}
    assert run_module(main, **from_environment)["status"] == 503
    assert not run_module(main, **from_environment).get("failed")
    monkeypatch.setenv("NKS_CA_PATH", "/no/such/file")
    assert "ca_path" in run_module(main)["msg"]
    monkeypatch.setenv("NKS_VALIDATE_CERTS", "false")
    assert not run_module(main).get("failed")
    monkeypatch.setenv("NKS_API_TIMEOUT", "-1")
    assert "api_timeout" in run_module(main, api_timeout=None)["msg"]


@each
def test_an_option_wins_over_the_environment(
    fake: FakeNKS, run_module: Run, monkeypatch: pytest.MonkeyPatch, main: t.Callable[[], None]
) -> None:
    monkeypatch.setenv("NKS_API_TOKEN", "wrong")
    monkeypatch.setenv("NKS_API_URL", "https://nks.invalid")
    assert not run_module(main).get("failed")


@each
def test_unsupported_libraries_are_one_line_with_required_and_installed_versions(
    run_module: Run, monkeypatch: pytest.MonkeyPatch, main: t.Callable[[], None]
) -> None:
    monkeypatch.setattr(urllib3, "__version__", "1.25.10")
    result = run_module(main)
    assert result["failed"]
    assert "exception" not in result
    assert "requests 2.28 or newer and urllib3 1.26 or newer" in result["msg"]
    assert f"has requests {requests.__version__} and urllib3 1.25.10." in result["msg"]


@each
@pytest.mark.parametrize("check_mode", [True, False])
def test_the_token_is_in_no_output(
    fake: FakeNKS, run_module: Run, main: t.Callable[[], None], check_mode: bool
) -> None:
    result = run_module(main, check_mode=check_mode)
    assert not result.get("changed")
    assert fake.token not in str(result)
    fake.fault("/orgs", "status", status=400, body=f'{{"detail": "{fake.token}"}}')
    result = run_module(main, check_mode=check_mode)
    assert result["failed"]
    assert fake.token not in str(result)


@each
@pytest.mark.parametrize("option", ["api_timeout", "api_retries", "validate_certs", "ca_path"])
def test_an_empty_variable_counts_as_unset(
    run_module: Run, monkeypatch: pytest.MonkeyPatch, main: t.Callable[[], None], option: str
) -> None:
    monkeypatch.setenv(f"NKS_{option.upper()}", "")
    result = run_module(main, **{option: None})
    assert not result.get("failed")


def test_a_missing_token_is_reported_with_its_variable(run_module: Run) -> None:
    assert "NKS_API_TOKEN" in run_module(nks_org_info.main, api_token=None)["msg"]
