"""Converts JSON data to and from `google.protobuf.Struct` without a silent loss.

A Struct keeps every number as a double and takes anything that converts to one. This module refuses data that would not
arrive as given, with the path of the value, before anything is sent.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
import uuid
from collections.abc import Mapping
from typing import Any

from google.protobuf.struct_pb2 import NULL_VALUE, ListValue, Struct, Value

from clarion_client._field_error import FieldError, kind_of

#: The contract's limit on nesting. Deeper data would also pass protobuf's own limit of 100 messages within each other.
MAX_DEPTH = 32
#: Beyond it a double does not distinguish neighbouring integers (IEEE 754, 53 bits of significand).
MAX_INTEGER = 2**53

ADVICE: dict[type, str] = {
    decimal.Decimal: "give str(value) to keep every digit, or float(value)",
    dt.date: "give value.isoformat()",
    dt.time: "give value.isoformat()",
    dt.timedelta: "give a number of seconds, or a string",
    uuid.UUID: "give str(value)",
    bytes: "give a string",
    set: "give a list",
    frozenset: "give a list",
}


def struct_of(data: Mapping[str, Any], path: str = "") -> Struct:
    """Returns the Struct of JSON data. Raises FieldError, at `path` or below, for types that JSON does not know,
    numbers that a double cannot hold (NaN, infinities, integers beyond 2**53), lone surrogates and more than 32 levels.
    """
    struct = Struct()
    try:
        _fill_object(struct, data, 1)
    except FieldError as error:
        if path:
            error.move_into(path)
        raise
    return struct


def data_of(struct: Struct) -> dict[str, Any]:
    """Returns the members of a Struct. Whole numbers become int, because JSON does not tell 1 from 1.0."""
    return {name: _python(value) for name, value in struct.fields.items()}


def _fill_object(struct: Struct, data: Any, depth: int) -> None:
    if not isinstance(data, Mapping):
        raise FieldError(f"is {kind_of(data)}, not a mapping")
    fields = struct.fields
    for name, item in data.items():
        target = fields[name] if isinstance(name, str) and name.isascii() else _member(struct, name)
        try:
            _put(target, item, depth)
        except FieldError as error:
            error.move_into(name)
            raise


def _member(struct: Struct, name: Any) -> Value:
    if not isinstance(name, str):
        raise FieldError(f"has the key {name!r}: the keys of JSON objects are strings")
    try:
        return struct.fields[name]
    except UnicodeEncodeError as error:
        raise FieldError("has a key with a lone surrogate, which is no text") from error


def _put(target: Value, item: Any, depth: int) -> None:
    if isinstance(item, str):
        _put_text(target, item)
    elif item is None:
        target.null_value = NULL_VALUE
    elif isinstance(item, bool):
        target.bool_value = item
    elif isinstance(item, int | float):
        target.number_value = _number(item)
    else:
        _put_container(target, item, depth + 1)


def _put_text(target: Value, text: str) -> None:
    try:
        target.string_value = text
    except UnicodeEncodeError as error:
        raise FieldError("holds a lone surrogate, which is no text") from error


def _put_container(target: Value, item: Any, depth: int) -> None:
    # This also ends data that contains itself.
    if depth > MAX_DEPTH:
        raise FieldError(f"is nested deeper than {MAX_DEPTH} levels")
    if isinstance(item, Mapping):
        target.struct_value.SetInParent()
        _fill_object(target.struct_value, item, depth)
    elif isinstance(item, list | tuple):
        target.list_value.SetInParent()
        _fill_array(target.list_value, item, depth)
    else:
        raise FieldError(f"is {kind_of(item)}, which JSON does not know{_advice(item)}")


def _fill_array(array: ListValue, items: list[Any] | tuple[Any, ...], depth: int) -> None:
    for index, item in enumerate(items):
        try:
            _put(array.values.add(), item, depth)
        except FieldError as error:
            error.move_into(index)
            raise


def _number(number: float) -> float:
    if isinstance(number, int):
        if abs(number) > MAX_INTEGER:
            raise FieldError("is an integer beyond 2**53, which would be rounded; give a string")
    elif not math.isfinite(number):
        raise FieldError(f"is {number}, which JSON does not know")
    return number


def _advice(item: Any) -> str:
    return next((f"; {advice}" for kind, advice in ADVICE.items() if isinstance(item, kind)), "")


def _python(value: Value) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            return data_of(value.struct_value)
        case "list_value":
            return [_python(item) for item in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() and abs(number) <= MAX_INTEGER else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case _:
            return None
