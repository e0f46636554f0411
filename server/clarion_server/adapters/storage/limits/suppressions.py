"""Stores suppressions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Select, delete, select, update

from clarion_server.adapters.storage.schema import suppressions
from clarion_server.adapters.storage.statements import driver
from clarion_server.adapters.storage.statements.bulk import insertion
from clarion_server.adapters.storage.statements.text_lookup import TextLookup
from clarion_server.application.ports.queries import SuppressionQuery
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.addresses.address_hash import HASH_MARK
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.instant import Instant
from clarion_server.domain.suppressions.suppression import Suppression, SuppressionReason, SuppressionScope

_table = suppressions
#: These are in the order of `_from_row`.
_COLUMNS = (
    _table.c.id,
    _table.c.sandbox,
    _table.c.channel,
    _table.c.target,
    _table.c.reason,
    _table.c.scope,
    _table.c.create_time,
    _table.c.creator,
    _table.c.expire_time,
)
_COVERING = TextLookup(_table.c.target_key, _COLUMNS)
# A range of the primary key, as the character behind the mark follows it.
_ANY_HASHED = (
    "SELECT EXISTS (SELECT 1 FROM suppressions"  # noqa: S608 - constants alone
    f" WHERE target_key >= '{HASH_MARK}' AND target_key < '{chr(ord(HASH_MARK) + 1)}')"
)
_INSERT = insertion(_table, tuple(_table.columns))


class SqlSuppressionRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_all(self, suppressions: Sequence[Suppression]) -> None:
        # In one order for all processes, as each waits for the rows that another one is adding.
        _INSERT.change(self._connection, sorted(map(_to_row, suppressions)))

    def save(self, suppression: Suppression) -> None:
        the_one = (_table.c.sandbox == suppression.sandbox, _table.c.id == suppression.id)
        changes = {"scope": suppression.scope, "expire_time": suppression.expire_time}
        self._connection.execute(update(_table).where(*the_one).values(changes))

    def get(self, visibility: Visibility, suppression_id: str) -> Suppression | None:
        the_one = (_table.c.sandbox == visibility.sandbox, _table.c.id == suppression_id)
        return self._one(select(*_COLUMNS).where(*the_one))

    def covering(self, target_keys: Collection[str]) -> list[Suppression]:
        return [_from_row(row) for row in _COVERING.find(self._connection, target_keys)]

    def any_hashed(self) -> bool:
        ((any_hashed,),) = driver.run(self._connection, _ANY_HASHED).fetchall()
        return bool(any_hashed)

    def page(self, query: SuppressionQuery) -> list[Suppression]:
        statement = select(*_COLUMNS).where(_table.c.sandbox == query.visibility.sandbox)
        for column, values in (
            (_table.c.channel, query.channels),
            (_table.c.reason, query.reasons),
            (_table.c.scope, query.scopes),
        ):
            if values:
                statement = statement.where(column.in_(values))
        if query.target_keys:
            statement = statement.where(_table.c.id.in_(_ids_of(query)))
        if query.before is not None:
            statement = statement.where(_table.c.id < query.before)
        return self._all(statement.order_by(_table.c.id.desc()).limit(query.limit))

    def delete(self, suppression: Suppression) -> None:
        the_one = (_table.c.sandbox == suppression.sandbox, _table.c.id == suppression.id)
        self._connection.execute(delete(_table).where(*the_one))

    def expired(self, now: Instant, limit: int) -> list[Suppression]:
        time = _table.c.expire_time
        return self._all(select(*_COLUMNS).where(time <= now).order_by(time).limit(limit))

    def _all(self, statement: Select[Any]) -> list[Suppression]:
        return [_from_row(row) for row in self._connection.execute(statement)]

    def _one(self, statement: Select[Any]) -> Suppression | None:
        found = self._all(statement)
        return found[0] if found else None


def _ids_of(query: SuppressionQuery) -> Select[Any]:
    """Selects ids in a subquery, because SQLite would otherwise read all suppressions instead of sorting a few."""
    own = _table.alias("own")
    of_sandbox = own.c.sandbox == query.visibility.sandbox
    return select(own.c.id).where(own.c.target_key.in_(query.target_keys), of_sandbox)


def _to_row(suppression: Suppression) -> tuple[Any, ...]:
    """Returns the values in the order of the table's columns."""
    return (
        suppression.target_key,
        suppression.sandbox,
        str(suppression.channel),
        str(suppression.reason),
        suppression.id,
        suppression.target,
        str(suppression.scope),
        suppression.create_time,
        suppression.creator,
        suppression.expire_time,
    )


def _from_row(row: Sequence[Any]) -> Suppression:
    """Reads by position, in the order of `_COLUMNS`."""
    return Suppression(
        id=row[0],
        sandbox=row[1],
        channel=Channel(row[2]),
        target=row[3],
        reason=SuppressionReason(row[4]),
        scope=SuppressionScope(row[5]),
        create_time=row[6],
        creator=row[7],
        expire_time=row[8],
    )
