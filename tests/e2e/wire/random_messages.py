"""Requests that protobuf takes for good, with anything in them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, cast

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

_TEXTS = (
    "",
    "x",
    "\0",
    "a\r\nb",
    "é",
    "😀",
    "\u202e",
    "x" * 5_000,
    "*",
    "name",
    "display_name,actions",
    "campaigns/",
    "campaigns/*",
    "email:jane@example.com",
    "jane@example.com",
    "127.0.0.1",
    "en",
    "desc",
    "name desc",
    "{{ context.order }}",
    "{% for %}",
    "{{ 1/0 }}",
    "' OR 1=1 --",
)
#: Fields that name a resource; with mere noise in them, no call would get far.
_NAMING = {"name", "campaign", "execution", "message"}
_TOKENS = {"page_token", "resume_token"}
_NUMBERS: dict[int, Sequence[Any]] = {
    FieldDescriptor.CPPTYPE_INT32: (0, 1, -1, 2**31 - 1, -(2**31), 50, 1_001),
    FieldDescriptor.CPPTYPE_INT64: (0, 1, -1, 2**63 - 1, -(2**63), 1_800_000_000, 253_402_300_800),
    FieldDescriptor.CPPTYPE_UINT32: (0, 1, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 1, 2**64 - 1),
    FieldDescriptor.CPPTYPE_DOUBLE: (0.0, 1.5, -1.0, 1e308, float("nan"), float("inf"), 5e-324),
    FieldDescriptor.CPPTYPE_FLOAT: (0.0, 1.5, -1.0),
    FieldDescriptor.CPPTYPE_BOOL: (False, True),
}


def fill(message: Message, chance: random.Random, names: Sequence[str], depth: int = 5) -> None:
    """Sets fields at random. `names`: texts that mean something to the service."""
    share = chance.choice((0.1, 0.4, 0.8))
    for field in cast("Sequence[FieldDescriptor]", message.DESCRIPTOR.fields):
        if chance.random() < share or field.name in _NAMING:
            _set(message, field, chance, names, depth)


def _set(message: Message, field: FieldDescriptor, chance: random.Random, names: Sequence[str], depth: int) -> None:
    if field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
        if depth:
            for part in _parts(message, field, chance):
                fill(part, chance, names, depth - 1)
    elif field.is_repeated:
        values = [_value(field, chance, names) for _ in range(chance.randrange(4))]
        getattr(message, field.name).extend(values)
    else:
        setattr(message, field.name, _value(field, chance, names))


def _parts(message: Message, field: FieldDescriptor, chance: random.Random) -> list[Message]:
    """Messages in that field, to be filled."""
    kind = field.message_type
    assert kind is not None, "it is a field of messages"
    if kind.GetOptions().map_entry:
        value = kind.fields_by_name["value"]
        texts = [chance.choice(_TEXTS) for _ in range(chance.randrange(3))]
        if value.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
            return [getattr(message, field.name)[text] for text in texts]
        getattr(message, field.name).update({text: chance.choice(_TEXTS) for text in texts})
        return []
    if field.is_repeated:
        return [getattr(message, field.name).add() for _ in range(chance.randrange(3))]
    part: Message = getattr(message, field.name)
    part.SetInParent()
    return [part]


def _value(field: FieldDescriptor, chance: random.Random, names: Sequence[str]) -> Any:
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING if field.type == FieldDescriptor.TYPE_BYTES:
            return chance.randbytes(5)
        case FieldDescriptor.CPPTYPE_STRING:
            return _text(field.name, chance, names)
        case FieldDescriptor.CPPTYPE_ENUM:
            return 0 if field.name == "null_value" else chance.choice((0, 1, 2, 3, 4, 99, -1))
        case kind:
            return chance.choice(_NUMBERS[kind])


def _text(field_name: str, chance: random.Random, names: Sequence[str]) -> str:
    if field_name in _TOKENS and chance.random() < 0.8:
        return ""
    if field_name in _NAMING and chance.random() < 0.9:
        return chance.choice(names)
    return chance.choice((*names, *_TEXTS))
