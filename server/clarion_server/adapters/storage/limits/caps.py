"""Stores what frequency caps count for each person.

Whoever decides about a person's caps locks the rows first, so that no other transaction decides at the same time
(`cap_locks`). SQLite has one writer at a time, and reads them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, select, tuple_

from clarion_server.adapters.storage.limits.cap_locks import (
    KEY,
    OF_PERSONS,
    CapLocks,
    CapRow,
    RowsToLock,
    read_entries,
    waiting_shortly,
)
from clarion_server.adapters.storage.schema import cap_entries, messages
from clarion_server.adapters.storage.statements import driver
from clarion_server.adapters.storage.statements.bulk import BulkStatement, Values, ValuesBeside
from clarion_server.application.ports.caps import WantedPersons
from clarion_server.application.ports.profiles import SandboxIdentity
from clarion_server.application.ports.retention import Swept
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.cap_person import STRANGER_MARK, CapPerson
from clarion_server.domain.sending_policies.cap_entries import CapEntries
from clarion_server.domain.sending_policies.cap_ledger import AddedByScope, EntriesByScope
from clarion_server.domain.sending_policies.cap_rules import CapScope

_OF_PERSON = "cap_entries.person, cap_entries.until, cap_entries.times"
_OF_SCOPE = "cap_entries.policy_key = {one} AND cap_entries.scope = {one} AND cap_entries.count >= {one}"
_READ = BulkStatement(
    f"SELECT {_OF_PERSON} FROM ({{rows}}) AS wanted CROSS JOIN cap_entries"  # noqa: S608 - names of the schema
    f" WHERE cap_entries.person = wanted.column1 AND {_OF_SCOPE}",
    Values(cap_entries.c.person),
)
# See `json_rows`. CROSS JOIN fixes the order of the join: it looks up each wanted row and scans nothing. As the persons
# are one parameter, the statement is the same for any number of them.
_READ_AS_JSON = (
    f"SELECT json_group_array(json_array({_OF_PERSON})) FROM json_each(?) AS wanted CROSS JOIN cap_entries"  # noqa: S608 - names of the schema
    f" WHERE cap_entries.person = wanted.value AND {_OF_SCOPE.format(one='?')}"
)
# The condition is a range of the primary key.
_ANY_STRANGER = f"SELECT EXISTS (SELECT 1 FROM cap_entries WHERE person >= '{STRANGER_MARK}')"  # noqa: S608 - a constant
#: Nearly all rows of a batch belong to one policy and scope, which are bound once (decision 60).
_SHARED = (cap_entries.c.policy_key, cap_entries.c.scope)
_OWN = (cap_entries.c.person, cap_entries.c.until, cap_entries.c.count, cap_entries.c.times)
_INSERT = (
    "INSERT INTO cap_entries (policy_key, scope, person, until, count, times) {rows}"
    # Without a condition SQLite would take ON CONFLICT for that of a join.
    " WHERE true ON CONFLICT (person, policy_key, scope) DO UPDATE SET"
)
_SAVE = BulkStatement(
    f"{_INSERT} until = excluded.until, count = excluded.count, times = excluded.times", ValuesBeside(_SHARED, _OWN)
)
# What can count no more at the time of the parameter is replaced.
_ADD = BulkStatement(
    f"{_INSERT} until = CASE WHEN cap_entries.until > excluded.until THEN cap_entries.until ELSE excluded.until END,"
    " count = excluded.count + CASE WHEN cap_entries.until > {one} THEN cap_entries.count ELSE 0 END,"
    " times = CASE WHEN cap_entries.until > {one} THEN cap_entries.times || excluded.times ELSE excluded.times END",
    ValuesBeside(_SHARED, _OWN),
)
_PERSONS = BulkStatement(
    "SELECT DISTINCT cap_person FROM messages WHERE id IN ({rows}) AND cap_person IS NOT NULL", Values(messages.c.id)
)
_READ_PERSONS = BulkStatement(OF_PERSONS, Values(cap_entries.c.person))
_DELETE_PERSONS = BulkStatement("DELETE FROM cap_entries WHERE person IN ({rows})", Values(cap_entries.c.person))
# PostgreSQL finds the rows by their ids, whatever it thinks of the person: it expects nothing of a CASE.
_MOVE_MESSAGES = BulkStatement(
    "UPDATE messages SET cap_person = {one}"
    " WHERE id IN ({rows}) AND CASE WHEN cap_person = {one} THEN TRUE ELSE FALSE END",
    Values(messages.c.id),
)
_NEXT = (
    select(*KEY, cap_entries.c.until)
    .where(tuple_(*KEY) > tuple_(*(bindparam(column.name) for column in KEY)))
    .order_by(*KEY)
    .limit(bindparam("limit"))
)
_DELETE = BulkStatement(
    "DELETE FROM cap_entries WHERE (person, policy_key, scope) IN ({rows}) AND until < {one}", Values(*KEY)
)


class SqlCapRepository:
    def __init__(self, connection: Connection, to_lock: RowsToLock, *, locks: bool) -> None:
        """`locks` says whether the transaction may write. The process's last one may have left rows `to_lock`."""
        self._connection = connection
        self._reads_json = connection.dialect.name == "sqlite"
        self._locks = CapLocks(connection, to_lock) if locks and connection.dialect.name == "postgresql" else None

    def lock(self, wanted: WantedPersons, unread_below: int = 0) -> dict[CapScope, dict[CapPerson, CapEntries]]:
        if self._locks is not None:
            rows = {CapRow(each, *scope): needed for scope, of_it in wanted.items() for each, needed in of_it.items()}
            return _by_scope(self._locks.lock(rows, unread_below))
        return {
            scope: {
                # Positional arguments: names would take a third longer.
                person: CapEntries(None, until, times)
                for person, until, times in self._read(persons, scope, unread_below)
            }
            for scope, persons in wanted.items()
        }

    def _read(self, persons: Iterable[CapPerson], scope: CapScope, unread_below: int) -> Iterable[Sequence[Any]]:
        of_scope = (*scope, unread_below)
        if not self._reads_json:
            return _READ.select(self._connection, [(person,) for person in persons], after=of_scope)
        parameters = (orjson.dumps(list(persons)).decode(), *of_scope)
        ((document,),) = driver.run(self._connection, _READ_AS_JSON, parameters).fetchall()
        rows: list[tuple[CapPerson, Instant, str]] = orjson.loads(document)
        return rows

    def hold_strangers(self, identities: Collection[SandboxIdentity]) -> set[SandboxIdentity]:
        return set() if self._locks is None else self._locks.hold_strangers(identities)

    def count_strangers(self) -> bool:
        ((any_stranger,),) = driver.run(self._connection, _ANY_STRANGER).fetchall()
        return bool(any_stranger)

    def person_of(self, message_id: str) -> CapPerson | None:
        # A transaction that moves what counts the message changes the message too, and waits.
        of_message = select(messages.c.cap_person).where(messages.c.id == message_id)
        found = of_message.with_for_update() if self._locks is not None else of_message
        return self._connection.execute(found).scalar_one_or_none()

    def save(self, changed: EntriesByScope) -> None:
        # Whoever changes rows has locked them, so that the order does not matter.
        for scope, of_scope in changed.items():
            rows = [(person, each.until, each.count, each.packed()) for person, each in of_scope.items()]
            _SAVE.change(self._connection, rows, before=scope)

    def add(self, added: AddedByScope, now: Instant) -> None:
        for scope, of_scope in added.items():
            rows = [(person, *each) for person, each in of_scope.items()]
            _ADD.change(self._connection, rows, before=scope, after=(now, now))

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
        self.save(_by_scope(changed))

    def unite(self, survivor: CapPerson, absorbed: CapPerson, waiting: Collection[str] = ()) -> None:
        stored = self._of_persons([survivor, absorbed])
        moving = {row: entries for row, entries in stored.items() if row.person == absorbed}
        united = {}
        for row, entries in moving.items():
            new = row._replace(person=survivor)
            own = stored.get(new, CapEntries())
            united[new] = CapEntries({**own.times, **entries.times}, max(own.until, entries.until))
        self.save(_by_scope(united))
        if moving:
            _DELETE_PERSONS.change(self._connection, [(absorbed,)])
        ids = {message_id for entries in moving.values() for message_id in entries.times}.union(waiting)
        if ids:
            with waiting_shortly(self._connection):
                _MOVE_MESSAGES.change(
                    self._connection, [(each,) for each in sorted(ids)], before=(survivor,), after=(absorbed,)
                )

    def delete(self, persons: Collection[CapPerson]) -> None:
        # A deletion alone would lock them in no order, and might wait for somebody who waits for it.
        self._of_persons(list(persons))
        _DELETE_PERSONS.change(self._connection, [(person,) for person in sorted(persons)])

    def purge(self, before: Instant, after: str, limit: int) -> Swept[str]:
        person, policy_key, scope = orjson.loads(after) if after else ("", 0, "")
        position = {"person": person, "policy_key": policy_key, "scope": scope, "limit": limit}
        rows = self._connection.execute(_NEXT, position).all()
        old = [tuple(row[:3]) for row in rows if row.until < before]
        if old:
            # A deletion alone would lock them in no order.
            self._of_persons([person for person, *_ in old])
            _DELETE.change(self._connection, old, after=(before,))
        return Swept(len(rows), orjson.dumps(tuple(rows[-1][:3])).decode() if rows else after)

    def _of_persons(self, persons: Sequence[CapPerson]) -> dict[CapRow, CapEntries]:
        if self._locks is not None:
            return self._locks.lock_persons(persons)
        return read_entries(_READ_PERSONS.select(self._connection, [(person,) for person in sorted(persons)]))


def _by_scope(rows: Mapping[CapRow, CapEntries]) -> dict[CapScope, dict[CapPerson, CapEntries]]:
    found: dict[CapScope, dict[CapPerson, CapEntries]] = {}
    for (person, policy_key, scope), entries in rows.items():
        found.setdefault(CapScope(policy_key, scope), {})[person] = entries
    return found
