# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the files for AWX in docs/awx."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from ansible_collections.netapp.nks.plugins.doc_fragments.connection import ModuleDocFragment
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

AWX = Path(__file__).parents[3] / "docs/awx"
IDENTIFIER = re.compile(r"[a-zA-Z_]+[a-zA-Z0-9_]*")
FIELD = {"id", "label", "type", "format", "choices", "help_text", "multiline", "secret", "ask_at_runtime", "default"}

Credential = t.Dict[str, t.Any]


def load(name: str) -> t.Any:
    return yaml.safe_load((AWX / name).read_text(encoding="utf-8"))


@pytest.fixture(name="inputs")
def inputs_fixture() -> t.Any:
    return load("credential_type_inputs.yml")


@pytest.fixture(name="injectors")
def injectors_fixture() -> t.Any:
    return load("credential_type_injectors.yml")


@pytest.fixture(name="environments")
def environments_fixture() -> dict[str, str]:
    """The environment variable of each connection option."""
    options = yaml.safe_load(ModuleDocFragment.PLUGINS)["options"]
    return {name: option["env"][0]["name"] for name, option in options.items()}


def injected(inputs: t.Any, injectors: t.Any, credential: Credential) -> tuple[dict[str, str], dict[str, str]]:
    """Return the environment variables and the files (content by path) that AWX creates for a credential.

    AWX omits empty values, and sets missing booleans to false.
    """
    environment = ImmutableSandboxedEnvironment()
    namespace = {name: value for name, value in credential.items() if value or value is False}
    for field in inputs["fields"]:
        if field["type"] == "boolean":
            namespace.setdefault(field["id"], False)
    files = {}
    filename = SimpleNamespace()
    for label, template in injectors["file"].items():
        path = f"/runner/env/{label}"
        files[path] = environment.from_string(template).render(**namespace)
        setattr(filename, label.partition(".")[2], path)
    namespace["tower"] = SimpleNamespace(filename=filename)
    env = {name: environment.from_string(text).render(**namespace) for name, text in injectors["env"].items()}
    return env, files


def test_inputs_are_valid_for_awx(inputs: t.Any) -> None:
    assert set(inputs) == {"fields", "required"}
    names = [field["id"] for field in inputs["fields"]]
    assert len(set(names)) == len(names) and "tower" not in names
    assert set(inputs["required"]) <= set(names)
    for field in inputs["fields"]:
        assert set(field) <= FIELD and field["label"] and IDENTIFIER.fullmatch(field["id"])
        assert field["type"] in ("string", "boolean") and field.get("format", "url") in ("url", "ssh_private_key")
        assert isinstance(field.get("default", ""), str)
        if field["type"] == "boolean":
            assert not {"choices", "multiline", "format", "secret"} & set(field)


def test_only_the_token_is_secret(inputs: t.Any) -> None:
    assert [field["id"] for field in inputs["fields"] if field.get("secret")] == ["api_token"]


def test_injectors_are_valid_for_awx(inputs: t.Any, injectors: t.Any) -> None:
    assert set(injectors) == {"file", "env"}
    assert all(re.fullmatch(r"template\.[a-zA-Z_]+[a-zA-Z0-9_]*", label) for label in injectors["file"])
    namespace: dict[str, t.Any] = {field["id"]: "EXAMPLE" for field in inputs["fields"]}
    filename = SimpleNamespace(**{label.partition(".")[2]: "EXAMPLE" for label in injectors["file"]})
    namespace["tower"] = SimpleNamespace(filename=filename)
    for name, text in {**injectors["file"], **injectors["env"]}.items():
        assert name.startswith("template.") or IDENTIFIER.fullmatch(name)
        assert not name.startswith("ANSIBLE_") and text.isascii()
        assert ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(text).render(namespace)


def test_the_variables_are_exactly_those_of_the_connection(injectors: t.Any, environments: dict[str, str]) -> None:
    assert set(injectors["env"]) == set(environments.values())


@pytest.mark.parametrize("empty", [{}, {"ca_certificates": "", "api_timeout": "", "api_retries": ""}])
def test_a_credential_with_only_required_fields_gives_the_defaults(
    inputs: t.Any, injectors: t.Any, environments: dict[str, str], empty: Credential
) -> None:
    required = {"api_token": "0123abc", "api_url": "https://nks.example.com"}
    assert set(inputs["required"]) == set(required)
    env, _files = injected(inputs, injectors, {**required, **empty})
    assert all(env.values()), "An empty variable is not the same as none"
    defaults = {
        name: option["default"]
        for name, option in yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"].items()
        if "default" in option and name not in required
    }
    assert set(defaults) == {"api_timeout", "api_retries", "validate_certs"}
    for name, default in defaults.items():
        assert yaml.safe_load(env[environments[name]]) == default
    assert env["NKS_CA_PATH"] == "/etc/pki/tls/certs/ca-bundle.crt"
    assert {env["NKS_API_TOKEN"], env["NKS_API_URL"]} == set(required.values())


def test_a_credential_with_all_fields_sets_all_variables(inputs: t.Any, injectors: t.Any) -> None:
    credential = {
        "api_token": "0123abc",
        "api_url": "https://nks.example.com",
        "api_timeout": "5",
        "api_retries": "0",
        "ca_certificates": "-----BEGIN CERTIFICATE-----",
        "insecure": True,
    }
    assert set(credential) == {field["id"] for field in inputs["fields"]}
    env, files = injected(inputs, injectors, credential)
    assert files[env["NKS_CA_PATH"]] == "-----BEGIN CERTIFICATE-----"
    assert (env["NKS_API_TIMEOUT"], env["NKS_API_RETRIES"], env["NKS_VALIDATE_CERTS"]) == ("5", "0", "false")


def test_the_injectors_for_event_driven_ansible_differ_only_in_the_file(inputs: t.Any, injectors: t.Any) -> None:
    """The namespace of its files is `eda`, and fields without a value are empty text."""
    own = load("eda_credential_type_injectors.yml")
    assert own["file"] == injectors["file"] and set(own["env"]) == set(injectors["env"])
    files = {"eda": {"filename": {"ca": "/tmp/ca"}}, "tower": {"filename": {"ca": "/tmp/ca"}}}
    given: Credential = {"api_token": "0123abc", "api_url": "https://nks.example.com", "insecure": False}
    everything = {**given, "api_timeout": "5", "api_retries": "0", "ca_certificates": "PEM", "insecure": True}
    nothing = {field["id"]: "" for field in inputs["fields"]}
    for credential, empty in ((given, nothing), (everything, {})):
        for name, text in own["env"].items():
            template = ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(text)
            wanted = ImmutableSandboxedEnvironment().from_string(injectors["env"][name]).render(**credential, **files)
            assert template.render(**{**empty, **credential, **files}) == wanted


def test_the_inventory_source_matches_the_inventory_file() -> None:
    (play,) = load("configure.yml")
    source = next(task["awx.awx.inventory_source"] for task in play["tasks"] if "awx.awx.inventory_source" in task)
    inventory = load(source["source_path"])
    assert source["source_path"].endswith("nks.yml") and inventory["plugin"] == "netapp.nks.nks"
    assert source["enabled_var"] in inventory["compose"]


def test_the_execution_environment_requires_the_documented_libraries() -> None:
    meta = Path(__file__).parents[3] / "meta"
    definition = yaml.safe_load((meta / "execution-environment.yml").read_text(encoding="utf-8"))
    assert definition == {"version": 3, "dependencies": {"python": "meta/ee-requirements.txt"}}
    lines = (meta / "ee-requirements.txt").read_text(encoding="utf-8").splitlines()
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["requirements"]
    libraries = [line for line in documented if not line.startswith("Python ")]
    assert [line for line in lines if line and line[0] != "#"] == libraries
