"""Records which attachments the drafts and the versions of campaigns name. A draft has the number 0."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from sqlalchemy import Connection, and_, delete, update

from clarion_server.adapters.storage.schema import attachments, campaign_attachments, campaigns
from clarion_server.adapters.storage.statements.bulk import insertion
from clarion_server.domain.campaigns.campaign import Campaign, CampaignVersion
from clarion_server.domain.instant import Instant

_NAME = insertion(campaign_attachments, tuple(campaign_attachments.columns))

#: Joins an attachment with a row of `campaign_attachments` and its campaign.
IS_NAMED = and_(attachments.c.sandbox == campaigns.c.sandbox, attachments.c.id == campaign_attachments.c.attachment_id)


def name_in_draft(connection: Connection, campaign: Campaign) -> None:
    """Replaces the attachments that the draft names. Those that it names no more were used until now."""
    _replace(connection, campaign, campaign.definition.attachment_ids, campaign.update_time)


def drop_from_draft(connection: Connection, campaign: Campaign, now: Instant) -> None:
    """Forgets what a draft names that is deleted now."""
    _replace(connection, campaign, frozenset(), now)


def _replace(connection: Connection, campaign: Campaign, ids: AbstractSet[str], now: Instant) -> None:
    of_draft = (campaign_attachments.c.campaign_key == campaign.key, campaign_attachments.c.number == 0)
    dropped = delete(campaign_attachments).where(*of_draft).returning(campaign_attachments.c.attachment_id)
    former = set(connection.execute(dropped).scalars())
    _NAME.change(connection, [(campaign.key, 0, each) for each in sorted(ids)])
    if unnamed := former - ids:
        of_ids = (attachments.c.sandbox == campaign.sandbox, attachments.c.id.in_(sorted(unnamed)))
        connection.execute(update(attachments).where(*of_ids).values(last_used_time=now))


def name_in_version(connection: Connection, version: CampaignVersion) -> None:
    ids = sorted(version.definition.attachment_ids)
    _NAME.change(connection, [(version.campaign_key, version.number, each) for each in ids])
