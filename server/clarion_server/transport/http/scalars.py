"""Single values of protobuf's JSON mapping (protobuf.dev/programming-guides/json)."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

Convert = Callable[[Any], Any]
"""From a JSON value to the field's value. Raises Flaw."""


class Flaw(Exception):
    """A value breaks a rule of the mapping."""

    def __init__(self, reason: str, description: str) -> None:
        """As in a Violation."""
        super().__init__(description)
        self.reason = reason
        self.description = description


def wrong_type(description: str) -> Flaw:
    return Flaw("WRONG_TYPE", description)


def malformed(description: str) -> Flaw:
    return Flaw("MALFORMED", description)


def converter(field: FieldDescriptor) -> Convert:
    """For a field that is no message."""
    if field.enum_type is not None:
        return _enum(field.enum_type)
    return _CONVERTERS[field.type]


def key_converter(field: FieldDescriptor) -> Convert:
    """For the key of a map, which is text in JSON whatever its type."""
    if field.type == FieldDescriptor.TYPE_BOOL:
        return boolean_text
    return converter(field)


def text_converter(field: FieldDescriptor) -> Convert:
    """For a value that comes in a URL, hence as text."""
    return key_converter(field)


def boolean_text(value: str) -> bool:
    if value in {"true", "false"}:
        return value == "true"
    raise malformed("Must be true or false.")


_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
#: Longer ones are out of every range, and costly to convert.
_MAX_DIGITS: Final = 400


def _integer(low: int, high: int) -> Convert:
    def convert(value: Any) -> int:
        number = _whole(value)
        if low <= number <= high:
            return number
        raise Flaw("OUT_OF_RANGE", f"Must be {low} to {high}.")

    return convert


def _whole(value: Any) -> int:
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    if type(value) is str and len(value) <= _MAX_DIGITS:
        if _INTEGER.fullmatch(value):
            return int(value)
        if _NUMBER.fullmatch(value) and (number := float(value)).is_integer():
            return int(number)
    raise wrong_type("Must be a whole number.")


_NOT_FINITE: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_MAX_FLOAT: Final = 3.4028235677973366e38


def _double(value: Any) -> float:
    if type(value) in {int, float}:
        number = float(value)
    elif type(value) is str and value in _NOT_FINITE:
        return _NOT_FINITE[value]
    elif type(value) is str and len(value) <= _MAX_DIGITS and _NUMBER.fullmatch(value):
        number = float(value)
    else:
        raise wrong_type("Must be a number.")
    if math.isinf(number):
        raise Flaw("OUT_OF_RANGE", "Must be a number that a double can hold.")
    return number


def _float(value: Any) -> float:
    number = _double(value)
    if math.isfinite(number) and abs(number) >= _MAX_FLOAT:
        raise Flaw("OUT_OF_RANGE", "Must be a number that a float can hold.")
    return number


def _boolean(value: Any) -> bool:
    if type(value) is bool:
        return value
    raise wrong_type("Must be true or false.")


def _string(value: Any) -> str:
    if type(value) is str:
        return value
    raise wrong_type("Must be a string.")


def _bytes(value: Any) -> bytes:
    """Base64 with the standard or the URL-safe alphabet, padded or not."""
    text = _string(value).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise malformed("Must be base64.") from None


def _enum(enum: EnumDescriptor) -> Convert:
    numbers: Mapping[str, int] = {value.name: value.number for value in enum.values}
    any_number = _integer(-(2**31), 2**31 - 1)

    def convert(value: Any) -> int:
        """A number that the contract does not have is kept: it may be of a newer contract."""
        if type(value) is str:
            number = numbers.get(value)
            if number is not None:
                return number
            if not _INTEGER.fullmatch(value):
                raise malformed("Must be one of the values of the contract.")
        return int(any_number(value))

    return convert


_INT32 = _integer(-(2**31), 2**31 - 1)
_INT64 = _integer(-(2**63), 2**63 - 1)
_UINT32 = _integer(0, 2**32 - 1)
_UINT64 = _integer(0, 2**64 - 1)

_CONVERTERS: Final[Mapping[int, Convert]] = {
    FieldDescriptor.TYPE_DOUBLE: _double,
    FieldDescriptor.TYPE_FLOAT: _float,
    FieldDescriptor.TYPE_INT32: _INT32,
    FieldDescriptor.TYPE_SINT32: _INT32,
    FieldDescriptor.TYPE_SFIXED32: _INT32,
    FieldDescriptor.TYPE_INT64: _INT64,
    FieldDescriptor.TYPE_SINT64: _INT64,
    FieldDescriptor.TYPE_SFIXED64: _INT64,
    FieldDescriptor.TYPE_UINT32: _UINT32,
    FieldDescriptor.TYPE_FIXED32: _UINT32,
    FieldDescriptor.TYPE_UINT64: _UINT64,
    FieldDescriptor.TYPE_FIXED64: _UINT64,
    FieldDescriptor.TYPE_BOOL: _boolean,
    FieldDescriptor.TYPE_STRING: _string,
    FieldDescriptor.TYPE_BYTES: _bytes,
}
