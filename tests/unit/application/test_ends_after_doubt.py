"""What an earlier attempt may have sent ends in doubt, whatever ends it: other outcomes say that it was not sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from clarion_server.application.sending.dispatch import ClaimedMessage
from clarion_server.application.sending.outcomes import record_outcomes
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.events.delivery import AttemptOutcome, exclude, expire
from clarion_server.domain.events.event import EventType
from clarion_server.domain.instant import DAY, HOUR, MINUTE
from clarion_server.domain.messages.attempt import Attempt, AttemptResult, FailureReason
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.messages.message import Message, MessageState
from clarion_server.domain.triggering.execution import CancelOutcome

from tests.fakes import LATER, NEVER, UNKNOWN, End, ScriptedChannel
from tests.unit.application.erasing import erase, erased_events, stored, sweep
from tests.unit.application.running import CALLER, Process, claimed, counts, events, messages, recipient, states
from tests.unit.application.suppressing import suppress
from tests.unit.application.working import only
from tests.unit.application.world import AUTHOR, START, World

Way = Callable[[Process], Awaitable[object]]
EXPIRE_TIME = START + 2 * HOUR
IN_DOUBT = MessageState.IN_DOUBT


async def claimed_one(process: Process) -> Message:
    (message,) = (await claimed(process.world)).messages
    return message


async def record(process: Process, outcome: AttemptOutcome) -> None:
    await process.transactions.write(lambda unit: record_outcomes(unit, [outcome], "first"))


async def attempt(process: Process, end: End) -> None:
    """Claims the messages that are due, and records that the attempt of the first one ended so."""
    message = ClaimedMessage((await claimed(process.world, limit=1)).messages[0])
    (channel,) = process.world.see(lambda unit: unit.channels.by_keys({1}))
    outcome = await process.ports.attempts.attempt(message, ScriptedChannel(lambda _: end), channel)
    assert outcome is not None
    await record(process, outcome)


async def leave_in_doubt(process: Process) -> None:
    """Triggers a message to Jane, whose first attempt nobody knows the end of, and whose next one is due."""
    await process.trigger(expire_time=EXPIRE_TIME)
    await attempt(process, UNKNOWN)
    process.world.clock.advance(MINUTE)


async def cancel_the_message(process: Process) -> None:
    await process.cancelling.cancel_message(only(process.world).id, CALLER)


async def cancel_the_execution(process: Process) -> None:
    await process.cancelling.cancel_execution(only(process.world).execution_id, CALLER)


async def stop_the_campaign(process: Process) -> None:
    await process.world.life_cycle.stop("order-confirmed", QueueDisposal.CANCEL, "", AUTHOR)
    assert not (await claimed(process.world)).messages


async def erase_the_person(process: Process) -> None:
    await erase(process.world, await stored(process.world, "email:jane@example.com"))


async def let_it_expire(process: Process) -> None:
    process.world.clock.time = EXPIRE_TIME
    assert not (await claimed(process.world)).messages


async def let_it_expire_in_hand(process: Process) -> None:
    message = await claimed_one(process)
    await record(process, expire(message, EXPIRE_TIME))


async def suppress_the_address(process: Process) -> None:
    await suppress(process.world)
    assert not (await claimed(process.world)).messages


async def suppress_the_address_in_hand(process: Process) -> None:
    found = Exclusion(ExclusionReason.SUPPRESSED, ExclusionPhase.HAND_OFF)
    await record(process, exclude(await claimed_one(process), found, process.world.clock.now()))


#: Whatever ends a message that waits for its next attempt.
WAYS = [
    cancel_the_message,
    cancel_the_execution,
    stop_the_campaign,
    erase_the_person,
    let_it_expire,
    let_it_expire_in_hand,
    suppress_the_address,
    suppress_the_address_in_hand,
]


@pytest.mark.parametrize("end", WAYS)
async def test_what_may_have_been_sent_ends_in_doubt(process: Process, end: Way) -> None:
    await leave_in_doubt(process)
    await end(process)
    message = only(process.world)
    assert (message.state, message.attempts.count, message.end.exclusion) == (IN_DOUBT, 1, None)
    assert message.end.failure is not None
    assert message.end.failure.reason is FailureReason.HAND_OFF_UNKNOWN
    of_message = [event for event in events(process.world) if event.message_id == message.id]
    assert [event.type for event in of_message] == [EventType.DEFERRED, EventType.IN_DOUBT]
    assert of_message[-1].detail is None
    assert counts(process.world, 1) == {"TARGETED": 1, "IN_DOUBT": 1}


async def test_what_may_have_been_sent_is_in_doubt_also_when_later_attempts_were_put_off(process: Process) -> None:
    await leave_in_doubt(process)
    await attempt(process, LATER)
    await let_it_expire(process)
    assert states(process.world) == [IN_DOUBT]


@pytest.mark.parametrize("end", WAYS)
async def test_what_was_only_put_off_does_not(process: Process, end: Way) -> None:
    await process.trigger(expire_time=EXPIRE_TIME)
    await attempt(process, LATER)
    process.world.clock.advance(MINUTE)
    await end(process)
    assert only(process.world).state in {MessageState.CANCELLED, MessageState.EXPIRED, MessageState.EXCLUDED}


async def test_it_is_too_late_to_cancel_what_may_have_been_sent(process: Process) -> None:
    await leave_in_doubt(process)
    execution_id = only(process.world).execution_id
    cancellation = await process.cancelling.cancel_execution(execution_id, CALLER)
    assert (cancellation.outcome, cancellation.too_late_count) == (CancelOutcome.TOO_LATE, 1)


async def test_an_execution_is_cancelled_in_part_when_one_of_its_messages_may_have_been_sent(process: Process) -> None:
    await process.trigger(recipient(), recipient("email:ann@example.com"))
    await attempt(process, UNKNOWN)
    (first, _) = sorted(messages(process.world).values(), key=lambda message: message.id)
    cancellation = await process.cancelling.cancel_execution(first.execution_id, CALLER)
    assert states(process.world) == [IN_DOUBT, MessageState.CANCELLED]
    assert (cancellation.outcome, cancellation.cancelled_count, cancellation.too_late_count) == (
        CancelOutcome.PARTIAL,
        1,
        1,
    )


async def test_an_erasure_does_not_count_what_may_have_been_sent_as_cancelled(process: Process) -> None:
    await leave_in_doubt(process)
    erasure = await erase(process.world, await stored(process.world, "email:jane@example.com"))
    assert (erasure.cancelled_count, states(process.world)) == (0, [IN_DOUBT])


@pytest.mark.parametrize(
    ("end", "passing"), [(NEVER, 0), (LATER, 2 * DAY)], ids=["refused for good", "its retry window closes"]
)
async def test_a_message_does_not_fail_that_an_earlier_attempt_may_have_sent(
    process: Process, end: End, passing: int
) -> None:
    await process.trigger()
    await attempt(process, UNKNOWN)
    process.world.clock.advance(MINUTE + passing)
    await attempt(process, end)
    message, last = only(process.world), events(process.world)[-1]
    assert (message.state, message.attempts.count) == (IN_DOUBT, 2)
    assert (last.type, isinstance(last.detail, Attempt) and last.detail.result) == (
        EventType.IN_DOUBT,
        AttemptResult.DEFERRED if passing else AttemptResult.FAILED,
    )
    # It says why no further attempt follows.
    assert isinstance(last.detail, Attempt)
    assert message.end.failure == last.detail.failure
    assert counts(process.world, 1) == {"TARGETED": 1, "IN_DOUBT": 1, "RETRIES": 1}


async def test_of_several_messages_only_the_doubtful_ones_end_so(process: Process) -> None:
    await process.trigger(recipient(), expire_time=EXPIRE_TIME)
    await attempt(process, UNKNOWN)
    await process.trigger(recipient("email:ann@example.com"), expire_time=EXPIRE_TIME)
    await let_it_expire(process)
    assert states(process.world) == [IN_DOUBT, MessageState.EXPIRED]
    assert counts(process.world, 1) == {"TARGETED": 2, "IN_DOUBT": 1, "EXPIRED": 1}


async def test_what_another_process_took_over_is_in_doubt_when_the_first_one_lets_it_expire(process: Process) -> None:
    await process.trigger(expire_time=EXPIRE_TIME)
    taken = await claimed_one(process)
    outcome = await process.ports.attempts.attempt(
        ClaimedMessage(taken),
        ScriptedChannel(lambda _: UNKNOWN),
        process.world.see(lambda unit: unit.channels.by_keys({1}))[0],
    )
    assert outcome is not None
    await record(process, outcome)
    await record(process, expire(taken, EXPIRE_TIME))
    assert states(process.world) == [IN_DOUBT]


async def test_what_is_swept_after_an_erasure_is_not_counted_as_cancelled(world: World, process: Process) -> None:
    jane = await stored(world, "email:jane@example.com")
    await process.trigger(recipient("email:JANE@Example.com"))
    await attempt(process, UNKNOWN)
    await erase(world, jane)
    await sweep(world)
    assert states(world) == [IN_DOUBT]
    assert [erasure.cancelled_count for erasure in erased_events(world)] == [0]
