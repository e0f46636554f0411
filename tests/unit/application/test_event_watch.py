"""Watchers see events as they are committed: each once, in order, none missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import AbstractContextManager, aclosing, closing
from dataclasses import replace

import pytest
from clarion_server.application.ports.queries import EventQuery
from clarion_server.application.ports.store import StoreUnavailable, UnitOfWork
from clarion_server.application.queries import commit_signal, event_tail
from clarion_server.application.queries import event_watch as event_watch_module
from clarion_server.application.queries.commit_signal import CommitSignal
from clarion_server.application.queries.event_watch import EventWatch, Watched
from clarion_server.application.transactions import READERS, Transactions
from clarion_server.domain.errors import Unavailable
from clarion_server.domain.events.event import Event, EventType
from clarion_server.domain.instant import HOUR, Instant
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import FaultyStore
from tests.memory_store import MemoryStore
from tests.unit.application.running import DEADLINE_S, until
from tests.unit.application.world import AUTHOR, STRANGER, World

ALL = EventQuery(AUTHOR.visibility, after=0)
TYPES = tuple(EventType)


@pytest.fixture(autouse=True)
def without_gathering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Watchers do not wait for further commits."""
    monkeypatch.setattr(commit_signal, "_GATHER_SECONDS", 0)


class Watchtower:
    """Watches a world's events, over transactions of its own, and commits some."""

    def __init__(self, world: World) -> None:
        self.transactions = Transactions(world.store)
        self.signal = CommitSignal(self.transactions)
        self.watching = EventWatch(self.transactions, self.signal)

    async def commit(self, *types: EventType, campaign_key: int = 1, execution: int = 1, silent: bool = False) -> None:
        """Commits events. A `silent` commit is of another process."""
        added = [an_event(type_, campaign_key, execution) for type_ in types]
        await self.transactions.write(lambda unit: unit.events.add_all(added))
        if not silent:
            self.signal.commit_happened()

    def watch(self, query: EventQuery = ALL, start: int | None = None) -> AsyncGenerator[Watched]:
        return self.watching.watch(query, start)

    def close(self) -> None:
        self.transactions.close()


def an_event(type_: EventType, campaign_key: int, execution: int) -> Event:
    message_id = f"{execution:032x}-0000-0"
    return Event(type_, HOUR, "default", f"messages/{message_id}", message_id=message_id, campaign_key=campaign_key)


@pytest.fixture
async def tower(world: World) -> AsyncIterator[Watchtower]:
    await world.live()
    made = Watchtower(world)
    yield made
    made.close()


async def take(watch: AsyncIterator[Watched], count: int) -> list[Watched]:
    async with asyncio.timeout(DEADLINE_S):
        return [await anext(watch) for _ in range(count)]


def types_of(watched: Iterable[Watched]) -> list[EventType]:
    return [each.event.type for each in watched if each.event is not None]


async def test_the_first_answer_comes_at_once_and_carries_no_event(tower: Watchtower) -> None:
    await tower.commit(EventType.SENT)
    assert await take(tower.watch(), 1) == [Watched(1)]


async def test_a_watch_begins_with_the_moment_of_its_first_answer(tower: Watchtower) -> None:
    await tower.commit(EventType.SENT)
    watch = tower.watch()
    await take(watch, 1)
    await tower.commit(EventType.FAILED, EventType.EXPIRED)
    assert types_of(await take(watch, 2)) == [EventType.FAILED, EventType.EXPIRED]


async def test_a_watch_from_the_start_begins_with_the_oldest_event(tower: Watchtower) -> None:
    await tower.commit(EventType.SENT, EventType.FAILED)
    assert [each.position for each in await take(tower.watch(start=0), 3)] == [0, 1, 2]


async def test_commits_of_other_processes_are_noticed(tower: Watchtower) -> None:
    watch = tower.watch()
    await take(watch, 1)
    await tower.commit(EventType.SENT, silent=True)
    assert types_of(await take(watch, 1)) == [EventType.SENT]


async def test_more_events_than_a_page_come_in_order(tower: Watchtower) -> None:
    await tower.commit(*[EventType.SENT] * 1_203)
    watched = await take(tower.watch(replace(ALL, limit=500), start=0), 1_204)
    assert [each.position for each in watched] == list(range(1_204))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (replace(ALL, types=frozenset({EventType.FAILED})), [2, 4]),
        (replace(ALL, campaign_key=2), [3, 4]),
        (replace(ALL, execution_id=f"{7:032x}"), [5]),
        (replace(ALL, message_id=f"{7:032x}-0000-0"), [5]),
        (replace(ALL, campaign_key=2, types=frozenset({EventType.FAILED})), [4]),
    ],
)
async def test_a_watch_shows_what_its_filters_let_through(
    world: World, tower: Watchtower, query: EventQuery, expected: Sequence[int]
) -> None:
    await world.live("other")
    await tower.commit(EventType.SENT, EventType.FAILED)
    await tower.commit(EventType.SENT, EventType.FAILED, campaign_key=2)
    await tower.commit(EventType.SENT, execution=7)
    watched = await take(tower.watch(query, start=0), 1 + len(expected))
    assert [each.position for each in watched[1:]] == expected


async def test_a_watch_shows_nothing_of_another_sandbox(tower: Watchtower) -> None:
    await tower.commit(EventType.SENT)
    watch = tower.watch(EventQuery(STRANGER.visibility, after=0), start=0)
    await take(watch, 1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(watch), 0.05)


async def test_a_watch_without_events_says_so_and_how_far_it_is(
    tower: Watchtower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_watch_module, "HEARTBEAT", 0.05)
    watch = tower.watch(replace(ALL, types=frozenset({EventType.FAILED})))
    await take(watch, 1)
    await tower.commit(EventType.SENT, EventType.SENT)
    assert await take(watch, 1) == [Watched(2)]


async def test_watches_end_with_their_process(tower: Watchtower) -> None:
    watch = tower.watch()
    await take(watch, 1)
    waiting = asyncio.ensure_future(anext(watch))
    await asyncio.sleep(0)
    tower.watching.end()
    with pytest.raises(Unavailable):
        await asyncio.wait_for(waiting, DEADLINE_S)
    late = tower.watch()
    await take(late, 1)
    with pytest.raises(Unavailable):
        await take(late, 1)


# One tail for all watchers.


class ReadCountingStore(FaultyStore):
    """Is a store that counts the snapshots of watchers, and refuses them while `moody` is set."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.read_count = 0
        self.moody = False

    def event_snapshot(self) -> AbstractContextManager[UnitOfWork]:
        if self.moody:
            raise StoreUnavailable
        self.read_count += 1
        return super().event_snapshot()


@pytest.fixture
async def counted() -> AsyncIterator[tuple[ReadCountingStore, Watchtower]]:
    store = ReadCountingStore()
    with closing(World(store)) as world:
        await world.live()
        with closing(Watchtower(world)) as tower:
            yield store, tower


async def test_an_event_is_read_once_however_many_watch(counted: tuple[ReadCountingStore, Watchtower]) -> None:
    store, tower = counted
    watches = [tower.watch() for _ in range(50)]
    for watch in watches:
        await take(watch, 1)
    waiting = [asyncio.create_task(take(watch, 1)) for watch in watches]
    before = store.read_count
    await tower.commit(EventType.SENT)
    assert [types_of(watched) for watched in await asyncio.gather(*waiting)] == [[EventType.SENT]] * 50
    assert store.read_count - before < 10


async def test_a_watcher_that_takes_events_slowly_falls_behind_and_misses_nothing(
    tower: Watchtower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_tail, "MAX_WAITING", 3)
    slow, quick = tower.watch(), tower.watch()
    await take(slow, 1)
    await take(quick, 1)
    seen: list[Watched] = []
    for number in range(20):
        await tower.commit(TYPES[number % len(TYPES)])
        seen += await take(quick, 1)
        if number == 0:
            first = await take(slow, 1)
    assert first + await take(slow, 19) == seen
    await tower.commit(EventType.EXPIRED)
    assert types_of(await take(slow, 1)) == [EventType.EXPIRED]


async def test_watchers_end_as_unavailable_when_the_store_fails_and_the_next_ones_go_on(
    counted: tuple[ReadCountingStore, Watchtower],
) -> None:
    store, tower = counted
    watches = [tower.watch() for _ in range(3)]
    for watch in watches:
        await take(watch, 1)
    waiting = [asyncio.create_task(take(watch, 1)) for watch in watches]
    await asyncio.sleep(0)
    store.moody = True
    await tower.commit(EventType.SENT)
    for each in waiting:
        with pytest.raises(Unavailable):
            await each
    store.moody = False
    assert types_of(await take(tower.watch(start=0), 2)) == [EventType.SENT]


async def test_a_watcher_that_joins_others_sees_what_is_committed_from_then_on(tower: Watchtower) -> None:
    first = tower.watch()
    await take(first, 1)
    for number in range(3):
        await tower.commit(EventType.SENT)
        await take(first, 1)
        late = tower.watch()
        (begin,) = await take(late, 1)
        assert begin.position == 2 * number + 1
        await tower.commit(EventType.FAILED)
        assert types_of(await take(late, 1)) == types_of(await take(first, 1)) == [EventType.FAILED]


async def test_a_watcher_that_leaves_at_the_moment_of_a_commit_leaves_no_second_tail_behind(
    tower: Watchtower,
) -> None:
    before = asyncio.all_tasks()
    for _ in range(5):
        watch = tower.watch()
        await take(watch, 1)
        waiting = asyncio.create_task(take(watch, 1))
        await until(lambda: len(asyncio.all_tasks() - before) == 2)
        # The read of the tail goes before these, so that it waits for a commit when they are done.
        await asyncio.gather(*(tower.transactions.read(lambda _: None) for _ in range(2 * READERS)))
        tower.signal.commit_happened()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await watch.aclose()
        await until(lambda: asyncio.all_tasks() == before)


# Whatever is committed, and wherever the connection breaks.

commits = st.lists(st.lists(st.sampled_from(TYPES), min_size=1, max_size=5), max_size=8)


async def follow(
    before: list[list[EventType]], during: list[list[EventType]], wanted: frozenset[EventType], cut: int
) -> None:
    """Watches what was committed before and during the watch, which breaks after every `cut` answers."""
    with closing(World()) as world:
        await world.live()
        with closing(Watchtower(world)) as tower:
            for types in before:
                await tower.commit(*types)
            expected = [type_ for types in (*before, *during) for type_ in types if not wanted or type_ in wanted]
            committing = asyncio.create_task(commit_all(tower, during))
            seen: list[Watched] = []
            position: Instant = 0
            while len(seen) < len(expected):
                async with aclosing(tower.watching.watch(replace(ALL, types=wanted, limit=3), position)) as watch:
                    answers = await take(watch, 1 + min(cut, len(expected) - len(seen)))
                position = answers[-1].position
                seen += answers[1:]
            await committing
            assert types_of(seen) == expected
            assert [each.position for each in seen] == sorted({each.position for each in seen})


async def commit_all(tower: Watchtower, batches: list[list[EventType]]) -> None:
    for place, types in enumerate(batches):
        await tower.commit(*types, silent=place % 4 == 3)
        await asyncio.sleep(0)


@settings(max_examples=40, deadline=None)
@given(commits, commits, st.frozensets(st.sampled_from(TYPES), max_size=3), st.integers(1, 4))
def test_a_watch_that_goes_on_from_its_last_position_misses_nothing_and_repeats_nothing(
    before: list[list[EventType]], during: list[list[EventType]], wanted: frozenset[EventType], cut: int
) -> None:
    asyncio.run(follow(before, during, wanted, cut))


@settings(max_examples=20, deadline=None)
@given(commits)
def test_from_every_position_on_a_watch_shows_all_that_follows(before: list[list[EventType]]) -> None:
    async def scenario() -> None:
        with closing(World()) as world:
            await world.live()
            with closing(Watchtower(world)) as tower:
                for types in before:
                    await tower.commit(*types)
                expected = [type_ for types in before for type_ in types]
                for position in range(len(expected) + 1):
                    watched = await take(tower.watch(start=position), 1 + len(expected) - position)
                    assert types_of(watched) == expected[position:]

    asyncio.run(scenario())


@pytest.mark.parametrize("turns", range(4))
async def test_a_cancellation_that_comes_with_a_commit_is_not_lost(tower: Watchtower, turns: int) -> None:
    waiting = asyncio.create_task(tower.signal.wait(tower.transactions.commit_version()))
    await asyncio.sleep(0.001)
    tower.signal.commit_happened()
    for _ in range(turns):
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting], timeout=DEADLINE_S)
    assert waiting.cancelled()


async def test_a_position_beyond_the_last_event_is_the_last_one(tower: Watchtower) -> None:
    await tower.commit(EventType.SENT)
    async with aclosing(tower.watching.watch(ALL, 2**60)) as watch:
        begun = await anext(watch)
        await tower.commit(EventType.FAILED)
        event = (await anext(watch)).event
    assert (begun.position, event and event.type) == (1, EventType.FAILED)
