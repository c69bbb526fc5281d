# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
import typing as t

import pytest
from ansible_collections.netapp.nks.plugins.module_utils._names import safe_name, unique_names
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Org
from ansible_collections.netapp.nks.plugins.plugin_utils._hosts import (
    cluster_hosts,
    node_hosts,
)
from hypothesis import given
from hypothesis import strategies as st

JSON = t.Dict[str, t.Any]

RESERVED = ",:[]&!~*?"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("prod", "prod"),
        ("a-b.c_d@e", "a-b.c_d@e"),
        ("Shop — Zürich", "Shop_—_Zürich"),
        ("edge:1 [lab]", "edge_1__lab_"),
        ("🐳", "🐳"),
        ("@all", "_all"),
        ("-x", "_x"),
        ("--", "_-"),
        ("a\tb\nc\x00d\x7f\x85\u2028\u00a0", "a_b_c_d____"),
        *((f"a{character}b", "a_b") for character in RESERVED),
        ("", ""),
    ],
)
def test_characters_reserved_in_host_patterns_become_underscores(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text())
def test_a_safe_name_has_the_same_length_and_nothing_reserved(name: str) -> None:
    safe = safe_name(name)
    assert len(safe) == len(name)
    assert not any(character in RESERVED or character.isspace() or character < " " for character in safe)
    assert not safe.startswith(("@", "-"))
    assert safe_name(safe) == safe


@pytest.mark.parametrize(
    ("names", "objects", "taken", "unique"),
    [
        (["a", "b"], [{"pk": 1}, {"pk": 2}], [], ["a", "b"]),
        (["a", "b", "a"], [{"pk": 1}, {"pk": 2}, {"pk": 3}], [], ["a_1", "b", "a_3"]),
        (["all"], [{"pk": 1}], ["all"], ["all_1"]),
        (["a", "a"], [{"pk": 1, "instance_id": "x"}, {"pk": 1, "instance_id": "y"}], [], ["a_1_x", "a_1_y"]),
        (["a", "a"], [{"instance_id": "x"}, {"instance_id": "y:z"}], [], ["a_x", "a_y_z"]),
        (
            ["a", "a", "b"],
            [{"pk": 1, "instance_id": "x"}, {"instance_id": "y"}, {}],
            ["a_1", "b"],
            ["a_1_x", "a", "b_3"],
        ),
        (["a", "a"], [{}, {}], [], ["a_1", "a_2"]),
        (["a", "a"], [{"pk": "x y"}, {"pk": None}], [], ["a_x_y", "a"]),
        ([], [], ["all"], []),
    ],
)
def test_names_are_made_unique_by_pk_then_instance_id_then_position(
    names: list[str], objects: list[JSON], taken: list[str], unique: list[str]
) -> None:
    assert unique_names(names, objects, taken) == unique


few = st.sampled_from(["a", "b", "a_1", "a_2", "a_1_1", "all", "", "a_x"])
ids = st.one_of(st.none(), st.integers(1, 3), st.sampled_from(["", "x", "1", "a b"]))
pairs = st.lists(st.tuples(few, st.fixed_dictionaries({}, optional={"pk": ids, "instance_id": ids})), max_size=12)


@given(pairs, st.sets(few))
def test_names_are_always_unique_and_none_is_taken(named: list[tuple[str, JSON]], taken: set[str]) -> None:
    names = [name for name, _item in named]
    unique = unique_names(names, [item for _name, item in named], taken)
    assert len(unique) == len(named) == len(set(unique))
    assert not taken & set(unique)
    assert [new for name, new in zip(names, unique) if not new.startswith(name)] == []


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "all"]), st.integers(1, 99)), unique_by=lambda pair: pair[1]).flatmap(
        lambda named: st.tuples(st.just(named), st.permutations(named))
    )
)
def test_unique_names_do_not_depend_on_the_order(both: tuple[list[tuple[str, int]], list[tuple[str, int]]]) -> None:
    def by_pk(named: list[tuple[str, int]]) -> dict[int, str]:
        unique = unique_names([name for name, _pk in named], [{"pk": pk} for _name, pk in named], {"all"})
        return dict(zip([pk for _name, pk in named], unique))

    listed, shuffled = both
    assert by_pk(listed) == by_pk(shuffled)


ORG = Org({"pk": 4, "name": "My Org", "slug": "my-org"})


def with_nodes(*nodes: JSON, **fields: t.Any) -> Cluster:
    return Cluster({"pk": 1, **fields, "nodes": list(nodes)}, ORG)


@pytest.mark.parametrize(
    ("cluster", "name"),
    [
        ({"pk": 1, "name": "prod", "instance_id": "spc"}, "prod"),
        ({"pk": 1, "name": "", "instance_id": "spc"}, "spc"),
        ({"pk": 1, "name": None, "instance_id": None}, "cluster-1"),
        ({"pk": 1, "name": 5, "instance_id": ["x"]}, "cluster-1"),
        ({"pk": 1}, "cluster-1"),
    ],
)
def test_a_cluster_is_named_by_name_then_instance_id_then_pk(cluster: JSON, name: str) -> None:
    assert [host.name for host in cluster_hosts([Cluster(cluster, ORG)], "nks_")] == [name]


@pytest.mark.parametrize("prefix", ["nks_", "x"])
def test_each_field_of_a_cluster_is_a_variable_with_the_prefix(prefix: str) -> None:
    cluster = {"pk": 1, "name": "{{ x }}", "new": {"a": [1]}, "org_name": "false", "ansible_host": "evil", "": 5}
    (host,) = cluster_hosts([Cluster(cluster, ORG)], prefix)
    assert host.variables == {
        f"{prefix}pk": 1,
        f"{prefix}name": "{{ x }}",
        f"{prefix}new": {"a": [1]},
        f"{prefix}ansible_host": "evil",
        prefix: 5,
        f"{prefix}org_name": "My Org",
        f"{prefix}org_slug": "my-org",
    }
    assert host.connection == {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    assert host.item == cluster


@pytest.mark.parametrize(
    ("prefix", "field"),
    [
        ("nks_", "api_token"),
        ("nks_", "endpoint"),
        ("n", "ks_api_url"),
        ("cluster_", "gate_clusters"),
        ("kubeconfig_", "dir"),
        ("fleet_report", "_dest"),
        ("an", "sible_host"),
    ],
)
def test_fields_do_not_set_variables_of_ansible_the_roles_or_the_playbooks(prefix: str, field: str) -> None:
    (cluster,) = cluster_hosts([Cluster({"pk": 1, field: "evil"}, ORG)], prefix)
    (node,) = node_hosts([with_nodes({"pk": 2, field: "evil"})], ["g"], prefix, "public_ip")
    assert f"{prefix}{field}" not in {**cluster.variables, **node.variables}
    assert cluster.variables or prefix != "nks_"


@pytest.mark.parametrize(
    ("address", "used"),
    [
        ("198.18.0.1", "198.18.0.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("", None),
        ("not-available", None),
        (None, None),
        (3232235777, None),
        ("-oProxyCommand=touch /tmp/x", None),
        ("fe80::1%eth0", None),
        ("198.18.0.1 -v", None),
        ("{{ 1 }}", None),
        (["198.18.0.1"], None),
    ],
)
@pytest.mark.parametrize("field", ["public_ip", "private_ip"])
def test_only_an_address_becomes_ansible_host(field: str, address: t.Any, used: str | None) -> None:
    node = {"pk": 1, "public_ip": "192.0.2.1", "private_ip": "192.0.2.2", field: address}
    (host,) = node_hosts([with_nodes(node)], ["g"], "nks_", field)
    assert host.connection == ({"ansible_host": used} if used else {})
    assert not node_hosts([with_nodes({"pk": 1})], ["g"], "nks_", field)[0].connection


def test_a_node_has_its_fields_and_those_of_its_cluster() -> None:
    cluster = {"pk": 7, "name": "prod", "state": "running", "ansible_user": "evil"}
    nodes = [{"pk": 1, "instance_id": "spc-master-1", "state": "missing"}, {"pk": 2, "instance_id": ""}]
    first, second = node_hosts([with_nodes(*nodes, **cluster)], ["group"], "nks_", "public_ip")
    assert first.variables == {
        "nks_pk": 1,
        "nks_instance_id": "spc-master-1",
        "nks_state": "missing",
        "nks_cluster_pk": 7,
        "nks_cluster_name": "prod",
        "nks_cluster_state": "running",
        "nks_cluster_ansible_user": "evil",
        "nks_org_name": "My Org",
        "nks_org_slug": "my-org",
    }
    assert (first.name, first.group, first.item) == ("spc-master-1", "group", nodes[0])
    assert second.name == "node-2"


def test_a_node_listed_twice_is_one_host_and_those_that_share_a_pk_are_not() -> None:
    first, second = {"pk": 1, "instance_id": "a"}, {"pk": 1, "instance_id": "b"}
    nodes: list[JSON] = [first, second, first, {"pk": 2}]
    hosts = node_hosts([with_nodes(*nodes)], ["g"], "nks_", "public_ip")
    assert [host.name for host in hosts] == ["a", "b", "node-2"]
