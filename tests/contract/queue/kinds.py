"""Provides the engines that keep the contract. A further one joins by its constructor; no test knows them by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from clarion_server.adapters.queue.jetstream import JetStreamQueue, read_address
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.queue import Queue
from clarion_server.application.sending.lease import Lease
from clarion_server.application.sending.store_queue import StoreQueue
from clarion_server.application.transactions import Transactions

from tests.identities import EXCLUSIONS
from tests.nats_server import shared_url

Open = Callable[[Transactions, GroupCommit, Clock, Lease], Queue]


@dataclass(frozen=True)
class QueueKind:
    name: str
    make: Callable[[], Open]
    """Makes an empty queue; what it returns opens it for one process."""


def open_store_queue(_transactions: Transactions, commits: GroupCommit, _clock: Clock, lease: Lease) -> Queue:
    return StoreQueue(commits, lease.process_id, EXCLUSIONS)


def _jetstream() -> Open:
    address = read_address(f"{shared_url()}?prefix={uuid4().hex}")

    def open_jetstream(transactions: Transactions, commits: GroupCommit, clock: Clock, lease: Lease) -> Queue:
        return JetStreamQueue(address, transactions, commits, clock, lease, EXCLUSIONS)

    return open_jetstream


KINDS = (QueueKind("store", lambda: open_store_queue), QueueKind("jetstream", _jetstream))
