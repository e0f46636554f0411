"""What every value can do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self, TypeVar

from google.protobuf.message import Message

from clarion_client._values.containers import Record

V = TypeVar("V", bound="Value")
M = TypeVar("M", bound=Message)


class Value:
    """A frozen dataclass whose fields are those of a message of the contract, in Python's own types."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns the value as JSON data under the contract's field names. Absent fields (None) are left out; enums are
        their short names, times are RFC 3339 in UTC, durations are seconds such as `1.500s`.
        """
        return Record(type(self)).dump(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Takes what `to_dict` gives, or what a YAML parser reads from a file in the contract's field names.

        Raises ValueError or TypeError, naming the path, for an unknown field or a value of another type.
        """
        value: Self = Record(cls).load(data, "")
        return value


def read(value_type: type[V], message: Message) -> V:
    value: V = Record(value_type).read(message)
    return value


def read_all(value_type: type[V], messages: Iterable[Message]) -> list[V]:
    return [read(value_type, message) for message in messages]


def write(value: Value, message_type: type[M]) -> M:
    """Raises TypeError or ValueError, naming the path, for what cannot be sent as it is."""
    return message_type(**Record(type(value)).write(value, ""))
