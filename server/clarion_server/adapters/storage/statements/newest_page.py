"""Finds the newest executions or messages of a sandbox, at the same cost however many there are.

An index holds the rows of each campaign (and state, for messages) in the order of their ids. The newest rows of a
sandbox are among the newest of each of these groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import nlargest

from sqlalchemy import Connection, bindparam, select

from clarion_server.adapters.storage.schema import campaigns
from clarion_server.adapters.storage.statements.bulk import BulkStatement, Row, United
from clarion_server.domain.access.access import Visibility

#: SQLite unites at most 500 selects (SQLITE_MAX_COMPOUND_SELECT).
_MOST_GROUPS = 256
#: This text sorts after every id.
BEYOND_ALL = "\U0010ffff"
_CAMPAIGN_KEYS = select(campaigns.c.key).where(
    campaigns.c.sandbox == bindparam("sandbox"), campaigns.c.access_mask.bitwise_and(bindparam("hidden")) == 0
)
_ONLY_KEY = _CAMPAIGN_KEYS.where(campaigns.c.key == bindparam("only"))


class NewestIds:
    def __init__(self, table: str, group: str) -> None:
        """`group` is the condition that selects one group, with `{one}` for each of its parameters."""
        newest = f"FROM {table} WHERE {group} AND id < {{one}} ORDER BY id DESC LIMIT {{one}}"
        # SQLite allows a member of a union its own order and limit only inside a nested select.
        member = f"SELECT id FROM (SELECT id {newest}) AS newest"  # noqa: S608 - names of the schema
        self._statement = BulkStatement("{rows}", United(member, _MOST_GROUPS))

    def find(self, connection: Connection, groups: Sequence[Row], before: str, limit: int) -> list[str]:
        """Returns the largest ids below `before` in these groups, newest first."""
        rows = self._statement.select(connection, [(*group, before, limit) for group in groups])
        return nlargest(limit, (row[0] for row in rows))


def campaign_keys(connection: Connection, visibility: Visibility, only: int | None) -> list[int]:
    """Returns the keys of the campaigns that may be seen, or of those `only` this one."""
    seen = {"sandbox": visibility.sandbox, "hidden": visibility.hidden}
    if only is None:
        return list(connection.execute(_CAMPAIGN_KEYS, seen).scalars())
    return list(connection.execute(_ONLY_KEY, {**seen, "only": only}).scalars())
