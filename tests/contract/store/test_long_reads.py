"""Reads of many steps see one state, and hold up nobody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.domain.errors import Unavailable
from sqlalchemy.exc import DBAPIError

from tests.contract.store import samples
from tests.contract.store.samples import VISIBILITY


@pytest.fixture
def transactions(store: Store) -> Iterator[Transactions]:
    made = Transactions(store)
    yield made
    made.close()


def count(unit: UnitOfWork) -> int:
    return unit.audiences.count(VISIBILITY)


async def add(transactions: Transactions, audience_id: str) -> None:
    await transactions.write(lambda unit: unit.audiences.add(samples.audience(audience_id)))


async def test_a_long_read_sees_one_state_while_others_write(transactions: Transactions) -> None:
    await add(transactions, "first")
    async with transactions.long_read() as state:
        assert await state.read(count) == 1
        await add(transactions, "second")
        assert await state.read(count) == 1
    async with transactions.long_read() as state:
        assert await state.read(count) == 2


async def test_a_step_that_raises_ends_the_read_and_no_other_one(transactions: Transactions) -> None:
    def wrong(_unit: UnitOfWork) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        async with transactions.long_read() as state:
            await state.read(wrong)
    async with transactions.long_read() as state:
        assert await state.read(count) == 0


async def test_a_failure_of_the_database_in_a_step_is_told_as_such(transactions: Transactions) -> None:
    def fail(_unit: UnitOfWork) -> None:
        raise DBAPIError.instance("", {}, _CUT, Exception, connection_invalidated=True)

    with pytest.raises(Unavailable):
        async with transactions.long_read() as state:
            await state.read(fail)


class _Cut(Exception):
    sqlite_errorcode = 10
    sqlstate = "57P01"


_CUT = _Cut()
