# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates the expressions of a source for many hosts, and compiles each of them once.

``Constructable`` of ansible-core evaluates expressions with the templar of the plugin, which compiles an expression
again for each host. That takes about a millisecond. So the plugin gives it a templar that compiles each one once.

Up to ansible-core 2.18 the templar stays as it is. ``compile_once`` makes its Jinja environment remember what it has
compiled.

From 2.19 on that is not enough. ansible-core also wraps all variables of a host for each evaluation. With 5,000 hosts
and six expressions that nearly doubles the time of an inventory. Here nothing is wrapped where that has no effect:

1. ``with_compiled`` renders a small template. A function in it receives the Jinja environment of the templar.
2. The template loops over a generator, which calls ``use``. Within this call the plugin names and constructs all hosts.
   It must happen while a template is rendered, because ansible-core evaluates variables at no other time.
3. Within ``use``, ``Constructable`` calls a ``CompilingTemplar`` in place of the templar. For each text it keeps what
   ``compiled`` returns: a function of the variables of a host.
4. That function has two ways. If all variables that the expression names are plain values, they are passed as they are.
   If one of them can hold a template, or is a list or a dictionary that a call could change, ansible-core wraps them.
5. ansible-core itself evaluates what is left: an expression with a template in it, one that does not compile, a
   condition that is not a boolean, and with ``strict`` one that fails, so that the message is that of ansible-core.

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
    """Call ``use`` with what stands for the templar of ansible-core wherever ``Constructable`` uses one.

    :param strict: whether an expression that fails must fail with the message of ansible-core.
    :param extra: names of variables that may hold templates.
    """
    if not hasattr(templar, "evaluate_expression"):
        compile_once(templar.environment)
        use(templar)
        return
    environments: list[jinja2.Environment] = []
    outcome: list[Exception | None] = []

    @jinja2.pass_environment
    def keep(environment: jinja2.Environment) -> None:
        environments.append(environment)

    def hosts() -> t.Iterator[None]:
        try:
            use(CompilingTemplar(templar, functools.partial(compiled, environments[0], set(extra)), strict))
            outcome.append(None)
        except Exception as exc:  # pylint: disable=broad-exception-caught
            outcome.append(exc)
        yield

    # Only within a template can values be evaluated. Undefined ones are no errors in its loops, unlike in its calls.
    templar.available_variables = {"keep": keep, "hosts": hosts()}
    with contextlib.suppress(Exception):
        templar.template(ansible.template.trust_as_template("{% set _ = keep() %}{% for _ in hosts %}{% endfor %}"))
    if not outcome:
        use(templar)  # a setting of ansible-core can forbid what is in these variables
    elif outcome[0]:
        raise outcome[0]


class CompilingTemplar:
    def __init__(self, templar: Templar, compile_once: t.Callable[[str], Evaluate | None], strict: bool) -> None:
        self._templar = templar
        self._evaluate = functools.lru_cache(maxsize=None)(compile_once)
        self._strict = strict
        self.available_variables: dict[str, t.Any] = {}

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._templar, name)

    def evaluate_expression(self, expression: t.Any) -> t.Any:
        return self._evaluated(expression, self._templar.evaluate_expression, SCALARS)

    def evaluate_conditional(self, conditional: t.Any) -> bool:
        return self._evaluated(conditional, self._templar.evaluate_conditional, {bool})

    def _evaluated(self, source: t.Any, by_core: t.Callable[[t.Any], t.Any], final: set[type]) -> t.Any:
        self._templar.available_variables = self.available_variables
        evaluate = self._evaluate(source) if isinstance(source, str) else None
        if evaluate:
            try:
                value = evaluate(self.available_variables)
                if type(value) in final:
                    return value
                if isinstance(value, jinja2.Undefined):
                    raise ValueError("undefined")
                if final is SCALARS:
                    # In a list, of which ansible-core leaves out what is omitted, and takes no text for a template.
                    (finished,) = self._templar.template([value])
                    return finished
            except Exception:  # pylint: disable=broad-exception-caught
                if not self._strict:
                    raise
        return by_core(source)


def compiled(environment: jinja2.Environment, extra: set[str], source: str) -> Evaluate | None:
    """A function that evaluates an expression. None if ansible-core has to compile it for each host."""
    if re.search(r"\{[{%#]", source) or not ansible.template.is_trusted_as_template(source):
        return None  # a template within the expression, or no expression
    try:
        for_any = environment.compile_expression(source, undefined_to_none=False)
        for_plain = environment.from_string(f"{{% set answer = ({source}) %}}")
        tree = environment.parse(f"{{{{ {source} }}}}")
    except Exception:  # pylint: disable=broad-exception-caught
        return None
    names = {node.name for node in tree.find_all(jinja2.nodes.Name)}
    # Only the slower way evaluates templates in values, and gives a call copies of the lists that it may change.
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


def compile_once(environment: t.Any) -> None:
    """Make a Jinja environment remember what it has compiled."""

    # A class, because ansible-core copies the attributes of an environment to those with other delimiters.
    class MemoisedEnvironment(type(environment)):  # type: ignore[misc]
        @functools.lru_cache(maxsize=1024)  # noqa: B019 - the class lives as long as its environment
        def compile(self, *args: t.Any, **options: t.Any) -> t.Any:
            return super().compile(*args, **options)

    original = environment.finalize

    @jinja2.pass_context
    def finalize(_context: t.Any, value: t.Any) -> t.Any:
        return original(value)

    environment.__class__ = MemoisedEnvironment
    # Otherwise Jinja evaluates filters of constants when it compiles, and "60 | random" is the same for all hosts.
    environment.optimized = False
    environment.finalize = finalize  # one that takes the context keeps Jinja from it in what a template prints
