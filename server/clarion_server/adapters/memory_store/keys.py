"""API keys in memory."""

from __future__ import annotations

from clarion_server.adapters.memory_store.tables import Tables
from clarion_server.domain.access import ApiKey
from clarion_server.domain.instant import Instant


class MemoryApiKeyRepository:
    def __init__(self, tables: Tables) -> None:
        self._keys = tables.keys

    def add(self, key: ApiKey) -> None:
        self._keys.insert(key.id, key)

    def get(self, key_id: str) -> ApiKey | None:
        return self._keys.rows.get(key_id)

    def save(self, key: ApiKey) -> None:
        self._keys.put(key.id, key)

    def page(self, sandbox: str | None, after: tuple[Instant, str] | None, limit: int) -> list[ApiKey]:
        found = [
            key
            for key in self._keys.rows.values()
            if sandbox in (None, key.sandbox) and (after is None or _age(key) > after)
        ]
        return sorted(found, key=_age)[:limit]


def _age(key: ApiKey) -> tuple[Instant, str]:
    return key.create_time, key.id
