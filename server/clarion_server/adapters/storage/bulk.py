"""Statements over many rows at once.

Python's sqlite3 gives the interpreter away and takes it back at every step of a statement, and an event loop at work
gives it back late. So what is done to many rows is done by one statement with many rows of parameters, whose text is
made once for each number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Column, Connection, CursorResult, Dialect, Table, cast, literal_column

Row = Sequence[Any]

#: Writes the parameters of so many rows, in a dialect, with its placeholder.
RowsText = Callable[[Dialect, str, int], str]

#: Up to so many rows, a statement of exactly that number is kept ready; more rows go by powers of two.
_EXACT = 64
#: SQLite takes 32,766 parameters (SQLITE_MAX_VARIABLE_NUMBER), PostgreSQL 65,535; no row here has more than 31.
_MOST = 1024


class BulkStatement:
    """One statement over any number of rows.

    In its template `{rows}` stands for the rows, and `{one}` for a parameter of its own, before them or behind.
    """

    def __init__(self, template: str, rows: RowsText, most: int = _MOST) -> None:
        self._template = template
        self._rows = rows
        self._most = most
        self._texts: dict[tuple[int, str], str] = {}

    def run(
        self, connection: Connection, rows: Sequence[Row], *, before: Row = (), after: Row = ()
    ) -> Iterator[CursorResult[Any]]:
        """Runs it over all rows, in as few statements as possible, and yields the result of each. Lazy."""
        start = 0
        while start < len(rows):
            chunk = rows[start : start + self._chunk_size(len(rows) - start)]
            parameters = (*before, *chain.from_iterable(chunk), *after)
            yield connection.exec_driver_sql(self._text(connection.dialect, len(chunk)), parameters)
            start += len(chunk)

    def change(self, connection: Connection, rows: Sequence[Row], *, before: Row = (), after: Row = ()) -> int:
        """Runs it over all rows; how many rows of the database it changed."""
        return sum(result.rowcount for result in self.run(connection, rows, before=before, after=after))

    def select(
        self, connection: Connection, rows: Sequence[Row], *, before: Row = (), after: Row = ()
    ) -> Iterable[Any]:
        """Runs it over all rows; the rows it returns. Lazy."""
        return chain.from_iterable(self.run(connection, rows, before=before, after=after))

    def _chunk_size(self, left: int) -> int:
        return left if left <= _EXACT else 1 << (min(left, self._most).bit_length() - 1)

    def _text(self, dialect: Dialect, count: int) -> str:
        text = self._texts.get((count, dialect.name))
        if text is None:
            one = "?" if dialect.paramstyle == "qmark" else "%s"
            text = self._template.format(rows=self._rows(dialect, one, count), one=one)
            self._texts[count, dialect.name] = text
        return text


def insertion(table: Table, columns: Sequence[Column[Any]], conflict: str = "") -> BulkStatement:
    """Inserts rows of these columns. `conflict` is the clause that says what happens to those that exist already."""
    names = ", ".join(column.name for column in columns)
    template = f"INSERT INTO {table.name} ({names}) VALUES {{rows}} {conflict}"  # noqa: S608 - names of the schema
    return BulkStatement(template, values(len(columns)))


def values(width: int) -> RowsText:
    """`(?, ?), (?, ?)`: what follows VALUES."""

    def write(_dialect: Dialect, one: str, count: int) -> str:
        return ", ".join([f"({', '.join([one] * width)})"] * count)

    return write


def typed_values(*columns: Column[Any]) -> RowsText:
    """The same for values that are not inserted but compared or assigned: nulls alone would not tell their type."""

    def write(dialect: Dialect, one: str, count: int) -> str:
        casts = [str(cast(literal_column("one"), column.type).compile(dialect=dialect)) for column in columns]
        first = ", ".join(casts).replace("one", one)
        rest = values(len(columns))(dialect, one, count - 1)
        return f"({first}), {rest}" if rest else f"({first})"

    return write


def united(select: str) -> RowsText:
    """A select for each row, all united."""

    def write(_dialect: Dialect, one: str, count: int) -> str:
        return " UNION ALL ".join([select.format(one=one)] * count)

    return write
