"""Stores namespaces of identities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from clarion_server.adapters.storage.bulk import BulkStatement, Values
from clarion_server.adapters.storage.sandbox_locks import NAMESPACES
from clarion_server.adapters.storage.schema import identity_namespaces
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import WriteConflict
from clarion_server.domain.access import Visibility
from clarion_server.domain.identity import IdentityNamespace, Namespaces, Normalisation
from clarion_server.domain.identity_namespace import NamespaceResource

_NAMED = BulkStatement(
    "SELECT identity_namespaces.* FROM ({rows}) AS wanted CROSS JOIN identity_namespaces"
    " WHERE identity_namespaces.sandbox = wanted.column1 AND identity_namespaces.id = wanted.column2",
    Values(identity_namespaces.c.sandbox, identity_namespaces.c.id),
)


class SqlIdentityNamespaceRepository:
    def __init__(self, connection: Connection, *, locks: bool) -> None:
        """`locks` is false in a transaction that only reads, which stores no identity."""
        self._connection = connection
        self._locks = locks

    def add(self, namespace: NamespaceResource) -> NamespaceResource:
        try:
            # A savepoint lets the transaction go on after a refusal, on every database.
            with self._connection.begin_nested():
                added = insert(identity_namespaces).values(_to_row(namespace)).returning(identity_namespaces.c.key)
                key = self._connection.execute(added).scalar_one()
        except IntegrityError as error:
            raise NameTaken(namespace.name) from error
        return replace(namespace, key=key)

    def get(self, visibility: Visibility, namespace_id: str) -> NamespaceResource | None:
        named = (identity_namespaces.c.sandbox == visibility.sandbox, identity_namespaces.c.id == namespace_id)
        row = self._connection.execute(select(identity_namespaces).where(*named)).one_or_none()
        return None if row is None else _from_row(row)

    def named(self, names: Collection[tuple[str, str]]) -> Mapping[str, Namespaces]:
        if self._locks:
            NAMESPACES.share(self._connection, {sandbox for sandbox, _ in names})
        found: dict[str, dict[str, IdentityNamespace]] = defaultdict(dict)
        for row in _NAMED.select(self._connection, list(names)):
            found[row.sandbox][row.id] = _rules(row)
        return dict(found)

    def save(self, namespace: NamespaceResource) -> None:
        table = identity_namespaces
        before = (table.c.key == namespace.key, table.c.revision == namespace.revision - 1)
        if self._connection.execute(update(table).where(*before).values(_to_row(namespace))).rowcount == 0:
            raise WriteConflict(namespace.name)

    def delete(self, namespace: NamespaceResource) -> None:
        table = identity_namespaces
        same = (table.c.key == namespace.key, table.c.revision == namespace.revision)
        if self._connection.execute(delete(table).where(*same)).rowcount == 0:
            raise WriteConflict(namespace.name)

    def page(self, visibility: Visibility) -> list[NamespaceResource]:
        statement = select(identity_namespaces).where(identity_namespaces.c.sandbox == visibility.sandbox)
        return [_from_row(row) for row in self._connection.execute(statement.order_by(identity_namespaces.c.id))]

    def lock(self, visibility: Visibility) -> None:
        NAMESPACES.take(self._connection, visibility.sandbox)


def _to_row(namespace: NamespaceResource) -> dict[str, Any]:
    """Returns all columns but the key, which the database assigns."""
    return {
        "sandbox": namespace.sandbox,
        "id": namespace.id,
        "revision": namespace.revision,
        "display_name": namespace.display_name,
        "normalisation": namespace.rules.normalisation,
        "default_region": namespace.rules.default_region,
        "create_time": namespace.create_time,
        "update_time": namespace.update_time,
    }


def _rules(row: Row[Any]) -> IdentityNamespace:
    return IdentityNamespace(row.id, Normalisation(row.normalisation), row.default_region)


def _from_row(row: Row[Any]) -> NamespaceResource:
    return NamespaceResource(
        _rules(row), row.display_name, row.sandbox, row.create_time, row.update_time, row.key, row.revision
    )
