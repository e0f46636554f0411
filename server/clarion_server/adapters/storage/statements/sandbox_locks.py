"""Locks something of a sandbox against changes while others write by it.

SQLite has one writer at a time and needs no such lock. On PostgreSQL a transaction that writes by what it has read
holds the shared lock until its end, and one that changes that holds the exclusive lock. So the one that writes has
either finished before the change is made, or finds it. See `campaign_locks` for why they are advisory locks.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Column, Connection, Text

from clarion_server.adapters.storage.statements.bulk import BulkStatement, Values


class SandboxLock:
    def __init__(self, lock_class: int) -> None:
        """`lock_class` is the first of the lock's two keys, which no other lock has; the second is a hash of the
        sandbox.
        """
        values = Values(Column("sandbox", Text))
        self._shared = BulkStatement(
            f"SELECT pg_advisory_xact_lock_shared({lock_class}, hashtext(column1)) FROM ({{rows}}) AS wanted",  # noqa: S608 - a number alone
            values,
        )
        self._exclusive = BulkStatement(
            f"SELECT pg_advisory_xact_lock({lock_class}, hashtext(column1)) FROM ({{rows}}) AS wanted",  # noqa: S608 - a number alone
            values,
        )

    def share(self, connection: Connection, sandboxes: Collection[str]) -> None:
        """Keeps what the lock is about unchanged in these sandboxes until the transaction ends.

        It must be read afterwards.
        """
        _take(self._shared, connection, sandboxes)

    def take(self, connection: Connection, sandbox: str) -> None:
        """Waits for the transactions that hold the shared lock, and keeps others from taking it."""
        _take(self._exclusive, connection, (sandbox,))


def _take(statement: BulkStatement, connection: Connection, sandboxes: Collection[str]) -> None:
    if connection.dialect.name == "postgresql":
        # Always in the same order, so that no two transactions wait for each other.
        for result in statement.run(connection, [(sandbox,) for sandbox in sorted(sandboxes)]):
            result.close()


#: Holds the choices of people. Whoever accepts or claims messages that need consent shares it.
CONSENTS = SandboxLock(0x436C6175)
#: Holds the namespaces of identities. Whoever stores identities of one that is not built in shares it.
NAMESPACES = SandboxLock(0x436C616E)
#: Is the number of resources of a kind. Whoever adds one takes it, by the kind and the sandbox.
ADDITIONS = SandboxLock(0x436C6164)
