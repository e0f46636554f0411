"""What a status lists is cut to what every gRPC client takes in, and its reason always arrives."""

from __future__ import annotations

import pytest
from clarion_server.domain.errors import ClarionError, InvalidFields, ReviewFailed
from clarion_server.domain.finding import Finding, FindingCode, Severity
from clarion_server.domain.violation import Violation
from clarion_server.transport.api.errors import MAX_STATUS_BYTES, status_of, trim_to_trailers
from google.rpc import error_details_pb2

FINDING = Finding(
    Severity.ERROR, FindingCode.TEMPLATE_SYNTAX, "actions[0].email.html", "Unexpected 'end'.", "Close it."
)


def violations(count: int, path: str = "context.order.items") -> tuple[Violation, ...]:
    return tuple(Violation(f"{path}[{index}]", "REQUIRED", "Must be given.") for index in range(count))


@pytest.mark.parametrize(
    "error",
    [
        InvalidFields(violations(2_000)),
        InvalidFields(violations(1, "x" * 200_000)),
        InvalidFields((Violation("context", "REQUIRED", "y" * 200_000),)),
        ReviewFailed("campaigns/order-confirmed", (FINDING,) * 1_000),
    ],
    ids=["many violations", "a long path", "a long description", "many findings"],
)
def test_a_status_fits_into_the_trailers_of_a_call(error: ClarionError) -> None:
    assert trim_to_trailers(status_of(error)).ByteSize() <= MAX_STATUS_BYTES


def test_what_is_left_out_is_counted_all_the_same() -> None:
    info, listed = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    status = trim_to_trailers(status_of(InvalidFields(violations(2_000))))
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(listed)
    assert info.metadata["violation_count"] == "2000"
    assert 30 <= len(listed.field_violations) < 2_000
    assert listed.field_violations[0].field == "context.order.items[0]"


def test_what_fits_is_left_as_it_is() -> None:
    error = InvalidFields(violations(30))
    assert trim_to_trailers(status_of(error)) == status_of(error)
