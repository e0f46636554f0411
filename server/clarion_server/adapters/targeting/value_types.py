"""The types of values in rules, as far as review knows them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from clarion_server.adapters.rendering.inference.abstract_values import AbstractValue
from clarion_server.adapters.rendering.inference.json_types import JsonType, JsonTypes


class CelType(Enum):
    """Is a type, with its words for people."""

    NULL = "null"
    BOOL = "true or false"
    INT = "a whole number"
    DOUBLE = "a number"
    TEXT = "a text"
    LIST = "a list"
    MAP = "an object"
    OTHER = "a value of another type"


CelTypes = frozenset[CelType]

ANYTHING: CelTypes = frozenset(CelType)
BOOLS: CelTypes = frozenset({CelType.BOOL})
NUMBERS: CelTypes = frozenset({CelType.INT, CelType.DOUBLE})
TEXTS: CelTypes = frozenset({CelType.TEXT})
LISTS: CelTypes = frozenset({CelType.LIST})
MAPS: CelTypes = frozenset({CelType.MAP})
#: All numbers of data are doubles.
_OF_JSON = {
    JsonType.STRING: CelType.TEXT,
    JsonType.NUMBER: CelType.DOUBLE,
    JsonType.BOOLEAN: CelType.BOOL,
    JsonType.ARRAY: CelType.LIST,
    JsonType.OBJECT: CelType.MAP,
    JsonType.NULL: CelType.NULL,
}
DATA: CelTypes = frozenset(_OF_JSON.values())


@dataclass(frozen=True, slots=True)
class TypedValue:
    """Is what is known of the value of a part of a rule."""

    types: CelTypes
    is_promised: bool = True
    """Says whether it certainly is of one of the types. Nobody promises what the attributes of profiles are."""
    data: AbstractValue | None = None
    """Is the value of the context or of the profile that it is; None for a computed value."""


UNKNOWN = TypedValue(ANYTHING, is_promised=False)


def typed(data: AbstractValue) -> TypedValue:
    """Returns a value of the context or of the profile."""
    promised = data.promised_types
    if not promised:
        return TypedValue(DATA, is_promised=False, data=data)
    return TypedValue(_of_json(promised), data=data)


def _of_json(types: JsonTypes) -> CelTypes:
    return frozenset(_OF_JSON[each] for each in types)


def in_words(types: CelTypes) -> str:
    """Returns `a text or null`, in a fixed order."""
    return " or ".join(each.value for each in CelType if each in types)
