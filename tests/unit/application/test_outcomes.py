"""Outcomes are recorded once, however late and however often they come."""

from __future__ import annotations

from clarion_server.application.sending.outcomes import record_outcomes
from clarion_server.application.sending.requeue import PendingRequeue
from clarion_server.domain.campaigns.campaign_definition import InDoubtPolicy
from clarion_server.domain.channels.retry import RetryPolicy
from clarion_server.domain.events.delivery import AttemptOutcome, decide_next, expire
from clarion_server.domain.events.event import EventType
from clarion_server.domain.instant import HOUR, SECOND
from clarion_server.domain.messages.attempt import Attempt, AttemptResult, Failure, FailureReason
from clarion_server.domain.messages.message import Message, MessageState

from tests.unit.application.running import Process, claimed, counts, events, messages, states
from tests.unit.application.world import World

FAILURE = Failure(FailureReason.THROTTLED, "451")


async def claim(world: World) -> Message:
    world.clock.advance(HOUR)
    (message,) = (await claimed(world)).messages
    return message


def outcome(message: Message, result: AttemptResult) -> AttemptOutcome:
    now = (message.attempts.last_time or 0) + SECOND
    failure = None if result is AttemptResult.SENT else FAILURE
    attempt = Attempt(message.attempts.count, now, now, result, failure)
    return decide_next(message, attempt, RetryPolicy(), InDoubtPolicy.RESEND, lambda: 0.5)


async def record(world: World, *outcomes: AttemptOutcome) -> None:
    await world.transactions.write(lambda unit: record_outcomes(unit, outcomes, "first"))


async def test_an_outcome_that_comes_again_later_does_not_count(world: World, process: Process) -> None:
    await process.trigger()
    first = outcome(await claim(world), AttemptResult.DEFERRED)
    await record(world, first)
    await record(world, first)
    second = outcome(await claim(world), AttemptResult.SENT)
    await record(world, first, second)
    await record(world, second, first)
    assert states(world) == [MessageState.SENT]
    assert [event.type for event in events(world)] == [EventType.DEFERRED, EventType.SENT]
    counted = counts(world, 1)
    assert (counted["TARGETED"], counted["SENT"], counted["RETRIES"]) == (1, 1, 1)


async def test_a_message_that_expired_before_its_attempt_has_none(world: World, process: Process) -> None:
    await process.trigger(expire_time=world.clock.now() + 2 * HOUR)
    message = await claim(world)
    await record(world, expire(message, world.clock.now()))
    (stored,) = messages(world).values()
    assert (stored.state, stored.attempts.count, stored.attempts.owner) == (MessageState.EXPIRED, 0, None)
    assert [event.type for event in events(world)] == [EventType.EXPIRED]
    await record(world, expire(message, world.clock.now()))
    assert counts(world, 1) == {"TARGETED": 1, "EXPIRED": 1}


async def test_an_end_before_an_attempt_that_is_recorded_late_leaves_a_newer_attempt_of_the_same_process_alone(
    world: World, process: Process
) -> None:
    await process.trigger(expire_time=world.clock.now() + 9 * HOUR)
    first = await claim(world)
    late = expire(first, world.clock.now())
    # The process lost its lease, and another one took over what was in its hands.
    await record(world, outcome(first, AttemptResult.DEFERRED))
    again = await claim(world)
    await record(world, late)
    assert messages(world) == {again.id: again}
    await record(world, outcome(again, AttemptResult.SENT))
    assert states(world) == [MessageState.SENT]


async def test_a_message_that_is_requeued_twice_stays_with_the_process_that_claimed_it_in_between(
    world: World, process: Process
) -> None:
    pending_requeue = PendingRequeue()
    await process.trigger()
    message = await claim(world)
    pending_requeue.add(message.id, message.attempts.last_time)
    await world.transactions.write(lambda unit: pending_requeue.requeue(unit, "first"))
    assert states(world) == [MessageState.QUEUED]
    again = await claim(world)
    await world.transactions.write(lambda unit: pending_requeue.requeue(unit, "first"))
    assert messages(world) == {again.id: again}
