"""The leases of running processes."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from clarion_server.adapters.storage.bulk import insertion
from clarion_server.adapters.storage.schema import processes
from clarion_server.domain.instant import Instant

_RENEW = insertion(
    processes, tuple(processes.columns), "ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until"
)


class SqlProcessRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def renew(self, process_id: str, lease_until: Instant) -> None:
        _RENEW.change(self._connection, [(process_id, lease_until)])

    def live(self, now: Instant) -> set[str]:
        return set(self._connection.execute(select(processes.c.id).where(processes.c.lease_until > now)).scalars())

    def remove(self, process_id: str) -> None:
        self._connection.execute(delete(processes).where(processes.c.id == process_id))

    def remove_lapsed(self, now: Instant) -> None:
        self._connection.execute(delete(processes).where(processes.c.lease_until <= now))
