# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluate the expressions of an inventory source for many hosts, and compile each expression only once.

``Constructable`` of ansible-core evaluates expressions with the templar of the plugin, which compiles an expression
again for each host. That takes about a millisecond. So the plugin uses a templar that compiles each expression once.

Up to ansible-core 2.18, the plugin uses the templar of ansible-core. ``_cache_templates`` adds a cache of compiled
templates to its Jinja environment.

Since ansible-core 2.19, that is not enough. ansible-core also wraps all variables of a host for each evaluation. With
5,000 hosts and six expressions, this nearly doubles the time of an inventory. This file avoids the wrapping where it
has no effect:

1. ``with_compiled`` renders a small template. A function in the template receives the Jinja environment of the templar.
2. The template loops over a generator, which calls ``use``. In this call, the plugin names and constructs all hosts.
   This must happen while a template is rendered, because ansible-core evaluates variables at no other time.
3. In ``use``, ``Constructable`` calls a ``CompilingTemplar`` instead of the templar. For each expression it caches the
   result of ``_compile_expression``: a function that takes the variables of a host.
4. That function works in two ways. If all variables in the expression have plain values, they are passed unchanged. If
   one of them can contain a template, or is a list or dictionary that a call could change, ansible-core wraps them.
5. ansible-core itself evaluates the remaining expressions: those that contain a template, those that do not compile,
   conditions that are not boolean, and with ``strict`` those that fail, so that the message comes from ansible-core.

Private to this collection: it may change without notice.
"""

from __future__ import annotations

import contextlib
import functools
import re
import typing as t

import ansible.template
import jinja2

Templar = t.Any
Evaluate = t.Callable[[t.Dict[str, t.Any]], t.Any]
SCALARS = {bool, float, int, str, type(None)}


def with_compiled(templar: Templar, strict: bool, extra: t.Iterable[str], use: t.Callable[[Templar], None]) -> None:
    """Call ``use`` with the templar that ``Constructable`` must use.

    :param templar: the templar of ansible-core.
    :param strict: whether an expression that fails must fail with the message of ansible-core.
    :param extra: names of variables that may contain templates.
    :param use: evaluates the expressions of all hosts.
    """
    if not hasattr(templar, "evaluate_expression"):
        _cache_templates(templar.environment)
        use(templar)
        return
    environments: list[jinja2.Environment] = []
    outcome: list[Exception | None] = []

    @jinja2.pass_environment
    def keep(environment: jinja2.Environment) -> None:
        environments.append(environment)

    def hosts() -> t.Iterator[None]:
        try:
            use(CompilingTemplar(templar, functools.partial(_compile_expression, environments[0], set(extra)), strict))
            outcome.append(None)
        except Exception as exc:  # pylint: disable=broad-exception-caught
            outcome.append(exc)
        yield

    # Values can be evaluated only in a template. A loop is used because undefined values would be errors in a call.
    templar.available_variables = {"keep": keep, "hosts": hosts()}
    with contextlib.suppress(Exception):
        templar.template(ansible.template.trust_as_template("{% set _ = keep() %}{% for _ in hosts %}{% endfor %}"))
    if not outcome:
        use(templar)  # a setting of ansible-core can forbid functions in variables
    elif outcome[0]:
        raise outcome[0]


class CompilingTemplar:
    """Replaces the templar of ansible-core, and compiles each expression only once."""

    def __init__(self, templar: Templar, compile_expression: t.Callable[[str], Evaluate | None], strict: bool) -> None:
        self._templar = templar
        self._compile = functools.lru_cache(maxsize=None)(compile_expression)
        self._strict = strict
        self.available_variables: dict[str, t.Any] = {}

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._templar, name)

    def evaluate_expression(self, expression: t.Any) -> t.Any:
        return self._evaluate(expression, self._templar.evaluate_expression, SCALARS)

    def evaluate_conditional(self, conditional: t.Any) -> bool:
        return self._evaluate(conditional, self._templar.evaluate_conditional, {bool})

    def _evaluate(self, source: t.Any, by_core: t.Callable[[t.Any], t.Any], final: set[type]) -> t.Any:
        """Evaluate an expression or condition.

        :param by_core: the method of ansible-core that evaluates it.
        :param final: types of values that are returned unchanged.
        """
        self._templar.available_variables = self.available_variables
        evaluate = self._compile(source) if isinstance(source, str) else None
        if evaluate:
            try:
                value = evaluate(self.available_variables)
                if type(value) in final:
                    return value
                if isinstance(value, jinja2.Undefined):
                    raise ValueError("undefined")
                if final is SCALARS:
                    # In a list, because ansible-core removes omitted items, and does not evaluate text in it again.
                    (finished,) = self._templar.template([value])
                    return finished
            except Exception:  # pylint: disable=broad-exception-caught
                if not self._strict:
                    raise
        return by_core(source)


def _compile_expression(environment: jinja2.Environment, extra: set[str], source: str) -> Evaluate | None:
    """Return a function that evaluates an expression, or None if ansible-core must evaluate it.

    :param extra: names of variables that may contain templates.
    """
    if re.search(r"\{[{%#]", source) or not ansible.template.is_trusted_as_template(source):
        return None  # it contains a template, or is not trusted as an expression
    try:
        for_any = environment.compile_expression(source, undefined_to_none=False)
        for_plain = environment.from_string(f"{{% set answer = ({source}) %}}")
        tree = environment.parse(f"{{{{ {source} }}}}")
    except Exception:  # pylint: disable=broad-exception-caught
        return None
    names = {node.name for node in tree.find_all(jinja2.nodes.Name)}
    # Only the slower way evaluates templates in values, and passes copies of lists that a call may change.
    plain = SCALARS if any(tree.find_all(jinja2.nodes.Call)) else {*SCALARS, dict, list}
    context = for_plain.new_context({})

    def evaluate(variables: dict[str, t.Any]) -> t.Any:
        if names & extra or not plain.issuperset([type(variables[name]) for name in names if name in variables]):
            return for_any(variables)
        context.vars.clear()
        context.vars.update(variables)
        for _nothing in for_plain.root_render_func(context):
            pass
        return context.vars["answer"]

    return evaluate


def _cache_templates(environment: t.Any) -> None:
    """Add a cache of compiled templates to a Jinja environment of ansible-core 2.18 or older."""

    # A class, because ansible-core copies the attributes of an environment to environments with other delimiters.
    class CachingEnvironment(type(environment)):  # type: ignore[misc]
        @functools.lru_cache(maxsize=1024)  # noqa: B019 - the class lives as long as its environment
        def compile(self, *args: t.Any, **options: t.Any) -> t.Any:
            return super().compile(*args, **options)

    original = environment.finalize

    @jinja2.pass_context
    def finalize(_context: t.Any, value: t.Any) -> t.Any:
        return original(value)

    environment.__class__ = CachingEnvironment
    # Otherwise Jinja evaluates filters of constants at compile time, and "60 | random" is the same for all hosts.
    environment.optimized = False
    environment.finalize = finalize  # takes the context, so that Jinja does not evaluate output at compile time
