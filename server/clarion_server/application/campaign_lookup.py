"""Finds campaigns and versions, or refuses the call."""

from __future__ import annotations

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.campaign import Campaign, CampaignVersion
from clarion_server.domain.errors import ResourceNotFound
from clarion_server.domain.names import CAMPAIGNS


def find_campaign(unit: UnitOfWork, sandbox: str, campaign_id: str) -> Campaign:
    """Raises ResourceNotFound."""
    campaign = unit.campaigns.get(sandbox, campaign_id)
    if campaign is None:
        raise ResourceNotFound(CAMPAIGNS.format(campaign_id))
    return campaign


def find_version(unit: UnitOfWork, campaign: Campaign, number: int) -> CampaignVersion:
    """Raises ResourceNotFound."""
    version = unit.campaigns.version(campaign.key, number)
    if version is None:
        raise ResourceNotFound(f"{campaign.name}/versions/{number}")
    return version
