"""Stores what consent means in sandboxes, the current choices of people and their history."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from clarion_server.adapters.storage.bulk import BulkStatement, Values
from clarion_server.adapters.storage.choices import pack, unpack
from clarion_server.adapters.storage.json_columns import EVIDENCE
from clarion_server.adapters.storage.sandbox_locks import CONSENTS
from clarion_server.adapters.storage.schema import (
    consent_changes,
    consent_settings,
    profiles,
    topics,
)
from clarion_server.application.ports.store import WriteConflict
from clarion_server.domain.access import Visibility
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent import (
    ConsentChoice,
    Consents,
    ConsentScope,
    ConsentSettings,
    Silence,
    SilenceSetting,
    by_scope,
)
from clarion_server.domain.consent_change import NO_EVIDENCE, ConsentChange, ConsentSource
from clarion_server.domain.names import TOPICS

_SETTINGS = select(consent_settings).where(consent_settings.c.sandbox == bindparam("sandbox"))
# LEFT JOIN keeps what is asked for: without a row, the sandbox or the topic has said nothing.
_SILENCES = BulkStatement(
    "SELECT wanted.column1 AS sandbox, wanted.column2 AS topic,"
    " consent_settings.silence AS of_sandbox, topics.silence AS of_topic FROM ({rows}) AS wanted"
    " LEFT JOIN consent_settings ON consent_settings.sandbox = wanted.column1"
    " LEFT JOIN topics ON topics.sandbox = wanted.column1 AND topics.id = wanted.column2",
    Values(topics.c.sandbox, topics.c.id),
)
_CHOICES = select(profiles.c.choices).where(profiles.c.key == bindparam("key"))
_CHOICES_OF_MANY = BulkStatement(
    "SELECT profiles.key, profiles.choices FROM ({rows}) AS wanted CROSS JOIN profiles"
    " WHERE profiles.key = wanted.column1",
    Values(profiles.c.key),
)
_ADD = insert(consent_changes).returning(consent_changes.c.key)


class SqlConsentRepository:
    def __init__(self, connection: Connection, *, locks: bool) -> None:
        """`locks` is false in a transaction that only reads, which hands nothing off."""
        self._connection = connection
        self._locks = locks

    def settings(self, visibility: Visibility) -> ConsentSettings:
        row = self._connection.execute(_SETTINGS, {"sandbox": visibility.sandbox}).one_or_none()
        if row is None:
            return ConsentSettings(visibility.sandbox)
        return ConsentSettings(row.sandbox, Silence(row.silence), row.update_time, row.revision)

    def save_settings(self, settings: ConsentSettings) -> None:
        row = {
            "sandbox": settings.sandbox,
            "silence": settings.silence,
            "update_time": settings.update_time,
            "revision": settings.revision,
        }
        before = (
            consent_settings.c.sandbox == settings.sandbox,
            consent_settings.c.revision == settings.revision - 1,
        )
        try:
            if settings.revision == 1:
                self._connection.execute(insert(consent_settings).values(row))
            elif self._connection.execute(update(consent_settings).where(*before).values(row)).rowcount == 0:
                raise WriteConflict(settings.name)
        except IntegrityError as error:
            raise WriteConflict(settings.name) from error

    def silences(self, topics: Collection[tuple[str, str | None]]) -> Mapping[tuple[str, str | None], SilenceSetting]:
        found = _SILENCES.select(self._connection, list(topics))
        return {(row.sandbox, row.topic): _silence(row) for row in found}

    def lock_shared(self, sandboxes: Collection[str]) -> None:
        if self._locks:
            CONSENTS.share(self._connection, sandboxes)

    def lock(self, visibility: Visibility) -> None:
        CONSENTS.take(self._connection, visibility.sandbox)

    def of_profile(self, profile_key: int) -> Consents:
        return by_scope(unpack(self._connection.execute(_CHOICES, {"key": profile_key}).scalar_one_or_none()))

    def of_profiles(self, profile_keys: Collection[int]) -> Mapping[int, Consents]:
        found = _CHOICES_OF_MANY.select(self._connection, [(key,) for key in profile_keys])
        return {row.key: by_scope(unpack(row.choices)) for row in found}

    def save(self, profile_key: int, consents: Consents) -> None:
        changed = update(profiles).where(profiles.c.key == profile_key)
        packed = pack(consents.values())
        if self._connection.execute(changed.values(choices=packed)).rowcount == 0:
            raise WriteConflict("The profile is gone.")

    def add_changes(self, profile_key: int, changes: Sequence[ConsentChange]) -> list[ConsentChange]:
        return [
            replace(change, key=self._connection.execute(_ADD, _to_row(profile_key, change)).scalar_one())
            for change in changes
        ]

    def has_change(self, profile_key: int, change: ConsentChange) -> bool:
        columns, scope = consent_changes.c, change.scope
        same = select(columns.key).where(
            columns.profile_key == profile_key,
            columns.choice == change.choice,
            columns.time == change.time,
            columns.channel.is_not_distinct_from(scope.channel),
            columns.topic.is_not_distinct_from(scope.topic),
        )
        return self._connection.execute(same.limit(1)).one_or_none() is not None

    def history(self, profile_key: int, before: int | None, limit: int) -> list[ConsentChange]:
        columns = consent_changes.c
        statement = select(consent_changes).where(columns.profile_key == profile_key)
        if before is not None:
            statement = statement.where(columns.key < before)
        rows = self._connection.execute(statement.order_by(columns.key.desc()).limit(limit))
        return [_from_row(row) for row in rows]


def _silence(row: Row[Any]) -> SilenceSetting:
    if row.of_topic is not None:
        return SilenceSetting(Silence(row.of_topic), TOPICS.format(row.topic))
    of_sandbox = ConsentSettings(row.sandbox).silence if row.of_sandbox is None else Silence(row.of_sandbox)
    return SilenceSetting(of_sandbox, ConsentSettings.name)


def _to_row(profile_key: int, change: ConsentChange) -> dict[str, Any]:
    """Returns all columns but the key, which the database assigns."""
    return {
        "profile_key": profile_key,
        "channel": change.scope.channel,
        "topic": change.scope.topic,
        "choice": change.choice,
        "previous_choice": change.previous_choice,
        "time": change.time,
        "source": change.source,
        "evidence": None if change.evidence == NO_EVIDENCE else EVIDENCE.encode(change.evidence),
        "record_time": change.record_time,
        "actor": change.actor,
    }


def _from_row(row: Row[Any]) -> ConsentChange:
    return ConsentChange(
        ConsentScope(None if row.channel is None else Channel(row.channel), row.topic),
        ConsentChoice(row.choice),
        row.time,
        ConsentSource(row.source),
        NO_EVIDENCE if row.evidence is None else EVIDENCE.decode(row.evidence),
        row.record_time,
        row.actor,
        None if row.previous_choice is None else ConsentChoice(row.previous_choice),
        row.key,
    )
