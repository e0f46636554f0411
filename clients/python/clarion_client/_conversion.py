"""Converts the values of `_values` to and from the contract's messages, and to and from plain data.

A value is a frozen dataclass that `tools/generate_values.py` writes from the contract. The descriptor of its message
decides how each field is converted, so that no field needs code of its own.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import reprlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from operator import attrgetter
from typing import Any, ParamSpec, Self, TypeVar

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from clarion_client._containers import ByName, CountsByReason, Repeated, check_text, load_each, mapping
from clarion_client._converters import (
    Converter,
    Enumeration,
    Integer,
    JsonData,
    Octets,
    Plain,
    Span,
    Time,
    check_type,
)
from clarion_client._field_error import FieldError, with_article
from clarion_client._names import completion

C = TypeVar("C", bound=type)
M = TypeVar("M", bound=Message)
P = ParamSpec("P")
V = TypeVar("V", bound="Value")

#: Is the Python class of each message and enum by its full name in the contract, and the descriptor by class.
CLASSES: dict[str, type] = {}
DESCRIPTORS: dict[type, Any] = {}
RECORDS: dict[type, Record] = {}

WELL_KNOWN: Mapping[str, Callable[[], Converter]] = {
    "google.protobuf.Timestamp": Time,
    "google.protobuf.Duration": Span,
    "google.protobuf.Struct": JsonData,
}
NUMBERS: Mapping[int, Callable[[], Converter]] = {
    FieldDescriptor.CPPTYPE_INT32: lambda: Integer(32),
    FieldDescriptor.CPPTYPE_INT64: lambda: Integer(64),
    FieldDescriptor.CPPTYPE_DOUBLE: lambda: Plain(float),
    FieldDescriptor.CPPTYPE_BOOL: lambda: Plain(bool),
}


def represents(*descriptors: Descriptor | EnumDescriptor) -> Callable[[C], C]:
    """Registers a class as the one that stands for a message or an enum of the contract."""

    def declare(python_class: C) -> C:
        CLASSES.update({descriptor.full_name: python_class for descriptor in descriptors})
        DESCRIPTORS[python_class] = descriptors[0]
        return python_class

    return declare


class Value:
    """Is a frozen dataclass whose fields are those of a message of the contract, in Python's own types."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns the value as JSON data under the contract's field names. Absent fields (None) are left out; enums are
        their short names, times are RFC 3339 in UTC, durations are seconds such as `1.500s`.
        """
        return record_of(type(self)).dump(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Takes what `to_dict` gives, or what a YAML parser reads from a file in the contract's field names.

        Raises FieldError for unknown fields and values of another type. Its `errors` lists all of them.
        """
        value: Self = record_of(cls).load(data)
        return value


def read(value_type: type[V], message: Message) -> V:
    """Returns the value of a message."""
    value: V = record_of(value_type).read(message)
    return value


def read_all(value_type: type[V], messages: Iterable[Message]) -> list[V]:
    record = record_of(value_type)
    return [record.read(message) for message in messages]


def write(value: Value, message_type: type[M]) -> M:
    """Returns the message of a value. Raises FieldError for a field that cannot be sent as given."""
    try:
        fields = record_of(type(value)).write(value)
        return message_of(message_type, **fields)
    except FieldError:
        raise
    except (AttributeError, KeyError, TypeError):
        # Types are looked at only now, so that values of the right types pay nothing for it.
        record_of(CLASSES[message_type.DESCRIPTOR.full_name]).check(value)
        raise


def message_of(message_type: Callable[P, M], /, *args: P.args, **fields: P.kwargs) -> M:
    """Returns a message with these fields. Raises FieldError for one that cannot be sent as given."""
    try:
        return message_type(*args, **fields)
    except (TypeError, ValueError):
        check_text(fields)
        load_each(fields.items(), lambda name, value: _check_fits(message_type, name, value))
        raise


def _check_fits(message_type: Callable[..., Message], name: str, value: Any) -> None:
    """Raises FieldError for a number that its field cannot hold, and for a plain value of another type."""
    try:
        message_type(**{name: value})
    except ValueError as error:
        raise FieldError(f"is {reprlib.repr(value)}, which is too large a number") from error
    except TypeError:
        descriptor: Any = message_type().DESCRIPTOR
        wire = descriptor.fields_by_name[name]
        if _holds_plain_values(wire):
            _converter(wire, counted=False).check(value)


def _holds_plain_values(wire: FieldDescriptor) -> bool:
    entry = wire.message_type
    return entry is None or (entry.GetOptions().map_entry and entry.fields_by_name["value"].message_type is None)


def enum_numbers(enum: type[StrEnum], members: Iterable[str], path: str) -> list[Any]:
    """Returns the contract's numbers of members. Raises FieldError, at this path, for one that the contract lacks."""
    enumeration = Enumeration(DESCRIPTORS[enum], enum)
    try:
        return [enumeration.write(member) for member in members]
    except FieldError as error:
        error.move_into(path)
        raise


def timestamp(time: dt.datetime | None, path: str) -> Timestamp | None:
    """Returns a time as the contract has it. Raises FieldError, at this path, for one without a time zone."""
    try:
        return None if time is None else Time().write(time)
    except FieldError as error:
        error.move_into(path)
        raise


def record_of(value_type: type) -> Record:
    if value_type not in RECORDS:
        RECORDS[value_type] = Record(value_type, DESCRIPTORS[value_type])
    return RECORDS[value_type]


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One field of a value. `name` has an underscore after a keyword (`from_`)."""

    name: str
    wire: FieldDescriptor
    converter: Converter
    #: True when None stands for an absent field.
    optional: bool
    required: bool

    def reader(self) -> Callable[[Message], Any]:
        """Returns a function that reads the field of a message."""
        get, convert, name = attrgetter(self.wire.name), self.converter.read, self.wire.name
        if not self.optional:
            return get if isinstance(self.converter, Plain) else lambda message: convert(get(message))
        if self.wire.has_presence:
            return lambda message: convert(get(message)) if message.HasField(name) else None
        return lambda message: convert(item) if (item := get(message)) else None


class Record:
    """Converts a value and a message with the same fields."""

    def __init__(self, value_type: Any, descriptor: Descriptor) -> None:
        self._type = value_type
        self._descriptor = descriptor

    # Fields are looked up at the first use: a message may contain itself, and most programs use few messages.
    @cached_property
    def _fields(self) -> Mapping[str, Field]:
        fields = dataclasses.fields(self._type)
        return {field.name.removesuffix("_"): _field(field, self._descriptor) for field in fields}

    @cached_property
    def _readers(self) -> Sequence[tuple[Callable[[Any, Any], None], Callable[[Message], Any]]]:
        return [(getattr(self._type, field.name).__set__, field.reader()) for field in self._fields.values()]

    @cached_property
    def _choices(self) -> Sequence[Sequence[str]]:
        choices = ([field.name for field in choice.fields] for choice in self._descriptor.oneofs)
        return [names for names in choices if len(names) > 1]

    def read(self, message: Message, /) -> Any:
        value = object.__new__(self._type)
        # Filling the slots takes half the time of calling a frozen dataclass.
        for set_field, read_field in self._readers:
            set_field(value, read_field(message))
        return value

    def write(self, value: Any, /) -> dict[str, Any]:
        written = {}
        for name, field in self._fields.items():
            item = getattr(value, field.name)
            if item or (item is not None and field.wire.has_presence):
                try:
                    written[name] = field.converter.write(item)
                except FieldError as error:
                    error.move_into(name)
                    raise
            elif field.required and item is None:
                raise FieldError("is missing", name)
        for several in self._several(written):
            raise several
        return written

    def dump(self, value: Any, /) -> dict[str, Any]:
        items = ((name, field, getattr(value, field.name)) for name, field in self._fields.items())
        return {name: field.converter.dump(item) for name, field, item in items if item is not None}

    def load(self, data: Any, /) -> Any:
        given = {str(name): item for name, item in mapping(data).items()}
        missing = {name: None for name, field in self._fields.items() if field.required and name not in given}
        present = {name for name, item in given.items() if item is not None}
        loaded = load_each((missing | given).items(), self._load_field, self._several(present))
        return self._type(**{self._fields[name].name: item for name, item in loaded.items() if item is not None})

    def _load_field(self, name: str, item: Any) -> Any:
        field = self._fields.get(name)
        if field is None:
            raise FieldError(f"is no field of {self._type.__name__}{_suggestion(name, self._fields)}")
        if item is None and field.required:
            raise FieldError("is missing")
        return None if item is None else field.converter.load(item)

    def check(self, value: Any, /) -> None:
        check_type(value, self._type, with_article(self._type.__name__))
        items = ((name, getattr(value, field.name)) for name, field in self._fields.items())
        given = ((name, item) for name, item in items if item is not None)
        load_each(given, lambda name, item: self._fields[name].converter.check(item))

    def _several(self, fields: Collection[str]) -> Iterator[FieldError]:
        """Yields an error for each choice of which several fields are given."""
        for choice in self._choices:
            given = [name for name in choice if name in fields]
            if len(given) > 1:
                yield FieldError(f"has {' and '.join(given)}, of which only one can be given")


def _field(field: dataclasses.Field[Any], message: Descriptor) -> Field:
    wire = message.fields_by_name[field.name.removesuffix("_")]
    required = field.default is field.default_factory is dataclasses.MISSING
    converter = _converter(wire, counted=field.default_factory is dict)
    return Field(field.name, wire, converter, optional=field.default is None, required=required)


def _converter(wire: FieldDescriptor, *, counted: bool) -> Converter:
    """Returns the converter of a field. `counted` says that Python has a dict for a repeated message."""
    message = wire.message_type
    if not wire.is_repeated or message is None:
        return Repeated(_single(wire)) if wire.is_repeated else _single(wire)
    if message.GetOptions().map_entry:
        return ByName(_single(message.fields_by_name["value"]))
    return CountsByReason(_single(message.fields_by_name["reason"])) if counted else Repeated(_single(wire))


def _single(wire: FieldDescriptor) -> Converter:
    if wire.enum_type is not None:
        return Enumeration(wire.enum_type, CLASSES[wire.enum_type.full_name])
    if wire.message_type is not None:
        name = wire.message_type.full_name
        return WELL_KNOWN[name]() if name in WELL_KNOWN else record_of(CLASSES[name])
    if wire.type == FieldDescriptor.TYPE_BYTES:
        return Octets()
    number = NUMBERS.get(wire.cpp_type)
    return number() if number else Plain(str, completion(wire))


def _suggestion(name: str, fields: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, fields, n=1)
    return f"; did you mean {close[0]}?" if close else ""
