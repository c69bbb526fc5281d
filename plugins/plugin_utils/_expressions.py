# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates an expression for many hosts and compiles it once, where ansible-core compiles it for each host again.

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
        use(CompilingTemplar(templar, functools.partial(compile_legacy, templar), True))
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

    def template(self, variable: t.Any, **options: t.Any) -> t.Any:
        """Until ansible-core 2.18 expressions come as templates."""
        by_core = functools.partial(self._templar.template, **options)
        if variable is None or (isinstance(variable, str) and not self._templar.is_possibly_template(variable)):
            return variable
        is_older = not hasattr(self._templar, "evaluate_expression")
        return self._evaluated(variable, by_core, None) if is_older else by_core(variable)

    def evaluate_expression(self, expression: t.Any) -> t.Any:
        return self._evaluated(expression, self._templar.evaluate_expression, SCALARS)

    def evaluate_conditional(self, conditional: t.Any) -> bool:
        return self._evaluated(conditional, self._templar.evaluate_conditional, {bool})

    def _evaluated(self, source: t.Any, by_core: t.Callable[[t.Any], t.Any], final: set[type] | None) -> t.Any:
        self._templar.available_variables = self.available_variables
        evaluate = self._evaluate(source) if isinstance(source, str) else None
        if evaluate:
            try:
                value = evaluate(self.available_variables)
                if final is None or type(value) in final:
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


def compile_legacy(templar: Templar, source: str) -> Evaluate | None:
    """As :func:`compiled`, for a template and ansible-core 2.18 and older."""
    from ansible.template.vars import AnsibleJ2Vars  # pylint: disable=import-error,no-name-in-module
    from ansible.utils.unsafe_proxy import wrap_var

    if re.search(r"\\|^#jinja2:|\b(lookup|query|q)\b", source):
        return None
    try:
        template = templar.environment.from_string(source)
    except Exception:  # pylint: disable=broad-exception-caught
        return None
    bare = re.fullmatch(r"\{\{\s*(\w+)\s*\}\}", source)

    def evaluate(variables: dict[str, t.Any]) -> t.Any:
        if bare and not isinstance(variables[bare[1]], (dict, list, str)):
            raise TypeError("ansible-core does not make it a text")
        context = template.new_context(AnsibleJ2Vars(templar, template.globals), shared=True)
        answer = type(templar.environment).concat(template.root_render_func(context))
        return wrap_var(answer) if getattr(context, "unsafe", False) else answer

    return evaluate
