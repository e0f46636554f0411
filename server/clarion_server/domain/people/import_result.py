"""Says what one row of an import came to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from clarion_server.domain.violation import Violation


class ImportOutcome(StrEnum):
    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    REJECTED = "REJECTED"
    IMPORTED_BEFORE = "IMPORTED_BEFORE"
    """By an earlier request of the same import, whose answer is not kept any more."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    outcome: ImportOutcome
    name: str = ""
    """Is that of the resource; empty when the row was rejected."""
    violations: tuple[Violation, ...] = ()
    """Holds violations by paths in the row."""
    notes: tuple[Violation, ...] = ()
    """Is what was left out of a row that was stored."""
