"""Reads JSON values into messages by protobuf's JSON mapping, and collects all violations with their paths.

`google.protobuf.json_format` converts single values. It does not read whole requests, because it stops at the first
error, repeats values in its texts, rounds large numbers, and takes nearly three times as long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final, NamedTuple

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from clarion_server.domain.violation import Violation, malformed
from clarion_server.transport.http.json_data import MAX_VIOLATIONS, Violations, first_violations, read_struct
from clarion_server.transport.http.json_text import DuplicateNames, duplicates

#: Reads a JSON value into a message, or adds violations with paths below that value.
Read = Callable[[Any, Any, Violations], None]

#: Is a name that may be repeated in an answer. Any other text might be personal data.
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")


class MessageReader:
    """Reads JSON objects into messages of one type."""

    def __init__(self, message: Descriptor) -> None:
        readers = [(field, FieldReader(field)) for field in message.fields]
        self.fields = {name: reader for field, reader in readers for name in (field.json_name, field.name)}
        self._names = names_of(message.fields)

    def read(self, message: Any, value: Any, violations: Violations) -> None:
        if type(value) is not dict:
            if not isinstance(value, DuplicateNames):
                violations.append(_wrong_type("Must be an object."))
                return
            violations += map(self._duplicate, value.names)
        seen: set[str] = set()
        for name, member in value.items():
            field = self.fields.get(name)
            if field is None:
                violations.append(unknown(name, self._names))
            elif member is not None:
                if field.slot in seen:
                    violations.append(field.duplicate)
                seen.add(field.slot)
                _read_at(field.name, field.read, message, member, violations)
            if len(violations) >= MAX_VIOLATIONS:
                return

    def _duplicate(self, name: str) -> Violation:
        field = self.fields.get(name)
        return unknown(name, self._names) if field is None else field.duplicate


@cache
def reader_of(message: Descriptor) -> MessageReader:
    return MessageReader(message)


def names_of(fields: Iterable[FieldDescriptor]) -> str:
    """Returns the names of the fields, for people."""
    return ", ".join(field.name for field in fields)


def unknown(name: str, names: str) -> Violation:
    """`names`: those of the fields that there are."""
    there_are = f" The fields are: {names}." if names else ""
    return Violation(name if _NAME.fullmatch(name) else "", "UNKNOWN_FIELD", f"There is no such field.{there_are}")


class FieldReader:
    """Reads values of one field."""

    def __init__(self, field: FieldDescriptor) -> None:
        self.name = field.name
        # The oneof of an `optional` field has nothing to choose from.
        oneof = field.containing_oneof if field.containing_oneof and len(field.containing_oneof.fields) > 1 else None
        self.slot = oneof.name if oneof else field.name
        """The oneof or else the field itself. A request fills it at most once."""
        rule = f"At most one field of {self.slot} may be given." if oneof else "Must be given once."
        self.duplicate = Violation(field.name, "DUPLICATE", rule)
        self.put = _put(field)
        """Sets a singular field, or adds one value to a repeated one."""
        self.read = _map(field) if _is_map(field) else _list(self.put) if field.is_repeated else self.put


def _read_at(path: str, read: Read, message: Any, value: Any, violations: Violations) -> None:
    before = len(violations)
    read(message, value, violations)
    if len(violations) > before:
        violations[before:] = [each.under(path) for each in violations[before:]]


def _list(put: Read) -> Read:
    def read(message: Any, value: Any, violations: Violations) -> None:
        if type(value) is not list:
            violations.append(_wrong_type("Must be a list."))
            return
        for index, entry in enumerate(value):
            _read_at(f"[{index}]", put, message, entry, violations)
            if len(violations) >= MAX_VIOLATIONS:
                return

    return read


def _map(field: FieldDescriptor) -> Read:
    assert field.message_type is not None
    keys, values = field.message_type.fields_by_name["key"], field.message_type.fields_by_name["value"]
    expected, holds_texts = _expected(values), keys.type == values.type == FieldDescriptor.TYPE_STRING

    def read(message: Any, value: Any, violations: Violations) -> None:
        if not isinstance(value, dict):
            violations.append(_wrong_type("Must be an object."))
            return
        violations += duplicates(value)
        entries = getattr(message, field.name)
        for key, entry in value.items():
            if holds_texts and type(entry) is str:
                entries[key] = entry
                continue
            found: Violations = []
            _convert(message, {field.name: {key: entry}}, entry, expected, found)
            violations += [each.under(key if _NAME.fullmatch(key) else "[]") for each in found]

    return read


def _put(field: FieldDescriptor) -> Read:
    message_type = field.message_type
    is_struct = message_type is not None and message_type.full_name == "google.protobuf.Struct"
    if message_type is None or (message_type.file.package == "google.protobuf" and not is_struct):
        return _put_single(field)
    name, is_repeated = field.name, field.is_repeated

    def put(message: Any, value: Any, violations: Violations) -> None:
        inner = getattr(message, name)
        if is_repeated:
            inner = inner.add()
        else:
            inner.SetInParent()
        if is_struct:
            read_struct(inner, value, violations)
        else:
            # Looked up late, because a message may contain itself.
            reader_of(message_type).read(inner, value, violations)

    return put


def _put_single(field: FieldDescriptor) -> Read:
    name, is_repeated, expected = field.name, field.is_repeated, _expected(field)
    same_type = {FieldDescriptor.TYPE_STRING: str, FieldDescriptor.TYPE_BOOL: bool}.get(field.type)

    def put(message: Any, value: Any, violations: Violations) -> None:
        if type(value) is not same_type:
            _convert(message, {name: [value] if is_repeated else value}, value, expected, violations)
        elif is_repeated:
            getattr(message, name).append(value)
        else:
            setattr(message, name, value)

    return put


class _Expected(NamedTuple):
    """Holds the values that a field takes."""

    description: str
    types: frozenset[type] = frozenset()
    """Holds the types that the JSON value may have; empty when it may be any data."""
    pattern: re.Pattern[str] | None = None
    """Matches the whole of a value that is a text, where the conversion takes others too."""


#: Holds the errors that json_format raises for some values, its own and others.
_ERRORS: Final = (json_format.ParseError, ValueError, TypeError, LookupError, AttributeError, OverflowError)


def _convert(message: Any, field: dict[str, Any], value: Any, expected: _Expected, violations: Violations) -> None:
    """Merges the field, whose single value is `value`, into the message."""
    if not expected.types and (found := first_violations(value)):
        violations += found
    elif expected.types and type(value) not in expected.types:
        violations.append(_wrong_type(expected.description))
    elif expected.pattern is not None and type(value) is str and not expected.pattern.fullmatch(value):
        violations.append(malformed("", expected.description))
    else:
        converted = type(message)()
        try:
            json_format.ParseDict(field, converted)
        except _ERRORS:
            violations.append(malformed("", expected.description))
        else:
            message.MergeFrom(converted)


_TEXT: Final = frozenset({str})
# Converting leaves out every other character, so that a damaged file would be stored.
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")
_NUMBER: Final = frozenset({int, float, str})
# Converting takes what Python reads as a number: digits of other scripts, `1_000`, and blanks around them.
_NUMERAL: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|NaN|-?Infinity")
_RANGES: Final = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
_SINGLE: Final = {
    FieldDescriptor.TYPE_BOOL: _Expected("Must be true or false.", frozenset({bool})),
    FieldDescriptor.TYPE_STRING: _Expected("Must be a string.", _TEXT),
    FieldDescriptor.TYPE_BYTES: _Expected("Must be base64.", _TEXT, _BASE64),
    FieldDescriptor.TYPE_DOUBLE: _Expected("Must be a number that a double can hold.", _NUMBER, _NUMERAL),
    FieldDescriptor.TYPE_FLOAT: _Expected("Must be a number that a float can hold.", _NUMBER, _NUMERAL),
}
_WELL_KNOWN: Final = {
    "google.protobuf.Timestamp": _Expected("Must be a time such as 2026-11-24T12:00:00Z.", _TEXT),
    "google.protobuf.Duration": _Expected("Must be a duration in seconds such as 1.5s.", _TEXT),
    "google.protobuf.FieldMask": _Expected("Must be the names of fields, separated by commas.", _TEXT),
}


def _expected(field: FieldDescriptor) -> _Expected:
    if field.enum_type is not None:
        names = ", ".join(value.name for value in field.enum_type.values if value.number)
        return _Expected(f"Must be one of {names}.", frozenset({str, int}))
    if field.message_type is not None:
        return _WELL_KNOWN.get(field.message_type.full_name, _Expected("Must have the JSON form of its type."))
    if field.cpp_type in _RANGES:
        low, high = _RANGES[field.cpp_type]
        return _Expected(f"Must be a whole number from {low:,} to {high:,}.", _NUMBER, _NUMERAL)
    return _SINGLE[field.type]


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _wrong_type(description: str) -> Violation:
    return Violation("", "WRONG_TYPE", description)
