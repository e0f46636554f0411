"""Tests the rows of caps that one transaction after the other locks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from threading import Barrier

import pytest
from clarion_server.adapters.storage.limits.cap_locks import CapRow
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.adapters.storage.unit_of_work import SqlUnitOfWork
from clarion_server.application.ports.profiles import SandboxIdentity
from clarion_server.application.ports.store import UnitOfWork, WriteConflict
from clarion_server.application.transactions import Transactions
from clarion_server.domain.messages.kept_policy import KeptPolicy
from clarion_server.domain.sending_policies.cap_entries import CapEntries

from tests.cap_entries import counted, lock, save
from tests.contract.store import samples
from tests.contract.store.given import a_sender, committing

OpenStore = Callable[[], SqlStore]
ROWS = [CapRow(str(person), 1, "scope") for person in range(4)]
UNTIL = samples.NOW * 2


class _Counting:
    """Counts a message in one row after the other, each locked by itself, and notes what goes wrong."""

    def __init__(self, message: str, rows: Iterable[CapRow], barrier: Barrier) -> None:
        self.failures: list[type[BaseException]] = []
        self._message = message
        self._rows = rows
        self._barrier = barrier
        self._is_first = True

    def apply(self, unit: UnitOfWork) -> None:
        try:
            for row in self._rows:
                entries = self._lock(unit, row)
                save(unit, {row: CapEntries({**entries, self._message: samples.NOW}, UNTIL)})
                if self._is_first:
                    self._is_first = False
                    self._barrier.wait()
        except Exception as error:
            self.failures.append(type(error))
            raise

    def _lock(self, unit: UnitOfWork, row: CapRow) -> Mapping[str, int]:
        return lock(unit, {row: True})[row].times


async def _count_at_once(stores: Iterable[SqlStore], countings: Iterable[_Counting]) -> None:
    transactions = [Transactions(store) for store in stores]
    try:
        await asyncio.gather(
            *(each.write(counting.apply) for each, counting in zip(transactions, countings, strict=True))
        )
    finally:
        for each in transactions:
            each.close()


def test_transactions_that_lock_in_opposite_orders_end_in_no_deadlock_and_count_everything(
    open_store: OpenStore,
) -> None:
    stores, barrier = [open_store(), open_store()], Barrier(2)
    countings = [_Counting("up", ROWS, barrier), _Counting("down", ROWS[::-1], barrier)]
    asyncio.run(_count_at_once(stores, countings))
    # PostgreSQL would have ended one of them for a deadlock.
    assert countings[0].failures == []
    assert countings[1].failures == [WriteConflict]
    assert {row: set(times) for row, times in counted(stores[0]).items()} == {row: {"up", "down"} for row in ROWS}


def test_a_transaction_that_is_done_again_locks_at_first_what_the_one_before_could_not_have(
    open_store: OpenStore,
) -> None:
    store, other = open_store(), open_store()
    with other.begin() as holding:
        lock(holding, {ROWS[0]: True})
        with suppress(WriteConflict), store.begin() as work:
            lock(work, {ROWS[1]: True})
            lock(work, {ROWS[0]: True})
            raise AssertionError("another transaction has the row")
    with store.begin() as work:
        assert set(lock(work, {ROWS[1]: True})) == {ROWS[1]}
        with suppress(WriteConflict), other.begin() as late:
            lock(late, {ROWS[2]: True})
            lock(late, {ROWS[0]: True})
            raise AssertionError("the first lock has taken it")


LATER_ROWS: dict[str, tuple[Callable[[UnitOfWork], object], Callable[[UnitOfWork], object]]] = {
    "one between those that are held": (
        lambda unit: lock(unit, {ROWS[0]: True, ROWS[2]: True}),
        lambda unit: lock(unit, {ROWS[1]: True}),
    ),
    "some on both sides of the one that is held": (
        lambda unit: lock(unit, {ROWS[2]: True}),
        lambda unit: lock(unit, {ROWS[1]: True, ROWS[3]: True}),
    ),
    "those of a person": (
        lambda unit: lock(unit, {ROWS[2]: True}),
        lambda unit: unit.caps.delete([ROWS[1].person]),
    ),
    "one that comes before those of a person": (
        lambda unit: unit.caps.delete([ROWS[2].person]),
        lambda unit: lock(unit, {ROWS[1]: True}),
    ),
}


@pytest.mark.parametrize(("first", "then"), LATER_ROWS.values(), ids=LATER_ROWS)
def test_a_transaction_hardly_waits_for_rows_that_do_not_come_behind_all_that_it_has(
    open_store: OpenStore, first: Callable[[UnitOfWork], object], then: Callable[[UnitOfWork], object]
) -> None:
    store, other = open_store(), open_store()
    with committing(store) as work:
        save(work, {row: CapEntries({"m": samples.NOW}, UNTIL) for row in ROWS})
    with store.begin() as work:
        first(work)
        with other.begin() as holding:
            lock(holding, {ROWS[1]: True})
            with pytest.raises(WriteConflict):
                then(work)


def test_a_transaction_waits_as_long_as_usual_after_it_has_waited_shortly(open_store: OpenStore) -> None:
    with open_store().begin() as work:
        assert isinstance(work, SqlUnitOfWork)
        usual = work.connection.exec_driver_sql("SHOW lock_timeout").scalar_one()
        lock(work, {ROWS[1]: True})
        lock(work, {ROWS[0]: True})
        assert work.connection.exec_driver_sql("SHOW lock_timeout").scalar_one() == usual


def test_a_row_that_was_not_made_is_not_taken_for_one_that_is_held(open_store: OpenStore) -> None:
    store, other = open_store(), open_store()
    with store.begin() as work:
        lock(work, {ROWS[0]: False, ROWS[1]: True})
        with other.begin() as holding:
            lock(holding, {ROWS[0]: True})
            # It would wait for the other one, which may wait for the second row.
            with pytest.raises(WriteConflict):
                lock(work, {ROWS[0]: True})


def test_a_message_whose_person_was_read_is_given_to_nobody_else_before_the_commit(open_store: OpenStore) -> None:
    store, other = open_store(), open_store()
    with committing(store) as work:
        message = a_sender(work).message(work, cap_person="2", sending_policy=KeptPolicy("nights"))
    with store.begin() as deciding:
        assert deciding.caps.person_of(message.id) == "2"
        with pytest.raises(WriteConflict), other.begin() as merging:
            merging.caps.unite("1", "2", [message.id])


def test_the_entries_of_an_ended_message_are_removed_after_later_rows_were_locked(open_store: OpenStore) -> None:
    store = open_store()
    with committing(store) as work:
        save(work, {ROWS[0]: CapEntries({"m": samples.NOW}, UNTIL)})
    with committing(store) as work:
        lock(work, {ROWS[2]: True})
        work.caps.delete([ROWS[0].person])
        assert set(lock(work, {ROWS[0]: False, ROWS[2]: True})) == {ROWS[2]}


def test_identities_without_a_profile_are_held_and_those_with_one_are_told(open_store: OpenStore) -> None:
    store = open_store()
    jane, joe = (samples.identity("email", f"{name}@example.com") for name in ("jane", "joe"))
    with committing(store) as work:
        work.profiles.add(samples.profile(jane))
    wanted = [SandboxIdentity(samples.SANDBOX, *each.key) for each in (jane, joe)]
    with committing(store) as work:
        for _ in range(2):
            assert work.caps.hold_strangers(wanted) == {wanted[0]}
        assert work.profiles.by_identity(samples.VISIBILITY, joe.key) is None
        work.profiles.add(samples.profile(joe))
    with store.snapshot() as work:
        assert work.profiles.by_identity(samples.VISIBILITY, joe.key) is not None
        assert work.caps.hold_strangers(wanted) == set()
