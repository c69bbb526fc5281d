# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.module_utils._fleet import select_clusters, with_includes
from ansible_collections.netapp.nks.plugins.module_utils._secrets import without_secrets
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS
from hypothesis import given
from hypothesis import strategies as st

JSON = t.Dict[str, t.Any]

STYLES: tuple[t.Callable[[list[str]], str], ...] = (
    "_".join,
    "-".join,
    ".".join,
    "".join,
    lambda words: "_".join(words).upper(),
    lambda words: "".join(word.capitalize() for word in words),
    lambda words: words[0] + "".join(word.capitalize() for word in words[1:]),
)
HARMLESS = ("replicas", "image", "tag", "size", "keyset", "namespace", "secretName", "tokenTTL", "config", "passive")
SECRET = (
    *("username", "password", "passwd", "passphrase", "pass", "pwd", "secret", "token", "key", "credential"),
    *("passwords", "secrets", "tokens", "keys", "credentials"),
)


def names(last: t.Sequence[str]) -> st.SearchStrategy[str]:
    """Names of up to three words in any style, whose last word is one of these."""
    words = st.tuples(st.lists(st.sampled_from(["db", "admin", "x", "root"]), max_size=2), st.sampled_from(last))
    return st.builds(lambda style, parts: style([*parts[0], parts[1]]), st.sampled_from(STYLES), words)


leaves = st.sampled_from(
    [None, True, False, 0, 3, 1.5, "", "v1.2", "lab 1: east", "https://charts.example/x", "ünïcode"]
)
plain = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(HARMLESS), inner, max_size=3)
)
secret_values = st.recursive(
    st.just("never-show"),
    lambda inner: st.lists(inner, min_size=1, max_size=2) | st.dictionaries(names(HARMLESS), inner, min_size=1),
    max_leaves=3,
)
secret_fields = st.tuples(names([*SECRET, "values_yaml", "required_values", "password2"]), secret_values)
secret_texts = st.sampled_from(
    [
        "never-show: x\ndb:\n  adminPassword: 'never-show'\n",
        '{"apiKey":"never-show"}',
        "--set auth.token=never-show",
        "postgres://root:never-show@db/x",
        "https://never-show@git.example/x.git",
        "-----BEGIN RSA PRIVATE KEY-----\nnever-show",
    ]
)


@st.composite
def configs(draw: st.DrawFn) -> tuple[t.Any, t.Any]:
    """What a config may be, with secrets at any depth; and the same without them."""
    kind = draw(st.sampled_from(["plain", "list", "object", "object"]))
    if kind == "plain":
        value = draw(plain)
        return value, value
    inner = draw(st.lists(configs(), max_size=3)) if draw(st.booleans()) else []
    if kind == "list":
        text = draw(st.lists(secret_texts, max_size=1))
        return [*text, *(whole for whole, _kept in inner)], [kept for _whole, kept in inner]
    fields = dict(zip(HARMLESS, inner))
    whole = {name: pair[0] for name, pair in fields.items()}
    kept = {name: pair[1] for name, pair in fields.items()}
    pair = draw(st.dictionaries(st.just("value"), secret_values, max_size=1))
    if pair:
        name = draw(names(SECRET))
        whole, kept = {**whole, "name": name, **pair}, {**kept, "name": name}
    return {**dict(draw(st.lists(secret_fields, max_size=2))), **whole, **draw(texts_by_name())}, kept


def texts_by_name() -> st.SearchStrategy[JSON]:
    return st.dictionaries(st.just("extra"), secret_texts, max_size=1)


@given(configs(), st.sampled_from(["solutions", "user_solutions"]))
def test_no_secret_of_a_config_is_kept_at_any_depth_and_nothing_else_is_lost(
    config: tuple[t.Any, t.Any], field: str
) -> None:
    whole, kept = config
    item = {"pk": 1, "clusters": [{field: [{"pk": 2, "config": whole}]}], field: [{"pk": 2, "config": whole}]}
    before = copy.deepcopy(item)
    found = without_secrets(item)
    assert "never-show" not in json.dumps(found)
    assert found == {"pk": 1, "clusters": [{field: [{"pk": 2, "config": kept}]}], field: [{"pk": 2, "config": kept}]}
    assert item == before


@pytest.mark.parametrize(
    ("solutions", "kept"),
    [
        ([{"pk": 1, "name": "x", "username": "never-show", "password": "never-show"}], [{"pk": 1, "name": "x"}]),
        ([{"password": None}, {"pk": 2}], [{}, {"pk": 2}]),
        ([None, "text", 5, [], {"username": {"x": "never-show"}}], [None, "text", 5, [], {}]),
        ([], []),
        (None, None),
        ("text", "text"),
        (
            [{"keyset": 7, "keyset_name": "k", "is_deleteable": False, "url": "https://x.example:8443/a?b=c@d"}],
            [{"keyset": 7, "keyset_name": "k", "is_deleteable": False, "url": "https://x.example:8443/a?b=c@d"}],
        ),
        (
            [
                {
                    "config": {
                        "values_yaml": "a: 1",
                        "required_values": {"a": 1},
                        "env": [{"name": "PORT", "value": "80"}],
                    }
                }
            ],
            [{"config": {"env": [{"name": "PORT", "value": "80"}]}}],
        ),
    ],
)
def test_secrets_of_solutions_are_dropped_and_nothing_else(solutions: t.Any, kept: t.Any) -> None:
    cluster = {"pk": 1, "username": "kept", "solutions": solutions}
    before = copy.deepcopy(cluster)
    assert without_secrets(cluster) == {"pk": 1, "username": "kept", "solutions": kept}
    assert cluster == before
    assert without_secrets({"pk": 1}) == {"pk": 1}


def test_neither_a_list_nor_a_detail_form_brings_a_secret_of_a_config(fake: FakeNKS, connect: t.Any) -> None:
    config = {"values_yaml": "never-show", "grafana": {"adminPassword": "never-show", "replicas": 2}}
    cluster = {"pk": 1201, "state": "running", "solutions": [{"pk": 1, "config": config}]}
    fake.fault("/orgs/381/clusters", "body", body=json.dumps([cluster]))
    fake.fault("/orgs/381/clusters/1201", "body", body=json.dumps(cluster))
    client = connect()
    short = select_clusters(client, orgs=["381"])
    for fleet in (short, with_includes(client, short, include_details=True)):
        assert fleet.clusters[0].raw["solutions"] == [{"pk": 1, "config": {"grafana": {"replicas": 2}}}]
