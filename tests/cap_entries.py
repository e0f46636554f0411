"""Says what frequency caps count, as a store has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clarion_server.adapters.storage.schema import cap_entries
from clarion_server.domain.cap_entries import CapEntries
from clarion_server.domain.cap_ledger import CapRow
from clarion_server.domain.instant import Instant
from sqlalchemy import select


def counted(store: Any) -> dict[CapRow, Mapping[str, Instant]]:
    """Returns the times by message id, of each row."""
    with store.snapshot() as unit:
        # The ports have no way to read everything, as the service needs none.
        rows = unit.caps._connection.execute(select(cap_entries))
        return {CapRow(*row[:3]): CapEntries(None, row.until, row.times).times for row in rows}
