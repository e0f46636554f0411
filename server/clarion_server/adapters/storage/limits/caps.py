"""Stores what frequency caps count for each person.

Whoever decides about a person's caps locks the rows first, so that no other transaction decides at the same time
(`cap_locks`). SQLite has one writer at a time, and reads them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, select, tuple_

from clarion_server.adapters.storage.limits.cap_locks import (
    FIELDS,
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
from clarion_server.domain.sending_policies.cap_ledger import EntriesByScope
from clarion_server.domain.sending_policies.cap_rules import CapScope

# CROSS JOIN fixes the order of the join on SQLite: it looks up each wanted row and scans nothing.
_FOUND = (
    "FROM ({rows}) AS wanted CROSS JOIN cap_entries WHERE cap_entries.person = wanted.column1"
    " AND cap_entries.policy_key = {one} AND cap_entries.scope = {one}"
)
_OF_PERSON = f"cap_entries.person, {FIELDS}"
_READ = BulkStatement(f"SELECT {_OF_PERSON} {_FOUND}", Values(cap_entries.c.person))
# See `json_rows`.
_READ_AS_JSON = BulkStatement(
    f"SELECT json_group_array(json_array({_OF_PERSON})) {_FOUND}", Values(cap_entries.c.person)
)
# The condition is a range of the primary key.
_ANY_STRANGER = f"SELECT EXISTS (SELECT 1 FROM cap_entries WHERE person >= '{STRANGER_MARK}')"  # noqa: S608 - a constant
#: Nearly all rows of a batch belong to one policy and scope, which are bound once (decision 60).
_SHARED = (cap_entries.c.policy_key, cap_entries.c.scope)
# See `CapEntries.to_row` for negative numbers.
_SAVE = BulkStatement(
    "INSERT INTO cap_entries (policy_key, scope, person, until, count, times) {rows}"
    # Without a condition SQLite would take ON CONFLICT for that of a join.
    " WHERE true ON CONFLICT (person, policy_key, scope) DO UPDATE SET until = excluded.until,"
    " count = CASE WHEN excluded.count < 0 THEN cap_entries.count - excluded.count ELSE excluded.count END,"
    " times = CASE WHEN excluded.count < 0 THEN cap_entries.times || excluded.times ELSE excluded.times END",
    ValuesBeside(_SHARED, (cap_entries.c.person, cap_entries.c.until, cap_entries.c.count, cap_entries.c.times)),
)
_PERSONS = BulkStatement(
    "SELECT DISTINCT cap_person FROM messages WHERE id IN ({rows}) AND cap_person IS NOT NULL", Values(messages.c.id)
)
_READ_PERSONS = BulkStatement(OF_PERSONS, Values(cap_entries.c.person))
_DELETE_PERSONS = BulkStatement("DELETE FROM cap_entries WHERE person IN ({rows})", Values(cap_entries.c.person))
_MOVE_MESSAGES = BulkStatement("UPDATE messages SET cap_person = {one} WHERE id IN ({rows})", Values(messages.c.id))
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
                person: CapEntries(None, until, times, 0 if times else count)
                for person, until, count, times in self._read(persons, scope, unread_below)
            }
            for scope, persons in wanted.items()
        }

    def _read(self, persons: Iterable[CapPerson], scope: CapScope, unread_below: int) -> Iterable[Sequence[Any]]:
        rows = [(person,) for person in persons]
        if not self._reads_json:
            return _READ.select(self._connection, rows, before=(unread_below,), after=scope)
        documents = _READ_AS_JSON.read(self._connection, rows, before=(unread_below,), after=scope)
        return chain.from_iterable([orjson.loads(document) for (document,) in documents])

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
            rows = [(person, *each.to_row()) for person, each in of_scope.items()]
            _SAVE.change(self._connection, rows, before=scope)

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
        self.save(_by_scope(united))
        _DELETE_PERSONS.change(self._connection, [(absorbed,)])
        ids = {message_id for entries in moving.values() for message_id in entries.times}
        with waiting_shortly(self._connection):
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
