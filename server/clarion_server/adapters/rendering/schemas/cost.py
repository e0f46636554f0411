"""Bounds the cost of a context schema: the memory of its patterns, and the time of a check.

A check runs on the event loop, so its time is bounded before it begins. The schema becomes a tree of costs, whose nodes
have a price for the values that come to them. Prices are nanoseconds, as measured with jsonschema-rs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError

from clarion_server.adapters.rendering.schemas.tree import Path, all_subschemas, parts_of, subschemas

#: The largest context of a trigger (200 KiB of JSON) holds at most so many values and characters.
_MOST_VALUES = 100_000
_MOST_CHARS = 200_000

_KEYWORD = 10
_COUNTED = dict.fromkeys(("dependentRequired", "dependentSchemas", "patternProperties", "required"), 8)
_CONST = 130
#: Is the price of one number in an `enum`; texts are found at once.
_ENUM = 1_200
_MULTIPLE_OF = 1_500
_MULTIPLE_OF_FRACTION = 10_000
_OTHERS = {"format": 400, "pattern": 60}
#: Is the price of one character of a text, for each byte of a pattern that it is matched with.
_CHAR = 0.4 / 1024

#: Is the time of counting one value.
_COUNT = 500

#: The validator copies a value into each of its errors: so many values or characters take as long as an error itself.
_VALUES_OF_AN_ERROR = 50
_CHARS_OF_A_VALUE = 40

_KIB = 1024
#: Limits the bytes of one compiled pattern, and of all patterns of a schema. To compile a MiB takes 5 ms, which nothing
#: interrupts.
LARGEST_PATTERN = 9216 * _KIB
_PATTERN_SIZES = tuple([_KIB * size for size in (4, 64, 512, 1024, 2048, 3072, 4608, 6144, 9216)])
_IN_PLACE = frozenset({"allOf", "anyOf", "dependentSchemas", "else", "if", "not", "oneOf", "then"})
_ALTERNATIVES = frozenset({"anyOf", "contains", "if", "not", "oneOf", "unevaluatedItems", "unevaluatedProperties"})
_OF_ENTRIES = frozenset({"contains", "items", "prefixItems", "unevaluatedItems"})


@dataclass(frozen=True, slots=True)
class CostNode:
    """Is the price of all parts of a schema that apply to the same values, and the nodes for what these hold."""

    value_price: float
    char_price: float
    members: Mapping[str, CostNode]
    any_member: CostNode | None
    entry: CostNode | None

    def time_left(self, value: Any, left: float) -> float:
        """Returns what is left of a time after this count and the check of a value; below 0 it is too short."""
        left -= _COUNT + self.value_price
        if isinstance(value, str):
            return left - self.char_price * len(value)
        for node, part in self._parts(value):
            if left < 0:
                break
            left = node.time_left(part, left)
        return left

    def nodes_of(self, name: str | None) -> list[CostNode]:
        """Returns the nodes of a member, or of an entry when the name is None."""
        nodes = [self.entry] if name is None else [self.members.get(name), self.any_member]
        return [node for node in nodes if node is not None]

    def _parts(self, value: Any) -> Iterator[tuple[CostNode, Any]]:
        if isinstance(value, list):
            yield from ((node, entry) for entry in value for node in self.nodes_of(None))
        elif isinstance(value, Mapping):
            yield from ((node, member) for name, member in value.items() for node in self.nodes_of(name))

    def errors(self, value: Any) -> float:
        """Returns the price of the errors that a value may have, counted in errors of a small value."""
        return _errors([self], value)[1]


def _errors(nodes: list[CostNode], value: Any) -> tuple[float, float]:
    """Returns the size of a value, which each of its errors copies, and the price of all errors in it."""
    size, price = 1.0 + (len(value) / _CHARS_OF_A_VALUE if isinstance(value, str) else 0), 0.0
    inner = parts_of(value)
    keys = value if isinstance(value, Mapping) else [None] * len(inner)
    for key, part in zip(keys, inner, strict=True):
        part_size, part_price = _errors([each for node in nodes for each in node.nodes_of(key)], part)
        size, price = size + part_size, price + part_price
    return size, price + sum(node.value_price for node in nodes) / _KEYWORD * (1 + size / _VALUES_OF_AN_ERROR)


def cost_tree(schema: Mapping[str, Any]) -> CostNode:
    """Returns the root of the tree for a schema without references."""
    return _node([schema])


def time_of_largest(node: CostNode) -> float:
    """Returns the time of a check in which all values of the largest context come to the dearest node."""
    value_price, char_price = _dearest(node)
    return value_price * _MOST_VALUES + char_price * _MOST_CHARS


def _dearest(node: CostNode | None) -> tuple[float, float]:
    if node is None:
        return 0, 0
    inner = [_dearest(each) for each in (*node.members.values(), node.entry)]
    value_prices, char_prices = zip(*inner, strict=True)
    any_value, any_char = _dearest(node.any_member)
    return (
        max(node.value_price, max(value_prices) + any_value),
        max(node.char_price, max(char_prices) + any_char),
    )


def _node(group: list[Any]) -> CostNode:
    parts, named, others, entries = list(group), defaultdict[Any, list[Any]](list), list[Any](), list[Any]()
    # The list grows while it is walked through.
    for part in parts:
        for path, child in subschemas(part):
            if path[0] in _IN_PLACE:
                parts.append(child)
            elif path[0] == "properties":
                named[path[1]].append(child)
            else:
                (entries if path[0] in _OF_ENTRIES else others).append(child)
    return CostNode(
        sum(map(_value_price, parts)),
        sum(map(_char_price, parts)),
        {name: _node(inner) for name, inner in named.items()},
        _node(others) if others else None,
        _node(entries) if entries else None,
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
    has_pattern = isinstance(schema, Mapping) and "pattern" in schema
    return _CHAR * pattern_size(schema["pattern"]) if has_pattern else 0


def _leaves(value: Any) -> int:
    return 1 + sum(map(_leaves, parts_of(value)))


def compilation_price(schema: Any) -> int:
    """Returns how many parts a schema has, a large pattern counted as many."""
    parts = sum(1 for _ in all_subschemas(schema))
    return parts + sum(pattern_size(pattern) // _PATTERN_SIZES[0] for _, pattern in patterns(schema))


def has_alternatives(schema: Any) -> bool:
    """Returns whether a value that passes the schema may fail a part of it."""
    return any(isinstance(part, Mapping) and not _ALTERNATIVES.isdisjoint(part) for _, part in all_subschemas(schema))


def holds_at_most(most: int, value: Any) -> bool:
    """Returns whether a JSON value holds at most so many values, itself included."""
    pending = [value]
    for held in pending:
        if len(pending) > most:
            return False
        pending += parts_of(held)
    return True


def patterns(schema: Any) -> Iterator[tuple[Path, str]]:
    """Yields each pattern of a schema once, with the path of a schema that has it."""
    found: dict[str, Path] = {}
    for path, part in all_subschemas(schema):
        if isinstance(part, Mapping):
            for pattern in [*([part["pattern"]] if "pattern" in part else []), *part.get("patternProperties", ())]:
                found.setdefault(pattern, path)
    yield from ((path, pattern) for pattern, path in found.items())


@lru_cache(maxsize=1024)
def pattern_size(pattern: str) -> int:
    """Returns how many bytes a compiled pattern takes at most; 0 when it does not compile."""
    for size in _PATTERN_SIZES:
        try:
            Draft202012Validator({"pattern": pattern}, pattern_options=RegexOptions(size_limit=size))
        except (ValidationError, ValueError):
            continue
        return size
    return 0
