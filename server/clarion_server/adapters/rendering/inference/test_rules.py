"""The rules of the tests `x is …`: which values they take, and what they establish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clarion_server.adapters.rendering.inference.json_types import ALL, NOT_NULL, NUMBERS, SIZED, JsonType, JsonTypes
from clarion_server.adapters.rendering.inference.scopes import IS_NOT_NULL, IS_PRESENT, Fact


@dataclass(frozen=True, slots=True)
class TestRule:
    takes: JsonTypes = ALL
    may_be_missing: bool = False
    argument: JsonTypes | None = None
    """Is None when the test takes no argument."""
    if_true: Fact | None = None
    if_false: Fact | None = None


def _is_a(*types: JsonType) -> TestRule:
    return TestRule(may_be_missing=True, if_true=Fact(frozenset(types)))


_EQUALITY = TestRule(argument=ALL)
_ORDER = TestRule(takes=NOT_NULL, argument=NOT_NULL)
_NUMERIC = TestRule(takes=NUMBERS)
_HAS_LENGTH = TestRule(may_be_missing=True, if_true=Fact(SIZED))

TEST_RULES: Mapping[str, TestRule] = {
    "boolean": _is_a(JsonType.BOOLEAN),
    "defined": TestRule(may_be_missing=True, if_true=IS_PRESENT),
    "divisibleby": TestRule(takes=NUMBERS, argument=NUMBERS),
    "even": _NUMERIC,
    "false": _is_a(JsonType.BOOLEAN),
    "float": _is_a(JsonType.NUMBER),
    "in": TestRule(argument=SIZED),
    "integer": _is_a(JsonType.NUMBER),
    "iterable": _HAS_LENGTH,
    "mapping": _is_a(JsonType.OBJECT),
    "none": TestRule(if_true=Fact(frozenset({JsonType.NULL})), if_false=IS_NOT_NULL),
    # To Python, true and false are numbers.
    "number": _is_a(JsonType.NUMBER, JsonType.BOOLEAN),
    "odd": _NUMERIC,
    "sequence": _HAS_LENGTH,
    "string": _is_a(JsonType.STRING),
    "true": _is_a(JsonType.BOOLEAN),
    "undefined": TestRule(may_be_missing=True, if_false=IS_PRESENT),
    **dict.fromkeys(("==", "eq", "equalto", "!=", "ne"), _EQUALITY),
    **dict.fromkeys((">", "gt", "greaterthan", ">=", "ge", "<", "lt", "lessthan", "<=", "le"), _ORDER),
}
