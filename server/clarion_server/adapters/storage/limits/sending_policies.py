"""Stores sending policies."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from clarion_server.adapters.storage.resources import SqlResourceRepository
from clarion_server.adapters.storage.rows.field_rows import FieldRows
from clarion_server.adapters.storage.schema import sending_policies
from clarion_server.adapters.storage.statements.bulk import BulkStatement, Values
from clarion_server.domain.sending_policies.sending_policy import SendingPolicy

_NAMED = BulkStatement(
    "SELECT sending_policies.* FROM ({rows}) AS wanted CROSS JOIN sending_policies"
    " WHERE sending_policies.sandbox = wanted.column1 AND sending_policies.id = wanted.column2",
    Values(sending_policies.c.sandbox, sending_policies.c.id),
)


_ROWS = FieldRows(SendingPolicy)


class SqlSendingPolicyRepository(SqlResourceRepository[SendingPolicy]):
    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, sending_policies, _ROWS.to_row, _ROWS.from_row)

    def named(self, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], SendingPolicy]:
        found = map(self._resource_of, _NAMED.select(self._connection, list(names)))
        return {(policy.sandbox, policy.id): policy for policy in found}
