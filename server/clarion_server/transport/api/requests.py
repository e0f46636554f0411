"""Decodes requests. Large ones are decoded and converted in threads, as they would hold up other callers."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any, Final, TypeVar

import grpc
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as ProtobufMessage

from clarion_server.application.background import run_for_request
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.violation import Violation

Request = TypeVar("Request")
Converted = TypeVar("Converted")

#: Is the largest request that is decoded, in bytes.
MAX_REQUEST_BYTES = 4 * 1024 * 1024
#: Protobuf of more bytes is large: converting it may take 10 ms. A thousand usual recipients have about as many.
LARGE_BYTES = 64 * 1024

_IS_LARGE: ContextVar[bool] = ContextVar("is_large", default=False)


class Undecodable:
    """Replaces a request that could not be decoded, so that the guard can report its violations.

    An exception of the decoder would reach the caller as gRPC's own INTERNAL, without a reason.
    """

    def __init__(self, *violations: Violation) -> None:
        self.violations = violations


class Unread:
    """Replaces a request that is decoded after its caller was authenticated.

    Decoding JSON or anything large takes long, so that callers without a key could keep the process busy.
    """

    def __init__(self, decode: Callable[[], Any], size: int, *, is_large: bool) -> None:
        """`size` is in bytes."""
        self.decode = decode
        self.size = size
        self.is_large = is_large

    async def read(self) -> Any:
        """Returns the decoded request, and marks the call as one with a large request if it is one."""
        if not self.is_large:
            return self.decode()
        _IS_LARGE.set(True)
        return await run_for_request(self.decode)


_DAMAGED: Final = Undecodable(
    Violation("", "MALFORMED", "The request is no valid protobuf of its type; strings must be UTF-8.")
)
_MISSING: Final = Violation("", "MALFORMED", "The call ended without a request; it needs one, which may be empty.")
_OVERSIZED: Final = Undecodable(
    Violation("", "TOO_LONG", f"The request must have at most {MAX_REQUEST_BYTES:,} bytes.")
)


def decoder(request_type: type[ProtobufMessage]) -> Callable[[bytes], Any]:
    """Returns a function that decodes requests and never raises."""

    def decode(raw: bytes) -> ProtobufMessage | Undecodable | Unread:
        if len(raw) <= LARGE_BYTES:
            return parse(raw)
        return _OVERSIZED if len(raw) > MAX_REQUEST_BYTES else Unread(partial(parse, raw), len(raw), is_large=True)

    def parse(raw: bytes) -> ProtobufMessage | Undecodable:
        try:
            return request_type.FromString(raw)
        except DecodeError:
            return _DAMAGED

    return decode


def size_of(request: ProtobufMessage | Undecodable | Unread) -> int:
    """Returns the size in bytes; 0 for a request that could not be decoded, as nothing is kept of it."""
    if isinstance(request, Unread):
        return request.size
    return 0 if isinstance(request, Undecodable) else request.ByteSize()


def is_large() -> bool:
    """Returns whether the request of this call is large, so that work on it belongs into a thread."""
    return _IS_LARGE.get()


async def converted(convert: Callable[[Request], Converted], request: Request) -> Converted:
    """Returns what `convert` makes of the request of this call: in a thread if the request is large."""
    return await run_for_request(convert, request) if is_large() else convert(request)


def check_decoded(request: Request) -> Request:
    """Returns the request. Raises InvalidFields when it could not be decoded, or did not come."""
    if isinstance(request, Undecodable):
        raise InvalidFields(request.violations)
    if request is grpc.aio.EOF:
        raise InvalidFields((_MISSING,))
    return request
