"""Messages that follow a failed one, in campaigns of which each recipient gets the first action that can be sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from clarion_server.application.ports.channels import HandOffFailed, HandOffInDoubt, PermanentFailure, TransientFailure
from clarion_server.application.sending.dispatch import ClaimedMessage
from clarion_server.application.sending.outcomes import record_outcomes
from clarion_server.domain.campaigns.campaign_definition import Action, ActionMode
from clarion_server.domain.instant import HOUR, MINUTE, SECOND
from clarion_server.domain.messages.attempt import Failure, FailureReason
from clarion_server.domain.messages.message import Message, MessageState
from clarion_server.domain.sending_policies.sending_rate import RatePeriod, SendingRate

from tests.fakes import ScriptedChannel
from tests.unit.application.running import CALLER, Process, claimed, counts, messages, states
from tests.unit.application.world import EMAIL, START, World

NO_MAILBOX = PermanentFailure(Failure(FailureReason.RECIPIENT_REJECTED, "550"))
BUSY = TransientFailure(Failure(FailureReason.PROVIDER_UNAVAILABLE, "421"), retry_after=HOUR)
THROTTLED = TransientFailure(Failure(FailureReason.THROTTLED, "450"))
LOST = HandOffInDoubt(Failure(FailureReason.HAND_OFF_UNKNOWN))
Cancel = Callable[[Process, Message], Awaitable[object]]


async def cancel_execution(process: Process, message: Message) -> None:
    await process.cancelling.cancel_execution(message.execution_id, CALLER)


async def cancel_message(process: Process, message: Message) -> None:
    await process.cancelling.cancel_message(message.id, CALLER)


@pytest.fixture
async def process(world: World) -> AsyncIterator[Process]:
    """Returns a process in a world with a live campaign of three actions. It is not started: tests claim and record."""
    actions = (
        Action("first", "orders", EMAIL, fallback_after=10 * MINUTE),
        Action("second", "orders", EMAIL, fallback_after=5 * MINUTE),
        Action("third", "orders", EMAIL),
    )
    await world.live(actions=actions, action_mode=ActionMode.FIRST_DELIVERABLE)
    made = Process(world)
    yield made
    await made.close()


async def fail(
    process: Process,
    message: Message,
    before_it_is_recorded: Callable[[], Awaitable[object]],
    failure: HandOffFailed = NO_MAILBOX,
) -> None:
    (channel,) = process.world.see(lambda unit: unit.channels.by_keys({1}))
    failing = ScriptedChannel(lambda _: failure)
    outcome = await process.ports.attempts.attempt(ClaimedMessage(message), failing, channel)
    assert outcome is not None
    await before_it_is_recorded()
    await process.transactions.write(lambda unit: record_outcomes(unit, [outcome], "first"))


async def sending(process: Process, **fields: Any) -> Message:
    await process.trigger(**fields)
    return await claimed_one(process.world)


async def claimed_one(world: World) -> Message:
    (message,) = (await claimed(world)).messages
    return message


async def nothing() -> None:
    pass


async def test_a_message_of_the_next_action_follows_one_that_failed(world: World, process: Process) -> None:
    await fail(process, await sending(process), nothing)
    assert states(world) == [MessageState.FAILED, MessageState.QUEUED]
    assert [message.action.id for _, message in sorted(messages(world).items())] == ["first", "second"]


@pytest.mark.parametrize("cancel", [cancel_execution, cancel_message])
async def test_no_message_follows_one_that_was_cancelled_too_late(
    cancel: Cancel, world: World, process: Process
) -> None:
    message = await sending(process)
    await fail(process, message, lambda: cancel(process, message))
    assert states(world) == [MessageState.FAILED]


async def test_a_message_that_follows_already_is_cancelled(world: World, process: Process) -> None:
    message = await sending(process)
    await fail(process, message, nothing)
    await cancel_execution(process, message)
    assert states(world) == [MessageState.FAILED, MessageState.CANCELLED]


async def test_each_next_action_follows_a_message_that_its_channel_has_not_accepted_in_time(
    world: World, process: Process
) -> None:
    await fail(process, await sending(process), nothing, BUSY)
    world.clock.advance(10 * MINUTE - 1)
    assert not (await claimed(world)).messages
    world.clock.advance(1)
    await claimed(world)
    assert states(world) == [MessageState.EXPIRED, MessageState.QUEUED]
    (second,) = (await claimed(world)).messages
    assert second.action.id == "second"
    await fail(process, second, nothing, BUSY)
    world.clock.advance(5 * MINUTE)
    await claimed(world)
    assert states(world) == [MessageState.EXPIRED, MessageState.EXPIRED, MessageState.QUEUED]
    (third,) = (await claimed(world)).messages
    world.clock.advance(HOUR)
    await fail(process, third, nothing, BUSY)
    assert third.action.id == "third"
    assert states(world)[2] is MessageState.QUEUED


async def test_the_next_action_follows_a_message_whose_second_turn_would_come_too_late(world: World) -> None:
    actions = (Action("first", "orders", EMAIL, fallback_after=10 * MINUTE), Action("second", "orders", EMAIL))
    rate = SendingRate(1, RatePeriod.HOUR)
    await world.live(actions=actions, action_mode=ActionMode.FIRST_DELIVERABLE, rate=rate)
    process = Process(world)
    await fail(process, await sending(process), nothing, THROTTLED)
    world.clock.advance(MINUTE)
    assert not (await claimed(world)).messages
    world.clock.advance(9 * MINUTE)
    assert not (await claimed(world)).messages
    assert states(world) == [MessageState.EXPIRED, MessageState.QUEUED]
    await process.close()


async def test_the_next_action_follows_a_message_that_took_too_long_in_hand(world: World, process: Process) -> None:
    message = await sending(process)
    world.clock.advance(10 * MINUTE)
    await fail(process, message, nothing)
    assert states(world) == [MessageState.EXPIRED, MessageState.QUEUED]
    assert counts(world, message.action.campaign_key) == {"TARGETED": 2, "EXPIRED": 1}


async def test_a_message_that_took_too_long_is_not_begun_behind_another_one(world: World, process: Process) -> None:
    await fail(process, await sending(process), nothing)
    await process.trigger()
    world.clock.advance(10 * MINUTE - SECOND)
    message = next(each for each in (await claimed(world)).messages if each.action.id == "first")
    attempts = process.ports.attempts
    # On a busy machine a rendering takes long, and nothing is rendered for a while after it.
    await attempts.pace.rest()
    assert attempts.prepare(ClaimedMessage(message)) is not None
    await attempts.pace.rest()
    world.clock.advance(SECOND)
    assert attempts.prepare(ClaimedMessage(message)) is None


@pytest.mark.parametrize("expire_time", [START + 10 * MINUTE, START + 9 * MINUTE], ids=["then", "before"])
async def test_no_message_follows_one_that_has_expired(expire_time: int, world: World, process: Process) -> None:
    await fail(process, await sending(process, expire_time=expire_time), nothing, BUSY)
    world.clock.advance(10 * MINUTE)
    await claimed(world)
    assert states(world) == [MessageState.EXPIRED]


@pytest.mark.parametrize("then", [None, BUSY], ids=["at once", "after another attempt"])
async def test_no_message_follows_one_that_took_too_long_and_may_have_been_sent(
    then: HandOffFailed | None, world: World, process: Process
) -> None:
    await fail(process, await sending(process), nothing, LOST)
    world.clock.advance(MINUTE)
    if then is not None:
        await fail(process, await claimed_one(world), nothing, then)
    world.clock.advance(9 * MINUTE)
    await claimed(world)
    assert states(world) == [MessageState.IN_DOUBT]


async def test_no_message_follows_one_that_failed_and_may_have_been_sent_before(world: World, process: Process) -> None:
    await fail(process, await sending(process), nothing, LOST)
    world.clock.advance(MINUTE)
    await fail(process, await claimed_one(world), nothing)
    assert states(world) == [MessageState.IN_DOUBT]


async def test_no_message_follows_one_that_took_too_long_in_hand_and_may_have_been_sent(
    world: World, process: Process
) -> None:
    await fail(process, await sending(process), nothing, LOST)
    world.clock.advance(MINUTE)
    message = await claimed_one(world)
    world.clock.advance(10 * MINUTE)
    await fail(process, message, nothing)
    assert states(world) == [MessageState.IN_DOUBT]


@pytest.mark.parametrize("cancel", [cancel_execution, cancel_message])
async def test_no_message_follows_a_late_one_that_was_cancelled_in_hand(
    cancel: Cancel, world: World, process: Process
) -> None:
    message = await sending(process)
    world.clock.advance(10 * MINUTE)
    await fail(process, message, lambda: cancel(process, message))
    assert states(world) == [MessageState.EXPIRED]
