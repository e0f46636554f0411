"""Stores the names of the keys that have sealed personal links."""

from __future__ import annotations

from sqlalchemy import Connection, select

from clarion_server.adapters.storage.bulk import insertion
from clarion_server.adapters.storage.schema import link_keys
from clarion_server.domain.instant import Instant

_ADD = insertion(link_keys, tuple(link_keys.columns), "ON CONFLICT (number) DO NOTHING")
_ALL = select(link_keys.c.number, link_keys.c.fingerprint)


class SqlLinkKeyRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def fingerprints(self) -> dict[int, bytes]:
        return {row.number: row.fingerprint for row in self._connection.execute(_ALL)}

    def add(self, number: int, fingerprint: bytes, now: Instant) -> None:
        _ADD.change(self._connection, [(number, fingerprint, now)])
