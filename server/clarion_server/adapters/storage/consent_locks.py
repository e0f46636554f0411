"""Locks the choices of people in a sandbox while messages that need consent are accepted or claimed.

SQLite has one writer at a time and needs no such lock. On PostgreSQL a transaction that hands messages over, or accepts
them, holds a shared lock on the consents of their sandboxes until its end, and one that changes a choice holds the
exclusive lock. So a hand-off has either begun before the change was made, or finds it. See `campaign_locks` for why
they are advisory locks.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from clarion_server.adapters.storage.bulk import BulkStatement, Values
from clarion_server.adapters.storage.schema import consent_settings

#: The first of the lock's two keys; the second is a hash of the sandbox. `campaign_locks` uses another first key.
_CLASS = 0x436C6175
_SHARED = BulkStatement(
    f"SELECT pg_advisory_xact_lock_shared({_CLASS}, hashtext(column1)) FROM ({{rows}}) AS wanted",  # noqa: S608 - constants alone
    Values(consent_settings.c.sandbox),
)
_EXCLUSIVE = BulkStatement(
    f"SELECT pg_advisory_xact_lock({_CLASS}, hashtext(column1)) FROM ({{rows}}) AS wanted",  # noqa: S608 - constants alone
    Values(consent_settings.c.sandbox),
)


def lock_consents_shared(connection: Connection, sandboxes: Collection[str]) -> None:
    _take(_SHARED, connection, sandboxes)


def lock_consents_exclusive(connection: Connection, sandbox: str) -> None:
    _take(_EXCLUSIVE, connection, (sandbox,))


def _take(statement: BulkStatement, connection: Connection, sandboxes: Collection[str]) -> None:
    if connection.dialect.name == "postgresql":
        # Always in the same order, so that no two transactions wait for each other.
        for result in statement.run(connection, [(sandbox,) for sandbox in sorted(sandboxes)]):
            result.close()
