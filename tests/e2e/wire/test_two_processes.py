"""Two processes on one SQLite file: each request, message and change counts once, in whichever process it arrives."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from clarion_client import (
    Accepted,
    AsyncClient,
    AttemptResult,
    DeadlineExceededError,
    InDoubtPolicy,
    InvalidRequestError,
    MessageState,
    PreconditionFailedError,
    Recipient,
    RecipientOutcome,
    UnavailableError,
)

from tests.campaigns import CONTEXT, campaign, set_up
from tests.process import ServiceProcess
from tests.smtp_sink import SmtpSink
from tests.waiting import until

SOAK = bool(os.environ.get("CLARION_SOAK"))
KILLS = 30 if SOAK else 2
CALLERS = 6
ACKNOWLEDGED_BEFORE_KILL = 60

WIDER_SCHEMA = {
    "type": "object",
    "properties": {"order": {"type": "string"}, "gift": {"type": "string"}},
    "required": ["order"],
    "additionalProperties": False,
}


#: Processes belong to the loop that started them.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def processes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[ServiceProcess, ServiceProcess]]:
    """Two processes on one file."""
    folder = Path(tmp_path_factory.mktemp("two"))
    async with ServiceProcess(folder, lease_seconds="1") as first, ServiceProcess(folder, lease_seconds="1") as second:
        second.admin_key = first.admin_key
        yield first, second


@pytest_asyncio.fixture(loop_scope="module")
async def sink() -> AsyncIterator[SmtpSink]:
    async with SmtpSink() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def pair(processes: tuple[ServiceProcess, ServiceProcess]) -> AsyncIterator[tuple[AsyncClient, AsyncClient]]:
    """A client of each."""
    first, second = processes
    async with (
        AsyncClient(first.target, api_key=first.admin_key) as one,
        AsyncClient(second.target, api_key=second.admin_key) as other,
    ):
        yield one, other


async def test_one_request_through_both_processes_at_once_is_one_execution_and_one_mail(
    pair: tuple[AsyncClient, AsyncClient], sink: SmtpSink
) -> None:
    await set_up(pair[0], "same", sink.port)
    for request_id in range(30):
        to = f"r{request_id}@example.com"
        calls = [
            client.trigger("same", to=to, context=CONTEXT, request_id=str(request_id))
            for _ in range(5)
            for client in pair
        ]
        answers = await asyncio.gather(*calls)
        assert len({answer.execution for answer in answers}) == 1
        assert [answer.replayed for answer in answers].count(False) == 1
    await sink.wait_for(30)
    print(f"\n300 calls through two processes, 30 request ids: {sink.counts.total()} mails")
    assert set(sink.counts.values()) == {1}
    assert (await pair[1].reports.get("same")).targeted_count == 30


async def test_what_one_process_changes_counts_in_the_other_at_once(
    pair: tuple[AsyncClient, AsyncClient], sink: SmtpSink
) -> None:
    one, other = pair
    await set_up(one, "changing", sink.port)
    await other.trigger("changing", to="jane@example.com", context=CONTEXT)
    await one.campaigns.update(campaign("changing", "changing", context_schema=WIDER_SCHEMA), ["context_schema"])
    await one.campaigns.activate("changing")
    await other.trigger("changing", to="jane@example.com", context={**CONTEXT, "gift": "a bow"})
    await one.campaigns.pause("changing")
    with pytest.raises(PreconditionFailedError):
        await other.trigger("changing", to="jane@example.com", context=CONTEXT)
    await other.campaigns.resume("changing")
    await one.trigger("changing", to="jane@example.com", context=CONTEXT)
    with pytest.raises(InvalidRequestError):
        await one.trigger("changing", to="jane@example.com", context={})


async def test_an_address_suppressed_in_one_process_gets_nothing_from_the_other(
    pair: tuple[AsyncClient, AsyncClient], sink: SmtpSink
) -> None:
    one, other = pair
    await set_up(one, "suppressing", sink.port)
    for place in range(20):
        address = f"r{place}@suppressed.example"
        suppression = await one.suppressions.create(address)
        answer = await other.trigger("suppressing", to=address, context=CONTEXT)
        assert answer.recipients[0].outcome is RecipientOutcome.EXCLUDED
        await other.suppressions.delete(suppression.name)
        answer = await one.trigger("suppressing", to=address, context=CONTEXT)
        assert answer.recipients[0].outcome is RecipientOutcome.ACCEPTED
    await sink.wait_for(20)
    report = await one.reports.get("suppressing")
    assert (report.targeted_count, report.excluded_count, report.hand_off_excluded_counts) == (40, 20, {})


async def test_a_watch_sees_the_events_of_both(pair: tuple[AsyncClient, AsyncClient], sink: SmtpSink) -> None:
    one, other = pair
    await set_up(one, "watched", sink.port)
    async with other.messages.watch(campaign="watched") as watch, asyncio.timeout(30):
        sent = [await client.trigger("watched", to="jane@example.com", context=CONTEXT) for client in pair * 3]
        seen = {(await anext(watch)).execution for _ in sent}
    assert seen == {answer.execution for answer in sent}


@dataclass
class Load:
    """Triggers without end through both processes, each repeated under its request id until one acknowledges it."""

    clients: tuple[AsyncClient, ...]
    acknowledged: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The messages of each acknowledged execution."""
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def run(self, caller: int) -> None:
        turns = itertools.cycle(self.clients[caller % 2 :] + self.clients[: caller % 2])
        for number in itertools.count():
            answer = await self._trigger(turns, "parking" if number % 2 else "resending", f"{caller}-{number}")
            async with self.changed:
                self.acknowledged[answer.execution] = tuple(result.messages[0].message for result in answer.recipients)
                self.changed.notify_all()

    async def _trigger(self, turns: itertools.cycle[AsyncClient], campaign: str, request_id: str) -> Accepted:
        recipients = [Recipient(f"{request_id}-{index}@example.com", CONTEXT) for index in range(2)]
        while True:
            try:
                return await next(turns).trigger(campaign, recipients, request_id=request_id, timeout=2)
            except (UnavailableError, DeadlineExceededError):
                continue

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(60), self.changed:
            await self.changed.wait_for(lambda: len(self.acknowledged) >= count)


@pytest.mark.soak
@pytest.mark.timeout(3600 if SOAK else 600)
async def test_every_message_has_exactly_one_outcome_though_one_of_the_two_is_killed(
    processes: tuple[ServiceProcess, ServiceProcess], pair: tuple[AsyncClient, AsyncClient], sink: SmtpSink
) -> None:
    await set_up(pair[0], "resending", sink.port)
    await set_up(pair[0], "parking", sink.port, in_doubt_policy=InDoubtPolicy.PARK)
    # The client sends a call at once to the other process when one is dead.
    load = Load(tuple(AsyncClient(each.target, api_key=each.admin_key, retry=None) for each in processes))
    callers = [asyncio.create_task(load.run(caller)) for caller in range(CALLERS)]
    for turn in range(KILLS):
        await load.wait_for(len(load.acknowledged) + ACKNOWLEDGED_BEFORE_KILL)
        await processes[turn % 2].kill()
        await load.wait_for(len(load.acknowledged) + ACKNOWLEDGED_BEFORE_KILL)
        await processes[turn % 2].start()
    for caller in callers:
        caller.cancel()
    await asyncio.gather(*callers, *(client.close() for client in load.clients), return_exceptions=True)
    await until_nothing_is_queued(pair[0])
    await check(load, pair[1], sink)


async def until_nothing_is_queued(client: AsyncClient) -> None:
    async def nothing_is_queued() -> bool:
        reports = [await client.reports.get(campaign) for campaign in ("resending", "parking")]
        return not any(report.queued_count for report in reports)

    await until(nothing_is_queued, seconds=60)


async def check(load: Load, client: AsyncClient, sink: SmtpSink) -> None:
    messages = {
        message.name: message
        for campaign in ("resending", "parking")
        async for message in client.messages.list(campaign=campaign, page_size=1000)
    }
    received = Counter({f"messages/{header[1:].partition('@')[0]}": count for header, count in sink.counts.items()})
    states = Counter(message.state.value for message in messages.values())
    twice = [name for name, count in received.items() if count > 1]
    print(f"\n{KILLS} kills, {len(load.acknowledged)} triggers: {dict(states)}; {len(twice)} messages received twice")
    assert {name for names in load.acknowledged.values() for name in names} <= messages.keys()
    assert states.keys() <= {MessageState.SENT.value, MessageState.IN_DOUBT.value}
    for name, message in messages.items():
        if message.state is MessageState.SENT:
            assert received[name] >= 1
        else:
            assert (message.campaign, received[name] <= 1) == ("campaigns/parking", True)
    for name in twice:
        attempts = (await client.messages.get(name)).attempts
        assert received[name] <= 1 + sum(attempt.result is AttemptResult.IN_DOUBT for attempt in attempts)
