"""Brings JSON Schemas into disjunctive normal form: a value that passes one passes every schema of one of its
alternatives.

Everything here errs towards knowing less: keywords that are not understood are left out, which only makes more values
possible, so that what review promises holds for every context the validator accepts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

from jsonschema_rs import Draft202012Validator

from clarion_server.adapters.rendering.inference.effort import once_per_schema, spend
from clarion_server.adapters.rendering.inference.json_types import (
    ALL,
    OBJECTS,
    JsonType,
    JsonTypes,
    Schema,
    types_of_schema,
)
from clarion_server.adapters.rendering.schemas.rules import validator

#: Holds schemas that must be met at once, with `allOf`, `anyOf`, `oneOf` and `if` already taken apart.
Conjunction = tuple[Schema, ...]
Alternatives = tuple[Conjunction, ...]

ANYTHING: Alternatives = ((),)
NOTHING: Alternatives = ()

_MOST_ALTERNATIVES = 64
_COMBINES_ONLY = frozenset({"allOf", "anyOf", "oneOf"})


@once_per_schema
def alternatives(schema: Any) -> Alternatives:
    """Returns the alternatives of a schema without references."""
    if schema is False:
        return NOTHING
    if schema is True:
        return ANYTHING
    own = _own_alternatives(schema)
    result = own
    for member in schema.get("allOf", ()):
        result = both(result, alternatives(member))
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            result = both(result, either(alternatives(member) for member in schema[keyword]))
    if "if" in schema:
        result = both(result, _branches(schema))
    # Too many to follow: what the schema says itself is true of all of them.
    return result if len(result) <= _MOST_ALTERNATIVES else own


def _own_alternatives(schema: Schema) -> Alternatives:
    """Returns what a schema says beside its combinations. One that only combines others says nothing itself."""
    spend(1)
    if schema.keys() <= _COMBINES_ONLY:
        return ANYTHING
    return ((schema,),) if types_of_schema(schema) else NOTHING


def _branches(schema: Schema) -> Alternatives:
    passed = both(alternatives(schema["if"]), alternatives(schema.get("then", True)))
    return either([passed, alternatives(schema.get("else", True))])


def both(left: Alternatives, right: Alternatives) -> Alternatives:
    """Returns the alternatives of values that pass one of the left ones and one of the right ones."""
    if len(left) * len(right) > _MOST_ALTERNATIVES:
        return left
    merged = (_merged(first, second) for first, second in product(left, right))
    return tuple(conjunction for conjunction in merged if types(conjunction))


def _merged(first: Conjunction, second: Conjunction) -> Conjunction:
    spend(len(first) + len(second))
    known = set(map(id, first))
    return (*first, *(schema for schema in second if id(schema) not in known))


def either(several: Iterable[Alternatives]) -> Alternatives:
    """Returns the alternatives of all together, each once: schemas are told apart by their identity."""
    result: dict[tuple[int, ...], Conjunction] = {}
    for conjunction in (each for options in several for each in options):
        spend(1 + len(conjunction))
        result[tuple(map(id, conjunction))] = conjunction
        if len(result) > _MOST_ALTERNATIVES:
            return ANYTHING
    return tuple(result.values())


def types(conjunction: Conjunction) -> JsonTypes:
    spend(len(conjunction))
    result = ALL
    for schema in conjunction:
        result &= types_of_schema(schema)
    return result


def requires(conjunction: Conjunction, name: str) -> bool:
    """Returns whether the member is certainly present."""
    is_required = any(name in _required(schema) for schema in conjunction)
    return is_required and types(conjunction) == OBJECTS


def mentions(conjunction: Conjunction, name: str) -> bool:
    """Returns whether the schemas describe the member. An object of which they describe no member may have any."""
    if not any(_describes_members(schema) for schema in conjunction):
        return JsonType.OBJECT in types(conjunction)
    return any(
        name in _required(schema) or next(_named(schema, name), None) is not None or _allows_others(schema)
        for schema in conjunction
    )


def member_names(conjunction: Conjunction) -> Iterator[str]:
    for schema in conjunction:
        spend(len(schema.get("properties", ())))
        yield from schema.get("properties", ())


def member(conjunction: Conjunction, name: str) -> Alternatives:
    """Returns what the member is when it is present."""
    if JsonType.OBJECT not in types(conjunction):
        return NOTHING
    return _all(alternatives(found) for schema in conjunction for found in _member_schemas(schema, name))


def any_member(conjunction: Conjunction) -> Alternatives:
    """Returns what any of the object's values is."""
    if JsonType.OBJECT not in types(conjunction):
        return NOTHING
    return _all(map(_any_value, conjunction))


def entry(conjunction: Conjunction, index: int) -> Alternatives:
    """Returns what the list's entry at an index is when it is present; negative indexes count from the end."""
    if JsonType.ARRAY not in types(conjunction):
        return NOTHING
    if index < 0:
        return any_entry(conjunction)
    return _all(alternatives(_entry_schema(schema, index)) for schema in conjunction)


def any_entry(conjunction: Conjunction) -> Alternatives:
    """Returns what any of the list's entries is."""
    if JsonType.ARRAY not in types(conjunction):
        return NOTHING
    return _all(map(_any_item, conjunction))


def least_length(conjunction: Conjunction) -> int:
    return int(max((schema.get("minItems", 0) for schema in conjunction), default=0))


def most_length(conjunction: Conjunction) -> float:
    limits = [schema["maxItems"] for schema in conjunction if "maxItems" in schema]
    closed = [len(schema.get("prefixItems", ())) for schema in conjunction if schema.get("items") is False]
    return min([*limits, *closed], default=float("inf"))


def _all(several: Iterable[Alternatives]) -> Alternatives:
    result = ANYTHING
    for options in several:
        result = both(result, options)
    return result


def _describes_members(schema: Schema) -> bool:
    return any(keyword in schema for keyword in ("properties", "patternProperties", "additionalProperties", "required"))


def _allows_others(schema: Schema) -> bool:
    return isinstance(schema.get("additionalProperties"), dict) or schema.get("additionalProperties") is True


def _named(schema: Schema, name: str) -> Iterator[Any]:
    """Yields the schemas of `properties` and `patternProperties` for the name."""
    if name in schema.get("properties", {}):
        yield schema["properties"][name]
    for pattern, found in _patterns(schema):
        spend(_STEPS_OF_A_MATCH)
        if pattern.is_valid(name):
            yield found


_STEPS_OF_A_MATCH = 1
_STEPS_OF_A_PATTERN = 100


@once_per_schema
def _patterns(schema: Schema) -> list[tuple[Draft202012Validator, Any]]:
    """Returns the validator's own engine for each pattern: it agrees with the check of contexts, and is never slow."""
    patterns = schema.get("patternProperties", {})
    spend(_STEPS_OF_A_PATTERN * len(patterns))
    return [(validator({"pattern": pattern}), found) for pattern, found in patterns.items()]


def _member_schemas(schema: Schema, name: str) -> Iterator[Any]:
    found = list(_named(schema, name))
    yield from found or [schema.get("additionalProperties", True)]


@once_per_schema
def _any_value(schema: Schema) -> Alternatives:
    return either(map(alternatives, _value_schemas(schema)))


def _value_schemas(schema: Schema) -> Iterator[Any]:
    yield from schema.get("properties", {}).values()
    yield from schema.get("patternProperties", {}).values()
    yield schema.get("additionalProperties", True)


@once_per_schema
def _any_item(schema: Schema) -> Alternatives:
    return either(map(alternatives, [*schema.get("prefixItems", ()), schema.get("items", True)]))


def _entry_schema(schema: Schema, index: int) -> Any:
    prefix = schema.get("prefixItems", ())
    return prefix[index] if index < len(prefix) else schema.get("items", True)


@once_per_schema
def _required(schema: Schema) -> frozenset[str]:
    required = schema.get("required", ())
    spend(len(required))
    return frozenset(required)
