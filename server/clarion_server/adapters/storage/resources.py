"""Stores resources that callers write under names of their choice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from clarion_server.adapters.storage.rows.access_labels import decode_labels, label_columns
from clarion_server.adapters.storage.statements.conditions import is_visible
from clarion_server.adapters.storage.statements.sandbox_locks import ADDITIONS
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import WriteConflict
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.resource import ArchivableResource, Resource

R = TypeVar("R", bound=Resource)
A = TypeVar("A", bound=ArchivableResource)

#: Holds the columns of every such table, which have the names of the fields of `Resource`.
_COMMON = ("key", "sandbox", "id", "revision", "create_time", "update_time")


class SqlResourceRepository(Generic[R]):
    """Implements `ResourceRepository` on one table."""

    def __init__(
        self,
        connection: Connection,
        table: Table,
        to_row: Callable[[R], Mapping[str, Any]],
        from_row: Callable[[Row[Any], Mapping[str, Any]], R],
    ) -> None:
        """`to_row` returns the columns of the kind. `from_row` also takes the fields that all kinds have."""
        self._connection = connection
        self._table = table
        self._to_row = to_row
        self._from_row = from_row
        self._has_labels = "access_mask" in table.c

    def add(self, resource: R) -> R:
        try:
            # A savepoint lets the transaction go on after a refusal, on every database.
            with self._connection.begin_nested():
                added = insert(self._table).values(self._row_of(resource)).returning(self._table.c.key)
                key = self._connection.execute(added).scalar_one()
        except IntegrityError as error:
            raise NameTaken(resource.name) from error
        return replace(resource, key=key)

    def get(self, visibility: Visibility, resource_id: str) -> R | None:
        named = self._select().where(self._is_seen(visibility), self._table.c.id == resource_id)
        row = self._connection.execute(named).one_or_none()
        return None if row is None else self._resource_of(row)

    def unknown(self, visibility: Visibility, resource_ids: Collection[str]) -> set[str]:
        if not resource_ids:
            return set()
        named = select(self._table.c.id).where(self._is_seen(visibility), self._table.c.id.in_(sorted(resource_ids)))
        return set(resource_ids) - set(self._connection.execute(named).scalars())

    def save(self, resource: R) -> None:
        before = (self._table.c.key == resource.key, self._table.c.revision == resource.revision - 1)
        changed = update(self._table).where(*before).values(self._row_of(resource))
        if self._connection.execute(changed).rowcount == 0:
            raise WriteConflict(resource.name)

    def delete(self, resource: R) -> None:
        same = (self._table.c.key == resource.key, self._table.c.revision == resource.revision)
        if self._connection.execute(delete(self._table).where(*same)).rowcount == 0:
            raise WriteConflict(resource.name)

    def page(self, visibility: Visibility, after: str | None, limit: int) -> list[R]:
        return self._page(self._is_seen(visibility), after, limit)

    def all(self, visibility: Visibility) -> list[R]:
        return self._page(self._is_seen(visibility), None, None)

    def lock_additions(self, visibility: Visibility) -> None:
        ADDITIONS.take(self._connection, f"{self._table.name} of {visibility.sandbox}")

    def count(self, visibility: Visibility) -> int:
        count = select(func.count()).select_from(self._table).where(self._is_seen(visibility))
        return self._connection.execute(count).scalar_one()

    def _page(self, condition: ColumnElement[bool], after: str | None, limit: int | None) -> list[R]:
        statement = self._select().where(condition)
        if after is not None:
            statement = statement.where(self._table.c.id > after)
        rows = self._connection.execute(statement.order_by(self._table.c.id).limit(limit))
        return [self._resource_of(row) for row in rows]

    def _is_seen(self, visibility: Visibility) -> ColumnElement[bool]:
        """Returns the condition of the rows that the repository is about."""
        if self._has_labels:
            return is_visible(self._table, visibility)
        return self._table.c.sandbox == visibility.sandbox

    def _select(self) -> Select[Any]:
        """Selects the columns of the resource, some of which may come from further tables."""
        return select(self._table)

    def _row_of(self, resource: R) -> dict[str, Any]:
        """Returns all columns but the key, which the database assigns."""
        common = {name: getattr(resource, name) for name in _COMMON if name != "key"}
        labels = label_columns(resource.access_labels) if self._has_labels else {}
        return {**common, **labels, **self._to_row(resource)}

    def _resource_of(self, row: Row[Any]) -> R:
        return self._from_row(row, self._common_of(row))

    def _common_of(self, row: Row[Any]) -> dict[str, Any]:
        """Returns the fields that resources of every kind have."""
        common = common_fields(row)
        if self._has_labels:
            common["access_labels"] = decode_labels(row.access_labels)
        return common


def common_fields(row: Any) -> dict[str, Any]:
    """Returns the fields that resources of every kind have, apart from their labels."""
    return {name: getattr(row, name) for name in _COMMON}


class SqlArchivableRepository(SqlResourceRepository[A]):
    """Implements `ArchivableRepository` on one table, which has a column for the time of archiving."""

    def page(self, visibility: Visibility, after: str | None, limit: int, *, archived: bool = False) -> list[A]:
        return self._page(self._is_seen(visibility) if archived else self._is_in_use(visibility), after, limit)

    def count_in_use(self, visibility: Visibility) -> int:
        return self._connection.execute(select(func.count()).where(self._is_in_use(visibility))).scalar_one()

    def _is_in_use(self, visibility: Visibility) -> ColumnElement[bool]:
        return and_(self._is_seen(visibility), self._table.c.archive_time.is_(None))

    def _row_of(self, resource: A) -> dict[str, Any]:
        return {**super()._row_of(resource), "archive_time": resource.archive_time}

    def _common_of(self, row: Row[Any]) -> dict[str, Any]:
        return {**super()._common_of(row), "archive_time": row.archive_time}
