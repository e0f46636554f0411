"""What a context schema costs: the memory of its patterns, and the time of a check.

A check runs on the event loop, so its time is bounded before it begins: each place of the schema has a price, and the
values of the context pay at the places that they come to. Prices are nanoseconds, as measured with jsonschema-rs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError

from clarion_server.adapters.rendering.schema_tree import Path, children, everywhere

#: The largest context of a trigger (200 KiB of JSON) holds at most so many values and characters.
_MOST_VALUES = 100_000
_MOST_CHARS = 200_000

_KEYWORD = 10
_COUNTED = dict.fromkeys(("dependentRequired", "dependentSchemas", "patternProperties", "required"), 8)
_CONST = 130
_ENUM = 1_200
"""Of one number in it; texts are found at once."""
_MULTIPLE_OF = 1_500
_MULTIPLE_OF_FRACTION = 10_000
_OTHERS = {"format": 400, "pattern": 60}
_CHAR = 0.4 / 1024
"""Of a text, for each byte of a pattern that it is matched with."""

#: The validator copies a value into each of its errors: so many values or characters take as long as an error itself.
_VALUES_OF_AN_ERROR = 50
_CHARS_OF_A_VALUE = 40

_PATTERN_SIZES = (4 * 1024, 64 * 1024, 512 * 1024, 2 * 1024 * 1024, 8 * 1024 * 1024)
_IN_PLACE = frozenset({"allOf", "anyOf", "dependentSchemas", "else", "if", "not", "oneOf", "then"})
_ALTERNATIVES = frozenset({"anyOf", "contains", "if", "not", "oneOf", "unevaluatedItems", "unevaluatedProperties"})
_OF_ENTRIES = frozenset({"contains", "items", "prefixItems", "unevaluatedItems"})


@dataclass(frozen=True, slots=True)
class SchemaPlace:
    """The parts of a schema that apply to the same values, with the places for what those values hold."""

    value_price: float
    char_price: float
    members: Mapping[str, SchemaPlace]
    any_member: SchemaPlace | None
    entry: SchemaPlace | None

    def time_left(self, value: Any, left: float) -> float:
        """Returns what is left of a time after the check of a value; less than 0 when it does not suffice."""
        left -= self.value_price
        if isinstance(value, str):
            return left - self.char_price * len(value)
        for place, part in self._parts(value):
            if left < 0:
                break
            left = place.time_left(part, left)
        return left

    def places_of(self, name: str | None) -> list[SchemaPlace]:
        """Returns the places that a member comes to, or an entry where the name is None."""
        places = [self.entry] if name is None else [self.members.get(name), self.any_member]
        return [place for place in places if place is not None]

    def _parts(self, value: Any) -> Iterator[tuple[SchemaPlace, Any]]:
        if isinstance(value, list):
            yield from ((place, entry) for entry in value for place in self.places_of(None))
        elif isinstance(value, Mapping):
            yield from ((place, member) for name, member in value.items() for place in self.places_of(name))

    def errors(self, value: Any) -> float:
        """Returns the price of the errors that a value may have, counted in errors of a small value."""
        return _errors([self], value)[1]


def _errors(places: list[SchemaPlace], value: Any) -> tuple[float, float]:
    """Returns the size of a value, which each of its errors copies, and the price of all errors in it."""
    size, price = 1.0 + (len(value) / _CHARS_OF_A_VALUE if isinstance(value, str) else 0), 0.0
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    keys = value if isinstance(value, Mapping) else [None] * len(inner)
    for key, part in zip(keys, inner, strict=True):
        part_size, part_price = _errors([each for place in places for each in place.places_of(key)], part)
        size, price = size + part_size, price + part_price
    return size, price + sum(place.value_price for place in places) / _KEYWORD * (1 + size / _VALUES_OF_AN_ERROR)


def place_of(schema: Mapping[str, Any]) -> SchemaPlace:
    """Returns the root of a schema without references."""
    return _place([schema])


def time_of_largest(place: SchemaPlace) -> float:
    """Returns how long a check takes at most, if all values of the largest context came to the dearest place."""
    value_price, char_price = _dearest(place)
    return value_price * _MOST_VALUES + char_price * _MOST_CHARS


def _dearest(place: SchemaPlace | None) -> tuple[float, float]:
    if place is None:
        return 0, 0
    inner = [_dearest(each) for each in (*place.members.values(), place.entry)]
    value_prices, char_prices = zip(*inner, strict=True)
    any_value, any_char = _dearest(place.any_member)
    return (
        max(place.value_price, max(value_prices) + any_value),
        max(place.char_price, max(char_prices) + any_char),
    )


def _place(group: list[Any]) -> SchemaPlace:
    parts, named, others, entries = list(group), defaultdict[Any, list[Any]](list), list[Any](), list[Any]()
    # The list grows while it is walked through.
    for part in parts:
        for path, child in children(part):
            if path[0] in _IN_PLACE:
                parts.append(child)
            elif path[0] == "properties":
                named[path[1]].append(child)
            else:
                (entries if path[0] in _OF_ENTRIES else others).append(child)
    return SchemaPlace(
        sum(map(_value_price, parts)),
        sum(map(_char_price, parts)),
        {name: _place(inner) for name, inner in named.items()},
        _place(others) if others else None,
        _place(entries) if entries else None,
    )


def _value_price(schema: Any) -> int:
    if not isinstance(schema, Mapping):
        return _KEYWORD
    return sum(_KEYWORD + _keyword_price(keyword, value) for keyword, value in schema.items())


def _keyword_price(keyword: str, value: Any) -> int:
    if keyword in _COUNTED:
        return _COUNTED[keyword] * len(value)
    if keyword == "const":
        return _CONST * _leaves(value)
    if keyword == "enum":
        return _ENUM * sum(_leaves(each) for each in value if isinstance(each, int | float | list | dict))
    if keyword == "multipleOf":
        return _MULTIPLE_OF_FRACTION if isinstance(value, float) else _MULTIPLE_OF
    return _OTHERS.get(keyword, 0)


def _char_price(schema: Any) -> float:
    own = [schema["pattern"]] if isinstance(schema, Mapping) and "pattern" in schema else []
    return sum(_CHAR * (pattern_size(pattern) or 0) for pattern in own)


def _leaves(value: Any) -> int:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return 1 + sum(map(_leaves, inner))


def compilation_price(schema: Any) -> int:
    """Returns how many parts a schema has, a large pattern counted as many."""
    parts = sum(1 for _ in everywhere(schema))
    return parts + sum((pattern_size(pattern) or 0) // _PATTERN_SIZES[0] for _, pattern in patterns(schema))


def has_alternatives(schema: Any) -> bool:
    """Returns whether a part of a schema may hold or not hold for a value that passes the whole."""
    return any(isinstance(part, Mapping) and not _ALTERNATIVES.isdisjoint(part) for _, part in everywhere(schema))


def holds_at_most(most: int, value: Any) -> bool:
    """Returns whether a JSON value holds at most so many values, itself included."""
    pending = [value]
    for held in pending:
        if len(pending) > most:
            return False
        pending += held.values() if isinstance(held, Mapping) else held if isinstance(held, list) else ()
    return True


def patterns(schema: Any) -> Iterator[tuple[Path, str]]:
    """Yields each pattern of a schema once, with the path of a schema that has it."""
    found: dict[str, Path] = {}
    for path, part in everywhere(schema):
        if isinstance(part, Mapping):
            for pattern in [*([part["pattern"]] if "pattern" in part else []), *part.get("patternProperties", ())]:
                found.setdefault(pattern, path)
    yield from ((path, pattern) for pattern, path in found.items())


@lru_cache(maxsize=1024)
def pattern_size(pattern: str) -> int | None:
    """Returns how many bytes a compiled pattern takes at most; None when it is no pattern, or takes more than 8 MiB."""
    for size in _PATTERN_SIZES:
        try:
            Draft202012Validator({"pattern": pattern}, pattern_options=RegexOptions(size_limit=size))
        except (ValidationError, ValueError):
            continue
        return size
    return None
