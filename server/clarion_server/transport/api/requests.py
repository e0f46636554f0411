"""Decodes requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from google.protobuf.message import DecodeError
from google.protobuf.message import Message as ProtobufMessage

from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.violation import Violation

Request = TypeVar("Request")

#: The largest request that is decoded, in bytes.
MAX_REQUEST_BYTES = 4 * 1024 * 1024


class Undecodable:
    """Replaces a request that could not be decoded, so that the guard can report its violations.

    An exception of the decoder would reach the caller as gRPC's own INTERNAL, without a reason.
    """

    def __init__(self, *violations: Violation) -> None:
        self.violations = violations


class Unread:
    """Replaces a request that the guard decodes after it has authenticated the caller.

    Decoding JSON takes much longer than protobuf, so that callers without a key could keep the event loop busy.
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
    """Returns a function that decodes requests and never raises."""

    def decode(raw: bytes) -> ProtobufMessage | Undecodable:
        if len(raw) > MAX_REQUEST_BYTES:
            return _OVERSIZED
        try:
            return request_type.FromString(raw)
        except DecodeError:
            return _DAMAGED

    return decode


def size_of(request: ProtobufMessage | Undecodable) -> int:
    """Returns the size in bytes; 0 for a request that could not be decoded, as nothing is kept of it."""
    return 0 if isinstance(request, Undecodable) else request.ByteSize()


def check_decoded(request: Request) -> Request:
    """Returns the decoded request. Raises InvalidFields when it cannot be decoded."""
    if isinstance(request, Unread):
        request = request.decode()
    if isinstance(request, Undecodable):
        raise InvalidFields(request.violations)
    return request
