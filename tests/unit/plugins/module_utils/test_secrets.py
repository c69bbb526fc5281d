# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json
import sys
import time
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.module_utils._fleet import select_clusters, with_includes
from ansible_collections.netapp.nks.plugins.module_utils._secrets import (
    CONFIG_FIELDS,
    redact,
    secrets_of,
    without_secrets,
)
from ansible_collections.netapp.nks.plugins.module_utils._types import Log
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS
from hypothesis import given
from hypothesis import strategies as st

KEPT = {
    "pk": 2,
    "name": "x",
    "keyset": 7,
    "keyset_name": "k",
    "is_deleteable": False,
    "version_migrations": ["1.2"],
    "url": "https://x.example:8443/a?b=c@d",
}
SECRET_TEXTS = [
    "never: x\ndb:\n  adminPassword: 'never'\n",
    '{"apiKey":"never"}',
    "--set auth.token=never",
    "postgres://root:never@db/x",
    "https://never@git.example/x.git",
    "-----BEGIN RSA PRIVATE KEY-----\nnever",
    "https://hooks.slack.com/services/never",
    "https://a.example/?se=1&sig=never",
    "Authorization: Basic never",
    "Bearer never123",
    "ghp_never",
    "eyJnever.eyJnever.never",
    r"{\"password\": \"never\"}",
    r"{\"password\": \"a never\"}",
    r"{\\\"adminPassword\\\": \\\"a never\\\"}",
    r'{"password": "a\" never"}',
    r"{\"Authorization\": \"Basic never\"}",
    "--password never",
    "--db-password 'a never'",
    "-token never",
    '["--password", "a never"]',
    'password => "a never"',
    "password := never",
    "api_key_v2=never",
    "tls_key_data: never",
    "client-key-data: never",
    "client_secret_value=never",
    "accessKeyId=never",
    "pw=never",
    "db_pw: never",
    "postgres://u:p/never@h",
    "postgres://u:p@never@h",
    "curl -u admin:never",
    "curl -uadmin:never",
    "curl --user 'admin:a never'",
]
names = st.sampled_from(
    [
        *("username", "adminPassword", "slack_api_url", "webhookUrl", "dockerconfigjson", "auth", "basicAuth", "jwt"),
        *("sasUrl", "pat", "cookie", "session_id", "accessKeyId", "api_key_v2", "passwordHash", "pin", "bindPw"),
        *("signing_key_pem", "gcpServiceAccountB64", "values_yaml", "stringData", "required_values", "env", "value"),
    ]
)
secrets = st.recursive(
    st.just("never"), lambda inner: st.lists(inner, min_size=1, max_size=2) | st.dictionaries(names, inner)
)
configs = st.dictionaries(names, secrets) | st.dictionaries(
    st.sampled_from(sorted(CONFIG_FIELDS)), st.sampled_from(SECRET_TEXTS) | st.dictionaries(names, secrets, min_size=1)
)


@given(configs, st.dictionaries(names, secrets), st.sampled_from(["solutions", "user_solutions"]))
def test_only_harmless_fields_of_a_solution_are_kept(config: t.Any, fields: t.Any, field: str) -> None:
    harmless = {"namespace": "default", "version": "1.2.3"}
    whole, kept = {**fields, **KEPT, "config": {**config, **harmless}}, {**KEPT, "config": harmless}
    item = {"pk": 1, "username": "kept", "clusters": [{field: [whole]}], field: [whole, None, 5, "never: password=x"]}
    before = copy.deepcopy(item)
    found = without_secrets(item)
    assert "never" not in json.dumps(found)
    left: dict[str, t.Any] = {}
    for name in CONFIG_FIELDS & set(config) - set(harmless):
        if isinstance(config[name], dict):
            left[name] = {}
    kept["config"] = {**left, **harmless}
    assert found == {"pk": 1, "username": "kept", "clusters": [{field: [kept]}], field: [kept, None, 5]}
    assert item == before


@pytest.mark.parametrize("text", SECRET_TEXTS[1:])
def test_the_secret_in_a_log_is_replaced_and_the_rest_is_shown(text: str) -> None:
    log = Log({"message": f"Failed in ewr1: {text}", "details": {"a": [f"{text} in ewr1"]}})
    assert "never" not in str(log.raw)
    assert log.message.startswith("Failed in ewr1: ")
    assert "********" in log.message


@pytest.mark.parametrize("key_id", ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"])
def test_the_id_of_an_aws_access_key_is_replaced(key_id: str) -> None:
    assert redact(f"The ID '{key_id}' is not valid") == "The ID '********' is not valid"


@pytest.mark.parametrize(
    "text",
    [
        "HTTP 422: size t1.small is not available in ewr1",
        "the token expired at 10:00",
        "key not found",
        "password must be longer than 8 characters",
        "keyset: 7, keyset_name: k",
        "passed: 3, authority: eu, keyboard: us",
        "GET https://nks.example.com:8443/a/b?email=jo@example.com",
        "https://nks.example.com/a:b/c@d",
        "date -u, --user nobody, --force, - token expired",
        "--password-stdin --debug",
        "AKIA and ASIA",
        "",
    ],
)
def test_a_text_without_secrets_is_not_changed(text: str) -> None:
    assert redact({"details": [text, None, 3]}) == {"details": [text, None, 3]}


@pytest.mark.parametrize(
    "start",
    [
        *(
            "key",
            "key_",
            "key=",
            'key="',
            "key='x ",
            r"key=\"",
            "key= ",
            "key\\",
            "--",
            "--key ",
            "--a-",
            "-u ",
            "-u a:",
        ),
        *("://", "://a:", "://a:b", "authorization", "authorization: a ", "eyJabcde.", "\\", '"', " ", "passPasS"),
    ],
)
def test_the_time_for_a_long_text_is_proportional_to_its_length(start: str) -> None:
    began = time.process_time()
    redact((start * 200_000)[:200_000])
    assert time.process_time() - began < 3


def test_neither_a_list_nor_a_detail_form_nor_a_log_brings_a_secret(fake: FakeNKS, connect: t.Any) -> None:
    config = {"values_yaml": "never", "grafana": {"adminPassword": "never"}, "namespace": "x"}
    cluster = {"pk": 1201, "state": "running", "solutions": [{"pk": 1, "config": config}]}
    fake.fault("/orgs/381/clusters", "body", body=json.dumps([cluster]))
    fake.fault("/orgs/381/clusters/1201", "body", body=json.dumps(cluster))
    fake.fault("/orgs/381/clusters/1201/logs", "body", body='[{"message": "svc:x password=never"}]')
    client = connect()
    short = select_clusters(client, orgs=["381"])
    for fleet in (short, with_includes(client, short, include_details=True, include_logs=True)):
        assert fleet.clusters[0].raw["solutions"] == [{"pk": 1, "config": {"namespace": "x"}}]
        assert "never" not in str(fleet.clusters)


PEM = "-----BEGIN PRIVATE KEY-----\nnever-one\nnever-two\n-----END PRIVATE KEY-----\n"
VALUES = """\
auth: {user: admin, password: never-flow}
block: |
  never-block
password: never-comment # main
quoted: "never quoted" # main
persistence:
  enabled: true
"""


@pytest.mark.parametrize("with_yaml", [True, False])
@pytest.mark.parametrize(
    ("value", "secrets"),
    [
        ({"other": {"private_key": PEM}}, ["never-one", PEM, " ".join(PEM.split())]),
        ({"other": json.dumps({"private_key": PEM})}, ["never-one", PEM, " ".join(PEM.split())]),
        (VALUES, ["never-flow", "never-block", "never-comment", "never quoted"]),
        ({"config": {"values_yaml": VALUES}}, ["never-flow", "never-block", "never-comment", "never quoted"]),
        ({"a": {"b": ["never-list", 5, None]}}, ["never-list"]),
        ({"password": 48151623}, ["48151623"]),
    ],
)
def test_the_parts_of_keys_and_chart_values_are_secrets(
    monkeypatch: pytest.MonkeyPatch, with_yaml: bool, value: t.Any, secrets: list[str]
) -> None:
    if not with_yaml:
        monkeypatch.setitem(sys.modules, "yaml", None)
    found = secrets_of(value)
    assert set(secrets) <= set(found)
    assert not {"true", "user", "password", "persistence", "persistence:", "enabled", "main"} & set(found)


def test_a_value_that_is_no_yaml_or_refers_to_itself_is_not_an_error() -> None:
    assert "never" in secrets_of("a: [&x\n never")
    assert "never" in secrets_of("a: &x\n- never\n- *x\n")
