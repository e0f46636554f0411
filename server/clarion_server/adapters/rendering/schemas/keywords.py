"""Compares the keywords of two JSON Schemas that need no look into the schemas within (2020-12, validation)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from clarion_server.domain.campaigns.schema_difference import SchemaEffect

Schema = Mapping[str, Any]
Change = tuple[SchemaEffect, str]

_REFUSES, _ACCEPTS = SchemaEffect.REFUSES_MORE, SchemaEffect.ACCEPTS_MORE

#: Keywords that refuse nothing.
ANNOTATIONS = frozenset(
    {"$comment", "$defs", "$id", "$schema", "contentEncoding", "contentMediaType", "contentSchema", "default"}
    | {"definitions", "deprecated", "description", "examples", "readOnly", "title", "writeOnly"}
)

_ALL_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_NAMES_OF_TYPES: Mapping[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}
#: Bounds, with the type that they are about.
_LOWER = {"exclusiveMinimum": "number", "minItems": "array", "minLength": "string", "minProperties": "object"}
_LOWER["minimum"] = "number"
_UPPER = {"exclusiveMaximum": "number", "maxItems": "array", "maxLength": "string", "maxProperties": "object"}
_UPPER["maximum"] = "number"
#: Keywords that each refuse on their own: without one nothing is refused, and two values of one are not compared.
_ALONE = {"format": "string", "multipleOf": "number", "pattern": "string", "uniqueItems": "array"}
#: Keywords whose effect depends on others of their group.
_GROUPS = (
    ("if", "then", "else"),
    ("contains", "minContains", "maxContains"),
    ("patternProperties",),
    ("prefixItems",),
    ("dependentRequired",),
    ("dependentSchemas",),
    ("propertyNames",),
    ("not",),
    ("oneOf",),
)


def same(before: Any, after: Any) -> bool:
    """Returns whether two values are the same JSON. Python compares true and 1 as equal."""
    return _key(before) == _key(after)


def types_of(schema: Schema) -> frozenset[str]:
    """Returns the types that a schema may take. A number that may be any includes the integer."""
    if "type" in schema:
        given = schema["type"]
        types = frozenset([given] if isinstance(given, str) else given)
    elif (values := _values(schema)) is not None:
        types = frozenset(_NAMES_OF_TYPES[type(json.loads(value))] for value in values)
    else:
        types = _ALL_TYPES
    return types | {"integer"} if "number" in types else types


def compare_values(before: Schema, after: Schema) -> Iterator[Change]:
    """Compares types, `enum` and `const`."""
    earlier, later = types_of(before), types_of(after)
    if earlier - later:
        yield _REFUSES, f"It may no longer be {_listed(earlier - later)}."
    if later - earlier:
        yield _ACCEPTS, f"It may be {_listed(later - earlier)} too."
    old, new = _values(before), _values(after)
    if new is not None and (old is None or old - new):
        gone = "another value than the listed ones" if old is None else _listed(old - new)
        yield _REFUSES, f"It may no longer be {gone}."
    if old is not None and (new is None or new - old):
        more = "another value than the listed ones" if new is None else _listed(new - old)
        yield _ACCEPTS, f"It may be {more} too."


def compare_assertions(before: Schema, after: Schema) -> Iterator[Change]:
    """Compares bounds and the other keywords that refuse by themselves."""
    types = types_of(before) & types_of(after)
    for keyword, about in (*_LOWER.items(), *_UPPER.items()):
        if about in types or (about == "number" and "integer" in types):
            yield from _compare_bound(keyword, before.get(keyword), after.get(keyword), is_lower=keyword in _LOWER)
    for keyword, about in _ALONE.items():
        if about in types or (about == "number" and "integer" in types):
            yield from _compare_alone(keyword, before.get(keyword, False), after.get(keyword, False))


def compare_alternatives(before: Schema, after: Schema) -> Iterator[Change]:
    """Compares keywords that hold schemas, of which only equal ones are known to mean the same."""
    for group in _GROUPS:
        earlier, later = ({word: schema[word] for word in group if word in schema} for schema in (before, after))
        if same(earlier, later):
            continue
        is_gone = not later and group[0] not in {"patternProperties", "prefixItems"}
        words = " and ".join(f"`{word}`" for word in group if word in earlier or word in later)
        yield (_ACCEPTS, f"{words} is gone.") if is_gone else (_REFUSES, f"{words} has changed.")
    yield from _compare_members("anyOf", before, after, more=_ACCEPTS, fewer=_REFUSES)
    yield from _compare_members("allOf", before, after, more=_REFUSES, fewer=_ACCEPTS)


def _compare_members(
    keyword: str, before: Schema, after: Schema, *, more: SchemaEffect, fewer: SchemaEffect
) -> Iterator[Change]:
    earlier, later = (set(map(_key, schema.get(keyword, ()))) for schema in (before, after))
    if keyword == "anyOf" and bool(earlier) != bool(later):
        # Without the keyword anything passes.
        yield (_ACCEPTS, "`anyOf` is gone.") if earlier else (_REFUSES, "`anyOf` is new.")
        return
    if later - earlier:
        yield more, f"`{keyword}` has a new or changed member."
    if earlier - later:
        yield fewer, f"`{keyword}` has lost or changed a member."


def _compare_bound(keyword: str, before: float | None, after: float | None, *, is_lower: bool) -> Iterator[Change]:
    if keyword in {"minItems", "minLength", "minProperties"}:
        before, after = before or 0, after or 0
    if before == after:
        return
    is_narrower = before is None or (after is not None and (after > before) == is_lower)
    if after is None:
        text = f"`{keyword}` {before} is gone."
    else:
        text = f"`{keyword}` is {after}." if before is None else f"`{keyword}` is {after} instead of {before}."
    yield (_REFUSES if is_narrower else _ACCEPTS), text


def _compare_alone(keyword: str, before: Any, after: Any) -> Iterator[Change]:
    if same(before, after):
        return
    if after is False:
        yield _ACCEPTS, f"`{keyword}` {_key(before)} is gone."
    elif keyword == "multipleOf" and before is not False and before % after == 0:
        yield _ACCEPTS, f"`{keyword}` is {after} instead of {before}."
    else:
        yield (
            _REFUSES,
            f"`{keyword}` is {_key(after)}" + (" now." if before is False else f" instead of {_key(before)}."),
        )


def _values(schema: Schema) -> frozenset[str] | None:
    """Returns the values that `enum` and `const` list, as JSON; None without either."""
    listed = [frozenset(map(_key, schema["enum"]))] if "enum" in schema else []
    if "const" in schema:
        listed.append(frozenset([_key(schema["const"])]))
    return frozenset.intersection(*listed) if listed else None


def _key(value: Any) -> str:
    return json.dumps(_whole(value), sort_keys=True, ensure_ascii=False)


def _whole(value: Any) -> Any:
    """Returns a value in which whole numbers are integers: JSON Schema makes no difference between 1 and 1.0."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {name: _whole(item) for name, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list | tuple) else value


def _listed(words: frozenset[str]) -> str:
    most = 5
    shown = sorted(words)
    return " or ".join(shown[:most]) + (" or one of others" if len(shown) > most else "")
