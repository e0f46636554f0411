"""Stores what consent means in sandboxes, the current choices of people and their history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Connection, Integer, Row, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from clarion_server.adapters.storage.people.choices import pack, unpack
from clarion_server.adapters.storage.rows.json_columns import EVIDENCE
from clarion_server.adapters.storage.schema import (
    consent_changes,
    consent_settings,
    profiles,
    topics,
)
from clarion_server.adapters.storage.statements.bulk import BulkStatement, Values
from clarion_server.adapters.storage.statements.sandbox_locks import CONSENTS
from clarion_server.application.ports.store import WriteConflict
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import (
    ConsentChoice,
    Consents,
    ConsentScope,
    ConsentSettings,
    Silence,
    SilenceSetting,
    by_scope,
)
from clarion_server.domain.consent.consent_change import NO_EVIDENCE, ConsentChange, ConsentSource
from clarion_server.domain.instant import Instant
from clarion_server.domain.names import TOPICS
from clarion_server.domain.people.choice_draft import EntryKey

_SETTINGS = select(consent_settings).where(consent_settings.c.sandbox == bindparam("sandbox"))
# LEFT JOIN keeps what is asked for: without a row, the sandbox or the topic has said nothing.
_SILENCES = BulkStatement(
    "SELECT wanted.column1, wanted.column2, consent_settings.silence, topics.silence FROM ({rows}) AS wanted"
    " LEFT JOIN consent_settings ON consent_settings.sandbox = wanted.column1"
    " LEFT JOIN topics ON topics.sandbox = wanted.column1 AND topics.id = wanted.column2",
    Values(topics.c.sandbox, topics.c.id),
)
#: All columns but the key, which the database assigns.
_OF_CHANGE = tuple(column for column in consent_changes.columns if column is not consent_changes.c.key)
_CHOICES = select(profiles.c.choices).where(profiles.c.key == bindparam("key"))
_BY_KEYS = select(consent_changes).where(consent_changes.c.key.in_(bindparam("keys", expanding=True)))
_CHOICES_OF_MANY = BulkStatement(
    "SELECT profiles.key, profiles.choices FROM ({rows}) AS wanted CROSS JOIN profiles"
    " WHERE profiles.key = wanted.column1",
    Values(profiles.c.key),
)
# The keys are assigned in the order of the rows, on PostgreSQL because of ORDER BY.
_ADD = BulkStatement(
    f"INSERT INTO consent_changes ({', '.join(column.name for column in _OF_CHANGE)})"  # noqa: S608 - names of the schema
    f" SELECT {', '.join(f'wanted.column{index + 2}' for index in range(len(_OF_CHANGE)))} FROM ({{rows}}) AS wanted"
    " ORDER BY wanted.column1 RETURNING key",
    Values(Column("position", Integer), *_OF_CHANGE),
)
# Each history is read once, whatever number of entries is asked for.
_ENTRIES_BETWEEN = BulkStatement(
    "SELECT consent_changes.profile_key, consent_changes.channel, consent_changes.topic, consent_changes.choice,"
    " consent_changes.time FROM ({rows}) AS wanted CROSS JOIN consent_changes"
    " WHERE consent_changes.profile_key = wanted.column1"
    " AND consent_changes.time >= wanted.column2 AND consent_changes.time <= wanted.column3",
    Values(consent_changes.c.profile_key, consent_changes.c.time, consent_changes.c.time),
)
_SAVE = BulkStatement(
    "UPDATE profiles SET choices = wanted.column2 FROM ({rows}) AS wanted WHERE profiles.key = wanted.column1",
    Values(profiles.c.key, profiles.c.choices),
)


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
        found = _SILENCES.read(self._connection, list(topics))
        return {(sandbox, topic): _silence(sandbox, topic, *silences) for sandbox, topic, *silences in found}

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
        self.save_all({profile_key: consents})

    def save_all(self, consents: Mapping[int, Consents]) -> None:
        rows = [(key, pack(of_person.values())) for key, of_person in sorted(consents.items(), key=itemgetter(0))]
        if _SAVE.change(self._connection, rows) < len(rows):
            raise WriteConflict("A profile is gone.")

    def add_changes(self, changes: Sequence[tuple[int, ConsentChange]]) -> list[ConsentChange]:
        rows = [(position, *_to_row(key, change)) for position, (key, change) in enumerate(changes)]
        keys = sorted(row.key for row in _ADD.select(self._connection, rows))
        return [change.entered(change.previous_choice, key) for (_, change), key in zip(changes, keys, strict=True)]

    def known_entries(self, entries: Collection[tuple[int, EntryKey]]) -> Mapping[int, AbstractSet[EntryKey]]:
        times: dict[int, list[Instant]] = defaultdict(list)
        for profile_key, entry in entries:
            times[profile_key].append(entry.time)
        rows = [(profile_key, min(of_person), max(of_person)) for profile_key, of_person in sorted(times.items())]
        found: dict[int, set[EntryKey]] = defaultdict(set)
        for row in _ENTRIES_BETWEEN.select(self._connection, rows):
            found[row.profile_key].add(EntryKey(_scope(row), ConsentChoice(row.choice), row.time))
        return found

    def entries(self, keys: Collection[int]) -> Mapping[int, ConsentChange]:
        rows = self._connection.execute(_BY_KEYS, {"keys": sorted(keys)})
        return {row.key: _from_row(row) for row in rows}

    def history(self, profile_key: int, before: int | None, limit: int) -> list[ConsentChange]:
        columns = consent_changes.c
        statement = select(consent_changes).where(columns.profile_key == profile_key)
        if before is not None:
            statement = statement.where(columns.key < before)
        rows = self._connection.execute(statement.order_by(columns.key.desc()).limit(limit))
        return [_from_row(row) for row in rows]


def _silence(sandbox: str, topic: str | None, of_sandbox: str | None, of_topic: str | None) -> SilenceSetting:
    if topic is not None and of_topic is not None:
        return SilenceSetting(Silence(of_topic), TOPICS.format(topic))
    silence = ConsentSettings(sandbox).silence if of_sandbox is None else Silence(of_sandbox)
    return SilenceSetting(silence, ConsentSettings.name)


def _to_row(profile_key: int, change: ConsentChange) -> tuple[Any, ...]:
    """Returns the values of `_OF_CHANGE`."""
    return (
        profile_key,
        change.scope.channel and str(change.scope.channel),
        change.scope.topic,
        str(change.choice),
        change.previous_choice and str(change.previous_choice),
        change.time,
        str(change.source),
        None if change.evidence == NO_EVIDENCE else EVIDENCE.encode(change.evidence),
        change.record_time,
        change.actor,
    )


def _scope(row: Row[Any]) -> ConsentScope:
    return ConsentScope(None if row.channel is None else Channel(row.channel), row.topic)


def _from_row(row: Row[Any]) -> ConsentChange:
    return ConsentChange(
        _scope(row),
        ConsentChoice(row.choice),
        row.time,
        ConsentSource(row.source),
        NO_EVIDENCE if row.evidence is None else EVIDENCE.decode(row.evidence),
        row.record_time,
        row.actor,
        None if row.previous_choice is None else ConsentChoice(row.previous_choice),
        row.key,
    )
