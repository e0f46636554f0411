"""A process sends its messages: none is lost, none is sent twice, and all capacity is released in the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from clarion_server.adapters.rendering import JinjaContentCompiler
from clarion_server.adapters.rendering.compiled_action import CompiledAction
from clarion_server.application.ports.channels import Outbound
from clarion_server.application.ports.content import ContentInvalid
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending import claim_loop as claim_loop_module
from clarion_server.application.sending import dispatcher as dispatcher_module
from clarion_server.application.sending import dispatchers as dispatchers_module
from clarion_server.application.sending import store_look
from clarion_server.application.sending.in_flight import in_flight_limits
from clarion_server.bootstrap.channels import CONTENT_KINDS
from clarion_server.domain.content.email import RenderedEmail
from clarion_server.domain.events.event import EventType
from clarion_server.domain.instant import HOUR
from clarion_server.domain.messages.attempt import Attempt, AttemptResult, FailureReason
from clarion_server.domain.messages.message import Lane, MessageState

from tests.fakes import LATER, NEVER, End
from tests.unit.application.running import Process, counts, events, messages, recipients, states, until
from tests.unit.application.working import at_work, change_channel, only
from tests.unit.application.world import World

QUEUED, SENDING, SENT, FAILED, EXPIRED = (
    MessageState.QUEUED,
    MessageState.SENDING,
    MessageState.SENT,
    MessageState.FAILED,
    MessageState.EXPIRED,
)


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is tried again is tried at once."""
    monkeypatch.setattr(dispatcher_module, "RETRY_SECONDS", 0.001)
    monkeypatch.setattr(claim_loop_module, "RETRY_SECONDS", 0.001)


@pytest.fixture
async def process(world: World) -> AsyncIterator[Process]:
    """Returns a process that sends, in a world with a live campaign."""
    await world.live()
    async with at_work(Process(world)) as made:
        yield made


async def test_an_accepted_message_is_sent_without_being_claimed(world: World, process: Process) -> None:
    await process.trigger()
    assert states(world)[0] in {SENDING, SENT}
    await until(lambda: states(world) == [SENT])
    (email,) = process.provider.taken
    assert (email.message_id, email.address) == (only(world).id, "jane@example.com")
    assert isinstance(email.rendered, RenderedEmail)
    assert email.rendered.subject == "Order 4711"
    (event,) = events(world)
    assert event.type is EventType.SENT
    assert isinstance(event.detail, Attempt)
    assert event.detail.provider_reply == "250 2.0.0 Taken"
    assert counts(world, 1) == {"TARGETED": 1, "SENT": 1}


async def test_what_waits_in_the_store_is_sent_when_its_time_has_come(world: World, process: Process) -> None:
    await process.trigger(send_time=world.clock.now() + HOUR)
    assert states(world) == [QUEUED]
    world.clock.advance(HOUR)
    process.claim_loop.look()
    await until(lambda: states(world) == [SENT])


async def test_messages_leave_in_the_order_of_their_acceptance(world: World, process: Process) -> None:
    await change_channel(world, process, max_concurrency=1)
    await until(lambda: process.is_idle)
    for count in (1, 40, 1, 3, 100, 1):
        await process.trigger(*recipients(count))
    await until(lambda: len(process.provider.taken) == 146)
    left = [email.message_id for email in process.provider.begun]
    assert left == sorted(left)


async def test_nothing_is_sent_directly_while_a_claim_may_bring_older_messages(process: Process) -> None:
    dispatcher, lane = process.dispatcher, Lane.TRANSACTIONAL
    in_flight = dispatcher.reserve(lane, 1)
    assert in_flight is not None
    claimed = dispatcher.reserve_for_claim(lane)
    in_flight.release(1)
    assert dispatcher.reserve(lane, 1) is None
    urgent = dispatcher.reserve(Lane.RAPID, 1)
    assert urgent is not None
    urgent.release(1)
    dispatcher.end_claim(lane, claimed)
    later = dispatcher.reserve(lane, 1)
    assert later is not None
    later.release(1)


async def test_no_more_are_sent_at_once_than_the_configuration_allows(world: World, process: Process) -> None:
    await process.trigger(*recipients(200))
    await until(lambda: states(world) == [SENT] * 200)
    (channel,) = process.provider.channels
    assert channel.most_in_flight == 10


async def test_no_more_messages_are_in_flight_than_the_limit_allows(world: World, process: Process) -> None:
    process.provider.channels[0].gate.clear()
    for _ in range(3):
        await process.trigger(*recipients(200))
    limit = in_flight_limits(process.dispatcher.configuration)[Lane.TRANSACTIONAL]
    await until(lambda: states(world).count(SENDING) == limit)
    process.provider.channels[0].gate.set()
    await until(lambda: states(world) == [SENT] * 600)
    assert len(process.provider.taken) == 600


async def test_a_passing_failure_is_tried_again_and_a_lasting_one_is_not(world: World, process: Process) -> None:
    process.provider.end = lambda email: LATER if email.attempt < 3 else None
    await process.trigger()
    for attempts in (1, 2, 3):
        await until(lambda attempts=attempts: only(world).attempts.count == attempts and len(events(world)) == attempts)  # type: ignore[misc] # binds the loop's value
        world.clock.advance(HOUR)
        process.claim_loop.look()
    assert [event.type for event in events(world)] == [EventType.DEFERRED, EventType.DEFERRED, EventType.SENT]
    assert counts(world, 1)["RETRIES"] == 2
    process.provider.end = lambda _: NEVER
    await process.trigger()
    await until(lambda: states(world) == [SENT, FAILED])
    assert counts(world, 1)["FAILED:RECIPIENT_REJECTED"] == 1


async def test_a_message_that_expires_in_the_hands_of_a_process_is_not_sent(world: World, process: Process) -> None:
    process.provider.channels[0].gate.clear()
    await process.trigger(*recipients(10), expire_time=world.clock.now() + HOUR)
    await process.trigger(expire_time=world.clock.now() + HOUR)
    await until(lambda: len(process.provider.begun) == 10)
    world.clock.advance(HOUR)
    process.provider.channels[0].gate.set()
    await until(lambda: states(world) == [SENT] * 10 + [EXPIRED])


async def test_an_error_in_a_channel_leaves_the_hand_off_in_doubt(world: World, process: Process) -> None:
    def break_down(_email: Outbound) -> End:
        raise ZeroDivisionError

    process.provider.end = break_down
    await process.trigger()
    await until(lambda: len(events(world)) == 1)
    (event,) = events(world)
    assert isinstance(event.detail, Attempt)
    assert event.detail.result is AttemptResult.IN_DOUBT
    assert event.detail.failure is not None
    assert event.detail.failure.reason is FailureReason.HAND_OFF_UNKNOWN


class RefusingCompiler(JinjaContentCompiler):
    """Has other rules than the one of the process that accepted the message."""

    def compile_content(self, *arguments: Any, **further: Any) -> CompiledAction:
        raise ContentInvalid


async def test_a_version_that_does_not_compile_any_more_fails_its_messages(world: World) -> None:
    await world.live()
    accepting = Process(world, "accepting")
    await accepting.trigger()
    await accepting.close()
    async with Process(world, compiler=RefusingCompiler(CONTENT_KINDS)).sending():
        await until(lambda: states(world) == [FAILED])
        failure = only(world).end.failure
        assert failure is not None
        assert failure.reason is FailureReason.RENDERING_FAILED


# Change.


async def test_an_old_channel_closes_after_its_last_attempt(world: World, process: Process) -> None:
    (old,) = process.provider.channels
    old.gate.clear()
    await process.trigger(*recipients(3))
    await until(lambda: len(old.begun) == 3)
    await change_channel(world, process, display_name="Changed")
    old_one, new = process.provider.channels
    assert old_one is old
    await process.trigger()
    await until(lambda: len(new.taken) == 1)
    assert not old.closed
    old.gate.set()
    await until(lambda: old.closed)
    await until(lambda: states(world) == [SENT] * 4)


async def test_a_lowered_concurrency_holds_for_what_is_sent_from_then_on(world: World, process: Process) -> None:
    await change_channel(world, process, max_concurrency=2)
    await process.trigger(*recipients(50))
    await until(lambda: states(world) == [SENT] * 50)
    assert process.provider.channels[-1].most_in_flight == 2
    await change_channel(world, process, max_concurrency=7)
    await process.trigger(*recipients(50))
    await until(lambda: states(world) == [SENT] * 100)
    assert process.provider.channels[-1].most_in_flight == 7


@pytest.mark.parametrize("rate", [0.0, 1_000.0])
async def test_a_message_that_waits_for_its_turn_leaves_when_the_rate_is_raised(
    world: World, process: Process, rate: float
) -> None:
    # The second turn would come in three hours.
    await change_channel(world, process, max_concurrency=1, max_rate=0.0001)
    await process.trigger(*recipients(2))
    await until(lambda: states(world) == [SENT, SENDING])
    await change_channel(world, process, max_rate=rate)
    await until(lambda: states(world) == [SENT, SENT])


async def test_a_disabled_configuration_keeps_messages_until_it_is_enabled(world: World, process: Process) -> None:
    await change_channel(world, process, disabled=True)
    await process.trigger(*recipients(3))
    assert states(world) == [QUEUED] * 3
    await change_channel(world, process, disabled=False)
    await until(lambda: states(world) == [SENT] * 3)


async def test_messages_that_wait_leave_at_once_when_their_configuration_is_enabled(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim loop would look by itself in an hour."""
    monkeypatch.setattr(store_look, "LOOK_SECONDS", 3600.0)
    await change_channel(world, process, disabled=True)
    await process.trigger(*recipients(3))
    await change_channel(world, process, disabled=False)
    await until(lambda: states(world) == [SENT] * 3)


async def test_a_process_that_has_its_lease_again_goes_on_at_the_round_that_renewed_it(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_look, "LOOK_SECONDS", 3600.0)
    world.clock.advance(process.lease.span)
    await process.trigger(*recipients(3))
    assert states(world) == [QUEUED] * 3
    await process.heartbeat.beat()
    await until(lambda: states(world) == [SENT] * 3)


async def test_a_configuration_that_another_process_changed_takes_effect(world: World, process: Process) -> None:
    def change(unit: UnitOfWork) -> None:
        (channel,) = unit.channels.by_keys(unit.channels.revisions())
        unit.channels.save(replace(channel, revision=channel.revision + 1, max_concurrency=3))

    await world.transactions.write(change)
    await until(lambda: process.dispatcher.configuration.max_concurrency == 3)


async def test_a_dispatcher_whose_configuration_was_deleted_ends_and_harms_nobody(
    world: World, process: Process
) -> None:
    process.dispatchers.keep_only([])
    await until(lambda: process.provider.channels[0].closed)
    assert process.dispatchers.reserve(1, Lane.RAPID, 1) is None
    process.ports.queue.queued(1, Lane.RAPID, (), world.clock.now())
    await process.trigger()
    # It was not deleted in the store, where the next look finds it.
    process.claim_loop.look()
    await until(lambda: states(world) == [SENT])


async def test_a_dispatcher_that_is_closed_as_deleted_and_as_idle_takes_no_newer_one_with_it(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatchers_module, "IDLE_SECONDS", 0)
    configuration = process.dispatcher.configuration
    process.dispatchers.keep_only([])
    process.dispatchers.close_idle()
    process.dispatchers.configure([configuration])
    newer = process.dispatcher
    await until(lambda: process.provider.channels[0].closed)
    # The end of the older one is told behind what closes its channel.
    await process.transactions.read(lambda _: None)
    assert process.dispatcher is newer


async def test_a_dispatcher_is_not_idle_while_a_message_is_in_flight(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    (channel,) = process.provider.channels
    channel.gate.clear()
    await process.trigger()
    monkeypatch.setattr(dispatchers_module, "IDLE_SECONDS", 0)
    process.dispatchers.close_idle()
    in_flight = process.in_flight_count
    channel.gate.set()
    assert in_flight == 1


async def test_an_idle_dispatcher_is_closed_and_opened_again_when_it_has_something_to_send(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    await process.trigger()
    await until(lambda: states(world) == [SENT] and process.is_idle)
    monkeypatch.setattr(dispatchers_module, "IDLE_SECONDS", 0)
    process.claim_loop.look()
    await until(lambda: not process.dispatchers.all_open)
    await until(lambda: process.provider.channels[0].closed)
    monkeypatch.undo()
    await process.trigger()
    await until(lambda: states(world) == [SENT] * 2)
    assert len(process.provider.channels) == 2
    assert {message.attempts.last_time for message in messages(world).values()} == {world.clock.now()}


async def test_a_process_opens_no_dispatcher_for_a_configuration_that_has_nothing_to_send(world: World) -> None:
    await world.live()
    for number in range(5):
        await world.channel(f"idle-{number}")
    process = Process(world)
    await process.start()
    await process.trigger()
    await until(lambda: states(world) == [SENT])
    assert [dispatcher.configuration.id for dispatcher in process.dispatchers.all_open] == ["orders"]
    await process.close()
