"""The kinds that are made of other kinds: lists, counts, records; and the way from a type hint to its kind."""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import functools
import types
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from google.protobuf.message import Message

from clarion_client._values.kinds import Choice, Data, Instant, Kind, Scalar, Span, Texts, mapping


class Repeated:
    """Several of one kind, in order."""

    def __init__(self, item: Kind) -> None:
        self._item = item

    def read(self, wire: Any, /) -> tuple[Any, ...]:
        return tuple(self._item.read(item) for item in wire)

    def write(self, value: Sequence[Any], path: str, /) -> list[Any]:
        return [self._item.write(item, f"{path}[{index}]") for index, item in enumerate(value)]

    def dump(self, value: Sequence[Any], /) -> list[Any]:
        return [self._item.dump(item) for item in value]

    def load(self, data: Any, path: str, /) -> tuple[Any, ...]:
        if not isinstance(data, list | tuple):
            raise TypeError(f"{path} is a {type(data).__name__}, not a list")
        return tuple(self._item.load(item, f"{path}[{index}]") for index, item in enumerate(data))


class ProcessMetrics:
    """Counts by reason, which the contract lists as `{reason, count}`."""

    def __init__(self, reason: type[StrEnum]) -> None:
        self._reason = Choice(reason)

    def read(self, wire: Any, /) -> dict[Any, int]:
        counts: dict[Any, int] = {}
        for entry in wire:
            # Reasons that this client does not know share one key.
            reason = self._reason.read(entry.reason)
            counts[reason] = counts.get(reason, 0) + entry.count
        return counts

    def write(self, value: Mapping[str, int], path: str, /) -> list[dict[str, int]]:
        return [{"reason": self._reason.write(reason, path), "count": count} for reason, count in value.items()]

    def dump(self, value: Mapping[StrEnum, int], /) -> dict[str, int]:
        return {str(reason): count for reason, count in value.items()}

    def load(self, data: Any, path: str, /) -> dict[Any, int]:
        count = Scalar(int)
        return {self._reason.load(reason, path): count.load(item, path) for reason, item in mapping(data, path).items()}


class Record:
    """A dataclass and a protobuf message with the same field names."""

    def __init__(self, python_type: Any) -> None:
        self._type = python_type

    def read(self, wire: Message, /) -> Any:
        return self._type(**{field.name: field.read(wire) for field in fields_of(self._type)})

    def write(self, value: Any, path: str, /) -> dict[str, Any]:
        return {
            field.wire_name: field.kind.write(item, at(path, field.wire_name))
            for field in fields_of(self._type)
            if (item := getattr(value, field.name)) is not None
        }

    def dump(self, value: Any, /) -> dict[str, Any]:
        return {
            field.wire_name: field.kind.dump(item)
            for field in fields_of(self._type)
            if (item := getattr(value, field.name)) is not None
        }

    def load(self, data: Any, path: str, /) -> Any:
        fields = {field.wire_name: field for field in fields_of(self._type)}
        given = mapping(data, path or self._type.__name__)
        for name in given:
            if name not in fields:
                raise ValueError(f"{at(path, name)} is no field of {self._type.__name__}{_suggestion(name, fields)}")
        loaded = {field.name: field.load(given, path) for field in fields.values() if not field.omissible(given)}
        return self._type(**loaded)


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One field of a record. `wire_name` is the contract's; Python's adds an underscore to a keyword (`from_`)."""

    name: str
    wire_name: str
    kind: Kind
    optional: bool
    has_default: bool

    def read(self, wire: Message) -> Any:
        item = getattr(wire, self.wire_name)
        return None if self.optional and self._absent(wire, item) else self.kind.read(item)

    def load(self, data: Mapping[Any, Any], path: str) -> Any:
        item = data.get(self.wire_name)
        if item is not None:
            return self.kind.load(item, at(path, self.wire_name))
        if self.optional:
            return None
        raise ValueError(f"{at(path, self.wire_name)} is missing")

    def omissible(self, data: Mapping[Any, Any]) -> bool:
        return self.has_default and data.get(self.wire_name) is None

    def _absent(self, wire: Message, item: Any) -> bool:
        return not wire.HasField(self.wire_name) if isinstance(item, Message) else item == 0


@functools.cache
def fields_of(record: Any) -> tuple[Field, ...]:
    hints = get_type_hints(record, include_extras=True)
    return tuple(_field(field, hints[field.name]) for field in dataclasses.fields(record))


def kind_of(hint: Any) -> Kind:
    arguments = get_args(hint)
    match get_origin(hint):
        case origin if origin is Annotated:
            kind: Kind = arguments[1]
            return kind
        case origin if origin is Sequence:
            return Repeated(kind_of(arguments[0]))
        case origin if origin is Mapping:
            return _mapping_kind(*arguments)
        case _:
            return _plain_kind(hint)


def _field(field: dataclasses.Field[Any], hint: Any) -> Field:
    optional = get_origin(hint) is types.UnionType
    return Field(
        name=field.name,
        # A name that is a keyword in Python has an underscore there.
        wire_name=field.name.removesuffix("_"),
        kind=kind_of(get_args(hint)[0] if optional else hint),
        optional=optional,
        has_default=not (field.default is field.default_factory is dataclasses.MISSING),
    )


def _mapping_kind(key: Any, item: Any) -> Kind:
    if key is not str:
        return ProcessMetrics(key)
    return Texts() if item is str else Data()


def _plain_kind(hint: type[Any]) -> Kind:
    if dataclasses.is_dataclass(hint):
        return Record(hint)
    if issubclass(hint, StrEnum):
        return Choice(hint)
    if hint is dt.datetime:
        return Instant()
    return Span() if hint is dt.timedelta else Scalar(hint)


def at(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)


def _suggestion(name: object, fields: Mapping[str, Field]) -> str:
    close = difflib.get_close_matches(str(name), fields, n=1)
    return f"; did you mean {close[0]}?" if close else ""
