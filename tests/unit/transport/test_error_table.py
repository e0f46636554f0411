"""Domain errors and the contract's error reasons, walked both ways."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clarion_server
import grpc
import pytest
from clarion_server.adapters.rendering.schemas.violations import REASONS as REASONS_OF_KEYWORDS
from clarion_server.domain import errors
from clarion_server.domain.errors import ClarionError
from clarion_server.domain.finding import Finding, FindingCode, Severity
from clarion_server.domain.violation import Violation
from clarion_server.transport.api.errors import ERRORS, internal_status, status_of
from clarion_server.transport.http.refusals import REASONS as HTTP_REASONS
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from tests.descriptors import error_reasons

REASONS = error_reasons()
DOC = Path(__file__).parents[3] / "docs" / "errors.md"

VIOLATIONS = (
    Violation("recipients[2].context.order.total", "REQUIRED", "Must be given."),
    Violation("request_id", "TOO_LONG", "Must have at most 128 characters."),
)
FINDING = Finding(
    Severity.ERROR, FindingCode.TEMPLATE_SYNTAX, "actions[0].email.html", "Unexpected 'end'.", "Close it.", 3
)
CAMPAIGN = "campaigns/order-confirmed"

#: One of each kind, with everything that it can carry.
SAMPLES: tuple[ClarionError, ...] = (
    errors.InvalidFields(VIOLATIONS),
    errors.InvalidPageToken(),
    errors.InvalidResumeToken(),
    errors.ResumeTokenExpired(),
    errors.ResourceNotFound(CAMPAIGN),
    errors.ResourceExists(CAMPAIGN),
    errors.IdentityTaken("profile.identities[1]", "profiles/1"),
    errors.ProfileUnknown(),
    errors.DenialStands(
        (
            errors.StandingDenial("changes[0]", "EMAIL", "topics/newsletter"),
            errors.StandingDenial("changes[2]", "", ""),
        )
    ),
    errors.ErasureKeysMissing("profiles/1"),
    errors.TooManyIdentities("profiles/1", 24),
    errors.EtagMismatch(CAMPAIGN),
    errors.IllegalTransition(CAMPAIGN, "pause", "DRAFT", ("LIVE",)),
    errors.ReviewFailed(CAMPAIGN, (FINDING,)),
    errors.ApprovalRequired(
        "campaigns/newsletter",
        ("approvalPolicies/marketing", "approvalPolicies/legal"),
        ("apiKeys/4f1c0b7a2d3e4f5061728394a5b6c7d8",),
    ),
    errors.ApprovalStale("campaigns/newsletter"),
    errors.SelfApproval("campaigns/newsletter", "approvalPolicies/marketing"),
    errors.ApproverNotNamed("campaigns/newsletter", ("approvalPolicies/marketing",)),
    errors.ChannelConfigurationInUse("channelConfigurations/orders", CAMPAIGN),
    errors.AttachmentInUse("attachments/logo", CAMPAIGN),
    errors.FragmentInUse("fragments/footer", "deleted", (CAMPAIGN,), 4),
    errors.SendingPolicyInUse("sendingPolicies/nights", CAMPAIGN),
    errors.NamespaceInUse("identityNamespaces/crm", "profiles/019a"),
    errors.AudienceInUse("audiences/gold", "executions/1"),
    errors.AudienceConditionInvalid(
        1, 8, "It is wrong.", (Violation("condition", "CONDITION_INVALID", "It is wrong."),)
    ),
    errors.CampaignNotLive(CAMPAIGN, "PAUSED"),
    errors.CampaignOutsideWindow(CAMPAIGN, 1_000_000, 2_000_000),
    errors.CampaignOutdated(CAMPAIGN),
    errors.RequestIdReused(CAMPAIGN, "order-4711", "executions/1"),
    errors.NoExample(CAMPAIGN),
    errors.Unauthenticated("The call carries no key."),
    errors.ScopeDenied("/clarion.v1.TriggerService/Trigger", ("admin", "trigger")),
    errors.SandboxDenied("staging"),
    errors.SandboxMismatch("prod"),
    errors.LastAdminKey("apiKeys/1"),
    errors.DeadlineTooShort(20),
    errors.TooManyProofs(60_000),
    errors.Overloaded(1_500),
    errors.Unavailable(250),
)


def kinds(base: type[ClarionError] = ClarionError) -> Iterator[type[ClarionError]]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


def detail(status: status_pb2.Status, kind: type[Message]) -> Any:
    for packed in status.details:
        found = kind()
        if packed.Unpack(found):
            return found
    return None


def documented(reason: str) -> dict[str, Any]:
    """Returns the example of its comment."""
    example: dict[str, Any] = json.loads(" ".join(re.search(r"\{.*\}", REASONS[reason], re.DOTALL)[0].split()))  # type: ignore[index] # a missing example fails the test
    return example


def test_every_domain_error_has_its_row_and_its_sample() -> None:
    assert set(kinds()) == set(ERRORS) == {type(sample) for sample in SAMPLES}


def test_every_reason_of_the_contract_is_used_and_no_other() -> None:
    reasons = [mapped.reason for mapped in ERRORS.values()]
    assert len(set(reasons)) == len(reasons)
    assert {*reasons, *HTTP_REASONS, "INTERNAL"} == set(REASONS)


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_looks_on_the_wire_as_the_contract_shows_it(error: ClarionError) -> None:
    status = status_of(error)
    info = detail(status, error_details_pb2.ErrorInfo)
    example = documented(info.reason)
    assert (info.reason, info.domain) == (example["reason"], example["domain"])
    assert set(info.metadata) == set(example.get("metadata", {}))
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    assert REASONS[info.reason].lstrip().startswith(f"`{code.name}`.")


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_an_errors_text_is_a_whole_sentence(error: ClarionError) -> None:
    message = status_of(error).message
    assert message[0].isupper() or message.startswith(
        (
            "attachments/",
            "fragments/",
            "campaigns/",
            "channelConfigurations/",
            "apiKeys/",
            "profiles/",
            "recipients",
            "sendingPolicies/",
            "audiences/",
        )
    )
    assert "{" not in message
    assert "\n" not in message


def test_every_violation_is_listed() -> None:
    listed = detail(status_of(errors.InvalidFields(VIOLATIONS)), error_details_pb2.BadRequest).field_violations
    assert [(each.field, each.reason, each.description) for each in listed] == [
        (violation.field, violation.reason, violation.description) for violation in VIOLATIONS
    ]


def test_every_standing_denial_is_listed_with_its_scope() -> None:
    (sample,) = (error for error in SAMPLES if isinstance(error, errors.DenialStands))
    failure = detail(status_of(sample), error_details_pb2.PreconditionFailure)
    assert [each.subject for each in failure.violations] == ["changes[0]", "changes[2]"]
    assert "topics/newsletter on EMAIL" in failure.violations[0].description
    assert "every message" in failure.violations[1].description


def test_every_finding_is_listed_with_its_code_its_field_and_its_remedy() -> None:
    failure = detail(status_of(errors.ReviewFailed(CAMPAIGN, (FINDING,))), error_details_pb2.PreconditionFailure)
    (listed,) = failure.violations
    assert (listed.type, listed.subject) == ("TEMPLATE_SYNTAX", "actions[0].email.html")
    assert listed.description == "Line 3: Unexpected 'end'. Close it."


@pytest.mark.parametrize(
    ("error", "seconds", "nanos"),
    [(errors.Overloaded(1_500), 1, 500_000_000), (errors.Unavailable(250), 0, 250_000_000)],
)
def test_what_passes_says_when_to_try_again(error: ClarionError, seconds: int, nanos: int) -> None:
    delay = detail(status_of(error), error_details_pb2.RetryInfo).retry_delay
    assert (delay.seconds, delay.nanos) == (seconds, nanos)


def test_a_window_without_a_bound_leaves_it_out() -> None:
    info = detail(status_of(errors.CampaignOutsideWindow(CAMPAIGN, None, 1)), error_details_pb2.ErrorInfo)
    assert set(info.metadata) == {"resource", "end_time"}


def test_what_nobody_foresaw_tells_nothing_but_where_to_look() -> None:
    status = internal_status("0d6c")
    info = detail(status, error_details_pb2.ErrorInfo)
    assert status.code == grpc.StatusCode.INTERNAL.value[0]
    assert (info.reason, dict(info.metadata)) == ("INTERNAL", {"request_id": "0d6c"})
    assert set(info.metadata) == set(documented("INTERNAL")["metadata"])


def reasons_of_violations() -> set[str]:
    """Returns those that the code can give, by what it says where it makes a violation."""
    found = set(REASONS_OF_KEYWORDS.values())
    for file in Path(clarion_server.__path__[0]).rglob("*.py"):
        text = file.read_text()
        # Most files make no violation, and are not worth the time.
        if "Violation(" not in text and "NotJson(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Call(func=ast.Name("Violation" | "NotJson"), args=[_, ast.Constant(str(reason)), *_]):
                    found.add(reason)
    return found


def test_every_reason_of_a_violation_is_documented_and_no_other() -> None:
    section = DOC.read_text().partition("## Reasons of violations")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    documented = {reason for row in rows for reason in re.findall("[A-Z_]+", row)}
    assert documented == reasons_of_violations()
