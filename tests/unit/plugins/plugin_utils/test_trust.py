# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import ansible.template
import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.netapp.nks.plugins.plugin_utils._trust import mark_untrusted
from hypothesis import example, given
from hypothesis import strategies as st

TEMPLATE = "{{ 1 + 1 }}"

trust = getattr(ansible.template, "trust_as_template", str)


@pytest.mark.parametrize("value", [TEMPLATE, [TEMPLATE], {"x": TEMPLATE, TEMPLATE: 1}, {"x": [{"y": (TEMPLATE,)}]}])
def test_an_untrusted_value_is_equal_and_never_evaluated(value: t.Any) -> None:
    marked = mark_untrusted(value)
    assert marked == value
    evaluated = Templar(DataLoader()).template(marked)
    assert TEMPLATE in str(evaluated)
    assert "2" not in str(evaluated)


@given(st.lists(st.text("{}%#1+ ", max_size=6), min_size=2, max_size=3), st.sampled_from(["", " ", "x"]))
@example(["x{", "{ 1 + 1 }}"], " ")
@example(["{", "{ 1 + 1 }", "}"], "")
@example(["{ { 1 + 1 } }", ""], " ")
def test_joined_texts_are_never_evaluated(texts: list[str], removed: str) -> None:
    variables = {f"text_{number}": mark_untrusted(text) for number, text in enumerate(texts)}
    joined = trust(f"{{{{ ({' ~ '.join(variables)}) | replace({removed!r}, '') }}}}")
    templar = Templar(DataLoader(), variables=variables)
    result = templar.template(joined)
    assert "2" not in str(templar.template(result))
    assert str(templar.template(result)) == str(result)


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "", "text", [], {}])
def test_values_without_templates_are_not_changed(value: t.Any) -> None:
    assert mark_untrusted(value) == value
    assert isinstance(mark_untrusted(value), type(value))
