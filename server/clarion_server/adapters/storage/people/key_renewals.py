"""Stores what keys were made by, and goes over them when they are made anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Select,
    delete,
    func,
    literal,
    select,
    tuple_,
    update,
)

from clarion_server.adapters.storage.rows.json_columns import LABELS, TEXTS
from clarion_server.adapters.storage.schema import (
    audience_lists,
    audience_members,
    audience_runs,
    former_identities,
    key_renewals,
    normalisers,
    profile_identities,
    profiles,
    run_members,
    suppressions,
)
from clarion_server.adapters.storage.statements.bulk import insertion
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.key_renewal import KeyTable, Place, Renewal, StoredKey

_ADD_VERSIONS = insertion(normalisers, tuple(normalisers.columns), "ON CONFLICT DO NOTHING")
_SET_VERSIONS = insertion(
    normalisers,
    tuple(normalisers.columns),
    "ON CONFLICT (name) DO UPDATE SET version = excluded.version, record_time = excluded.record_time",
)
#: The table has one row.
_NUMBER = 1
_THE_ONE = key_renewals.c.number == _NUMBER
_CHANGING = [column.name for column in key_renewals.columns if column is not key_renewals.c.number]
_SAVE = insertion(
    key_renewals,
    tuple(key_renewals.columns),
    f"ON CONFLICT (number) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _CHANGING)}",
)
_ADD_FORMER = insertion(former_identities, tuple(former_identities.columns), "ON CONFLICT DO NOTHING")
_ADD_MEMBER = insertion(audience_members, tuple(audience_members.columns), "ON CONFLICT DO NOTHING")


class _Keys(NamedTuple):
    """Says how the keys of a table are read: the columns of a `StoredKey` behind its place, and those of its place."""

    selected: Select[Any]
    place: tuple[Column[Any], ...]


def _keys(table: KeyTable) -> _Keys:
    match table:
        case KeyTable.IDENTITIES:
            of = profile_identities.c
            written = func.coalesce(of.value, of.normal_value)
            columns = (of.sandbox, of.namespace, of.normal_value, written, of.profile_key)
            return _Keys(select(*columns), (of.sandbox, of.namespace, of.normal_value))
        case KeyTable.FORMER_IDENTITIES:
            former = former_identities.c
            values = (former.namespace, former.normal_value, former.normal_value, former.profile_key)
            selected = select(profiles.c.sandbox, *values).join(profiles, profiles.c.key == former.profile_key)
            return _Keys(selected, (former.profile_key, former.namespace, former.normal_value))
        case KeyTable.LIST_MEMBERS:
            listed = audience_members.c
            values = (listed.namespace, listed.normal_value, listed.value, listed.list_key)
            selected = select(audience_lists.c.sandbox, *values)
            selected = selected.join(audience_lists, audience_lists.c.key == listed.list_key)
            return _Keys(selected, (listed.list_key, listed.namespace, listed.normal_value))
        case KeyTable.RUN_MEMBERS:
            member = run_members.c
            values = (member.namespace, member.normal_value, member.value, member.run_key)
            selected = select(audience_runs.c.sandbox, *values)
            selected = selected.join(audience_runs, audience_runs.c.key == member.run_key)
            # Members that are profiles are passed by the index of the others.
            named = selected.where(member.normal_value.is_not(None))
            return _Keys(named, (member.namespace, member.normal_value, member.run_key, member.ordinal))
        case KeyTable.SUPPRESSIONS:
            target = suppressions.c
            selected = select(target.sandbox, literal(""), target.target_key, target.target, literal(0))
            return _Keys(selected, (target.target_key, target.sandbox, target.channel, target.reason))


_KEYS = {table: _keys(table) for table in KeyTable}


class SqlKeyRenewalRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def versions(self) -> dict[str, str]:
        found = self._connection.execute(select(normalisers.c.name, normalisers.c.version))
        return {row.name: row.version for row in found}

    def add_versions(self, versions: Mapping[str, str], now: Instant) -> None:
        _ADD_VERSIONS.change(self._connection, [(name, version, now) for name, version in sorted(versions.items())])

    def set_versions(self, versions: Mapping[str, str], now: Instant) -> None:
        _SET_VERSIONS.change(self._connection, [(name, version, now) for name, version in sorted(versions.items())])

    def renewal(self) -> Renewal | None:
        row = self._connection.execute(select(key_renewals).where(_THE_ONE).with_for_update()).one_or_none()
        if row is None:
            return None
        table = KeyTable(row.key_table)
        place = TEXTS.decode(row.place)
        return Renewal(
            LABELS.decode(row.versions),
            table,
            tuple(map(_of_column, _KEYS[table].place, place)),
            row.seen,
            row.changed,
            row.collisions,
            row.unreadable,
        )

    def save(self, renewal: Renewal) -> None:
        assert renewal.table is not None, "a pass that is over is forgotten"
        place = TEXTS.encode(tuple(map(str, renewal.place)))
        counted = (renewal.seen, renewal.changed, renewal.collisions, renewal.unreadable)
        row = (_NUMBER, LABELS.encode(renewal.versions), str(renewal.table), place, *counted)
        _SAVE.change(self._connection, [row])

    def end(self) -> None:
        self._connection.execute(delete(key_renewals).where(_THE_ONE))

    def page(self, table: KeyTable, after: Place, limit: int) -> list[StoredKey]:
        selected, place = _KEYS[table]
        statement = selected.add_columns(*place).order_by(*place).limit(limit)
        if after:
            statement = statement.where(tuple_(*place) > tuple_(*after))
        return [StoredKey(tuple(row[5:]), *row[:5]) for row in self._connection.execute(statement)]

    def replace(self, table: KeyTable, changes: Sequence[tuple[StoredKey, str]]) -> None:
        for stored, normal_value in changes:
            match table:
                case KeyTable.FORMER_IDENTITIES:
                    _ADD_FORMER.change(self._connection, [(stored.owner, stored.namespace, normal_value)])
                    self._delete(table, stored)
                case KeyTable.LIST_MEMBERS:
                    self._replace_member(stored, normal_value)
                case KeyTable.RUN_MEMBERS:
                    *_, run_key, ordinal = stored.place
                    the_one = (run_members.c.run_key == run_key, run_members.c.ordinal == ordinal)
                    self._connection.execute(update(run_members).where(*the_one).values(normal_value=normal_value))

    def _replace_member(self, stored: StoredKey, normal_value: str) -> None:
        row = (stored.owner, stored.namespace, normal_value, stored.value)
        added = _ADD_MEMBER.change(self._connection, [row])
        removed = self._delete(KeyTable.LIST_MEMBERS, stored)
        if fewer := removed - added:
            of_list = update(audience_lists).where(audience_lists.c.key == stored.owner)
            self._connection.execute(of_list.values(identity_count=audience_lists.c.identity_count - fewer))

    def _delete(self, table: KeyTable, stored: StoredKey) -> int:
        place = _KEYS[table].place
        the_one = [column == value for column, value in zip(place, stored.place, strict=True)]
        return self._connection.execute(delete(place[0].table).where(*the_one)).rowcount


def _of_column(column: Column[Any], text: str) -> str | int:
    return int(text) if isinstance(column.type, BigInteger) else text
