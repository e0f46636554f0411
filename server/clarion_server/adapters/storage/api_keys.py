"""Stores API keys."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, tuple_, update

from clarion_server.adapters.storage.rows.access_labels import decode_labels, encode_labels
from clarion_server.adapters.storage.rows.json_columns import SCOPES
from clarion_server.adapters.storage.schema import api_keys
from clarion_server.domain.access.access import ApiKey, Visibility
from clarion_server.domain.instant import Instant

_BY_ID = select(api_keys).where(api_keys.c.id == bindparam("key_id"))


class SqlApiKeyRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, key: ApiKey) -> None:
        self._connection.execute(insert(api_keys).values(_to_row(key)))

    def get(self, key_id: str) -> ApiKey | None:
        row = self._connection.execute(_BY_ID, {"key_id": key_id}).one_or_none()
        return None if row is None else _from_row(row)

    def save(self, key: ApiKey) -> None:
        self._connection.execute(update(api_keys).where(api_keys.c.id == key.id).values(_to_row(key)))

    def page(self, visibility: Visibility | None, after: tuple[Instant, str] | None, limit: int) -> list[ApiKey]:
        statement = select(api_keys).order_by(api_keys.c.create_time, api_keys.c.id).limit(limit)
        if visibility is not None:
            statement = statement.where(api_keys.c.sandbox == visibility.sandbox)
        if after is not None:
            statement = statement.where(tuple_(api_keys.c.create_time, api_keys.c.id) > after)
        return [_from_row(row) for row in self._connection.execute(statement)]


def _to_row(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "display_name": key.display_name,
        "sandbox": key.sandbox,
        "scopes": SCOPES.encode(tuple(sorted(key.scopes))),
        "secret_hash": key.secret_hash,
        "create_time": key.create_time,
        "creator": key.creator,
        "revoke_time": key.revoke_time,
        "access_labels": encode_labels(key.access_labels),
    }


def _from_row(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        display_name=row.display_name,
        sandbox=row.sandbox,
        scopes=frozenset(SCOPES.decode(row.scopes)),
        secret_hash=row.secret_hash,
        create_time=row.create_time,
        creator=row.creator,
        revoke_time=row.revoke_time,
        access_labels=decode_labels(row.access_labels),
    )
