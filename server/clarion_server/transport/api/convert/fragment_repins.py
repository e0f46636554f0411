"""Converts the roll-out of fragments from and to protobuf."""

from __future__ import annotations

from clarion.v1 import fragment_repin_pb2 as pb

from clarion_server.application.campaigns.repinning import RepinFragment, RollOut
from clarion_server.domain.campaigns.fragment_repin import MAX_CAMPAIGNS, FragmentRepin
from clarion_server.domain.names import CAMPAIGNS, FRAGMENTS
from clarion_server.transport.api.convert.campaigns import to_finding
from clarion_server.transport.api.convert.enums import REPIN_OUTCOME
from clarion_server.transport.api.convert.request_parser import RequestParser


def to_repin_command(request: pb.RepinFragmentRequest) -> RepinFragment:
    """The command carries the violations."""
    parser = RequestParser()
    # One more than are allowed tells that there are too many.
    named = enumerate(request.campaigns[: MAX_CAMPAIGNS + 1])
    return RepinFragment(
        parser.id(FRAGMENTS, request.fragment, "fragment"),
        tuple(parser.id(CAMPAIGNS, name, f"campaigns[{index}]") for index, name in named),
        request.to_version,
        request.validate_only,
        request.bypass_reason,
        parser.violations,
    )


def to_roll_out(roll_out: RollOut) -> pb.RepinFragmentResponse:
    return pb.RepinFragmentResponse(to_version=roll_out.to_version, repins=map(_to_repin, roll_out.repins))


def _to_repin(repin: FragmentRepin) -> pb.FragmentRepin:
    return pb.FragmentRepin(
        campaign=CAMPAIGNS.format(repin.campaign_id),
        outcome=REPIN_OUTCOME.number(repin.outcome),
        from_version=repin.from_version,
        campaign_version=repin.campaign_version,
        findings=map(to_finding, repin.findings),
        approval_policies=repin.policies,
    )
