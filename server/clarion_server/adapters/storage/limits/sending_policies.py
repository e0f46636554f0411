"""Stores sending policies."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection

from clarion_server.adapters.storage.resources import SqlResourceRepository, common_fields
from clarion_server.adapters.storage.rows.field_rows import FieldRows
from clarion_server.adapters.storage.schema import sending_policies
from clarion_server.adapters.storage.statements.bulk import BulkStatement, Values
from clarion_server.domain.sending_policies.sending_policy import SendingPolicy

_COLUMNS = [column.name for column in sending_policies.columns]
_NAMED = BulkStatement(
    f"SELECT {', '.join(f'sending_policies.{name}' for name in _COLUMNS)}"  # noqa: S608 - names of the schema
    " FROM ({rows}) AS wanted CROSS JOIN sending_policies"
    " WHERE sending_policies.sandbox = wanted.column1 AND sending_policies.id = wanted.column2",
    Values(sending_policies.c.sandbox, sending_policies.c.id),
)
_ROWS = FieldRows(SendingPolicy)


class SqlSendingPolicyRepository(SqlResourceRepository[SendingPolicy]):
    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, sending_policies, _ROWS.to_row, _ROWS.from_row)

    def named(self, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], SendingPolicy]:
        found = [_decoded(tuple(row)) for row in _NAMED.read(self._connection, list(names))]
        return {(policy.sandbox, policy.id): policy for policy in found}


# Decoding a policy takes longer than reading it, and all batches of a sandbox read the same few.
@lru_cache(maxsize=256)
def _decoded(values: tuple[Any, ...]) -> SendingPolicy:
    row: Any = SimpleNamespace(**dict(zip(_COLUMNS, values, strict=True)))
    return _ROWS.from_row(row, common_fields(row))
