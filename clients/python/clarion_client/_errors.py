"""The errors of calls, with everything that the service said about them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar, cast

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, PreconditionFailure, RetryInfo
from google.rpc.status_pb2 import Status

from clarion_client._conversion import read
from clarion_client._values import Finding, Severity
from clarion_client._violation import Violation

M = TypeVar("M", bound=Message)

DETAILS_KEY = "grpc-status-details-bin"
DOMAIN = "clarion.dev"
#: A message is for people; programs read `violations`.
MOST_LISTED = 10
CODES = MappingProxyType({code.value[0]: code for code in grpc.StatusCode})
_NO_GRPC = (
    "The server there does not speak gRPC {} TLS. The target must be the port for gRPC, not the one for HTTP. "
    "If it is, turn TLS {}."
)
_IN_THE_CLEAR, _WITH_TLS = _NO_GRPC.format("without", "on"), _NO_GRPC.format("with", "off")
#: Says what gRPC says when a server answers in another protocol, and what callers read instead.
OTHER_PROTOCOLS = MappingProxyType(
    {
        "Failed parsing HTTP/2": _IN_THE_CLEAR,
        "WRONG_VERSION_NUMBER": _WITH_TLS,
        "missing selected ALPN property": _WITH_TLS,
    }
)


@dataclass(frozen=True, slots=True)
class ErrorDetails:
    """Holds the details of an error beside its code and message."""

    #: Is an `ErrorReason`. Empty when no Clarion service answered, as without a connection or behind a proxy.
    reason: str = ""
    #: Holds the data that `ErrorReason` documents for the reason, such as `resource` and `state`.
    metadata: Mapping[str, str] = field(default_factory=dict)
    #: Every rule that the request breaks; of more than about a hundred, the first.
    violations: tuple[Violation, ...] = ()
    #: Holds the findings of the review that kept a campaign from being activated.
    findings: tuple[Finding, ...] = ()
    #: Is the delay before the next try, when the service asks for one.
    retry_after: dt.timedelta | None = None
    #: Names the call in the service's log. A trigger without a `request_id` of its own was sent under this one.
    request_id: str = ""


class ClarionError(Exception):
    """A call failed. Match on the subclass, `code` or `reason`, never on the message."""

    def __init__(self, code: grpc.StatusCode, message: str, details: ErrorDetails | None = None) -> None:
        details = details or ErrorDetails()
        super().__init__(code, message, details)
        self.code = code
        self.message = message
        self.reason = details.reason
        self.metadata = details.metadata
        self.violations = details.violations
        self.findings = details.findings
        self.retry_after = details.retry_after
        self.request_id = details.request_id

    def __str__(self) -> str:
        problems = [f"  {violation.field}: {violation.description}" for violation in self.violations]
        problems += [f"  {finding.field}: {finding.message} ({finding.code})" for finding in self.findings]
        if len(problems) > MOST_LISTED:
            problems[MOST_LISTED:] = [f"  ... and {len(problems) - MOST_LISTED} more"]
        return "\n".join([f"{self.reason or self.code.name}: {self.message}", *problems])


class InvalidRequestError(ClarionError):
    """The request breaks rules; `violations` lists where."""


class UnauthenticatedError(ClarionError):
    """The API key is missing, unknown or revoked."""


class PermissionDeniedError(ClarionError):
    """The API key does not allow the call."""


class NotFoundError(ClarionError):
    """The resource does not exist."""


class AlreadyExistsError(ClarionError):
    """The name is taken, or another request was sent under the same request id."""


class ConflictError(ClarionError):
    """Somebody else changed the resource since it was read. Read it again and decide anew."""


class PreconditionFailedError(ClarionError):
    """The state does not allow the call: a campaign is not live, or its review found errors (`findings`)."""


class OverloadedError(ClarionError):
    """The service has too much to do. It did nothing."""


class UnavailableError(ClarionError):
    """The service did not answer. A write may have been done or not: repeat it under the same request id."""


class DeadlineExceededError(ClarionError):
    """The service did not answer in time. A write may have been done or not."""


class WrongTargetError(ClarionError):
    """The server at the target does not speak gRPC. Waiting does not help."""


TYPES: Mapping[grpc.StatusCode, type[ClarionError]] = MappingProxyType(
    {
        grpc.StatusCode.INVALID_ARGUMENT: InvalidRequestError,
        grpc.StatusCode.OUT_OF_RANGE: InvalidRequestError,
        grpc.StatusCode.UNAUTHENTICATED: UnauthenticatedError,
        grpc.StatusCode.PERMISSION_DENIED: PermissionDeniedError,
        grpc.StatusCode.NOT_FOUND: NotFoundError,
        grpc.StatusCode.ALREADY_EXISTS: AlreadyExistsError,
        grpc.StatusCode.ABORTED: ConflictError,
        grpc.StatusCode.FAILED_PRECONDITION: PreconditionFailedError,
        grpc.StatusCode.RESOURCE_EXHAUSTED: OverloadedError,
        grpc.StatusCode.UNAVAILABLE: UnavailableError,
        grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceededError,
    }
)


def error_of_call(error: grpc.RpcError, request_id: str) -> ClarionError:
    """Returns the error of a failed call, whichever of gRPC's two APIs raised it."""
    code = error.code()
    if message := _other_protocol(error.details() or ""):
        return WrongTargetError(grpc.StatusCode.INTERNAL, message, ErrorDetails(request_id=request_id))
    for key, value in cast("Iterable[tuple[str, str | bytes]]", error.trailing_metadata() or ()):
        if key == DETAILS_KEY and (status := _parsed(Status, value)) and status.code == code.value[0]:
            return error_of_status(status, request_id)
    return _error(code, error.details() or code.name, ErrorDetails(request_id=request_id))


def error_of_status(status: Status, request_id: str) -> ClarionError:
    """Returns the error of a refused trigger in a stream."""
    code = CODES.get(status.code, grpc.StatusCode.UNKNOWN)
    return _error(code, status.message, _details(status, request_id))


def _other_protocol(details: str) -> str:
    """Returns what to tell a caller whose target is no gRPC endpoint, and nothing for every other failure.

    gRPC calls such a server unavailable, as if waiting for it could help.
    """
    if not details.startswith("failed to connect"):
        return ""
    return next((message for sign, message in OTHER_PROTOCOLS.items() if sign in details), "")


def _error(code: grpc.StatusCode, message: str, details: ErrorDetails) -> ClarionError:
    return TYPES.get(code, ClarionError)(code, message, details)


def _details(status: Status, request_id: str) -> ErrorDetails:
    info = next((info for info in _unpacked(status, ErrorInfo) if info.domain == DOMAIN), ErrorInfo())
    retries = _unpacked(status, RetryInfo)
    return ErrorDetails(
        reason=info.reason,
        metadata=dict(info.metadata),
        violations=tuple(
            read(Violation, violation) for bad in _unpacked(status, BadRequest) for violation in bad.field_violations
        ),
        findings=tuple(
            _finding(violation)
            for failure in _unpacked(status, PreconditionFailure)
            for violation in failure.violations
        ),
        retry_after=retries[0].retry_delay.ToTimedelta() if retries else None,
        # The service gives its own request id when its log explains the failure.
        request_id=info.metadata["request_id"] if info.reason == "INTERNAL" else request_id,
    )


def _unpacked(status: Status, message_type: type[M]) -> list[M]:
    details = (detail for detail in status.details if detail.Is(message_type.DESCRIPTOR))
    return [parsed for detail in details if (parsed := _parsed(message_type, detail.value)) is not None]


def _parsed(message_type: type[M], data: str | bytes) -> M | None:
    # A damaged detail must not hide the error that it came with.
    try:
        return message_type.FromString(data if isinstance(data, bytes) else data.encode())
    except DecodeError:
        return None


def _finding(violation: PreconditionFailure.Violation) -> Finding:
    return Finding(severity=Severity.ERROR, code=violation.type, field=violation.subject, message=violation.description)
