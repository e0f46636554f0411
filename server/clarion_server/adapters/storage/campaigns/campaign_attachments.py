"""Records which attachments the drafts and the versions of campaigns name. A draft has the number 0."""

from __future__ import annotations

from sqlalchemy import Connection, and_, delete

from clarion_server.adapters.storage.schema import attachments, campaign_attachments, campaigns
from clarion_server.adapters.storage.statements.bulk import insertion
from clarion_server.domain.campaigns.campaign import Campaign, CampaignVersion

_NAME = insertion(campaign_attachments, tuple(campaign_attachments.columns))

#: Joins an attachment with a row of `campaign_attachments` and its campaign.
IS_NAMED = and_(attachments.c.sandbox == campaigns.c.sandbox, attachments.c.id == campaign_attachments.c.attachment_id)


def name_in_draft(connection: Connection, campaign: Campaign) -> None:
    """Replaces the attachments that the draft names."""
    drop_from_draft(connection, campaign.key)
    ids = sorted(campaign.definition.attachment_ids)
    _NAME.change(connection, [(campaign.key, 0, each) for each in ids])


def drop_from_draft(connection: Connection, campaign_key: int) -> None:
    of_draft = (campaign_attachments.c.campaign_key == campaign_key, campaign_attachments.c.number == 0)
    connection.execute(delete(campaign_attachments).where(*of_draft))


def name_in_version(connection: Connection, version: CampaignVersion) -> None:
    ids = sorted(version.definition.attachment_ids)
    _NAME.change(connection, [(version.campaign_key, version.number, each) for each in ids])
