"""Tests what a process knows about the messages that wait, and when it claims."""

from __future__ import annotations

import asyncio

import pytest
from clarion_server.application.sending.claim_schedule import ClaimSchedule
from clarion_server.domain.instant import HOUR, MILLISECOND, SECOND
from clarion_server.domain.messages.message import Lane

from tests.unit.application.running import DEADLINE_S
from tests.unit.application.world import StandingClock

RAPID, TRANSACTIONAL, MARKETING = Lane.RAPID, Lane.TRANSACTIONAL, Lane.MARKETING
NOW = 100 * HOUR


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock(NOW)


@pytest.fixture
def schedule(clock: StandingClock) -> ClaimSchedule:
    return ClaimSchedule(clock)


async def test_what_is_due_can_be_claimed_lower_lanes_first(schedule: ClaimSchedule) -> None:
    schedule.add(1, MARKETING, NOW - HOUR)
    schedule.add(2, TRANSACTIONAL, NOW)
    schedule.add(3, RAPID, NOW + 1)
    schedule.add(1, RAPID, NOW)
    assert schedule.claimable() == [(1, RAPID), (2, TRANSACTIONAL), (1, MARKETING)]


async def test_channel_configurations_take_turns_within_a_lane(schedule: ClaimSchedule) -> None:
    for key in (1, 2, 3):
        schedule.add(key, MARKETING, NOW)
    schedule.remove(1, MARKETING)
    schedule.add(1, MARKETING, NOW)
    assert schedule.claimable() == [(2, MARKETING), (3, MARKETING), (1, MARKETING)]


async def test_the_earliest_of_several_due_times_counts(schedule: ClaimSchedule, clock: StandingClock) -> None:
    for due_time in (NOW + HOUR, NOW + SECOND, NOW + 2 * HOUR):
        schedule.add(1, RAPID, due_time)
    assert not schedule.claimable()
    clock.advance(SECOND)
    assert schedule.claimable() == [(1, RAPID)]


async def test_what_is_expected_holds_back_newer_messages_and_cannot_be_claimed_yet(schedule: ClaimSchedule) -> None:
    schedule.expect(1, TRANSACTIONAL)
    assert schedule.due_lanes(1) == [TRANSACTIONAL]
    assert not schedule.claimable()
    schedule.add(1, TRANSACTIONAL, NOW)
    assert schedule.claimable() == [(1, TRANSACTIONAL)]


async def test_what_is_expected_though_older_messages_can_be_claimed_does_not_hide_them(
    schedule: ClaimSchedule,
) -> None:
    schedule.add(1, TRANSACTIONAL, NOW - HOUR)
    schedule.expect(1, TRANSACTIONAL)
    assert schedule.claimable() == [(1, TRANSACTIONAL)]


async def test_what_is_expected_before_a_retry_that_is_due_later_holds_back_newer_messages(
    schedule: ClaimSchedule,
) -> None:
    schedule.add(1, TRANSACTIONAL, NOW + HOUR)
    schedule.expect(1, TRANSACTIONAL)
    assert schedule.due_lanes(1) == [TRANSACTIONAL]


async def test_newer_messages_go_behind_those_that_wait_in_their_lane_or_a_lower_one(schedule: ClaimSchedule) -> None:
    schedule.add(1, TRANSACTIONAL, NOW)
    schedule.add(1, RAPID, NOW + 1)
    assert [schedule.is_behind(1, lane) for lane in (RAPID, TRANSACTIONAL, MARKETING)] == [False, True, True]
    assert not schedule.is_behind(2, MARKETING)


async def test_what_is_due_later_holds_nothing_back(schedule: ClaimSchedule) -> None:
    schedule.add(1, TRANSACTIONAL, NOW + 1)
    assert schedule.due_lanes(1) == []
    assert schedule.due_lanes(2) == []
    assert not schedule.is_behind(1, TRANSACTIONAL)


async def test_a_look_at_the_store_replaces_what_was_known(schedule: ClaimSchedule, clock: StandingClock) -> None:
    schedule.add(1, RAPID, NOW)
    schedule.expect(2, RAPID)
    clock.advance(HOUR)
    schedule.replace({(3, MARKETING): NOW}, clock.now())
    assert schedule.claimable() == [(3, MARKETING)]
    assert schedule.due_lanes(2) == []


async def test_a_look_keeps_what_was_noted_too_shortly_before_it_to_be_committed(
    schedule: ClaimSchedule, clock: StandingClock
) -> None:
    schedule.expect(1, RAPID)
    looked_time = clock.now()
    schedule.add(2, RAPID, NOW)
    clock.advance(HOUR)
    schedule.replace({}, looked_time)
    assert schedule.due_lanes(1) == schedule.due_lanes(2) == [RAPID]


async def test_a_look_keeps_what_was_noted_again_shortly_before_it(
    schedule: ClaimSchedule, clock: StandingClock
) -> None:
    for key in (1, 2, 3):
        schedule.add(key, RAPID, NOW)
    clock.advance(HOUR)
    schedule.expect(1, RAPID)
    schedule.add(2, RAPID, clock.now())
    schedule.replace({}, clock.now())
    assert schedule.claimable() == [(1, RAPID), (2, RAPID)]


async def test_waiting_ends_when_something_is_added(schedule: ClaimSchedule) -> None:
    waiting = asyncio.create_task(schedule.wait(2 * DEADLINE_S))
    await asyncio.sleep(0)
    schedule.add(1, RAPID, NOW + HOUR)
    await asyncio.wait_for(waiting, DEADLINE_S)


async def test_waiting_ends_when_the_next_message_is_due(schedule: ClaimSchedule) -> None:
    schedule.add(1, RAPID, NOW + HOUR)
    schedule.add(2, RAPID, NOW + MILLISECOND)
    await schedule.wait(2 * DEADLINE_S)
    await asyncio.wait_for(schedule.wait(2 * DEADLINE_S), DEADLINE_S)


async def test_a_wake_before_the_wait_is_not_lost(schedule: ClaimSchedule) -> None:
    schedule.wake()
    await asyncio.wait_for(schedule.wait(2 * DEADLINE_S), DEADLINE_S)
