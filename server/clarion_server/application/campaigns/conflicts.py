"""What happens when two changes of one thing meet."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from clarion_server.application.ports.repositories import StaleWrite
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import T, Transactions
from clarion_server.domain.errors import EtagMismatch

#: How often a change is tried anew when another one came in between, before the caller is told.
ATTEMPTS = 5


async def write_anew(transactions: Transactions, resource: str, work: Callable[[UnitOfWork], T]) -> T:
    """Runs `work`, which reads and then writes, until no other change of `resource` comes in between.

    Raises EtagMismatch when one always does, and whatever `work` raises.
    """
    for _ in range(ATTEMPTS):
        with suppress(StaleWrite):
            return await transactions.write(work)
    raise EtagMismatch(resource)
