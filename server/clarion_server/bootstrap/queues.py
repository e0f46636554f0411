"""Opens the queue that the settings name, and loads no library for another one."""

from __future__ import annotations

from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.queue import Queue
from clarion_server.application.sending.exclusions import ExclusionReader
from clarion_server.application.sending.lease import Lease
from clarion_server.application.sending.store_queue import StoreQueue
from clarion_server.application.transactions import Transactions
from clarion_server.bootstrap.start_failures import CannotStart, failures_of_starting
from clarion_server.config import Settings


def open_queue(
    settings: Settings,
    transactions: Transactions,
    commits: GroupCommit,
    clock: Clock,
    lease: Lease,
    exclusions: ExclusionReader,
) -> Queue:
    """Raises CannotStart."""
    if settings.queue == "store":
        return StoreQueue(commits, lease.process_id, exclusions, claims=settings.role != "api")
    try:
        from clarion_server.adapters.queue.jetstream import JetStreamQueue, read_address  # noqa: PLC0415 - only when asked for
    except ImportError as error:
        raise CannotStart("A queue in NATS takes the extra 'nats': pip install 'clarion[server,nats]'.") from error
    with failures_of_starting():
        address = read_address(settings.queue, settings.queue_credentials)
    return JetStreamQueue(address, transactions, commits, clock, lease, exclusions)
