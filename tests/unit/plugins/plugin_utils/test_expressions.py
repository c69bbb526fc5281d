# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import os
import subprocess
import sys
import typing as t

import ansible.template
import jinja2
import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader
from ansible.template import Templar
from ansible_collections.netapp.nks.plugins.inventory import nks
from ansible_collections.netapp.nks.plugins.module_utils._types import Cluster, Org
from hypothesis import given, settings
from hypothesis import strategies as st

JSON = t.Dict[str, t.Any]

HAS_EXPRESSIONS = hasattr(Templar, "evaluate_expression")
is_trusted = getattr(ansible.template, "is_trusted_as_template", None)

# Some of these are errors only in some versions of ansible-core.
EXPRESSIONS = [
    # Names, attributes, items
    "nks_v", "nks_v.a", "nks_v.a.b", "nks_v['a']", "nks_v[0]", "nks_v[-1]", "nks_v[:1]", "nks_v.a[nks_w]",
    "nks_v[nks_w]",
    "nks_name.upper", "nks_missing", "nks_missing.a", "inventory_hostname", "group_names", "made", "made_again",
    "looks",
    "vars", "vars.nks_v", "omit", "nks_v.__class__",
    # Filters
    "nks_v | default('none')", "nks_missing | default(nks_v)", "nks_v.a | default('none')", "nks_missing | d('')",
    "nks_v | default('none', true)", "nks_v | default('none', boolean=true)", "nks_v | string", "nks_v | int",
    "nks_v | float",
    "nks_v | bool", "nks_v | lower", "nks_v | length", "nks_v | list", "nks_v | first", "nks_v | sort",
    "nks_v | unique",
    "nks_v | join('-')", "nks_v | string | regex_replace('^(.).*$', '\\1_')", "nks_v | round", "nks_v | abs",
    "nks_v | ternary('yes', 'no', 'none')", "nks_v | ansible.builtin.string", "nks_v | to_json", "nks_v | type_debug",
    "[nks_v] | random", "nks_v | no_such_filter", "nks_v | trim | upper", "nks_v | string | split('1')",
    # Tests, comparisons, ternaries
    "nks_v is defined", "nks_missing is defined", "nks_missing is not defined", "nks_v.a is defined", "nks_v is none",
    "nks_v is string", "nks_v is number", "nks_v is mapping", "nks_v is sequence", "nks_v is truthy", "nks_v is true",
    "nks_v is false", "nks_v is sameas true", "nks_v is match('1')", "nks_v is search('e')", "nks_v is no_such_test",
    "nks_v is version('1', '>=')", "nks_v is eq(1)", "nks_v == 1", "nks_v == '1'", "nks_v == nks_w",
    "nks_v in [1, 'a']",
    "'a' in nks_v", "nks_v > 0", "nks_v == true", "not nks_v", "nks_v and nks_w", "nks_v or 'none'", "0 < nks_v < 2",
    "'yes' if nks_v else 'no'", "nks_w if nks_v", "'prod' in group_names", "made == 1", "made is string",
    # Arithmetic, strings, lists, dictionaries
    "nks_v + 1", "nks_v * 2", "nks_v / 2", "1 / nks_v", "1 / 0", "-nks_v", "nks_v ~ '-' ~ nks_w", "nks_v + nks_w",
    "nks_name ~ nks_pk", "'[' ~ nks_v ~ ']'", "[nks_v, nks_w]", "[nks_v]", "{'key': nks_v}", "{'a': 1, 'b': nks_w}",
    "(nks_v, nks_w)",
    "'%s' % nks_v", "'{{ nks_name }}'", "'{{' ~ ' nks_name }}'", "'{{ ' ~ nks_v ~ ' }}'", "'text'", "1", "1.0",
    "true", "none", "''",
    # Calls
    "now().year", "now(utc=true).year", "lookup('ansible.builtin.env', 'HOME')",
    "lookup('ansible.builtin.vars', 'nks_v')",
    "query('ansible.builtin.vars', 'nks_v')", "range(3) | list", "nks_name.upper()", "nks_v.get('a')", "dict(a=nks_v)",
    "lookup('ansible.builtin.vars', 'made', default='none')", "q('ansible.builtin.varnames', 'nks_.')",
    "nks_v.append(nks_w)", "nks_v.pop('a')", "nks_v.update({'b': 1})", "[nks_v.append(1), nks_v]",
    "nks_name.split('a')[0]",
    "range(3)", "nks_v.items()", "nks_v.keys() | list", "namespace(a=nks_v).a", "nks_v.upper", "undef()", "nks_v()",
    # Filters that receive the context, or name other filters and tests
    "[nks_v] | map('string') | list", "[nks_v] | map('no_such_filter') | list",
    "[{'a': nks_v}] | map(attribute='a') | list",
    "[nks_v, nks_w] | select('string') | list", "[nks_v] | reject('none') | first", "[{'a': nks_v}] | selectattr('a')",
    "['a'] | map('extract', nks_v) | list", "nks_v | dict2items", "nks_v | items", "nks_v | combine({'b': 1})",
    "nks_v | e",
    # Omitted values
    "omit", "nks_missing | default(omit)", "nks_v | default(omit)", "[nks_v, omit]", "{'a': omit}", "[[omit]]",
    # Names that templates define themselves
    "answer", "answer | default(nks_v)", "hosts is defined", "keep is defined", "self is defined", "caller", "loop",
    "varargs", "kwargs", "environment", "context", "true", "None", "class", "nks_v if nks_missing", "nks_v, nks_w",
    # Syntax errors, also those of only some versions
    "nks_v |", "nks_v is",
    "(nks_v", "nks_v }} {{ nks_w", "nks_v }}{# {{ nks_w", "{{ nks_v }}", "{% if nks_v %}a{% endif %}", "", " ",
    "nks_v #}", "nks_v -", "#jinja2:variable_start_string:'[['\n[[ nks_v }}",
    # Not text
    1, 1.0, True, None, ["nks_v"], {"a": "nks_v"},
]  # fmt: skip

# Variables that other expressions use. The last one looks like a template.
COMPOSED = {"made": "nks_v", "made_again": "made", "looks": "'{{' ~ ' nks_w }}'"}

MISSING = object()
VALUES = [
    1, True, 1.0, "1", "True", "1.0", "[1]", "{'a': 1}", "{{ nks_w }}", "{{ nks_name }}",
    "{{", "{% raw %}", None, "None", MISSING, 0,
    False, 0.0, -0.0, "", "a", "Ünïcödé 🐳", [], [1], [True], ["1"], ["a", "{{ nks_name }}"], {}, {"a": 1},
    {"a": True}, {"a": 1.0},
    {"a": {"b": "c"}}, {"a": {"b": "d"}}, {"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": None}, [{"a": 1}], 10**20, 1e300,
]  # fmt: skip

KINDS = ("hostnames", "compose", "groups", "keyed_groups")


def trusted(value: t.Any) -> t.Any:
    """Mark a value as trusted, as options of an inventory file are."""
    if isinstance(value, dict):
        return {key: trusted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [trusted(item) for item in value]
    if is_trusted and isinstance(value, str):
        return ansible.template.trust_as_template(value)
    return value


def options_of(kind: str, expressions: list[t.Any]) -> JSON:
    if kind == "hostnames":
        return {kind: [str(expression) for expression in expressions]}
    if kind == "keyed_groups":
        return {kind: [{"key": expression, "prefix": number} for number, expression in enumerate(expressions)]}
    return {kind: {f"{kind}_{number}": expression for number, expression in enumerate(expressions)}}


def cluster(number: int, value: t.Any, other: t.Any = "w", **fields: t.Any) -> JSON:
    known = {"pk": number, "name": "same", "v": value, "w": other, **fields}
    return {field: item for field, item in known.items() if item is not MISSING}


def seen(value: t.Any) -> t.Any:
    """Return the value in a form that also compares types and marks of trust."""
    mark = bool(is_trusted and is_trusted(value))
    if isinstance(value, dict):
        return type(value), mark, [(seen(key), seen(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value), mark, [seen(item) for item in value]
    return type(value), mark, repr(value)


def populated(plugin: t.Any, clusters: list[JSON], **options: t.Any) -> t.Any:
    """Populate a plugin with clusters. Return its hosts, groups and error."""
    plugin.templar = Templar(DataLoader())
    plugin.inventory = nks.StagedInventory()
    plugin._vars = options.pop("extra_vars", {})
    plugin.set_options(direct={"plugin": "netapp.nks.nks", "api_token": "t", **trusted(options)})
    error = None
    try:
        org = Org({"pk": 1, "name": "Organization", "slug": "o"})
        plugin.populate([Cluster(copy.deepcopy(item), org) for item in clusters])
    except Exception as exc:  # pylint: disable=broad-exception-caught
        error = str(exc)
    hosts = {name: seen(host.vars) for name, host in plugin.inventory.hosts.items()}
    groups = {
        name: ([host.name for host in group.hosts], [child.name for child in group.child_groups])
        for name, group in plugin.inventory.groups.items()
    }
    return hosts, groups, error


def stock(monkeypatch: pytest.MonkeyPatch) -> t.Any:
    """Return the plugin with the templar and methods of ansible-core, called as ``constructed`` does."""
    plugin = inventory_loader.get("netapp.nks.nks")
    methods = {"groups": plugin._add_host_to_composed_groups, "keyed_groups": plugin._add_host_to_keyed_groups}

    def construct(name: str, entries: t.Any) -> None:
        strict, variables = plugin.get_option("strict"), plugin.inventory.hosts[name].get_vars()
        options = {option for option, *_entry in entries}
        if "compose" in options:
            plugin.inventory.current_option = "compose"
            plugin._set_composite_vars(plugin.get_option("compose"), variables, name, strict)
        for option in [option for option in methods if option in options]:
            plugin.inventory.current_option = option
            methods[option](plugin.get_option(option), variables, name, strict, fetch_hostvars=False)

    monkeypatch.setattr(plugin, "construct", construct)
    return plugin


def check(clusters: list[JSON], **options: t.Any) -> None:
    if any(name in str(options) for name in COMPOSED):
        options["compose"] = {**COMPOSED, **options.get("compose", {})}
    *made, error = populated(inventory_loader.get("netapp.nks.nks"), clusters, **options)
    with pytest.MonkeyPatch.context() as monkeypatch:
        plugin = stock(monkeypatch)
        monkeypatch.setattr(nks, "with_compiled", lambda templar, strict, extra, use: use(templar))
        *expected, expected_error = populated(plugin, clusters, **options)
    assert made == expected, options
    assert (error or "").endswith(expected_error or ""), options
    assert bool(error) == bool(expected_error), options


CONFUSABLE = [
    1, True, 1.0, "1", "1", 0.0, -0.0, "True", "[1]", "{{ nks_w }}", None, "None", MISSING, MISSING, "é🐳", [1], [True],
    {"a": 1}, {"a": True},
]  # fmt: skip
FLEET = [cluster(number, value, number % 2) for number, value in enumerate(CONFUSABLE)]


def test_the_inventory_is_the_same_with_and_without_compiling() -> None:
    keyed = [item for item in FLEET if isinstance(item.get("v"), (str, list, dict))]
    for expression in EXPRESSIONS:
        together: JSON = {}
        for kind in ("hostnames", "compose", "groups"):
            together.update(options_of(kind, [expression]))
        check(FLEET, **together)
        check(keyed, **options_of("keyed_groups", [expression]))


@pytest.mark.parametrize("kind", KINDS)
def test_errors_are_the_same_with_strict(kind: str) -> None:
    clusters = [cluster(1, "1"), cluster(2, {"a": "{{ nks_w }}"}), cluster(3, MISSING)]
    for expression in EXPRESSIONS:
        check(clusters, strict=True, **options_of(kind, [expression]))


def test_a_header_that_changes_the_delimiters_is_respected() -> None:
    parent = "#jinja2: variable_start_string:'[[', variable_end_string:']]'\n[[ nks_v ]]"
    check([cluster(1, "a"), cluster(2, "b")], keyed_groups=[{"key": "nks_name", "parent_group": parent}])


keys = st.sampled_from(["a", "b", "{{ nks_w }}"])
values = st.recursive(
    st.sampled_from([value for value in VALUES if value is not MISSING])
    | st.one_of(st.text(max_size=5), st.integers(), st.floats()),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=2),
    max_leaves=4,
)


@st.composite
def fleets(draw: t.Callable[[t.Any], t.Any]) -> list[JSON]:
    """Generate fleets with repeated values, and with adjacent values that compare equal in Python."""
    palette = draw(st.lists(values | st.just(MISSING), min_size=1, max_size=4))
    pairs = draw(st.lists(st.tuples(st.sampled_from(palette), st.sampled_from(palette)), min_size=2, max_size=6))
    return [cluster(number, *pair) for number, pair in enumerate(pairs)]


@given(
    clusters=fleets(),
    expressions=st.lists(st.sampled_from(EXPRESSIONS), min_size=1, max_size=4),
    kinds=st.sets(st.sampled_from(KINDS), min_size=1),
    strict=st.booleans(),
)
@settings(max_examples=30)
def test_any_fleet_gives_the_same_inventory(
    clusters: list[JSON], expressions: list[t.Any], kinds: set[str], strict: bool
) -> None:
    options: JSON = {"strict": strict}
    for kind in sorted(kinds):
        options.update(options_of(kind, expressions))
    check(clusters, **options)


@pytest.mark.parametrize("strict", [True, False])
def test_extra_vars_that_are_templates_are_evaluated_for_each_host(strict: bool) -> None:
    extra = trusted({"u": "{{ nks_v ~ '!' }}", "d": {"a": ["{{ nks_v }}"]}, "nks_w": "over", "plain": "p"})
    for expression in ("u", "u ~ nks_w", "d", "d.a[0]", "d.a | first", "plain ~ nks_v", "u if nks_missing is defined"):
        for kind in KINDS:
            options = options_of(kind, [expression])
            check(FLEET[:4], extra_vars=extra, use_extra_vars=True, strict=strict, **options)


def compilations(number: int, **options: t.Any) -> int:
    """Return how often Jinja compiles for this number of hosts."""
    count = 0
    compile_template = jinja2.Environment.compile

    def counted(environment: jinja2.Environment, *args: t.Any, **named: t.Any) -> t.Any:
        nonlocal count
        count += 1
        return compile_template(environment, *args, **named)

    clusters = [cluster(pk, f"v{pk}", pk, name=f"n{pk}", tags=["a", pk], labels={"a": "b"}) for pk in range(number)]
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(jinja2.Environment, "compile", counted)
        *_made, error = populated(inventory_loader.get("netapp.nks.nks"), clusters, **options)
    assert error is None
    return count


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("expression", [
    "nks_name", "nks_v ~ nks_w", "nks_name is match('n')", "nks_name | regex_replace('n', 'm')", "nks_labels.a == 'b'",
    "nks_missing is defined", "nks_missing.a | default(nks_name)", "nks_tags | first",
    "nks_name.split('n')[1]", "[nks_w]",
    "nks_tags | map('string') | join('-')", "nks_labels.get('a')", "now().year", "nks_w > 3", "'text'", "nks_w * 2",
    "nks_labels | dict2items", "inventory_hostname | default('x')", "group_names | default([])", "nks_tags.index('a')",
])  # fmt: skip
def test_an_expression_is_compiled_once_for_all_hosts(kind: str, expression: str) -> None:
    if kind == "groups":
        expression = f"({expression}) is defined"
    options = options_of(kind, [expression])
    assert compilations(2, **options) == compilations(9, **options)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("expression", ["nks_missing", "nks_labels.b", "1 / 0", "nks_name.b.c", "nks_labels + 1"])
def test_an_expression_whose_errors_are_ignored_is_compiled_once(kind: str, expression: str) -> None:
    options = options_of(kind, [expression])
    assert compilations(2, **options) == compilations(9, **options)


def test_expressions_documented_as_slow_are_compiled_for_each_host() -> None:
    slow = [options_of("compose", ["nks_name | no_such_filter"])]
    if HAS_EXPRESSIONS:
        parent = "p_{{ lookup('ansible.builtin.env', 'HOME') }}"
        slow.append({"keyed_groups": [{"key": "nks_name", "parent_group": parent}]})
        slow += [options_of("compose", ["nks_name ~ '{{ x'"]), {"groups": {"x": "nks_name"}}]
    for options in slow:
        assert compilations(9, **options) == compilations(2, **options) + 7, options


def test_a_filter_of_a_constant_is_evaluated_for_each_host() -> None:
    number, text = "1000000000 | random", "'a' ~ (1000000000 | random)"
    options = {
        "hostnames": [text],
        "compose": {"number": number, "list": "['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'] | shuffle"},
        "groups": {"canary": "(2 | random) == 1"},
        "keyed_groups": [{"key": text, "prefix": "k"}],
    }
    clusters = [cluster(pk, "v") for pk in range(40)]
    plugin = inventory_loader.get("netapp.nks.nks")
    _hosts, groups, error = populated(plugin, clusters, **options)
    assert error is None
    for variable in ("number", "list"):
        assert len({str(host.vars[variable]) for host in plugin.inventory.hosts.values()}) > 30
    assert not any(name.startswith("a") and name.count("_") for name in plugin.inventory.hosts)
    assert 0 < len(groups["canary"][0]) < 40
    assert sum(name.startswith("k_") for name in groups) > 30


@pytest.mark.skipif(not HAS_EXPRESSIONS, reason="ansible-core 2.18 and older have no such setting")
def test_ansible_core_compiles_if_unknown_types_are_errors() -> None:
    code = """
import sys
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar
init_plugin_loader()
from ansible_collections.netapp.nks.plugins.plugin_utils._expressions import with_compiled
with_compiled(Templar(DataLoader()), False, {}, lambda templar: print(type(templar).__name__))
"""
    for action, used in (("ignore", "CompilingTemplar"), ("error", "Templar")):
        environment = {**os.environ, "_ANSIBLE_TEMPLAR_UNKNOWN_TYPE_ENCOUNTERED": action}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.split() == [used]
