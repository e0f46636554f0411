"""The leases of running processes."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select, update

from clarion_server.adapters.storage.schema import processes
from clarion_server.domain.instant import Instant


class SqlProcessRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def renew(self, process_id: str, lease_until: Instant) -> None:
        renewed = update(processes).where(processes.c.id == process_id).values(lease_until=lease_until)
        if self._connection.execute(renewed).rowcount == 0:
            self._connection.execute(insert(processes).values(id=process_id, lease_until=lease_until))

    def live(self, now: Instant) -> set[str]:
        return set(self._connection.execute(select(processes.c.id).where(processes.c.lease_until > now)).scalars())

    def remove(self, process_id: str) -> None:
        self._connection.execute(delete(processes).where(processes.c.id == process_id))

    def remove_lapsed(self, now: Instant) -> None:
        self._connection.execute(delete(processes).where(processes.c.lease_until <= now))
