"""Defines the rule of a filter, and one use of the filter in a template."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes

from clarion_server.adapters.rendering.inference.abstract_values import NEVER, AbstractValue
from clarion_server.adapters.rendering.inference.evaluator import Evaluator
from clarion_server.adapters.rendering.inference.json_types import ALL, SCALARS, JsonTypes
from clarion_server.adapters.rendering.inference.scopes import Scope
from clarion_server.adapters.rendering.templates.expression_path import constant_of
from clarion_server.domain.finding import FindingCode


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    types: JsonTypes = SCALARS
    is_required: bool = False
    by_keyword_alone: bool = False
    accepts: Callable[[object], bool] = lambda _: True
    """Checks a constant, which the template writes out."""
    wanted: str = ""
    """Says in words what `accepts` checks."""


@dataclass(frozen=True, slots=True)
class FilterRule:
    takes: JsonTypes
    """Holds the types of the filter's input."""
    result: Callable[[FilterUse], AbstractValue]
    parameters: Sequence[Parameter] = ()
    takes_more: bool = False
    """Says whether there may be further arguments, which belong to the test or filter that the first one names."""
    may_be_missing: bool = False
    """Says whether the input may be missing."""


@dataclass(frozen=True, slots=True)
class FilterUse:
    evaluator: Evaluator
    scope: Scope
    name: str
    value: AbstractValue
    """Is the input: present and of a type that the filter takes, unless it may be missing."""
    line: int
    arguments: Mapping[str, nodes.Expr]
    """Holds the arguments by their parameters."""
    more: Sequence[nodes.Expr] = ()

    def argument(self, name: str) -> AbstractValue | None:
        node = self.arguments.get(name)
        return None if node is None else self.evaluator.evaluate(node, self.scope)

    def constant(self, name: str) -> object:
        """Returns the argument when the template writes it out, else None."""
        node = self.arguments.get(name)
        return None if node is None else constant_of(node)

    def refuse(self, message: str, remedy: str) -> AbstractValue:
        self.evaluator.report.error(FindingCode.FILTER_ARGUMENT_INVALID, self.line, message, remedy)
        return NEVER


def bind_arguments(
    evaluator: Evaluator,
    scope: Scope,
    name: str,
    rule: FilterRule,
    value: AbstractValue,
    arguments: Sequence[nodes.Expr],
    keywords: Sequence[Any],
    line: int,
) -> FilterUse:
    """Checks the arguments, and returns the use with each at its parameter."""
    positions = [parameter.name for parameter in rule.parameters if not parameter.by_keyword_alone]
    named = {keyword.key: keyword.value for keyword in keywords} | dict(zip(positions, arguments, strict=False))
    use = FilterUse(evaluator, scope, name, value, line, named, arguments[len(positions) :])
    if len(named) + len(use.more) < len(arguments) + len(keywords):
        use.refuse(f"The filter `{name}` gets an argument twice.", "Remove one of them.")
    _check_signature(use, rule, keywords)
    for parameter in rule.parameters:
        _check_argument(use, parameter)
    return use


def _check_signature(use: FilterUse, rule: FilterRule, keywords: Sequence[Any]) -> None:
    known = {parameter.name for parameter in rule.parameters}
    if use.more and not rule.takes_more:
        use.refuse(f"The filter `{use.name}` takes at most {len(known)} arguments.", "Remove the others.")
    for keyword in keywords:
        if keyword.key not in known:
            names = ", ".join(sorted(known)) or "none"
            use.refuse(f"The filter `{use.name}` has no argument `{keyword.key}`.", f"It has: {names}.")
    for parameter in rule.parameters:
        if parameter.is_required and parameter.name not in use.arguments:
            use.refuse(f"The filter `{use.name}` needs `{parameter.name}`.", f"Add `{parameter.name}`.")


def _check_argument(use: FilterUse, parameter: Parameter) -> None:
    node = use.arguments.get(parameter.name)
    if node is None:
        return
    constant = constant_of(node)
    if constant is not None and not parameter.accepts(constant):
        use.refuse(
            f"`{parameter.name}` of the filter `{use.name}` must be {parameter.wanted}.", "Correct the argument."
        )
    elif parameter.types != ALL:
        value = use.evaluator.evaluate(node, use.scope)
        use.evaluator.report.require(value, use.line, parameter.types, f"`{parameter.name}` of `{use.name}` needs")
