"""The tests of templates, which stand after `is`. Each pays before it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import pass_context
from jinja2 import tests as builtin

from clarion_server.adapters.rendering.evaluation.budget import CALL, RenderContext, length_of, search_price
from clarion_server.adapters.rendering.evaluation.values import as_number, check_present

#: These look at a value's type, and take the same time whatever the value.
_OF_TYPES = frozenset(
    {"boolean", "defined", "false", "float", "integer", "mapping", "none", "number", "string", "true", "undefined"}
)
#: These walk through both values.
_COMPARISONS = frozenset(
    {"eq", "equalto", "ge", "greaterthan", "gt", "le", "lessthan", "lt", "ne", "==", "!=", ">", ">=", "<", "<="}
)


#: Is the price of comparing one number, or the beginning of one text, with an entry of a list.
_EQUALITY = 50


def is_iterable(value: object) -> bool:
    """Jinja2's own test fails for a missing value."""
    return isinstance(value, str | list | tuple | dict)


def _comparison(compare: Callable[[Any, Any], bool]) -> Callable[..., bool]:
    @pass_context
    def apply(context: RenderContext, left: Any, right: Any) -> bool:
        for value in (left, right):
            context.budget.spend_walk(value)
        return compare(left, right)

    return apply


@pass_context
def _is_in(context: RenderContext, value: Any, container: Any) -> bool:
    check_present(container)
    context.budget.spend(CALL)
    if isinstance(container, str) and isinstance(value, str):
        context.budget.spend(search_price(container, value))
    elif isinstance(value, str | int | float):
        context.budget.spend(length_of(container) * (_EQUALITY + length_of(value) // 8))
    else:
        context.budget.spend_walk(value)
        context.budget.spend_walk(container)
    return value in container


def _is_divisible(value: Any, by: Any) -> bool:
    return as_number(value) % as_number(by) == 0


def _is_odd(value: Any) -> bool:
    return as_number(value) % 2 == 1


_BUILTIN: Mapping[str, Callable[..., Any]] = builtin.TESTS  # type: ignore[assignment]  # its values are functions

TESTS: dict[str, Callable[..., Any]] = {
    **{name: _BUILTIN[name] for name in _OF_TYPES},
    **{name: _comparison(_BUILTIN[name]) for name in _COMPARISONS},
    "divisibleby": _is_divisible,
    "even": lambda value: _is_divisible(value, 2),
    "in": _is_in,
    "iterable": is_iterable,
    "odd": _is_odd,
    "sequence": is_iterable,
}
