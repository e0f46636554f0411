"""Says what frequency caps count, as a store has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from clarion_server.adapters.storage.limits.cap_locks import CapRow
from clarion_server.adapters.storage.schema import cap_entries
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.instant import Instant, Span
from clarion_server.domain.people.cap_person import CapPerson
from clarion_server.domain.sending_policies.cap_entries import CapEntries, pack
from clarion_server.domain.sending_policies.cap_rules import CapScope
from sqlalchemy import select

T = TypeVar("T")


def lock(unit: UnitOfWork, rows: Mapping[CapRow, bool], unread_below: int = 0) -> dict[CapRow, CapEntries]:
    found = unit.caps.lock(_by_scope(rows), unread_below)
    return {CapRow(person, *scope): each for scope, of_scope in found.items() for person, each in of_scope.items()}


def save(unit: UnitOfWork, entries: Mapping[CapRow, CapEntries]) -> None:
    unit.caps.save(_by_scope(entries))


def add(unit: UnitOfWork, times: Mapping[CapRow, dict[str, Instant]], *, memory: Span, now: Instant) -> None:
    """Adds messages with their times to these rows."""
    added = {row: (max(of_row.values()) + memory, len(of_row), pack(of_row)) for row, of_row in times.items()}
    unit.caps.add(_by_scope(added), now)


def _by_scope(rows: Mapping[CapRow, T]) -> dict[CapScope, dict[CapPerson, T]]:
    found: dict[CapScope, dict[CapPerson, T]] = {}
    for (person, policy_key, scope), each in rows.items():
        found.setdefault(CapScope(policy_key, scope), {})[person] = each
    return found


def counted(store: Any) -> dict[CapRow, Mapping[str, Instant]]:
    """Returns the times by message id, of each row."""
    with store.snapshot() as unit:
        # The ports have no way to read everything, as the service needs none.
        rows = unit.caps._connection.execute(select(cap_entries)).mappings().all()
    found: dict[CapRow, Mapping[str, Instant]] = {
        CapRow(row["person"], row["policy_key"], row["scope"]): CapEntries(None, row["until"], row["times"]).times
        for row in rows
    }
    assert [len(times) for times in found.values()] == [row["count"] for row in rows], "their number decides"
    return found
