"""The messages that protobuf's JSON mapping writes in a way of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import ListValue, Struct, Value

from clarion_server.transport.http.scalars import Flaw, converter, malformed, text_converter, wrong_type

Fill = Callable[[Any, Any], None]
"""Fills a message from a JSON value. Raises Flaw."""

#: As deep as protobuf reads its own format.
_MAX_DEPTH: Final = 100

_WRAPPERS: Final = frozenset(
    f"google.protobuf.{kind}Value"
    for kind in ("Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes")
)
_VALUE: Final = "google.protobuf.Value"


def filler(message: Descriptor) -> Fill | None:
    """None for a message that is an ordinary object."""
    if message.full_name in _WRAPPERS:
        return _wrapper(message, from_text=False)
    return _FILLERS.get(message.full_name)


def text_filler(message: Descriptor) -> Fill | None:
    """For a value that comes in a URL. None for a message that has no form there."""
    if message.full_name in _WRAPPERS:
        return _wrapper(message, from_text=True)
    return _TEXT_FILLERS.get(message.full_name)


def takes_null(message: Descriptor | None) -> bool:
    """To every other field null means that it is not there."""
    return message is not None and message.full_name == _VALUE


def _wrapper(message: Descriptor, *, from_text: bool) -> Fill:
    field = message.fields_by_name["value"]
    convert = text_converter(field) if from_text else converter(field)

    def fill(wrapper: Any, value: Any) -> None:
        wrapper.value = convert(value)

    return fill


def _by_its_own_reader(description: str) -> Fill:
    def fill(message: Any, value: Any) -> None:
        if type(value) is not str:
            raise wrong_type(description)
        try:
            message.FromJsonString(value)
        except ValueError:
            raise malformed(description) from None

    return fill


_PATHS: Final = re.compile(r"[A-Za-z0-9_.*]*(,[A-Za-z0-9_.*]+)*")


def _fill_mask(mask: FieldMask, value: Any) -> None:
    """Paths in lowerCamelCase, as the mapping has it, or as the contract writes them."""
    description = "Must be the names of fields, separated by commas."
    if type(value) is not str:
        raise wrong_type(description)
    if not _PATHS.fullmatch(value):
        raise malformed(description)
    mask.paths.extend(re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", path) for path in value.split(",") if path)


def _fill_struct(struct: Struct, value: Any) -> None:
    _put_object(struct, value, 1)


def _fill_list(entries: ListValue, value: Any) -> None:
    if type(value) is not list:
        raise wrong_type("Must be a list.")
    _put_list(entries, value, 1)


def _fill_value(target: Value, value: Any) -> None:
    _put_value(target, value, 1)


def _put_object(struct: Struct, value: Any, depth: int) -> None:
    if type(value) is not dict:
        raise wrong_type("Must be an object.")
    _check_depth(depth)
    fields = struct.fields
    for key, item in value.items():
        _put_value(fields[key], item, depth + 1)


def _put_list(entries: ListValue, value: list[Any], depth: int) -> None:
    _check_depth(depth)
    add = entries.values.add
    for item in value:
        _put_value(add(), item, depth + 1)


def _put_value(target: Value, value: Any, depth: int) -> None:
    kind = type(value)
    if kind is str:
        target.string_value = value
    elif kind is bool:
        target.bool_value = value
    elif kind is int or kind is float:
        target.number_value = value
    elif value is None:
        target.null_value = 0  # type: ignore[assignment] # NULL_VALUE, the only one
    elif kind is dict:
        target.struct_value.SetInParent()
        _put_object(target.struct_value, value, depth)
    else:
        target.list_value.SetInParent()
        _put_list(target.list_value, value, depth)


def _check_depth(depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise Flaw("TOO_DEEP", f"Must be nested at most {_MAX_DEPTH} levels deep.")


def _fill_any(packed: Message, value: Any) -> None:
    try:
        json_format.ParseDict(value, packed)
    except (json_format.ParseError, TypeError, ValueError, AttributeError):
        raise malformed("Must be an object with the type of a message as its @type.") from None


_TIMESTAMP = _by_its_own_reader("Must be a time such as 2026-11-24T12:00:00Z.")
_DURATION = _by_its_own_reader("Must be a duration in seconds such as 1.5s.")

_TEXT_FILLERS: Final[Mapping[str, Fill]] = {
    "google.protobuf.Timestamp": _TIMESTAMP,
    "google.protobuf.Duration": _DURATION,
    "google.protobuf.FieldMask": _fill_mask,
}

_FILLERS: Final[Mapping[str, Fill]] = {
    **_TEXT_FILLERS,
    "google.protobuf.Struct": _fill_struct,
    "google.protobuf.ListValue": _fill_list,
    _VALUE: _fill_value,
    "google.protobuf.Any": _fill_any,
}
