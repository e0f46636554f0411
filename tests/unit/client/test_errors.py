from __future__ import annotations

import datetime as dt
import pickle

import clarion_client
import grpc
import pytest
from clarion_client import (
    ClarionError,
    ErrorDetails,
    Finding,
    InvalidRequestError,
    PreconditionFailedError,
    Severity,
    Violation,
)
from clarion_client._errors import TYPES, error_of_call, error_of_status
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, PreconditionFailure, RetryInfo
from google.rpc.status_pb2 import Status

INVALID = grpc.StatusCode.INVALID_ARGUMENT


def status(code: grpc.StatusCode, *details: Message, message: str = "Refused.") -> Status:
    result = Status(code=code.value[0], message=message)
    for detail in details:
        result.details.add().Pack(detail)
    return result


def info(reason: str, **metadata: str) -> ErrorInfo:
    return ErrorInfo(reason=reason, domain="clarion.dev", metadata=metadata)


def failed_call(code: grpc.StatusCode, details: bytes) -> grpc.aio.AioRpcError:
    trailers = grpc.aio.Metadata(("other", "x"), ("grpc-status-details-bin", details))
    return grpc.aio.AioRpcError(code, trailing_metadata=trailers, details="From the call.")


def test_an_error_carries_all_that_the_service_said() -> None:
    violations = [
        BadRequest.FieldViolation(field="recipients[0].identity", reason="MALFORMED", description="No address."),
        BadRequest.FieldViolation(field="recipients[2].context.total", reason="SCHEMA", description="No number."),
    ]
    details = [
        info("INVALID_FIELDS", violation_count="2"),
        BadRequest(field_violations=violations),
        RetryInfo(retry_delay=Duration(seconds=1, nanos=500_000_000)),
    ]

    error = error_of_status(status(INVALID, *details, message="2 fields."), "4711")

    assert isinstance(error, InvalidRequestError)
    assert (error.code, error.reason, error.message) == (INVALID, "INVALID_FIELDS", "2 fields.")
    assert error.metadata == {"violation_count": "2"}
    assert error.violations == (
        Violation(field="recipients[0].identity", reason="MALFORMED", description="No address."),
        Violation(field="recipients[2].context.total", reason="SCHEMA", description="No number."),
    )
    assert error.retry_after == dt.timedelta(seconds=1.5)
    assert error.request_id == "4711"


def test_the_message_of_an_exception_lists_the_violations() -> None:
    violation = Violation(field="recipients[0].identity", reason="MALFORMED", description="No address.")
    error = InvalidRequestError(INVALID, "1 field.", ErrorDetails(reason="INVALID_FIELDS", violations=(violation,)))

    assert str(error) == "INVALID_FIELDS: 1 field.\n  recipients[0].identity: No address."


def test_the_message_of_an_exception_stays_readable() -> None:
    violations = tuple(Violation(field=f"recipients[{i}]", reason="X", description="No.") for i in range(1_000))

    lines = str(InvalidRequestError(INVALID, "Many.", ErrorDetails(violations=violations))).splitlines()

    assert len(lines) == 12
    assert lines[-2:] == ["  recipients[9]: No.", "  ... and 990 more"]


def test_a_failed_review_brings_its_findings() -> None:
    found = PreconditionFailure.Violation(type="UNKNOWN_VARIABLE", subject="actions[0].email.html", description="What?")
    details = [info("REVIEW_FAILED", error_count="1"), PreconditionFailure(violations=[found])]

    error = error_of_status(status(grpc.StatusCode.FAILED_PRECONDITION, *details), "")

    assert isinstance(error, PreconditionFailedError)
    assert error.findings == (
        Finding(severity=Severity.ERROR, code="UNKNOWN_VARIABLE", field="actions[0].email.html", message="What?"),
    )


def test_a_fault_of_the_service_is_named_as_in_its_log() -> None:
    error = error_of_status(status(grpc.StatusCode.INTERNAL, info("INTERNAL", request_id="0d6c")), "sent")

    assert type(error) is ClarionError
    assert error.request_id == "0d6c"


def test_the_request_id_of_a_trigger_is_not_taken_for_that_of_the_call() -> None:
    reused = info("REQUEST_ID_REUSED", request_id="order-4711")

    assert error_of_status(status(grpc.StatusCode.ALREADY_EXISTS, reused), "sent").request_id == "sent"


def test_the_reason_of_another_domain_is_not_taken_for_one_of_clarion() -> None:
    foreign = ErrorInfo(reason="API_DISABLED", domain="googleapis.com")

    assert error_of_status(status(grpc.StatusCode.PERMISSION_DENIED, foreign), "").reason == ""


def test_a_failure_without_details_keeps_its_code_and_message() -> None:
    error = error_of_call(grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, details="No connection."), "4711")

    assert isinstance(error, clarion_client.UnavailableError)
    assert (error.message, error.reason, error.request_id) == ("No connection.", "", "4711")
    assert str(error) == "UNAVAILABLE: No connection."


def test_details_come_out_of_the_trailers() -> None:
    details = status(grpc.StatusCode.NOT_FOUND, info("RESOURCE_NOT_FOUND", resource="campaigns/x"))

    error = error_of_call(failed_call(grpc.StatusCode.NOT_FOUND, details.SerializeToString()), "")

    assert (error.reason, error.metadata) == ("RESOURCE_NOT_FOUND", {"resource": "campaigns/x"})


@pytest.mark.parametrize(
    "details", [b"\xff", status(grpc.StatusCode.OK, info("RESOURCE_NOT_FOUND")).SerializeToString()]
)
def test_damaged_details_do_not_hide_the_error(details: bytes) -> None:
    error = error_of_call(failed_call(grpc.StatusCode.NOT_FOUND, details), "")

    assert isinstance(error, clarion_client.NotFoundError)
    assert (error.message, error.reason) == ("From the call.", "")


def test_a_damaged_detail_does_not_hide_the_others() -> None:
    damaged = status(INVALID, info("INVALID_FIELDS"))
    damaged.details.add(type_url="type.googleapis.com/google.rpc.BadRequest", value=b"\xff")

    assert error_of_status(damaged, "").reason == "INVALID_FIELDS"


def test_a_code_that_grpc_does_not_know_is_unknown() -> None:
    assert error_of_status(Status(code=99), "").code is grpc.StatusCode.UNKNOWN


@pytest.mark.parametrize(("code", "error_type"), TYPES.items())
def test_every_error_survives_pickling(code: grpc.StatusCode, error_type: type[ClarionError]) -> None:
    error = error_type(code, "Refused.", ErrorDetails(reason="REASON", metadata={"a": "b"}))

    copy = pickle.loads(pickle.dumps(error))

    assert type(copy) is error_type
    assert (copy.code, copy.message, copy.reason, copy.metadata) == (code, "Refused.", "REASON", {"a": "b"})


def test_every_kind_of_error_is_public() -> None:
    assert {error_type.__name__ for error_type in TYPES.values()} <= set(clarion_client.__all__)
