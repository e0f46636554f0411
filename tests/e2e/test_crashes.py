"""A service that is killed at random moments loses nothing, and owns up to what it may have sent twice."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from clarion_client import (
    Accepted,
    AsyncClient,
    AttemptResult,
    DeadlineExceededError,
    InDoubtPolicy,
    Message,
    MessageState,
    Recipient,
    UnavailableError,
)

from tests.campaigns import CONTEXT, set_up
from tests.process import ServiceProcess
from tests.smtp_sink import SmtpSink
from tests.waiting import until

SOAK = bool(os.environ.get("CLARION_SOAK"))
KILLS = 200 if SOAK else 20
CALLERS = 8
#: A kill comes after so many further acknowledgements, at random: while mails are being sent, recorded, accepted.
ACKNOWLEDGED_BEFORE_KILL = (5, 60)
RECIPIENTS = 2
RESEND, PARK = "resend", "park"
OUTCOMES = {MessageState.SENT, MessageState.IN_DOUBT}


@dataclass
class Load:
    """Triggers without end, each repeated under its request id until it is acknowledged."""

    client: AsyncClient
    acknowledged: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The messages of each acknowledged execution."""
    replayed: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def run(self, caller: int) -> None:
        for number in itertools.count():
            campaign = PARK if number % 2 else RESEND
            answer = await self._trigger_until_acknowledged(campaign, f"{caller}-{number}")
            async with self.changed:
                self.acknowledged[answer.execution] = tuple(result.message for result in answer.recipients)
                self.replayed += answer.replayed
                self.changed.notify_all()

    async def _trigger_until_acknowledged(self, campaign: str, request_id: str) -> Accepted:
        recipients = [Recipient(f"{request_id}-{place}@example.com", CONTEXT) for place in range(RECIPIENTS)]
        while True:
            try:
                return await self.client.trigger(campaign, recipients, request_id=request_id)
            except (UnavailableError, DeadlineExceededError):
                continue

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(60), self.changed:
            await self.changed.wait_for(lambda: len(self.acknowledged) >= count)


@pytest.mark.timeout(3600 if SOAK else 150)
@pytest.mark.soak
async def test_what_was_acknowledged_has_exactly_one_outcome_whenever_the_service_is_killed(
    tmp_path: Path, show_counts: Callable[[str], None]
) -> None:
    chance = random.Random(4711)
    async with (
        SmtpSink() as sink,
        ServiceProcess(tmp_path, lease_seconds="1") as service,
        AsyncClient(service.target, api_key=service.admin_key) as client,
    ):
        await set_up(client, RESEND, sink.port)
        await set_up(client, PARK, sink.port, in_doubt_policy=InDoubtPolicy.PARK)
        load = Load(client)
        await kill_again_and_again(service, load, chance)
        await until_nothing_is_queued(client)
        messages = await all_messages(client)
        show_counts(counts_of(load, messages, sink))
        check_nothing_is_lost(load, messages)
        await check_what_was_sent(client, messages, sink)


async def kill_again_and_again(service: ServiceProcess, load: Load, chance: random.Random) -> None:
    callers = [asyncio.create_task(load.run(caller)) for caller in range(CALLERS)]
    for _ in range(KILLS):
        await load.wait_for(len(load.acknowledged) + chance.randint(*ACKNOWLEDGED_BEFORE_KILL))
        await service.kill()
        await service.start()
    for caller in callers:
        caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)


async def until_nothing_is_queued(client: AsyncClient) -> None:
    async def nothing_is_queued() -> bool:
        reports = [await client.reports.get(campaign) for campaign in (RESEND, PARK)]
        return not any(report.queued_count for report in reports)

    await until(nothing_is_queued, seconds=60)


async def all_messages(client: AsyncClient) -> dict[str, Message]:
    return {message.name: message async for message in client.messages.list(page_size=1000)}


def check_nothing_is_lost(load: Load, messages: dict[str, Message]) -> None:
    acknowledged = {message for names in load.acknowledged.values() for message in names}
    assert acknowledged <= messages.keys()
    assert {message.state for message in messages.values()} <= OUTCOMES


async def check_what_was_sent(client: AsyncClient, messages: dict[str, Message], sink: SmtpSink) -> None:
    received = Counter({f"messages/{header[1:].partition('@')[0]}": count for header, count in sink.counts.items()})
    assert received.keys() <= messages.keys()
    for name, message in messages.items():
        if message.state is MessageState.SENT:
            assert received[name] >= 1, name
        else:
            assert message.campaign == f"campaigns/{PARK}"
            assert received[name] <= 1, name
        if received[name] > 1:
            attempts = (await client.messages.get(name)).attempts
            in_doubt = sum(attempt.result is AttemptResult.IN_DOUBT for attempt in attempts)
            assert received[name] <= in_doubt + 1, name


def counts_of(load: Load, messages: dict[str, Message], sink: SmtpSink) -> str:
    twice = sum(count > 1 for count in sink.counts.values())
    states = Counter(message.state.value for message in messages.values())
    return (
        f"{KILLS} kills; {len(load.acknowledged)} triggers acknowledged ({load.replayed} of them replayed);"
        f" {len(messages)} messages: {dict(states)};"
        f" {sink.counts.total()} mails received, {twice} messages twice or more"
    )
