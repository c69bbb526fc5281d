# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible_collections.netapp.nks.plugins.module_utils._kubeconfig import (
    Entry,
    merge_entry,
    parse_kubeconfig,
    remove_entry,
)
from hypothesis import given, settings
from hypothesis import strategies as st

JSON = t.Dict[str, t.Any]

names = st.sampled_from(["a", "b c", "é", "- x", "yes", "1", "#"])
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)


def config_of(entries: dict[str, str], current: str) -> JSON:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": server}} for name, server in entries.items()] or None,
        "contexts": [{"context": {"user": name, "cluster": name}, "name": name} for name in entries],
        "users": [{"name": name, "user": {"token": server, "n": 5}} for name, server in entries.items()],
        "current-context": current,
        "preferences": {},
    }


@settings(max_examples=40)
@given(st.dictionaries(names, texts, max_size=4), names, texts, texts, st.booleans(), st.booleans())
def test_an_entry_is_merged_and_removed_and_the_rest_stays(
    entries: dict[str, str], name: str, server: str, token: str, flow: bool, set_current: bool
) -> None:
    entries.pop(name, None)
    before = config_of(entries, "a")
    text = yaml.safe_dump(before, default_flow_style=flow, sort_keys=False, allow_unicode=True)
    entry = Entry({"server": server, "insecure-skip-tls-verify": True}, {"token": token}, {"namespace": "x"})
    merged = merge_entry(text, name, entry, set_current)
    after = yaml.safe_load(merged)
    for key in ("clusters", "contexts", "users"):
        assert [item for item in after[key] if item["name"] != name] == (before[key] or [])
    assert {"name": name, "user": {"token": token}} in after["users"]
    assert {"name": name, "context": {"namespace": "x", "cluster": name, "user": name}} in after["contexts"]
    assert after["current-context"] == (name if set_current else "a")
    assert merge_entry(merged, name, entry, set_current) == merged
    removed = yaml.safe_load(remove_entry(merged, name))
    assert {key: value or None for key, value in removed.items()} == {
        key: value or None for key, value in {**before, "current-context": after["current-context"]}.items()
    }
    with pytest.raises(ValueError, match="belong to something else"):
        merge_entry(merged, name, entry._replace(cluster={"server": f"{server}2"}))


OURS = Entry({"server": "https://prod"}, {"token": "new"}, {})

BLOCK = """\
# mine
apiVersion: v1
kind: Config
clusters:  # all of them
# the production
- name: prod
  cluster:
    server: https://prod
# the lab
- cluster: {server: https://lab}   # as it is
  name: lab

# contexts
contexts:
- context:
    cluster: prod
    namespace: shop
    user: prod
  name: prod
  # between
- name: lab
  context: {cluster: lab, user: lab}
users:
- name: lab
  user:
    token: |
      lab

    # a comment of lab
- name: prod
  user: {token: old}  # a comment of prod
# the end
"""

LATER = """\
  user: {token: old}  # a comment of prod
# the end
"""

DASHES = """\
kind: Config
clusters:
  -
    name: lab
    cluster: {}
  # after lab
contexts: []  # none
users: null
current-context: ''
"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("is_cut", [False, True])
@pytest.mark.parametrize(
    ("before", "merged", "removed"),
    [
        (
            BLOCK,
            BLOCK.replace(LATER, "  user:\n    token: new\n# the end\n"),
            """\
# mine
apiVersion: v1
kind: Config
clusters:  # all of them
# the production
# the lab
- cluster: {server: https://lab}   # as it is
  name: lab

# contexts
contexts:
  # between
- name: lab
  context: {cluster: lab, user: lab}
users:
- name: lab
  user:
    token: |
      lab

    # a comment of lab
# the end
""",
        ),
        (
            DASHES,
            """\
kind: Config
clusters:
  -
    name: lab
    cluster: {}
  - name: prod
    cluster:
      server: https://prod
  # after lab
contexts:  # none
- name: prod
  context:
    cluster: prod
    user: prod
users:
- name: prod
  user:
    token: new
current-context: ''
""",
            DASHES.replace("null", "[]"),
        ),
        (
            "kind: Config\n# none yet\n",
            """\
kind: Config
clusters:
- name: prod
  cluster:
    server: https://prod
contexts:
- name: prod
  context:
    cluster: prod
    user: prod
users:
- name: prod
  user:
    token: new
# none yet
""",
            "kind: Config\nclusters: []\ncontexts: []\nusers: []\n# none yet\n",
        ),
        (
            "  clusters: [{name: lab}]\n  contexts:\n  - {name: lab}\n  users:  # none\n",
            """\
  clusters:
  - name: lab
  - name: prod
    cluster:
      server: https://prod
  contexts:
  - {name: lab}
  - name: prod
    context:
      cluster: prod
      user: prod
  users:  # none
  - name: prod
    user:
      token: new
""",
            "  clusters:\n  - name: lab\n  contexts:\n  - {name: lab}\n  users: []  # none\n",
        ),
    ],
)
def test_nothing_but_the_entry_changes(before: str, merged: str, removed: str, is_cut: bool, line_end: str) -> None:
    def formatted(text: str) -> str:
        return text.replace("\n", line_end)[: -len(line_end) if is_cut else None]

    assert merge_entry(formatted(before), "prod", OURS) == formatted(merged)
    assert remove_entry(formatted(merged), "prod") == formatted(removed)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("current-context: lab # now", "current-context: prod # now"),
        ("current-context: # now", "current-context: prod # now"),
        ("current-context: # now\n  'x'", "current-context: # now\n prod"),
    ],
)
def test_the_current_context_is_set_in_its_place(before: str, after: str) -> None:
    others = BLOCK.replace(LATER, "  user:\n    token: new\n")
    assert merge_entry(f"{before}\n{others}", "prod", OURS, set_current=True) == f"{after}\n{others}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BLOCK.replace("cluster: prod", "cluster: arn:eks"), "prod was not added by this module|belong to something"),
        (BLOCK.replace("user: prod", "user: admin"), "prod was not added by this module|belong to something"),
        (BLOCK.replace("name: lab", "name: prod"), "prod was not added by this module|belong to something"),
        ("contexts: [{name: old, context: oops}]", "contexts are not a list of objects with a name and a context"),
        ("kind: Config\nusers: [{name: old, user: []}, {name: x, user: 5}]", "users are not a list of objects"),
        ("kind: Config\nclusters: [{name: old, cluster: oops}]", "clusters are not a list of objects"),
        (f"{BLOCK}users: []\nusers: [{{name: prod}}]\n", "its format cannot be edited"),
    ],
)
def test_a_file_that_cannot_be_edited_safely_is_refused(text: str, message: str) -> None:
    for edit in (lambda: merge_entry(text, "prod", OURS), lambda: remove_entry(text, "prod")):
        with pytest.raises(ValueError, match=message):
            edit()


def test_nothing_is_removed_without_a_context_of_this_name() -> None:
    text = "contexts: [{name: mine, context: {cluster: prod, user: prod}}]\nclusters: [{name: prod}]\n"
    assert remove_entry(text, "prod") == text


def test_a_cluster_that_another_context_uses_stays() -> None:
    text = BLOCK.replace("{cluster: lab,", "{cluster: prod,")
    removed = yaml.safe_load(remove_entry(text, "prod"))
    assert [[item["name"] for item in removed[key]] for key in ("clusters", "contexts", "users")] == [
        ["prod", "lab"],
        ["lab"],
        ["lab"],
    ]


@pytest.mark.parametrize(
    ("section", "old", "new"),
    [
        ("context", "current-context: n", ""),
        ("context", "current-context: n", "current-context: null"),
        ("context", "name: n, ", "name: '', "),
        ("context", "context: n", "context: ''"),
        ("cluster", "cluster: c, ", ""),
        ("user", ", user: u}", "}"),
    ],
)
def test_entries_without_a_name_are_not_a_kubeconfig(section: str, old: str, new: str) -> None:
    text = """\
kind: Config
clusters: [{cluster: {server: 'https://x'}}, {name: c, cluster: {server: 'https://x'}}]
users: [{user: {}}, {name: u, user: {}}]
contexts: [{context: {cluster: c, user: u}}, {name: n, context: {cluster: c, user: u}}]
current-context: n
"""
    assert parse_kubeconfig(text.encode()).cluster == {"server": "https://x"}
    with pytest.raises(ValueError, match=f"lacks the {section} of its current-context"):
        parse_kubeconfig(text.replace(old, new).encode())
