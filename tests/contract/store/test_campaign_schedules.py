"""Tests which campaigns their schedules move, and when."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign_definition import Schedule

from tests.contract.store import samples
from tests.contract.store.given import a_campaign

SCHEDULED, LIVE, PAUSED = CampaignState.SCHEDULED, CampaignState.LIVE, CampaignState.PAUSED
AT_REST = [CampaignState.DRAFT, CampaignState.STOPPED, CampaignState.COMPLETED]


def due(work: UnitOfWork, now: int) -> set[str]:
    return {campaign.id for campaign in work.campaigns.due(now)}


def test_a_scheduled_campaign_is_due_at_its_start(work: UnitOfWork) -> None:
    scheduled = a_campaign(work, state=SCHEDULED, schedule=Schedule(100, 200))
    assert work.campaigns.due(99) == []
    assert work.campaigns.due(100) == [scheduled]
    assert work.campaigns.due(10**15) == [scheduled]


@pytest.mark.parametrize("state", [LIVE, PAUSED])
def test_a_campaign_that_runs_is_due_at_its_end(work: UnitOfWork, state: CampaignState) -> None:
    a_campaign(work, "c", state=state, schedule=Schedule(100, 200))
    assert due(work, 199) == set()
    assert due(work, 200) == {"c"}


def test_a_campaign_without_an_end_is_never_due(work: UnitOfWork) -> None:
    a_campaign(work, state=LIVE, schedule=Schedule(100, None))
    assert work.campaigns.due(samples.NOW * 2) == []
    assert work.campaigns.next_transition_time() is None


@pytest.mark.parametrize("state", AT_REST)
def test_a_campaign_at_rest_is_never_due(work: UnitOfWork, state: CampaignState) -> None:
    a_campaign(work, state=state, schedule=Schedule(100, 200))
    assert work.campaigns.due(10**15) == []
    assert work.campaigns.next_transition_time() is None


def test_every_due_campaign_of_every_sandbox_is_returned(work: UnitOfWork) -> None:
    a_campaign(work, "starts", state=SCHEDULED, schedule=Schedule(100, None))
    a_campaign(work, "ends", state=LIVE, schedule=Schedule(None, 50), sandbox="staging")
    a_campaign(work, "later", state=SCHEDULED, schedule=Schedule(101, None))
    assert due(work, 100) == {"starts", "ends"}


def test_the_next_transition_is_the_earliest_of_all(work: UnitOfWork) -> None:
    assert work.campaigns.next_transition_time() is None
    a_campaign(work, "ends", state=LIVE, schedule=Schedule(50, 300))
    assert work.campaigns.next_transition_time() == 300
    a_campaign(work, "starts", state=SCHEDULED, schedule=Schedule(100, 200), sandbox="staging")
    assert work.campaigns.next_transition_time() == 100


def test_a_campaign_that_moved_is_due_no_more(work: UnitOfWork) -> None:
    scheduled = a_campaign(work, state=SCHEDULED, schedule=Schedule(100, 200))
    work.campaigns.save(scheduled.at(100))
    assert work.campaigns.due(100) == []
    assert work.campaigns.next_transition_time() == 200


def test_a_schedule_that_changed_counts_from_then_on(work: UnitOfWork) -> None:
    scheduled = a_campaign(work, state=SCHEDULED, schedule=Schedule(100, None))
    work.campaigns.save(replace(scheduled, schedule=Schedule(500, None), revision=2))
    assert work.campaigns.due(499) == []
    assert work.campaigns.next_transition_time() == 500


def test_a_deleted_campaign_is_never_due(work: UnitOfWork) -> None:
    scheduled = a_campaign(work, state=SCHEDULED, schedule=Schedule(100, None))
    work.campaigns.delete(scheduled, samples.NOW)
    assert work.campaigns.due(100) == []
    assert work.campaigns.next_transition_time() is None
