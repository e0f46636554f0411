"""The leases of processes in memory."""

from __future__ import annotations

from clarion_server.adapters.memory_store.tables import Tables
from clarion_server.domain.instant import Instant


class MemoryProcessRepository:
    def __init__(self, tables: Tables) -> None:
        self._leases = tables.leases

    def renew(self, process_id: str, lease_until: Instant) -> None:
        self._leases.put(process_id, lease_until)

    def live(self, now: Instant) -> set[str]:
        return {process_id for process_id, until in self._leases.rows.items() if until > now}

    def remove(self, process_id: str) -> None:
        self._leases.remove(process_id)

    def remove_lapsed(self, now: Instant) -> None:
        for process_id in self._leases.rows.keys() - self.live(now):
            self.remove(process_id)
