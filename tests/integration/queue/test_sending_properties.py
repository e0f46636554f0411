"""Whatever the store, the queue, operators and the ends of processes do: when it is over, every message has been sent
once, and no process has one in its hands that it does not count.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any
from uuid import uuid4

import nats
import pytest
from clarion_server.adapters.queue.jetstream import (
    JetStreamQueue,
    connection,
    consumer,
    publisher,
    queue,
    read_address,
    reconciler,
)
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending import claim_loop, dispatcher
from clarion_server.application.sending.lease import Lease, Renewal
from clarion_server.application.transactions import Transactions
from clarion_server.domain.category import Category
from clarion_server.domain.channels.retry import RetryPolicy
from clarion_server.domain.errors import Unavailable
from clarion_server.domain.instant import DAY, MILLISECOND, MINUTE, SECOND
from clarion_server.domain.messages.message import OUTCOMES, Lane, MessageState
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from tests.contract.queue.kinds import Open, open_store_queue
from tests.fakes import LATER, FaultyStore, Provider
from tests.identities import EXCLUSIONS
from tests.memory_store import MemoryStore
from tests.nats_server import NatsServer, running_nats
from tests.unit.application.running import DEADLINE_S, Process, messages, recipient
from tests.unit.application.test_dispatcher_properties import SOAK, TickingClock
from tests.unit.application.world import World

CAMPAIGNS = ("order-confirmed", "news", "reset")
#: Long enough for every message to be retried as often as its provider wants.
RETRY_WINDOW = 7 * DAY


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is tried again is tried at once, as the clock of these tests goes much faster than that of NATS."""
    monkeypatch.setattr(dispatcher, "RETRY_SECONDS", 0.001)
    monkeypatch.setattr(claim_loop, "RETRY_SECONDS", 0.001)
    monkeypatch.setattr(consumer, "_RETRY_DELAY", 20 * MILLISECOND)
    for module in (consumer, queue):
        monkeypatch.setattr(module, "LONGEST_DELAY", 20 * MILLISECOND)
    for module, name in ((reconciler, "_REST"), (publisher, "_REST"), (connection, "_PAUSE")):
        monkeypatch.setattr(module, name, 0.02)
    monkeypatch.setattr(connection, "_LONGEST_PAUSE", 0.1)


class Streams:
    """Are the streams of one example on a server that is killed and changed behind the processes' backs."""

    def __init__(self, server: NatsServer) -> None:
        self._server = server
        self._prefix = f"p{uuid4().hex[:16]}"

    def open(self, transactions: Transactions, commits: GroupCommit, clock: Clock, lease: Lease) -> JetStreamQueue:
        # A name that nobody answers comes again after twice this span, by the clock of NATS.
        short = Lease(lease.process_id, 200 * MILLISECOND, clock)
        short.renewed(Renewal(clock.now(), clock.now() + 1_000 * DAY))
        address = read_address(f"{self._server.url}?prefix={self._prefix}")
        return JetStreamQueue(address, transactions, commits, clock, short, EXCLUSIONS)

    async def restart(self, number: int) -> None:
        self._server.kill()
        if number % 3 == 0:
            self._server.wipe()
        self._server.start()

    async def limit(self, number: int) -> None:
        await self._change(lambda context, stream: _limit(context, stream, number))

    async def delete(self, _number: int) -> None:
        await self._change(lambda context, stream: context.delete_stream(stream))

    async def purge(self, _number: int) -> None:
        await self._change(lambda context, stream: context.purge_stream(stream))

    async def _change(self, change: Callable[[JetStreamContext, str], Any]) -> None:
        client = await nats.connect(self._server.url)
        for lane in Lane:
            # The processes have not made it anew yet.
            with suppress(NotFoundError):
                await change(client.jetstream(), f"{self._prefix}-{lane.name.lower()}")
        await client.close()


async def _limit(context: JetStreamContext, stream: str, number: int) -> None:
    config = (await context.stream_info(stream)).config
    config.max_msgs = number
    await context.update_stream(config)


class Play:
    """Is two processes of one store, each with faults of its own."""

    def __init__(self, world: World, open_queue: Open, streams: Streams | None) -> None:
        self._world = world
        self._open_queue = open_queue
        self._streams = streams
        self._stores = [FaultyStore(world.store), FaultyStore(world.store)]
        self.provider = Provider(lambda email: LATER if email.attempt < len(email.address) % 4 else None)
        self.processes: list[Process] = []
        self._triggers: set[asyncio.Task[None]] = set()
        self._begun = 0

    async def start(self) -> None:
        self.processes = [await self._process(at) for at in (0, 1)]

    async def _process(self, at: int) -> Process:
        self._begun += 1
        name, store = f"process-{self._begun}", self._stores[at]
        process = Process(self._world, name, provider=self.provider, store=store, open_queue=self._open_queue)
        await process.start()
        return process

    # Each of these is a step, with the number of a process and another number.

    async def trigger(self, at: int, number: int) -> None:
        self._triggers.add(asyncio.create_task(self._trigger(self.processes[at], number)))

    async def _trigger(self, process: Process, number: int) -> None:
        self._begun += 1
        to = [recipient(f"email:{'x' * (each % 7)}{each}-{self._begun}@example.com") for each in range(number)]
        with suppress(Unavailable):
            await process.trigger(*to, campaign_id=CAMPAIGNS[number % 3])

    async def go_on(self, _at: int, number: int) -> None:
        for _ in range(number):
            await asyncio.sleep(0)

    async def wait(self, at: int, number: int) -> None:
        self._world.clock.advance(number * SECOND)
        await self.look(at, number)

    async def look(self, at: int, _number: int) -> None:
        with suppress(Unavailable):
            await self.processes[at].heartbeat.beat()

    async def fail(self, at: int, number: int) -> None:
        self._stores[at].passes, self._stores[at].failures = number % 3, 1 + number % 4

    async def lose_answers(self, at: int, number: int) -> None:
        self._stores[at].lost_answers = 1 + number % 2

    async def fail_to_read(self, at: int, number: int) -> None:
        self._stores[at].read_failures = 1 + number % 3

    async def hold_provider(self, _at: int, number: int) -> None:
        self._open_gates(are_open=number % 2 == 0)

    async def disable(self, at: int, number: int) -> None:
        await self._configure(at, disabled=number % 2 == 0)

    async def limit(self, at: int, number: int) -> None:
        await self._configure(at, max_concurrency=1 + number % 8)

    async def rate(self, at: int, number: int) -> None:
        await self._configure(at, max_rate=(0.0, 0.0001, 1_000.0)[number % 3])

    async def restart(self, at: int, _number: int) -> None:
        self._open_gates(are_open=True)
        self._end_faults()
        # A process ends when its calls have been answered.
        await asyncio.gather(*self._triggers)
        await self.processes[at].close()
        self.processes[at] = await self._process(at)

    async def disturb_queue(self, _at: int, number: int) -> None:
        if self._streams is not None:
            steps = self._streams.restart, self._streams.limit, self._streams.delete, self._streams.purge
            await steps[number % 4](number)

    def _open_gates(self, *, are_open: bool) -> None:
        for channel in self.provider.channels:
            if are_open:
                channel.gate.set()
            else:
                channel.gate.clear()

    def _end_faults(self) -> None:
        for store in self._stores:
            store.passes = store.failures = store.lost_answers = store.read_failures = 0

    async def _configure(self, at: int, **changes: Any) -> None:
        def change(unit: UnitOfWork) -> None:
            (channel,) = unit.channels.by_keys(unit.channels.revisions())
            unit.channels.save(replace(channel, revision=channel.revision + 1, **changes))

        await self._world.transactions.write(change)
        self.processes[at].claim_loop.look()

    async def end(self) -> None:
        """Ends all faults, and returns when nothing is left to do."""
        self._end_faults()
        if self._streams is not None:
            await self._streams.limit(-1)
        await self._configure(0, disabled=False, max_rate=0.0)
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(*self._triggers)
            while not self._is_over():
                self._open_gates(are_open=True)
                self._world.clock.advance(MINUTE)
                for at in (0, 1):
                    await self.look(at, 0)
                await asyncio.sleep(0.002)

    def _is_over(self) -> bool:
        in_flight = sum(process.in_flight_count for process in self.processes)
        return not in_flight and len(messages(self._world)) == len(messages(self._world, *OUTCOMES))

    async def close(self) -> None:
        self._end_faults()
        self._open_gates(are_open=True)
        for process in self.processes:
            await process.close()


STEPS = (
    *[Play.trigger] * 6,
    *[Play.go_on] * 6,
    *[Play.wait] * 3,
    *[Play.disturb_queue] * 3,
    Play.look,
    Play.fail,
    Play.fail,
    Play.lose_answers,
    Play.lose_answers,
    Play.fail_to_read,
    Play.hold_provider,
    Play.hold_provider,
    Play.disable,
    Play.disable,
    Play.limit,
    Play.rate,
    Play.restart,
)
Step = tuple[Callable[[Play, int, int], Any], int, int]
#: A shorter story would take minutes to find, as the end of each one that fails is waited for.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
STORIES = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 1), st.integers(1, 40)), min_size=10, max_size=40)


async def play(story: list[Step], open_queue: Open, streams: Streams | None = None) -> None:
    with closing(World(MemoryStore())) as world:
        await world.channel(max_concurrency=8, retry_policy=RetryPolicy(window=RETRY_WINDOW))
        for campaign_id in CAMPAIGNS:
            category = Category.MARKETING if campaign_id == "news" else Category.TRANSACTIONAL
            await world.live(campaign_id, category=category, rapid=campaign_id == "reset")
        world.clock = TickingClock(world.clock.time)
        playing = Play(world, open_queue, streams)
        await playing.start()
        try:
            for step, at, number in story:
                await step(playing, at, number)
            await playing.end()
        finally:
            await playing.close()
        assert set(messages(world)) == set(messages(world, MessageState.SENT))
        assert Counter(email.message_id for email in playing.provider.taken) == Counter(messages(world).keys())


@pytest.mark.timeout(3600 if SOAK else 600)
@settings(max_examples=2_000 if SOAK else 10, phases=PHASES)
@given(STORIES)
def test_whatever_happens_every_message_is_sent_once_by_the_queue_in_the_store(story: list[Step]) -> None:
    asyncio.run(play(story, open_store_queue))


@pytest.fixture(scope="module")
def server() -> Iterator[NatsServer]:
    with running_nats() as running:
        yield running


@pytest.mark.timeout(3600 if SOAK else 600)
@settings(max_examples=500 if SOAK else 6, phases=PHASES)
@given(STORIES)
def test_whatever_happens_every_message_is_sent_once_by_the_queue_in_nats(
    server: NatsServer, story: list[Step]
) -> None:
    streams = Streams(server)
    asyncio.run(play(story, streams.open, streams))
