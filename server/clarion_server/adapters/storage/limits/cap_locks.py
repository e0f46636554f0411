"""Locks rows of caps on PostgreSQL, so that no two transactions wait for each other.

One statement locks its rows in the order of their keys. A transaction locks several times: a batch accepts, claims and
ends messages. When it needs a row that comes before one that it has, it hardly waits for it: it is done again, and
locks all of these rows at first then.

Messages are locked before the rows that count them. A merge, and whoever counts for a new profile what was counted for
its address, learn from these rows which messages to change: they hardly wait for them either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, SmallInteger
from sqlalchemy.exc import DBAPIError

from clarion_server.adapters.storage.schema import cap_entries, profile_identities
from clarion_server.adapters.storage.statements.bulk import BulkStatement, Values
from clarion_server.application.ports.profiles import SandboxIdentity
from clarion_server.application.ports.store import WriteConflict
from clarion_server.domain.people.cap_person import CapPerson
from clarion_server.domain.sending_policies.cap_entries import CapEntries


class CapRow(NamedTuple):
    """Is the key of a row."""

    person: CapPerson
    policy_key: int
    scope: str


#: Rows to lock, and whether each is locked even if it is not there yet.
WantedRows = Mapping[CapRow, bool]

KEY = (cap_entries.c.person, cap_entries.c.policy_key, cap_entries.c.scope)
#: 1 for a row that is locked even if it is not there yet.
NEEDED = Column("needed", SmallInteger)
THE_WANTED = (
    "cap_entries.person = wanted.column1 AND cap_entries.policy_key = wanted.column2"
    " AND cap_entries.scope = wanted.column3"
)
# Every row is locked, and those with too few entries are not returned.
_LOCK = BulkStatement(
    "WITH locked AS (INSERT INTO cap_entries (person, policy_key, scope, until, count, times)"  # noqa: S608 - names of the schema
    " SELECT wanted.column1, wanted.column2, wanted.column3, 0, 0, '' FROM ({rows}) AS wanted"
    f" WHERE wanted.column4 = 1 OR EXISTS (SELECT 1 FROM cap_entries WHERE {THE_WANTED})"
    " ORDER BY wanted.column1, wanted.column2, wanted.column3"
    " ON CONFLICT (person, policy_key, scope) DO UPDATE SET until = cap_entries.until"
    " RETURNING cap_entries.*)"
    " SELECT person, policy_key, scope, until, times FROM locked WHERE count >= {one}",
    Values(*KEY, NEEDED),
)
OF_PERSONS = (
    "SELECT person, policy_key, scope, until, times FROM cap_entries WHERE person IN ({rows})"
    " ORDER BY cap_entries.person, cap_entries.policy_key, cap_entries.scope"
)
_READ_PERSONS = BulkStatement(OF_PERSONS, Values(cap_entries.c.person))
_LOCK_PERSONS = BulkStatement(f"{OF_PERSONS} FOR UPDATE", Values(cap_entries.c.person))
_IDENTITY = (profile_identities.c.sandbox, profile_identities.c.namespace, profile_identities.c.normal_value)
#: No profile has this key.
_NOBODY = "0"
_TAKE_PLACES = BulkStatement(
    "INSERT INTO profile_identities (sandbox, namespace, normal_value, profile_key, position)"  # noqa: S608 - names of the schema
    f" SELECT wanted.column1, wanted.column2, wanted.column3, {_NOBODY}, 0 FROM ({{rows}}) AS wanted"
    " ORDER BY wanted.column1, wanted.column2, wanted.column3 ON CONFLICT DO NOTHING"
    " RETURNING sandbox, namespace, normal_value",
    Values(*_IDENTITY),
)
_LEAVE_PLACES = BulkStatement(
    "DELETE FROM profile_identities"  # noqa: S608 - names of the schema
    f" WHERE (sandbox, namespace, normal_value) IN ({{rows}}) AND profile_key = {_NOBODY}",
    Values(*_IDENTITY),
)

#: A transaction waits this long for a row that comes too late in the order. PostgreSQL looks for deadlocks after a
#: second.
_SHORT = "SET LOCAL lock_timeout = '50ms'"
_USUAL = "SET LOCAL lock_timeout TO DEFAULT"
_LOCK_NOT_AVAILABLE = "55P03"


class RowsToLock:
    """Holds the rows that the next transaction of a process locks at first, since the one before could not have them
    all.
    """

    def __init__(self) -> None:
        self._rows: dict[CapRow, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(self, rows: WantedRows) -> None:
        self._rows.update(rows)

    def take(self) -> dict[CapRow, bool]:
        rows, self._rows = self._rows, {}
        return rows


class CapLocks:
    """Holds the rows that one transaction has locked."""

    def __init__(self, connection: Connection, to_lock: RowsToLock) -> None:
        self._connection = connection
        self._to_lock = to_lock
        self._held: dict[CapRow, bool] = {}

    def lock(self, rows: WantedRows, unread_below: int = 0) -> dict[CapRow, CapEntries]:
        """Returns the entries of these rows, those that were not there yet included if they are wanted so. Rows with
        fewer than `unread_below` are locked and not returned.

        Raises WriteConflict when another transaction has one that comes before a row which this one has.
        """
        wanted = self._to_lock.take()
        for row, needed in rows.items():
            wanted[row] = needed or wanted.get(row, False)
        found = self._in_order(wanted, unread_below)
        return {row: entries for row, entries in found.items() if row in rows}

    def lock_persons(self, persons: Collection[CapPerson]) -> dict[CapRow, CapEntries]:
        """Locks the stored rows of these persons, in the same order."""
        wanted = [(person,) for person in sorted(persons)]
        if self._held or self._to_lock:
            rows = read_entries(_READ_PERSONS.select(self._connection, wanted))
            return self.lock(dict.fromkeys(rows, False)) if rows else {}
        found = read_entries(_LOCK_PERSONS.select(self._connection, wanted))
        self._held.update(dict.fromkeys(found, False))
        return found

    def hold_strangers(self, identities: Collection[SandboxIdentity]) -> set[SandboxIdentity]:
        """Takes the places of the identities in the primary key, which whoever adds one of them waits for until this
        transaction ends. Returns those that a profile has.

        The rows are deleted at once, so that nobody finds them: they are waited for all the same.
        """
        wanted = sorted(identities)
        taken = {SandboxIdentity(*row) for row in _TAKE_PLACES.select(self._connection, wanted)}
        if taken:
            _LEAVE_PLACES.change(self._connection, sorted(taken))
        return set(wanted) - taken

    def _in_order(self, wanted: WantedRows, unread_below: int) -> dict[CapRow, CapEntries]:
        new = [row for row in wanted if row not in self._held]
        if not new or not self._held or min(new) > max(self._held):
            found = self._select(wanted, unread_below)
        else:
            with self._short_wait({**self._held, **wanted}):
                found = self._select(wanted, unread_below)
        self._held.update((row, needed) for row, needed in wanted.items() if needed or row in found)
        return found

    def _select(self, wanted: WantedRows, unread_below: int) -> dict[CapRow, CapEntries]:
        rows = [(*row, int(needed)) for row, needed in sorted(wanted.items())]
        return read_entries(_LOCK.select(self._connection, rows, after=(unread_below,)))

    @contextmanager
    def _short_wait(self, all_rows: WantedRows) -> Iterator[None]:
        try:
            with waiting_shortly(self._connection):
                yield
        except WriteConflict:
            self._to_lock.add(all_rows)
            raise


@contextmanager
def waiting_shortly(connection: Connection) -> Iterator[None]:
    """Waits for locked rows for a moment alone on PostgreSQL, where others may wait for rows that this transaction has.

    Raises WriteConflict when another transaction has one for longer.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    connection.exec_driver_sql(_SHORT)
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        raise WriteConflict from error
    connection.exec_driver_sql(_USUAL)


def read_entries(rows: Iterable[Any]) -> dict[CapRow, CapEntries]:
    return {
        CapRow(person, policy_key, scope): CapEntries(None, until, times)
        for person, policy_key, scope, until, times in rows
    }
