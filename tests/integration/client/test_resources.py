"""Tests the request and the value of every method."""

from __future__ import annotations

import datetime as dt
from typing import Any

import clarion_client as client
import pytest
from clarion.v1 import (
    allow_list_pb2,
    attempt_pb2,
    campaign_preview_pb2,
    campaign_version_pb2,
    category_pb2,
    email_content_pb2,
    event_pb2,
    silence_pb2,
    trigger_sample_pb2,
)
from clarion.v1 import allow_list_service_pb2 as allow_list_pb
from clarion.v1 import api_key_pb2 as key_pb
from clarion.v1 import api_key_service_pb2 as keys_pb
from clarion.v1 import approval_pb2 as approval_pb
from clarion.v1 import approval_policy_pb2 as approval_policy_pb
from clarion.v1 import approval_policy_service_pb2 as approval_policies_pb
from clarion.v1 import approval_service_pb2 as approvals_pb
from clarion.v1 import attachment_pb2 as attachment_pb
from clarion.v1 import attachment_service_pb2 as attachments_pb
from clarion.v1 import audience_pb2 as audience_pb
from clarion.v1 import audience_service_pb2 as audiences_pb
from clarion.v1 import campaign_difference_pb2 as difference_pb
from clarion.v1 import campaign_life_cycle_pb2 as life_pb
from clarion.v1 import campaign_pb2 as campaign_pb
from clarion.v1 import campaign_service_pb2 as campaigns_pb
from clarion.v1 import channel_configuration_pb2 as channel_pb
from clarion.v1 import channel_configuration_service_pb2 as channels_pb
from clarion.v1 import consent_pb2 as consent_pb
from clarion.v1 import consent_service_pb2 as consents_pb
from clarion.v1 import execution_pb2 as execution_pb
from clarion.v1 import execution_service_pb2 as executions_pb
from clarion.v1 import identity_namespace_pb2 as namespace_pb
from clarion.v1 import identity_namespace_service_pb2 as namespaces_pb
from clarion.v1 import message_pb2 as message_pb
from clarion.v1 import message_service_pb2 as messages_pb
from clarion.v1 import profile_pb2 as profile_pb
from clarion.v1 import profile_service_pb2 as profiles_pb
from clarion.v1 import proof_service_pb2 as proofs_pb
from clarion.v1 import report_service_pb2 as reports_pb
from clarion.v1 import sending_policy_pb2 as policy_pb
from clarion.v1 import sending_policy_service_pb2 as policies_pb
from clarion.v1 import suppression_pb2 as suppression_pb
from clarion.v1 import suppression_service_pb2 as suppressions_pb
from clarion.v1 import topic_pb2 as topic_pb
from clarion.v1 import topic_service_pb2 as topics_pb
from clarion.v1 import trigger_sample_pb2 as sample_pb
from clarion.v1 import trigger_service_pb2 as triggers_pb
from google.protobuf import timestamp_pb2
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct

from tests.integration.client.cases import Case, holds, rpcs
from tests.integration.client.conftest import Connect
from tests.integration.client.scripted import Script, serving

WIRE_CAMPAIGN = campaign_pb.Campaign(name="campaigns/x", state=campaign_pb.Campaign.STATE_LIVE)
CAMPAIGN = client.Campaign(name="campaigns/x", state=client.CampaignState.LIVE)
WIRE_AUDIENCE = audience_pb.Audience(name="audiences/x", condition="true")
AUDIENCE = client.Audience(name="audiences/x", condition="true")
WIRE_CHANNEL = channel_pb.ChannelConfiguration(name="channelConfigurations/x", max_concurrency=5)
CHANNEL = client.ChannelConfiguration(name="channelConfigurations/x", max_concurrency=5)
WIRE_ALLOW_LIST = allow_list_pb2.AllowList(enabled=True, entries=["example.com"], etag="7")
ALLOW_LIST = client.AllowList(enabled=True, entries=("example.com",), etag="7")
WIRE_TOPIC = topic_pb.Topic(name="topics/x", display_name="News")
WIRE_NIGHT = policy_pb.WallClockInterval(days=[policy_pb.WallClockInterval.DAY_MONDAY], start="22:00", end="08:00")
NIGHT = client.WallClockInterval(days=(client.WallClockIntervalDay.MONDAY,), start="22:00", end="08:00")
APPROVAL = client.Approval(campaign="campaigns/x", state=client.ApprovalState.IN_REVIEW, content_hash="5ba1")
WIRE_APPROVAL = approval_pb.Approval(
    campaign="campaigns/x", state=approval_pb.Approval.STATE_IN_REVIEW, content_hash="5ba1"
)
APPROVAL_POLICY = client.ApprovalPolicy(name="approvalPolicies/x", display_name="Legal", block_self=True)
WIRE_APPROVAL_POLICY = approval_policy_pb.ApprovalPolicy(
    name="approvalPolicies/x", display_name="Legal", block_self=True
)
WIRE_ATTACHMENT = attachment_pb.Attachment(name="attachments/x", file_name="x.txt", size_bytes=3)
ATTACHMENT = client.Attachment(name="attachments/x", file_name="x.txt", size_bytes=3)
WIRE_POLICY = policy_pb.SendingPolicy(
    name="sendingPolicies/x", display_name="Nights", quiet_hours=[WIRE_NIGHT], time_zone="Europe/Berlin"
)
POLICY = client.SendingPolicy(
    name="sendingPolicies/x", display_name="Nights", quiet_hours=(NIGHT,), time_zone="Europe/Berlin"
)
WIRE_NAMESPACE = namespace_pb.IdentityNamespace(
    name="identityNamespaces/x",
    display_name="Desks",
    normalisation=namespace_pb.IdentityNamespace.NORMALISATION_PHONE,
    default_region="GB",
)
NAMESPACE = client.IdentityNamespace(
    name="identityNamespaces/x",
    display_name="Desks",
    normalisation=client.Normalisation.PHONE,
    default_region="GB",
)
TOPIC = client.Topic(name="topics/x", display_name="News")
WIRE_PROFILE = profile_pb.Profile(name="profiles/x", identities=["email:jane@example.com", "crm:1"])
PROFILE = client.Profile(name="profiles/x", identities=("email:jane@example.com", "crm:1"))
WIRE_FINDING = campaign_pb.Finding(severity=campaign_pb.Finding.SEVERITY_WARNING, code="LONG_SUBJECT")
FINDING = client.Finding(severity=client.Severity.WARNING, code="LONG_SUBJECT")
WIRE_CHANGE = consent_pb.ConsentChange(
    topic="topics/x",
    choice=consent_pb.Consent.CHOICE_DENIED,
    source=consent_pb.ConsentChange.SOURCE_FORM,
    evidence=consent_pb.ConsentEvidence(text="No."),
)
CHANGE = client.ConsentChange(
    topic="topics/x",
    choice=client.ConsentChoice.DENIED,
    source=client.ConsentSource.FORM,
    evidence=client.ConsentEvidence(text="No."),
)
WIRE_SETTINGS = consent_pb.ConsentSettings(name="consentSettings", silence=silence_pb2.SILENCE_SEND_UNLESS_DENIED)
SETTINGS = client.ConsentSettings(name="consentSettings", silence=client.Silence.SEND_UNLESS_DENIED)
DATA = Struct(fields={"a": {"number_value": 1}})  # type: ignore[dict-item]  # protobuf takes a dict for a message


CASES = {
    "campaigns.create": Case(
        "CreateCampaign",
        lambda c: c.campaigns.create(CAMPAIGN),
        campaigns_pb.CreateCampaignRequest(campaign_id="x", campaign=WIRE_CAMPAIGN),
        campaigns_pb.CreateCampaignResponse(campaign=WIRE_CAMPAIGN),
        CAMPAIGN,
    ),
    "campaigns.create to validate": Case(
        "CreateCampaign",
        lambda c: c.campaigns.create(CAMPAIGN, validate_only=True),
        campaigns_pb.CreateCampaignRequest(campaign_id="x", campaign=WIRE_CAMPAIGN, validate_only=True),
        campaigns_pb.CreateCampaignResponse(campaign=WIRE_CAMPAIGN),
        CAMPAIGN,
    ),
    "campaigns.get": Case(
        "GetCampaign",
        lambda c: c.campaigns.get("x"),
        campaigns_pb.GetCampaignRequest(name="campaigns/x"),
        campaigns_pb.GetCampaignResponse(campaign=WIRE_CAMPAIGN),
        CAMPAIGN,
    ),
    "campaigns.update": Case(
        "UpdateCampaign",
        lambda c: c.campaigns.update(CAMPAIGN),
        campaigns_pb.UpdateCampaignRequest(campaign=WIRE_CAMPAIGN, update_mask=FieldMask(paths=["*"])),
        campaigns_pb.UpdateCampaignResponse(campaign=WIRE_CAMPAIGN),
        CAMPAIGN,
    ),
    "campaigns.update some fields": Case(
        "UpdateCampaign",
        lambda c: c.campaigns.update(CAMPAIGN, ["display_name", "tags"]),
        campaigns_pb.UpdateCampaignRequest(
            campaign=WIRE_CAMPAIGN, update_mask=FieldMask(paths=["display_name", "tags"])
        ),
        campaigns_pb.UpdateCampaignResponse(campaign=WIRE_CAMPAIGN),
        CAMPAIGN,
    ),
    "campaigns.update to validate": Case(
        "UpdateCampaign",
        lambda c: c.campaigns.update(CAMPAIGN, validate_only=True),
        campaigns_pb.UpdateCampaignRequest(
            campaign=WIRE_CAMPAIGN, update_mask=FieldMask(paths=["*"]), validate_only=True
        ),
        campaigns_pb.UpdateCampaignResponse(campaign=WIRE_CAMPAIGN),
        CAMPAIGN,
    ),
    "campaigns.delete": Case(
        "DeleteCampaign",
        lambda c: c.campaigns.delete("x", etag="7"),
        campaigns_pb.DeleteCampaignRequest(name="campaigns/x", etag="7"),
        campaigns_pb.DeleteCampaignResponse(),
        None,
    ),
    "campaigns.diff": Case(
        "DiffCampaignVersions",
        lambda c: c.campaigns.diff("x", base_version=1, version=2),
        difference_pb.DiffCampaignVersionsRequest(campaign="campaigns/x", base_version=1, version=2),
        difference_pb.DiffCampaignVersionsResponse(
            difference=difference_pb.CampaignDifference(
                fields=[difference_pb.FieldDifference(field="description", unified_diff="+a")]
            )
        ),
        client.CampaignDifference(fields=(client.FieldDifference(field="description", unified_diff="+a"),)),
    ),
    "campaigns.review": Case(
        "ReviewCampaign",
        lambda c: c.campaigns.review("x"),
        campaigns_pb.ReviewCampaignRequest(name="campaigns/x"),
        campaigns_pb.ReviewCampaignResponse(findings=[WIRE_FINDING], activatable=True),
        client.Review(findings=(FINDING,), activatable=True),
    ),
    "campaigns.activate": Case(
        "ActivateCampaign",
        lambda c: c.campaigns.activate("x", version=2, etag="7"),
        campaigns_pb.ActivateCampaignRequest(name="campaigns/x", version=2, etag="7"),
        campaigns_pb.ActivateCampaignResponse(campaign=WIRE_CAMPAIGN, findings=[WIRE_FINDING]),
        client.Activation(campaign=CAMPAIGN, findings=(FINDING,)),
    ),
    "campaigns.pause": Case(
        "PauseCampaign",
        lambda c: c.campaigns.pause("x", etag="7"),
        life_pb.PauseCampaignRequest(name="campaigns/x", etag="7"),
        life_pb.PauseCampaignResponse(campaign=WIRE_CAMPAIGN),
        CAMPAIGN,
    ),
    "campaigns.resume": Case(
        "ResumeCampaign",
        lambda c: c.campaigns.resume("x", etag="7"),
        life_pb.ResumeCampaignRequest(name="campaigns/x", etag="7"),
        life_pb.ResumeCampaignResponse(campaign=WIRE_CAMPAIGN),
        CAMPAIGN,
    ),
    "campaigns.stop": Case(
        "StopCampaign",
        lambda c: c.campaigns.stop("x", client.QueueDisposal.CANCEL, etag="7"),
        life_pb.StopCampaignRequest(
            name="campaigns/x",
            queue_disposal=life_pb.StopCampaignRequest.QUEUE_DISPOSAL_CANCEL,
            etag="7",
        ),
        life_pb.StopCampaignResponse(campaign=WIRE_CAMPAIGN, queued_count=9),
        client.Stop(campaign=CAMPAIGN, queued_count=9),
    ),
    "campaigns.archive": Case(
        "ArchiveCampaign",
        lambda c: c.campaigns.archive("x", etag="7"),
        life_pb.ArchiveCampaignRequest(name="campaigns/x", etag="7"),
        life_pb.ArchiveCampaignResponse(campaign=WIRE_CAMPAIGN),
        CAMPAIGN,
    ),
    "campaigns.unarchive": Case(
        "UnarchiveCampaign",
        lambda c: c.campaigns.unarchive("x", etag="7"),
        life_pb.UnarchiveCampaignRequest(name="campaigns/x", etag="7"),
        life_pb.UnarchiveCampaignResponse(campaign=WIRE_CAMPAIGN),
        CAMPAIGN,
    ),
    "campaigns.duplicate": Case(
        "DuplicateCampaign",
        lambda c: c.campaigns.duplicate("x", "y", version=2, display_name="Y"),
        campaigns_pb.DuplicateCampaignRequest(name="campaigns/x", campaign_id="y", version=2, display_name="Y"),
        campaigns_pb.DuplicateCampaignResponse(campaign=WIRE_CAMPAIGN),
        CAMPAIGN,
    ),
    "campaigns.version": Case(
        "GetCampaignVersion",
        lambda c: c.campaigns.version("x", 3),
        campaign_version_pb2.GetCampaignVersionRequest(campaign="campaigns/x", version=3),
        campaign_version_pb2.GetCampaignVersionResponse(
            version=campaign_version_pb2.CampaignVersion(version=3, snapshot=WIRE_CAMPAIGN)
        ),
        holds(version=3, snapshot=CAMPAIGN),
    ),
    "campaigns.preview": Case(
        "PreviewCampaign",
        lambda c: c.campaigns.preview("x", {"a": 1}, profile={"a": 1}, locale="de", identity="a@b.example", version=2),
        campaign_preview_pb2.PreviewCampaignRequest(
            name="campaigns/x", context=DATA, profile=DATA, locale="de", identity="email:a@b.example", version=2
        ),
        campaign_preview_pb2.PreviewCampaignResponse(
            email=email_content_pb2.RenderedEmail(subject="Hello", headers={"X-Shop": "1"}), action="email"
        ),
        holds(
            email=client.RenderedEmail(subject="Hello", headers={"X-Shop": "1"}, from_=client.Mailbox("")),
            webhook=None,
            action="email",
            address=None,
        ),
    ),
    "profiles.create": Case(
        "CreateProfile",
        lambda c: c.profiles.create(client.Profile(name="x", identities=["jane@example.com", "crm:1"])),
        profiles_pb.CreateProfileRequest(profile=WIRE_PROFILE),
        profiles_pb.CreateProfileResponse(profile=WIRE_PROFILE),
        PROFILE,
    ),
    "profiles.create to validate": Case(
        "CreateProfile",
        lambda c: c.profiles.create(PROFILE, validate_only=True),
        profiles_pb.CreateProfileRequest(profile=WIRE_PROFILE, validate_only=True),
        profiles_pb.CreateProfileResponse(profile=WIRE_PROFILE),
        PROFILE,
    ),
    "profiles.get": Case(
        "GetProfile",
        lambda c: c.profiles.get("x"),
        profiles_pb.GetProfileRequest(name="profiles/x"),
        profiles_pb.GetProfileResponse(profile=WIRE_PROFILE),
        PROFILE,
    ),
    "profiles.lookup": Case(
        "LookupProfile",
        lambda c: c.profiles.lookup("jane@example.com"),
        profiles_pb.LookupProfileRequest(identity="email:jane@example.com"),
        profiles_pb.LookupProfileResponse(profile=WIRE_PROFILE),
        PROFILE,
    ),
    "profiles.update": Case(
        "UpdateProfile",
        lambda c: c.profiles.update(client.Profile(name="x", attributes={"plan": None}), ["attributes.plan"]),
        profiles_pb.UpdateProfileRequest(
            profile=profile_pb.Profile(
                name="profiles/x",
                attributes=Struct(fields={"plan": {"null_value": 0}}),  # type: ignore[dict-item]  # as above
            ),
            update_mask=FieldMask(paths=["attributes.plan"]),
        ),
        profiles_pb.UpdateProfileResponse(profile=WIRE_PROFILE),
        PROFILE,
    ),
    "profiles.update to validate": Case(
        "UpdateProfile",
        lambda c: c.profiles.update(PROFILE, validate_only=True),
        profiles_pb.UpdateProfileRequest(profile=WIRE_PROFILE, update_mask=FieldMask(paths=["*"]), validate_only=True),
        profiles_pb.UpdateProfileResponse(profile=WIRE_PROFILE),
        PROFILE,
    ),
    "profiles.import_all": Case(
        "ImportProfiles",
        lambda c: c.profiles.import_all([client.Profile(identities=["jane@example.com", "crm:1"])]),
        profiles_pb.ImportProfilesRequest(
            profiles=[profile_pb.Profile(identities=["email:jane@example.com", "crm:1"])]
        ),
        profiles_pb.ImportProfilesResponse(
            results=[
                profiles_pb.ImportedProfile(outcome=profiles_pb.ImportedProfile.OUTCOME_CREATED, profile="profiles/x")
            ]
        ),
        [client.ImportedProfile(outcome=client.ImportedProfileOutcome.CREATED, profile="profiles/x")],
    ),
    "profiles.import_all with consents": Case(
        "ImportProfiles",
        lambda c: c.profiles.import_all(
            [client.Profile(identities=["crm:1"]), client.Profile(identities=["crm:2"])], consents={1: [CHANGE]}
        ),
        profiles_pb.ImportProfilesRequest(
            profiles=[profile_pb.Profile(identities=["crm:1"]), profile_pb.Profile(identities=["crm:2"])],
            consents=[profiles_pb.ImportedConsents(profile_index=1, changes=[WIRE_CHANGE])],
        ),
        profiles_pb.ImportProfilesResponse(),
        [],
    ),
    "profiles.merge": Case(
        "MergeProfiles",
        lambda c: c.profiles.merge("x", "y", etag="7", absorbed_etag="8"),
        profiles_pb.MergeProfilesRequest(name="profiles/x", absorbed="profiles/y", etag="7", absorbed_etag="8"),
        profiles_pb.MergeProfilesResponse(profile=WIRE_PROFILE),
        PROFILE,
    ),
    "profiles.delete": Case(
        "DeleteProfile",
        lambda c: c.profiles.delete("x", etag="7"),
        profiles_pb.DeleteProfileRequest(name="profiles/x", etag="7"),
        profiles_pb.DeleteProfileResponse(cancelled_count=1, suppressed_address_count=2),
        client.ProfileDeletion(cancelled_count=1, suppressed_address_count=2),
    ),
    "profiles.delete and forget": Case(
        "DeleteProfile",
        lambda c: c.profiles.delete("x", keep_suppression=False),
        profiles_pb.DeleteProfileRequest(name="profiles/x", keep_suppression=False),
        profiles_pb.DeleteProfileResponse(),
        client.ProfileDeletion(),
    ),
    "channels.create": Case(
        "CreateChannelConfiguration",
        lambda c: c.channels.create(CHANNEL),
        channels_pb.CreateChannelConfigurationRequest(channel_configuration_id="x", channel_configuration=WIRE_CHANNEL),
        channels_pb.CreateChannelConfigurationResponse(channel_configuration=WIRE_CHANNEL),
        CHANNEL,
    ),
    "channels.create to validate": Case(
        "CreateChannelConfiguration",
        lambda c: c.channels.create(CHANNEL, validate_only=True),
        channels_pb.CreateChannelConfigurationRequest(
            channel_configuration_id="x", channel_configuration=WIRE_CHANNEL, validate_only=True
        ),
        channels_pb.CreateChannelConfigurationResponse(channel_configuration=WIRE_CHANNEL),
        CHANNEL,
    ),
    "channels.get": Case(
        "GetChannelConfiguration",
        lambda c: c.channels.get("x"),
        channels_pb.GetChannelConfigurationRequest(name="channelConfigurations/x"),
        channels_pb.GetChannelConfigurationResponse(channel_configuration=WIRE_CHANNEL),
        CHANNEL,
    ),
    "channels.update": Case(
        "UpdateChannelConfiguration",
        lambda c: c.channels.update(CHANNEL, ["disabled"]),
        channels_pb.UpdateChannelConfigurationRequest(
            channel_configuration=WIRE_CHANNEL, update_mask=FieldMask(paths=["disabled"])
        ),
        channels_pb.UpdateChannelConfigurationResponse(channel_configuration=WIRE_CHANNEL),
        CHANNEL,
    ),
    "channels.update to validate": Case(
        "UpdateChannelConfiguration",
        lambda c: c.channels.update(CHANNEL, validate_only=True),
        channels_pb.UpdateChannelConfigurationRequest(
            channel_configuration=WIRE_CHANNEL, update_mask=FieldMask(paths=["*"]), validate_only=True
        ),
        channels_pb.UpdateChannelConfigurationResponse(channel_configuration=WIRE_CHANNEL),
        CHANNEL,
    ),
    "channels.delete": Case(
        "DeleteChannelConfiguration",
        lambda c: c.channels.delete("x", etag="7"),
        channels_pb.DeleteChannelConfigurationRequest(name="channelConfigurations/x", etag="7"),
        channels_pb.DeleteChannelConfigurationResponse(),
        None,
    ),
    "channels.verify": Case(
        "VerifyChannelConfiguration",
        lambda c: c.channels.verify("x"),
        channels_pb.VerifyChannelConfigurationRequest(name="channelConfigurations/x"),
        channels_pb.VerifyChannelConfigurationResponse(
            steps=[channels_pb.VerificationStep(name="ehlo", detail="No answer.")]
        ),
        client.Verification(
            usable=False,
            steps=(client.VerificationStep(name="ehlo", passed=False, detail="No answer.", elapsed=dt.timedelta(0)),),
        ),
    ),
    "audiences.create": Case(
        "CreateAudience",
        lambda c: c.audiences.create(AUDIENCE, validate_only=True),
        audiences_pb.CreateAudienceRequest(audience_id="x", audience=WIRE_AUDIENCE, validate_only=True),
        audiences_pb.CreateAudienceResponse(audience=WIRE_AUDIENCE),
        AUDIENCE,
    ),
    "audiences.get": Case(
        "GetAudience",
        lambda c: c.audiences.get("x"),
        audiences_pb.GetAudienceRequest(name="audiences/x"),
        audiences_pb.GetAudienceResponse(audience=WIRE_AUDIENCE),
        AUDIENCE,
    ),
    "audiences.update": Case(
        "UpdateAudience",
        lambda c: c.audiences.update(AUDIENCE, ["condition"]),
        audiences_pb.UpdateAudienceRequest(audience=WIRE_AUDIENCE, update_mask=FieldMask(paths=["condition"])),
        audiences_pb.UpdateAudienceResponse(audience=WIRE_AUDIENCE),
        AUDIENCE,
    ),
    "audiences.upload": Case(
        "UploadIdentities",
        lambda c: c.audiences.upload("x", ["jane@example.com", "crm:1"], upload_id="7", complete=True),
        audiences_pb.UploadIdentitiesRequest(
            name="audiences/x", identities=["email:jane@example.com", "crm:1"], upload_id="7", complete=True
        ),
        audiences_pb.UploadIdentitiesResponse(added_count=2),
        client.UploadedIdentities(added_count=2, rejected=[], identity_list=client.IdentityList()),
    ),
    "audiences.count": Case(
        "CountAudience",
        lambda c: c.audiences.count("x"),
        audiences_pb.CountAudienceRequest(name="audiences/x"),
        audiences_pb.CountAudienceResponse(member_count=2, evaluated_count=3),
        client.AudienceCount(member_count=2, evaluated_count=3),
    ),
    "audiences.sample": Case(
        "SampleAudience",
        lambda c: c.audiences.sample("x", 5),
        audiences_pb.SampleAudienceRequest(name="audiences/x", sample_size=5),
        audiences_pb.SampleAudienceResponse(members=["profiles/1"], evaluated_count=3),
        client.AudienceSample(members=("profiles/1",), evaluated_count=3),
    ),
    "audiences.delete": Case(
        "DeleteAudience",
        lambda c: c.audiences.delete("x", etag="7"),
        audiences_pb.DeleteAudienceRequest(name="audiences/x", etag="7"),
        audiences_pb.DeleteAudienceResponse(),
        None,
    ),
    "approval_policies.create": Case(
        "CreateApprovalPolicy",
        lambda c: c.approval_policies.create(APPROVAL_POLICY, validate_only=True),
        approval_policies_pb.CreateApprovalPolicyRequest(
            approval_policy_id="x", approval_policy=WIRE_APPROVAL_POLICY, validate_only=True
        ),
        approval_policies_pb.CreateApprovalPolicyResponse(approval_policy=WIRE_APPROVAL_POLICY),
        APPROVAL_POLICY,
    ),
    "approval_policies.get": Case(
        "GetApprovalPolicy",
        lambda c: c.approval_policies.get("x"),
        approval_policies_pb.GetApprovalPolicyRequest(name="approvalPolicies/x"),
        approval_policies_pb.GetApprovalPolicyResponse(approval_policy=WIRE_APPROVAL_POLICY),
        APPROVAL_POLICY,
    ),
    "approval_policies.update": Case(
        "UpdateApprovalPolicy",
        lambda c: c.approval_policies.update(APPROVAL_POLICY, ["block_self"]),
        approval_policies_pb.UpdateApprovalPolicyRequest(
            approval_policy=WIRE_APPROVAL_POLICY, update_mask=FieldMask(paths=["block_self"])
        ),
        approval_policies_pb.UpdateApprovalPolicyResponse(approval_policy=WIRE_APPROVAL_POLICY),
        APPROVAL_POLICY,
    ),
    "approval_policies.delete": Case(
        "DeleteApprovalPolicy",
        lambda c: c.approval_policies.delete("x", etag="7"),
        approval_policies_pb.DeleteApprovalPolicyRequest(name="approvalPolicies/x", etag="7"),
        approval_policies_pb.DeleteApprovalPolicyResponse(),
        None,
    ),
    "approvals.get": Case(
        "GetApproval",
        lambda c: c.approvals.get("x"),
        approvals_pb.GetApprovalRequest(campaign="campaigns/x"),
        approvals_pb.GetApprovalResponse(approval=WIRE_APPROVAL),
        APPROVAL,
    ),
    "approvals.submit": Case(
        "SubmitForApproval",
        lambda c: c.approvals.submit("x", comment="Please.", etag="7"),
        approvals_pb.SubmitForApprovalRequest(campaign="campaigns/x", comment="Please.", etag="7"),
        approvals_pb.SubmitForApprovalResponse(approval=WIRE_APPROVAL),
        APPROVAL,
    ),
    "approvals.approve": Case(
        "Approve",
        lambda c: c.approvals.approve("x", "5ba1", comment="Fine.", etag="7"),
        approvals_pb.ApproveRequest(campaign="campaigns/x", content_hash="5ba1", comment="Fine.", etag="7"),
        approvals_pb.ApproveResponse(approval=WIRE_APPROVAL),
        APPROVAL,
    ),
    "approvals.request_changes": Case(
        "RequestChanges",
        lambda c: c.approvals.request_changes("x", "Shorter.", etag="7"),
        approvals_pb.RequestChangesRequest(campaign="campaigns/x", comment="Shorter.", etag="7"),
        approvals_pb.RequestChangesResponse(approval=WIRE_APPROVAL),
        APPROVAL,
    ),
    "approvals.cancel": Case(
        "CancelApproval",
        lambda c: c.approvals.cancel("x", comment="Later.", etag="7"),
        approvals_pb.CancelApprovalRequest(campaign="campaigns/x", comment="Later.", etag="7"),
        approvals_pb.CancelApprovalResponse(approval=WIRE_APPROVAL),
        APPROVAL,
    ),
    "approvals.comment": Case(
        "CommentOnApproval",
        lambda c: c.approvals.comment("x", "Why?"),
        approvals_pb.CommentOnApprovalRequest(campaign="campaigns/x", comment="Why?"),
        approvals_pb.CommentOnApprovalResponse(approval_step=approval_pb.ApprovalStep(comment="Why?")),
        holds(comment="Why?"),
    ),
    "attachments.get": Case(
        "GetAttachment",
        lambda c: c.attachments.get("x"),
        attachments_pb.GetAttachmentRequest(name="attachments/x"),
        attachments_pb.GetAttachmentResponse(attachment=WIRE_ATTACHMENT),
        ATTACHMENT,
    ),
    "attachments.delete": Case(
        "DeleteAttachment",
        lambda c: c.attachments.delete("x"),
        attachments_pb.DeleteAttachmentRequest(name="attachments/x"),
        attachments_pb.DeleteAttachmentResponse(),
        None,
    ),
    "proofs.send": Case(
        "SendProof",
        lambda c: c.proofs.send("x", ["a@b.example"], {"a": 1}, locale="de", version=3, action="email"),
        proofs_pb.SendProofRequest(
            campaign="campaigns/x",
            addresses=["a@b.example"],
            context=DATA,
            locale="de",
            version=3,
            action="email",
        ),
        proofs_pb.SendProofResponse(results=[proofs_pb.ProofResult(address="a@b.example")]),
        lambda value: [each.address for each in value] == ["a@b.example"],
    ),
    "sending_policies.create": Case(
        "CreateSendingPolicy",
        lambda c: c.sending_policies.create(POLICY, validate_only=True),
        policies_pb.CreateSendingPolicyRequest(sending_policy_id="x", sending_policy=WIRE_POLICY, validate_only=True),
        policies_pb.CreateSendingPolicyResponse(sending_policy=WIRE_POLICY),
        POLICY,
    ),
    "sending_policies.get": Case(
        "GetSendingPolicy",
        lambda c: c.sending_policies.get("x"),
        policies_pb.GetSendingPolicyRequest(name="sendingPolicies/x"),
        policies_pb.GetSendingPolicyResponse(sending_policy=WIRE_POLICY),
        POLICY,
    ),
    "sending_policies.update": Case(
        "UpdateSendingPolicy",
        lambda c: c.sending_policies.update(POLICY, ["quiet_hours"]),
        policies_pb.UpdateSendingPolicyRequest(
            sending_policy=WIRE_POLICY, update_mask=FieldMask(paths=["quiet_hours"])
        ),
        policies_pb.UpdateSendingPolicyResponse(sending_policy=WIRE_POLICY),
        POLICY,
    ),
    "sending_policies.delete": Case(
        "DeleteSendingPolicy",
        lambda c: c.sending_policies.delete("x", etag="7"),
        policies_pb.DeleteSendingPolicyRequest(name="sendingPolicies/x", etag="7"),
        policies_pb.DeleteSendingPolicyResponse(),
        None,
    ),
    "identity_namespaces.create": Case(
        "CreateIdentityNamespace",
        lambda c: c.identity_namespaces.create(NAMESPACE),
        namespaces_pb.CreateIdentityNamespaceRequest(identity_namespace_id="x", identity_namespace=WIRE_NAMESPACE),
        namespaces_pb.CreateIdentityNamespaceResponse(identity_namespace=WIRE_NAMESPACE),
        NAMESPACE,
    ),
    "identity_namespaces.get": Case(
        "GetIdentityNamespace",
        lambda c: c.identity_namespaces.get("x"),
        namespaces_pb.GetIdentityNamespaceRequest(name="identityNamespaces/x"),
        namespaces_pb.GetIdentityNamespaceResponse(identity_namespace=WIRE_NAMESPACE),
        NAMESPACE,
    ),
    "identity_namespaces.update": Case(
        "UpdateIdentityNamespace",
        lambda c: c.identity_namespaces.update(NAMESPACE, ["display_name"]),
        namespaces_pb.UpdateIdentityNamespaceRequest(
            identity_namespace=WIRE_NAMESPACE, update_mask=FieldMask(paths=["display_name"])
        ),
        namespaces_pb.UpdateIdentityNamespaceResponse(identity_namespace=WIRE_NAMESPACE),
        NAMESPACE,
    ),
    "identity_namespaces.delete": Case(
        "DeleteIdentityNamespace",
        lambda c: c.identity_namespaces.delete("x", etag="7"),
        namespaces_pb.DeleteIdentityNamespaceRequest(name="identityNamespaces/x", etag="7"),
        namespaces_pb.DeleteIdentityNamespaceResponse(),
        None,
    ),
    "topics.create": Case(
        "CreateTopic",
        lambda c: c.topics.create(TOPIC, validate_only=True),
        topics_pb.CreateTopicRequest(topic_id="x", topic=WIRE_TOPIC, validate_only=True),
        topics_pb.CreateTopicResponse(topic=WIRE_TOPIC),
        TOPIC,
    ),
    "topics.get": Case(
        "GetTopic",
        lambda c: c.topics.get("x"),
        topics_pb.GetTopicRequest(name="topics/x"),
        topics_pb.GetTopicResponse(topic=WIRE_TOPIC),
        TOPIC,
    ),
    "topics.update": Case(
        "UpdateTopic",
        lambda c: c.topics.update(TOPIC, ["display_name"]),
        topics_pb.UpdateTopicRequest(topic=WIRE_TOPIC, update_mask=FieldMask(paths=["display_name"])),
        topics_pb.UpdateTopicResponse(topic=WIRE_TOPIC),
        TOPIC,
    ),
    "topics.archive": Case(
        "ArchiveTopic",
        lambda c: c.topics.archive("x", etag="7"),
        topics_pb.ArchiveTopicRequest(name="topics/x", etag="7"),
        topics_pb.ArchiveTopicResponse(topic=WIRE_TOPIC),
        TOPIC,
    ),
    "topics.unarchive": Case(
        "UnarchiveTopic",
        lambda c: c.topics.unarchive("x"),
        topics_pb.UnarchiveTopicRequest(name="topics/x"),
        topics_pb.UnarchiveTopicResponse(topic=WIRE_TOPIC),
        TOPIC,
    ),
    "allow_list.get": Case(
        "GetAllowList",
        lambda c: c.allow_list.get(),
        allow_list_pb.GetAllowListRequest(),
        allow_list_pb.GetAllowListResponse(allow_list=WIRE_ALLOW_LIST),
        ALLOW_LIST,
    ),
    "allow_list.update": Case(
        "UpdateAllowList",
        lambda c: c.allow_list.update(ALLOW_LIST, ["entries"]),
        allow_list_pb.UpdateAllowListRequest(allow_list=WIRE_ALLOW_LIST, update_mask=FieldMask(paths=["entries"])),
        allow_list_pb.UpdateAllowListResponse(allow_list=WIRE_ALLOW_LIST),
        ALLOW_LIST,
    ),
    "suppressions.create": Case(
        "CreateSuppression",
        lambda c: c.suppressions.create(
            "*.example.com", scope=client.SuppressionScope.MARKETING, expire_time=dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
        ),
        suppressions_pb.CreateSuppressionRequest(
            suppression=suppression_pb.Suppression(
                domain="*.example.com",
                reason=suppression_pb.Suppression.REASON_MANUAL,
                scope=suppression_pb.Suppression.SCOPE_MARKETING,
                expire_time=timestamp_pb2.Timestamp(seconds=1_893_456_000),
            )
        ),
        suppressions_pb.CreateSuppressionResponse(suppression=suppression_pb.Suppression(name="suppressions/1")),
        holds(name="suppressions/1", expire_time=None),
    ),
    "suppressions.get": Case(
        "GetSuppression",
        lambda c: c.suppressions.get("1"),
        suppressions_pb.GetSuppressionRequest(name="suppressions/1"),
        suppressions_pb.GetSuppressionResponse(
            suppression=suppression_pb.Suppression(
                address="jane@example.com", reason=suppression_pb.Suppression.REASON_COMPLAINT
            )
        ),
        holds(address="jane@example.com", domain=None, reason="COMPLAINT"),
    ),
    "suppressions.delete": Case(
        "DeleteSuppression",
        lambda c: c.suppressions.delete("1", override_reason="Asked for it."),
        suppressions_pb.DeleteSuppressionRequest(name="suppressions/1", override_reason="Asked for it."),
        suppressions_pb.DeleteSuppressionResponse(),
        None,
    ),
    "suppressions.import_all": Case(
        "ImportSuppressions",
        lambda c: c.suppressions.import_all([client.Suppression(domain="example.com")]),
        suppressions_pb.ImportSuppressionsRequest(suppressions=[suppression_pb.Suppression(domain="example.com")]),
        suppressions_pb.ImportSuppressionsResponse(
            results=[
                suppressions_pb.ImportedSuppression(
                    outcome=suppressions_pb.ImportedSuppression.OUTCOME_CREATED, suppression="suppressions/1"
                )
            ]
        ),
        [client.ImportedSuppression(outcome=client.ImportedSuppressionOutcome.CREATED, suppression="suppressions/1")],
    ),
    "suppressions.check": Case(
        "CheckSuppression",
        lambda c: c.suppressions.check("jane@example.com"),
        suppressions_pb.CheckSuppressionRequest(address="jane@example.com"),
        suppressions_pb.CheckSuppressionResponse(excluded_categories=[category_pb2.CATEGORY_MARKETING]),
        holds(excluded_categories=(client.Category.MARKETING,), suppressions=()),
    ),
    "consents.set": Case(
        "SetConsents",
        lambda c: c.consents.set("jane@example.com", [CHANGE]),
        consents_pb.SetConsentsRequest(identity="email:jane@example.com", changes=[WIRE_CHANGE]),
        consents_pb.SetConsentsResponse(profile="profiles/1", changes=[WIRE_CHANGE]),
        holds(profile="profiles/1", consents=(), changes=(CHANGE,)),
    ),
    "consents.set of a profile": Case(
        "SetConsents",
        lambda c: c.consents.set("profiles/1", [CHANGE]),
        consents_pb.SetConsentsRequest(profile="profiles/1", changes=[WIRE_CHANGE]),
        consents_pb.SetConsentsResponse(profile="profiles/1"),
        holds(profile="profiles/1"),
    ),
    "consents.get": Case(
        "GetConsents",
        lambda c: c.consents.get("customer:4711"),
        consents_pb.GetConsentsRequest(identity="customer:4711"),
        consents_pb.GetConsentsResponse(
            profile="profiles/1", consents=[consent_pb.Consent(choice=consent_pb.Consent.CHOICE_DENIED)]
        ),
        lambda found: [consent.choice for consent in found.consents] == [client.ConsentChoice.DENIED],
    ),
    "consents.settings": Case(
        "GetConsentSettings",
        lambda c: c.consents.settings(),
        consents_pb.GetConsentSettingsRequest(name="consentSettings"),
        consents_pb.GetConsentSettingsResponse(consent_settings=WIRE_SETTINGS),
        SETTINGS,
    ),
    "consents.update_settings": Case(
        "UpdateConsentSettings",
        lambda c: c.consents.update_settings(client.ConsentSettings(silence=client.Silence.SEND_UNLESS_DENIED)),
        consents_pb.UpdateConsentSettingsRequest(consent_settings=WIRE_SETTINGS, update_mask=FieldMask(paths=["*"])),
        consents_pb.UpdateConsentSettingsResponse(consent_settings=WIRE_SETTINGS),
        SETTINGS,
    ),
    "executions.get": Case(
        "GetExecution",
        lambda c: c.executions.get("1"),
        executions_pb.GetExecutionRequest(name="executions/1"),
        executions_pb.GetExecutionResponse(
            execution=execution_pb.Execution(
                name="executions/1", message_counts=execution_pb.MessageCounts(total_count=3)
            )
        ),
        lambda execution: execution.message_counts.total_count == 3,
    ),
    "executions.cancel": Case(
        "CancelExecution",
        lambda c: c.executions.cancel("executions/1"),
        executions_pb.CancelExecutionRequest(name="executions/1"),
        executions_pb.CancelExecutionResponse(
            outcome=executions_pb.CancelExecutionResponse.OUTCOME_PARTIAL, cancelled_count=2, too_late_count=1
        ),
        holds(outcome=client.CancelOutcome.PARTIAL, cancelled_count=2, too_late_count=1),
    ),
    "messages.get": Case(
        "GetMessage",
        lambda c: c.messages.get("1"),
        messages_pb.GetMessageRequest(name="messages/1"),
        messages_pb.GetMessageResponse(
            message=message_pb.Message(
                state=message_pb.Message.STATE_FAILED,
                attempts=[attempt_pb2.Attempt(number=1, result=attempt_pb2.Attempt.RESULT_FAILED)],
                events=[event_pb2.Event(type=event_pb2.Event.TYPE_FAILED)],
            )
        ),
        lambda message: (message.state, message.attempts[0].result, message.events[0].type) == ("FAILED",) * 3,
    ),
    "messages.cancel": Case(
        "CancelMessage",
        lambda c: c.messages.cancel("1"),
        messages_pb.CancelMessageRequest(name="messages/1"),
        messages_pb.CancelMessageResponse(outcome=messages_pb.CancelMessageResponse.OUTCOME_TOO_LATE),
        holds(outcome=client.CancelOutcome.TOO_LATE),
    ),
    "reports.get": Case(
        "GetCampaignReport",
        lambda c: c.reports.get("x", version=2),
        reports_pb.GetCampaignReportRequest(campaign="campaigns/x", version=2),
        reports_pb.GetCampaignReportResponse(report=reports_pb.CampaignReport(targeted_count=200)),
        holds(targeted_count=200, failed_counts={}),
    ),
    "keys.create": Case(
        "CreateApiKey",
        lambda c: c.keys.create("Shop", [client.Scope.TRIGGER, client.Scope.READ], sandbox="staging"),
        keys_pb.CreateApiKeyRequest(
            api_key=key_pb.ApiKey(
                display_name="Shop",
                scopes=[key_pb.ApiKey.SCOPE_TRIGGER, key_pb.ApiKey.SCOPE_READ],
                sandbox="staging",
            )
        ),
        keys_pb.CreateApiKeyResponse(api_key=key_pb.ApiKey(name="apiKeys/1"), secret="hunter2"),
        lambda new: (new.api_key.name, new.secret) == ("apiKeys/1", "hunter2"),
    ),
    "keys.revoke": Case(
        "RevokeApiKey",
        lambda c: c.keys.revoke("1"),
        keys_pb.RevokeApiKeyRequest(name="apiKeys/1"),
        keys_pb.RevokeApiKeyResponse(api_key=key_pb.ApiKey(name="apiKeys/1")),
        holds(name="apiKeys/1", revoke_time=None),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_method_asks_what_it_says_and_returns_the_answer(connect: Connect, case: Case) -> None:
    script = Script(case.answer)
    handlers: dict[str, Any] = {case.rpc: script.answer}
    async with serving(**handlers) as target, connect(target) as tested:
        value = await case.call(tested)

    assert script.requests == [case.request]
    assert case.fits(value)


async def test_samples_are_asked_for_with_the_address_that_the_client_calls(connect: Connect) -> None:
    answer = trigger_sample_pb2.GetTriggerSampleResponse(
        recipient=triggers_pb.Recipient(identity="email:a@b.example", context=DATA),
        samples=[sample_pb.TriggerSample(tool=sample_pb.TriggerSample.TOOL_CURL, text="curl …")],
    )
    script = Script(answer)
    async with serving(GetTriggerSample=script.answer) as target, connect(target) as tested:
        found = await tested.campaigns.sample("x", base_url="https://a.example")

    asked = {"name": "campaigns/x", "target": target, "base_url": "https://a.example"}
    assert script.requests == [trigger_sample_pb2.GetTriggerSampleRequest(**asked)]
    assert found.recipient == client.Recipient("email:a@b.example", {"a": 1})
    assert found.samples == (client.TriggerSample(tool=client.SampleTool.CURL, text="curl …"),)


#: They take or answer streams, which are tested by themselves.
STREAMED = {"ExportProfiles", "ExportSuppressions", "UploadAttachment", "WatchEvents"}


def test_every_rpc_of_the_contract_has_a_method() -> None:
    names = set(rpcs())
    methods = {case.rpc for case in CASES.values()}

    # `upload` does what CreateAttachment does, for files of any size.
    elsewhere = {*STREAMED, "GetTriggerSample", "CreateAttachment"}
    assert {name for name in names if not name.startswith("List")} == methods | elsewhere
