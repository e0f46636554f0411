"""Writes the plural rules of the CLDR as expressions of C, as short as they are for whole numbers.

Of a whole number `n` the operands of UTS #35 are `i` = `n`, and 0 for all others, so that most conditions are constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from babel import Locale, UnknownLocaleError

#: Says what a condition is of every whole number, or its text and whether it must stand in brackets beside `&&`.
_Condition = bool | tuple[str, bool]


def plural_locale(tag: str) -> Locale:
    """Returns the closest locale of the tag whose plural rules are known, else English, as the service does."""
    subtags = tag.replace("_", "-").split("-")
    for length in range(len(subtags), 0, -1):
        with suppress(UnknownLocaleError, ValueError):
            return Locale.parse("-".join(subtags[:length]), sep="-")
    return Locale("en")


def plural_expression(locale: str, categories: Sequence[str]) -> str:
    """Returns the index of a number's category among these, of which `other` is the last."""
    rules = dict(plural_locale(locale).plural_form.abstract)
    conditions = [(index, _condition(rules[name])) for index, name in enumerate(categories) if name in rules]
    # A category that whole numbers never reach has an index all the same.
    reached = [(index, condition) for index, condition in conditions if condition is not False]
    if [(index, condition) for index, condition in reached] == [(0, ("n == 1", False))] and len(categories) == 2:  # noqa: PLR2004 - singular and plural
        return "n != 1"
    expression = ""
    for index, condition in reached:
        if condition is True:
            return f"{expression}{index}"
        expression += f"{_text(condition)} ? {index} : "
    return f"{expression}{len(categories) - 1}"


def _text(condition: _Condition) -> str:
    assert not isinstance(condition, bool)
    return condition[0]


def _condition(node: tuple[str, Any]) -> _Condition:
    kind, parts = node
    match kind:
        case "and":
            return _joined([_condition(part) for part in parts], "&&")
        case "or":
            return _joined([_condition(part) for part in parts], "||")
        case "not":
            return _relation(*parts[0][1][1:], negated=True) if parts[0][0] == "relation" else _not(parts[0])
        case _:
            return _relation(*parts[1:], negated=False)


def _not(node: tuple[str, Any]) -> _Condition:
    inner = _condition(node)
    return (not inner) if isinstance(inner, bool) else (f"!({inner[0]})", False)


def _joined(conditions: Sequence[_Condition], operator: str) -> _Condition:
    """Leaves out what is constant."""
    neutral = operator == "&&"
    if (not neutral) in conditions:
        return not neutral
    left = [each for each in conditions if not isinstance(each, bool)]
    if not left:
        return neutral
    if len(left) == 1:
        return left[0]
    texts = [f"({text})" if is_weak and operator == "&&" else text for text, is_weak in left]
    return f" {operator} ".join(texts), operator == "||"


def _relation(operand: tuple[str, Any], ranges: tuple[str, Any], *, negated: bool) -> _Condition:
    bounds = [(low[1][0], high[1][0]) for low, high in ranges[1]]
    term = _term(operand)
    if isinstance(term, int):
        return any(low <= term <= high for low, high in bounds) is not negated
    joint = " && " if negated else " || "
    # A range joins two comparisons by the other operator.
    texts = [_in_range(term, low, high, negated=negated, several=len(bounds) > 1) for low, high in bounds]
    is_weak = len(bounds) > 1 if not negated else len(bounds) == 1 and bounds[0][0] != bounds[0][1]
    return joint.join(texts), is_weak


def _in_range(term: str, low: int, high: int, *, negated: bool, several: bool) -> str:
    if low == high:
        return f"{term} {'!=' if negated else '=='} {low}"
    if not negated:
        return f"{term} <= {high}" if low == 0 else f"{term} >= {low} && {term} <= {high}"
    text = f"{term} > {high}" if low == 0 else f"{term} < {low} || {term} > {high}"
    return f"({text})" if several and low else text


def _term(node: tuple[str, Any]) -> str | int:
    """Returns an operand as C, or the value that it has of every whole number."""
    kind, parts = node
    if kind == "mod":
        inner, divisor = _term(parts[0]), parts[1][1][0]
        return inner % divisor if isinstance(inner, int) else f"{inner} % {divisor}"
    return "n" if kind in ("n", "i") else 0
