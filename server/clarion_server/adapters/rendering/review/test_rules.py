"""What the tests of `x is …` ask for, and what they make sure of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clarion_server.adapters.rendering.review.json_types import ALL, NUMERIC, SIZED, Kind, Kinds
from clarion_server.adapters.rendering.review.scopes import NOT_NULL, PRESENT, Fact

_NOT_NULL_KINDS = ALL - {Kind.NULL}


@dataclass(frozen=True, slots=True)
class TestRule:
    """How a test treats its value and its argument."""

    takes: Kinds = ALL
    may_be_missing: bool = False
    argument: Kinds | None = None
    """None: the test takes none."""
    if_true: Fact | None = None
    if_false: Fact | None = None


def _is_a(*kinds: Kind) -> TestRule:
    return TestRule(may_be_missing=True, if_true=Fact(frozenset(kinds)))


_EQUALITY = TestRule(argument=ALL)
_ORDER = TestRule(takes=_NOT_NULL_KINDS, argument=_NOT_NULL_KINDS)

TEST_RULES: Mapping[str, TestRule] = {
    "boolean": _is_a(Kind.BOOLEAN),
    "defined": TestRule(may_be_missing=True, if_true=PRESENT),
    "divisibleby": TestRule(takes=NUMERIC, argument=NUMERIC),
    "even": TestRule(takes=NUMERIC),
    "false": _is_a(Kind.BOOLEAN),
    "float": _is_a(Kind.NUMBER),
    "in": TestRule(argument=SIZED),
    "integer": _is_a(Kind.NUMBER),
    "iterable": TestRule(may_be_missing=True, if_true=Fact(SIZED)),
    "mapping": _is_a(Kind.OBJECT),
    "none": TestRule(if_true=Fact(frozenset({Kind.NULL})), if_false=NOT_NULL),
    # To Python, true and false are numbers.
    "number": _is_a(Kind.NUMBER, Kind.BOOLEAN),
    "odd": TestRule(takes=NUMERIC),
    "sequence": TestRule(may_be_missing=True, if_true=Fact(SIZED)),
    "string": _is_a(Kind.STRING),
    "true": _is_a(Kind.BOOLEAN),
    "undefined": TestRule(may_be_missing=True, if_false=PRESENT),
    **dict.fromkeys(("==", "eq", "equalto", "!=", "ne"), _EQUALITY),
    **dict.fromkeys((">", "gt", "greaterthan", ">=", "ge", "<", "lt", "lessthan", "<=", "le"), _ORDER),
}
