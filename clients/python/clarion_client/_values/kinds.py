"""How the fields of values travel, decided by their types alone.

A `Kind` knows one type in three forms: the Python value, the protobuf one and the JSON one. A value is therefore
declared once, as a dataclass, and can be read, sent, printed and parsed.
"""

from __future__ import annotations

import datetime as dt
import reprlib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Protocol

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from clarion_client._names import full_identity, full_name_or_empty
from clarion_client._values.enums import WIRE_ENUMS
from clarion_client._values.json_data import data_of, struct_of

#: What the plain types are called to the author of a file.
WORDS = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}


class Kind(Protocol):
    """One type in its forms. `path` names the value in errors, which are TypeError or ValueError."""

    def read(self, wire: Any, /) -> Any:
        """From protobuf."""

    def write(self, value: Any, path: str, /) -> Any:
        """To what the constructor of a protobuf message takes."""

    def dump(self, value: Any, /) -> Any:
        """To JSON."""

    def load(self, data: Any, path: str, /) -> Any:
        """From JSON, or from what a YAML parser makes of it."""


class Scalar:
    """A string, number or truth value: the same in every form."""

    def __init__(self, python_type: type) -> None:
        self._type = python_type

    def read(self, wire: Any, /) -> Any:
        return wire

    def write(self, value: Any, _path: str, /) -> Any:
        return value

    def dump(self, value: Any, /) -> Any:
        return value

    def load(self, data: Any, path: str, /) -> Any:
        fits = isinstance(data, int | float) if self._type is float else isinstance(data, self._type)
        # bool is an int to Python, but to no author of a file.
        if not fits or (isinstance(data, bool) and self._type is not bool):
            raise TypeError(f"{path} is {reprlib.repr(data)}, not {WORDS[self._type]}")
        return data


class ResourceName(Scalar):
    """The name of a resource, which a caller may shorten to its last segment."""

    def __init__(self, collection: str) -> None:
        super().__init__(str)
        self._collection = collection

    def write(self, value: str, _path: str, /) -> str:
        return full_name_or_empty(self._collection, value)


class Identity(Scalar):
    """A person's identity, which a caller may shorten to an e-mail address."""

    def __init__(self) -> None:
        super().__init__(str)

    def write(self, value: str, _path: str, /) -> str:
        return full_identity(value)


class Choice:
    """An enum. In files the contract's long names (`CATEGORY_MARKETING`) are as good as the short ones."""

    def __init__(self, enum: type[StrEnum]) -> None:
        wire = WIRE_ENUMS[enum]
        self._prefix = wire.values_by_number[0].name.removesuffix("UNSPECIFIED")
        self._numbers = {value.name.removeprefix(self._prefix): value.number for value in wire.values if value.number}
        self._members = {self._numbers[member.value]: member for member in enum if member.value in self._numbers}
        self._unrecognized = enum.__members__.get("UNRECOGNIZED")

    def read(self, wire: int, /) -> StrEnum | None:
        return self._members.get(wire, self._unrecognized)

    def write(self, value: str, path: str, /) -> int:
        if value not in self._numbers:
            raise ValueError(f"{path} is {str(value)!r}, not one of {', '.join(self._numbers)}")
        return self._numbers[value]

    def dump(self, value: StrEnum, /) -> str:
        return str(value)

    def load(self, data: Any, path: str, /) -> StrEnum | None:
        return self.read(self.write(str(data).removeprefix(self._prefix), path))


class Instant:
    """A moment, always with a time zone; in UTC when read."""

    def read(self, wire: Timestamp, /) -> dt.datetime:
        return wire.ToDatetime(tzinfo=dt.UTC)

    def write(self, value: dt.datetime, path: str, /) -> Timestamp:
        # Without a zone protobuf would take it for UTC, which it rarely is.
        if value.utcoffset() is None:
            raise ValueError(f"{path} has no time zone")
        timestamp = Timestamp()
        timestamp.FromDatetime(value)
        return timestamp

    def dump(self, value: dt.datetime, /) -> str:
        return self.write(value, "the time").ToJsonString()

    def load(self, data: Any, path: str, /) -> dt.datetime:
        # A YAML parser has already turned unquoted times into datetimes.
        try:
            time = data if isinstance(data, dt.datetime) else dt.datetime.fromisoformat(data)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path} is {str(data)!r}, not a time such as 2027-01-31T09:00:00Z") from error
        return self.read(self.write(time, path))


class Span:
    """A length of time; in JSON as protobuf writes it, `1.500s`."""

    def read(self, wire: Duration, /) -> dt.timedelta:
        return wire.ToTimedelta()

    def write(self, value: dt.timedelta, _path: str, /) -> Duration:
        duration = Duration()
        duration.FromTimedelta(value)
        return duration

    def dump(self, value: dt.timedelta, /) -> str:
        return self.write(value, "").ToJsonString()

    def load(self, data: Any, path: str, /) -> dt.timedelta:
        duration = Duration()
        try:
            duration.FromJsonString(data)
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(f"{path} is {data!r}, not a number of seconds such as 30s") from error
        return duration.ToTimedelta()


class Data:
    """JSON data of the caller's own, such as a context."""

    def read(self, wire: Any, /) -> dict[str, Any]:
        return data_of(wire)

    def write(self, value: Mapping[str, Any], path: str, /) -> Any:
        return struct_of(value, path)

    def dump(self, value: Mapping[str, Any], /) -> dict[str, Any]:
        return dict(value)

    def load(self, data: Any, path: str, /) -> dict[str, Any]:
        # What could not be sent is refused where it is read.
        return data_of(struct_of(data, path))


class Texts:
    """Strings by name, such as header fields."""

    def read(self, wire: Mapping[str, str], /) -> dict[str, str]:
        return dict(wire)

    def write(self, value: Mapping[str, str], _path: str, /) -> dict[str, str]:
        return dict(value)

    def dump(self, value: Mapping[str, str], /) -> dict[str, str]:
        return dict(value)

    def load(self, data: Any, path: str, /) -> dict[str, str]:
        text = Scalar(str)
        return {text.load(name, path): text.load(item, f"{path}.{name}") for name, item in mapping(data, path).items()}


def mapping(data: Any, path: str) -> Mapping[Any, Any]:
    if not isinstance(data, Mapping):
        raise TypeError(f"{path} is a {type(data).__name__}, not a mapping")
    return data


def choices(enum: type[StrEnum], values: Iterable[str], path: str) -> list[Any]:
    """The contract's numbers of several members."""
    choice = Choice(enum)
    return [choice.write(value, path) for value in values]
