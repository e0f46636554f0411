"""The operators and the function of templates, each of which pays before it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import pass_context
from markupsafe import Markup, escape

from clarion_server.adapters.rendering.evaluation.budget import CALL, ELEMENT, Budget, RenderContext
from clarion_server.adapters.rendering.evaluation.values import RenderRefused, as_integer, as_text, check_present

#: Is the size of a whole number that is made.
_INTEGER_BYTES = 32
_LISTS = (list, tuple)


def add(budget: Budget, left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        budget.spend_text(markup_length(left, right) + markup_length(right, left))
    elif isinstance(left, _LISTS) and isinstance(right, _LISTS):
        budget.spend(ELEMENT * (len(left) + len(right)))
    else:
        _check_numbers(budget, left, right)
    return left + right


def subtract(budget: Budget, left: Any, right: Any) -> Any:
    _check_numbers(budget, left, right)
    return left - right


def multiply(budget: Budget, left: Any, right: Any) -> Any:
    _check_numbers(budget, left, right)
    return left * right


def divide(budget: Budget, left: Any, right: Any) -> Any:
    _check_numbers(budget, left, right)
    return left / right


def divide_whole(budget: Budget, left: Any, right: Any) -> Any:
    _check_numbers(budget, left, right)
    return left // right


def remainder(budget: Budget, left: Any, right: Any) -> Any:
    if isinstance(left, str):
        raise RenderRefused("'%' works on numbers; use '~' to join texts")
    _check_numbers(budget, left, right)
    return left % right


def power(budget: Budget, left: Any, right: Any) -> Any:
    _check_numbers(budget, left, right)
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(budget, left.bit_length() * abs(right))
    elif left < 0:
        raise RenderRefused("a root of a negative number is no number")
    return left**right


def _check_numbers(budget: Budget, *values: Any) -> None:
    for value in values:
        check_present(value)
        if not isinstance(value, int | float):
            raise RenderRefused("an operator needs numbers here")
        budget.check_integer(value)


def _check_bits(budget: Budget, bits: int) -> None:
    if bits > budget.limits.integer_bits:
        raise RenderRefused("a number grows too large")


#: Holds the operators by their sign in a template.
OPERATORS: dict[str, Callable[[Budget, Any, Any], Any]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "//": divide_whole,
    "%": remainder,
    "**": power,
}


def concatenate(context: RenderContext, *values: Any) -> str:
    """Does what the operator `~` does."""
    context.budget.spend(CALL)
    return join_texts(context, "", [as_text(value) for value in values])


def join_texts(context: RenderContext, separator: str, texts: list[str]) -> str:
    """Joins texts after paying for the result. Where one of them is markup, the others are escaped."""
    if not context.eval_ctx.autoescape or not any(isinstance(text, Markup) for text in (separator, *texts)):
        context.budget.spend_text(sum(map(len, texts)) + len(separator) * len(texts))
        return str(separator).join(texts)
    context.budget.spend_text(sum(map(escaped_length, texts)) + escaped_length(separator) * len(texts))
    return escape(separator).join(escape(text) for text in texts)


def markup_length(text: str, beside: str) -> int:
    """Returns the length of a text that is joined to another one, which escapes it when that is markup."""
    return escaped_length(text) if isinstance(beside, Markup) else len(text)


def escaped_length(text: str) -> int:
    """Returns the length of a text once it is escaped for HTML."""
    if isinstance(text, Markup):
        return len(text)
    return (
        len(text) + 4 * (text.count("&") + text.count("'") + text.count('"')) + 3 * (text.count("<") + text.count(">"))
    )


@pass_context
def bounded_range(context: RenderContext, *bounds: Any) -> list[int]:
    """Returns a `range` over whole numbers."""
    numbers = range(*map(as_integer, bounds))
    context.budget.spend(CALL + len(numbers) * (ELEMENT + _INTEGER_BYTES))
    return list(numbers)
