"""Converts requests for proofs from protobuf, and their results to it."""

from __future__ import annotations

from clarion.v1 import proof_service_pb2 as pb

from clarion_server.application.campaigns.preview import PreviewCampaign
from clarion_server.application.campaigns.proofs import SendProof
from clarion_server.domain.campaigns.proof import MAX_ADDRESSES, ProofResult
from clarion_server.domain.names import CAMPAIGNS
from clarion_server.transport.api.convert.exclusions import to_exclusion
from clarion_server.transport.api.convert.messages import to_attempt
from clarion_server.transport.api.convert.request_parser import RequestParser


def to_command(request: pb.SendProofRequest) -> SendProof:
    """Raises InvalidFields when the campaign's name is malformed; the command carries other violations."""
    parser = RequestParser()
    preview = PreviewCampaign(
        campaign_id=CAMPAIGNS.parse(request.campaign, "campaign"),
        version=request.version,
        context=parser.values(request.context, "context"),
        profile=parser.values(request.profile, "profile"),
        locale=request.locale,
        action=request.action,
        rule=request.rule,
        audiences=tuple(request.audiences),
        violations=parser.violations,
    )
    return SendProof(preview, request.addresses[: MAX_ADDRESSES + 1])


def to_result(result: ProofResult) -> pb.ProofResult:
    return pb.ProofResult(
        address=result.address,
        rule=result.rule,
        attempt=None if result.attempt is None else to_attempt(result.attempt),
        exclusion=None if result.exclusion is None else to_exclusion(result.exclusion),
    )
