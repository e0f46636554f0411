"""Triggers good and bad, down to the octets of protobuf's encoding."""

from __future__ import annotations

from typing import Any

from clarion.v1 import (
    trigger_service_pb2,
)
from google.protobuf import struct_pb2

from tests.campaigns import CONTEXT

TRIGGER, TRIGGER_STREAM = "/clarion.v1.TriggerService/Trigger", "/clarion.v1.TriggerService/TriggerStream"


def a_trigger(**fields: Any) -> trigger_service_pb2.TriggerRequest:
    """Returns a good one, for Jane."""
    request = trigger_service_pb2.TriggerRequest(campaign="campaigns/orders", **fields)
    recipient = request.recipients.add(identity="email:jane@example.com")
    recipient.context.update(CONTEXT)
    return request


def with_context(value: Any, name: str = "order") -> trigger_service_pb2.TriggerRequest:
    request = a_trigger()
    request.recipients[0].context.Clear()
    request.recipients[0].context.fields[name].CopyFrom(value)
    return request


def number(value: float) -> struct_pb2.Value:
    return struct_pb2.Value(number_value=value)


def text(value: str) -> struct_pb2.Value:
    return struct_pb2.Value(string_value=value)


def length_delimited(field: int, payload: bytes) -> bytes:
    """Returns a field of protobuf's encoding whose payload may be anything."""
    size, length = len(payload), b""
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([field << 3 | 2]) + length + bytes([size]) + payload


def raw_trigger(identity: bytes = b"email:jane@example.com", context: bytes = b"") -> bytes:
    recipient = length_delimited(1, identity) + length_delimited(4, context)
    return length_delimited(1, b"campaigns/orders") + length_delimited(3, recipient)


def nested(levels: int) -> bytes:
    """A Struct so deep."""
    value = length_delimited(3, b"x")
    for _ in range(levels - 1):
        value = length_delimited(5, length_delimited(1, length_delimited(1, b"a") + length_delimited(2, value)))
    return length_delimited(1, length_delimited(1, b"order") + length_delimited(2, value))


def nested_lists(levels: int) -> bytes:
    value = length_delimited(3, b"x")
    for _ in range(levels - 1):
        value = length_delimited(6, length_delimited(1, value))
    return length_delimited(1, length_delimited(1, b"order") + length_delimited(2, value))
