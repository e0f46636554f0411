"""Tests the request and the items of every list."""

from __future__ import annotations

import datetime as dt
from typing import Any

import clarion_client as client
import pytest
from clarion.v1 import api_key_pb2 as key_pb
from clarion.v1 import api_key_service_pb2 as keys_pb
from clarion.v1 import approval_comments_pb2 as comments_pb
from clarion.v1 import approval_pb2 as approval_pb
from clarion.v1 import approval_policy_pb2 as approval_policy_pb
from clarion.v1 import approval_policy_service_pb2 as approval_policies_pb
from clarion.v1 import approval_service_pb2 as approvals_pb
from clarion.v1 import attachment_pb2 as attachment_pb
from clarion.v1 import attachment_service_pb2 as attachments_pb
from clarion.v1 import attempt_pb2 as attempt_pb
from clarion.v1 import audience_pb2 as audience_pb
from clarion.v1 import audience_service_pb2 as audiences_pb
from clarion.v1 import campaign_list_pb2 as list_pb
from clarion.v1 import campaign_pb2 as campaign_pb
from clarion.v1 import campaign_version_pb2
from clarion.v1 import category_pb2 as category_pb
from clarion.v1 import channel_configuration_pb2 as channel_pb
from clarion.v1 import channel_configuration_service_pb2 as channels_pb
from clarion.v1 import channel_pb2 as channel_kind_pb
from clarion.v1 import event_pb2 as event_pb
from clarion.v1 import execution_pb2 as execution_pb
from clarion.v1 import execution_service_pb2 as executions_pb
from clarion.v1 import fragment_pb2 as fragment_pb
from clarion.v1 import fragment_service_pb2 as fragments_pb
from clarion.v1 import identity_namespace_pb2 as namespace_pb
from clarion.v1 import identity_namespace_service_pb2 as namespaces_pb
from clarion.v1 import message_pb2 as message_pb
from clarion.v1 import message_service_pb2 as messages_pb
from clarion.v1 import profile_pb2 as profile_pb
from clarion.v1 import profile_service_pb2 as profiles_pb
from clarion.v1 import sending_policy_pb2 as policy_pb
from clarion.v1 import sending_policy_service_pb2 as policies_pb
from clarion.v1 import suppression_pb2 as suppression_pb
from clarion.v1 import suppression_service_pb2 as suppressions_pb
from clarion.v1 import test_case_pb2 as test_case_pb
from clarion.v1 import test_case_service_pb2 as test_cases_pb
from clarion.v1 import topic_pb2 as topic_pb
from clarion.v1 import topic_service_pb2 as topics_pb
from google.protobuf.timestamp_pb2 import Timestamp

from tests.integration.client.cases import Case, holds, rpcs
from tests.integration.client.conftest import Connect
from tests.integration.client.scripted import Script, serving

WIRE_CAMPAIGN = campaign_pb.Campaign(name="campaigns/x", state=campaign_pb.Campaign.STATE_LIVE)
CAMPAIGN = client.Campaign(name="campaigns/x", state=client.CampaignState.LIVE)
WIRE_CHANNEL = channel_pb.ChannelConfiguration(name="channelConfigurations/x", max_concurrency=5)
CHANNEL = client.ChannelConfiguration(name="channelConfigurations/x", max_concurrency=5)
WIRE_TOPIC = topic_pb.Topic(name="topics/x", display_name="News")
WIRE_POLICY = policy_pb.SendingPolicy(name="sendingPolicies/x", time_zone="Europe/Berlin")
POLICY = client.SendingPolicy(name="sendingPolicies/x", time_zone="Europe/Berlin")
TOPIC = client.Topic(name="topics/x", display_name="News")

LISTS = {
    "audiences.list": Case(
        "ListAudiences",
        lambda c: c.audiences.list(page_size=2),
        audiences_pb.ListAudiencesRequest(page_size=2),
        audiences_pb.ListAudiencesResponse(audiences=[audience_pb.Audience(name="audiences/x")]),
        holds(name="audiences/x"),
    ),
    "campaigns.list": Case(
        "ListCampaigns",
        lambda c: c.campaigns.list(
            states=[client.CampaignState.LIVE],
            categories=[client.Category.MARKETING],
            tags=["shop"],
            text="order",
            channels=[client.Channel.EMAIL],
            creator="me",
            min_create_time=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            max_update_time=dt.datetime(2026, 2, 1, tzinfo=dt.UTC),
            order_by="update_time desc",
            page_size=2,
        ),
        list_pb.ListCampaignsRequest(
            states=[campaign_pb.Campaign.STATE_LIVE],
            categories=[category_pb.CATEGORY_MARKETING],
            tags=["shop"],
            text="order",
            channels=[channel_kind_pb.CHANNEL_EMAIL],
            creator="me",
            min_create_time=Timestamp(seconds=1767225600),
            max_update_time=Timestamp(seconds=1769904000),
            order_by="update_time desc",
            page_size=2,
        ),
        list_pb.ListCampaignsResponse(campaigns=[WIRE_CAMPAIGN]),
        CAMPAIGN,
    ),
    "campaigns.tags": Case(
        "ListTags",
        lambda c: c.campaigns.tags(page_size=2),
        list_pb.ListTagsRequest(page_size=2),
        list_pb.ListTagsResponse(tags=[list_pb.TagUse(tag="shop", campaign_count=3)]),
        client.TagUse(tag="shop", campaign_count=3),
    ),
    "campaigns.versions": Case(
        "ListCampaignVersions",
        lambda c: c.campaigns.versions("x", page_size=2),
        campaign_version_pb2.ListCampaignVersionsRequest(campaign="campaigns/x", page_size=2),
        campaign_version_pb2.ListCampaignVersionsResponse(
            versions=[campaign_version_pb2.CampaignVersion(version=3, snapshot=WIRE_CAMPAIGN)]
        ),
        holds(version=3, snapshot=CAMPAIGN),
    ),
    "profiles.list": Case(
        "ListProfiles",
        lambda c: c.profiles.list(page_size=2),
        profiles_pb.ListProfilesRequest(page_size=2),
        profiles_pb.ListProfilesResponse(profiles=[profile_pb.Profile(name="profiles/x", locale="de")]),
        client.Profile(name="profiles/x", locale="de"),
    ),
    "channels.list": Case(
        "ListChannelConfigurations",
        lambda c: c.channels.list(page_size=2),
        channels_pb.ListChannelConfigurationsRequest(page_size=2),
        channels_pb.ListChannelConfigurationsResponse(channel_configurations=[WIRE_CHANNEL]),
        CHANNEL,
    ),
    "suppressions.list": Case(
        "ListSuppressions",
        lambda c: c.suppressions.list(
            target="jane@example.com",
            reasons=[client.SuppressionReason.MANUAL],
            scopes=[client.SuppressionScope.ALL],
            page_size=2,
        ),
        suppressions_pb.ListSuppressionsRequest(
            address="jane@example.com",
            reasons=[suppression_pb.Suppression.REASON_MANUAL],
            scopes=[suppression_pb.Suppression.SCOPE_ALL],
            page_size=2,
        ),
        suppressions_pb.ListSuppressionsResponse(suppressions=[suppression_pb.Suppression(name="suppressions/1")]),
        holds(name="suppressions/1"),
    ),
    "approval_policies.list": Case(
        "ListApprovalPolicies",
        lambda c: c.approval_policies.list(page_size=2),
        approval_policies_pb.ListApprovalPoliciesRequest(page_size=2),
        approval_policies_pb.ListApprovalPoliciesResponse(
            approval_policies=[approval_policy_pb.ApprovalPolicy(name="approvalPolicies/x")]
        ),
        holds(name="approvalPolicies/x"),
    ),
    "test_cases.list": Case(
        "ListTestCases",
        lambda c: c.test_cases.list("x", page_size=2),
        test_cases_pb.ListTestCasesRequest(campaign="campaigns/x", page_size=2),
        test_cases_pb.ListTestCasesResponse(test_cases=[test_case_pb.TestCase(name="campaigns/x/testCases/y")]),
        holds(name="campaigns/x/testCases/y"),
    ),
    "approvals.steps": Case(
        "ListApprovalSteps",
        lambda c: c.approvals.steps("x", page_size=2),
        approvals_pb.ListApprovalStepsRequest(campaign="campaigns/x", page_size=2),
        approvals_pb.ListApprovalStepsResponse(approval_steps=[approval_pb.ApprovalStep(actor="apiKeys/1")]),
        holds(actor="apiKeys/1"),
    ),
    "approvals.steps_of_a_fragment": Case(
        "ListApprovalSteps",
        lambda c: c.approvals.steps("fragments/x", page_size=2),
        approvals_pb.ListApprovalStepsRequest(fragment="fragments/x", page_size=2),
        approvals_pb.ListApprovalStepsResponse(approval_steps=[approval_pb.ApprovalStep(actor="apiKeys/1")]),
        holds(actor="apiKeys/1"),
    ),
    "approvals.threads": Case(
        "ListApprovalThreads",
        lambda c: c.approvals.threads("x", page_size=2),
        comments_pb.ListApprovalThreadsRequest(campaign="campaigns/x", page_size=2),
        comments_pb.ListApprovalThreadsResponse(approval_threads=[approval_pb.ApprovalThread(resolved=True)]),
        holds(resolved=True),
    ),
    "attachments.list": Case(
        "ListAttachments",
        lambda c: c.attachments.list(page_size=2),
        attachments_pb.ListAttachmentsRequest(page_size=2),
        attachments_pb.ListAttachmentsResponse(attachments=[attachment_pb.Attachment(name="attachments/x")]),
        holds(name="attachments/x"),
    ),
    "fragments.list": Case(
        "ListFragments",
        lambda c: c.fragments.list(show_archived=True, page_size=2),
        fragments_pb.ListFragmentsRequest(show_archived=True, page_size=2),
        fragments_pb.ListFragmentsResponse(fragments=[fragment_pb.Fragment(name="fragments/x")]),
        holds(name="fragments/x"),
    ),
    "fragments.versions": Case(
        "ListFragmentVersions",
        lambda c: c.fragments.versions("x", page_size=2),
        fragments_pb.ListFragmentVersionsRequest(fragment="fragments/x", page_size=2),
        fragments_pb.ListFragmentVersionsResponse(fragment_versions=[fragment_pb.FragmentVersion(version=3)]),
        holds(version=3),
    ),
    "fragments.uses": Case(
        "ListFragmentUses",
        lambda c: c.fragments.uses("x", page_size=2),
        fragments_pb.ListFragmentUsesRequest(fragment="fragments/x", page_size=2),
        fragments_pb.ListFragmentUsesResponse(fragment_uses=[fragment_pb.FragmentUse(user="campaigns/x", live=True)]),
        client.FragmentUse(user="campaigns/x", live=True),
    ),
    "sending_policies.list": Case(
        "ListSendingPolicies",
        lambda c: c.sending_policies.list(page_size=2),
        policies_pb.ListSendingPoliciesRequest(page_size=2),
        policies_pb.ListSendingPoliciesResponse(sending_policies=[WIRE_POLICY]),
        POLICY,
    ),
    "identity_namespaces.list": Case(
        "ListIdentityNamespaces",
        lambda c: c.identity_namespaces.list(page_size=2),
        namespaces_pb.ListIdentityNamespacesRequest(page_size=2),
        namespaces_pb.ListIdentityNamespacesResponse(
            identity_namespaces=[namespace_pb.IdentityNamespace(name="identityNamespaces/x", built_in=True)]
        ),
        client.IdentityNamespace(name="identityNamespaces/x", built_in=True),
    ),
    "topics.list": Case(
        "ListTopics",
        lambda c: c.topics.list(show_archived=True, page_size=2),
        topics_pb.ListTopicsRequest(show_archived=True, page_size=2),
        topics_pb.ListTopicsResponse(topics=[WIRE_TOPIC]),
        TOPIC,
    ),
    "executions.list": Case(
        "ListExecutions",
        lambda c: c.executions.list(campaign="x", request_id="4711", page_size=2),
        executions_pb.ListExecutionsRequest(campaign="campaigns/x", request_id="4711", page_size=2),
        executions_pb.ListExecutionsResponse(executions=[execution_pb.Execution(name="executions/1")]),
        holds(name="executions/1", message_counts=None),
    ),
    "messages.list": Case(
        "ListMessages",
        lambda c: c.messages.list(
            campaign="x",
            execution="1",
            identity="a@b.example",
            states=[client.MessageState.EXCLUDED],
            exclusion_reasons=[client.ExclusionReason.NO_CONSENT],
            exclusion_phases=[client.ExclusionPhase.HAND_OFF],
            page_size=2,
        ),
        messages_pb.ListMessagesRequest(
            campaign="campaigns/x",
            execution="executions/1",
            identity="email:a@b.example",
            states=[message_pb.Message.STATE_EXCLUDED],
            exclusion_reasons=[attempt_pb.EXCLUSION_REASON_NO_CONSENT],
            exclusion_phases=[event_pb.Exclusion.PHASE_HAND_OFF],
            page_size=2,
        ),
        messages_pb.ListMessagesResponse(messages=[message_pb.Message(name="messages/1")]),
        holds(name="messages/1"),
    ),
    "keys.list": Case(
        "ListApiKeys",
        lambda c: c.keys.list(page_size=2),
        keys_pb.ListApiKeysRequest(page_size=2),
        keys_pb.ListApiKeysResponse(api_keys=[key_pb.ApiKey(scopes=[key_pb.ApiKey.SCOPE_ADMIN])]),
        holds(scopes=(client.Scope.ADMIN,)),
    ),
}


@pytest.mark.parametrize("case", LISTS.values(), ids=LISTS)
async def test_a_list_asks_what_it_says_and_yields_the_items(connect: Connect, case: Case) -> None:
    script = Script(case.answer)
    handlers: dict[str, Any] = {case.rpc: script.answer}
    async with serving(**handlers) as target, connect(target) as tested:
        (value,) = [item async for item in case.call(tested)]

    assert script.requests == [case.request]
    assert case.fits(value)


def test_every_list_of_the_contract_has_a_method() -> None:
    names = set(rpcs())

    assert {name for name in names if name.startswith("List")} == {case.rpc for case in LISTS.values()}
