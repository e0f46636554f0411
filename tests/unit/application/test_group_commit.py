"""Small writes in few commits, each answered for itself."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pytest
from clarion_server.application.group_commit import BulkOperation, GroupCommit, _BatchEstimator
from clarion_server.application.ports.store import StoreUnavailable, UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.domain.errors import Overloaded, Unavailable

from tests.memory_store import MemoryStore


class SlowStore(MemoryStore):
    """Is a store whose write transactions begin only while the gate is open, and fail while `failing` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.at_the_gate = threading.Event()
        self.commits = 0
        self.failing = False

    @contextmanager
    def begin(self, *, durable_later: bool = False) -> Iterator[UnitOfWork]:
        self.at_the_gate.set()
        assert self.gate.wait(120)
        if self.failing:
            raise StoreUnavailable
        with super().begin(durable_later=durable_later) as unit:
            yield unit
            self.commits += 1


class Doubling(BulkOperation[int, int]):
    """Doubles numbers, and raises for a batch with a negative one."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.committed_results: list[int] = []
        self.failures: list[int] = []

    def apply(self, unit: UnitOfWork, items: Sequence[int], /) -> Sequence[int]:
        self.batches.append(list(items))
        if min(items) < 0:
            raise ValueError(items)
        return [2 * item for item in items]

    def committed(self, items: Sequence[int], results: Sequence[int], /) -> None:
        self.committed_results += results

    def failed(self, item: int, _error: Exception, /) -> None:
        self.failures.append(item)


@pytest.fixture
def store() -> Iterator[SlowStore]:
    with closing(SlowStore()) as made:
        yield made


@pytest.fixture
def doubling() -> Doubling:
    return Doubling()


@pytest.fixture
async def commits(store: SlowStore) -> AsyncIterator[GroupCommit]:
    transactions = Transactions(store)
    yield GroupCommit(transactions, lambda: None, capacity=1_000)
    store.gate.set()
    transactions.close()


async def first_at_the_gate(commits: GroupCommit, store: SlowStore, doubling: Doubling) -> asyncio.Future[int]:
    """Returns a write that is under way, and waits at the gate."""
    store.gate.clear()
    store.at_the_gate.clear()
    first = commits.submit(doubling, 1)
    assert await asyncio.to_thread(store.at_the_gate.wait, 30)
    return first


async def test_a_lone_write_is_committed_at_once(commits: GroupCommit, doubling: Doubling) -> None:
    assert await commits.submit(doubling, 21) == 42


async def test_what_arrives_during_a_commit_goes_into_the_next_one(
    commits: GroupCommit, store: SlowStore, doubling: Doubling
) -> None:
    first = await first_at_the_gate(commits, store, doubling)
    others = [commits.submit(doubling, number) for number in range(2, 12)]
    store.gate.set()
    assert await asyncio.gather(first, *others) == [2 * number for number in range(1, 12)]
    assert doubling.batches == [[1], list(range(2, 12))]
    assert store.commits == 2


async def test_writes_of_several_kinds_share_a_commit(
    commits: GroupCommit, store: SlowStore, doubling: Doubling
) -> None:
    first, other = await first_at_the_gate(commits, store, doubling), Doubling()
    mixed = [commits.submit((doubling, other)[number % 2], number) for number in range(6)]
    store.gate.set()
    assert await asyncio.gather(first, *mixed) == [2, 0, 2, 4, 6, 8, 10]
    assert (doubling.batches, other.batches) == ([[1], [0, 2, 4]], [[1, 3, 5]])
    assert store.commits == 2


async def test_the_operation_is_called_after_the_commit_and_before_anybody_is_answered(
    commits: GroupCommit, doubling: Doubling
) -> None:
    committed = commits.submit(doubling, 1)
    committed_when_answered: list[list[int]] = []
    committed.add_done_callback(lambda _done: committed_when_answered.append(list(doubling.committed_results)))
    await committed
    assert committed_when_answered == [[2]]


async def test_a_bad_item_fails_itself_alone(commits: GroupCommit, store: SlowStore, doubling: Doubling) -> None:
    first = await first_at_the_gate(commits, store, doubling)
    mixed = [commits.submit(doubling, number) for number in (3, -4, 5)]
    store.gate.set()
    results = await asyncio.gather(first, *mixed, return_exceptions=True)
    assert results[:2] == [2, 6]
    assert isinstance(results[2], ValueError)
    assert results[3] == 10
    assert (doubling.committed_results, doubling.failures) == ([2, 6, 10], [-4])


async def test_a_store_that_does_not_answer_fails_all_and_nothing_is_tried_twice(
    commits: GroupCommit, store: SlowStore, doubling: Doubling
) -> None:
    first = await first_at_the_gate(commits, store, doubling)
    others = [commits.submit(doubling, number) for number in (2, 3)]
    store.failing = True
    store.gate.set()
    results = await asyncio.gather(first, *others, return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable] * 3
    assert doubling.failures == [1, 2, 3]
    assert doubling.batches == []
    store.failing = False
    assert await commits.submit(doubling, 4) == 8


async def test_a_failure_of_which_nobody_asks_is_no_fault_of_the_program(
    commits: GroupCommit, store: SlowStore, doubling: Doubling
) -> None:
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
    store.failing = True
    commits.submit(doubling, 1)
    await commits.drain()
    gc.collect()
    assert (doubling.failures, faults) == ([1], [])


async def test_more_than_may_wait_is_refused(commits: GroupCommit, store: SlowStore, doubling: Doubling) -> None:
    first = await first_at_the_gate(commits, store, doubling)
    waiting = [commits.submit(doubling, number, weight=100) for number in range(9)]
    commits.check_capacity(100)
    with pytest.raises(Overloaded):
        commits.check_capacity(101)
    store.gate.set()
    await asyncio.gather(first, *waiting)
    commits.check_capacity(1_000)


async def test_a_commit_carries_no_more_than_a_few_hundred_rows(
    commits: GroupCommit, store: SlowStore, doubling: Doubling
) -> None:
    first = await first_at_the_gate(commits, store, doubling)
    waiting = [commits.submit(doubling, number, weight=100) for number in range(10)]
    store.gate.set()
    results: list[int] = await asyncio.gather(first, *waiting)
    assert results == [2, *range(0, 20, 2)]
    assert [len(batch) for batch in doubling.batches] == [1, 5, 5]


async def test_a_caller_that_goes_away_keeps_nobody_from_being_answered(
    commits: GroupCommit, store: SlowStore, doubling: Doubling
) -> None:
    first = await first_at_the_gate(commits, store, doubling)
    gone, other = commits.submit(doubling, 2), commits.submit(doubling, 3)
    gone.cancel()
    store.gate.set()
    assert list(await asyncio.gather(first, other)) == [2, 6]
    assert doubling.committed_results == [2, 4, 6]


async def test_who_has_gone_and_what_nobody_waits_for_keep_no_failure_from_others(
    commits: GroupCommit, store: SlowStore, doubling: Doubling
) -> None:
    first = await first_at_the_gate(commits, store, doubling)
    commits.post(doubling, 2)
    gone, other = commits.submit(doubling, 3), commits.submit(doubling, 4)
    gone.cancel()
    store.failing = True
    store.gate.set()
    async with asyncio.timeout(120):
        results = await asyncio.gather(first, other, return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable] * 2
    assert doubling.failures == [1, 2, 3, 4]


async def test_draining_waits_for_everything_posted(commits: GroupCommit, store: SlowStore, doubling: Doubling) -> None:
    await first_at_the_gate(commits, store, doubling)
    commits.post(doubling, 2)
    store.gate.set()
    await commits.drain()
    assert doubling.committed_results == [2, 4]
    await commits.drain()


async def test_a_lone_write_after_many_is_delayed_a_little_and_no_longer(
    commits: GroupCommit, doubling: Doubling
) -> None:
    await asyncio.gather(*(commits.submit(doubling, number) for number in range(100)))
    assert await commits.submit(doubling, 21) == 42
    assert doubling.batches[-1] == [21]


async def test_a_commit_waits_for_as_many_writes_as_the_last_one_had(
    commits: GroupCommit, doubling: Doubling, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.gather(*(commits.submit(doubling, number) for number in range(100)))
    loop = asyncio.get_running_loop()
    begin = loop.time()
    # No delay is ever over.
    monkeypatch.setattr(loop, "time", lambda: begin)
    some = [commits.submit(doubling, number) for number in range(50)]
    for _ in range(9):
        await asyncio.sleep(0)
    others = [commits.submit(doubling, number) for number in range(50)]
    await asyncio.gather(*some, *others)
    assert [len(batch) for batch in doubling.batches] == [100, 100]


def test_nothing_is_expected_where_nothing_came_lately() -> None:
    estimator = _BatchEstimator()
    assert (estimator.expected, estimator.max_delay) == (0, 0)
    estimator.record(1, 0.001)
    assert estimator.expected == 1


def test_the_estimate_rises_at_once_and_falls_slowly() -> None:
    estimator = _BatchEstimator()
    expected = []
    for count in (2, 8, 100, 4, 4, 1, 1, 1, 1, 1, 1):
        estimator.record(count, 0.001)
        expected.append(estimator.expected)
    assert expected == [2, 8, 100, 52, 28, 14, 7, 4, 2, 1, 1]


def test_few_writes_delay_a_commit_for_a_short_time_and_many_for_six_milliseconds_at_most() -> None:
    estimator = _BatchEstimator()
    estimator.record(10, 0.001)
    assert estimator.max_delay == pytest.approx(0.002)
    estimator.record(1_000, 0.001)
    assert estimator.max_delay == pytest.approx(0.006)


def test_a_commit_of_several_writes_is_delayed_for_as_long_as_the_last_one_took() -> None:
    estimator = _BatchEstimator()
    estimator.record(7, 0.004)
    assert estimator.max_delay == pytest.approx(0.004)
    estimator.record(7, 1.0)
    assert estimator.max_delay == pytest.approx(0.006)


def test_the_time_of_a_commit_delays_none_of_few_writes() -> None:
    estimator = _BatchEstimator()
    estimator.record(3, 1.0)
    assert estimator.max_delay == pytest.approx(0.0006)
