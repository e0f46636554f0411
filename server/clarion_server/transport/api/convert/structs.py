"""Converts google.protobuf.Struct to Python values and back.

A Struct has only doubles. A whole number becomes an `int`, so that a template prints `2` and not `2.0`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from google.protobuf import struct_pb2

from clarion_server.domain.violation import Violation

#: Nesting is read to at most this depth, which is far below the recursion limits of Python.
MAX_DEPTH = 32
#: Doubles beyond this bound skip whole numbers, so that the number which was meant is unknown.
MAX_WHOLE = 2**53

#: At most this many violations of a Struct are reported.
_MAX_VIOLATIONS = 100

_NOT_A_NUMBER = Violation("", "NOT_A_NUMBER", "Must be a finite number.")
_TOO_DEEP = Violation("", "TOO_DEEP", f"Must be nested at most {MAX_DEPTH} levels deep.")


class NotJson(Exception):
    """A Struct holds values that JSON does not have, or is nested too deeply; see `violations_of`."""


def to_dict(struct: struct_pb2.Struct, depth: int = MAX_DEPTH) -> dict[str, Any]:
    """Returns the values of a Struct. Raises NotJson."""
    result: dict[str, Any] = {}
    fields = struct.fields
    # `items()` is implemented in Python and would double the time.
    for key in fields:
        value = fields[key]
        # Most values are texts or numbers, and one that is not empty or zero needs no look at the kind.
        if text := value.string_value:
            result[key] = text
        elif number := value.number_value:
            result[key] = _number(number)
        else:
            result[key] = _plain(value, value.WhichOneof("kind"), depth)
    return result


def _plain(value: struct_pb2.Value, kind: str | None, depth: int) -> Any:
    match kind:
        case "string_value":
            return value.string_value
        case "number_value":
            return _number(value.number_value)
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return to_dict(value.struct_value, _deeper(depth))
        case "list_value":
            return _list(value.list_value, _deeper(depth))
        case _:
            return None


def _number(number: float) -> int | float:
    if number.is_integer() and -MAX_WHOLE <= number <= MAX_WHOLE:
        return int(number)
    if not math.isfinite(number):
        raise NotJson
    return number


def _list(values: struct_pb2.ListValue, depth: int) -> list[Any]:
    return [_plain(value, value.WhichOneof("kind"), depth) for value in values.values]


def _deeper(depth: int) -> int:
    if depth <= 1:
        raise NotJson
    return depth - 1


def violations_of(struct: struct_pb2.Struct) -> list[Violation]:
    """Returns why `to_dict` raises NotJson, with paths within the Struct; at most a hundred violations."""
    return list(islice(_struct_violations(struct, MAX_DEPTH), _MAX_VIOLATIONS))


def _struct_violations(struct: struct_pb2.Struct, depth: int) -> Iterator[Violation]:
    for key, value in struct.fields.items():
        yield from (violation.under(key) for violation in _value_violations(value, depth))


def _value_violations(value: struct_pb2.Value, depth: int) -> Iterator[Violation]:
    kind = value.WhichOneof("kind")
    if kind == "number_value" and not math.isfinite(value.number_value):
        yield _NOT_A_NUMBER
    elif kind in ("struct_value", "list_value") and depth <= 1:
        yield _TOO_DEEP
    elif kind == "struct_value":
        yield from _struct_violations(value.struct_value, depth - 1)
    elif kind == "list_value":
        for index, element in enumerate(value.list_value.values):
            yield from (violation.under(f"[{index}]") for violation in _value_violations(element, depth - 1))


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    fill_struct(struct, values)
    return struct


def fill_struct(struct: struct_pb2.Struct, values: Mapping[str, Any]) -> None:
    """Writes values into an empty Struct, which is marked as present in its message.

    A Struct that is given to the constructor of a message is copied, which takes longer than writing it in place.
    """
    struct.SetInParent()
    fields = struct.fields
    others: dict[str, Any] = {}
    for key, value in values.items():
        if type(value) is str:
            # `update` looks at the type of each value, and takes twice as long for texts.
            fields[key].string_value = value
        else:
            others[key] = value
    if others:
        struct.update(others)
