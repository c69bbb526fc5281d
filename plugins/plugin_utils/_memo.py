# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates an expression once for hosts that are alike in what it depends on.

ansible-core compiles each expression of ``compose``, ``groups`` and ``keyed_groups`` anew for each host, which takes
most of the time of a large inventory.

Private to this collection: it may change without notice.
"""

from __future__ import annotations

import functools
import typing as t

import jinja2
from ansible_collections.netapp.nks.plugins.plugin_utils._trust import untrusted

# What gives the same answer for the same values. Calls are not among it: now() and lookup() do not.
PURE_NODES = (
    jinja2.nodes.BinExpr,
    jinja2.nodes.Compare,
    jinja2.nodes.Concat,
    jinja2.nodes.CondExpr,
    jinja2.nodes.Filter,
    jinja2.nodes.Getattr,
    jinja2.nodes.Getitem,
    jinja2.nodes.If,
    jinja2.nodes.Literal,
    jinja2.nodes.Name,
    jinja2.nodes.Operand,
    jinja2.nodes.Output,
    jinja2.nodes.Pair,
    jinja2.nodes.Slice,
    jinja2.nodes.Test,
    jinja2.nodes.UnaryExpr,
)
PURE_FILTERS = {
    "abs",
    "bool",
    "capitalize",
    "d",
    "default",
    "first",
    "float",
    "int",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "regex_replace",
    "regex_search",
    "replace",
    "round",
    "sort",
    "split",
    "string",
    "ternary",
    "title",
    "trim",
    "unique",
    "upper",
}
PURE_TESTS = {
    "contains",
    "defined",
    "eq",
    "equalto",
    "false",
    "falsy",
    "ge",
    "gt",
    "in",
    "le",
    "lt",
    "mapping",
    "match",
    "ne",
    "none",
    "number",
    "search",
    "sequence",
    "string",
    "true",
    "truthy",
    "undefined",
    "version",
}

PLAIN = (bool, float, int, str, type(None), type(untrusted("")))
"""Types whose equal values are the same to a template. A string that is marked in another way is none of them."""


class RememberingTemplar:
    """Stands for a templar of ansible-core where a plugin's ``Constructable`` uses one.

    Answers are remembered by the expression and the values of the variables that it names; failures as well.
    """

    def __init__(self, templar: t.Any) -> None:
        self._templar = templar
        self._answers: dict[t.Any, tuple[t.Any, Exception | None]] = {}
        self.available_variables: t.Mapping[str, t.Any] = {}

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._templar, name)

    def template(self, variable: t.Any, **options: t.Any) -> t.Any:
        return self._remembered(self._templar.template, variable, variable, options)

    def evaluate_expression(self, expression: str) -> t.Any:
        return self._remembered(self._templar.evaluate_expression, expression, f"{{{{ {expression} }}}}", {})

    def evaluate_conditional(self, conditional: t.Any) -> bool:
        return self._remembered(self._templar.evaluate_conditional, conditional, f"{{{{ {conditional} }}}}", {})

    def _remembered(self, evaluate: t.Callable[..., t.Any], text: t.Any, template: str, options: t.Any) -> t.Any:
        key = self._key(evaluate.__name__, template) if isinstance(text, str) else None
        if key in self._answers:
            answer, failure = self._answers[key]
        else:
            self._templar.available_variables = self.available_variables
            answer, failure = None, None
            try:
                answer = evaluate(text, **options)
            except Exception as exc:  # pylint: disable=broad-exception-caught
                failure = exc
            if key and isinstance(answer, (str, int, float, type(None))):
                self._answers[key] = (answer, failure)
        if failure is not None:
            raise failure.with_traceback(None)
        return answer

    def _key(self, kind: str, template: str) -> t.Any:
        """What the answer depends on. None if that is not known."""
        names = depends_on(template)
        if names is None:
            return None
        try:
            return (kind, template, *[frozen(self.available_variables[name]) for name in names])
        except (KeyError, TypeError, RecursionError):
            return None


@functools.lru_cache(maxsize=None)
def depends_on(template: str) -> tuple[str, ...] | None:
    """The variables that a template names, if its answer depends on nothing else; otherwise None."""
    if template.startswith("#jinja2:"):
        return None  # a header that changes what marks a variable
    try:
        tree = jinja2.Environment(autoescape=True).parse(template)
    except jinja2.TemplateSyntaxError:
        return None
    for node in tree.find_all(jinja2.nodes.Node):
        if not isinstance(node, PURE_NODES):
            return None
        if isinstance(node, jinja2.nodes.Filter) and node.name.removeprefix("ansible.builtin.") not in PURE_FILTERS:
            return None
        if isinstance(node, jinja2.nodes.Test) and node.name.removeprefix("ansible.builtin.") not in PURE_TESTS:
            return None
    return tuple(sorted({name.name for name in tree.find_all(jinja2.nodes.Name)}))


def frozen(value: t.Any) -> t.Any:
    """The value as something to compare by, types included.

    :raises TypeError: it has a type of its own, or could be a template.
    """
    if isinstance(value, str) and "{" not in value and type(value) in PLAIN:
        return type(value), value
    if isinstance(value, dict):
        return dict, tuple([(frozen(name), frozen(item)) for name, item in value.items()])
    if isinstance(value, (list, tuple)):
        return type(value), tuple([frozen(item) for item in value])
    if isinstance(value, str) or type(value) not in PLAIN:
        raise TypeError
    return type(value), repr(value) if isinstance(value, float) else value  # 0.0 equals -0.0
