"""One use of a filter, as its rule sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes

from clarion_server.adapters.rendering.expression_path import constant_of
from clarion_server.adapters.rendering.review.abstract_values import NEVER, AbstractValue
from clarion_server.adapters.rendering.review.json_types import ALL, SCALARS, Kind, Kinds
from clarion_server.adapters.rendering.review.reading import Reader
from clarion_server.adapters.rendering.review.scopes import Scope
from clarion_server.domain.finding import FindingCode

_NOT_NULL = ALL - {Kind.NULL}


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    kinds: Kinds = SCALARS
    is_required: bool = False
    by_keyword_alone: bool = False
    accepts: Callable[[object], bool] = lambda _: True
    """Of a value that is written out in the template."""
    wanted: str = ""
    """What `accepts` asks for, in words."""


@dataclass(frozen=True, slots=True)
class FilterRule:
    takes: Kinds
    gives: Callable[[FilterUse], AbstractValue]
    parameters: Sequence[Parameter] = ()
    takes_more: bool = False
    """Further positional arguments belong to the test or filter that the first one names."""
    may_be_missing: bool = False


@dataclass(frozen=True, slots=True)
class FilterUse:
    reader: Reader
    scope: Scope
    name: str
    shape: AbstractValue
    """Of the filtered value: usable, unless the filter is a way out."""
    line: int
    arguments: Mapping[str, nodes.Expr]
    """By parameter."""
    more: Sequence[nodes.Expr] = ()

    def argument(self, name: str) -> AbstractValue | None:
        node = self.arguments.get(name)
        return None if node is None else self.reader.shape(node, self.scope)

    def constant(self, name: str) -> object:
        """What the template spells out; None when it does not."""
        node = self.arguments.get(name)
        return None if node is None else constant_of(node)

    def refuse(self, message: str, remedy: str) -> AbstractValue:
        self.reader.report.error(FindingCode.FILTER_ARGUMENT_INVALID, self.line, message, remedy)
        return NEVER


def bound(
    reader: Reader,
    scope: Scope,
    name: str,
    rule: FilterRule,
    shape: AbstractValue,
    arguments: Sequence[nodes.Expr],
    keywords: Sequence[Any],
    line: int,
) -> FilterUse:
    """The use with its arguments checked and sorted to the parameters."""
    positions = [parameter.name for parameter in rule.parameters if not parameter.by_keyword_alone]
    named = {keyword.key: keyword.value for keyword in keywords} | dict(zip(positions, arguments, strict=False))
    use = FilterUse(reader, scope, name, shape, line, named, arguments[len(positions) :])
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
    elif parameter.kinds != ALL:
        shape = use.reader.shape(node, use.scope)
        use.reader.report.usable(shape, use.line, parameter.kinds, f"`{parameter.name}` of `{use.name}` needs")
