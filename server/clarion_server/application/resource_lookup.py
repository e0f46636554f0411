"""Finds resources by the names that callers use, or refuses the call."""

from __future__ import annotations

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.access import Visibility
from clarion_server.domain.attachment import Attachment
from clarion_server.domain.audience import Audience
from clarion_server.domain.campaign import Campaign, CampaignVersion
from clarion_server.domain.errors import ResourceNotFound
from clarion_server.domain.execution import Execution
from clarion_server.domain.message import Message
from clarion_server.domain.names import (
    ATTACHMENTS,
    AUDIENCES,
    CAMPAIGNS,
    EXECUTIONS,
    MESSAGES,
    PROFILES,
    SENDING_POLICIES,
)
from clarion_server.domain.profile import Profile
from clarion_server.domain.sending_policy import SendingPolicy


def find_campaign(unit: UnitOfWork, visibility: Visibility, campaign_id: str) -> Campaign:
    """Raises ResourceNotFound."""
    campaign = unit.campaigns.get(visibility, campaign_id)
    if campaign is None:
        raise ResourceNotFound(CAMPAIGNS.format(campaign_id))
    return campaign


def find_version(unit: UnitOfWork, campaign: Campaign, number: int) -> CampaignVersion:
    """Raises ResourceNotFound."""
    version = unit.campaigns.version(campaign.key, number)
    if version is None:
        raise ResourceNotFound(f"{campaign.name}/versions/{number}")
    return version


def find_execution(unit: UnitOfWork, visibility: Visibility, execution_id: str) -> Execution:
    """Raises ResourceNotFound."""
    execution = unit.executions.get(visibility, execution_id)
    if execution is None:
        raise ResourceNotFound(EXECUTIONS.format(execution_id))
    return execution


def find_message(unit: UnitOfWork, visibility: Visibility, message_id: str) -> Message:
    """Raises ResourceNotFound."""
    message = unit.messages.get(visibility, message_id)
    if message is None:
        raise ResourceNotFound(MESSAGES.format(message_id))
    return message


def find_profile(unit: UnitOfWork, visibility: Visibility, profile_id: str) -> Profile:
    """Raises ResourceNotFound."""
    profile = unit.profiles.get(visibility, profile_id)
    if profile is None:
        raise ResourceNotFound(PROFILES.format(profile_id))
    return profile


def find_sending_policy(unit: UnitOfWork, visibility: Visibility, policy_id: str) -> SendingPolicy:
    """Raises ResourceNotFound."""
    policy = unit.sending_policies.get(visibility, policy_id)
    if policy is None:
        raise ResourceNotFound(SENDING_POLICIES.format(policy_id))
    return policy


def find_audience(unit: UnitOfWork, visibility: Visibility, audience_id: str) -> Audience:
    """Raises ResourceNotFound."""
    audience = unit.audiences.get(visibility, audience_id)
    if audience is None:
        raise ResourceNotFound(AUDIENCES.format(audience_id))
    return audience


def find_attachment(unit: UnitOfWork, visibility: Visibility, attachment_id: str) -> Attachment:
    """Raises ResourceNotFound."""
    attachment = unit.attachments.get(visibility, attachment_id)
    if attachment is None:
        raise ResourceNotFound(ATTACHMENTS.format(attachment_id))
    return attachment
