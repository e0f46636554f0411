"""Locks campaigns against changes while triggers of them are written.

SQLite has one writer at a time and needs no such lock. On PostgreSQL a transaction that writes triggers holds a shared
lock on their campaigns until its end, and one that changes a campaign holds the exclusive lock. So a trigger is either
committed before the change, which then finds its messages, or reads the changed campaign.

The locks are advisory. Row locks (`FOR SHARE`) would write the campaign's row again with every commit, and a change
could wait forever while others share the row. An advisory lock writes nothing and is granted in the order of requests.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from clarion_server.adapters.storage.schema import campaigns
from clarion_server.adapters.storage.statements.bulk import BulkStatement, Values

#: Is the first of the lock's two keys; the second is the campaign's. `pg_notify` uses another first key.
_CLASS = 0x436C6174
#: The second key has 31 bits. Campaigns that share one wait for each other, which does no harm.
_KEY = "(column1 & 2147483647)::int"
_SHARED = BulkStatement(
    f"SELECT pg_advisory_xact_lock_shared({_CLASS}, {_KEY}) FROM ({{rows}}) AS wanted",  # noqa: S608 - constants alone
    Values(campaigns.c.key),
)
_EXCLUSIVE = BulkStatement(
    f"SELECT pg_advisory_xact_lock({_CLASS}, {_KEY}) FROM ({{rows}}) AS wanted",  # noqa: S608 - constants alone
    Values(campaigns.c.key),
)


def lock_shared(connection: Connection, keys: Collection[int]) -> None:
    """Keeps these campaigns unchanged until the transaction ends. They must be read afterwards, not before."""
    _take(_SHARED, connection, keys)


def lock_exclusive(connection: Connection, key: int) -> None:
    """Waits for the transactions that hold the shared lock, and keeps others from taking it."""
    _take(_EXCLUSIVE, connection, (key,))


def _take(statement: BulkStatement, connection: Connection, keys: Collection[int]) -> None:
    if connection.dialect.name == "postgresql":
        # Always in the same order, so that no two transactions wait for each other.
        for result in statement.run(connection, [(key,) for key in sorted(keys)]):
            result.close()
