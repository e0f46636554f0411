from __future__ import annotations

import json
from collections.abc import Mapping

import grpc
import pytest
from clarion_client import (
    ClarionError,
    DeadlineExceededError,
    ErrorDetails,
    Finding,
    InvalidRequestError,
    NotFoundError,
    OverloadedError,
    PreconditionFailedError,
    Severity,
    UnauthenticatedError,
    UnavailableError,
    Violation,
)
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.output import Output
from clarion_server.transport.cli.refusals import (
    HINTS,
    REPEAT_HINT,
    UNREACHABLE_HINT,
    explain,
    repeatable_by_request_id,
)

from tests.descriptors import error_reasons


def failure(error_type: type[ClarionError], message: str, details: ErrorDetails) -> CommandFailed:
    explanation = explain(error_type(grpc.StatusCode.UNKNOWN, message, details))
    assert explanation is not None
    return explanation


def details(reason: str, metadata: Mapping[str, str] | None = None) -> ErrorDetails:
    return ErrorDetails(reason=reason, metadata=metadata or {})


@pytest.mark.parametrize(
    ("error_type", "reason", "status"),
    [
        (InvalidRequestError, "INVALID_FIELDS", Exit.REFUSED),
        (PreconditionFailedError, "ILLEGAL_TRANSITION", Exit.REFUSED),
        (UnavailableError, "", Exit.UNREACHABLE),
        (UnavailableError, "UNAVAILABLE", Exit.UNREACHABLE),
        (DeadlineExceededError, "", Exit.UNREACHABLE),
        (OverloadedError, "OVERLOADED", Exit.UNREACHABLE),
        (ClarionError, "INTERNAL", Exit.UNREACHABLE),
    ],
)
def test_the_exit_code_says_whether_the_same_may_succeed_later(
    error_type: type[ClarionError], reason: str, status: Exit
) -> None:
    assert failure(error_type, "Something.", details(reason)).status is status


def test_a_call_to_a_worker_is_told_from_a_wrong_command() -> None:
    refused = explain(ClarionError(grpc.StatusCode.UNIMPLEMENTED, "Method not found!"))
    assert refused is not None
    assert (refused.status, refused.summary) == (Exit.REFUSED, "The service at this address does not know the call.")
    assert "worker" in refused.hint


def test_errors_of_review_are_bad_news_and_not_a_wrong_command() -> None:
    finding = Finding(severity=Severity.ERROR, code="TEMPLATE_SYNTAX", field="actions[0].email.html", message="Line 2.")
    found = ErrorDetails(reason="REVIEW_FAILED", metadata={"resource": "campaigns/x"}, findings=(finding,))
    explanation = failure(PreconditionFailedError, "x", found)
    assert explanation.status is Exit.BAD_NEWS
    assert explanation.summary == "campaigns/x cannot be activated: review found errors."
    assert [problem.text for problem in explanation.problems] == ["Line 2. (TEMPLATE_SYNTAX)"]


def test_every_violation_is_reported() -> None:
    violations = tuple(Violation(field=f"recipients[{n}]", reason="R", description="Must be given.") for n in range(3))
    refused = ErrorDetails(reason="INVALID_FIELDS", violations=violations)
    assert [problem.where for problem in failure(InvalidRequestError, "x", refused).problems] == [
        "recipients[0]",
        "recipients[1]",
        "recipients[2]",
    ]


def test_hints_are_for_reasons_that_the_contract_knows() -> None:
    assert set(HINTS) <= set(error_reasons())


@pytest.mark.parametrize(
    ("state", "command"),
    [
        ("DRAFT", "clarion activate news"),
        ("PAUSED", "clarion resume news"),
        ("STOPPED", "clarion campaigns duplicate news NEW-ID"),
        ("COMPLETED", "clarion campaigns duplicate news NEW-ID"),
        ("ARCHIVED", "clarion campaigns duplicate news NEW-ID"),
    ],
)
def test_a_campaign_that_is_not_live_is_answered_with_the_way_out(state: str, command: str) -> None:
    metadata = {"resource": "campaigns/news", "state": state}
    hint = failure(PreconditionFailedError, "x", details("CAMPAIGN_NOT_LIVE", metadata)).hint
    assert hint.endswith(f": {command}")


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        ("campaigns/order-confirmd", "clarion campaigns list"),
        ("approvalPolicies/legl", "clarion approvals policies list"),
        ("messages/0d6c", "Check the name, and"),
    ],
)
def test_a_misspelt_name_is_answered_with_the_command_that_lists_all(resource: str, words: str) -> None:
    assert words in failure(NotFoundError, "x", details("RESOURCE_NOT_FOUND", {"resource": resource})).hint


def test_a_missing_key_is_not_answered_with_grpc_metadata() -> None:
    message = "The call carries no key. Send a key as 'authorization: Bearer clk_…'."
    explanation = failure(UnauthenticatedError, message, details("UNAUTHENTICATED"))
    assert explanation.summary == "The call carries no key."
    assert "CLARION_API_KEY" in explanation.hint


@pytest.mark.parametrize(
    ("error_type", "message", "reason"),
    [
        (DeadlineExceededError, "Deadline Exceeded", ""),
        (UnavailableError, "Socket closed", ""),
        (UnavailableError, "The service is stopping.", "UNAVAILABLE"),
    ],
)
def test_a_call_whose_end_is_unknown_is_answered_with_how_to_repeat_it(
    error_type: type[ClarionError], message: str, reason: str
) -> None:
    error = error_type(grpc.StatusCode.UNKNOWN, message, ErrorDetails(reason=reason, request_id="0d6c"))
    other = explain(error)
    assert other is not None
    assert (other.hint, other.status) == (REPEAT_HINT, Exit.UNREACHABLE)
    assert "--request-id" not in other.hint
    with pytest.raises(CommandFailed) as triggering, repeatable_by_request_id():
        raise error
    assert triggering.value.hint.endswith("--request-id 0d6c")


@pytest.mark.parametrize("message", ["failed to connect to all addresses", "errors resolving nope:1"])
def test_a_call_that_never_left_is_answered_with_where_the_service_may_be(message: str) -> None:
    with pytest.raises(CommandFailed) as refused, repeatable_by_request_id():
        raise UnavailableError(grpc.StatusCode.UNAVAILABLE, message)
    assert refused.value.hint == UNREACHABLE_HINT


@pytest.mark.parametrize(
    ("said", "option"),
    [
        ("UNAVAILABLE: ipv4:127.0.0.1:50051: Socket closed", "--ca-certificates"),
        ("UNKNOWN: Tls handshake failed: CERTIFICATE_VERIFY_FAILED: self signed certificate", "--ca-certificates"),
        ("UNKNOWN: UNAUTHENTICATED: Hostname Verification Check failed.", "--target"),
    ],
)
def test_a_connection_that_tls_has_kept_from_being_is_answered_with_the_option_that_makes_it_one(
    said: str, option: str
) -> None:
    message = f"failed to connect to all addresses; last error: {said}"
    failure = explain(UnavailableError(grpc.StatusCode.UNAVAILABLE, message))
    assert failure is not None
    assert failure.hint != UNREACHABLE_HINT
    assert failure.hint.endswith(option)


def test_what_is_a_bug_is_not_explained_away() -> None:
    assert explain(TypeError("unsupported operand")) is None


def test_failures_go_to_stderr_alone_and_are_one_line_of_json_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=True).fail(CommandFailed("It is not so.", hint="Try again.", reason="REASON"))
    shown = capsys.readouterr()
    assert shown.out == ""
    assert json.loads(shown.err) == {
        "error": {"message": "It is not so.", "reason": "REASON", "hint": "Try again.", "exit_code": 2}
    }
