# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress
import json
import re
import typing as t
from pathlib import Path

import pytest
from ansible.inventory.data import InventoryData
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader
from ansible.template import Templar
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._fleet import select_clusters
from ansible_collections.netapp.nks.plugins.modules import nks_cluster, nks_master_node, nks_solution, nks_workspace
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS
from hypothesis import given, settings
from hypothesis import strategies as st

try:
    from ansible.template import trust_as_template
except ImportError:

    def trust_as_template(value: str) -> str:
        return value


JSON = t.Dict[str, t.Any]

few = settings(max_examples=60)

CANARY = "{{ lookup('ansible.builtin.pipe', 'touch CANARY') }}"
SECRET = "never-show"

names = st.one_of(
    st.sampled_from(
        [
            *("", " ", "prod", "Prod", "a b", "a:b", "nks", "all", "ungrouped", "localhost", "127.0.0.1", "::1", "aws"),
            *(
                "@x",
                "-x",
                "~x",
                "!x",
                "&x",
                "*",
                "[1:3]",
                "a,b",
                ".",
                "..",
                "/",
                "../../x",
                "/etc/passwd",
                "a\\b",
                "🐳",
            ),
            *("a\nb", "\r", "\x00", "\x7f", "\u2028", "\u202e", "#x", "x" * 10_000, "Zürich", "Zu\u0308rich"),
            *(CANARY, "{% raw %}", "{# x", "}}", "{{ 1 + 1 }}", "!unsafe x", "__omit_place_holder__x", "None", "1.10"),
            "nks_cluster_a",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
odd = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False), names,
    st.lists(names, max_size=2), st.dictionaries(names, names, max_size=2),
)  # fmt: skip
solutions = st.one_of(
    odd, st.lists(st.fixed_dictionaries({"name": names, "username": st.just(SECRET), "password": st.just(SECRET)}))
)
fields = {
    "name": names | odd,
    "instance_id": names | odd,
    "state": st.sampled_from(["running", "draft", ""]) | odd,
    "provider": st.sampled_from(["aws", "gce"]) | odd,
    "region": odd,
    "is_failed": odd,
    "workspace": st.fixed_dictionaries({}, optional={"pk": st.integers(1, 3), "name": names, "slug": names}) | odd,
    "solutions": solutions,
    "public_ip": st.sampled_from(["198.18.0.1", "not-available", "-oProxyCommand=x"]) | odd,
    "org": odd,
    "labels": odd,
    "api_token": names,
    "api-token": names,
    "node-count": odd,
    "ansible_connection": names,
    "ansible_host": names,
    CANARY: odd,
}


def objects(most: int) -> st.SearchStrategy[list[JSON]]:
    """Generate objects of the API with unique IDs. Any other field can be missing, odd or new."""
    new = st.dictionaries(st.text("abcXYZ_-1 ", max_size=4), odd, max_size=2)
    one = st.tuples(new, st.fixed_dictionaries({}, optional=fields)).map(lambda pair: {**pair[0], **pair[1]})
    return st.lists(one, max_size=most).map(lambda items: [{**item, "pk": 7 + pk} for pk, item in enumerate(items)])


class Source:
    """A fake that serves given data, and an inventory file for it."""

    def __init__(self, fake: FakeNKS, folder: Path) -> None:
        self.fake = fake
        self.canary = folder / "canary"
        self.path = folder / "odd.nks.yml"
        self.options: JSON = {"api_token": fake.token, "api_url": fake.url, "api_timeout": 60, "api_retries": 0}

    def serve(self, org: JSON, clusters: list[JSON], nodes: list[JSON]) -> None:
        self.fake.reset()
        for path, data in (
            ("/orgs", [{**org, "pk": 1}]),
            ("/orgs/1/clusters", clusters),
            ("/orgs/1/clusters/[0-9]+/nodes", nodes),
        ):
            self.fake.fault(path, "body", body=self.real(json.dumps(data)))

    def real(self, text: str) -> str:
        return text.replace("CANARY", str(self.canary))

    def manage(self, **options: t.Any) -> InventoryManager:
        given = {"plugin": "netapp.nks.nks", **self.options, **options}
        self.path.write_text(json.dumps(given), encoding="utf-8")
        return InventoryManager(loader=DataLoader(), sources=[str(self.path)])


@pytest.fixture(name="source", scope="session")
def source_fixture(session_fake: FakeNKS, tmp_path_factory: pytest.TempPathFactory) -> Source:
    return Source(session_fake, tmp_path_factory.mktemp("odd"))


def strings(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from strings(inner)


def check_hosts(source: Source, manager: InventoryManager, items: list[JSON]) -> None:
    """Check the hosts that the inventory has made from these objects."""
    hosts = manager.groups["nks"].get_hosts()
    assert len(hosts) == len(items) == len(manager.hosts)
    known = {host.vars["nks_pk"]: host for host in hosts} if len({item["pk"] for item in items}) == len(items) else {}
    for host in hosts:
        assert re.fullmatch(r"[^\s,:\[\]&!~*?/\\\x00-\x1f\x7f]+", host.name)
        assert not host.name.startswith(("@", "-", "."))
        assert host.name not in {"localhost", "127.0.0.1", "::1", *manager.groups}
        own = {"ansible_connection", "ansible_python_interpreter", "ansible_host", "inventory_file", "inventory_dir"}
        assert [name for name in host.vars if not re.fullmatch("nks_[A-Za-z0-9_]*", name) and name not in own] == []
        assert host.vars.get("ansible_connection") in ("local", None)
        address = host.vars.get("ansible_host")
        assert address is None or ipaddress.ip_address(address) == ipaddress.ip_address(host.vars["nks_public_ip"])
        assert "nks_api_token" not in host.vars
        assert SECRET not in set(strings(host.vars))
        templar = Templar(loader=DataLoader(), variables=host.vars)
        for name, value in host.vars.items():
            templar.template(trust_as_template(f"{{{{ {name} }}}}"))
            templar.template(value)
        templar.template(host.name)
    for item in items:
        if known and "name" in item:
            expected = json.loads(source.real(json.dumps(item["name"])))
            assert known[item["pk"]].vars["nks_name"] == expected
    for group in manager.groups:
        assert re.fullmatch(r"\w+", group)
    assert not source.canary.exists()


EXPRESSIONS: JSON = {
    "keyed_groups": [{"key": f"nks_{field} | string", "separator": ""} for field in ("provider", "labels", "name")],
    "groups": {"prod": "nks_name is match('prod')"},
}


@few
@given(st.fixed_dictionaries({}, optional={"name": odd, "slug": odd}), objects(6))
def test_every_cluster_becomes_one_host_with_any_fields(source: Source, org: JSON, clusters: list[JSON]) -> None:
    source.serve(org, clusters, [])
    check_hosts(source, source.manage(), clusters)


@few
@given(st.fixed_dictionaries({}, optional={"name": odd, "slug": odd}), objects(3), objects(4))
def test_every_node_becomes_one_host_with_any_fields(
    source: Source, org: JSON, clusters: list[JSON], nodes: list[JSON]
) -> None:
    nodes = [{field: value for field, value in node.items() if field != "solutions"} for node in nodes]
    source.serve(org, clusters, nodes)
    manager = source.manage(hosts="nodes")
    check_hosts(source, manager, nodes * len(clusters))
    assert len(manager.groups) == 3 + len(clusters)
    for name, group in manager.groups.items():
        assert name in ("all", "ungrouped", "nks") or len(group.get_hosts()) == len(nodes)


@few
@given(objects(5))
def test_expressions_over_odd_fields_lose_no_cluster_and_evaluate_nothing(source: Source, clusters: list[JSON]) -> None:
    source.serve({"name": "o"}, clusters, [])
    manager = source.manage(**EXPRESSIONS, compose={"nks_made": "[nks_labels, nks_name]"}, hostnames=["nks_name"])
    assert len(manager.groups["nks"].get_hosts()) == len(clusters)
    for host in manager.groups["nks"].get_hosts():
        Templar(loader=DataLoader(), variables=host.vars).template(trust_as_template("{{ nks_made | default('') }}"))
    assert not source.canary.exists()


selections = st.fixed_dictionaries(
    {},
    optional={
        "states": st.lists(st.sampled_from(["running", "draft", "gone"]), min_size=1),
        "providers": st.lists(st.sampled_from(["aws", "gce", "1"]), min_size=1),
        "workspaces": st.lists(st.sampled_from([1, "2", "prod"]), min_size=1),
    },
)


@few
@given(objects(6), selections)
def test_module_and_inventory_select_the_same_clusters(source: Source, clusters: list[JSON], selection: JSON) -> None:
    source.serve({"name": "o"}, clusters, [])
    with NKSClient(**source.options) as client:
        as_module: t.Any = {option: [str(value) for value in values] for option, values in selection.items()}
        wanted = {cluster.pk for cluster in select_clusters(client, **as_module).clusters}
    found = {host.vars["nks_pk"] for host in source.manage(**selection).groups["nks"].get_hosts()}
    assert found == wanted


@pytest.mark.parametrize("name", ["../../../outside/evil", "..", ".", "../evil", "a/../../../../outside/evil", "/evil"])
def test_no_name_loads_variables_from_other_paths(source: Source, tmp_path: Path, name: str) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "a/b/host_vars/a").mkdir(parents=True)
    for file in ("outside/evil.yml", "a/b/evil.yml", "a/b/host_vars/other.yml"):
        (tmp_path / file).write_text("from_outside: true\n")
    source.serve({"name": "o"}, [{"pk": 1, "name": name}], [])
    path = tmp_path / "a/b/odd.nks.yml"
    source.path, before = path, source.path
    try:
        manager = source.manage()
    finally:
        source.path = before
    (host,) = manager.groups["nks"].get_hosts()
    from ansible.vars.manager import VariableManager

    assert "from_outside" not in VariableManager(loader=DataLoader(), inventory=manager).get_vars(host=host)


def test_a_parse_that_fails_leaves_nothing(source: Source) -> None:
    source.serve({"name": "o"}, [{"pk": 1, "name": "a"}, {"pk": True}], [])
    inventory = InventoryData()
    source.path.write_text(
        json.dumps({"plugin": "netapp.nks.nks", **source.options, "hosts": "nodes"}), encoding="utf-8"
    )
    with pytest.raises(Exception, match="numeric pk"):
        inventory_loader.get("netapp.nks.nks").parse(inventory, DataLoader(), str(source.path))
    assert not inventory.hosts


STAGING = "/orgs/381/clusters/1202"
CHARTS = "/orgs/381/chart-repos/trusted"
CHART: JSON = {"cluster": "staging", "chart": {"name": "jenkins"}}
NEW: JSON = {
    "provider": "do",
    "provider_keyset": "Keys of do",
    "region": "nyc1",
    "worker_count": 2,
    "worker_size": "4gb",
}


@pytest.mark.parametrize(
    ("module", "options", "path", "fields"),
    [
        (nks_cluster, {"name": "new", "k8s_version": "v1.15.5", **NEW}, "/meta/provider-instances", ["config"]),
        (nks_cluster, {"name": "staging", "k8s_version": "v1.16"}, STAGING, ["version_migrations"]),
        (nks_cluster, {"name": "staging", "state": "absent"}, STAGING, ["config"]),
        (nks_master_node, {"cluster": "staging", "count": 2}, STAGING, ["master_size"]),
        (nks_solution, CHART, CHARTS, ["chart_index"]),
        (nks_solution, CHART, CHARTS, ["chart_index", 0]),
        (nks_solution, CHART, CHARTS, ["chart_index", 0, "spec"]),
        (nks_solution, CHART, CHARTS, ["chart_index", 0, "spec", "requirements"]),
        (nks_solution, CHART, CHARTS, ["chart_index", 0, "spec", "requirements", "app"]),
        (nks_workspace, {"name": "Team A", "state": "absent"}, "/orgs/381/workspaces", ["clusters"]),
    ],
)
@pytest.mark.parametrize("value", [None, 5, "x", [5], {"a": 5}])
def test_a_field_of_another_type_causes_no_traceback(
    fake: FakeNKS,
    client: NKSClient,
    run_module: t.Callable[..., JSON],
    module: t.Any,
    options: JSON,
    path: str,
    fields: list[t.Any],
    value: t.Any,
) -> None:
    query = "?provider=do" if path.startswith("/meta") else ""
    data = client._request_json("GET", path + query)
    for item in data if isinstance(data, list) else [data]:
        *parents, last = fields
        for field in parents:
            item = item[field]
        item[last] = value
    fake.fault(path, "body", body=json.dumps(data))
    result = run_module(module.main, org="381", check_mode=True, **options)
    assert result.get("msg") or result["changed"]
