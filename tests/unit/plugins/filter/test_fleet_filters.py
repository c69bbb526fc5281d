# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test the filters in expressions, as users write them."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

try:
    from ansible.template import trust_as_template
except ImportError:  # ansible-core 2.18 and older

    def trust_as_template(value: str) -> str:
        return value


ORGS = [{"pk": 381, "name": "My Organization"}]
CLUSTERS = [
    {"pk": 1, "org": 381, "name": "prod", "node_count": 3, "state": "running", "is_failed": False},
    {"pk": 2, "org": 381, "name": "broken", "node_count": 2, "state": "draft", "is_failed": True},
]


def evaluate(expression: str, **variables: t.Any) -> t.Any:
    templar = Templar(loader=DataLoader(), variables={"clusters": CLUSTERS, "orgs": ORGS, **variables})
    return templar.template(trust_as_template(f"{{{{ {expression} }}}}"))


def test_table() -> None:
    lines = evaluate("clusters | netapp.nks.fleet_table(orgs)")
    assert [line.split() for line in lines[1:]] == [
        ["My", "Organization", "prod", "3", "running"],
        ["My", "Organization", "broken", "2", "draft,", "failed"],
    ]
    assert evaluate("clusters | netapp.nks.fleet_table(orgs=orgs)") == lines


def test_report() -> None:
    assert evaluate("(clusters | netapp.nks.fleet_report(orgs)).totals") == {
        "clusters": 2,
        "running": 1,
        "failed": 1,
        "not_running": 0,
        "nodes": 5,
    }
    assert evaluate("(clusters | netapp.nks.fleet_report).orgs | map(attribute='name') | list") == ["381"]


def test_text() -> None:
    assert evaluate("'<b>' | netapp.nks.report_text('html')") == "&lt;b&gt;"
    assert evaluate("5 | netapp.nks.report_text('markdown')") == "5"
    assert evaluate("none | netapp.nks.report_text('csv')") == '""'
    report = "clusters | netapp.nks.fleet_report(orgs, escape='csv', max_length=3)"
    assert evaluate(f"({report}).clusters | map(attribute='name') | list") == ['"br…"', '"pr…"']


def test_filters_accept_a_selection_of_clusters() -> None:
    failed = "clusters | selectattr('is_failed')"
    assert len(evaluate(f"{failed} | netapp.nks.fleet_table(orgs)")) == 2
    assert evaluate(f"({failed} | netapp.nks.fleet_report(orgs)).totals")["clusters"] == 1


@pytest.mark.parametrize("name", ["netapp.nks.fleet_table", "netapp.nks.fleet_report"])
def test_invalid_input_is_one_message_that_names_the_filter(name: str) -> None:
    with pytest.raises(AnsibleError, match=f"{name}: clusters must be a list of objects of the API, not a dictionary"):
        evaluate(f"fleet | {name}", fleet={"clusters": []})
    with pytest.raises(AnsibleError, match=f"{name}: orgs must be a list of objects of the API, but its item 1 is"):
        evaluate(f"clusters | {name}(['acme'])")
    with pytest.raises(AnsibleError, match="'nothing' is undefined"):
        evaluate(f"nothing | {name}")


@pytest.mark.parametrize("expression", ["'x' | netapp.nks.report_text", "'x' | netapp.nks.report_text('pdf')"])
def test_an_unknown_format_is_one_message_that_names_the_filter(expression: str) -> None:
    with pytest.raises(AnsibleError, match="report_text: The format must be one of html, markdown, csv"):
        evaluate(expression)


def test_nothing_from_the_api_is_evaluated(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    text = f"{{{{ lookup('ansible.builtin.pipe', 'touch {canary}') }}}}"
    wrapped = [
        {**dict.fromkeys(("name", "state", "region", "org", "provider"), wrap(text)), "workspace": {"name": wrap(text)}}
    ]
    lines = evaluate("clusters | netapp.nks.fleet_table(orgs)", clusters=wrapped)
    report = evaluate("clusters | netapp.nks.fleet_report(orgs)", clusters=wrapped)
    assert report["clusters"][0]["state"] == text
    assert "{{ lookup(" in lines[1]
    assert not canary.exists()


def wrap(text: str) -> str:
    """Mark text as untrusted, as in a registered result."""
    if trust_as_template.__module__ == __name__:
        from ansible.utils.unsafe_proxy import wrap_var

        return wrap_var(text)
    return text
