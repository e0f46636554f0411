"""Converts the health of campaigns to protobuf."""

from __future__ import annotations

from collections.abc import Iterable

from clarion.v1 import campaign_health_pb2 as pb
from clarion.v1 import campaign_pb2

from clarion_server.application.campaigns.health import Health
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.events.campaign_health import HealthProblem
from clarion_server.transport.api.convert.campaigns import to_campaign
from clarion_server.transport.api.convert.enums import HEALTH_CODE


def to_campaign_with_health(campaign: Campaign, health: Health) -> campaign_pb2.Campaign:
    message = to_campaign(campaign)
    if campaign.key in health:
        message.health.CopyFrom(_to_health(health[campaign.key]))
    return message


def _to_health(problems: Iterable[HealthProblem]) -> pb.CampaignHealth:
    return pb.CampaignHealth(
        problems=[
            pb.HealthProblem(
                code=HEALTH_CODE.number(each.code),
                channel_configuration=each.channel_configuration,
                message=each.message,
                action=each.action,
                rule=each.rule,
            )
            for each in problems
        ]
    )
