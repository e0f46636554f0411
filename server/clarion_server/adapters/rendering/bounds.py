"""What one render may cost, and the operations that could exceed it.

Everything that grows (loops, strings, copies of lists) pays from the budget of its render, so that no template and no
data can hold the process for long or fill its memory. Jinja2's own sandbox bounds `range` alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass
from typing import Any

from babel import Locale
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from clarion_server.adapters.rendering.values import RenderRefused, check_present, printable


@dataclass(frozen=True, slots=True)
class Limits:
    output_chars: int = 1 << 20
    """Of one rendered part, and of any text made on the way."""
    iterations: int = 100_000
    """Of all loops of one part together, nested ones included."""
    work: int = 20_000_000
    """Characters and elements that filters and operators touch in one part."""
    cpu_seconds: float = 1.0
    """Of the rendering thread, so that a busy machine fails nobody's message."""
    integer_bits: int = 256


LIMITS = Limits()

#: Of a filter that looks at each element of a list, compared with one that looks at each character of a text.
WORK_OF_AN_ELEMENT = 50

_ITERATIONS_BETWEEN_CLOCK_READINGS = 256
_PAYMENTS_BETWEEN_CLOCK_READINGS = 64


class Budget:
    """What is left of the limits of one rendered part."""

    __slots__ = ("_deadline", "_payments", "iterations", "limits", "work")

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self.iterations = limits.iterations
        self.work = limits.work
        self._payments = 0
        self._deadline = 0.0

    def spend(self, units: int) -> None:
        self.work -= units
        if self.work < 0:
            raise RenderRefused("the template works on too much data")
        self._payments += 1
        if not self._payments % _PAYMENTS_BETWEEN_CLOCK_READINGS:
            self._check_clock()

    def spend_text(self, length: int) -> None:
        """For a text of that length, before it is made."""
        if length > self.limits.output_chars:
            raise RenderRefused(f"a text would grow beyond {self.limits.output_chars:,} characters")
        self.spend(length)

    def spend_iteration(self) -> None:
        self.iterations -= 1
        if self.iterations < 0:
            raise RenderRefused(f"the loops run more than {self.limits.iterations:,} times")
        if not self.iterations % _ITERATIONS_BETWEEN_CLOCK_READINGS:
            self._check_clock()

    def _check_clock(self) -> None:
        now = time.thread_time()
        if not self._deadline:
            self._deadline = now + self.limits.cpu_seconds
        elif now > self._deadline:
            raise RenderRefused(f"rendering takes longer than {self.limits.cpu_seconds:g} s")


class RenderContext(Context):
    """A template's variables, with the budget and the locale of this render."""

    budget: Budget
    locale: Locale


def weight(value: object) -> int:
    return len(value) if isinstance(value, Sized) else 1


def weighed(context: RenderContext, value: Any) -> Any:
    """The value itself, after paying for one walk over it."""
    context.budget.spend(weight(value))
    return value


def concatenated(context: RenderContext, *values: Any) -> str:
    """The operator `~`."""
    texts = [printable(value) for value in values]
    if context.eval_ctx.autoescape and any(hasattr(text, "__html__") for text in texts):
        return Markup(joined(context.budget, "", [escape(text) for text in texts]))  # noqa: S704  (each was escaped)
    return joined(context.budget, "", [str(text) for text in texts])


def joined(budget: Budget, separator: str, texts: list[str]) -> str:
    budget.spend_text(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


def counted(context: RenderContext, value: Any) -> Iterator[Any]:
    """What a `for` loops over, each turn paid for."""
    check_present(value)
    if not isinstance(value, list | tuple | dict):
        raise RenderRefused("a loop needs a list or an object")
    return _counted(context.budget, value)


def _counted(budget: Budget, values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        budget.spend_iteration()
        yield value


@pass_context
def bounded_range(context: RenderContext, *bounds: Any) -> list[int]:
    """`range` over whole numbers; JSON's `3.0` is one."""
    numbers = [int(bound) if isinstance(bound, float) and bound.is_integer() else bound for bound in bounds]
    result = range(*numbers)
    if len(result) > context.budget.limits.iterations:
        raise RenderRefused(f"range is longer than {context.budget.limits.iterations:,}")
    context.budget.spend(len(result))
    return list(result)


def add(budget: Budget, left: Any, right: Any) -> Any:
    budget.spend_text(weight(left) + weight(right))
    return left + right


def multiply(budget: Budget, left: Any, right: Any) -> Any:
    if isinstance(left, Sized) or isinstance(right, Sized):
        raise RenderRefused("only numbers can be multiplied")
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(budget, left.bit_length() + right.bit_length())
    return left * right


def power(budget: Budget, left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(budget, left.bit_length() * abs(right))
    return left**right


def modulo(_budget: Budget, left: Any, right: Any) -> Any:
    if isinstance(left, Sized):
        raise RenderRefused("'%' works on numbers; use '~' to join texts")
    return left % right


def _check_bits(budget: Budget, bits: int) -> None:
    if bits > budget.limits.integer_bits:
        raise RenderRefused("a number grows too large")


#: By the operator's sign in a template.
OPERATORS: dict[str, Callable[[Budget, Any, Any], Any]] = {
    "+": add,
    "*": multiply,
    "**": power,
    "%": modulo,
}
