"""Reads many rows in one step.

Python's sqlite3 takes one step for each row, and each step may wait for the interpreter lock (see `bulk`). So SQLite
puts all rows into one JSON document, which is read at once. Other drivers fetch rows together anyway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, LargeBinary, Select, column, func, select


class RowsReader:
    """Reads all rows of a select. No two of its columns may have the same name."""

    def __init__(self, statement: Select[Any]) -> None:
        columns = tuple(statement.selected_columns)
        self._statement = statement
        self._as_json = _json_of(columns).select_from(statement.subquery())
        self._binary = _binary_indexes(columns)

    def read(self, connection: Connection, parameters: Mapping[str, Any] | None = None) -> Sequence[Sequence[Any]]:
        if connection.dialect.name != "sqlite":
            return connection.execute(self._statement, parameters).all()
        rows: list[list[Any]] = orjson.loads(connection.execute(self._as_json, parameters).scalar_one())
        for row in rows:
            for index in self._binary:
                row[index] = bytes.fromhex(row[index])
        return rows


# Built once for each list of columns, of which there are few: building them takes longer than most queries.
@lru_cache(maxsize=64)
def _json_of(columns: tuple[ColumnElement[Any], ...]) -> Select[Any]:
    return select(func.json_group_array(func.json_array(*map(_json_value, columns))))


@lru_cache(maxsize=64)
def _binary_indexes(columns: tuple[ColumnElement[Any], ...]) -> list[int]:
    return [index for index, each in enumerate(columns) if _is_binary(each)]


def _json_value(of: ColumnElement[Any]) -> ColumnElement[Any]:
    named: ColumnElement[Any] = column(of.key or "")
    # JSON has no bytes.
    return func.hex(named) if _is_binary(of) else named


def _is_binary(of: ColumnElement[Any]) -> bool:
    return isinstance(of.type, LargeBinary)
