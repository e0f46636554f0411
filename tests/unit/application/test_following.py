"""A hand-off begins behind the one before it, on the same connection, where every hand-off is taken."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import replace

import pytest
from clarion_server.adapters.rendering.compiled_action import CompiledAction
from clarion_server.application.attachments.blobs import BlobStore
from clarion_server.application.attachments.uploads import ManageAttachments, UploadAttachment, UploadLimits
from clarion_server.application.ports.content import Personalisation, RenderingFailed
from clarion_server.application.sending.attempt import AttemptRunner
from clarion_server.application.sending.dispatch import ClaimedMessage
from clarion_server.application.sending.send_queue import SendQueue
from clarion_server.domain.attachments.attachment import FileInput
from clarion_server.domain.campaigns.campaign_definition import Action
from clarion_server.domain.category import Category
from clarion_server.domain.consent.personal_link import PersonalUrls
from clarion_server.domain.content import Rendered
from clarion_server.domain.content.email import ContentAttachment
from clarion_server.domain.instant import HOUR, SECOND, Instant, Span
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.messages.message import Lane, MessageState
from clarion_server.domain.sending_policies.sending_hours import LONGEST_WAIT

from tests.contract.store import samples
from tests.fakes import NEVER, FaultyStore, ScriptedChannel
from tests.memory_store import MemoryStore
from tests.unit.application.running import Process, messages, recipient, recipients, states, until
from tests.unit.application.sending_policies import Policies, utc
from tests.unit.application.suppressing import suppress
from tests.unit.application.working import at_work, change_channel
from tests.unit.application.world import AUTHOR, EMAIL, World

QUEUED, SENDING = MessageState.QUEUED, MessageState.SENDING
SENT, FAILED = MessageState.SENT, MessageState.FAILED
EXPIRED = MessageState.EXPIRED


@pytest.fixture
async def process(world: World) -> AsyncIterator[Process]:
    """Returns a process that has one hand-off at a time, whose provider lets none end yet."""
    await world.channel(max_concurrency=1)
    await world.live()
    async with at_work(Process(world)) as made:
        await made.trigger()
        await until(lambda: states(world) == [SENT])
        channel_of(made).gate.clear()
        yield made


def channel_of(process: Process) -> ScriptedChannel:
    return process.provider.channels[0]


async def trigger_three(process: Process) -> None:
    await process.trigger(*recipients(3))
    await until(lambda: len(channel_of(process).begun) == 2)


async def test_each_message_that_waits_begins_behind_the_one_before(world: World, process: Process) -> None:
    await trigger_three(process)
    channel = channel_of(process)
    channel.gate.set()
    await until(lambda: states(world) == [SENT] * 4)
    assert channel.behind == channel.begun[2:]


async def test_the_failure_of_a_message_is_not_that_of_the_one_behind_it(world: World, process: Process) -> None:
    await trigger_three(process)
    _, first, _, third = sorted(messages(world))
    process.provider.end = lambda email: NEVER if email.message_id in (first, third) else None
    channel_of(process).gate.set()
    await until(lambda: states(world) == [SENT, FAILED, SENT, FAILED])


async def test_an_urgent_message_goes_behind_the_present_one_before_all_others(world: World, process: Process) -> None:
    await world.live("reset", rapid=True)
    await trigger_three(process)
    await process.trigger(recipient("email:forgetful@example.com"), campaign_id="reset")
    channel_of(process).gate.set()
    await until(lambda: states(world) == [SENT] * 5)
    # Its version was not in memory, so that it did not begin behind the one before it.
    assert [email.address for email in channel_of(process).begun].index("forgetful@example.com") == 2


async def test_nothing_begins_behind_another_where_a_rate_is_kept(world: World, process: Process) -> None:
    channel_of(process).gate.set()
    await change_channel(world, process, max_rate=1_000.0)
    await process.trigger(*recipients(3))
    await until(lambda: states(world) == [SENT] * 4)
    assert not process.provider.channels[1].behind


async def test_nothing_begins_behind_another_on_the_channel_of_an_older_revision(
    world: World, process: Process
) -> None:
    await trigger_three(process)
    await change_channel(world, process, display_name="Changed")
    channel_of(process).gate.set()
    await until(lambda: states(world) == [SENT] * 4)
    old, new = process.provider.channels
    assert (len(old.taken), len(new.taken)) == (2, 2)
    assert old.closed


async def test_a_message_that_has_expired_does_not_begin_behind_another(world: World, process: Process) -> None:
    await process.trigger()
    await until(lambda: len(channel_of(process).begun) == 2)
    await process.trigger(expire_time=world.clock.now() + HOUR)
    world.clock.advance(HOUR)
    channel_of(process).gate.set()
    await until(lambda: states(world) == [SENT, SENT, EXPIRED])
    assert not channel_of(process).behind


def excluded(claimed: ClaimedMessage, _now: Instant) -> ClaimedMessage:
    return replace(claimed, exclusion=Exclusion(ExclusionReason.SUPPRESSED, ExclusionPhase.HAND_OFF))


def closed(claimed: ClaimedMessage, now: Instant) -> ClaimedMessage:
    message = claimed.message
    return replace(claimed, message=replace(message, attempts=replace(message.attempts, not_after=now)))


def claimed_long_ago(claimed: ClaimedMessage, now: Instant) -> ClaimedMessage:
    message = claimed.message
    attempts = replace(message.attempts, last_time=now - LONGEST_WAIT - 1)
    return replace(claimed, message=replace(message, attempts=attempts))


@pytest.mark.parametrize("made_so", [excluded, closed, claimed_long_ago])
async def test_a_message_that_must_not_be_sent_or_must_be_checked_does_not_begin_behind_another(
    made_so: Callable[[ClaimedMessage, Instant], ClaimedMessage], world: World, process: Process
) -> None:
    now, attempts = world.clock.now(), process.ports.attempts
    (message,) = messages(world).values()
    upcoming = ClaimedMessage(message.begun("first", now))
    assert attempts.prepare(upcoming) is not None
    assert attempts.prepare(made_so(upcoming, now)) is None


async def test_a_message_whose_content_has_a_file_does_not_begin_behind_another_without_it(
    world: World, process: Process
) -> None:
    blobs = BlobStore(process.transactions, process.commits, world.clock)
    uploads = ManageAttachments(process.transactions, blobs, world.clock, UploadLimits())
    await uploads.upload(UploadAttachment(FileInput("terms.pdf", "", b"%PDF-1.7"), "terms"), AUTHOR)
    content = replace(EMAIL, attachments=(ContentAttachment("terms"),))
    await world.live("with-terms", actions=(Action("email", "orders", content),))
    channel_of(process).gate.set()
    await process.trigger(campaign_id="with-terms")
    await until(lambda: states(world) == [SENT, SENT])
    assert [len(email.files) for email in channel_of(process).taken] == [0, 1]
    message = messages(world)[channel_of(process).taken[-1].message_id]
    assert process.ports.attempts.prepare(ClaimedMessage(message.begun("first", world.clock.now()))) is None


async def begin_behind(process: Process) -> ScriptedChannel:
    """Has a message begin behind one that the provider does not answer."""
    channel = channel_of(process)
    channel.answers.clear()
    channel.gate.set()
    await until(lambda: len(channel.behind) == 1)
    return channel


async def test_a_message_that_has_begun_is_not_sent_once_others_may_take_it_over(
    world: World, process: Process
) -> None:
    await trigger_three(process)
    channel = await begin_behind(process)
    world.clock.advance(process.lease.span)
    channel.answers.set()
    await until(lambda: not process.in_flight_count)
    assert states(world) == [SENT, SENT, SENDING, SENDING]
    assert (len(channel.begun), channel.following) == (2, [])


async def test_a_message_that_has_begun_is_not_sent_after_its_end(world: World, process: Process) -> None:
    await process.trigger()
    await until(lambda: len(channel_of(process).begun) == 2)
    await process.trigger(expire_time=world.clock.now() + HOUR)
    channel = await begin_behind(process)
    world.clock.advance(HOUR)
    channel.answers.set()
    await until(lambda: states(world) == [SENT, SENT, EXPIRED])
    assert channel.following == []


@pytest.mark.parametrize("left", [10 * SECOND, 1], ids=["which is checked anew", "which was checked a moment ago"])
async def test_a_message_that_has_begun_is_not_sent_after_its_hours_have_ended(
    left: Span, world: World, process: Process
) -> None:
    await Policies(world).make(categories=(Category.TRANSACTIONAL,))
    world.clock.time = utc("10T20:00") - left
    await trigger_three(process)
    channel = await begin_behind(process)
    world.clock.advance(left)
    channel.answers.set()
    await until(lambda: not process.in_flight_count)
    assert (len(channel.begun), channel.following) == (2, [])
    await process.heartbeat.beat()
    process.claim_loop.look()
    opening = utc("11T06:00")
    await until(lambda: [each.due_time for each in messages(world, QUEUED).values()] == [opening, opening])


async def test_a_message_that_has_begun_is_sent_when_its_check_after_a_long_wait_allows_it(
    world: World, process: Process
) -> None:
    await trigger_three(process)
    channel = await begin_behind(process)
    world.clock.advance(10 * SECOND)
    channel.answers.set()
    await until(lambda: states(world) == [SENT] * 4)
    assert channel.begun[2] is channel.behind[0]
    assert channel.dropped == []


async def test_a_message_that_has_begun_is_not_sent_while_the_store_cannot_check_it() -> None:
    store = FaultyStore(MemoryStore())
    with closing(World(store)) as world:
        await world.channel(max_concurrency=1)
        await world.live()
        async with at_work(Process(world)) as process:
            await process.trigger()
            await until(lambda: states(world) == [SENT])
            channel_of(process).gate.clear()
            await trigger_three(process)
            channel = await begin_behind(process)
            world.clock.advance(10 * SECOND)
            store.read_failures = 1_000_000
            channel.answers.set()
            await until(lambda: bool(process.ports.pending_requeue))
            assert channel.dropped == [channel.behind[0].message_id]
            store.read_failures = 0
            await process.heartbeat.beat()
            process.claim_loop.look()
            await until(lambda: states(world) == [SENT] * 4)


async def test_a_message_that_has_begun_is_not_sent_to_whom_nothing_is_to_be_sent_by_then(
    world: World, process: Process
) -> None:
    await process.trigger()
    await until(lambda: len(channel_of(process).begun) == 2)
    await process.trigger(recipient("email:joe@example.com"))
    channel = await begin_behind(process)
    await suppress(world, "joe@example.com")
    world.clock.advance(3 * SECOND)
    channel.answers.set()
    await until(lambda: states(world) == [SENT, SENT, MessageState.EXCLUDED])
    assert channel.following == []


async def test_a_fault_in_preparing_a_message_does_not_put_the_one_before_it_in_doubt(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(_runner: AttemptRunner, _claimed: ClaimedMessage) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(AttemptRunner, "prepare", break_down)
    await trigger_three(process)
    channel_of(process).gate.set()
    await until(lambda: states(world) == [SENT] * 4)


async def test_a_message_that_cannot_be_rendered_fails_itself_alone(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trigger_three(process)

    def render(
        compiled: CompiledAction, personalisation: Personalisation, urls: PersonalUrls | None = None
    ) -> Rendered:
        if personalisation.address == "r1@example.com":
            raise RenderingFailed("subject", 1, "it cannot be")
        return usual(compiled, personalisation, urls)

    usual = CompiledAction.render
    monkeypatch.setattr(CompiledAction, "render", render)
    channel_of(process).gate.set()
    await until(lambda: states(world) == [SENT, SENT, FAILED, SENT])


def queue_of(*lanes: Lane, concurrency: int) -> SendQueue:
    queue = SendQueue(concurrency)
    for lane in lanes:
        queue.put(ClaimedMessage(samples.message(1, 1, lane=lane)))
    return queue


def take(queue: SendQueue) -> ClaimedMessage:
    taken = queue.take()
    assert taken is not None
    return taken


def test_marketing_behind_marketing_keeps_its_place_and_takes_no_other() -> None:
    queue = queue_of(*[Lane.MARKETING] * 4, concurrency=2)
    first = take(queue)
    assert not queue.is_ready()
    second = queue.peek_behind(first)
    assert second is not None
    queue.take_behind(first)
    queue.done(first, has_place=False)
    assert not queue.is_ready()
    queue.done(second)
    assert queue.is_ready()


def test_an_urgent_message_behind_marketing_leaves_the_place_to_marketing() -> None:
    queue = queue_of(Lane.MARKETING, Lane.MARKETING, concurrency=2)
    first = take(queue)
    queue.put(ClaimedMessage(samples.message(1, 1, lane=Lane.RAPID)))
    urgent = queue.peek_behind(first)
    assert urgent is not None
    assert urgent.message.action.lane is Lane.RAPID
    queue.take_behind(first)
    assert queue.is_ready()


async def test_a_queue_is_empty_when_what_was_taken_behind_is_done() -> None:
    queue = queue_of(Lane.TRANSACTIONAL, Lane.TRANSACTIONAL, concurrency=1)
    first = take(queue)
    second = queue.peek_behind(first)
    assert second is not None
    queue.take_behind(first)
    queue.done(first, has_place=False)
    queue.done(second)
    await queue.join()
