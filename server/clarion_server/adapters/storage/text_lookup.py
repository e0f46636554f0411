"""Finds the rows whose column has one of many texts.

The texts are one parameter, so that the statement is the same for any number of them: a JSON array on SQLite, whose
limit of parameters would be passed otherwise, and an array on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson
from sqlalchemy import Column, Connection, CursorResult

from clarion_server.adapters.storage.arrays import array_notation

_CONDITIONS = {
    "sqlite": "IN (SELECT value FROM json_each(?))",
    "postgresql": "= ANY(%s::text[])",
}


class TextLookup:
    def __init__(self, select: str, column: Column[Any]) -> None:
        """`select` ends in its condition, and `{column}` stands for the part of it that compares the column."""
        self._column = column
        self._texts = {
            dialect: select.format(column=f"{column.name} {condition}") for dialect, condition in _CONDITIONS.items()
        }

    def find(self, connection: Connection, texts: Collection[str]) -> CursorResult[Any]:
        """Returns the rows of these texts, of which there is at least one, each once."""
        name = connection.dialect.name
        given = list(texts)
        array = orjson.dumps(given).decode() if name == "sqlite" else array_notation(self._column, given)
        return connection.exec_driver_sql(self._texts[name], (array,))
