"""Steps of bulk work leave the disk to others, and nobody is told of them before they are there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from clarion_server.adapters.system import SystemIds
from clarion_server.application import lagging_commits
from clarion_server.application.audience_runs.part_size import PartSize
from clarion_server.application.lagging_commits import LaggingCommits
from clarion_server.application.ports.store import StoreUnavailable, UnitOfWork
from clarion_server.application.suppressions.entries import CreateSuppression
from clarion_server.application.suppressions.importing import ImportSuppressions
from clarion_server.application.transactions import Transactions
from clarion_server.application.triggering.cancel import CancelMessages
from clarion_server.domain.errors import Unavailable
from clarion_server.domain.messages.message import MessageState

from tests.memory_store import MemoryStore
from tests.unit.application.audience_running import Runs, by_condition, identities, people
from tests.unit.application.running import CALLER, Process, until
from tests.unit.application.world import AUTHOR, World

LATER, NOW = "later", "now"


class WatchedStore(MemoryStore):
    """Is a store that notes for each commit whether it waits for the disk."""

    def __init__(self) -> None:
        super().__init__()
        self.commits: list[str] = []
        self.failures = 0
        """Says how many of the coming commits that wait for the disk fail."""

    @contextmanager
    def begin(self, *, durable_later: bool = False) -> Iterator[UnitOfWork]:
        if self.failures and not durable_later:
            self.failures -= 1
            raise StoreUnavailable
        with super().begin(durable_later=durable_later) as unit:
            yield unit
        self.commits.append(LATER if durable_later else NOW)


@pytest.fixture
def store() -> Iterator[WatchedStore]:
    made = WatchedStore()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def steps_may_lag_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a few steps take longer than the usual lag."""
    monkeypatch.setattr(lagging_commits, "LONGEST_LAG", 600)


@pytest.fixture
def transactions(store: WatchedStore) -> Iterator[Transactions]:
    made = Transactions(store)
    yield made
    made.close()


def nothing(_unit: UnitOfWork) -> None:
    pass


async def step(transactions: Transactions) -> None:
    await transactions.write(nothing, bulk=True, rest=0.0, durable_later=True)


async def test_who_awaits_the_disk_makes_all_steps_before_durable_at_once(
    transactions: Transactions, store: WatchedStore
) -> None:
    for _ in range(3):
        await step(transactions)
    await transactions.await_durable()
    await transactions.await_durable()
    assert store.commits == [LATER, LATER, LATER, NOW]


async def test_where_no_step_lags_nobody_commits_for_who_awaits_the_disk(
    transactions: Transactions, store: WatchedStore
) -> None:
    await transactions.await_durable()
    await transactions.write(nothing)
    await transactions.await_durable()
    assert store.commits == [NOW]


async def test_an_interactive_write_takes_along_the_steps_before_it(
    transactions: Transactions, store: WatchedStore
) -> None:
    await step(transactions)
    await transactions.write(nothing)
    await transactions.await_durable()
    assert store.commits == [LATER, NOW]


async def test_who_awaits_the_disk_leaves_it_to_an_interactive_write_that_is_to_be_expected(
    transactions: Transactions, store: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lagging_commits, "PATIENCE", 600)
    await transactions.write(nothing)
    await step(transactions)
    waiting = asyncio.create_task(transactions.await_durable())
    await transactions.write(nothing)
    await waiting
    assert store.commits == [NOW, LATER, NOW]


async def test_who_awaits_the_disk_does_not_wait_for_interactive_writes_for_ever(
    transactions: Transactions, store: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lagging_commits, "PATIENCE", 0)
    await transactions.write(nothing)
    await step(transactions)
    await transactions.await_durable()
    assert store.commits == [NOW, LATER, NOW]


async def test_steps_become_durable_though_nothing_follows_them(
    transactions: Transactions, store: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lagging_commits, "LONGEST_LAG", 0)
    # The first attempt finds that the store does not answer.
    store.failures = 1
    await step(transactions)
    await until(lambda: store.commits == [LATER, NOW])


async def test_a_step_that_came_after_a_look_was_planned_becomes_durable_by_another_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_durable = asyncio.Event()

    async def make_durable() -> None:
        is_durable.set()

    lagging = LaggingCommits(make_durable)
    monkeypatch.setattr(lagging_commits, "LONGEST_LAG", 0)
    lagging.begin(durable_later=True)
    # The look that is planned comes too early now.
    monkeypatch.setattr(lagging_commits, "LONGEST_LAG", 0.05)
    async with asyncio.timeout(120):
        await is_durable.wait()
    lagging.stop()


@pytest.mark.parametrize("is_durable", [False, True], ids=["before its time", "after another write"])
async def test_a_look_for_which_there_is_nothing_to_do_yet_makes_no_commit(
    monkeypatch: pytest.MonkeyPatch, is_durable: bool
) -> None:
    made = 0

    async def make_durable() -> None:
        nonlocal made
        made += 1

    lagging = LaggingCommits(make_durable)
    monkeypatch.setattr(lagging_commits, "LONGEST_LAG", 0)
    lagging.begin(durable_later=True)
    if is_durable:
        lagging.durable(lagging.begin(durable_later=False))
    else:
        # The look that is planned comes too early now.
        monkeypatch.setattr(lagging_commits, "LONGEST_LAG", 600)
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(0, passed.set)
    await passed.wait()
    # What the look has begun runs now.
    await asyncio.sleep(0)
    lagging.stop()
    assert made == 0


async def test_whoever_closes_makes_the_last_steps_durable(transactions: Transactions, store: WatchedStore) -> None:
    await step(transactions)
    await asyncio.to_thread(transactions.close)
    assert store.commits == [LATER, NOW]


async def test_a_store_that_does_not_answer_is_unavailable_to_whoever_awaits_the_disk(
    transactions: Transactions, store: WatchedStore
) -> None:
    await step(transactions)
    store.failures = 1
    with pytest.raises(Unavailable):
        await transactions.await_durable()


async def test_a_watcher_is_shown_nothing_that_is_not_on_the_disk(
    transactions: Transactions, store: WatchedStore
) -> None:
    await step(transactions)
    assert await transactions.read_events(lambda _: list(store.commits)) == [LATER]
    assert store.commits == [LATER, NOW]


async def test_a_write_that_was_on_its_way_before_a_step_does_not_make_it_durable() -> None:
    made = 0

    async def make_durable() -> None:
        nonlocal made
        made += 1

    lagging = LaggingCommits(make_durable)
    interactive = lagging.begin(durable_later=False)
    lagging.begin(durable_later=True)
    lagging.durable(interactive)
    await lagging.wait(patiently=False)
    lagging.stop()
    assert made == 1


async def test_an_import_is_answered_when_its_rows_are_on_the_disk(
    transactions: Transactions, store: WatchedStore
) -> None:
    world = World(store)
    imports = ImportSuppressions(world.transactions, world.clock, SystemIds())
    await imports.import_rows([CreateSuppression(f"p{each}@example.com", "address") for each in range(450)], AUTHOR)
    assert store.commits == [LATER, LATER, LATER, NOW]


async def process_with_people(world: World) -> Process:
    """Returns a process that may send to five people. It would dispatch the messages of a trigger at once."""
    await world.live()
    process = Process(world)
    await process.heartbeat.beat()
    process.dispatchers.open(1)
    await by_condition(world)
    await people(world, 5)
    return process


async def test_the_parts_of_a_run_are_queued_alone_and_its_end_is_on_the_disk(
    store: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever claims a message waits for the disk, and so makes its part durable before anything is sent."""
    monkeypatch.setattr(PartSize, "next", lambda _, is_busy: 2)
    process = await process_with_people(World(store))
    store.commits.clear()
    await Runs(process).run()
    assert identities(process.world) == identities(process.world, MessageState.QUEUED)
    assert len(identities(process.world)) == 5
    assert store.commits[-4:] == [LATER, LATER, LATER, NOW]
    await process.close()


async def test_whoever_cancels_a_run_is_answered_when_the_ends_of_its_messages_are_on_the_disk(
    store: WatchedStore,
) -> None:
    process = await process_with_people(World(store))
    run, cancelling = await Runs(process).run(), CancelMessages(process.transactions, process.world.clock)
    store.commits.clear()
    assert (await cancelling.cancel_execution(run.execution_id, CALLER)).cancelled_count == 5
    # The end of the run is on the disk at once, and so is what was cancelled in steps when the caller is answered.
    assert (store.commits[0], LATER in store.commits, store.commits[-1]) == (NOW, True, NOW)
    await process.close()
