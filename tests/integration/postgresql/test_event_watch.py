"""Watchers that share a tail see every event once and in order, whatever the order in which processes commit."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import AsyncGenerator, Callable

from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.ports.queries import EventQuery
from clarion_server.application.queries.commit_signal import CommitSignal
from clarion_server.application.queries.event_watch import EventWatch, Watched
from clarion_server.application.transactions import Transactions

from tests.contract.store import samples
from tests.contract.store.given import Sender, a_sender, committing
from tests.integration.postgresql.test_event_watermark import record

OpenStore = Callable[[], SqlStore]
WRITERS = 4
COMMITS = 40
DEADLINE_S = 60
QUERY = EventQuery(samples.VISIBILITY, after=0, limit=20)


def write(store: SqlStore, sender: Sender, number: int) -> None:
    chance = random.Random(number)
    for count in range(COMMITS):
        with store.begin() as work:
            record(work, sender, f"{number}-{count}-a")
            # Some transactions go on for longer, so that others overtake them.
            for _ in range(chance.choice((0, 0, 5, 20))):
                work.processes.live(0)
            record(work, sender, f"{number}-{count}-b")
            if chance.random() < 0.9:
                work.commit()


async def seen_until(watch: AsyncGenerator[Watched], last: str, pause: float) -> list[str | None]:
    """Returns the messages of the events up to the last one. Takes a pause after each of them."""
    seen: list[str | None] = []
    async for watched in watch:
        if watched.event is not None:
            seen.append(watched.event.message_id)
            await asyncio.sleep(pause)
            if watched.event.message_id == last:
                break
    await watch.aclose()
    return seen


async def test_a_position_is_kept_though_a_slow_writer_holds_the_watermark_below_it(open_store: OpenStore) -> None:
    slow, quick = open_store(), open_store()
    with committing(slow) as work:
        sender = a_sender(work)
    transactions = Transactions(quick)
    watching = EventWatch(transactions, CommitSignal(transactions))
    with slow.begin() as first:
        record(first, sender, "slow")
        with committing(quick) as second:
            record(second, sender, "quick-1", "quick-2")
        with quick.snapshot() as work:
            newest = work.events.newest_sequence()
        watch = watching.watch(QUERY, newest)
        begun = await anext(watch)
        await watch.aclose()
    transactions.close()
    assert begun.position == newest > 2


async def test_of_many_writers_at_once_each_watcher_sees_each_event_once_and_in_order(open_store: OpenStore) -> None:
    writers = [open_store() for _ in range(WRITERS)]
    with committing(writers[0]) as work:
        sender = a_sender(work)
    transactions = Transactions(open_store())
    watching = EventWatch(transactions, CommitSignal(transactions))
    threads = [threading.Thread(target=write, args=(store, sender, number)) for number, store in enumerate(writers)]
    for thread in threads:
        thread.start()
    tasks = []
    for number in range(6):
        # Those that come later are behind at first, and those that take pauses fall behind.
        tasks.append(asyncio.create_task(seen_until(watching.watch(QUERY, 0), "last", 0.001 * (number % 3))))
        await asyncio.sleep(0.02)
    for thread in threads:
        await asyncio.to_thread(thread.join)
    with committing(writers[0]) as work:
        record(work, sender, "last")
    async with asyncio.timeout(DEADLINE_S):
        seen = await asyncio.gather(*tasks)
    with writers[0].snapshot() as work:
        committed = [event.message_id for event in work.events.tail(0, 10_000)]
    transactions.close()
    assert len(committed) > WRITERS * COMMITS
    assert seen == [committed] * len(tasks)
