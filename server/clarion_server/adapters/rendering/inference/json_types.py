"""Defines the types of JSON values, and says which of them one schema allows."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from clarion_server.adapters.rendering.inference.effort import once_per_schema, spend

Schema = Mapping[str, Any]


class JsonType(Enum):
    """Is a type, with its keyword in a schema and its word for people."""

    STRING = ("string", "a text")
    NUMBER = ("number", "a number")
    BOOLEAN = ("boolean", "true or false")
    ARRAY = ("array", "a list")
    OBJECT = ("object", "an object")
    NULL = ("null", "null")

    @property
    def keyword(self) -> str:
        return self.value[0]

    @property
    def words(self) -> str:
        return self.value[1]


JsonTypes = frozenset[JsonType]

ALL: JsonTypes = frozenset(JsonType)
NOT_NULL: JsonTypes = ALL - {JsonType.NULL}
STRINGS: JsonTypes = frozenset({JsonType.STRING})
NUMBERS: JsonTypes = frozenset({JsonType.NUMBER})
SCALARS: JsonTypes = STRINGS | NUMBERS | {JsonType.BOOLEAN}
COMPARABLE: JsonTypes = STRINGS | NUMBERS
ARRAYS: JsonTypes = frozenset({JsonType.ARRAY})
OBJECTS: JsonTypes = frozenset({JsonType.OBJECT})
CONTAINERS: JsonTypes = ARRAYS | OBJECTS
SEQUENCES: JsonTypes = ARRAYS | STRINGS
SIZED: JsonTypes = CONTAINERS | STRINGS

_BY_KEYWORD = {json_type.keyword: json_type for json_type in JsonType} | {"integer": JsonType.NUMBER}
_BY_CLASS: Mapping[type, JsonType] = {
    bool: JsonType.BOOLEAN,
    dict: JsonType.OBJECT,
    float: JsonType.NUMBER,
    int: JsonType.NUMBER,
    list: JsonType.ARRAY,
    str: JsonType.STRING,
    type(None): JsonType.NULL,
}


def in_words(types: JsonTypes) -> str:
    """Returns `a text or null`, in a fixed order."""
    return " or ".join(json_type.words for json_type in JsonType if json_type in types)


def keywords(types: JsonTypes) -> list[str]:
    return [json_type.keyword for json_type in JsonType if json_type in types]


def type_of_constant(constant: object) -> JsonType:
    return _BY_CLASS[type(constant)]


@once_per_schema
def types_of_schema(schema: Schema) -> JsonTypes:
    """Returns the types that `type`, `const` and `enum` leave. Whatever else the schema says can only leave fewer."""
    types = ALL
    if "type" in schema:
        names = schema["type"]
        types &= {_BY_KEYWORD[name] for name in ([names] if isinstance(names, str) else names)}
    if "const" in schema:
        types &= {type_of_constant(schema["const"])}
    if "enum" in schema:
        spend(len(schema["enum"]))
        types &= {type_of_constant(constant) for constant in schema["enum"]}
    return types
