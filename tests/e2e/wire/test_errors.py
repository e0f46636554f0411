"""Every reason that a caller can meet, over the wire: its code, its metadata, its details."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from clarion.v1 import (
    api_key_pb2,
    api_key_service_pb2,
    approval_service_pb2,
    audience_pb2,
    audience_service_pb2,
    campaign_life_cycle_pb2,
    campaign_pb2,
    campaign_service_pb2,
    channel_configuration_service_pb2,
    channel_pb2,
    consent_pb2,
    consent_service_pb2,
    fragment_service_pb2,
    identity_namespace_pb2,
    identity_namespace_service_pb2,
    message_service_pb2,
    profile_pb2,
    profile_service_pb2,
    proof_service_pb2,
    sending_policy_service_pb2,
    trigger_sample_pb2,
    trigger_service_pb2,
)
from clarion.v1.error_reason_pb2 import ErrorReason
from clarion_client import ApprovalPolicy, AsyncClient, Audience, Campaign, Fragment, Schedule, Scope, SendingPolicy
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from tests.campaigns import CONTEXT, campaign, set_up
from tests.e2e.wire.calls import Failure, Wire
from tests.e2e.wire.conftest import NewService, Sandbox
from tests.waiting import until

Code = grpc.StatusCode
TRIGGER = "/clarion.v1.TriggerService/Trigger"
_CAMPAIGNS = "/clarion.v1.CampaignService"
_KEYS = "/clarion.v1.ApiKeyService"
_MESSAGES = "/clarion.v1.MessageService"
_PROFILES = "/clarion.v1.ProfileService"

IN_AN_HOUR = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
#: Nobody listens there, and nothing is sent there.
NOWHERE = 9


def a_trigger(count: int = 1, campaign: str = "campaigns/orders", **fields: Any) -> trigger_service_pb2.TriggerRequest:
    """For magic recipients, whose mails leave for nowhere."""
    request = trigger_service_pb2.TriggerRequest(campaign=campaign, **fields)
    for index in range(count):
        recipient = request.recipients.add(identity=f"email:sent+{index}@clarion.test")
        recipient.context.update(CONTEXT)
    return request


async def invalid_fields(sandbox: Sandbox) -> Failure:
    await set_up(sandbox.client, "orders", NOWHERE)
    request = a_trigger(2)
    request.recipients[0].locale = "!"
    request.recipients[1].context.Clear()
    return await sandbox.wire.refuse(TRIGGER, request)


async def invalid_page_token(sandbox: Sandbox) -> Failure:
    request = message_service_pb2.ListMessagesRequest(page_token="made up")
    return await sandbox.wire.refuse(f"{_MESSAGES}/ListMessages", request)


async def invalid_resume_token(sandbox: Sandbox) -> Failure:
    request = message_service_pb2.WatchEventsRequest(resume_token="made up")
    return await sandbox.wire.refuse(f"{_MESSAGES}/WatchEvents", request)


async def resource_not_found(sandbox: Sandbox) -> Failure:
    return await sandbox.wire.refuse(TRIGGER, a_trigger(campaign="campaigns/nothing"))


async def resource_exists(sandbox: Sandbox) -> Failure:
    await set_up(sandbox.client, "orders", NOWHERE)
    asked = campaign_service_pb2.GetCampaignRequest(name="campaigns/orders")
    there = await sandbox.wire.send(f"{_CAMPAIGNS}/GetCampaign", asked)
    request = campaign_service_pb2.CreateCampaignRequest(campaign_id="orders", campaign=there.campaign)
    return await sandbox.wire.refuse(f"{_CAMPAIGNS}/CreateCampaign", request)


async def etag_mismatch(sandbox: Sandbox) -> Failure:
    await set_up(sandbox.client, "orders", NOWHERE)
    request = campaign_service_pb2.UpdateCampaignRequest(
        campaign=campaign_pb2.Campaign(name="campaigns/orders", etag='"0-0"', display_name="New"),
        update_mask=FieldMask(paths=["display_name"]),
    )
    return await sandbox.wire.refuse(f"{_CAMPAIGNS}/UpdateCampaign", request)


async def illegal_transition(sandbox: Sandbox) -> Failure:
    await sandbox.client.campaigns.create(campaign("orders", "orders"))
    request = campaign_life_cycle_pb2.PauseCampaignRequest(name="campaigns/orders")
    return await sandbox.wire.refuse(f"{_CAMPAIGNS}/PauseCampaign", request)


async def review_failed(sandbox: Sandbox) -> Failure:
    await sandbox.client.campaigns.create(campaign("orders", "no-such-channel"))
    request = campaign_service_pb2.ActivateCampaignRequest(name="campaigns/orders")
    return await sandbox.wire.refuse(f"{_CAMPAIGNS}/ActivateCampaign", request)


async def channel_configuration_in_use(sandbox: Sandbox) -> Failure:
    await set_up(sandbox.client, "orders", NOWHERE)
    request = channel_configuration_service_pb2.DeleteChannelConfigurationRequest(name="channelConfigurations/orders")
    path = "/clarion.v1.ChannelConfigurationService/DeleteChannelConfiguration"
    return await sandbox.wire.refuse(path, request)


async def namespace_in_use(sandbox: Sandbox) -> Failure:
    await set_up(sandbox.client, "orders", NOWHERE, identity_namespace="crm")
    request = identity_namespace_service_pb2.CreateIdentityNamespaceRequest(identity_namespace_id="crm")
    request.identity_namespace.display_name = "Customers"
    request.identity_namespace.normalisation = identity_namespace_pb2.IdentityNamespace.NORMALISATION_LOWER
    return await sandbox.wire.refuse("/clarion.v1.IdentityNamespaceService/CreateIdentityNamespace", request)


async def sending_policy_in_use(sandbox: Sandbox) -> Failure:
    policy = SendingPolicy(name="nights", display_name="Nights", time_zone="Europe/Berlin")
    await sandbox.client.sending_policies.create(policy)
    await set_up(sandbox.client, "orders", NOWHERE, sending_policy="nights")
    request = sending_policy_service_pb2.DeleteSendingPolicyRequest(name="sendingPolicies/nights")
    return await sandbox.wire.refuse("/clarion.v1.SendingPolicyService/DeleteSendingPolicy", request)


async def fragment_in_use(sandbox: Sandbox) -> Failure:
    for name, source in (("footer", "<p>The Shop</p>"), ("base", '{% include "fragments/footer" %}')):
        await sandbox.client.fragments.create(Fragment(name=name, source=source))
    request = fragment_service_pb2.DeleteFragmentRequest(name="fragments/footer")
    return await sandbox.wire.refuse("/clarion.v1.FragmentService/DeleteFragment", request)


async def audience_in_use(sandbox: Sandbox) -> Failure:
    await set_up(sandbox.client, "orders", NOWHERE)
    await sandbox.client.audiences.create(Audience(name="gold", display_name="Gold", condition="true"))
    await sandbox.client.trigger_audience("orders", "gold", max_recipients=1, context=CONTEXT, send_time=IN_AN_HOUR)
    request = audience_service_pb2.DeleteAudienceRequest(name="audiences/gold")
    return await sandbox.wire.refuse("/clarion.v1.AudienceService/DeleteAudience", request)


async def audience_condition_invalid(sandbox: Sandbox) -> Failure:
    audience = audience_pb2.Audience(display_name="Gold", condition="profile.plan == 'gold'")
    request = audience_service_pb2.CreateAudienceRequest(audience_id="gold", audience=audience)
    return await sandbox.wire.refuse("/clarion.v1.AudienceService/CreateAudience", request)


async def with_approval_policy(sandbox: Sandbox, **fields: Any) -> None:
    """Makes a draft, and a policy that holds for it."""
    await set_up(sandbox.client, "orders", NOWHERE)
    await sandbox.client.campaigns.update(Campaign(name="orders", display_name="Changed"), ["display_name"])
    await sandbox.client.approval_policies.create(ApprovalPolicy(name="legal", display_name="Legal", **fields))


async def approve(sandbox: Sandbox, content_hash: str = "") -> Failure:
    submitted = await sandbox.client.approvals.submit("orders")
    request = approval_service_pb2.ApproveRequest(
        campaign="campaigns/orders", content_hash=content_hash or submitted.content_hash
    )
    return await sandbox.wire.refuse("/clarion.v1.ApprovalService/Approve", request)


async def approval_required(sandbox: Sandbox) -> Failure:
    await with_approval_policy(sandbox)
    request = campaign_service_pb2.ActivateCampaignRequest(name="campaigns/orders")
    return await sandbox.wire.refuse(f"{_CAMPAIGNS}/ActivateCampaign", request)


async def approval_stale(sandbox: Sandbox) -> Failure:
    await with_approval_policy(sandbox)
    return await approve(sandbox, "0" * 64)


async def self_approval(sandbox: Sandbox) -> Failure:
    await with_approval_policy(sandbox, block_self=True)
    return await approve(sandbox)


async def approver_not_named(sandbox: Sandbox) -> Failure:
    await with_approval_policy(sandbox, approvers=[f"apiKeys/{'0' * 32}"])
    return await approve(sandbox)


async def too_many_proofs(sandbox: Sandbox) -> Failure:
    await set_up(sandbox.client, "orders", NOWHERE)
    addresses = [f"sent+{number}@clarion.test" for number in range(10)]
    for _ in range(6):
        await sandbox.client.proofs.send("orders", addresses, CONTEXT)
    request = proof_service_pb2.SendProofRequest(campaign="campaigns/orders", addresses=addresses)
    request.context.update(CONTEXT)
    return await sandbox.wire.refuse("/clarion.v1.ProofService/SendProof", request)


async def campaign_not_live(sandbox: Sandbox) -> Failure:
    await set_up(sandbox.client, "orders", NOWHERE)
    await sandbox.client.campaigns.pause("orders")
    return await sandbox.wire.refuse(TRIGGER, a_trigger())


async def identity_taken(sandbox: Sandbox) -> Failure:
    request = profile_service_pb2.CreateProfileRequest(profile=profile_pb2.Profile(identities=["crm:1"]))
    await sandbox.wire.send(f"{_PROFILES}/CreateProfile", request)
    return await sandbox.wire.refuse(f"{_PROFILES}/CreateProfile", request)


async def profile_unknown(sandbox: Sandbox) -> Failure:
    request = profile_service_pb2.LookupProfileRequest(identity="crm:1")
    return await sandbox.wire.refuse(f"{_PROFILES}/LookupProfile", request)


async def too_many_identities(sandbox: Sandbox) -> Failure:
    names = []
    for letter in "ab":
        profile = profile_pb2.Profile(identities=[f"crm:{letter}{number}" for number in range(12)])
        request = profile_service_pb2.CreateProfileRequest(profile=profile)
        names.append((await sandbox.wire.send(f"{_PROFILES}/CreateProfile", request)).profile.name)
    merge = profile_service_pb2.MergeProfilesRequest(name=names[0], absorbed=names[1])
    return await sandbox.wire.refuse(f"{_PROFILES}/MergeProfiles", merge)


async def denial_stands(sandbox: Sandbox) -> Failure:
    denial = consent_pb2.ConsentChange(
        channel=channel_pb2.CHANNEL_EMAIL,
        choice=consent_pb2.Consent.CHOICE_DENIED,
        source=consent_pb2.ConsentChange.SOURCE_SYNC,
        time=Timestamp(seconds=1),
    )
    grant = consent_pb2.ConsentChange(
        choice=consent_pb2.Consent.CHOICE_GRANTED,
        channel=channel_pb2.CHANNEL_EMAIL,
        source=consent_pb2.ConsentChange.SOURCE_SYNC,
    )
    request = consent_service_pb2.SetConsentsRequest(identity="email:jane@example.com", changes=[denial, grant])
    return await sandbox.wire.refuse("/clarion.v1.ConsentService/SetConsents", request)


async def no_example(sandbox: Sandbox) -> Failure:
    unsatisfiable = {"type": "object", "properties": {"order": {"enum": ["1"], "minLength": 2}}, "required": ["order"]}
    await set_up(sandbox.client, "orders", NOWHERE, context_schema=unsatisfiable)
    request = trigger_sample_pb2.GetTriggerSampleRequest(name="campaigns/orders")
    return await sandbox.wire.refuse(f"{_CAMPAIGNS}/GetTriggerSample", request)


NEXT_YEAR = dt.datetime(dt.datetime.now(dt.UTC).year + 1, 1, 1, tzinfo=dt.UTC)


async def campaign_outside_window(sandbox: Sandbox) -> Failure:
    await set_up(sandbox.client, "orders", NOWHERE, schedule=Schedule(start_time=NEXT_YEAR))
    return await sandbox.wire.refuse(TRIGGER, a_trigger())


async def request_id_reused(sandbox: Sandbox) -> Failure:
    await set_up(sandbox.client, "orders", NOWHERE)
    await sandbox.wire.send(TRIGGER, a_trigger(1, request_id="order-4711"))
    return await sandbox.wire.refuse(TRIGGER, a_trigger(2, request_id="order-4711"))


async def unauthenticated(sandbox: Sandbox) -> Failure:
    return await sandbox.wire.refuse(TRIGGER, a_trigger(), metadata=())


async def scope_denied(sandbox: Sandbox) -> Failure:
    key = await sandbox.new_key(Scope.READ)
    return await sandbox.wire.refuse(TRIGGER, a_trigger(), metadata=(("authorization", f"Bearer {key}"),))


def a_key(sandbox: str) -> api_key_service_pb2.CreateApiKeyRequest:
    key = api_key_pb2.ApiKey(display_name="mine", scopes=[api_key_pb2.ApiKey.SCOPE_READ], sandbox=sandbox)
    return api_key_service_pb2.CreateApiKeyRequest(api_key=key)


async def sandbox_denied(sandbox: Sandbox) -> Failure:
    return await sandbox.wire.refuse(f"{_KEYS}/CreateApiKey", a_key("default"))


async def last_admin_key(sandbox: Sandbox) -> Failure:
    first = await anext(aiter(sandbox.root.keys.list()))
    request = api_key_service_pb2.RevokeApiKeyRequest(name=first.name)
    as_root = (("authorization", f"Bearer {sandbox.service.first_key}"),)
    return await sandbox.wire.refuse(f"{_KEYS}/RevokeApiKey", request, metadata=as_root)


async def deadline_too_short(sandbox: Sandbox) -> Failure:
    found = Failure(Code.OK, "")

    async def answered_in_time() -> bool:
        # As often as not the deadline passes before the answer is there, and gRPC itself ends the call.
        nonlocal found
        found = await sandbox.wire.refuse(TRIGGER, a_trigger(), seconds=0.012)
        return bool(found.reason)

    await until(answered_in_time)
    return found


@dataclass(frozen=True)
class Case:
    """What provokes a reason, and how it looks then."""

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
        {"resource": "campaigns/orders", "policies": "approvalPolicies/legal"},
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
        {"resource": "campaigns/orders", "start_time": NEXT_YEAR.isoformat().replace("+00:00", "Z")},
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
