"""Messages that follow a failed one, in campaigns of which each recipient gets the first action that can be sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from clarion_server.application.ports.channels import PermanentFailure
from clarion_server.application.sending.local_dispatch import ClaimedMessage
from clarion_server.application.sending.outcomes import record_outcomes
from clarion_server.domain.campaigns.campaign_definition import Action, ActionMode
from clarion_server.domain.messages.attempt import Failure, FailureReason
from clarion_server.domain.messages.message import Message, MessageState

from tests.fakes import ScriptedChannel
from tests.unit.application.running import CALLER, Process, claimed, messages, states
from tests.unit.application.world import EMAIL, World

NO_MAILBOX = PermanentFailure(Failure(FailureReason.RECIPIENT_REJECTED, "550"))
Cancel = Callable[[Process, Message], Awaitable[object]]


async def cancel_execution(process: Process, message: Message) -> None:
    await process.cancelling.cancel_execution(message.execution_id, CALLER)


async def cancel_message(process: Process, message: Message) -> None:
    await process.cancelling.cancel_message(message.id, CALLER)


@pytest.fixture
async def process(world: World) -> AsyncIterator[Process]:
    """Returns a process in a world with a live campaign of two actions. It is not started: tests claim and record."""
    actions = (Action("first", "orders", EMAIL), Action("second", "orders", EMAIL))
    await world.live(actions=actions, action_mode=ActionMode.FIRST_DELIVERABLE)
    made = Process(world)
    yield made
    await made.close()


async def fail(process: Process, message: Message, before_it_is_recorded: Callable[[], Awaitable[object]]) -> None:
    (channel,) = process.world.see(lambda unit: unit.channels.by_keys({1}))
    hand_off = ScriptedChannel(lambda _: NO_MAILBOX)
    outcome = await process.ports.attempts.attempt(ClaimedMessage(message), hand_off, channel)
    assert outcome is not None
    await before_it_is_recorded()
    await process.transactions.write(lambda unit: record_outcomes(unit, [outcome], "first"))


async def sending(process: Process) -> Message:
    await process.trigger()
    (message,) = (await claimed(process.world)).messages
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
