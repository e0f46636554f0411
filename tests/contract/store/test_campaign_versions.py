"""Tests the versions of a campaign, and who uses a channel configuration."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.campaign_states import CampaignState

from tests.contract.store import samples
from tests.contract.store.given import a_campaign, a_channel, a_sender


def test_a_version_comes_back_as_it_was_added(work: UnitOfWork) -> None:
    draft, channel = a_campaign(work), a_channel(work)
    version = samples.version(draft.key, 1, display_name="As it was")
    work.campaigns.add_version(version, [channel.key])
    assert work.campaigns.version(draft.key, 1) == version
    assert work.campaigns.version(draft.key, 2) is None
    assert work.campaigns.version(draft.key + 1, 1) is None


def test_versions_are_listed_newest_first_and_in_pages(work: UnitOfWork) -> None:
    draft, other, channel = a_campaign(work), a_campaign(work, "other"), a_channel(work)
    for number in range(1, 12):
        work.campaigns.add_version(samples.version(draft.key, number), [channel.key])
    work.campaigns.add_version(samples.version(other.key, 1), [channel.key])
    first = work.campaigns.versions(draft.key, None, 8)
    assert [version.number for version in first] == [11, 10, 9, 8, 7, 6, 5, 4]
    assert [version.number for version in work.campaigns.versions(draft.key, 4, 8)] == [3, 2, 1]
    assert work.campaigns.versions(draft.key, 1, 8) == []


def test_a_version_survives_changes_of_its_campaign(work: UnitOfWork) -> None:
    sender = a_sender(work)
    before = work.campaigns.version(sender.campaign.key, 1)
    work.campaigns.save(replace(sender.campaign, definition=samples.definition(display_name="New"), revision=3))
    assert work.campaigns.version(sender.campaign.key, 1) == before


@pytest.mark.parametrize("state", [CampaignState.SCHEDULED, CampaignState.LIVE, CampaignState.PAUSED])
def test_a_campaign_that_may_send_uses_the_channel_of_its_live_version(work: UnitOfWork, state: CampaignState) -> None:
    sender = a_sender(work)
    policy = replace(sender.campaign, state=state, revision=3)
    work.campaigns.save(policy)
    assert work.campaigns.first_using(sender.channel.key) == policy


@pytest.mark.parametrize("state", [CampaignState.DRAFT, CampaignState.STOPPED, CampaignState.COMPLETED])
def test_a_campaign_that_cannot_send_uses_no_channel(work: UnitOfWork, state: CampaignState) -> None:
    sender = a_sender(work)
    work.campaigns.save(replace(sender.campaign, state=state, revision=3))
    assert work.campaigns.first_using(sender.channel.key) is None


def test_only_the_live_version_counts_as_use(work: UnitOfWork) -> None:
    sender = a_sender(work)
    successor = a_channel(work, "successor")
    work.campaigns.add_version(samples.version(sender.campaign.key, 2), [successor.key])
    assert work.campaigns.first_using(successor.key) is None
    moved = replace(sender.campaign, live_version=2, last_version=2, revision=3)
    work.campaigns.save(moved)
    assert work.campaigns.first_using(successor.key) == moved
    assert work.campaigns.first_using(sender.channel.key) is None
