"""Converts single values between their three forms: Python's, protobuf's, and plain data as JSON and YAML have it.

Every converter raises FieldError for data of another type. The value's container adds the field's name to the path.
"""

from __future__ import annotations

import datetime as dt
import reprlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Protocol

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from clarion_client._field_error import FieldError, kind_of
from clarion_client._json_data import data_of, struct_of

#: Holds the names of plain types in error messages.
WORDS = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}


class Converter(Protocol):
    """Converts one type."""

    def read(self, wire: Any, /) -> Any:
        """Returns the Python value of what a protobuf message holds."""

    def write(self, value: Any, /) -> Any:
        """Returns what the constructor of a protobuf message takes."""

    def dump(self, value: Any, /) -> Any:
        """Returns plain data."""

    def load(self, data: Any, /) -> Any:
        """Returns the Python value of plain data."""

    def check(self, value: Any, /) -> None:
        """Raises FieldError for what is no Python value of the type. It explains why a value could not be written."""


def check_type(value: Any, python_type: type | tuple[type, ...], wanted: str) -> None:
    """Raises FieldError for a value of another type."""
    if not isinstance(value, python_type):
        raise FieldError(f"is {kind_of(value)}, not {wanted}")


class Plain:
    """Converts a string, number or truth value, which is the same in every form.

    `complete` turns a name that the caller shortened into the full one that is sent.
    """

    def __init__(self, python_type: type, complete: Callable[[str], str] | None = None) -> None:
        self._type = python_type
        self._complete = complete

    def read(self, wire: Any, /) -> Any:
        return wire

    def write(self, value: Any, /) -> Any:
        return self._complete(value) if self._complete else value

    def dump(self, value: Any, /) -> Any:
        return value

    def load(self, data: Any, /) -> Any:
        self.check(data)
        return data

    def check(self, value: Any, /) -> None:
        fits = isinstance(value, int | float) if self._type is float else isinstance(value, self._type)
        # bool is a subclass of int, but `true` in a file is no number.
        if not fits or (isinstance(value, bool) and self._type is not bool):
            raise FieldError(f"is {reprlib.repr(value)}, not {WORDS[self._type]}")


class Integer(Plain):
    """Converts a whole number of so many bits."""

    def __init__(self, bits: int) -> None:
        super().__init__(int)
        self._end = 2 ** (bits - 1)

    def load(self, data: Any, /) -> Any:
        return self.write(super().load(data))

    def write(self, number: Any, /) -> Any:
        if not -self._end <= number < self._end:
            raise FieldError(f"is {reprlib.repr(number)}, which is too large a number")
        return number


class Octets:
    """Converts bytes. Plain data has them in Base64."""

    def read(self, wire: bytes, /) -> bytes:
        return wire

    def write(self, value: bytes, /) -> bytes:
        self.check(value)
        return value

    def dump(self, value: bytes, /) -> str:
        return b64encode(value).decode("ascii")

    def load(self, data: Any, /) -> bytes:
        try:
            return data if isinstance(data, bytes) else b64decode(data, validate=True)
        except (TypeError, ValueError) as error:
            raise FieldError("is not Base64") from error

    def check(self, value: Any, /) -> None:
        check_type(value, bytes, "bytes")


class Enumeration:
    """Converts a member of an enum. Plain data may also have the contract's long name (`CATEGORY_MARKETING`)."""

    def __init__(self, wire: EnumDescriptor, enum: type[StrEnum]) -> None:
        self._prefix = wire.values_by_number[0].name.removesuffix("UNSPECIFIED")
        self._numbers = {value.name.removeprefix(self._prefix): value.number for value in wire.values if value.number}
        self._members = {self._numbers[member.value]: member for member in enum if member.value in self._numbers}
        self._unrecognized = enum.__members__.get("UNRECOGNIZED")

    def read(self, wire: int, /) -> StrEnum | None:
        return self._members.get(wire, self._unrecognized)

    def write(self, value: str, /) -> int:
        try:
            return self._numbers[value]
        except KeyError:
            raise FieldError(f"is {str(value)!r}, not one of {', '.join(self._numbers)}") from None

    def dump(self, value: StrEnum, /) -> str:
        return str(value)

    def load(self, data: Any, /) -> StrEnum | None:
        return self.read(self.write(str(data).removeprefix(self._prefix)))

    def check(self, value: Any, /) -> None:
        check_type(value, str, f"one of {', '.join(self._numbers)}")


class Time:
    """Converts a time. It must have a time zone, and is in UTC when it is read."""

    def read(self, wire: Timestamp, /) -> dt.datetime:
        return wire.ToDatetime(tzinfo=dt.UTC)

    def write(self, value: dt.datetime, /) -> Timestamp:
        # protobuf would read a time without a zone as UTC, which it rarely is.
        if value.utcoffset() is None:
            raise FieldError("has no time zone")
        timestamp = Timestamp()
        try:
            timestamp.FromDatetime(value)
        except OverflowError as error:
            # In UTC it lies before the year 1 or behind the year 9999.
            raise FieldError(f"is {value.isoformat()}, which is out of range") from error
        return timestamp

    def dump(self, value: dt.datetime, /) -> str:
        return self.write(value).ToJsonString()

    def load(self, data: Any, /) -> dt.datetime:
        # A YAML parser has already turned unquoted times into datetimes.
        try:
            time = data if isinstance(data, dt.datetime) else dt.datetime.fromisoformat(data)
        except (TypeError, ValueError) as error:
            raise FieldError(f"is {str(data)!r}, not a time such as 2027-01-31T09:00:00Z") from error
        return self.read(self.write(time))

    def check(self, value: Any, /) -> None:
        check_type(value, dt.datetime, "a datetime")


class Span:
    """Converts a duration. Plain data has it as protobuf's JSON does, such as `1.500s`."""

    def read(self, wire: Duration, /) -> dt.timedelta:
        return wire.ToTimedelta()

    def write(self, value: dt.timedelta, /) -> Duration:
        duration = Duration()
        duration.FromTimedelta(value)
        return duration

    def dump(self, value: dt.timedelta, /) -> str:
        return self.write(value).ToJsonString()

    def load(self, data: Any, /) -> dt.timedelta:
        duration = Duration()
        try:
            duration.FromJsonString(data)
        except (AttributeError, TypeError, ValueError) as error:
            raise FieldError(f"is {data!r}, not a number of seconds such as 30s") from error
        return duration.ToTimedelta()

    def check(self, value: Any, /) -> None:
        check_type(value, dt.timedelta, "a timedelta")


class JsonData:
    """Converts JSON data of any shape, such as a context."""

    def read(self, wire: Any, /) -> dict[str, Any]:
        return data_of(wire)

    def write(self, value: Mapping[str, Any], /) -> Any:
        return struct_of(value)

    def dump(self, value: Mapping[str, Any], /) -> dict[str, Any]:
        return dict(value)

    def load(self, data: Any, /) -> dict[str, Any]:
        # The round trip refuses data that could not be sent.
        return data_of(struct_of(data))

    def check(self, value: Any, /) -> None:
        struct_of(value)
