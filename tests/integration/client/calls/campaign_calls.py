"""Provides the calls about campaigns, and proofs of them."""

from __future__ import annotations

import clarion_client as client
from clarion.v1 import campaign_difference_pb2 as difference_pb
from clarion.v1 import campaign_life_cycle_pb2 as life_pb
from clarion.v1 import campaign_pb2 as campaign_pb
from clarion.v1 import (
    campaign_preview_pb2,
    campaign_version_pb2,
    email_content_pb2,
)
from clarion.v1 import campaign_service_pb2 as campaigns_pb
from clarion.v1 import proof_service_pb2 as proofs_pb
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct

from tests.integration.client.cases import Case, holds

WIRE_CAMPAIGN = campaign_pb.Campaign(name="campaigns/x", state=campaign_pb.Campaign.STATE_LIVE)
CAMPAIGN = client.Campaign(name="campaigns/x", state=client.CampaignState.LIVE)
WIRE_FINDING = campaign_pb.Finding(severity=campaign_pb.Finding.SEVERITY_WARNING, code="LONG_SUBJECT")
FINDING = client.Finding(severity=client.Severity.WARNING, code="LONG_SUBJECT")
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
        lambda c: c.campaigns.diff("x", base_version=1, version=2, render_test_cases=True),
        difference_pb.DiffCampaignVersionsRequest(
            campaign="campaigns/x", base_version=1, version=2, render_test_cases=True
        ),
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
        life_pb.ReviewCampaignRequest(name="campaigns/x"),
        life_pb.ReviewCampaignResponse(findings=[WIRE_FINDING], activatable=True),
        client.Review(findings=(FINDING,), activatable=True),
    ),
    "campaigns.activate": Case(
        "ActivateCampaign",
        lambda c: c.campaigns.activate("x", version=2, etag="7"),
        life_pb.ActivateCampaignRequest(name="campaigns/x", version=2, etag="7"),
        life_pb.ActivateCampaignResponse(campaign=WIRE_CAMPAIGN, findings=[WIRE_FINDING]),
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
}
