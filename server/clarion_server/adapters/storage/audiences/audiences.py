"""Stores audiences, and reads the profiles that their conditions are about."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, exists, func, null, select

from clarion_server.adapters.storage.audiences.audience_lists import SqlAudienceLists, list_from_row
from clarion_server.adapters.storage.people.choices import unpack
from clarion_server.adapters.storage.resources import SqlResourceRepository
from clarion_server.adapters.storage.rows.json_rows import RowsReader
from clarion_server.adapters.storage.schema import audience_lists, audience_members, audiences, profiles
from clarion_server.adapters.storage.statements.bulk import BulkStatement, Values
from clarion_server.application.ports.audiences import AudienceSource, Subject
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.audiences.audience import Audience
from clarion_server.domain.instant import Instant

_WITH_LIST = select(
    audiences,
    audience_lists.c.upload_id,
    audience_lists.c.identity_count,
    audience_lists.c.update_time.label("list_update_time"),
    audience_lists.c.complete_time,
    audience_lists.c.replace_time,
).join_from(audiences, audience_lists, audience_lists.c.key == audiences.c.list_key, isouter=True)


def _columns(*, with_choices: bool) -> tuple[ColumnElement[Any], ...]:
    """Returns the fields of a `Subject` in their order."""
    return (
        profiles.c.key,
        profiles.c.id,
        profiles.c.attributes,
        profiles.c.locale,
        profiles.c.time_zone,
        profiles.c.create_time,
        profiles.c.choices if with_choices else null().label("choices"),
    )


def _subjects(*, with_choices: bool) -> RowsReader:
    behind = (
        profiles.c.sandbox == bindparam("sandbox"),
        profiles.c.id > bindparam("after"),
        profiles.c.create_time <= bindparam("created_by"),
    )
    columns = _columns(with_choices=with_choices)
    return RowsReader(select(*columns).where(*behind).order_by(profiles.c.id).limit(bindparam("limit")))


_SOURCES = BulkStatement(
    "SELECT sandbox, id, condition, list_key FROM audiences WHERE (sandbox, id) IN ({rows})",
    Values(audiences.c.sandbox, audiences.c.id),
)
_SUBJECT = "key, id, attributes, locale, time_zone, create_time"
_SUBJECTS_BY_KEY = {
    with_choices: BulkStatement(f"SELECT {columns} FROM profiles WHERE key IN ({{rows}})", Values(profiles.c.key))  # noqa: S608 - columns of the schema
    for with_choices, columns in ((False, f"{_SUBJECT}, NULL"), (True, f"{_SUBJECT}, choices"))
}
# CROSS JOIN fixes the order of the join on SQLite: it looks up the identities of each profile, and each of these.
_LISTED = BulkStatement(
    "SELECT DISTINCT wanted.column1, wanted.column2 FROM ({rows}) AS wanted"
    " CROSS JOIN profile_identities CROSS JOIN audience_members"
    " WHERE profile_identities.profile_key = wanted.column2 AND audience_members.list_key = wanted.column1"
    " AND audience_members.namespace = profile_identities.namespace"
    " AND audience_members.normal_value = profile_identities.normal_value",
    Values(audience_members.c.list_key, profiles.c.key),
)

_SUBJECTS = {with_choices: _subjects(with_choices=with_choices) for with_choices in (False, True)}


class SqlAudienceRepository(SqlAudienceLists, SqlResourceRepository[Audience]):
    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, audiences, _to_row, _from_row)

    def add(self, resource: Audience) -> Audience:
        stored = super().add(resource)
        if stored.condition is not None:
            return stored
        first = self.add_list(stored, "", stored.create_time)
        self.complete(stored, first, stored.create_time)
        return replace(stored, listed=replace(first, complete_time=stored.create_time))

    def subjects(
        self, visibility: Visibility, after: str, created_by: Instant, limit: int, *, with_choices: bool
    ) -> list[Subject]:
        wanted = {"sandbox": visibility.sandbox, "after": after, "created_by": created_by, "limit": limit}
        rows = _SUBJECTS[with_choices].read(self._connection, wanted)
        return [Subject._make((*row[:-1], unpack(row[-1]))) for row in rows]

    def subjects_of(
        self, visibility: Visibility, keys: Sequence[int], created_by: Instant, *, with_choices: bool
    ) -> list[Subject]:
        chosen = (
            profiles.c.key.in_(keys),
            profiles.c.sandbox == visibility.sandbox,
            profiles.c.create_time <= created_by,
        )
        rows = self._connection.execute(select(*_columns(with_choices=with_choices)).where(*chosen))
        return [Subject._make((*row[:-1], unpack(row[-1]))) for row in rows]

    def named(self, visibility: Visibility, ids: Collection[str], *, hold: bool = False) -> dict[str, Audience]:
        if not ids:
            return {}
        wanted = _WITH_LIST.where(self._is_seen(visibility), audiences.c.id.in_(sorted(ids))).order_by(audiences.c.key)
        # PostgreSQL alone has such locks. SQLite has one writer at a time.
        rows = self._connection.execute(wanted.with_for_update(read=True, of=audiences) if hold else wanted)
        return {row.id: self._resource_of(row) for row in rows}

    def lock(self, audience: Audience) -> None:
        self._connection.execute(select(audiences.c.key).where(audiences.c.key == audience.key).with_for_update())

    def sources(self, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], AudienceSource]:
        rows = _SOURCES.select(self._connection, sorted(names))
        return {(sandbox, name): AudienceSource(condition, key) for sandbox, name, condition, key in rows}

    def subjects_by_key(self, keys: Collection[int], *, with_choices: bool) -> dict[int, Subject]:
        rows = _SUBJECTS_BY_KEY[with_choices].select(self._connection, [(key,) for key in keys])
        return {row[0]: Subject._make((*row[:-1], unpack(row[-1]))) for row in rows}

    def listed(self, lists: Collection[int], keys: Collection[int]) -> set[tuple[int, int]]:
        pairs = [(list_key, key) for list_key in lists for key in keys]
        return {(list_key, key) for list_key, key in _LISTED.select(self._connection, pairs)}

    def largest_profile_key(self) -> int:
        return self._connection.execute(select(func.max(profiles.c.key))).scalar_one() or 0

    def first_in_namespace(self, visibility: Visibility, namespace_id: str) -> Audience | None:
        of_namespace = exists().where(
            audience_members.c.list_key == audience_lists.c.key, audience_members.c.namespace == namespace_id
        )
        keys = select(audience_lists.c.audience_key).where(
            audience_lists.c.sandbox == visibility.sandbox, audience_lists.c.replace_time.is_(None), of_namespace
        )
        row = self._connection.execute(_WITH_LIST.where(audiences.c.key.in_(keys)).limit(1)).one_or_none()
        return None if row is None else self._resource_of(row)

    def _select(self) -> Select[Any]:
        return _WITH_LIST


def _to_row(audience: Audience) -> Mapping[str, Any]:
    """Returns the columns of the kind, without its list."""
    return {
        "display_name": audience.display_name,
        "description": audience.description,
        "condition": audience.condition,
    }


def _from_row(row: Row[Any], common: Mapping[str, Any]) -> Audience:
    return Audience(
        **common,
        display_name=row.display_name,
        description=row.description,
        condition=row.condition,
        listed=None if row.list_key is None else list_from_row(row.list_key, row.list_update_time, row),
    )
