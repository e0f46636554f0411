"""Load on a service that is crashed at random moments, and the check that nothing of it was lost."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from clarion_client import (
    Accepted,
    AsyncClient,
    AttemptResult,
    Category,
    DeadlineExceededError,
    FrequencyCap,
    InDoubtPolicy,
    Message,
    MessageState,
    Recipient,
    SendingPolicy,
    UnavailableError,
)
from clarion_server.domain.sending_policies.cap_entries import CapEntries

from tests.campaigns import CONTEXT, set_up
from tests.smtp_sink import SmtpSink
from tests.waiting import until

RECIPIENTS = 2
#: Says how many triggers the load is ahead of those that a test waits for: it goes on while something is killed, and
#: does not keep the machine from starting it again.
AHEAD = 60
#: Says how long, in seconds, a test waits for acknowledgements. Only a failing test waits so long.
MORE_SECONDS = 180
RESEND, PARK = "resend", "park"
OUTCOMES = {MessageState.SENT, MessageState.IN_DOUBT}


@dataclass
class Load:
    """Triggers, each repeated under its request id until it is acknowledged. Pauses while nobody waits for more."""

    clients: Sequence[AsyncClient]
    """Each caller sends a repetition through the next client."""
    acknowledged: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Holds the messages of each acknowledged execution."""
    replayed: int = 0
    ended: bool = False
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    limit: int = AHEAD
    """So many triggers are acknowledged before the load pauses."""

    async def run(self, caller: int) -> None:
        clients = itertools.cycle([*self.clients[caller:], *self.clients[:caller]])
        for number in itertools.count():
            await self._until_wanted()
            if self.ended:
                return
            campaign = PARK if number % 2 else RESEND
            answer = await self._trigger_until_acknowledged(clients, campaign, f"{caller}-{number}")
            async with self.changed:
                self.acknowledged[answer.execution] = tuple(result.messages[0].message for result in answer.recipients)
                self.replayed += answer.replayed
                self.changed.notify_all()

    async def _until_wanted(self) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: self.ended or len(self.acknowledged) < self.limit)

    async def _trigger_until_acknowledged(
        self, clients: Iterator[AsyncClient], campaign: str, request_id: str
    ) -> Accepted:
        recipients = [Recipient(f"{request_id}-{index}@example.com", CONTEXT) for index in range(RECIPIENTS)]
        while True:
            try:
                return await next(clients).trigger(campaign, recipients, request_id=request_id)
            except (UnavailableError, DeadlineExceededError):
                continue

    async def wait_for_more(self, count: int) -> None:
        """Waits for so many further acknowledgements. The load goes on behind them, but not for long."""
        wanted = len(self.acknowledged) + count
        self.limit = wanted + AHEAD
        async with asyncio.timeout(MORE_SECONDS), self.changed:
            self.changed.notify_all()
            await self.changed.wait_for(lambda: len(self.acknowledged) >= wanted)

    async def end(self) -> None:
        self.ended = True
        async with self.changed:
            self.changed.notify_all()


async def set_up_campaigns(client: AsyncClient, port: int) -> None:
    await set_up(client, RESEND, port)
    await set_up(client, PARK, port, in_doubt_policy=InDoubtPolicy.PARK)


async def count_for_everybody(client: AsyncClient) -> None:
    """Makes a cap that counts every message and keeps none back."""
    cap = FrequencyCap(count=100, sliding=dt.timedelta(days=92), categories=[Category.TRANSACTIONAL])
    policy = SendingPolicy(name="default", display_name="Everything", time_zone="Etc/UTC", caps=[cap])
    await client.sending_policies.create(policy)


async def check_what_caps_count(
    client: AsyncClient, rows: Iterable[tuple[str]], show_counts: Callable[[str], None]
) -> None:
    """Compares the messages with the rows of `SELECT times FROM cap_entries`."""
    counted = [message_id for (times,) in rows for message_id in CapEntries(packed=times).times]
    messages = await all_messages(client)
    show_counts(f"caps count {len(counted)} messages of {len(messages)} that were sent or are in doubt")
    assert sorted(counted) == sorted(name.removeprefix("messages/") for name in messages)


@asynccontextmanager
async def under_load(*clients: AsyncClient, callers: int = 8) -> AsyncIterator[Load]:
    """Callers trigger through these clients. In the end each has its last answer: no trigger is under way any more."""
    load = Load(clients)
    async with asyncio.TaskGroup() as tasks:
        for caller in range(callers):
            tasks.create_task(load.run(caller))
        yield load
        await load.end()


async def check(what: str, load: Load, sink: SmtpSink, show_counts: Callable[[str], None]) -> None:
    """Waits until every message has its outcome, and looks at each."""
    client = load.clients[0]
    await until_nothing_is_queued(client)
    messages = await all_messages(client)
    show_counts(counts_of(what, load, messages, sink))
    check_nothing_is_lost(load, messages)
    await check_what_was_sent(client, messages, sink)


async def until_nothing_is_queued(client: AsyncClient) -> None:
    async def nothing_is_queued() -> bool:
        reports = [await client.reports.get(campaign) for campaign in (RESEND, PARK)]
        return not any(report.queued_count for report in reports)

    await until(nothing_is_queued, seconds=180)


async def all_messages(client: AsyncClient) -> dict[str, Message]:
    return {
        message.name: message
        for campaign in (RESEND, PARK)
        async for message in client.messages.list(campaign=campaign, page_size=1000)
    }


def check_nothing_is_lost(load: Load, messages: dict[str, Message]) -> None:
    acknowledged = {message for names in load.acknowledged.values() for message in names}
    assert acknowledged == messages.keys()
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


def counts_of(what: str, load: Load, messages: dict[str, Message], sink: SmtpSink) -> str:
    twice = sum(count > 1 for count in sink.counts.values())
    states = Counter(message.state.value for message in messages.values())
    return (
        f"{what}; {len(load.acknowledged)} triggers acknowledged ({load.replayed} of them replayed);"
        f" {len(messages)} messages: {dict(states)};"
        f" {sink.counts.total()} mails received, {twice} messages twice or more"
    )
