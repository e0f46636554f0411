"""The newest of a sandbox's executions or messages, however many there are.

An index by campaign keeps those of each campaign in the order of their ids: one stretch a campaign (and a state, for
messages). The newest of all are among the newest of each stretch.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import nlargest

from sqlalchemy import Connection, bindparam, select

from clarion_server.adapters.storage.bulk import BulkStatement, Row, United
from clarion_server.adapters.storage.schema import campaigns

#: SQLite unites at most 500 selects (SQLITE_MAX_COMPOUND_SELECT).
_MOST_STRETCHES = 256
#: Sorts after every id.
BEYOND_ALL = "\U0010ffff"
_CAMPAIGN_KEYS = select(campaigns.c.key).where(campaigns.c.sandbox == bindparam("sandbox"))
_ONLY_KEY = _CAMPAIGN_KEYS.where(campaigns.c.key == bindparam("only"))


class NewestIds:
    def __init__(self, table: str, stretch: str) -> None:
        """`stretch` is the condition that makes one, with `{one}` for each of its parameters."""
        newest = f"FROM {table} WHERE {stretch} AND id < {{one}} ORDER BY id DESC LIMIT {{one}}"
        # A member of a union has an order and a limit of its own only from within a select.
        member = f"SELECT id FROM (SELECT id {newest}) AS newest"  # noqa: S608 - names of the schema
        self._statement = BulkStatement("{rows}", United(member, _MOST_STRETCHES))

    def find(self, connection: Connection, stretches: Sequence[Row], before: str, limit: int) -> list[str]:
        """The largest ids below `before`, newest first."""
        rows = self._statement.select(connection, [(*stretch, before, limit) for stretch in stretches])
        return nlargest(limit, (row[0] for row in rows))


def campaign_keys(connection: Connection, sandbox: str, only: int | None) -> list[int]:
    """The keys of the sandbox's campaigns, or of that one, if it is the sandbox's."""
    if only is None:
        return list(connection.execute(_CAMPAIGN_KEYS, {"sandbox": sandbox}).scalars())
    return list(connection.execute(_ONLY_KEY, {"sandbox": sandbox, "only": only}).scalars())
