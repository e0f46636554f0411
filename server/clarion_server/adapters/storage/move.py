"""Guarded moves of many messages: all at once as a rule, one told from another only when some did not move."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from clarion_server.adapters.storage.bulk import BulkStatement, Row, RowsText


class Move:
    """An UPDATE of messages under a condition. The first column of its rows is the message's id."""

    def __init__(self, template: str, rows: RowsText) -> None:
        self._move = BulkStatement(template, rows)
        self._move_and_tell = BulkStatement(f"{template} RETURNING messages.id", rows)

    def run(self, connection: Connection, rows: Sequence[Row], *, before: Row = (), after: Row = ()) -> set[str]:
        """The ids of those that were moved."""
        # To have each moved row returned costs a step a row. Nearly always all of them move, and their number says so.
        attempt = connection.begin_nested()
        if self._move.change(connection, rows, before=before, after=after) == len(rows):
            attempt.commit()
            return {row[0] for row in rows}
        attempt.rollback()
        return {row[0] for row in self._move_and_tell.select(connection, rows, before=before, after=after)}
