"""Many rows read in one step.

Reading takes a step a row in Python's sqlite3, and each step may cost a wait for the interpreter (see `bulk`). So
SQLite packs the rows into one JSON document, which is read at once. Other drivers fetch rows together anyway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, LargeBinary, Select, func, select


class RowsReader:
    """Reads all rows of a select."""

    def __init__(self, statement: Select[Any]) -> None:
        columns = statement.subquery().columns
        self._plain = statement
        self._packed = select(func.json_group_array(func.json_array(*map(_packable, columns))))
        self._binary = [place for place, column in enumerate(columns) if isinstance(column.type, LargeBinary)]

    def read(self, connection: Connection, parameters: Mapping[str, Any] | None = None) -> Sequence[Sequence[Any]]:
        if connection.dialect.name != "sqlite":
            return connection.execute(self._plain, parameters).all()
        rows: list[list[Any]] = orjson.loads(connection.execute(self._packed, parameters).scalar_one())
        for row in rows:
            for place in self._binary:
                row[place] = bytes.fromhex(row[place])
        return rows


def _packable(column: ColumnElement[Any]) -> Any:
    """JSON has no bytes."""
    return func.hex(column) if isinstance(column.type, LargeBinary) else column
