"""The budget of one message's rendering: every operation of a template is paid for before it runs.

A unit of work stands for about a nanosecond of processor time or a byte of memory, whichever the operation takes more
of. Prices are upper bounds for the worst operands of the given sizes, so the same template with the same data always
costs the same, on every machine. Jinja2's own sandbox bounds `range` alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Sized
from dataclasses import dataclass
from typing import Any

from babel import Locale
from jinja2.nodes import EvalContext
from jinja2.runtime import Context

from clarion_server.adapters.rendering.evaluation.values import RenderRefused


@dataclass(frozen=True, slots=True)
class Limits:
    work: int = 30_000_000
    """Is the work on all parts of one message together. Rendering runs on the event loop, so this also bounds how long
    one message keeps the others waiting: about 30 ms.
    """
    text_chars: int = 1 << 20
    """Is the longest rendered part, and the longest text that a filter or an operator takes or makes."""
    integer_bits: int = 256
    """Is the largest whole number that can be calculated with."""


LIMITS = Limits()

#: Is the price of one name, operator or tag of a template, each time the render passes it.
NODE = 150
#: Is the price of one filter, test or method, beside what it does with its operands.
CALL = 600
#: Is the price of one entry of a list that is copied.
ELEMENT = 16
#: Is the price of one value that Python looks at in a loop of its own.
VISIT = 150
#: Is the price of one entry of a list to which a filter or a test is applied.
APPLY = 1_500
#: Is the price of one step of an attribute path such as `address.city`.
LOOKUP = 400
#: Is the price of one character of a text that is made: at most four bytes.
CHAR = 4


class Budget:
    """Holds the units of work that are left."""

    __slots__ = ("_paid_once", "limits", "work")

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self.work = limits.work
        self._paid_once: set[Hashable] = set()

    def spend(self, units: int) -> None:
        """Raises RenderRefused when the budget does not suffice."""
        self.work -= units
        if self.work < 0:
            raise RenderRefused("the message takes too much work to render")

    def spend_once(self, key: Hashable, units: int) -> None:
        """Pays for what is prepared at its first use and kept, such as the format of a currency."""
        if key not in self._paid_once:
            self._paid_once.add(key)
            self.spend(units)

    def check_length(self, chars: int) -> None:
        """Raises RenderRefused when a text of that length is too long."""
        if chars > self.limits.text_chars:
            raise RenderRefused(f"a text would be longer than {self.limits.text_chars:,} characters")

    def spend_text(self, chars: int, price: int = CHAR) -> None:
        """Pays for work on a text of that length, or for making one."""
        self.check_length(chars)
        self.spend(chars * price)

    def spend_walk(self, value: object, visit: int = VISIT, char: int = 1) -> None:
        """Pays for a walk through a value and all that it holds, such as a comparison.

        `visit` is the price of one value in it, and `char` that of one character.

        A list that is held twice is paid for twice, for the walk visits it twice.
        """
        pending = [value]
        while pending:
            value = pending.pop()
            if isinstance(value, str):
                self.spend(visit + len(value) * char)
            elif isinstance(value, dict):
                self.spend(visit * (1 + len(value)))
                pending += value.keys()
                pending += value.values()
            elif isinstance(value, list | tuple):
                self.spend(visit * (1 + len(value)))
                pending += value
            else:
                self.spend(visit)

    def check_integer(self, value: object) -> None:
        """Raises RenderRefused for a whole number that is too large to calculate with."""
        if isinstance(value, int) and value.bit_length() > self.limits.integer_bits:
            raise RenderRefused("a number is too large to calculate with")


class RenderContext(Context):
    """Holds a template's variables, with the budget and the locale of this render."""

    def __init__(self, variables: dict[str, Any], evaluation: EvalContext, budget: Budget, locale: Locale) -> None:
        """`evaluation` is the same for all templates of an environment, none of which can change it."""
        # Not by the class's own `__init__`: blocks and imports, which no content has, take as long as a short template.
        self.parent = variables
        self.vars = {}
        self.environment = evaluation.environment
        self.eval_ctx = evaluation
        self.exported_vars = set()
        self.name = None
        self.globals_keys = set()
        self.blocks = {}
        self.budget = budget
        self.locale = locale


def length_of(value: object) -> int:
    """Returns how many characters or entries a value has; 1 for a value without a length."""
    return len(value) if isinstance(value, Sized) else 1


def search_price(text: str, sought: str) -> int:
    """Returns the price of looking for one text in another.

    CPython searches in linear time, but compares position by position in texts for which its preparation would not pay.
    """
    positions = max(len(text) - len(sought) + 1, 1)
    if len(text) < _LINEAR_SEARCH_FROM:
        return positions * (len(sought) + 1)
    return 10 * len(text)


_LINEAR_SEARCH_FROM = 30_000


def sort_price(count: int, key_chars: int) -> int:
    """Returns the price of ordering that many keys, which have so many characters together."""
    return count.bit_length() * (_COMPARISON * count + key_chars // 4)


_COMPARISON = 60
