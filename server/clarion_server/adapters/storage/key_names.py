"""Stores the names of secret keys that were used. The keys themselves are kept outside of the store."""

from __future__ import annotations

from sqlalchemy import Connection, Table, select

from clarion_server.adapters.storage.statements.bulk import insertion
from clarion_server.domain.instant import Instant


class SqlKeyNameRepository:
    def __init__(self, connection: Connection, table: Table) -> None:
        """`table` has the columns of `schema.link_keys`."""
        self._connection = connection
        self._table = table

    def fingerprints(self) -> dict[int, bytes]:
        named = select(self._table.c.number, self._table.c.fingerprint)
        return {row.number: row.fingerprint for row in self._connection.execute(named)}

    def add(self, number: int, fingerprint: bytes, now: Instant) -> None:
        adding = insertion(self._table, tuple(self._table.columns), "ON CONFLICT (number) DO NOTHING")
        adding.change(self._connection, [(number, fingerprint, now)])
