"""Stores the leases of running processes."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, select

from clarion_server.adapters.storage.schema import processes
from clarion_server.adapters.storage.statements.bulk import insertion
from clarion_server.domain.instant import Instant

# Built once: every heartbeat runs them.
_RENEW = insertion(
    processes, tuple(processes.columns), "ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until"
)
_LIVE = select(processes.c.id).where(processes.c.lease_until > bindparam("now"))
_REMOVE = delete(processes).where(processes.c.id == bindparam("process_id"))
_REMOVE_LAPSED = delete(processes).where(processes.c.lease_until <= bindparam("now"))
_ENDING_AFTER = select(processes.c.id, processes.c.lease_until).where(processes.c.lease_until > bindparam("time"))
_REMOVE_UNRENEWED = _REMOVE.where(processes.c.lease_until == bindparam("lease_until"))


class SqlProcessRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def renew(self, process_id: str, lease_until: Instant) -> None:
        _RENEW.change(self._connection, [(process_id, lease_until)])

    def live(self, now: Instant) -> set[str]:
        return set(self._connection.execute(_LIVE, {"now": now}).scalars())

    def remove(self, process_id: str) -> None:
        self._connection.execute(_REMOVE, {"process_id": process_id})

    def remove_lapsed(self, now: Instant) -> None:
        self._connection.execute(_REMOVE_LAPSED, {"now": now})

    def ending_after(self, time: Instant) -> dict[str, Instant]:
        return {row.id: row.lease_until for row in self._connection.execute(_ENDING_AFTER, {"time": time})}

    def remove_unrenewed(self, process_id: str, lease_until: Instant) -> None:
        self._connection.execute(_REMOVE_UNRENEWED, {"process_id": process_id, "lease_until": lease_until})
