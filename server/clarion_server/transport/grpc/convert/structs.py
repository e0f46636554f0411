"""google.protobuf.Struct to Python values and back.

A Struct knows only doubles. A whole number becomes an `int`, so that a template prints `2` and not `2.0`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2

#: The deepest nesting that is read; one more is refused before Python's own limits are near.
MAX_DEPTH = 32
#: From here on doubles skip whole numbers, so that it is unknown which one was meant.
MAX_WHOLE = 2**53


class NotJson(Exception):
    """A value that JSON does not have, or nested too deeply. Carries the path within the Struct."""

    def __init__(self, path: str, reason: str, description: str) -> None:
        super().__init__(f"{path}: {description}")
        self.path = path
        self.reason = reason
        self.description = description


def to_dict(struct: struct_pb2.Struct, depth: int = MAX_DEPTH) -> dict[str, Any]:
    """Raises NotJson."""
    result: dict[str, Any] = {}
    fields = struct.fields
    # `items()` is written in Python, and takes as long as all the rest.
    for key in fields:
        value = fields[key]
        # Most values are texts, and a text that is not empty is found by its look.
        result[key] = value.string_value or _plain(value, value.WhichOneof("kind"), key, depth)
    return result


def _plain(value: struct_pb2.Value, kind: str | None, path: str, depth: int) -> Any:
    match kind:
        case "string_value":
            return value.string_value
        case "number_value":
            return _number(value.number_value, path)
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return _nested(value.struct_value, path, depth)
        case "list_value":
            return _list(value.list_value, path, depth)
        case _:
            return None


def _number(number: float, path: str) -> int | float:
    if number.is_integer() and -MAX_WHOLE <= number <= MAX_WHOLE:
        return int(number)
    if not math.isfinite(number):
        raise NotJson(path, "NOT_A_NUMBER", "Must be a finite number.")
    return number


def _nested(struct: struct_pb2.Struct, path: str, depth: int) -> dict[str, Any]:
    _check_depth(path, depth)
    try:
        return to_dict(struct, depth - 1)
    except NotJson as error:
        raise NotJson(f"{path}.{error.path}", error.reason, error.description) from None


def _list(values: struct_pb2.ListValue, path: str, depth: int) -> list[Any]:
    _check_depth(path, depth)
    return [
        _plain(value, value.WhichOneof("kind"), f"{path}[{place}]", depth - 1)
        for place, value in enumerate(values.values)
    ]


def _check_depth(path: str, depth: int) -> None:
    if depth <= 1:
        raise NotJson(path, "TOO_DEEP", f"Must be nested at most {MAX_DEPTH} levels deep.")


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct
