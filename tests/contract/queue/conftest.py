"""Every test of this folder runs on every engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest
from clarion_server.application.ports.store import Store

from tests.contract.queue.desk import Desk, open_desk
from tests.contract.queue.kinds import KINDS, Open, QueueKind
from tests.contract.store.given import Sender, a_channel, a_sender, committing
from tests.memory_store import MemoryStore


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def open_queue(request: pytest.FixtureRequest) -> Open:
    kind: QueueKind = request.param
    return kind.make()


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(MemoryStore()) as opened:
        yield opened


@pytest.fixture
async def desk(open_queue: Open, store: Store) -> AsyncIterator[Desk]:
    async with open_desk(open_queue, store, "first") as opened:
        yield opened


@pytest.fixture
async def other(open_queue: Open, store: Store) -> AsyncIterator[Desk]:
    """Another process at the same queue."""
    async with open_desk(open_queue, store, "second") as opened:
        yield opened


@pytest.fixture
def sender(store: Store) -> Sender:
    with committing(store) as work:
        return a_sender(work, channel=a_channel(work, disabled=False))
