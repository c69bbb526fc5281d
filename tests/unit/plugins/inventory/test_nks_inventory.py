# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader
from ansible.template import Templar
from ansible.utils.display import Display
from ansible.vars.manager import VariableManager
from ansible_collections.netapp.nks.plugins.module_utils._types import Org
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

try:
    from ansible.template import trust_as_template
except ImportError:

    def trust_as_template(value: str) -> str:
        return value


JSON = t.Dict[str, t.Any]

CLUSTERS = {
    "prod_1201",
    "staging",
    "build-me",
    "going",
    "broken",
    "prod_1301",
    "Shop_—_Zürich",
    "edge_1__lab_",
    "🐳",
}


class Source:
    """An inventory file for the fake."""

    def __init__(self, fake: FakeNKS, folder: Path) -> None:
        self.fake = fake
        self.path = folder / "x.nks.yml"
        self.cache: dict[str, t.Any] = {
            "cache": True,
            "cache_plugin": "ansible.builtin.jsonfile",
            "cache_connection": str(folder / "cache"),
        }

    def write(self, **options: t.Any) -> None:
        given = {"api_token": self.fake.token, "api_url": self.fake.url, "api_timeout": 60, "api_retries": 0, **options}
        given = {option: value for option, value in given.items() if value is not None}
        self.path.write_text(json.dumps({"plugin": "netapp.nks.nks", **given}), encoding="utf-8")

    def parse(self, inventory: InventoryData | None = None, use_cache: bool = True, **options: t.Any) -> InventoryData:
        """Parse the file with the plugin, and raise its errors."""
        self.write(**options)
        plugin = inventory_loader.get("netapp.nks.nks")
        inventory = inventory or InventoryData()
        plugin.parse(inventory, DataLoader(), str(self.path), cache=use_cache)
        with contextlib.suppress(AttributeError):  # as in InventoryManager: a plugin need not have a cache
            plugin.update_cache_if_changed()
        inventory.reconcile_inventory()
        return inventory

    def manage(self, **options: t.Any) -> InventoryManager:
        """Parse the file as Ansible does."""
        self.write(**options)
        return InventoryManager(loader=DataLoader(), sources=[str(self.path)])

    def failure(self, **options: t.Any) -> str:
        """Return the message of the failure. Check that the inventory stays empty."""
        inventory = InventoryData()
        with pytest.raises(AnsibleError) as caught:
            self.parse(inventory, **options)
        assert not inventory.hosts
        assert set(inventory.groups) == {"all", "ungrouped"}
        assert self.fake.token not in str(caught.value)
        return str(caught.value)

    def serve(self, clusters: list[JSON], org: t.Any = None) -> None:
        """Serve these clusters in one organization."""
        orgs = [{"pk": 381, "name": "My Organization", "slug": "o", **(org or {})}]
        self.fake.fault("/orgs", "body", body=json.dumps(orgs))
        self.fake.fault("/orgs/381/clusters", "body", body=json.dumps(clusters))


@pytest.fixture(name="source")
def source_fixture(fake: FakeNKS, tmp_path: Path) -> Source:
    return Source(fake, tmp_path)


def groups_of(inventory: InventoryData, host: str) -> set[str]:
    return {group.name for group in inventory.hosts[host].get_groups()} - {"all"}


# Hosts, variables, groups


def test_each_cluster_is_a_host_in_the_group(source: Source) -> None:
    manager = source.manage()
    assert set(manager.hosts) == CLUSTERS
    assert manager.get_groups_dict()["nks"] == list(manager.hosts)
    assert set(manager.groups) == {"all", "ungrouped", "nks"}
    assert {host.name for host in manager.get_hosts("prod*")} == {"prod_1201", "prod_1301"}


def test_each_field_of_a_cluster_is_a_variable_with_the_prefix(source: Source, client: t.Any) -> None:
    found = source.parse(orgs=["381"], include_node_pools=True)
    api = {cluster.name: cluster.raw for cluster in client.clusters(Org({"pk": 381}))}
    variables = found.hosts["staging"].vars
    assert {name: variables[f"nks_{name}"] for name in api["staging"]} == api["staging"]
    assert (variables["nks_org_name"], variables["nks_org_slug"]) == ("My Organization", "my-organization")
    assert len(variables["nks_node_pools"]) == 1
    assert (variables["ansible_connection"], variables["ansible_python_interpreter"]) == ("local", sys.executable)
    assert [name for name in variables if not name.startswith(("nks_", "ansible_", "inventory_"))] == []


@pytest.mark.parametrize(
    ("options", "hosts"),
    [
        ({"orgs": ["383"]}, {"🐳"}),
        ({"orgs": [382], "providers": ["hci"]}, {"edge_1__lab_"}),
        ({"orgs": "381", "states": ["building"]}, {"build-me"}),
        ({"workspaces": [21], "regions": ["ewr1"]}, {"broken"}),
        ({"orgs": ["381"], "include_service_clusters": True, "providers": ["hci"]}, {"nks-service"}),
        ({"states": ["none"]}, set()),
    ],
)
def test_the_selection_is_that_of_the_module(source: Source, options: JSON, hosts: set[str]) -> None:
    found = source.parse(**options)
    assert set(found.hosts) == hosts
    assert "nks" in found.groups


def test_an_unknown_option_names_the_nearest_that_exists(source: Source) -> None:
    failure = source.failure(orgz=["381"], stats=["running"])
    assert "orgz (did you mean orgs?), stats (did you mean states?)" in failure and "hostvars_prefix" in failure
    assert not source.fake.requests


@pytest.mark.parametrize("hosts", ["clusters", "nodes"])
def test_two_sources_share_a_host_only_if_it_is_the_same_object(source: Source, hosts: str) -> None:
    name = "nks_name" if hosts == "clusters" else "nks_cluster_name ~ '-' ~ nks_role ~ (nks_pk % 100)"
    options: JSON = {"hostnames": [name], "hosts": hosts}
    found = source.parse(orgs=["381"], **options)
    source.parse(found, orgs=["381"], group="mine", **options)
    before = {name: dict(host.vars) for name, host in found.hosts.items()}
    with pytest.raises(AnsibleError) as caught:
        source.parse(found, orgs=["382"], group="acme", **options)
    assert {name: dict(host.vars) for name, host in found.hosts.items()} == before
    assert "acme" not in found.groups
    assert re.search(r"prod \(ID 1201\) of organization 381.*prod \(ID 1301\) of organization 382", str(caught.value))
    assert "hostnames: " in str(caught.value)


def test_a_cluster_does_not_take_over_a_machine_of_another_source(source: Source) -> None:
    found = InventoryData()
    found.add_host("prod")
    source.parse(found, orgs=["381"])  # variables of another source for a cluster
    found = InventoryData()
    found.add_host("prod")
    found.set_variable("prod", "ansible_host", "192.0.2.10")
    with pytest.raises(AnsibleError, match=r"prod of another source is a machine.*prod \(ID 1201\)"):
        source.parse(found, orgs=["381"])
    assert set(found.hosts) == {"prod"}
    assert "nks_pk" not in found.hosts["prod"].vars


def test_each_host_knows_its_endpoint_which_no_field_sets(fake: FakeNKS, source: Source) -> None:
    source.serve([{"pk": 1, "name": "a", "endpoint": "https://evil.example"}])
    found = source.parse(api_url=f"{fake.url}/", compose={"url": "nks_endpoint"})
    assert (found.hosts["a"].vars["nks_endpoint"], found.hosts["a"].vars["url"]) == (fake.url, fake.url)


def test_options_come_from_the_environment_too(fake: FakeNKS, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"API_TOKEN": fake.token, "API_URL": fake.url, "ORG_ID": "383,382", "API_RETRIES": "0"}.items():
        monkeypatch.setenv(f"NKS_{name}", value)
    found = source.parse(api_token=None, api_url=None, api_retries=None, api_timeout=None)
    assert set(found.hosts) == {"🐳", "prod", "Shop_—_Zürich", "edge_1__lab_"}


def test_an_unset_url_causes_a_warning(
    source: Source, monkeypatch: pytest.MonkeyPatch, resolve: t.Callable[[bool], list[str]]
) -> None:
    warned: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, text, *_arguments, **_options: warned.append(text))
    resolve(True)
    assert "api_url is not set. The hosted service was withdrawn" in source.failure(api_url=None)
    assert ["api_url is not set, so the token is sent to https" in text for text in warned] == [True]


@pytest.mark.parametrize(
    ("options", "group"),
    [
        ({}, "nks"),
        ({"group": "fleet"}, "fleet"),
        ({"group": "my fleet!"}, "my_fleet_"),
    ],
)
def test_the_group_of_all_hosts_can_be_named(source: Source, options: JSON, group: str) -> None:
    found = source.parse(orgs=["383"], **options)
    assert groups_of(found, "🐳") == {group}


def test_the_prefix_can_be_changed(source: Source) -> None:
    variables = source.parse(orgs=["383"], hostvars_prefix="k_").hosts["🐳"].vars
    assert (variables["k_pk"], variables["k_org_name"]) == (1401, "🚀")
    assert [name for name in variables if name.startswith("nks_")] == ["nks_endpoint"]


@pytest.mark.parametrize("prefix", ["", "ansible_", "ansible_x", "1", "a-", "{{ x }}", " ", "nks_\n"])
def test_a_prefix_that_would_let_fields_set_other_variables_is_refused(source: Source, prefix: str) -> None:
    assert "hostvars_prefix" in source.failure(hostvars_prefix=prefix)


@pytest.mark.parametrize("name", ["nks", "all", "ungrouped", "localhost", "127.0.0.1", "::1"])
def test_a_cluster_named_as_a_group_or_this_machine_gets_its_pk_appended(source: Source, name: str) -> None:
    source.serve([{"pk": 1, "name": name}, {"pk": 2, "name": "x"}])
    manager = source.manage()
    one = f"{name.replace(':', '_')}_1" if ":" not in name else "__1"
    assert set(manager.hosts) == {one, "x"}
    assert manager.hosts[one].vars["nks_name"] == name
    assert manager.get_groups_dict()["nks"] == [one, "x"]


def test_a_host_named_as_a_keyed_group_keeps_its_variables(source: Source) -> None:
    source.serve([{"pk": 1, "name": "aws", "provider": "aws"}, {"pk": 2, "name": "b", "provider": "aws"}])
    keyed_group = {"key": "nks_provider", "prefix": "", "separator": ""}
    found = source.parse(keyed_groups=[keyed_group], compose={"mine": "nks_pk"})
    assert found.hosts["aws"].vars["mine"] == 1
    assert not found.groups["aws"].vars
    assert {host.name for host in found.groups["aws"].hosts} == {"aws", "b"}


@pytest.mark.parametrize(
    ("clusters", "hosts"),
    [
        ([{"pk": 1, "name": "a"}, {"pk": 2, "name": "a"}], ["a_1", "a_2"]),
        ([{"pk": 2, "name": "a"}, {"pk": 1, "name": "a"}], ["a_2", "a_1"]),
        ([{"pk": 1, "name": "a b"}, {"pk": 2, "name": "a:b"}], ["a_b_1", "a_b_2"]),
        ([{"pk": 1, "name": "a"}, {"pk": 2, "name": "a"}, {"pk": 3, "name": "a_1"}], ["a_1_1", "a_2", "a_1_3"]),
        (
            [{"pk": 1, "name": ""}, {"pk": 2, "name": None, "instance_id": "spc"}, {"pk": 3, "name": 5}],
            ["cluster-1", "spc", "cluster-3"],
        ),
        ([{"pk": 1, "name": "@x"}, {"pk": 2, "name": "-y"}], ["_x", "_y"]),
    ],
)
def test_no_cluster_is_dropped_because_of_its_name(source: Source, clusters: list[JSON], hosts: list[str]) -> None:
    source.serve(clusters)
    found = source.parse()
    assert list(found.hosts) == hosts


@pytest.mark.parametrize(
    ("hostnames", "names"),
    [
        ([], ["prod", "Shop_—_Zürich", "edge_1__lab_"]),
        (["nks_instance_id"], ["spcprod382", "spcshopzrh", "spcedgelab"]),
        (["nks_org_slug ~ '-' ~ nks_pk"], ["acme-retail-1301", "acme-retail-1302", "acme-retail-1303"]),
        (["nks_workspace.slug", "nks_instance_id"], ["default", "team-a", "spcedgelab"]),
        (["nks_nothing", "nks_pk"], ["1301", "1302", "1303"]),
        (["nks_zone", "none", "true", "{}", "[]", "''"], ["prod", "Shop_—_Zürich", "edge_1__lab_"]),
        (["nks_is_failed", "nks_name | nothing"], ["prod", "Shop_—_Zürich", "edge_1__lab_"]),
        (["nks_state"], ["running_1301", "running_1302", "running_1303"]),
    ],
)
def test_the_first_expression_that_returns_a_name_sets_the_host_name(
    source: Source, hostnames: list[str], names: list[str]
) -> None:
    assert list(source.parse(orgs=["382"], hostnames=hostnames).hosts) == names


@pytest.mark.parametrize(
    "options",
    [
        {"hostnames": ["nks_nothing"]},
        {"hostnames": ["nks_name |"]},
        {"compose": {"x": "nks_nothing"}},
        {"groups": {"x": "nks_nothing"}},
        {"keyed_groups": [{"key": "nks_nothing"}]},
    ],
)
def test_with_strict_a_bad_expression_is_an_error(source: Source, options: JSON) -> None:
    expression = "nks_name |" if "|" in str(options) else "nks_nothing"
    assert expression in source.failure(strict=True, **options)
    assert set(source.parse(strict=False, **options).hosts) == CLUSTERS


def test_expressions_have_the_variables_that_constructed_has(source: Source) -> None:
    names = ("inventory_hostname", "inventory_hostname_short", "group_names", "inventory_file", "inventory_dir")
    manager = source.manage(
        orgs=["381"],
        strict=True,
        hostnames=["nks_name ~ '.' ~ inventory_file | basename ~ '.' ~ inventory_dir | basename"],
        compose={f"my_{name}": name for name in names},
        groups={"made": "true", "not_made": "'made' in group_names"},
        keyed_groups=[{"key": "'made' in group_names", "prefix": "sees"}, {"key": "group_names", "prefix": "in"}],
    )
    (host,) = manager.get_hosts("prod*")
    assert host.name == f"prod.{source.path.name}.{source.path.parent.name}"
    made = {name: host.vars[f"my_{name}"] for name in names}
    assert made == {
        "inventory_hostname": host.name,
        "inventory_hostname_short": "prod",
        "group_names": ["nks"],
        "inventory_file": str(source.path),
        "inventory_dir": str(source.path.parent),
    }
    assert {group.name for group in host.get_groups()} == {"all", "nks", "made", "sees_False", "in_nks"}


def test_constructed_options_make_variables_and_groups(source: Source) -> None:
    found = source.parse(
        orgs=["381"],
        strict=True,
        compose={"title": "nks_name ~ ' in ' ~ nks_region", "ansible_connection": "'ssh'"},
        groups={"failed": "nks_is_failed", "production": "nks_name is match('prod')"},
        keyed_groups=[{"key": "nks_provider", "prefix": "on", "parent_group": "clouds"}],
    )
    prod = found.hosts["prod"]
    assert (prod.vars["title"], prod.vars["ansible_connection"]) == ("prod in us-west-2", "ssh")
    assert groups_of(found, "prod") == {"nks", "production", "on_aws", "clouds"}
    assert groups_of(found, "broken") == {"nks", "failed", "on_packet", "clouds"}


@pytest.mark.parametrize(
    ("key", "groups"),
    [
        ("nks_pk", {"k_1201", "k_1202", "k_1203", "k_1204", "k_1205"}),
        ("nks_is_failed", {"k_True", "k_False"}),
        ("nks_pk - 1201", {"k_0", "k_1", "k_2", "k_3", "k_4"}),
        ("nks_pk / 2 - 600", {"k_0_5", "k_1_0", "k_1_5", "k_2_0", "k_2_5"}),
        ("nks_region is match('us')", {"k_True", "k_False"}),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_a_number_or_boolean_as_key_makes_a_group_of_its_text(
    source: Source, key: str, groups: set[str], strict: bool
) -> None:
    found = source.parse(orgs=["381"], strict=strict, keyed_groups=[{"key": key, "prefix": "k", "default_value": "d"}])
    assert {name for name in found.groups if name.startswith("k")} == groups
    assert sum(len(found.groups[name].hosts) for name in groups) == 5


def test_a_keyed_group_with_the_name_of_a_host_is_a_child_of_its_parent_group(source: Source) -> None:
    source.serve([{"pk": 1, "name": "aws", "provider": "aws"}, {"pk": 2, "name": "b", "provider": "aws"}])
    keyed_group = {"key": "nks_provider", "prefix": "", "separator": "", "parent_group": "clouds"}
    found = source.parse(keyed_groups=[keyed_group], groups={"all_of_them": "true"})
    assert {host.name for host in found.groups["clouds"].get_hosts()} == {"aws", "b"}
    assert [host.name for host in found.groups["all_of_them"].hosts] == ["aws", "b"]


def test_names_and_ordinary_values_are_plain_text_and_no_name_opens_a_template(source: Source) -> None:
    texts = [
        "plain",
        "{{ 7 * 6 }}",
        "{% x %}",
        "{# x #}",
        "{{{{ x",
        "#jinja2:variable_start_string:'['\n[ 7 * 6 ]",
        "{",
    ]
    clusters = [{"pk": pk, "name": text, "provider": text, "tags": [{text: text}]} for pk, text in enumerate(texts)]
    source.serve(
        [*clusters, *({"pk": pk, "name": f"{{{mark} x", "provider": "p"} for pk, mark in ((90, "{"), (91, "%")))],
        org={"name": texts[1]},
    )
    manager = source.manage(
        strict=True,
        hostnames=["nks_name"],
        groups={"named": "nks_name is defined"},
        keyed_groups=[
            {"key": "nks_provider", "parent_group": "parents"},
            {"key": "nks_org_name", "prefix": "org", "parent_group": "{{ nks_name }}"},
        ],
    )
    names = [*manager.hosts, *manager.groups, *(host.name for host in manager.hosts.values())]
    names += [group.name for group in manager.groups.values()]
    assert {type(name) for name in names} == {str}
    assert not [name for name in names if "{" in name or "#jinja2:" in name]
    assert list(manager.hosts)[:4] == ["plain", "__7___6_}}", "__x_%}", "__x_#}"]
    variables = {name: host.vars for name, host in manager.hosts.items()}
    assert variables["__x_90"]["nks_name"] == "{{ x" and variables["__x_91"]["nks_name"] == "{% x"
    assert type(variables["plain"]["nks_name"]) is str  # pylint: disable=unidiomatic-typecheck
    assert type(next(iter(variables["plain"]["nks_tags"][0].values()))) is str  # pylint: disable=unidiomatic-typecheck


def test_a_source_that_nests_groups_the_other_way_leaves_nothing(source: Source) -> None:
    def inventory_with(*nested: tuple[str, str]) -> InventoryData:
        inventory = InventoryData()
        for parent, child in nested:
            inventory.add_group(parent)
            inventory.add_group(child)
            inventory.add_child(parent, child)
        inventory.add_host("prod", nested[0][0])
        return inventory

    def state(inventory: InventoryData) -> t.Any:
        groups = {
            name: ([host.name for host in group.hosts], [child.name for child in group.child_groups], group.depth)
            for name, group in inventory.groups.items()
        }
        hosts = {
            name: (dict(host.vars), [group.name for group in host.groups]) for name, host in inventory.hosts.items()
        }
        return groups, hosts

    keyed: JSON = {"keyed_groups": [{"key": "nks_provider", "prefix": "provider", "parent_group": "clouds"}]}
    cases: list[tuple[list[tuple[str, str]], JSON]] = [
        ([("provider_aws", "clouds")], keyed),
        ([("provider_aws", "mine"), ("mine", "clouds")], keyed),
        ([("nks_cluster_staging", "nks")], {"hosts": "nodes"}),
        ([("a", "b")], {"keyed_groups": [{"key": "'all'", "prefix": "", "separator": "", "parent_group": "clouds"}]}),
    ]
    for nested, options in cases:
        inventory = inventory_with(*nested)
        before = state(inventory)
        with pytest.raises(AnsibleError, match=r"A group would contain itself: .* > "):
            source.parse(inventory, orgs=["381"], **options)
        assert state(inventory) == before
    inventory = inventory_with(("clouds", "provider_aws"), ("b", "clouds"))
    source.parse(inventory, orgs=["381"], **keyed)
    assert "prod" in {host.name for host in inventory.groups["b"].get_hosts()}


def test_groups_and_hosts_can_have_names_of_hosts_and_groups_of_other_sources(source: Source) -> None:
    inventory = InventoryData()
    inventory.add_host("provider_aws", "all")
    inventory.add_group("prod")
    source.parse(inventory, orgs=["381"], keyed_groups=[{"key": "nks_provider", "prefix": "provider"}])
    assert [host.name for host in inventory.groups["provider_aws"].hosts] == ["prod", "going"]
    assert inventory.hosts["prod"].vars["nks_pk"] == 1201
    assert "nks_pk" not in {**inventory.hosts["provider_aws"].vars, **inventory.groups["prod"].vars}


def test_existing_hosts_and_groups_stay(source: Source) -> None:
    inventory = InventoryData()
    inventory.add_group("mine")
    inventory.add_host("prod", "mine")
    inventory.set_variable("prod", "x", 1)
    inventory.set_variable("prod", "nks_workspace", {"pk": 1, "mine": True})
    source.parse(inventory, orgs=["381"])
    assert groups_of(inventory, "prod") == {"mine", "nks"}
    known = inventory.hosts["prod"].vars
    assert (known["x"], known["nks_pk"]) == (1, 1201)
    # Ansible replaces a dictionary, or merges it, depending on hash_behaviour
    assert known["nks_workspace"]["pk"] == 4


# Nodes


def test_each_node_is_a_host_in_the_group_of_its_cluster(source: Source) -> None:
    manager = source.manage(hosts="nodes")
    groups = manager.get_groups_dict()
    assert set(groups) == {
        "all",
        "ungrouped",
        "nks",
        "nks_cluster_prod_1201",
        "nks_cluster_prod_1301",
        "nks_cluster_staging",
        "nks_cluster_going",
        "nks_cluster_build_me",
        "nks_cluster_broken",
        "nks_cluster_Shop___Zürich",
        "nks_cluster_edge_1__lab_",
        "nks_cluster__",
    }
    assert groups["nks_cluster_staging"] == ["spcstage01-master-1", "spcstage01-worker-1", "spcstage01-worker-2"]
    assert set(groups["nks"]) == set(manager.hosts)
    assert len(groups["nks_cluster_Shop___Zürich"]) == 4
    assert len(manager.hosts) == 30
    variables = manager.hosts["spcstage01-worker-2"].vars
    assert {name: variables[name] for name in ("nks_role", "nks_cluster_name", "nks_cluster_pk", "nks_org_slug")} == {
        "nks_role": "worker",
        "nks_cluster_name": "staging",
        "nks_cluster_pk": 1202,
        "nks_org_slug": "my-organization",
    }
    assert "ansible_connection" not in variables


def test_a_node_named_as_the_group_of_a_cluster_gets_its_pk_appended(fake: FakeNKS, source: Source) -> None:
    source.serve([{"pk": 7, "name": "a"}])
    fake.fault("/orgs/381/clusters/7/nodes", "body", body='[{"pk": 1, "instance_id": "nks_cluster_a"}]')
    assert source.manage(hosts="nodes").get_groups_dict()["nks_cluster_a"] == ["nks_cluster_a_1"]


@pytest.mark.parametrize(("options", "start"), [({}, "198.18."), ({"connect_with": "private_ip"}, "10.")])
def test_an_address_of_a_node_becomes_ansible_host(source: Source, options: JSON, start: str) -> None:
    hosts = source.parse(orgs=["381"], hosts="nodes", **options).hosts
    assert hosts["spcprod381-master-1"].vars["ansible_host"].startswith(start)
    assert not any("ansible_host" in hosts[f"spcb{name}-master-1"].vars for name in ("uildme", "roken1"))


# Failures


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"api_token": None}, "^missing required arguments: api_token. Set it, or .* NKS_API_TOKEN"),
        (
            {"api_token": None, "cache": True, "cache_plugin": "memory"},
            "^missing required arguments: api_token. Set it",
        ),
        ({"api_token": " "}, "api_token is empty"),
        ({"api_token": "wrong"}, "status 401.*NKS_API_TOKEN"),
        ({"api_url": "http://nks.example"}, "in the clear"),
        ({"api_timeout": "soon"}, "api_timeout"),
        ({"api_timeout": ".nan"}, "api_timeout"),
        ({"api_timeout": 0}, "api_timeout"),
        ({"api_retries": -1}, "api_retries"),
        ({"orgs": ["none"]}, "'none'.*381, my-organization"),
        ({"orgs": ["390"]}, "status 403.*Owner"),
        ({"orgs": []}, "orgs"),
        ({"states": [""]}, "states"),
        ({"hosts": "pods"}, "hosts"),
        ({"connect_with": "dns", "hosts": "nodes"}, "connect_with"),
        ({"strict": True, "compose": {"x": "nks_nothing"}}, "^compose: x: .* for host prod_1201: .*nks_nothing"),
        ({"strict": True, "groups": {"x": "nks_nothing"}}, "^groups: x: .* host prod_1201 .*nks_nothing"),
        ({"strict": True, "keyed_groups": [{"key": "nks_nothing"}]}, "^keyed_groups: nks_nothing: .* host prod_1201"),
        ({"strict": True, "hostnames": ["nks_nothing"]}, "^hostnames: nks_nothing: .*nks_nothing"),
        ({"keyed_groups": [{"key": "nks_pk"}, "nks_name"]}, "^keyed_groups: .*nks_name"),
        ({"keyed_groups": [{"key": "nks_pk", "parent_group": 5}]}, "^keyed_groups: nks_pk: "),
        (
            {"keyed_groups": [{"key": "nks_pk", "default_value": "d", "trailing_separator": True}]},
            "^keyed_groups: nks_pk: .*default_value",
        ),
        ({"api_token": "{{ nothing }}"}, "api_token cannot be evaluated.*nothing"),
        ({"api_token": "{{ lookup('ansible.builtin.file', '/no/such/file') }}"}, "api_token cannot be evaluated"),
        ({"group": "{{ nothing }}"}, "group cannot be evaluated.*nothing"),
        ({"use_extra_vars": "{{ nothing }}"}, "use_extra_vars cannot be evaluated.*nothing"),
        ({"hostnames": {"name": "nks_name"}}, "hostnames must be a list"),
        ({"hostnames": [{"name": "nks_name", "prefix": "nks_pk"}]}, "hostnames must be a list"),
        ({"hostnames": "[nks_name, nks_pk] | join('-')"}, "hostnames must be a list"),
    ],
)
def test_a_failure_is_one_message_and_leaves_nothing(source: Source, options: JSON, message: str) -> None:
    said = source.failure(**options)
    assert re.search(message, said, re.DOTALL), said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/orgs", "reset"),
        ("/orgs/383/clusters", "short_body"),
        ("/orgs/383/clusters", "gzip_broken"),
        ("/orgs/383/clusters/1401/nodes", "status"),
    ],
)
def test_a_failure_of_any_request_leaves_nothing(fake: FakeNKS, source: Source, path: str, kind: str) -> None:
    fake.fault(path, kind)
    assert path in source.failure(include_nodes=True)


def test_a_failure_keeps_existing_hosts(source: Source) -> None:
    inventory = InventoryData()
    inventory.add_host("prod", "all")
    with pytest.raises(AnsibleError):
        source.parse(inventory, strict=True, compose={"x": "nks_nothing"})
    assert (list(inventory.hosts), set(inventory.groups)) == (["prod"], {"all", "ungrouped"})
    assert not [name for name in inventory.hosts["prod"].vars if name.startswith("nks_")]


# Options that are templates


def test_connection_options_can_be_templates(fake: FakeNKS, source: Source, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{fake.token}\n")
    found = source.parse(
        api_token=f"{{{{ lookup('ansible.builtin.file', '{tmp_path}/token') }}}}",
        api_url=f"{{{{ '{fake.url}' }}}}",
        api_timeout="{{ 30.5 * 2 }}",
        api_retries="{{ 1 - 1 }}",
        validate_certs="{{ 1 == 1 }}",
        ca_path="{{ '/etc' }}",
    )
    assert set(found.hosts) == CLUSTERS


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"api_timeout": "{{ 1 - 1 }}"}, "api_timeout"),
        ({"api_retries": "{{ 0 - 1 }}"}, "api_retries"),
        ({"validate_certs": "{{ 1 == 1 }}", "api_url": "{{ 'http://nks.example' }}"}, "in the clear"),
        ({"ca_path": "{{ '/no/such' ~ '/file' }}"}, "/no/such/file"),
    ],
)
def test_the_values_of_templates_are_validated(source: Source, options: JSON, message: str) -> None:
    assert message in source.failure(**options)


def test_all_options_except_expressions_can_be_templates(source: Source, tmp_path: Path) -> None:
    found = source.parse(
        orgs="{{ ['381', '382'] }}",
        states=["{{ 'run' ~ 'ning' }}"],
        hostvars_prefix="{{ 'n_' }}",
        group="{{ 'fl' ~ 'eet' }}",
        cache="{{ true }}",
        cache_plugin="{{ 'ansible.builtin.jsonfile' }}",
        cache_connection=f"{{{{ '{tmp_path}' ~ '/made' }}}}",
        use_extra_vars="{{ 1 == 2 }}",
    )
    assert {variables["n_state"] for variables in (host.vars for host in found.groups["fleet"].hosts)} == {"running"}
    assert {host.vars["n_org_slug"] for host in found.hosts.values()} == {"my-organization", "acme-retail"}
    assert len(list((tmp_path / "made").iterdir())) == 1
    assert "nks_nothing" in source.failure(strict="{{ true }}", hostnames=["nks_nothing"])


def test_connection_options_see_extra_vars_where_expressions_do(
    fake: FakeNKS, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = {"u": trust_as_template("{{ v }}"), "v": fake.url, "region": "us-west-2"}
    monkeypatch.setattr("ansible.plugins.inventory.load_extra_vars", lambda loader: extra)
    options: JSON = {"api_url": "{{ u }}", "orgs": ["381"], "compose": {"here": "region"}}
    assert source.parse(**options, use_extra_vars=True).hosts["prod"].vars["here"] == "us-west-2"
    assert "api_url cannot be evaluated" in source.failure(**options)
    monkeypatch.setenv("ANSIBLE_INVENTORY_USE_EXTRA_VARS", "true")
    assert "here" in source.parse(**options).hosts["prod"].vars


# What comes from the API is never evaluated


@pytest.fixture(name="canary")
def canary_fixture(tmp_path: Path) -> t.Iterator[Path]:
    canary = tmp_path / "canary"
    yield canary
    assert not canary.exists()


@pytest.mark.parametrize(
    "marker",
    [
        "{{ lookup('ansible.builtin.pipe', 'touch CANARY') }}",
        "{% set x = lookup('ansible.builtin.pipe', 'touch CANARY') %}x{{ x }}",
    ],
)
@pytest.mark.parametrize("cached", [False, True])
def test_nothing_from_the_api_is_ever_evaluated(source: Source, canary: Path, marker: str, cached: bool) -> None:
    evil = marker.replace("CANARY", str(canary))
    cluster = {
        "pk": 1,
        "name": f"{evil}",
        "provider": evil,
        "config": {"x": evil, "deep": [[{"y": evil}]], evil: 1},
        "labels": {evil: 1},
        "words": [evil],
        evil: evil,
        "nks_name": evil,
        "region": "r",
    }
    source.serve([cluster], org={"name": evil, "slug": evil})
    options: JSON = {
        "strict": True,
        "hostnames": ["nks_name"],
        "compose": {
            "whole": "nks_name",
            "joined": "nks_name ~ '!'",
            "inner": "nks_config.x",
            "deep": "nks_config.deep",
            "word": "nks_words | first",
            "upper": "nks_name | upper | lower",
        },
        "groups": {"named": "nks_name is match('x') or true"},
        "keyed_groups": [{"key": "nks_provider"}, {"key": "nks_labels"}, {"key": "nks_words"}, {"key": "nks_org_name"}],
        **(source.cache if cached else {}),
    }
    for _run in range(1 + cached):
        manager = source.manage(**options)
        (host,) = manager.get_hosts("nks")
        variables = VariableManager(loader=DataLoader(), inventory=manager).get_vars(host=host)
        templar = Templar(loader=DataLoader(), variables=variables)

        def evaluated(expression: str, templar: Templar = templar) -> t.Any:
            return templar.template(trust_as_template(f"{{{{ {expression} }}}}"))

        assert evaluated("nks_name") == evaluated("nks_config.x") == evaluated("whole") == evaluated("inner") == evil
        assert evaluated("nks_words") == evaluated("[word]") == evaluated("[nks_org_slug]") == [evil]
        assert evaluated("joined") == f"{evil}!"
        for expression in ("nks_config", "nks_labels", "inventory_hostname", "upper", "deep"):
            assert "touch" in str(evaluated(expression))
        for expression in ("inventory_hostname_short", "group_names", "groups"):
            evaluated(expression)
        for value in variables.values():
            templar.template(value)
        templar.template([host.name, *host.vars, *host.vars.values()])
        templar.template([group.name for group in host.get_groups()])


@pytest.mark.parametrize(
    "expression",
    [
        "nks_labels",
        "nks_labels | first",
        "nks_labels | list",
        "nks_labels.keys() | first",
        "nks_labels | string",
        "nks_labels | to_json",
        "nks_labels | dict2items | map(attribute='key') | first",
        "nks_labels | first ~ '!'",
        "nks_deep | string",
    ],
)
def test_keys_in_composed_values_are_never_evaluated(source: Source, canary: Path, expression: str) -> None:
    evil = f"{{{{ lookup('ansible.builtin.pipe', 'touch {canary}') }}}}"
    source.serve([{"pk": 1, "name": "x", "labels": {evil: 1}, "deep": [{evil: [None]}]}])
    (host,) = source.manage(compose={"made": expression}, hostnames=[expression]).get_hosts()
    templar = Templar(loader=DataLoader(), variables=host.vars)
    assert "touch" in str(templar.template(trust_as_template("{{ made }}")))
    templar.template(host.name)


# Cache


def test_a_warm_cache_makes_no_request_and_the_same_inventory(fake: FakeNKS, source: Source) -> None:
    cold = source.parse(orgs=["381", "382"], include_details=True, **source.cache)
    asked = len(fake.requests)
    warm = source.parse(orgs=["381", "382"], include_details=True, **source.cache)
    assert asked == len(fake.requests) == 3 + 8
    assert list(warm.hosts) == list(cold.hosts)
    assert [host.vars for host in warm.hosts.values()] == [host.vars for host in cold.hosts.values()]


def test_ansible_itself_makes_no_request_with_a_warm_cache(fake: FakeNKS, source: Source) -> None:
    source.manage(orgs=["381"], **source.cache)
    asked = len(fake.requests)
    assert set(source.manage(orgs=["381"], **source.cache).hosts) == {"prod", "staging", "build-me", "going", "broken"}
    assert len(fake.requests) == asked


@pytest.mark.parametrize(
    "other",
    [
        {"api_token": "partner"},
        {"api_url": "{url}/"},
        {"orgs": ["382"]},
        {"states": ["running"]},
        {"workspaces": ["4"]},
        {"providers": ["aws"]},
        {"regions": ["ewr1"]},
        {"include_service_clusters": True},
        {"include_details": True},
        {"include_nodes": True},
        {"include_node_pools": True},
        {"hosts": "nodes"},
    ],
)
def test_another_endpoint_token_or_selection_misses_the_cache(fake: FakeNKS, source: Source, other: JSON) -> None:
    options = {"orgs": ["381"], **source.cache}
    source.parse(**options)
    asked = len(fake.requests)
    if "api_token" in other:
        with pytest.raises(AnsibleError):
            source.parse(**{**options, "api_token": fake.tokens["partner"]})
    else:
        source.parse(
            **{
                **options,
                **{name: value.format(url=fake.url) if name == "api_url" else value for name, value in other.items()},
            }
        )
    assert len(fake.requests) > asked


def test_a_date_in_yaml_selects_an_organization_with_a_cache(source: Source) -> None:
    source.serve([{"pk": 1, "name": "x"}], {"name": "2020-01-01"})
    source.write(orgs=["2020-01-01"], **source.cache)
    source.path.write_text(source.path.read_text(encoding="utf-8").replace('"2020-01-01"', "2020-01-01"))
    assert set(InventoryManager(loader=DataLoader(), sources=[str(source.path)]).hosts) == {"x"}


@pytest.mark.parametrize(
    ("edited", "host"),
    [
        ({"hostnames": ["nks_instance_id"]}, "spcprod381"),
        ({"hostvars_prefix": "k_"}, "prod"),
        ({"group": "fleet"}, "prod"),
        ({"compose": {"x": "1"}}, "prod"),
        ({"keyed_groups": [{"key": "nks_provider"}]}, "prod"),
        ({"api_timeout": 5, "api_retries": 1}, "prod"),
    ],
)
def test_edited_names_groups_and_variables_take_effect_on_a_warm_cache(
    fake: FakeNKS, source: Source, edited: JSON, host: str
) -> None:
    options = {"orgs": ["381"], **source.cache}
    before = source.parse(**options)
    asked = len(fake.requests)
    after = source.parse(**options, **edited)
    assert len(fake.requests) == asked
    assert host in after.hosts
    if "api_timeout" not in edited:
        assert (list(after.hosts), set(after.groups), set(after.hosts[host].vars)) != (
            list(before.hosts),
            set(before.groups),
            set(before.hosts["prod"].vars),
        )


def test_the_cache_holds_neither_secrets_nor_the_token(fake: FakeNKS, source: Source, tmp_path: Path) -> None:
    source.parse(orgs=["381"], include_details=True, include_nodes=True, **source.cache)
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    texts = [f"{path.name} {path.read_text(encoding='utf-8')}" for path in files]
    assert any("spcprod381" in text for text in texts)
    assert not any(secret in text for text in texts for secret in ("never-show", fake.token))


def test_a_partial_result_is_not_cached(fake: FakeNKS, source: Source) -> None:
    for runs in (1, 2):
        assert set(source.parse(**source.cache).hosts) == CLUSTERS
        assert len([entry for entry in fake.requests if entry["path"] == "/orgs"]) == runs


def test_a_partial_result_deletes_the_outdated_cache_entry(fake: FakeNKS, source: Source) -> None:
    def hosts(use_cache: bool = True) -> int:
        return len(source.parse(use_cache=use_cache, **source.cache).hosts)

    fake.fault("/orgs/390/clusters", "body", body="[]", times=1)
    assert [hosts(), hosts()] == [9, 9]
    asked = len(fake.requests)
    fake.fault("/orgs/381/clusters", "status", status=403)
    assert hosts(use_cache=False) == 4
    assert hosts() == 4
    assert len(fake.requests) == asked + 2 * 5


def test_flushing_the_cache_fetches_and_caches_new_clusters(fake: FakeNKS, source: Source) -> None:
    options = {"orgs": ["381"], **source.cache}
    source.parse(**options)
    fake.fault("/orgs/381/clusters", "body", body='[{"pk": 1, "name": "new"}]')
    assert "new" not in source.parse(**options).hosts
    assert list(source.parse(use_cache=False, **options).hosts) == ["new"]
    asked = len(fake.requests)
    assert list(source.parse(**options).hosts) == ["new"]
    assert len(fake.requests) == asked


def test_a_failure_is_not_cached(fake: FakeNKS, source: Source) -> None:
    fake.fault("/orgs", "status", status=500, times=1)
    source.failure(**source.cache)
    assert set(source.parse(**source.cache).hosts) == CLUSTERS


def test_an_empty_result_is_cached(fake: FakeNKS, source: Source) -> None:
    for _run in range(2):
        assert not source.parse(orgs=["381"], states=["none"], **source.cache).hosts
    assert len(fake.requests) == 2


OF_NODES = {"org": {"pk": 1, "name": "o"}, "cluster": {"pk": 1, "nodes": [{"pk": 1}]}}


@pytest.mark.parametrize("hosts", ["clusters", "nodes"])
@pytest.mark.parametrize(
    "entry",
    [
        {}, [], "x", "", 0, 1.5, True, [OF_NODES], {"clusters": [OF_NODES]}, {"clusters": [], "warnings": None},
        {"clusters": None, "warnings": []}, {"clusters": "ab", "warnings": []}, {"clusters": [[]], "warnings": []},
        {"clusters": [{"org": {}, "cluster": {}}], "warnings": []}, {"clusters": [OF_NODES], "warnings": 1},
        {"clusters": [{"org": None, "cluster": None}], "warnings": []}, "not JSON", "no file",
    ],
)  # fmt: skip
def test_an_invalid_cache_entry_is_fetched_again_and_replaced(
    fake: FakeNKS, source: Source, tmp_path: Path, hosts: str, entry: t.Any
) -> None:
    options = {"orgs": ["381"], "hosts": hosts, **source.cache}
    made = set(source.parse(**options).hosts)
    (path,) = [path for path in (tmp_path / "cache").iterdir() if path.is_file()]
    good = path.read_text(encoding="utf-8")
    if entry == "no file":
        path.unlink()
        path.mkdir()
        assert set(source.parse(**options).hosts) == made
        return
    # As ansible-core writes it
    held = json.loads(good)
    held = {**held, "__payload__": json.dumps(entry)} if "__payload__" in held else entry
    path.write_text("{" if entry == "not JSON" else json.dumps(held), encoding="utf-8")
    asked = len(fake.requests)
    assert set(source.parse(**options).hosts) == made
    assert len(fake.requests) > asked
    assert path.read_text(encoding="utf-8") == good
    asked = len(fake.requests)
    assert set(source.parse(**options).hosts) == made
    assert len(fake.requests) == asked


@pytest.mark.parametrize("nodes", [None, 5, "x", {}, [1], [None], [{}, "x"]])
def test_a_cluster_in_the_cache_without_a_list_of_nodes_is_fetched_again(
    fake: FakeNKS, source: Source, tmp_path: Path, nodes: t.Any
) -> None:
    options = {"orgs": ["381"], "hosts": "nodes", **source.cache}
    made = set(source.parse(**options).hosts)
    (path,) = (tmp_path / "cache").iterdir()
    held = json.loads(path.read_text(encoding="utf-8"))
    known = json.loads(held["__payload__"]) if "__payload__" in held else held
    known["clusters"][0]["cluster"]["nodes"] = nodes
    held = {**held, "__payload__": json.dumps(known)} if "__payload__" in held else known
    path.write_text(json.dumps(held), encoding="utf-8")
    asked = len(fake.requests)
    assert set(source.parse(**options).hosts) == made
    assert len(fake.requests) > asked


def test_a_selection_that_matches_nothing_causes_a_warning_also_with_a_warm_cache(
    fake: FakeNKS, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, message, *_args, **_options: said.append(message))
    for runs in (1, 2):
        assert not source.parse(orgs=["381"], states=["runing"], **source.cache).hosts
        assert len(said) == runs and "'runing'" in said[-1] and "prod (ID 1201)" in said[-1]
    assert len(fake.requests) == 2


def test_without_cache_nothing_is_stored(fake: FakeNKS, source: Source, tmp_path: Path) -> None:
    for _run in range(2):
        source.parse(orgs=["381"], **{**source.cache, "cache": False})
    assert len(fake.requests) == 4
    assert not list(tmp_path.glob("cache/*"))


# Messages


def test_with_v_it_shows_selected_clusters_and_requests(
    fake: FakeNKS, source: Source, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Display(), "verbosity", 1)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    fake.fault("/orgs/381/clusters", "status", status=503, times=1, headers={"Retry-After": "30"})
    whole = {"orgs": ["381", "382"], "providers": ["aws", "hci"], "api_retries": 1, **source.cache}

    def told(**options: t.Any) -> list[str]:
        source.parse(**options)
        out = capsys.readouterr().out
        return [line.partition("netapp.nks.nks: ")[2] for line in out.splitlines() if "netapp.nks.nks: " in line]

    left_out = "staging (ID 1202), build-me (ID 1203), broken (ID 1205), prod (ID 1301), Shop — Zürich (ID 1302)"
    assert told(**whole) == [
        f"GET {fake.url}/orgs/381/clusters: status 503. Trying again in 30.0 s.",
        f"clusters selected: 2 of 381 (My Organization), 1 of 382 (Acme Retail); left out: {left_out}",
        "requests made: 4",
        "cached for the next runs",
    ]
    assert told(**whole) == ["clusters from the cache, without a request: 3"]
    assert told(orgs=["381"], states=["none"])[0].startswith("clusters selected: none; left out: prod (ID 1201), ")


# Files


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("nks.yml", True),
        ("nks.yaml", True),
        ("x.nks.yml", True),
        ("mynks.yaml", True),
        ("nks.json", False),
        ("nks.yml.bak", False),
        ("nks", False),
        ("x.yml", False),
        ("NKS.yml", False),
    ],
)
def test_only_files_that_end_in_nks_yml_or_yaml_are_sources(tmp_path: Path, name: str, ours: bool) -> None:
    (tmp_path / name).write_text("plugin: netapp.nks.nks\n")
    assert inventory_loader.get("netapp.nks.nks").verify_file(str(tmp_path / name)) is ours
    assert not inventory_loader.get("netapp.nks.nks").verify_file(str(tmp_path / "absent" / name))


def test_the_plugin_must_be_named_in_the_file(source: Source) -> None:
    assert "plugin" in source.failure(plugin="netapp.other.other")


def test_an_empty_variable_does_not_turn_off_certificate_validation(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NKS_VALIDATE_CERTS", "")
    with pytest.raises(AnsibleError, match="http:// would send the token in the clear"):
        source.parse(api_url="http://nks.example")


def test_empty_variables_count_as_unset_and_are_not_removed(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"NKS_{option}" for option in ("API_TOKEN", "API_TIMEOUT", "API_RETRIES", "VALIDATE_CERTS", "CA_PATH")]
    for name in names:
        monkeypatch.setenv(name, "")
    before = dict(os.environ)
    assert set(source.parse(api_timeout=None, api_retries=None).hosts) == CLUSTERS
    assert source.failure(api_token=None).startswith("missing required arguments: api_token")
    assert os.environ == before
