"""Roll-outs of fragments from the wire."""

from __future__ import annotations

from clarion.v1.fragment_repin_pb2 import RepinFragmentRequest
from clarion_server.domain.campaigns.fragment_repin import MAX_CAMPAIGNS, repin_violations
from clarion_server.transport.api.convert.fragment_repins import to_repin_command


def test_of_too_many_campaigns_no_more_are_read_than_show_it() -> None:
    names = [f"campaigns/c{number}" for number in range(1_000)]
    command = to_repin_command(RepinFragmentRequest(fragment="fragments/footer", campaigns=names))
    assert len(command.campaign_ids) == MAX_CAMPAIGNS + 1
    assert [each.reason for each in repin_violations(command.campaign_ids, 0)] == ["TOO_MANY"]
