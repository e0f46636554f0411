"""Messages that go straight to the dispatcher are checked after their commit, as writers of PostgreSQL run at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.category import Category
from clarion_server.domain.messages.exclusion import ExclusionPhase
from clarion_server.domain.messages.message import MessageState
from clarion_server.domain.suppressions.suppression import SuppressionScope

from tests.contract.store import samples
from tests.contract.store.given import committing
from tests.fakes import FaultyStore
from tests.unit.application.running import EVERYTHING, Process, messages, recipients, states, until
from tests.unit.application.sending_policies import NIGHT, Policies, utc
from tests.unit.application.working import as_world, at_work
from tests.unit.application.world import World

OpenStore = Callable[[], SqlStore]
QUEUED, SENT, EXCLUDED = MessageState.QUEUED, MessageState.SENT, MessageState.EXCLUDED


class InterposingStore(FaultyStore):
    """Does something else once, after the work of a transaction and before its commit."""

    def __init__(self, behind: Store) -> None:
        super().__init__(behind)
        self.between: Callable[[], None] | None = None

    @contextmanager
    def begin(self, *, durable_later: bool = False) -> Iterator[UnitOfWork]:
        with super().begin(durable_later=durable_later) as unit:
            yield _Interposing(unit, self)


class _Interposing:
    def __init__(self, unit: UnitOfWork, store: InterposingStore) -> None:
        self._unit = unit
        self._store = store

    def commit(self) -> None:
        between, self._store.between = self._store.between, None
        if between is not None:
            between()
        self._unit.commit()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._unit, name)


def suppress(store: SqlStore, address: str) -> None:
    with committing(store) as work:
        work.suppressions.add_all([samples.suppression(address, scope=SuppressionScope.ALL, expire_time=None)])


@pytest.fixture
def world(open_store: OpenStore) -> Iterator[World]:
    with as_world(open_store()) as made:
        yield made


async def test_a_suppression_that_commits_between_the_facts_and_the_commit_stops_the_message(
    world: World, open_store: OpenStore
) -> None:
    await world.live()
    store, other = InterposingStore(world.store), open_store()
    async with at_work(Process(world, store=store)) as process:
        store.between = lambda: suppress(other, "r1@example.com")
        answer = await process.trigger(*recipients(3))
        assert not answer.execution.exclusions
        await until(lambda: states(world) == [SENT, EXCLUDED, SENT])
        await until(lambda: process.is_idle)
    (excluded,) = messages(world, EXCLUDED).values()
    assert excluded.end.exclusion is not None
    assert (excluded.end.exclusion.phase, excluded.attempts.count) == (ExclusionPhase.HAND_OFF, 0)
    assert len(process.provider.begun) == 2


def close_the_hours(store: SqlStore) -> None:
    with committing(store) as work:
        policy = work.sending_policies.get(samples.VISIBILITY, "default")
        assert policy is not None
        work.sending_policies.save(replace(policy.changed(1), quiet_hours=(NIGHT,)))


async def test_a_policy_that_closes_between_the_facts_and_the_commit_lets_the_message_wait(
    world: World, open_store: OpenStore
) -> None:
    await Policies(world).make(quiet_hours=(), categories=(Category.TRANSACTIONAL,))
    world.clock.time = utc("10T21:30")
    await world.live()
    store, other = InterposingStore(world.store), open_store()
    async with at_work(Process(world, store=store)) as process:
        store.between = lambda: close_the_hours(other)
        await process.trigger(*recipients(2))
        await until(lambda: bool(process.ports.pending_requeue))
        await process.heartbeat.beat()
        process.claim_loop.look()
        await until(lambda: {message.due_time for message in messages(world).values()} == {utc("11T06:00")})
        await until(lambda: process.is_idle)
    assert states(world) == [QUEUED, QUEUED]
    assert process.provider.begun == []


async def test_messages_that_cannot_be_checked_are_queued_again_and_sent(world: World) -> None:
    await world.live()
    store = InterposingStore(world.store)
    async with at_work(Process(world, store=store)) as process:
        await process.trigger()
        await until(lambda: process.is_idle)
        store.read_failures = EVERYTHING
        await process.trigger(*recipients(2))
        await until(lambda: bool(process.ports.pending_requeue))
        store.read_failures = 0
        await process.heartbeat.beat()
        await until(lambda: states(world) == [SENT] * 3)
        await until(lambda: process.is_idle)
    assert len(process.provider.begun) == 3


async def test_a_store_with_one_writer_needs_no_second_check(world: World) -> None:
    assert not world.transactions.are_serial
    with as_world(None) as in_memory:
        assert in_memory.transactions.are_serial
