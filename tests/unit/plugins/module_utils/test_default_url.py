# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
import threading
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.module_utils._api import DEFAULT_URL
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSConnectionError
from ansible_collections.netapp.nks.plugins.module_utils._fleet import select_clusters
from ansible_collections.netapp.nks.plugins.modules import nks_cluster_info, nks_org_info
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]
Resolve = t.Callable[[bool], t.List[str]]

NOT_SET = "api_url is not set. The hosted service was withdrawn in 2021: set api_url, or the environment variable NKS_"
WARNING = f"api_url is not set, so the token is sent to {DEFAULT_URL}, whoever runs it now."


@pytest.mark.parametrize("orgs", [None, ["1", "2", "3", "4"]])
@pytest.mark.parametrize("has_address", [True, False])
def test_one_warning_comes_before_the_token_is_sent_to_a_default_host_that_has_an_address(
    resolve: Resolve, orgs: list[str] | None, has_address: bool
) -> None:
    asked = resolve(has_address)
    warned: list[tuple[str, int]] = []
    client = NKSClient("x", None, api_retries=0, warn=lambda text: warned.append((text, client.request_count)))
    for _again in range(2):
        with pytest.raises(NKSConnectionError) as caught:
            select_clusters(client, orgs=orgs)
        assert NOT_SET in str(caught.value)
        assert DEFAULT_URL in str(caught.value)
    assert [(text.startswith(WARNING), sent) for text, sent in warned] == ([(True, 0)] if has_address else [])
    assert set(asked) == {"api.stackpoint.io"}


def test_a_proxy_may_know_the_default_host(resolve: Resolve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    resolve(False)
    warned: list[str] = []
    with pytest.raises(NKSConnectionError, match="api_url is not set"):
        NKSClient("x", None, api_retries=0, warn=warned.append).orgs()
    assert len(warned) == 1


def test_an_endless_name_lookup_does_not_block_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    end = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: end.wait(60))
    warned: list[str] = []
    with pytest.raises(NKSConnectionError, match="no complete answer"):
        NKSClient("x", None, api_retries=0, api_timeout=0.2, warn=warned.append).orgs()
    end.set()
    assert not warned


@pytest.mark.parametrize("url", [DEFAULT_URL, DEFAULT_URL + "/"])
def test_an_explicit_url_of_the_hosted_service_causes_no_warning(resolve: Resolve, url: str) -> None:
    resolve(True)
    warned: list[str] = []
    with pytest.raises(NKSConnectionError) as caught:
        NKSClient("x", url, api_retries=0, warn=warned.append).orgs()
    assert "is not set" not in str(caught.value)
    assert not warned


@pytest.mark.parametrize("main", [nks_org_info.main, nks_cluster_info.main])
@pytest.mark.parametrize("has_address", [True, False])
def test_modules_warn_and_fail(
    resolve: Resolve, run_module: t.Callable[..., JSON], main: t.Callable[[], None], has_address: bool
) -> None:
    resolve(has_address)
    result = run_module(main, api_url=None)
    assert NOT_SET in result["msg"]
    assert [WARNING in str(warning) for warning in result.get("warnings", [])] == [True] * has_address


def test_a_module_with_a_url_does_not_warn(fake: FakeNKS, run_module: t.Callable[..., JSON]) -> None:
    assert "warnings" not in run_module(nks_org_info.main)
    fake.fault("/orgs", "status", status=400)
    assert "is not set" not in run_module(nks_org_info.main)["msg"]
