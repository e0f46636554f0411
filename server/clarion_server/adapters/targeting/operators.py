"""Says what the operators and functions of rules take and give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from clarion_server.adapters.targeting.value_types import (
    ANYTHING,
    BOOLS,
    LISTS,
    MAPS,
    NUMBERS,
    TEXTS,
    CelType,
    CelTypes,
)

#: Are the functions of the syntax tree for `&&`, `||`, `!`, `?:` and `in`.
AND, OR, NOT, CHOICE, IN = "_&&_", "_||_", "!_", "_?_:_", "@in"

_INT: CelTypes = frozenset({CelType.INT})
_DOUBLE: CelTypes = frozenset({CelType.DOUBLE})
_NULL: CelTypes = frozenset({CelType.NULL})
_OTHER: CelTypes = frozenset({CelType.OTHER})
_ORDERED: CelTypes = NUMBERS | TEXTS | BOOLS | _OTHER
_SUMS: CelTypes = NUMBERS | TEXTS | LISTS | _OTHER

#: By the kinds of constants.
CONSTANTS: Mapping[str, CelTypes] = {
    "null": _NULL,
    "bool": BOOLS,
    "int": _INT,
    "uint": _INT,
    "double": _DOUBLE,
    "text": TEXTS,
    "bytes": _OTHER,
}


class Operator(NamedTuple):
    operands: tuple[CelTypes, ...]
    """Holds the types of the operands. The value that an operator is written behind comes first."""
    result: CelTypes
    words: str
    """Is what a message calls it."""
    takes_alike: bool = False
    """Says whether its operands must be of one type; numbers are of one."""


OPERATORS: Mapping[str, Operator] = {
    "!_": Operator((BOOLS,), BOOLS, "`!`"),
    "-_": Operator((NUMBERS,), NUMBERS, "`-`"),
    **{f"_{sign}_": Operator((ANYTHING, ANYTHING), BOOLS, f"`{sign}`", takes_alike=True) for sign in ("==", "!=")},
    **{
        f"_{sign}_": Operator((_ORDERED, _ORDERED), BOOLS, f"`{sign}`", takes_alike=True)
        for sign in ("<", "<=", ">", ">=")
    },
    "_+_": Operator((_SUMS, _SUMS), _SUMS, "`+`", takes_alike=True),
    **{
        f"_{sign}_": Operator((NUMBERS | _OTHER, NUMBERS | _OTHER), NUMBERS | _OTHER, f"`{sign}`")
        for sign in ("-", "*", "/")
    },
    "_%_": Operator((_INT, _INT), _INT, "`%`"),
    "@in": Operator((ANYTHING, LISTS | MAPS), BOOLS, "`in`"),
    **{
        name: Operator((TEXTS, TEXTS), BOOLS, f"`{name}`") for name in ("startsWith", "endsWith", "contains", "matches")
    },
    "size": Operator((TEXTS | LISTS | MAPS | _OTHER,), _INT, "`size`"),
    "int": Operator((NUMBERS | TEXTS | _OTHER,), _INT, "`int`"),
    "double": Operator((NUMBERS | TEXTS,), _DOUBLE, "`double`"),
    "string": Operator((NUMBERS | TEXTS | BOOLS | _OTHER,), TEXTS, "`string`"),
    "timestamp": Operator((TEXTS | _OTHER | _INT,), _OTHER, "`timestamp`"),
    "duration": Operator((TEXTS | _OTHER,), _OTHER, "`duration`"),
    "@not_strictly_false": Operator((ANYTHING,), BOOLS, "a loop"),
    **{
        name: Operator((_OTHER,), _INT, f"`{name}`")
        for name in (
            "getFullYear",
            "getMonth",
            "getDate",
            "getDayOfMonth",
            "getDayOfWeek",
            "getDayOfYear",
            "getHours",
            "getMinutes",
            "getSeconds",
            "getMilliseconds",
        )
    },
}
