"""Writes errors over HTTP: a google.rpc.Status as JSON, under the HTTP code that its own code maps to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf import json_format
from google.rpc import code_pb2, error_details_pb2, status_pb2

#: Is the mapping of google/rpc/code.proto.
HTTP_CODES: Final[Mapping[int, int]] = {
    code_pb2.OK: 200,
    code_pb2.CANCELLED: 499,
    code_pb2.UNKNOWN: 500,
    code_pb2.INVALID_ARGUMENT: 400,
    code_pb2.DEADLINE_EXCEEDED: 504,
    code_pb2.NOT_FOUND: 404,
    code_pb2.ALREADY_EXISTS: 409,
    code_pb2.PERMISSION_DENIED: 403,
    code_pb2.UNAUTHENTICATED: 401,
    code_pb2.RESOURCE_EXHAUSTED: 429,
    code_pb2.FAILED_PRECONDITION: 400,
    code_pb2.ABORTED: 409,
    code_pb2.OUT_OF_RANGE: 400,
    code_pb2.UNIMPLEMENTED: 501,
    code_pb2.INTERNAL: 500,
    code_pb2.UNAVAILABLE: 503,
    code_pb2.DATA_LOSS: 500,
}

Headers = list[tuple[bytes, bytes]]


def body_of(status: status_pb2.Status) -> dict[str, Any]:
    return dict(json_format.MessageToDict(status))


def headers_of(status: status_pb2.Status) -> Headers:
    """Returns the headers that say how to authenticate or when to try again."""
    if status.code == code_pb2.UNAUTHENTICATED:
        return [(b"www-authenticate", b"Bearer")]
    delay = _retry_delay(status)
    return [] if delay is None else [(b"retry-after", str(delay).encode())]


def _retry_delay(status: status_pb2.Status) -> int | None:
    """Returns whole seconds, as the header has them, rounded up."""
    info = error_details_pb2.RetryInfo()
    for detail in status.details:
        if detail.Unpack(info):
            return int(info.retry_delay.seconds) + bool(info.retry_delay.nanos)
    return None
