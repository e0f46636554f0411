"""Triggers are written while their campaign stands still.

SQLite has one writer at a time. On PostgreSQL whoever writes triggers shares a lock on their campaign until its commit,
and whoever changes the campaign holds it alone: a trigger comes before the change, and is seen by it, or learns of it.
The locks are advisory. Row locks (`FOR SHARE`) would write the campaign's row anew with every commit, and a change
could wait for ever while others share the row; an advisory lock costs no write, and is given in the order of asking.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from clarion_server.adapters.storage.bulk import BulkStatement, Values
from clarion_server.adapters.storage.schema import campaigns

#: Advisory locks with two keys: this one, and the campaign's. See `commit_news` for another.
_CLASS = 0x436C6174
#: The second key has 31 bits. Campaigns that share one only wait a little more.
_KEY = "(column1 & 2147483647)::int"
_SHARED = BulkStatement(
    f"SELECT pg_advisory_xact_lock_shared({_CLASS}, {_KEY}) FROM ({{rows}}) AS wanted",  # noqa: S608 - constants alone
    Values(campaigns.c.key),
)
_ALONE = BulkStatement(
    f"SELECT pg_advisory_xact_lock({_CLASS}, {_KEY}) FROM ({{rows}}) AS wanted",  # noqa: S608 - constants alone
    Values(campaigns.c.key),
)


def keep_unchanged(connection: Connection, keys: Collection[int]) -> None:
    """Until the end of the transaction. What is read after it is what counts."""
    _take(_SHARED, connection, keys)


def hold_to_change(connection: Connection, key: int) -> None:
    """Waits for those that keep it unchanged."""
    _take(_ALONE, connection, (key,))


def _take(statement: BulkStatement, connection: Connection, keys: Collection[int]) -> None:
    if connection.dialect.name == "postgresql":
        # In one order, so that no two wait for each other.
        for result in statement.run(connection, [(key,) for key in sorted(keys)]):
            result.close()
