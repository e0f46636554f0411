"""From JSON to messages, by protobuf's JSON mapping: strict about names and types, and with every violation at once.

`google.protobuf.json_format` ends at the first error and tells it in words of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from clarion_server.domain.violation import Violation
from clarion_server.transport.http.scalars import Convert, Flaw, converter, key_converter, wrong_type
from clarion_server.transport.http.well_known import filler, takes_null

Flaws = list[Violation]
Read = Callable[[Any, Any, Flaws], None]
"""Reads a JSON value into its place in a message, or adds what is wrong with it, by paths below that place."""

#: A name that may be repeated in an answer without repeating who knows what.
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    read: Read
    takes_null: bool
    oneof: str
    """The oneof that it is a member of; empty when it is none's."""


class MessageReader:
    """Reads JSON objects into messages of one type."""

    def __init__(self, message: Descriptor) -> None:
        fields = [(field, _field(field)) for field in message.fields]
        self._fields = {name: made for field, made in fields for name in (field.json_name, field.name)}

    def read(self, message: Any, value: Any, flaws: Flaws) -> None:
        if type(value) is not dict:
            flaws.append(Violation("", "WRONG_TYPE", "Must be an object."))
            return
        seen: set[str] = set()
        for key, item in value.items():
            field = self._fields.get(key)
            if field is None:
                flaws.append(unknown(key))
            elif item is not None or field.takes_null:
                before = len(flaws)
                if field.name in seen or (field.oneof and field.oneof in seen):
                    flaws.append(_given_twice(field))
                else:
                    field.read(message, item, flaws)
                if len(flaws) > before:
                    flaws[before:] = [flaw.under(field.name) for flaw in flaws[before:]]
                seen.add(field.name)
                seen.add(field.oneof)


@cache
def reader_of(message: Descriptor) -> MessageReader:
    return MessageReader(message)


def unknown(name: str) -> Violation:
    """A name that looks like none stays out of the answer."""
    return Violation(name if _NAME.fullmatch(name) else "", "UNKNOWN_FIELD", "There is no such field.")


def _given_twice(field: _Field) -> Violation:
    if field.oneof:
        return Violation("", "DUPLICATE", f"At most one field of {field.oneof} may be given.")
    return Violation("", "DUPLICATE", "Must be given once.")


def _field(field: FieldDescriptor) -> _Field:
    oneof = field.containing_oneof
    # The oneof of a field that is `optional` is not there to choose from.
    choice = oneof.name if oneof is not None and len(oneof.fields) > 1 else ""
    return _Field(field.name, _read(field), takes_null(field.message_type), choice)


def _read(field: FieldDescriptor) -> Read:
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        return _map(field.name, message)
    if field.is_repeated:
        return _list(field)
    return _scalar(field) if message is None else _message(field.name, message)


def _scalar(field: FieldDescriptor) -> Read:
    name, convert = field.name, converter(field)

    def read(message: Any, value: Any, flaws: Flaws) -> None:
        try:
            setattr(message, name, convert(value))
        except Flaw as flaw:
            flaws.append(_at("", flaw))

    return read


def _message(name: str, message_type: Descriptor) -> Read:
    read_inner = _inner(message_type)

    def read(message: Any, value: Any, flaws: Flaws) -> None:
        inner = getattr(message, name)
        inner.SetInParent()
        read_inner(inner, value, flaws)

    return read


def _inner(message: Descriptor) -> Read:
    """Into a message that is there already."""
    fill = filler(message)
    if fill is None:
        # Looked up when it is needed: a message may hold itself.
        return lambda inner, value, flaws: reader_of(message).read(inner, value, flaws)

    def read(inner: Any, value: Any, flaws: Flaws) -> None:
        try:
            fill(inner, value)
        except Flaw as flaw:
            flaws.append(_at("", flaw))

    return read


def _list(field: FieldDescriptor) -> Read:
    name, add = field.name, _adder(field)

    def read(message: Any, value: Any, flaws: Flaws) -> None:
        if type(value) is not list:
            flaws.append(_at("", wrong_type("Must be a list.")))
            return
        entries = getattr(message, name)
        for place, item in enumerate(value):
            before = len(flaws)
            add(entries, item, flaws)
            if len(flaws) > before:
                flaws[before:] = [flaw.under(f"[{place}]") for flaw in flaws[before:]]

    return read


def _adder(field: FieldDescriptor) -> Read:
    if field.message_type is not None:
        read_inner = _inner(field.message_type)
        return lambda entries, value, flaws: read_inner(entries.add(), value, flaws)
    convert = converter(field)

    def add(entries: Any, value: Any, flaws: Flaws) -> None:
        try:
            entries.append(convert(value))
        except Flaw as flaw:
            flaws.append(_at("", flaw))

    return add


def _map(name: str, entry_type: Descriptor) -> Read:
    entry = entry_type.fields_by_name
    to_key, put = key_converter(entry["key"]), _putter(entry["value"])

    def read(message: Any, value: Any, flaws: Flaws) -> None:
        if type(value) is not dict:
            flaws.append(_at("", wrong_type("Must be an object.")))
            return
        entries = getattr(message, name)
        for text, item in value.items():
            before = len(flaws)
            try:
                put(entries, to_key(text), item, flaws)
            except Flaw as flaw:
                flaws.append(_at("", flaw))
            if len(flaws) > before:
                shown = text if _NAME.fullmatch(text) else "[]"
                flaws[before:] = [flaw.under(shown) for flaw in flaws[before:]]

    return read


def _putter(field: FieldDescriptor) -> Callable[[Any, Any, Any, Flaws], None]:
    if field.message_type is not None:
        read_inner = _inner(field.message_type)
        return lambda entries, key, value, flaws: read_inner(entries[key], value, flaws)
    convert: Convert = converter(field)

    def put(entries: Any, key: Any, value: Any, _flaws: Flaws) -> None:
        """Raises Flaw."""
        entries[key] = convert(value)

    return put


def _at(place: str, flaw: Flaw) -> Violation:
    return Violation(place, flaw.reason, flaw.description)
