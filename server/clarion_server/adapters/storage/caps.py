"""Stores what frequency caps count for each person.

Whoever decides about a person's caps locks the rows first, so that no other transaction decides at the same time. On
PostgreSQL one upsert locks them, those that are not there yet too. SQLite has one writer at a time, and reads them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Column, Connection, SmallInteger, bindparam, exists, select, tuple_

from clarion_server.adapters.storage.bulk import BulkStatement, Values, insertion
from clarion_server.adapters.storage.schema import cap_entries, messages
from clarion_server.application.ports.retention import Swept
from clarion_server.domain.cap_ledger import CapEntries, CapRow
from clarion_server.domain.cap_person import STRANGER_MARK, CapPerson
from clarion_server.domain.instant import Instant

_KEY = (cap_entries.c.person, cap_entries.c.policy_key, cap_entries.c.scope)
#: 1 for a row that is locked even if it is not there yet.
_NEEDED = Column("needed", SmallInteger)
_COLUMNS = "cap_entries.person, cap_entries.policy_key, cap_entries.scope, cap_entries.times, cap_entries.until"
# Always in the same order, so that no two transactions wait for each other.
_IN_ORDER = "ORDER BY cap_entries.person, cap_entries.policy_key, cap_entries.scope"
_THE_WANTED = (
    "cap_entries.person = wanted.column1 AND cap_entries.policy_key = wanted.column2"
    " AND cap_entries.scope = wanted.column3"
)
# CROSS JOIN fixes the order of the join on SQLite: it looks up each wanted row and scans nothing.
_FOUND = f"FROM ({{rows}}) AS wanted CROSS JOIN cap_entries WHERE {_THE_WANTED}"
_READ = BulkStatement(f"SELECT {_COLUMNS} {_FOUND}", Values(*_KEY, _NEEDED))
# See `json_rows`.
_READ_AS_JSON = BulkStatement(
    "SELECT json_group_array(json_array(cap_entries.person, cap_entries.policy_key, cap_entries.scope,"
    f" json(cap_entries.times), cap_entries.until)) {_FOUND}",
    Values(*_KEY, _NEEDED),
)
# A range of the primary key.
_ANY_STRANGER = select(exists().where(cap_entries.c.person >= STRANGER_MARK))
_LOCK = BulkStatement(
    "INSERT INTO cap_entries (person, policy_key, scope, times, until)"  # noqa: S608 - names of the schema
    " SELECT wanted.column1, wanted.column2, wanted.column3, '{{}}', 0 FROM ({rows}) AS wanted"
    f" WHERE wanted.column4 = 1 OR EXISTS (SELECT 1 FROM cap_entries WHERE {_THE_WANTED})"
    " ORDER BY wanted.column1, wanted.column2, wanted.column3"
    " ON CONFLICT (person, policy_key, scope) DO UPDATE SET until = cap_entries.until"
    f" RETURNING {_COLUMNS}",
    Values(*_KEY, _NEEDED),
)
_SAVE = insertion(
    cap_entries,
    tuple(cap_entries.columns),
    "ON CONFLICT (person, policy_key, scope) DO UPDATE SET times = excluded.times, until = excluded.until",
)
_PERSONS = BulkStatement(
    "SELECT DISTINCT cap_person FROM messages WHERE id IN ({rows}) AND cap_person IS NOT NULL", Values(messages.c.id)
)
_OF_PERSONS = f"SELECT {_COLUMNS} FROM cap_entries WHERE person IN ({{rows}}) {_IN_ORDER}"  # noqa: S608 - names of the schema
_READ_PERSONS = BulkStatement(_OF_PERSONS, Values(cap_entries.c.person))
_LOCK_PERSONS = BulkStatement(f"{_OF_PERSONS} FOR UPDATE", Values(cap_entries.c.person))
_DELETE_PERSONS = BulkStatement("DELETE FROM cap_entries WHERE person IN ({rows})", Values(cap_entries.c.person))
_MOVE_MESSAGES = BulkStatement("UPDATE messages SET cap_person = {one} WHERE id IN ({rows})", Values(messages.c.id))
_NEXT = (
    select(*_KEY, cap_entries.c.until)
    .where(tuple_(*_KEY) > tuple_(*(bindparam(column.name) for column in _KEY)))
    .order_by(*_KEY)
    .limit(bindparam("limit"))
)
_DELETE = BulkStatement(
    "DELETE FROM cap_entries WHERE (person, policy_key, scope) IN ({rows}) AND until < {one}", Values(*_KEY)
)


class SqlCapRepository:
    def __init__(self, connection: Connection, *, locks: bool) -> None:
        """`locks` says whether the transaction may write."""
        takes_locks = locks and connection.dialect.name == "postgresql"
        self._connection = connection
        self._lock = _LOCK if takes_locks else _READ
        self._reads_json = connection.dialect.name == "sqlite"
        self._lock_persons = _LOCK_PERSONS if takes_locks else _READ_PERSONS

    def lock(self, rows: Mapping[CapRow, bool]) -> dict[CapRow, CapEntries]:
        wanted = [(*row, int(needed)) for row, needed in sorted(rows.items())]
        if not self._reads_json:
            return _entries(self._lock.select(self._connection, wanted))
        documents = _READ_AS_JSON.select(self._connection, wanted)
        return {
            CapRow(person, policy_key, scope): CapEntries(times, until)
            for (document,) in documents
            for person, policy_key, scope, times, until in orjson.loads(document)
        }

    def count_strangers(self) -> bool:
        return bool(self._connection.execute(_ANY_STRANGER).scalar_one())

    def save(self, changed: Mapping[CapRow, CapEntries]) -> None:
        rows = [(*row, _pack(entries.times), entries.until) for row, entries in sorted(changed.items(), key=_by_row)]
        _SAVE.change(self._connection, rows)

    def give_back(self, message_ids: Collection[str]) -> None:
        # The messages are locked, as they have just ended: nobody moves what counts them until this transaction ends.
        persons = [row.cap_person for row in _PERSONS.select(self._connection, [(each,) for each in message_ids])]
        if not persons:
            return
        ended, changed = set(message_ids), {}
        for row, entries in self._of_persons(persons).items():
            left = {message_id: time for message_id, time in entries.times.items() if message_id not in ended}
            if len(left) < len(entries.times):
                changed[row] = CapEntries(left, entries.until)
        self.save(changed)

    def unite(self, survivor: CapPerson, absorbed: CapPerson) -> None:
        stored = self._of_persons([survivor, absorbed])
        moving = {row: entries for row, entries in stored.items() if row.person == absorbed}
        if not moving:
            return
        united = {}
        for row, entries in moving.items():
            new = row._replace(person=survivor)
            own = stored.get(new, CapEntries())
            united[new] = CapEntries({**own.times, **entries.times}, max(own.until, entries.until))
        self.save(united)
        _DELETE_PERSONS.change(self._connection, [(absorbed,)])
        ids = {message_id for entries in moving.values() for message_id in entries.times}
        _MOVE_MESSAGES.change(self._connection, [(each,) for each in sorted(ids)], before=(survivor,))

    def delete(self, persons: Collection[CapPerson]) -> None:
        # A deletion alone would lock them in no order, and might wait for somebody who waits for it.
        self._of_persons(list(persons))
        _DELETE_PERSONS.change(self._connection, [(person,) for person in sorted(persons)])

    def purge(self, before: Instant, after: str, limit: int) -> Swept[str]:
        person, policy_key, scope = orjson.loads(after) if after else ("", 0, "")
        position = {"person": person, "policy_key": policy_key, "scope": scope, "limit": limit}
        rows = self._connection.execute(_NEXT, position).all()
        old = [tuple(row[:3]) for row in rows if row.until < before]
        _DELETE.change(self._connection, old, after=(before,))
        return Swept(len(rows), orjson.dumps(tuple(rows[-1][:3])).decode() if rows else after)

    def _of_persons(self, persons: Sequence[CapPerson]) -> dict[CapRow, CapEntries]:
        return _entries(self._lock_persons.select(self._connection, [(person,) for person in sorted(persons)]))


def _entries(rows: Iterable[Any]) -> dict[CapRow, CapEntries]:
    return {CapRow(*row[:3]): CapEntries(orjson.loads(row[3]), row[4]) for row in rows}


def _pack(times: Mapping[str, Instant]) -> str:
    return orjson.dumps(times).decode()


def _by_row(item: tuple[CapRow, CapEntries]) -> CapRow:
    return item[0]
