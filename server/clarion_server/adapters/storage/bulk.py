"""Statements over many rows at once.

Python's sqlite3 gives the interpreter away and takes it back at every step of a statement, and an event loop at work
gives it back late. So what is done to many rows is done by one statement with many rows of parameters, whose text is
made once for each number of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Column, Connection, CursorResult, Table

Row = Sequence[Any]

#: Up to so many rows, a statement of exactly that number is kept ready; the rest goes by powers of two.
_EXACT = 64
#: SQLite takes 32,766 parameters (SQLITE_MAX_VARIABLE_NUMBER), PostgreSQL 65,535; no row here has more than 31.
_MOST = 1024


class BulkStatement:
    """One statement over any number of rows.

    In its template `{rows}` stands for the rows, `(…), (…)`, and `{one}` for a parameter of its own, all of them before
    the rows or all behind.
    """

    def __init__(self, template: str, columns: Sequence[Column[Any]], *, typed: bool = False) -> None:
        """`typed` rows tell the types of their columns: needed where they are not inserted but compared."""
        self._template = template
        self._columns = columns
        self._typed = typed
        self._texts: dict[tuple[int, str], str] = {}

    def run(
        self, connection: Connection, rows: Sequence[Row], *, before: Row = (), after: Row = ()
    ) -> Iterator[CursorResult[Any]]:
        """Runs it over all rows, in as few statements as possible, and yields the result of each. Lazy."""
        start = 0
        while start < len(rows):
            chunk = rows[start : start + _chunk_size(len(rows) - start)]
            yield connection.exec_driver_sql(
                self._text(connection, len(chunk)), (*before, *chain.from_iterable(chunk), *after)
            )
            start += len(chunk)

    def change(self, connection: Connection, rows: Sequence[Row], *, before: Row = (), after: Row = ()) -> int:
        """Runs it over all rows; how many rows of the database it changed."""
        return sum(result.rowcount for result in self.run(connection, rows, before=before, after=after))

    def select(
        self, connection: Connection, rows: Sequence[Row], *, before: Row = (), after: Row = ()
    ) -> Iterable[Any]:
        """Runs it over all rows; the rows it returns."""
        return chain.from_iterable(self.run(connection, rows, before=before, after=after))

    def _text(self, connection: Connection, count: int) -> str:
        paramstyle = connection.dialect.paramstyle
        text = self._texts.get((count, paramstyle))
        if text is None:
            text = self._texts[count, paramstyle] = self._render(connection, count)
        return text

    def _render(self, connection: Connection, count: int) -> str:
        one = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        row = f"({', '.join([one] * len(self._columns))})"
        first = self._typed_row(connection, one) if self._typed else row
        return self._template.format(rows=", ".join([first, *[row] * (count - 1)]), one=one)

    def _typed_row(self, connection: Connection, one: str) -> str:
        types = [column.type.compile(connection.dialect) for column in self._columns]
        return f"({', '.join(f'CAST({one} AS {type_})' for type_ in types)})"


def insertion(table: Table, columns: Sequence[Column[Any]], conflict: str = "") -> BulkStatement:
    """Inserts rows of these columns. `conflict` is the clause that says what happens to those that exist already."""
    names = ", ".join(column.name for column in columns)
    return BulkStatement(f"INSERT INTO {table.name} ({names}) VALUES {{rows}} {conflict}", columns)  # noqa: S608 - names of the schema


def _chunk_size(left: int) -> int:
    return left if left <= _EXACT else 1 << (min(left, _MOST).bit_length() - 1)
