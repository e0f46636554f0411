"""Tests the life of a campaign: every transition from every state, and what the schedule does by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from clarion_server.domain.campaign_states import ALLOWED_FROM, CampaignState, Transition
from clarion_server.domain.campaigns.campaign import Campaign, CampaignVersion, QueueDisposal
from clarion_server.domain.campaigns.campaign_definition import Action, CampaignDefinition, Schedule
from clarion_server.domain.category import Category
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.errors import EtagMismatch, IllegalTransition
from hypothesis import assume, given
from hypothesis import strategies as st

DRAFT, SCHEDULED, LIVE = CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.LIVE
PAUSED, STOPPED, COMPLETED = CampaignState.PAUSED, CampaignState.STOPPED, CampaignState.COMPLETED
ARCHIVED = CampaignState.ARCHIVED
NOW = 1_000
CALLER = "apiKeys/2"

DEFINITION = CampaignDefinition(
    "Order confirmed", Category.TRANSACTIONAL, (Action("email", "mail", EmailContent("Thank you")),)
)
OTHER = replace(DEFINITION, display_name="Order shipped")


def campaign(state: CampaignState = DRAFT, schedule: Schedule = Schedule()) -> Campaign:  # noqa: B008 - frozen
    return Campaign(
        sandbox="default",
        id="order-confirmed",
        definition=DEFINITION,
        create_time=1,
        creator="apiKeys/1",
        update_time=2,
        updater="apiKeys/1",
        key=7,
        revision=3,
        state=state,
        schedule=schedule,
    )


def version(number: int = 1, definition: CampaignDefinition = DEFINITION) -> CampaignVersion:
    return CampaignVersion(7, number, definition, NOW, CALLER)


Act = Callable[[Campaign], Campaign]
ACTS: dict[Transition, Act] = {
    Transition.UPDATE: lambda before: before.updated(OTHER, DEFINITION, CALLER, NOW),
    Transition.ACTIVATE: lambda before: before.activated(version(), CALLER, NOW),
    Transition.PAUSE: lambda before: before.paused(CALLER, NOW),
    Transition.RESUME: lambda before: before.resumed(CALLER, NOW),
    Transition.STOP: lambda before: before.stopped(QueueDisposal.DRAIN, CALLER, NOW),
    Transition.ARCHIVE: lambda before: before.archived(CALLER, NOW),
    Transition.UNARCHIVE: lambda before: before.unarchived(CALLER, NOW),
}

#: From each state (line by line) by each transition: the state after it, or nothing where it may not be made.
TABLE: dict[CampaignState, dict[Transition, CampaignState]] = {
    DRAFT: {Transition.UPDATE: DRAFT, Transition.ACTIVATE: LIVE, Transition.ARCHIVE: ARCHIVED},
    SCHEDULED: {Transition.UPDATE: SCHEDULED, Transition.ACTIVATE: LIVE, Transition.STOP: STOPPED},
    LIVE: {
        Transition.UPDATE: LIVE,
        # Another version replaces the live one at once.
        Transition.ACTIVATE: LIVE,
        Transition.PAUSE: PAUSED,
        Transition.STOP: STOPPED,
    },
    PAUSED: {
        Transition.UPDATE: PAUSED,
        # Only Resume lets a paused campaign send again.
        Transition.ACTIVATE: PAUSED,
        Transition.RESUME: LIVE,
        Transition.STOP: STOPPED,
    },
    STOPPED: {Transition.ARCHIVE: ARCHIVED},
    COMPLETED: {Transition.ARCHIVE: ARCHIVED},
    # The campaign of this table was never activated.
    ARCHIVED: {Transition.UNARCHIVE: DRAFT},
}
LEGAL = [(state, transition, after) for state, row in TABLE.items() for transition, after in row.items()]
ILLEGAL = [(state, transition) for state in CampaignState for transition in ACTS if transition not in TABLE[state]]


@pytest.mark.parametrize(("state", "transition", "after"), LEGAL)
def test_a_legal_transition_leads_to_its_state(
    state: CampaignState, transition: Transition, after: CampaignState
) -> None:
    before = campaign(state)
    changed = ACTS[transition](before)
    assert changed.state is after
    assert changed.revision == before.revision + 1
    assert (changed.update_time, changed.updater) == (NOW, CALLER)
    assert (changed.key, changed.id, changed.sandbox) == (before.key, before.id, before.sandbox)
    assert (changed.create_time, changed.creator) == (before.create_time, before.creator)
    assert before == campaign(state)


@pytest.mark.parametrize(("start", "state"), [(NOW - 1, LIVE), (NOW, LIVE), (NOW + 1, SCHEDULED)])
def test_a_campaign_is_resumed_as_scheduled_when_its_live_version_starts_later(
    start: int, state: CampaignState
) -> None:
    resumed = campaign(PAUSED, Schedule(start)).resumed(CALLER, NOW)
    assert resumed.state is state
    assert resumed.at(max(NOW, start)).state is LIVE


@pytest.mark.parametrize(("state", "transition"), ILLEGAL)
def test_an_illegal_transition_tells_the_state_and_the_allowed_ones(
    state: CampaignState, transition: Transition
) -> None:
    with pytest.raises(IllegalTransition) as refused:
        ACTS[transition](campaign(state))
    assert refused.value.state == state.value
    assert refused.value.transition == transition.value
    assert refused.value.allowed_states == tuple(each.value for each in TABLE if transition in TABLE[each])


@pytest.mark.parametrize("state", CampaignState)
def test_only_a_campaign_that_was_never_activated_can_be_deleted(state: CampaignState) -> None:
    if state is DRAFT:
        campaign(state).check_may(Transition.DELETE)
    else:
        with pytest.raises(IllegalTransition, match="Cannot delete campaigns/order-confirmed"):
            campaign(state).check_may(Transition.DELETE)


@pytest.mark.parametrize("state", [STOPPED, COMPLETED])
def test_only_the_archive_leads_out_of_an_ended_campaign(state: CampaignState) -> None:
    ended = campaign(state, Schedule(1, 2))
    assert [transition for transition, allowed in ALLOWED_FROM.items() if state in allowed] == [Transition.ARCHIVE]
    assert ended.at(NOW) is ended
    assert ended.next_transition_time() is None


def test_an_archived_campaign_returns_to_the_state_that_it_came_from() -> None:
    activated = campaign(LIVE).activated(version(), CALLER, NOW)
    stopped = activated.stopped(QueueDisposal.CANCEL, CALLER, NOW)
    assert stopped.archived(CALLER, NOW).unarchived(CALLER, NOW).state is STOPPED
    completed = replace(activated, schedule=Schedule(None, NOW)).at(NOW)
    assert completed.archived(CALLER, NOW).unarchived(CALLER, NOW).state is COMPLETED
    assert campaign().archived(CALLER, NOW).unarchived(CALLER, NOW).state is DRAFT


def test_an_archived_campaign_stays_archived_whatever_its_schedule_says() -> None:
    archived = replace(campaign(ARCHIVED), schedule=Schedule(None, NOW))
    assert archived.at(NOW) is archived
    assert archived.next_transition_time() is None


@pytest.mark.parametrize("state", CampaignState)
def test_tags_may_change_in_every_state(state: CampaignState) -> None:
    changed = campaign(state).updated(DEFINITION, None, CALLER, NOW, tags=("new",))
    assert (changed.tags, changed.state, changed.definition) == (("new",), state, DEFINITION)


def test_a_new_draft_is_pending_until_it_equals_the_live_version() -> None:
    live = replace(campaign(LIVE), draft_pending=False)
    edited = live.updated(OTHER, DEFINITION, CALLER, NOW)
    assert (edited.definition, edited.draft_pending) == (OTHER, True)
    assert edited.updated(DEFINITION, DEFINITION, CALLER, NOW).draft_pending is False


def test_a_draft_that_was_never_activated_is_pending() -> None:
    assert campaign().updated(OTHER, None, CALLER, NOW).draft_pending is True


def test_an_activation_makes_its_version_the_live_one() -> None:
    schedule = Schedule(None, NOW + 50)
    live = campaign().activated(version(1, replace(DEFINITION, schedule=schedule)), CALLER, NOW)
    assert (live.live_version, live.last_version, live.schedule) == (1, 1, schedule)
    assert (live.activate_time, live.activator) == (NOW, CALLER)
    assert live.draft_pending is True
    assert live.activated(version(2), CALLER, NOW).draft_pending is False


def test_an_earlier_version_can_be_made_live_again_without_being_the_last() -> None:
    second = campaign().activated(version(1), CALLER, NOW).activated(version(2, OTHER), CALLER, NOW)
    first_again = second.activated(version(1), CALLER, NOW)
    assert (first_again.live_version, first_again.last_version) == (1, 2)


@pytest.mark.parametrize(
    ("state", "start", "after"),
    [
        (DRAFT, None, LIVE),
        (DRAFT, NOW - 1, LIVE),
        # It begins now: nothing to wait for.
        (DRAFT, NOW, LIVE),
        (DRAFT, NOW + 1, SCHEDULED),
        (SCHEDULED, NOW + 1, SCHEDULED),
        (SCHEDULED, None, LIVE),
        # The new version's start puts a live campaign back to waiting.
        (LIVE, NOW + 1, SCHEDULED),
        (PAUSED, NOW + 1, PAUSED),
    ],
)
def test_an_activation_waits_for_the_start_that_lies_ahead(
    state: CampaignState, start: int | None, after: CampaignState
) -> None:
    activated = campaign(state).activated(version(1, replace(DEFINITION, schedule=Schedule(start))), CALLER, NOW)
    assert activated.state is after


@pytest.mark.parametrize("disposal", QueueDisposal)
def test_a_stop_keeps_what_happens_to_the_queue(disposal: QueueDisposal) -> None:
    assert campaign(LIVE).stopped(disposal, CALLER, NOW).queue_disposal is disposal


@pytest.mark.parametrize(
    ("state", "start", "end", "after"),
    [
        (SCHEDULED, NOW, None, LIVE),
        (SCHEDULED, NOW + 1, None, SCHEDULED),
        (SCHEDULED, None, None, LIVE),
        # Nobody looked between its start and its end: it never went live.
        (SCHEDULED, NOW - 2, NOW - 1, COMPLETED),
        (LIVE, NOW - 1, None, LIVE),
        (LIVE, None, NOW + 1, LIVE),
        (LIVE, None, NOW, COMPLETED),
        (PAUSED, None, NOW, COMPLETED),
        (PAUSED, None, NOW + 1, PAUSED),
        # A schedule moves nothing that was never activated, or has ended.
        (DRAFT, NOW - 2, NOW - 1, DRAFT),
        (STOPPED, NOW - 2, NOW - 1, STOPPED),
        (COMPLETED, NOW - 2, NOW - 1, COMPLETED),
    ],
)
def test_the_schedule_moves_a_campaign_at_its_times(
    state: CampaignState, start: int | None, end: int | None, after: CampaignState
) -> None:
    before = campaign(state, Schedule(start, end))
    moved = before.at(NOW)
    assert moved.state is after
    assert moved.revision == before.revision + (after is not state)
    # The schedule is no caller, so the last updater and the update time stay.
    assert (moved.update_time, moved.updater) == (before.update_time, before.updater)


@given(
    state=st.sampled_from(CampaignState),
    start=st.integers(0, 100),
    length=st.none() | st.integers(1, 100),
    now=st.integers(0, 250),
)
def test_the_next_transition_is_computed_to_the_microsecond(
    state: CampaignState, start: int, length: int | None, now: int
) -> None:
    before = campaign(state, Schedule(start, None if length is None else start + length))
    time = before.next_transition_time()
    if time is None or now < time:
        assert before.at(now) is before
    else:
        assert before.at(now) != before


@given(start=st.integers(0, 100), length=st.integers(1, 100), looks=st.lists(st.integers(0, 250)))
def test_it_does_not_matter_how_often_the_schedule_is_looked_at(start: int, length: int, looks: list[int]) -> None:
    assume(looks)
    scheduled = campaign(SCHEDULED, Schedule(start, start + length))
    walked = scheduled
    for now in sorted(looks):
        walked = walked.at(now)
    assert walked.state is scheduled.at(max(looks)).state


def test_an_etag_fits_one_revision_of_one_campaign() -> None:
    before = campaign()
    before.check_etag(before.etag)
    before.check_etag("")
    for other in (replace(before, revision=4), replace(before, key=8)):
        with pytest.raises(EtagMismatch, match="changed since it was read"):
            other.check_etag(before.etag)
