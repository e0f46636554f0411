"""Campaigns through their life, and what that means for the messages that were accepted."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from clarion_client import (
    Accepted,
    Action,
    AsyncClient,
    CampaignState,
    CancelOutcome,
    EmailContent,
    MessageState,
    PreconditionFailedError,
    QueueDisposal,
    Recipient,
    Schedule,
)

from tests.campaigns import CONTEXT, campaign, channel, set_up
from tests.e2e.wire.conftest import Sandbox
from tests.smtp_faults import SmtpFaults
from tests.smtp_sink import SmtpSink
from tests.waiting import soon, until

#: Says how many messages one process takes into its hands for a configuration with a single connection.
PLACES = 32
RECIPIENTS = 100


def recipients(count: int = RECIPIENTS) -> list[Recipient]:
    return [Recipient(f"r{index}@example.com", CONTEXT) for index in range(count)]


@dataclass(frozen=True)
class Jam:
    """Is the live campaign `orders` with a server that accepts no mail until its gate is opened."""

    client: AsyncClient
    server: SmtpFaults
    gate: asyncio.Event

    async def trigger(self, count: int = RECIPIENTS) -> Accepted:
        return await self.client.trigger("orders", recipients(count))

    async def fill(self) -> Accepted:
        """Triggers more messages than may be in flight, and returns when all slots are taken; the others are queued."""
        accepted = await self.trigger()

        async def places_are_taken() -> bool:
            return (await self.counts())[MessageState.SENDING] == PLACES

        await until(places_are_taken)
        return accepted

    async def counts(self) -> Counter[MessageState]:
        states = [message.state async for message in self.client.messages.list(campaign="orders", page_size=1000)]
        return Counter(states)

    async def until_counts(self, **expected: int) -> None:
        """Such as `SENT=3`; other states have none."""

        async def they_are() -> bool:
            return await self.counts() == {MessageState[state]: count for state, count in expected.items()}

        await until(they_are)

    async def claims_have_passed(self) -> None:
        """Whatever was to be claimed of other campaigns has been: a message of another one has left since."""
        await self.client.campaigns.create(campaign("behind", "orders"))
        await self.client.campaigns.activate("behind")
        answer = await self.client.trigger("behind", recipients(1))

        async def it_left() -> bool:
            return (await self.client.messages.get(answer.recipients[0].messages[0].message)).state is MessageState.SENT

        await until(it_left)


@pytest.fixture
async def jam(sandbox: Sandbox) -> AsyncIterator[Jam]:
    gate = asyncio.Event()
    async with SmtpFaults({"GREETING": gate}) as server:
        await sandbox.client.channels.create(channel("orders", server.port, max_concurrency=1))
        await sandbox.client.campaigns.create(campaign("orders", "orders"))
        await sandbox.client.campaigns.activate("orders")
        yield Jam(sandbox.client, server, gate)
        gate.set()


# Pause, resume, stop.


async def test_pausing_keeps_what_was_accepted_and_resuming_releases_it(jam: Jam) -> None:
    await jam.fill()
    paused = await jam.client.campaigns.pause("orders")
    assert paused.state is CampaignState.PAUSED
    with pytest.raises(PreconditionFailedError) as caught:
        await jam.trigger(1)
    assert caught.value.reason == "CAMPAIGN_NOT_LIVE"
    jam.gate.set()
    await jam.until_counts(SENT=PLACES, QUEUED=RECIPIENTS - PLACES)
    await jam.claims_have_passed()
    await jam.until_counts(SENT=PLACES, QUEUED=RECIPIENTS - PLACES)
    await jam.client.campaigns.resume("orders")
    await jam.until_counts(SENT=RECIPIENTS)
    assert len(jam.server.taken) == RECIPIENTS + 1


async def test_stopping_with_drain_sends_what_was_accepted_and_says_how_much_that_is(jam: Jam) -> None:
    await jam.fill()
    stop = await jam.client.campaigns.stop("orders", QueueDisposal.DRAIN)
    assert (stop.campaign.state, stop.queued_count) == (CampaignState.STOPPED, RECIPIENTS)
    jam.gate.set()
    await jam.until_counts(SENT=RECIPIENTS)
    with pytest.raises(PreconditionFailedError):
        await jam.trigger(1)


async def test_stopping_with_cancel_lets_nothing_queued_leave(jam: Jam) -> None:
    await jam.fill()
    stop = await jam.client.campaigns.stop("orders", QueueDisposal.CANCEL)
    assert (stop.campaign.state, stop.queued_count) == (CampaignState.STOPPED, RECIPIENTS)
    await jam.until_counts(SENDING=PLACES, CANCELLED=RECIPIENTS - PLACES)
    jam.gate.set()
    await jam.until_counts(SENT=PLACES, CANCELLED=RECIPIENTS - PLACES)
    report = await jam.client.reports.get("orders")
    assert (report.targeted_count, report.sent_count, report.cancelled_count, report.queued_count) == (
        RECIPIENTS,
        PLACES,
        RECIPIENTS - PLACES,
        0,
    )
    assert len(jam.server.taken) == PLACES


async def test_a_paused_campaign_that_is_stopped_lets_its_queue_go(jam: Jam) -> None:
    await jam.fill()
    await jam.client.campaigns.pause("orders")
    jam.gate.set()
    await jam.until_counts(SENT=PLACES, QUEUED=RECIPIENTS - PLACES)
    stop = await jam.client.campaigns.stop("orders", QueueDisposal.DRAIN)
    assert stop.queued_count == RECIPIENTS - PLACES
    await jam.until_counts(SENT=RECIPIENTS)


# CancelMessages.


async def test_cancelling_an_execution_tells_how_much_of_it_was_in_time(jam: Jam) -> None:
    begun, waiting = await jam.fill(), await jam.trigger(10)
    partial = await jam.client.executions.cancel(begun.execution)
    in_time = await jam.client.executions.cancel(waiting.execution)
    assert (partial.outcome, partial.cancelled_count, partial.too_late_count) == (
        CancelOutcome.PARTIAL,
        RECIPIENTS - PLACES,
        PLACES,
    )
    assert (in_time.outcome, in_time.cancelled_count, in_time.too_late_count) == (CancelOutcome.CANCELLED, 10, 0)
    assert partial.execution.message_counts is not None
    assert partial.execution.message_counts.sending_count == PLACES
    jam.gate.set()
    await jam.until_counts(SENT=PLACES, CANCELLED=RECIPIENTS - PLACES + 10)
    again = await jam.client.executions.cancel(begun.execution)
    assert (again.outcome, again.cancelled_count) == (CancelOutcome.PARTIAL, RECIPIENTS - PLACES)
    assert len(jam.server.taken) == PLACES


async def test_cancelling_what_was_sent_is_too_late(jam: Jam) -> None:
    jam.gate.set()
    answer = await jam.trigger(3)
    await jam.until_counts(SENT=3)
    execution = await jam.client.executions.cancel(answer.execution)
    assert (execution.outcome, execution.cancelled_count, execution.too_late_count) == (CancelOutcome.TOO_LATE, 0, 3)
    message = await jam.client.messages.cancel(answer.recipients[0].messages[0].message)
    assert (message.outcome, message.message.state) == (CancelOutcome.TOO_LATE, MessageState.SENT)


async def test_a_message_can_be_cancelled_while_it_is_queued_and_no_longer(jam: Jam) -> None:
    begun, queued = (
        (await jam.fill()).recipients[0].messages[0].message,
        (await jam.trigger(1)).recipients[0].messages[0].message,
    )
    late = await jam.client.messages.cancel(begun)
    assert (late.outcome, late.message.state) == (CancelOutcome.TOO_LATE, MessageState.SENDING)
    for _ in range(2):
        in_time = await jam.client.messages.cancel(queued)
        assert (in_time.outcome, in_time.message.state) == (CancelOutcome.CANCELLED, MessageState.CANCELLED)
    jam.gate.set()
    await jam.until_counts(SENT=RECIPIENTS, CANCELLED=1)
    cancelled = await jam.client.messages.get(queued)
    assert ([event.type.value for event in cancelled.events], cancelled.attempt_count) == (["CANCELLED"], 0)


# Times.


async def test_a_message_leaves_at_its_send_time_and_not_before(orders: AsyncClient, sink: SmtpSink) -> None:
    send_time = await soon(orders, calls=2)
    answer = await orders.trigger("orders", to="jane@example.com", context=CONTEXT, send_time=send_time)
    name = answer.recipients[0].messages[0].message
    waiting = await orders.messages.get(name)
    assert (waiting.state, waiting.due_time) == (MessageState.QUEUED, send_time)
    await sink.wait_for(1)

    async def it_was_sent() -> bool:
        return (await orders.messages.get(name)).state is MessageState.SENT

    await until(it_was_sent)
    (attempt,) = (await orders.messages.get(name)).attempts
    assert attempt.start_time >= send_time


async def test_a_message_that_has_not_left_at_its_expiry_never_does(jam: Jam) -> None:
    await jam.trigger(1)
    expire_time = await soon(jam.client, calls=1, seconds=0.5)
    late = await jam.client.trigger("orders", to="late@example.com", context=CONTEXT, expire_time=expire_time)
    await asyncio.sleep((expire_time - dt.datetime.now(dt.UTC)).total_seconds())
    jam.gate.set()
    await jam.until_counts(SENT=1, EXPIRED=1)
    message = await jam.client.messages.get(late.recipients[0].messages[0].message)
    assert message.state is MessageState.EXPIRED
    assert (message.attempts, message.attempt_count) == ((), 0)
    assert [event.type.value for event in message.events] == ["EXPIRED"]


async def test_a_scheduled_campaign_goes_live_and_ends_by_itself(sandbox: Sandbox, sink: SmtpSink) -> None:
    start_time = await soon(sandbox.client, calls=5)
    schedule = Schedule(start_time=start_time, end_time=start_time + (start_time - dt.datetime.now(dt.UTC)) * 2)
    await set_up(sandbox.client, "sale", sink.port, schedule=schedule)
    assert (await sandbox.client.campaigns.get("sale")).state is CampaignState.SCHEDULED
    await refused_outside_its_window(sandbox.client)
    await until_state(sandbox.client, CampaignState.LIVE)
    await sandbox.client.trigger("sale", to="jane@example.com", context=CONTEXT)
    await until_state(sandbox.client, CampaignState.COMPLETED)
    await refused_outside_its_window(sandbox.client)
    assert len(await sink.wait_for(1)) == 1


async def until_state(client: AsyncClient, state: CampaignState) -> None:
    async def it_is() -> bool:
        return [found.name async for found in client.campaigns.list(states=[state])] == ["campaigns/sale"]

    await until(it_is)


async def refused_outside_its_window(client: AsyncClient) -> None:
    with pytest.raises(PreconditionFailedError) as caught:
        await client.trigger("sale", to="jane@example.com", context=CONTEXT)
    assert caught.value.reason == "CAMPAIGN_OUTSIDE_WINDOW"


# Versions.


def with_subject(subject: str) -> Action:
    return Action(channel_configuration="orders", email=EmailContent(subject=subject, text="Hello."))


async def test_what_is_sent_changes_with_activation_alone(orders: AsyncClient, sink: SmtpSink) -> None:
    async def subject_now() -> str:
        count = len(sink.mails)
        await orders.trigger("orders", to="jane@example.com", context=CONTEXT)
        return str((await sink.wait_for(count + 1))[-1].parsed["Subject"])

    await orders.campaigns.update(campaign("orders", "orders", actions=[with_subject("Second")]), ["actions"])
    assert await subject_now() == "Order 4711"
    live = await orders.campaigns.get("orders")
    assert (live.live_version, live.draft_pending) == (1, True)
    await orders.campaigns.activate("orders")
    assert await subject_now() == "Second"
    await orders.campaigns.activate("orders", version=1)
    assert await subject_now() == "Order 4711"
    back = await orders.campaigns.get("orders")
    assert (back.live_version, back.actions[0].email) == (1, with_subject("Second").email)
    await orders.campaigns.activate("orders")
    assert await subject_now() == "Second"
    assert [version.version async for version in orders.campaigns.versions("orders")] == [3, 2, 1]


async def test_what_was_accepted_is_what_is_sent_though_another_version_is_live(jam: Jam) -> None:
    await jam.trigger(5)
    await jam.client.campaigns.update(campaign("orders", "orders", actions=[with_subject("Second")]), ["actions"])
    await jam.client.campaigns.activate("orders")
    await jam.trigger(1)
    jam.gate.set()
    await jam.until_counts(SENT=6)
    subjects = Counter(b"Subject: Second" in content for content in jam.server.taken)
    assert subjects == {False: 5, True: 1}
