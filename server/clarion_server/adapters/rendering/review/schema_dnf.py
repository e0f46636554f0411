"""JSON Schemas taken apart: a value that passes one has passed every schema of at least one of its alternatives.

Everything here errs towards knowing less: keywords that are not understood are left out, which only makes more values
possible, so that what review promises holds for every context the validator lets through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import product
from typing import Any

from jsonschema_rs import Draft202012Validator

from clarion_server.adapters.rendering.review.json_types import ALL, Kind, Kinds, Schema, kinds_of
from clarion_server.adapters.rendering.schema_rules import validator

Conjunction = tuple[Schema, ...]
"""Schemas that hold at once, with `allOf`, `anyOf`, `oneOf` and `if` already taken apart."""
Alternatives = tuple[Conjunction, ...]

ANYTHING: Alternatives = ((),)
NOTHING: Alternatives = ()

_MOST_ALTERNATIVES = 64


def alternatives(schema: Any) -> Alternatives:
    """Of a schema without references."""
    if schema is False:
        return NOTHING
    if schema is True:
        return ANYTHING
    result: Alternatives = ((schema,),) if kinds_of(schema) else NOTHING
    for member in schema.get("allOf", ()):
        result = both(result, alternatives(member))
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            result = both(result, either(alternatives(member) for member in schema[keyword]))
    if "if" in schema:
        result = both(result, _branches(schema))
    # Too many to follow: what the schema says itself is true of all of them.
    return result if len(result) <= _MOST_ALTERNATIVES else ((schema,),)


def _branches(schema: Schema) -> Alternatives:
    passed = both(alternatives(schema["if"]), alternatives(schema.get("then", True)))
    return either([passed, alternatives(schema.get("else", True))])


def both(left: Alternatives, right: Alternatives) -> Alternatives:
    if len(left) * len(right) > _MOST_ALTERNATIVES:
        return left
    merged = ((*first, *second) for first, second in product(left, right))
    return tuple(conjunction for conjunction in merged if kinds(conjunction))


def either(several: Iterable[Alternatives]) -> Alternatives:
    result = tuple(dict.fromkeys(_Identity(c) for options in several for c in options))
    return tuple(identity.conjunction for identity in result) if len(result) <= _MOST_ALTERNATIVES else ANYTHING


class _Identity:
    """A conjunction by the identity of its schemas, which are dictionaries and cannot be hashed."""

    __slots__ = ("_ids", "conjunction")

    def __init__(self, conjunction: Conjunction) -> None:
        self.conjunction = conjunction
        self._ids = tuple(map(id, conjunction))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and self._ids == other._ids

    def __hash__(self) -> int:
        return hash(self._ids)


def kinds(conjunction: Conjunction) -> Kinds:
    result = ALL
    for schema in conjunction:
        result &= kinds_of(schema)
    return result


def requires(conjunction: Conjunction, name: str) -> bool:
    """Whether the member is there for certain."""
    is_required = any(name in schema.get("required", ()) for schema in conjunction)
    return is_required and kinds(conjunction) == {Kind.OBJECT}


def knows(conjunction: Conjunction, name: str) -> bool:
    """Whether the schemas speak of the member; an object of which they say nothing at all may have any."""
    if not any(_speaks_of_members(schema) for schema in conjunction):
        return Kind.OBJECT in kinds(conjunction)
    return any(
        name in schema.get("required", ()) or next(_named(schema, name), None) is not None or _opens(schema)
        for schema in conjunction
    )


def names(conjunction: Conjunction) -> Iterator[str]:
    for schema in conjunction:
        yield from schema.get("properties", ())


def member(conjunction: Conjunction, name: str) -> Alternatives:
    """What the member is when it is there."""
    if Kind.OBJECT not in kinds(conjunction):
        return NOTHING
    return _all(found for schema in conjunction for found in _member_schemas(schema, name))


def any_member(conjunction: Conjunction) -> Alternatives:
    """What any of the object's values is."""
    if Kind.OBJECT not in kinds(conjunction):
        return NOTHING
    return _all({"anyOf": list(_value_schemas(schema))} for schema in conjunction)


def entry(conjunction: Conjunction, index: int) -> Alternatives:
    """What the list's entry at an index is when it is there. Below zero it is counted from the end."""
    if Kind.ARRAY not in kinds(conjunction):
        return NOTHING
    if index < 0:
        return any_entry(conjunction)
    return _all(_entry_schema(schema, index) for schema in conjunction)


def any_entry(conjunction: Conjunction) -> Alternatives:
    if Kind.ARRAY not in kinds(conjunction):
        return NOTHING
    return _all({"anyOf": [*schema.get("prefixItems", ()), schema.get("items", True)]} for schema in conjunction)


def least_length(conjunction: Conjunction) -> int:
    return int(max((schema.get("minItems", 0) for schema in conjunction), default=0))


def most_length(conjunction: Conjunction) -> float:
    limits = [schema["maxItems"] for schema in conjunction if "maxItems" in schema]
    closed = [len(schema.get("prefixItems", ())) for schema in conjunction if schema.get("items") is False]
    return min([*limits, *closed], default=float("inf"))


def _all(schemas: Iterable[Any]) -> Alternatives:
    result = ANYTHING
    for schema in schemas:
        result = both(result, alternatives(schema))
    return result


def _speaks_of_members(schema: Schema) -> bool:
    return any(keyword in schema for keyword in ("properties", "patternProperties", "additionalProperties", "required"))


def _opens(schema: Schema) -> bool:
    return isinstance(schema.get("additionalProperties"), dict) or schema.get("additionalProperties") is True


def _named(schema: Schema, name: str) -> Iterator[Any]:
    """The schemas of `properties` and `patternProperties` for the name."""
    if name in schema.get("properties", {}):
        yield schema["properties"][name]
    for pattern, found in schema.get("patternProperties", {}).items():
        if _matcher(pattern).is_valid(name):
            yield found


def _member_schemas(schema: Schema, name: str) -> Iterator[Any]:
    found = list(_named(schema, name))
    yield from found or [schema.get("additionalProperties", True)]


def _value_schemas(schema: Schema) -> Iterator[Any]:
    yield from schema.get("properties", {}).values()
    yield from schema.get("patternProperties", {}).values()
    yield schema.get("additionalProperties", True)


def _entry_schema(schema: Schema, index: int) -> Any:
    prefix = schema.get("prefixItems", ())
    return prefix[index] if index < len(prefix) else schema.get("items", True)


@lru_cache(maxsize=256)
def _matcher(pattern: str) -> Draft202012Validator:
    """The validator's own engine: it agrees with the check of contexts, and no pattern can make it slow."""
    return validator({"pattern": pattern})
