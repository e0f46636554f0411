"""Tests how queued messages come to the processes that send them, whatever the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace

from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.consent.consent import Silence
from clarion_server.domain.instant import MILLISECOND
from clarion_server.domain.messages.message import Lane, Message, MessageState

from tests.contract.queue.desk import Desk, as_claimed
from tests.contract.store import samples
from tests.contract.store.given import Sender, a_channel, a_sender, committing, ends
from tests.contract.store.samples import SANDBOX

#: Long enough that it is not over before it is looked at, on a busy machine too.
A_WHILE = 500 * MILLISECOND


def ids(messages: Collection[Message]) -> set[str]:
    return {message.id for message in messages}


async def test_what_is_queued_and_due_is_claimed_whole(desk: Desk, sender: Sender) -> None:
    (queued,) = await desk.queue_up(sender)
    (claimed,) = await desk.claim(sender.channel, 1)
    assert claimed == as_claimed(queued, "first", claimed)


async def test_what_was_queued_before_anybody_asked_is_claimed(desk: Desk, other: Desk, sender: Sender) -> None:
    queued = await desk.queue_up(sender, 3)
    assert ids(await other.claim(sender.channel, 3)) == ids(queued)


async def test_no_more_is_claimed_than_there_is_room_for_and_the_rest_later(desk: Desk, sender: Sender) -> None:
    queued = await desk.queue_up(sender, 5)
    some = await desk.claim(sender.channel, 2)
    rest = await desk.claim(sender.channel, 3)
    assert (len(some), len(rest)) == (2, 3)
    assert ids([*some, *rest]) == ids(queued)


async def test_thousands_are_claimed_each_once(desk: Desk, sender: Sender) -> None:
    queued = await desk.queue_up(sender, 3_000)
    claimed = await desk.claim(sender.channel, 3_000)
    assert len(claimed) == 3_000
    assert ids(claimed) == ids(queued)


async def test_processes_share_what_is_queued_and_nothing_goes_to_two(
    desk: Desk, other: Desk, sender: Sender, store: Store
) -> None:
    queued = await desk.queue_up(sender, 1_000)
    shares: dict[str, list[Message]] = {"first": [], "second": []}

    async def work(at: Desk) -> None:
        while sum(map(len, shares.values())) < len(queued):
            claimed = await at.claim_once(sender.channel, 50)
            shares[at.name] += claimed.messages

    workers = [asyncio.create_task(work(at)) for at in (desk, other)]
    async with asyncio.timeout(120):
        await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    assert len(ids(shares["first"]) | ids(shares["second"])) == len(queued)
    assert not ids(shares["first"]) & ids(shares["second"])
    with store.snapshot() as unit:
        owners = {
            message.id: message.attempts.owner for message in unit.messages.claimed_by(["first", "second"], 10_000)
        }
    assert owners == {message.id: name for name, share in shares.items() for message in share}


async def test_a_claim_gets_what_is_of_its_channel_configuration_and_lane_alone(
    desk: Desk, sender: Sender, store: Store
) -> None:
    with committing(store) as work:
        stranger = a_sender(work, "news", channel=a_channel(work, "newsletters", disabled=False))
        settings = work.consents.settings(Visibility(SANDBOX))
        work.consents.save_settings(settings.updated(Silence.SEND_UNLESS_DENIED, 1))
    (reset,) = await desk.queue_up(sender, lane=Lane.RAPID)
    (news,) = await desk.queue_up(sender, lane=Lane.MARKETING)
    (strange,) = await desk.queue_up(stranger)
    (order,) = await desk.queue_up(sender)
    assert ids(await desk.claim(sender.channel, 1)) == {order.id}
    assert ids(await desk.claim(sender.channel, 1, lane=Lane.MARKETING)) == {news.id}
    assert ids(await desk.claim(sender.channel, 1, lane=Lane.RAPID)) == {reset.id}
    assert ids(await desk.claim(stranger.channel, 1)) == {strange.id}


async def test_what_was_committed_and_never_announced_is_claimed_all_the_same(desk: Desk, sender: Sender) -> None:
    queued = await desk.add(sender, 3)
    assert ids(await desk.claim(sender.channel, 3)) == ids(queued)


async def test_what_is_to_leave_later_is_claimed_then_and_not_before(desk: Desk, sender: Sender) -> None:
    (later,) = await desk.queue_up(sender, delay=A_WHILE)
    (now,) = await desk.queue_up(sender)
    first, second = await desk.claim(sender.channel, 2)
    assert (first.id, second.id) == (now.id, later.id)
    assert second.attempts.last_time is not None
    assert second.attempts.last_time >= later.due_time


async def test_what_waits_for_its_time_needs_nobody_who_remembers_it(desk: Desk, other: Desk, sender: Sender) -> None:
    (later,) = await desk.queue_up(sender, delay=A_WHILE)
    (claimed,) = await other.claim(sender.channel, 1)
    assert claimed.id == later.id
    assert (claimed.attempts.last_time or 0) >= later.due_time


async def test_what_is_due_later_is_claimed_then_without_an_announcement(desk: Desk, sender: Sender) -> None:
    (later,) = await desk.add(sender, delay=A_WHILE)
    (claimed,) = await desk.claim(sender.channel, 1)
    assert claimed.id == later.id
    assert (claimed.attempts.last_time or 0) >= later.due_time


async def test_a_deferred_message_is_claimed_again_when_it_is_due(desk: Desk, sender: Sender) -> None:
    await desk.queue_up(sender)
    (first,) = await desk.claim(sender.channel, 1)
    due = await desk.deferred(first, A_WHILE)
    (second,) = await desk.claim(sender.channel, 1)
    assert (second.id, second.attempts.count) == (first.id, 2)
    assert (second.attempts.last_time or 0) >= due


async def test_a_message_that_never_was_in_the_queue_is_claimed_when_its_retry_is_due(
    desk: Desk, sender: Sender
) -> None:
    (message,) = await desk.add(sender)
    await desk.write(lambda unit: unit.messages.begin([message.id], "first", message.due_time))
    await desk.deferred(
        samples.changed(message, state=MessageState.SENDING, owner="first", attempt_count=1), MILLISECOND
    )
    (again,) = await desk.claim(sender.channel, 1)
    assert (again.id, again.attempts.count) == (message.id, 2)


async def test_what_was_sent_is_never_claimed_again(desk: Desk, sender: Sender) -> None:
    await desk.queue_up(sender, 3)
    for message in await desk.claim(sender.channel, 3):
        await desk.sent(message)
    (last,) = await desk.queue_up(sender)
    assert ids(await desk.claim(sender.channel, 1)) == {last.id}


async def test_what_was_claimed_and_given_back_is_claimed_again(desk: Desk, sender: Sender) -> None:
    await desk.queue_up(sender, 2)
    claimed = await desk.claim(sender.channel, 2)
    await desk.requeue(claimed)
    again = await desk.claim(sender.channel, 2)
    assert ids(again) == ids(claimed)
    assert {message.attempts.count for message in again} == {1}


async def test_what_was_cancelled_is_not_claimed(desk: Desk, sender: Sender) -> None:
    cancelled = await desk.queue_up(sender, 2)
    await desk.write(lambda unit: unit.messages.end_queued(ends(cancelled, MessageState.CANCELLED), 1))
    (last,) = await desk.queue_up(sender)
    assert ids(await desk.claim(sender.channel, 1)) == {last.id}


async def test_messages_of_a_paused_campaign_wait_until_it_is_resumed(desk: Desk, sender: Sender) -> None:
    def change(unit: UnitOfWork, state: CampaignState) -> None:
        campaign = unit.campaigns.by_keys([sender.campaign.key])[sender.campaign.key]
        unit.campaigns.save(replace(campaign, state=state, revision=campaign.revision + 1))

    await desk.write(lambda unit: change(unit, CampaignState.PAUSED))
    paused = await desk.queue_up(sender, 2)
    async with asyncio.timeout(120):
        while not await desk.write(lambda unit: unit.messages.held_campaigns()):
            assert not (await desk.claim_once(sender.channel, 10)).messages
    await desk.write(lambda unit: change(unit, CampaignState.LIVE))
    await desk.write(lambda unit: unit.messages.release(sender.campaign.key, 10))
    assert ids(await desk.claim(sender.channel, 2)) == ids(paused)


async def test_what_comes_to_nothing_leaves_no_trace(desk: Desk, sender: Sender) -> None:
    desk.queue.queued(sender.channel.key, Lane.TRANSACTIONAL, (), desk.clock.now())
    (excluded,) = await desk.write(lambda unit: sender.messages(unit, 1, state=MessageState.EXCLUDED))
    desk.queue.queued(sender.channel.key, Lane.TRANSACTIONAL, [excluded], desk.clock.now())
    (last,) = await desk.queue_up(sender)
    assert ids(await desk.claim(sender.channel, 1)) == {last.id}


async def test_a_disabled_channel_configuration_keeps_its_messages(desk: Desk, sender: Sender) -> None:
    def disable(unit: UnitOfWork, disabled: bool) -> None:
        stored = unit.channels.by_key(sender.channel.key)
        assert stored is not None
        unit.channels.save(replace(stored, disabled=disabled, revision=stored.revision + 1))

    await desk.write(lambda unit: disable(unit, True))
    queued = await desk.queue_up(sender, 2)
    claimed = await desk.try_to_claim(sender.channel, 10)
    assert claimed is None or not claimed.messages
    await desk.write(lambda unit: disable(unit, False))
    assert ids(await desk.claim(sender.channel, 2)) == ids(queued)
