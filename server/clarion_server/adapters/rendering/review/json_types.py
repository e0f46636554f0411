"""The kinds of JSON values, and which of them one schema allows."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from clarion_server.adapters.rendering.review.effort import once_per_schema, spend

Schema = Mapping[str, Any]


class Kind(Enum):
    """A JSON type, by its keyword in a schema and its word for people."""

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


Kinds = frozenset[Kind]

ALL: Kinds = frozenset(Kind)
SCALARS: Kinds = frozenset({Kind.STRING, Kind.NUMBER, Kind.BOOLEAN})
LISTS: Kinds = frozenset({Kind.ARRAY, Kind.OBJECT})
NUMERIC: Kinds = frozenset({Kind.NUMBER})
TEXT: Kinds = frozenset({Kind.STRING})
SIZED: Kinds = LISTS | TEXT
COMPARABLE: Kinds = NUMERIC | TEXT

_BY_KEYWORD = {kind.keyword: kind for kind in Kind} | {"integer": Kind.NUMBER}
_BY_TYPE: Mapping[type, Kind] = {
    bool: Kind.BOOLEAN,
    dict: Kind.OBJECT,
    float: Kind.NUMBER,
    int: Kind.NUMBER,
    list: Kind.ARRAY,
    str: Kind.STRING,
    type(None): Kind.NULL,
}


def in_words(kinds: Kinds) -> str:
    """`a text or null`, in a fixed order."""
    return " or ".join(kind.words for kind in Kind if kind in kinds)


def keywords(kinds: Kinds) -> list[str]:
    return [kind.keyword for kind in Kind if kind in kinds]


def kind_of(value: object) -> Kind:
    return _BY_TYPE[type(value)]


@once_per_schema
def kinds_of(schema: Schema) -> Kinds:
    """Returns what `type`, `const` and `enum` leave. Whatever else the schema says can only leave less."""
    kinds = ALL
    if "type" in schema:
        names = schema["type"]
        kinds &= {_BY_KEYWORD[name] for name in ([names] if isinstance(names, str) else names)}
    if "const" in schema:
        kinds &= {kind_of(schema["const"])}
    if "enum" in schema:
        spend(len(schema["enum"]))
        kinds &= {kind_of(value) for value in schema["enum"]}
    return kinds
