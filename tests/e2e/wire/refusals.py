"""Calls that a service refuses, one for each reason that a caller can meet."""

from __future__ import annotations

import datetime as dt
from typing import Any

import grpc
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
from clarion_client import ApprovalPolicy, Audience, Campaign, Fragment, Schedule, Scope, SendingPolicy
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from tests.campaigns import CONTEXT, campaign, set_up
from tests.e2e.wire.calls import Failure
from tests.e2e.wire.conftest import Sandbox
from tests.waiting import until

Code = grpc.StatusCode
TRIGGER = "/clarion.v1.TriggerService/Trigger"
_CAMPAIGNS = "/clarion.v1.CampaignService"
_KEYS = "/clarion.v1.ApiKeyService"
_MESSAGES = "/clarion.v1.MessageService"
_PROFILES = "/clarion.v1.ProfileService"

#: Later than the longest run of all tests ends.
IN_TWO_DAYS = dt.datetime.now(dt.UTC) + dt.timedelta(days=2)
#: Nobody listens there, and nothing is sent there.
NOWHERE = 9


def a_trigger(count: int = 1, campaign: str = "campaigns/orders", **fields: Any) -> trigger_service_pb2.TriggerRequest:
    """Returns a trigger for magic recipients, whose mails leave for nowhere."""
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
    request = campaign_life_cycle_pb2.ActivateCampaignRequest(name="campaigns/orders")
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
    await sandbox.client.trigger_audience("orders", "gold", max_recipients=1, context=CONTEXT, send_time=IN_TWO_DAYS)
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
    await with_approval_policy(sandbox, approvers=[f"apiKeys/{'0' * 32}"])
    request = campaign_life_cycle_pb2.ActivateCampaignRequest(name="campaigns/orders")
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


YEAR_AFTER_NEXT = dt.datetime(dt.datetime.now(dt.UTC).year + 2, 1, 1, tzinfo=dt.UTC)


async def campaign_outside_window(sandbox: Sandbox) -> Failure:
    await set_up(sandbox.client, "orders", NOWHERE, schedule=Schedule(start_time=YEAR_AFTER_NEXT))
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
