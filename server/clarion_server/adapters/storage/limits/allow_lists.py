"""Stores allow lists."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from sqlalchemy import Connection, insert, select, update

from clarion_server.adapters.storage.rows.json_columns import TEXTS
from clarion_server.adapters.storage.schema import allow_lists
from clarion_server.adapters.storage.statements.text_lookup import TextLookup
from clarion_server.application.ports.store import WriteConflict
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.suppressions.allow_list import AllowList, EnabledList, enabled_list

_table = allow_lists
_ENABLED = TextLookup(_table.c.sandbox, (_table.c.sandbox, _table.c.entries), "enabled")


class SqlAllowListRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, visibility: Visibility) -> AllowList | None:
        of_sandbox = _table.c.sandbox == visibility.sandbox
        row = self._connection.execute(select(_table).where(of_sandbox)).one_or_none()
        if row is None:
            return None
        return AllowList(
            row.sandbox, row.enabled, TEXTS.decode(row.entries), row.revision, row.update_time, row.updater
        )

    def save(self, allow_list: AllowList) -> None:
        values = {
            "sandbox": allow_list.sandbox,
            "revision": allow_list.revision,
            "enabled": allow_list.enabled,
            "entries": TEXTS.encode(allow_list.entries),
            "update_time": allow_list.update_time,
            "updater": allow_list.updater,
        }
        if allow_list.revision == 1:
            self._connection.execute(insert(_table), values)
            return
        before = (_table.c.sandbox == allow_list.sandbox, _table.c.revision == allow_list.revision - 1)
        if self._connection.execute(update(_table).where(*before).values(values)).rowcount == 0:
            raise WriteConflict(allow_list.name)

    def enabled(self, sandboxes: Collection[str]) -> dict[str, EnabledList]:
        rows = _ENABLED.find(self._connection, sandboxes)
        return {sandbox: _read(entries) for sandbox, entries in rows}


# Every batch of a sandbox with a list asks for the same one.
@lru_cache(maxsize=64)
def _read(entries: str) -> EnabledList:
    return enabled_list(TEXTS.decode(entries))
