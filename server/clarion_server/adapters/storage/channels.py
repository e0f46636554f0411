"""Stores channel configurations."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, delete, insert, null, select, update
from sqlalchemy.exc import IntegrityError

from clarion_server.adapters.storage.rows.access_labels import decode_labels, label_columns
from clarion_server.adapters.storage.rows.json_columns import CATEGORIES, PROVIDER, SECRETS
from clarion_server.adapters.storage.rows.json_rows import RowsReader
from clarion_server.adapters.storage.schema import channel_configurations
from clarion_server.adapters.storage.statements.conditions import is_visible
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import WriteConflict
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.channels.retry import RetryPolicy
from clarion_server.domain.channels.seen_certificate import SeenCertificate
from clarion_server.domain.instant import Instant
from clarion_server.domain.secret import split_secrets

_table = channel_configurations
# Built once: claims and heartbeats run them.
_BY_KEY = select(_table).where(_table.c.key == bindparam("key"))
_BY_NAME = select(_table).where(
    _table.c.sandbox == bindparam("sandbox"),
    _table.c.id == bindparam("id"),
    _table.c.access_mask.bitwise_and(bindparam("hidden")) == 0,
)
_DISABLED = select(_table.c.disabled).where(_table.c.key == bindparam("key"))
_REVISIONS = RowsReader(select(_table.c.key, _table.c.revision))
_ADD = insert(_table).returning(_table.c.key)


class SqlChannelConfigurationRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, configuration: ChannelConfiguration) -> ChannelConfiguration:
        try:
            # A savepoint lets the transaction go on after a refusal, on every database.
            with self._connection.begin_nested():
                key = self._connection.execute(_ADD, _to_row(configuration)).scalar_one()
        except IntegrityError as error:
            raise NameTaken(configuration.name) from error
        return replace(configuration, key=key)

    def get(self, visibility: Visibility, configuration_id: str) -> ChannelConfiguration | None:
        named = {"sandbox": visibility.sandbox, "id": configuration_id, "hidden": visibility.hidden}
        return self._one(_BY_NAME, named)

    def by_key(self, key: int) -> ChannelConfiguration | None:
        return self._one(_BY_KEY, {"key": key})

    def by_keys(self, keys: Collection[int]) -> list[ChannelConfiguration]:
        statement = select(_table).where(_table.c.key.in_(keys)).order_by(_table.c.key)
        return [_from_row(row) for row in self._connection.execute(statement)]

    def is_enabled(self, key: int) -> bool:
        disabled = self._connection.execute(_DISABLED, {"key": key}).scalar_one_or_none()
        return disabled is not None and not disabled

    def revisions(self) -> dict[int, int]:
        return {key: revision for key, revision in _REVISIONS.read(self._connection)}  # noqa: C416 - typed rows

    def save_certificates(self, seen: Mapping[int, SeenCertificate]) -> None:
        for key, certificate in sorted(seen.items()):
            same = (_table.c.key == key, _table.c.revision == certificate.revision)
            self._connection.execute(update(_table).where(*same).values(server_certificate_end=certificate.end_time))

    def certificate_ends(self, keys: Collection[int]) -> dict[int, Instant]:
        known = (_table.c.key.in_(keys), _table.c.server_certificate_end.is_not(None))
        rows = self._connection.execute(select(_table.c.key, _table.c.server_certificate_end).where(*known))
        return {row.key: row.server_certificate_end for row in rows}

    def save(self, configuration: ChannelConfiguration) -> None:
        before = (_table.c.key == configuration.key, _table.c.revision == configuration.revision - 1)
        row = _to_row(configuration)
        # What the server of another provider has shown says nothing about this one.
        is_same = _table.c.provider == row["provider"]
        seen = case((is_same, _table.c.server_certificate_end), else_=null())
        statement = update(_table).where(*before).values({**row, "server_certificate_end": seen})
        if self._connection.execute(statement).rowcount == 0:
            raise WriteConflict(configuration.name)

    def delete(self, configuration: ChannelConfiguration) -> None:
        same = (_table.c.key == configuration.key, _table.c.revision == configuration.revision)
        if self._connection.execute(delete(_table).where(*same)).rowcount == 0:
            raise WriteConflict(configuration.name)

    def page(self, visibility: Visibility, after: str | None, limit: int) -> list[ChannelConfiguration]:
        statement = select(_table).where(is_visible(_table, visibility)).order_by(_table.c.id).limit(limit)
        if after is not None:
            statement = statement.where(_table.c.id > after)
        return [_from_row(row) for row in self._connection.execute(statement)]

    def _one(self, statement: Any, parameters: Mapping[str, Any] | None = None) -> ChannelConfiguration | None:
        row = self._connection.execute(statement, parameters).one_or_none()
        return None if row is None else _from_row(row)


def _to_row(configuration: ChannelConfiguration) -> dict[str, Any]:
    """Returns all columns but the key, which the database assigns."""
    provider, secrets = split_secrets(configuration.provider)
    return {
        "sandbox": configuration.sandbox,
        "id": configuration.id,
        "revision": configuration.revision,
        "display_name": configuration.display_name,
        "channel": configuration.channel,
        "provider": PROVIDER.encode(provider),
        "secrets": SECRETS.encode(secrets),
        "categories": CATEGORIES.encode(configuration.categories),
        "disabled": configuration.disabled,
        "retry_window": configuration.retry_policy.window,
        "retry_initial_delay": configuration.retry_policy.initial_delay,
        "retry_max_delay": configuration.retry_policy.max_delay,
        "max_concurrency": configuration.max_concurrency,
        "max_rate": configuration.max_rate,
        "max_message_bytes": configuration.max_message_bytes,
        "create_time": configuration.create_time,
        "update_time": configuration.update_time,
        **label_columns(configuration.access_labels),
    }


def _from_row(row: Row[Any]) -> ChannelConfiguration:
    return ChannelConfiguration(
        sandbox=row.sandbox,
        id=row.id,
        display_name=row.display_name,
        provider=replace(PROVIDER.decode(row.provider), **SECRETS.decode(row.secrets)),
        create_time=row.create_time,
        update_time=row.update_time,
        categories=CATEGORIES.decode(row.categories),
        disabled=row.disabled,
        retry_policy=RetryPolicy(row.retry_window, row.retry_initial_delay, row.retry_max_delay),
        max_concurrency=row.max_concurrency,
        max_rate=row.max_rate,
        max_message_bytes=row.max_message_bytes,
        access_labels=decode_labels(row.access_labels),
        key=row.key,
        revision=row.revision,
    )
