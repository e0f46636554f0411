"""Records which fragments the drafts of campaigns name, and which their versions keep to. A draft has the number 0."""

from __future__ import annotations

from sqlalchemy import Connection, delete

from clarion_server.adapters.storage.schema import campaign_fragments
from clarion_server.adapters.storage.statements.bulk import insertion
from clarion_server.domain.campaigns.campaign import Campaign, CampaignVersion
from clarion_server.domain.fragments.fragment_reference import read_reference

_NAME = insertion(campaign_fragments, tuple(campaign_fragments.columns))


def name_fragments_in_draft(connection: Connection, campaign: Campaign) -> None:
    """Replaces the fragments that the draft names."""
    drop_fragments_of_draft(connection, campaign.key)
    references = sorted(campaign.definition.fragment_references)
    _NAME.change(connection, [(campaign.key, 0, each.fragment_id, each.version) for each in references])


def drop_fragments_of_draft(connection: Connection, campaign_key: int) -> None:
    of_draft = (campaign_fragments.c.campaign_key == campaign_key, campaign_fragments.c.number == 0)
    connection.execute(delete(campaign_fragments).where(*of_draft))


def pin_fragments(connection: Connection, version: CampaignVersion) -> None:
    """Records the versions of fragments that a version of a campaign keeps to."""
    read = ((read_reference(name), number) for name, number in version.fragments.items())
    pinned = sorted({(each.fragment_id, number) for each, number in read if each is not None})
    _NAME.change(connection, [(version.campaign_key, version.number, *pin) for pin in pinned])
