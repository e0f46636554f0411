"""Provides a process at a queue in JetStream, with a nats-server of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest
from clarion_server.adapters.queue.jetstream import JetStreamQueue, read_address
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import Store
from clarion_server.application.sending.lease import Lease
from clarion_server.application.transactions import Transactions

from tests.contract.queue.desk import Desk, open_desk
from tests.contract.queue.kinds import Open
from tests.contract.store.given import Sender, a_channel, a_sender, committing
from tests.identities import EXCLUSIONS
from tests.memory_store import MemoryStore
from tests.nats_server import NatsServer, running_nats


@pytest.fixture
def server() -> Iterator[NatsServer]:
    with running_nats() as running:
        yield running


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(MemoryStore()) as opened:
        yield opened


@pytest.fixture
def sender(store: Store) -> Sender:
    with committing(store) as work:
        return a_sender(work, channel=a_channel(work, disabled=False))


@pytest.fixture
def open_queue(server: NatsServer) -> Open:
    address = read_address(server.url)

    def open_jetstream(transactions: Transactions, commits: GroupCommit, clock: Clock, lease: Lease) -> JetStreamQueue:
        return JetStreamQueue(address, transactions, commits, clock, lease, EXCLUSIONS)

    return open_jetstream


@pytest.fixture
async def desk(open_queue: Open, store: Store) -> AsyncIterator[Desk]:
    async with open_desk(open_queue, store, "first") as opened:
        yield opened
