"""Requests as they come off the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from google.protobuf.message import DecodeError
from google.protobuf.message import Message as ProtobufMessage

from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.violation import Violation

Request = TypeVar("Request")

#: The largest request that is read.
MAX_REQUEST_BYTES = 4 * 1024 * 1024


class Undecodable:
    """Stands for a request that could not be read, until the guard can say so in Clarion's way.

    An exception while decoding would reach the caller as gRPC's own INTERNAL, without a reason.
    """

    def __init__(self, *violations: Violation) -> None:
        self.violations = violations


class Unread:
    """Stands for a request that the guard decodes once it knows the caller.

    JSON takes much longer than protobuf to decode, so that strangers could keep the event loop busy with it.
    """

    def __init__(self, decode: Callable[[], Any]) -> None:
        self.decode = decode


_DAMAGED: Final = Undecodable(
    Violation("", "MALFORMED", "The request is no valid protobuf of its type; strings must be UTF-8.")
)
_OVERSIZED: Final = Undecodable(
    Violation("", "TOO_LONG", f"The request must have at most {MAX_REQUEST_BYTES:,} bytes.")
)


def decoder(request_type: type[ProtobufMessage]) -> Callable[[bytes], Any]:
    def decode(raw: bytes) -> ProtobufMessage | Undecodable:
        if len(raw) > MAX_REQUEST_BYTES:
            return _OVERSIZED
        try:
            return request_type.FromString(raw)
        except DecodeError:
            return _DAMAGED

    return decode


def size_of(request: ProtobufMessage | Undecodable) -> int:
    """In bytes; nothing is kept of a request that could not be read."""
    return 0 if isinstance(request, Undecodable) else request.ByteSize()


def check_decoded(request: Request) -> Request:
    """Returns the request, which is decoded if it was not before. Raises InvalidFields when it cannot be read."""
    if isinstance(request, Unread):
        request = request.decode()
    if isinstance(request, Undecodable):
        raise InvalidFields(request.violations)
    return request
