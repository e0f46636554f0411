"""Refusals of requests before a method of the contract is called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2

from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.violation import Violation
from clarion_server.transport.api.errors import DOMAIN, internal_status, status_of
from clarion_server.transport.api.requests import MAX_REQUEST_BYTES, Undecodable
from clarion_server.transport.http.statuses import HTTP_CODES, Headers

#: Holds the reasons that occur over HTTP only.
REASONS: Final = ("URL_UNKNOWN", "HTTP_METHOD_UNKNOWN", "MEDIA_TYPE_UNKNOWN", "BODY_TOO_SLOW")


_TOO_LONG: Final = Violation("", "TOO_LONG", f"A request must have at most {MAX_REQUEST_BYTES:,} bytes.")


class HttpRefusal(Exception):
    """The request is answered with an error."""

    def __init__(self, code: int, status: status_pb2.Status, headers: Headers | None = None) -> None:
        """Takes with `code` the HTTP status code."""
        super().__init__(status.message)
        self.code = code
        self.status = status
        self.headers = headers or []


def url_unknown(others: str = "GET /docs shows all URLs, GET /openapi.json lists them for programs.") -> HttpRefusal:
    """`others`: a sentence that says which URLs there are."""
    return _refusal(404, code_pb2.NOT_FOUND, "URL_UNKNOWN", f"There is no such URL. {others}")


def method_unknown(allowed: Iterable[str]) -> HttpRefusal:
    names = sorted(allowed)
    refusal = _refusal(
        405,
        code_pb2.UNIMPLEMENTED,
        "HTTP_METHOD_UNKNOWN",
        f"This URL takes {', '.join(names)}.",
        {"allowed_methods": ",".join(names)},
    )
    refusal.headers.append((b"allow", ", ".join(names).encode()))
    return refusal


def media_type_unknown(accepted: str) -> HttpRefusal:
    return _refusal(
        415,
        code_pb2.INVALID_ARGUMENT,
        "MEDIA_TYPE_UNKNOWN",
        f"Send the body as it is, uncompressed, with the header 'content-type: {accepted}'.",
    )


def body_too_slow(seconds: float) -> HttpRefusal:
    return _refusal(
        408,
        code_pb2.DEADLINE_EXCEEDED,
        "BODY_TOO_SLOW",
        f"The body must arrive within {seconds:g} seconds. Nothing was done.",
        headers=[(b"connection", b"close")],
    )


def body_too_long() -> HttpRefusal:
    return HttpRefusal(413, status_of(InvalidFields((_TOO_LONG,))))


def line_too_long() -> Undecodable:
    """Stands for one request of a stream."""
    return Undecodable(_TOO_LONG)


def invalid(*violations: Violation) -> HttpRefusal:
    return HttpRefusal(400, status_of(InvalidFields(violations)))


def refused(status: status_pb2.Status) -> HttpRefusal:
    """Returns the error that a method of the contract answered with."""
    return HttpRefusal(HTTP_CODES[status.code], status)


def time_is_up() -> HttpRefusal:
    """The caller's own deadline has passed. The status is the one of gRPC."""
    return HttpRefusal(504, status_pb2.Status(code=code_pb2.DEADLINE_EXCEEDED, message="Deadline Exceeded"))


def fault(request_id: str) -> HttpRefusal:
    return HttpRefusal(500, internal_status(request_id))


def _refusal(
    code: int,
    google_code: int,
    reason: str,
    message: str,
    metadata: dict[str, str] | None = None,
    headers: Headers | None = None,
) -> HttpRefusal:
    packed = any_pb2.Any()
    packed.Pack(error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata))
    return HttpRefusal(code, status_pb2.Status(code=google_code, message=message, details=[packed]), headers)
