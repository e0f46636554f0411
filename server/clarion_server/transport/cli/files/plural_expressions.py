"""The `Plural-Forms` of .po files: which of the forms a number takes, as an expression of C.

It is parsed here and never evaluated by Python, since files come from anywhere.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping

#: Says which form, counted from 0, a number takes.
Rule = Callable[[int], int]

_HEADER = re.compile(r"\s*nplurals\s*=\s*(\d+)\s*;\s*plural\s*=\s*([^;]*?)\s*;?\s*")
_TOKEN = re.compile(r"\s*(?:(\d+)|(n)|(\|\||&&|[=!<>]=|[-+*/%<>?:()!]))")
_LEVELS: tuple[Mapping[str, Callable[[int, int], int]], ...] = (
    {"||": lambda a, b: int(bool(a or b))},
    {"&&": lambda a, b: int(bool(a and b))},
    {"==": operator.eq, "!=": operator.ne},
    {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge},
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": operator.floordiv, "%": operator.mod},
)
_MOST_TOKENS = 300
_MOST_FORMS = 10


class PluralFormsInvalid(Exception):
    """The header holds no expression of C that gives a form for every number."""


def read_plural_forms(header: str) -> tuple[int, Rule]:
    """Returns how many forms there are, and the rule. Raises PluralFormsInvalid."""
    found = _HEADER.fullmatch(header)
    if found is None or not 1 <= int(found[1]) <= _MOST_FORMS:
        raise PluralFormsInvalid
    count, rule = int(found[1]), _Parser(_tokens(found[2])).parse()

    def form(number: int) -> int:
        try:
            index = int(rule(number))
        except ZeroDivisionError:
            raise PluralFormsInvalid from None
        if not 0 <= index < count:
            raise PluralFormsInvalid
        return index

    return count, form


def _tokens(expression: str) -> list[str]:
    tokens: list[str] = []
    position = 0
    while position < len(expression):
        found = _TOKEN.match(expression, position)
        if found is None or len(tokens) > _MOST_TOKENS:
            raise PluralFormsInvalid
        tokens.append(found[0].strip())
        position = found.end()
    return tokens


class _Parser:
    """Parses by recursive descent."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._depth = 0

    def parse(self) -> Rule:
        rule = self._choice()
        if self._tokens:
            raise PluralFormsInvalid
        return rule

    def _choice(self) -> Rule:
        self._depth += 1
        if self._depth > _MOST_TOKENS:
            raise PluralFormsInvalid
        condition = self._binary(0)
        if not self._takes("?"):
            return condition
        if_true = self._choice()
        self._expect(":")
        if_false = self._choice()
        return lambda n: if_true(n) if condition(n) else if_false(n)

    def _binary(self, level: int) -> Rule:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while self._tokens and self._tokens[0] in _LEVELS[level]:
            left = _joined(_LEVELS[level][self._tokens.pop(0)], left, self._binary(level + 1))
        return left

    def _unary(self) -> Rule:
        if self._takes("!"):
            negated = self._unary()
            return lambda n: int(not negated(n))
        if self._takes("("):
            inner = self._choice()
            self._expect(")")
            return inner
        operand = self._tokens.pop(0) if self._tokens else ""
        if operand == "n":
            return lambda n: n
        if not operand.isdigit():
            raise PluralFormsInvalid
        value = int(operand)
        return lambda _: value

    def _takes(self, token: str) -> bool:
        found = bool(self._tokens) and self._tokens[0] == token
        if found:
            self._tokens.pop(0)
        return found

    def _expect(self, token: str) -> None:
        if not self._takes(token):
            raise PluralFormsInvalid


def _joined(operation: Callable[[int, int], int], left: Rule, right: Rule) -> Rule:
    return lambda n: int(operation(left(n), right(n)))
