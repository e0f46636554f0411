"""Every reason that a caller can meet, over the wire: its code, its metadata, its details."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import grpc
import pytest
from clarion.v1.error_reason_pb2 import ErrorReason
from clarion_client import AsyncClient

from tests.campaigns import set_up
from tests.e2e.wire.calls import Failure, Wire
from tests.e2e.wire.conftest import NewService, Sandbox
from tests.e2e.wire.refusals import (
    NOWHERE,
    TRIGGER,
    YEAR_AFTER_NEXT,
    Code,
    a_trigger,
    approval_required,
    approval_stale,
    approver_not_named,
    audience_condition_invalid,
    audience_in_use,
    campaign_not_live,
    campaign_outside_window,
    channel_configuration_in_use,
    deadline_too_short,
    denial_stands,
    etag_mismatch,
    fragment_in_use,
    identity_taken,
    illegal_transition,
    invalid_fields,
    invalid_page_token,
    invalid_resume_token,
    last_admin_key,
    namespace_in_use,
    no_example,
    profile_unknown,
    request_id_reused,
    resource_exists,
    resource_not_found,
    review_failed,
    sandbox_denied,
    scope_denied,
    self_approval,
    sending_policy_in_use,
    too_many_identities,
    too_many_proofs,
    unauthenticated,
)


@dataclass(frozen=True)
class Case:
    """Is what provokes a reason, and how it looks then."""

    provoke: Callable[[Sandbox], Awaitable[Failure]]
    code: grpc.StatusCode
    metadata: dict[str, str | None]
    """None stands for a value that differs each time."""
    details: tuple[str, ...] = ()
    """Beside the ErrorInfo."""


CASES = {
    "INVALID_FIELDS": Case(invalid_fields, Code.INVALID_ARGUMENT, {"violation_count": "2"}, ("BadRequest",)),
    "INVALID_PAGE_TOKEN": Case(invalid_page_token, Code.INVALID_ARGUMENT, {}),
    "INVALID_RESUME_TOKEN": Case(invalid_resume_token, Code.INVALID_ARGUMENT, {}),
    "RESOURCE_NOT_FOUND": Case(resource_not_found, Code.NOT_FOUND, {"resource": "campaigns/nothing"}),
    "RESOURCE_EXISTS": Case(resource_exists, Code.ALREADY_EXISTS, {"resource": "campaigns/orders"}),
    "ETAG_MISMATCH": Case(etag_mismatch, Code.ABORTED, {"resource": "campaigns/orders"}),
    "ILLEGAL_TRANSITION": Case(
        illegal_transition,
        Code.FAILED_PRECONDITION,
        {"resource": "campaigns/orders", "transition": "pause", "state": "DRAFT", "allowed_states": "LIVE"},
    ),
    "REVIEW_FAILED": Case(
        review_failed,
        Code.FAILED_PRECONDITION,
        {"resource": "campaigns/orders", "error_count": "1"},
        ("PreconditionFailure",),
    ),
    "CHANNEL_CONFIGURATION_IN_USE": Case(
        channel_configuration_in_use,
        Code.FAILED_PRECONDITION,
        {"resource": "channelConfigurations/orders", "user": "campaigns/orders"},
    ),
    "SENDING_POLICY_IN_USE": Case(
        sending_policy_in_use,
        Code.FAILED_PRECONDITION,
        {"resource": "sendingPolicies/nights", "user": "campaigns/orders"},
    ),
    "FRAGMENT_IN_USE": Case(
        fragment_in_use,
        Code.FAILED_PRECONDITION,
        {"resource": "fragments/footer", "user": "fragments/base", "use_count": "1"},
    ),
    "NAMESPACE_IN_USE": Case(
        namespace_in_use,
        Code.FAILED_PRECONDITION,
        {"resource": "identityNamespaces/crm", "user": "campaigns/orders"},
    ),
    "AUDIENCE_IN_USE": Case(audience_in_use, Code.FAILED_PRECONDITION, {"resource": "audiences/gold", "user": None}),
    "AUDIENCE_CONDITION_INVALID": Case(
        audience_condition_invalid,
        Code.INVALID_ARGUMENT,
        {"line": "1", "column": "8"},
        ("BadRequest",),
    ),
    "APPROVAL_REQUIRED": Case(
        approval_required,
        Code.FAILED_PRECONDITION,
        {
            "resource": "campaigns/orders",
            "policies": "approvalPolicies/legal",
            "approvers": f"apiKeys/{'0' * 32}",
        },
    ),
    "APPROVAL_STALE": Case(approval_stale, Code.ABORTED, {"resource": "campaigns/orders"}),
    "SELF_APPROVAL": Case(
        self_approval, Code.PERMISSION_DENIED, {"resource": "campaigns/orders", "policy": "approvalPolicies/legal"}
    ),
    "APPROVER_NOT_NAMED": Case(
        approver_not_named,
        Code.PERMISSION_DENIED,
        {"resource": "campaigns/orders", "policies": "approvalPolicies/legal"},
    ),
    "TOO_MANY_PROOFS": Case(too_many_proofs, Code.RESOURCE_EXHAUSTED, {}, ("RetryInfo",)),
    "CAMPAIGN_NOT_LIVE": Case(
        campaign_not_live, Code.FAILED_PRECONDITION, {"resource": "campaigns/orders", "state": "PAUSED"}
    ),
    "CAMPAIGN_OUTSIDE_WINDOW": Case(
        campaign_outside_window,
        Code.FAILED_PRECONDITION,
        {"resource": "campaigns/orders", "start_time": YEAR_AFTER_NEXT.isoformat().replace("+00:00", "Z")},
    ),
    "REQUEST_ID_REUSED": Case(
        request_id_reused,
        Code.ALREADY_EXISTS,
        {"resource": "campaigns/orders", "request_id": "order-4711", "execution": None},
    ),
    "IDENTITY_TAKEN": Case(identity_taken, Code.ALREADY_EXISTS, {"field": "profile.identities[0]", "owner": None}),
    "PROFILE_UNKNOWN": Case(profile_unknown, Code.NOT_FOUND, {}),
    "TOO_MANY_IDENTITIES": Case(
        too_many_identities, Code.FAILED_PRECONDITION, {"resource": None, "identity_count": "24"}
    ),
    "DENIAL_STANDS": Case(
        denial_stands,
        Code.FAILED_PRECONDITION,
        {"field": "changes[1]", "channel": "EMAIL"},
        ("PreconditionFailure",),
    ),
    "NO_EXAMPLE": Case(no_example, Code.FAILED_PRECONDITION, {"resource": "campaigns/orders"}),
    "UNAUTHENTICATED": Case(unauthenticated, Code.UNAUTHENTICATED, {}),
    "SCOPE_DENIED": Case(scope_denied, Code.PERMISSION_DENIED, {"method": TRIGGER, "needed_scopes": "admin,trigger"}),
    "SANDBOX_DENIED": Case(sandbox_denied, Code.PERMISSION_DENIED, {"sandbox": "default"}),
    "LAST_ADMIN_KEY": Case(last_admin_key, Code.FAILED_PRECONDITION, {"resource": None}),
    "DEADLINE_TOO_SHORT": Case(deadline_too_short, Code.DEADLINE_EXCEEDED, {"needed_ms": "20"}),
}

#: Provoked with services of their own: below, by one that stops, in `test_shutdown.py`, and by one whose events were
#: purged, in `test_watch_events.py`. What has an upload before it is in `test_attachments.py`.
ELSEWHERE = {"OVERLOADED", "UNAVAILABLE", "RESUME_TOKEN_EXPIRED", "ATTACHMENT_IN_USE"}
#: Only callers over HTTP meet them: `tests/e2e/http` does.
OVER_HTTP = {"URL_UNKNOWN", "HTTP_METHOD_UNKNOWN", "MEDIA_TYPE_UNKNOWN", "BODY_TOO_SLOW", "SANDBOX_MISMATCH"}
#: A caller cannot provoke them: an unexpected error, which `tests/unit/transport` tests, and a version that an earlier
#: Clarion activated and keys that the service has lost, which `tests/unit/application` tests.
BEYOND_CALLERS = {"INTERNAL", "CAMPAIGN_OUTDATED", "ERASURE_KEYS_MISSING"}


@pytest.mark.parametrize("reason", CASES)
async def test_a_failure_tells_its_reason_and_what_explains_it(sandbox: Sandbox, reason: str) -> None:
    case = CASES[reason]
    failure = await case.provoke(sandbox)
    assert (failure.reason, failure.code) == (reason, case.code)
    assert failure.metadata is not None
    assert failure.metadata.keys() == case.metadata.keys()
    for key, value in case.metadata.items():
        assert failure.metadata[key]
        assert value in {None, failure.metadata[key]}
    assert failure.details == ("ErrorInfo", *case.details)
    assert failure.message


def test_the_table_has_every_reason_of_the_contract() -> None:
    reasons = {name.removeprefix("ERROR_REASON_") for name in ErrorReason.keys()} - {"UNSPECIFIED"}  # noqa: SIM118 - no mapping
    assert CASES.keys() | ELSEWHERE | OVER_HTTP | BEYOND_CALLERS == reasons


async def test_all_violations_of_a_request_are_listed_by_their_paths(sandbox: Sandbox) -> None:
    failure = await invalid_fields(sandbox)
    assert set(failure.violations) == {
        ("recipients[0].locale", "MALFORMED"),
        ("recipients[1].context.order", "REQUIRED"),
    }


async def test_more_than_the_service_can_take_is_overload_and_says_when_to_come_back(new_service: NewService) -> None:
    async with new_service(pending_limit="100") as service:
        async with AsyncClient(service.target, api_key=service.admin_key) as client:
            await set_up(client, "orders", NOWHERE)
        async with Wire(service.target, service.admin_key) as wire:
            failure = await wire.refuse(TRIGGER, a_trigger(101))
            assert (failure.code, failure.reason) == (Code.RESOURCE_EXHAUSTED, "OVERLOADED")
            assert failure.details == ("ErrorInfo", "RetryInfo")
            assert (await wire.send(TRIGGER, a_trigger(99))).execution
