# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible_collections.netapp.nks.plugins.module_utils._kubeconfig import Entry, merge_entry, remove_entry
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
