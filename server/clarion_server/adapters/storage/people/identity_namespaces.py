"""Stores namespaces of identities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import Connection

from clarion_server.adapters.storage.resources import SqlResourceRepository
from clarion_server.adapters.storage.rows.field_rows import FieldRows
from clarion_server.adapters.storage.schema import identity_namespaces
from clarion_server.adapters.storage.statements.bulk import BulkStatement, Values
from clarion_server.adapters.storage.statements.sandbox_locks import NAMESPACES
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.people.identity import IdentityNamespace, Namespaces, Normalisation
from clarion_server.domain.people.identity_namespace import NamespaceResource

_NAMED = BulkStatement(
    "SELECT identity_namespaces.* FROM ({rows}) AS wanted CROSS JOIN identity_namespaces"
    " WHERE identity_namespaces.sandbox = wanted.column1 AND identity_namespaces.id = wanted.column2",
    Values(identity_namespaces.c.sandbox, identity_namespaces.c.id),
)


_ROWS = FieldRows(NamespaceResource)


class SqlIdentityNamespaceRepository(SqlResourceRepository[NamespaceResource]):
    def __init__(self, connection: Connection, *, locks: bool) -> None:
        """`locks` is false in a transaction that only reads, which stores no identity."""
        super().__init__(connection, identity_namespaces, _ROWS.to_row, _ROWS.from_row)
        self._locks = locks

    def named(self, names: Collection[tuple[str, str]]) -> Mapping[str, Namespaces]:
        if self._locks:
            NAMESPACES.share(self._connection, {sandbox for sandbox, _ in names})
        found: dict[str, dict[str, IdentityNamespace]] = defaultdict(dict)
        for row in _NAMED.select(self._connection, list(names)):
            found[row.sandbox][row.id] = IdentityNamespace(row.id, Normalisation(row.normalisation), row.default_region)
        return dict(found)

    def lock(self, visibility: Visibility) -> None:
        NAMESPACES.take(self._connection, visibility.sandbox)
