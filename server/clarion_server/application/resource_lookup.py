"""Finds resources by the names that callers use, or refuses the call."""

from __future__ import annotations

from typing import TypeVar

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.attachments.attachment import Attachment
from clarion_server.domain.audiences.audience import Audience
from clarion_server.domain.campaigns.campaign import Campaign, CampaignVersion
from clarion_server.domain.errors import ResourceNotFound
from clarion_server.domain.messages.message import Message
from clarion_server.domain.names import (
    ATTACHMENTS,
    AUDIENCES,
    CAMPAIGNS,
    EXECUTIONS,
    MESSAGES,
    PROFILES,
)
from clarion_server.domain.people.profile import Profile
from clarion_server.domain.triggering.execution import Execution

R = TypeVar("R")


def found(resource: R | None, name: str) -> R:
    """Returns the resource. Raises ResourceNotFound where there is none."""
    if resource is None:
        raise ResourceNotFound(name)
    return resource


def find_campaign(unit: UnitOfWork, visibility: Visibility, campaign_id: str) -> Campaign:
    """Raises ResourceNotFound."""
    return found(unit.campaigns.get(visibility, campaign_id), CAMPAIGNS.format(campaign_id))


def find_version(unit: UnitOfWork, campaign: Campaign, number: int) -> CampaignVersion:
    """Raises ResourceNotFound."""
    return found(unit.campaigns.version(campaign.key, number), f"{campaign.name}/versions/{number}")


def find_execution(unit: UnitOfWork, visibility: Visibility, execution_id: str) -> Execution:
    """Raises ResourceNotFound."""
    return found(unit.executions.get(visibility, execution_id), EXECUTIONS.format(execution_id))


def find_message(unit: UnitOfWork, visibility: Visibility, message_id: str) -> Message:
    """Raises ResourceNotFound."""
    return found(unit.messages.get(visibility, message_id), MESSAGES.format(message_id))


def find_profile(unit: UnitOfWork, visibility: Visibility, profile_id: str) -> Profile:
    """Raises ResourceNotFound."""
    return found(unit.profiles.get(visibility, profile_id), PROFILES.format(profile_id))


def find_audience(unit: UnitOfWork, visibility: Visibility, audience_id: str) -> Audience:
    """Raises ResourceNotFound."""
    return found(unit.audiences.get(visibility, audience_id), AUDIENCES.format(audience_id))


def find_attachment(unit: UnitOfWork, visibility: Visibility, attachment_id: str) -> Attachment:
    """Raises ResourceNotFound."""
    return found(unit.attachments.get(visibility, attachment_id), ATTACHMENTS.format(attachment_id))
