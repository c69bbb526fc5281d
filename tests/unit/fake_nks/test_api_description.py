# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare openapi.yml with the answers of the fake, the requests of the client, and the results of the modules."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import re
import typing as t
from collections import defaultdict
from pathlib import Path

import pytest
import yaml
from ansible_collections.netapp.nks.plugins.module_utils._client import NKSClient
from ansible_collections.netapp.nks.plugins.module_utils._errors import NKSError
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Org
from ansible_collections.netapp.nks.tests.fake_nks import server
from ansible_collections.netapp.nks.tests.fake_nks.server import FakeNKS

JSON = t.Dict[str, t.Any]

DESCRIPTION = yaml.safe_load(Path(server.__file__).with_name("openapi.yml").read_text(encoding="utf-8"))
SCHEMAS: JSON = DESCRIPTION["components"]["schemas"]
FOLDER = Path(inspect.getfile(NKSClient)).parents[1] / "modules"
MODULES = sorted({path.stem for path in FOLDER.glob("[!_]*.py")} - {"cluster_table"})  # it sends no request

# The schema of each returned value; None for values that the collection makes itself.
RETURNED = {
    ("nks_cluster", "cluster"): "Cluster",
    ("nks_cluster_gate", "clusters"): None,
    ("nks_cluster_info", "clusters"): "Cluster",
    ("nks_cluster_info", "orgs"): "Organization",
    ("nks_cluster_info", "skipped_orgs"): "Organization",
    ("nks_instance_size_info", "instance_sizes"): None,
    ("nks_keyset", "keyset"): "Keyset",
    ("nks_keyset_info", "keysets"): "Keyset",
    ("nks_kubeconfig", "cluster"): "Cluster",
    ("nks_kubeconfig", "files"): None,
    ("nks_kubeconfig", "skipped_orgs"): "Organization",
    ("nks_master_node", "nodes"): "Node",
    ("nks_node", "nodes"): "Node",
    ("nks_node_pool", "node_pool"): "NodePool",
    ("nks_node_pool", "nodes"): "Node",
    ("nks_org", "org"): "Organization",
    ("nks_org_info", "orgs"): "Organization",
    ("nks_solution", "solution"): "Solution",
    ("nks_solution_info", "solutions"): "Solution",
    ("nks_workspace", "workspace"): "Workspace",
    ("nks_workspace_info", "skipped_orgs"): "Organization",
    ("nks_workspace_info", "workspaces"): "Workspace",
}
# The schemas of fields that the collection adds to objects of the API.
ADDED: dict[str, JSON] = {
    "clusters": {
        "nodes": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
        "node_pools": {"type": "array", "items": {"$ref": "#/components/schemas/NodePool"}},
        "logs": {"type": "array", "items": {"$ref": "#/components/schemas/BuildLog"}},
        "failure": {"type": "string"},
        "failure_details": {"type": "string"},
    },
    "skipped_orgs": {"detail": {"type": "string"}},
}
JSON_TYPE = "application/json"
FORBIDDEN = 390  # the token cannot read the clusters of this organization
ORG = Org({"pk": 381})
GIVEN = {"org": ORG, "cluster": Cluster({"pk": 1201}, ORG), "pk": 1201, "changes": {"name": "x"}}
GIVEN.update(body={}, version="v1.2", pool=12011, node=1201002, solution=12011, provider="aws")
QUERIES = {"clusters": "?include_service_clusters=true", "provider-instances": "?provider=aws"}
# Schemas that are only sent, only in errors, or only a part of an answer.
NOT_ANSWERED = {"Error", "ClusterFields", "Upgrade", "Autoscaling", "Eligible"}
KINDS = {"int": "integer", "str": "string", "bool": "boolean", "list": "array", "dict": "object"}


def resolved(schema: JSON) -> JSON:
    name = schema.get("$ref", "").rpartition("/")[2]
    return resolved(SCHEMAS[name]) if name else schema


def properties(schema: JSON) -> JSON:
    schema = resolved(schema)
    found: JSON = {}
    for part in schema.get("allOf", []):
        found.update(properties(part))
    return {**found, **schema.get("properties", {})}


def alternatives(schema: JSON) -> list[JSON]:
    schema = resolved(schema)
    return [resolved(one) for one in schema["oneOf"]] if "oneOf" in schema else [schema]


def kinds(schema: JSON) -> set[str]:
    """Return the JSON types that a value can have."""
    found: set[str] = set()
    for one in alternatives(schema):
        found.update([one["type"]] if isinstance(one["type"], str) else one["type"])
    return found


def kind(value: t.Any) -> str:
    names = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object", type(None): "null"}
    return names[type(value)]


class Seen:
    """The fields that the fake has returned, by schema."""

    def __init__(self) -> None:
        self.fields: dict[str, set[str]] = defaultdict(set)

    def note(self, schema: JSON, value: t.Any, where: str) -> None:
        assert kind(value) in kinds(schema), f"{where} is {value!r}"
        if isinstance(value, list) and "items" in resolved(schema):
            for one in value:
                self.note(resolved(schema)["items"], one, where)
        elif isinstance(value, dict):
            described = next(one for one in alternatives(schema) if one["type"] == "object")
            if properties(described):
                self.fields[next(name for name, one in SCHEMAS.items() if one is described)].update(value)
            for key in value:
                field = properties(described).get(key, described.get("additionalProperties"))
                if field:
                    self.note(field, value[key], f"{where}.{key}")


class Answers:
    """The answers of the fake to each described path, for each existing object."""

    def __init__(self, client: NKSClient) -> None:
        self.client = client
        self.kept: dict[str, t.Any] = {}

    def ask(self, path: str, ids: JSON) -> t.Any:
        url = path.format(**ids)
        if url not in self.kept:
            self.kept[url] = self.client._request_json("GET", url + QUERIES.get(path.rpartition("/")[2], ""))
        return self.kept[url]

    def ids(self, path: str) -> list[JSON]:
        """Return the values that the parameters of a path can have."""
        above, _slash, last = path.rpartition("/")
        if not above:
            return [{}]
        if not last.startswith("{"):
            return self.ids(above)
        return [
            {**ids, last[1:-1]: one["pk"]}
            for ids in self.ids(above)
            for one in self.ask(above, ids)
            if one["pk"] != FORBIDDEN
        ]


def test_the_fake_answers_the_fields_that_are_described(fake: FakeNKS, client: NKSClient) -> None:
    fake.set_clusters([{"pk": 77, "org": 382, "provider": "gke"}])
    seen, answers = Seen(), Answers(client)
    for path, item in DESCRIPTION["paths"].items():
        if "get" not in item or path.endswith("/can_delete"):
            continue
        answer = item["get"]["responses"]["200"]
        if "$ref" in answer:
            answer = DESCRIPTION["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        if JSON_TYPE in answer["content"]:
            for ids in answers.ids(path):
                seen.note(answer["content"][JSON_TYPE]["schema"], answers.ask(path, ids), path)
    assert seen.fields == {
        name: set(properties(schema))
        for name, schema in SCHEMAS.items()
        if properties(schema) and name not in NOT_ANSWERED and not re.search("^New|Changes$", name)
    }


@pytest.mark.parametrize(
    "method",
    [
        name
        for name, _function in inspect.getmembers(NKSClient, inspect.isfunction)
        if name[0] != "_" and name in vars(NKSClient)
    ],
)
def test_the_requests_of_the_client_are_described(fake: FakeNKS, client: NKSClient, method: str) -> None:
    parameters = inspect.signature(getattr(client, method)).parameters.values()
    given = [GIVEN[one.name] for one in parameters if one.default is inspect.Parameter.empty]
    with contextlib.suppress(NKSError):  # some bodies are refused
        getattr(client, method)(*given)
    (request,) = fake.requests
    described = [
        path
        for path, item in DESCRIPTION["paths"].items()
        if re.fullmatch(re.sub("{.+?}", "[0-9]+", path), request["path"]) and request["method"].lower() in item
    ]
    assert len(described) == 1


def returned_values() -> list[tuple[str, str, JSON]]:
    """Return module, name and documentation of each returned value that is an object or a list of objects."""
    found = []
    for module in MODULES:
        text = importlib.import_module(f"ansible_collections.netapp.nks.plugins.modules.{module}").RETURN
        found += [
            (module, name, value)
            for name, value in yaml.safe_load(text).items()
            if "dict" in (value["type"], value.get("elements"))
        ]
    return found


def check_fields(documented: JSON, described: JSON) -> None:
    assert set(documented) <= set(described)
    for key, field in documented.items():
        schema = resolved(described[key])
        assert KINDS[field["type"]] in kinds(schema)
        if "contains" in field:
            check_fields(field["contains"], properties(schema.get("items", schema)))


@pytest.mark.parametrize("module, name, value", returned_values())
def test_the_results_of_the_modules_are_described(module: str, name: str, value: JSON) -> None:
    schema = RETURNED[module, name]
    if schema is None:
        return
    described = {**properties(SCHEMAS[schema]), **ADDED.get(name, {})}
    check_fields(value.get("contains", {}), described)
    samples = value["sample"] if value["type"] == "list" else [value["sample"]]
    for sample in samples:
        assert set(sample) <= set(described)
        assert {key for key, one in sample.items() if kind(one) not in kinds(described[key])} == set()


def test_each_module_is_checked() -> None:
    assert {module for module, _name, _value in returned_values()} == set(MODULES)
