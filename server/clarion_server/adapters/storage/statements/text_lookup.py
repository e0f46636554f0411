"""Finds the rows whose column has one of many texts.

The texts are one parameter, so that the statement is the same for any number of them: a JSON array on SQLite, whose
limit of parameters would be passed otherwise, and an array on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import orjson
from sqlalchemy import Column, Connection

from clarion_server.adapters.storage.statements import driver
from clarion_server.adapters.storage.statements.arrays import array_notation

_TEMPLATES = {
    # CROSS JOIN looks up each text. For a list, SQLite would first put them in order.
    "sqlite": "SELECT {columns} FROM json_each(?) AS wanted CROSS JOIN {table} WHERE {column} = wanted.value",
    "postgresql": "SELECT {columns} FROM {table} WHERE {column} = ANY(%s::text[])",
}


class TextLookup:
    def __init__(self, column: Column[Any], columns: Sequence[Column[Any]], condition: str = "") -> None:
        """Reads `columns` of the rows that have one of the texts in `column` and meet the condition."""
        self._column = column
        table = column.table.name
        names = ", ".join(f"{table}.{each.name}" for each in columns)
        further = f" AND {condition}" if condition else ""
        self._texts = {
            dialect: template.format(columns=names, table=table, column=f"{table}.{column.name}") + further
            for dialect, template in _TEMPLATES.items()
        }

    def find(self, connection: Connection, texts: Collection[str]) -> Sequence[Sequence[Any]]:
        """Returns the rows of these texts, which are given once each, to be read by position."""
        name = connection.dialect.name
        given = list(texts)
        array = orjson.dumps(given).decode() if name == "sqlite" else array_notation(self._column, given)
        return driver.run(connection, self._texts[name], (array,)).fetchall()
