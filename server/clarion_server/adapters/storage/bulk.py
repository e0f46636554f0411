"""Statements over many rows at once.

What is done to many rows is done by one statement, because of what a statement costs besides:

- Python's sqlite3 gives the interpreter away and takes it back at every step of a statement, and an event loop at work
  gives it back late. SQLite gets the rows as parameters, in a text that is made once for each number of rows.
- PostgreSQL would read a text of a thousand parameters anew each time, and so would its driver. It gets an array for
  each column (see `arrays`), so that one short text, prepared once, is right for any number of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Protocol

from sqlalchemy import Column, Connection, CursorResult, Dialect, Table

from clarion_server.adapters.storage.arrays import array_notation, array_type

Row = Sequence[Any]

#: Up to so many rows, a statement of exactly that number is kept ready; more rows go by powers of two.
_EXACT = 64
#: SQLite takes 32,766 parameters (SQLITE_MAX_VARIABLE_NUMBER); no row here has more than 31.
_MOST = 1024
#: Keeps the arrays of one statement to some MB.
_MOST_IN_ARRAYS = 8192


class Rows(Protocol):
    """How rows become part of a statement."""

    def chunk_size(self, dialect: Dialect, left: int) -> int:
        """How many rows the next statement takes, of so many that are left."""
        ...

    def text(self, dialect: Dialect, count: int) -> str:
        """What stands in the statement for so many rows."""
        ...

    def parameters(self, dialect: Dialect, rows: Sequence[Row]) -> Iterable[Any]: ...


class BulkStatement:
    """One statement over any number of rows.

    In its template `{rows}` stands for the rows, and `{one}` for a parameter of its own, before them or behind.
    """

    def __init__(self, template: str, rows: Rows) -> None:
        self._template = template
        self._rows = rows
        self._texts: dict[tuple[int, str], str] = {}

    def run(
        self, connection: Connection, rows: Sequence[Row], *, before: Row = (), after: Row = ()
    ) -> Iterator[CursorResult[Any]]:
        """Runs it over all rows, in as few statements as possible, and yields the result of each. Lazy."""
        dialect = connection.dialect
        start = 0
        while start < len(rows):
            chunk = rows[start : start + self._rows.chunk_size(dialect, len(rows) - start)]
            parameters = (*before, *self._rows.parameters(dialect, chunk), *after)
            yield connection.exec_driver_sql(self._text(dialect, len(chunk)), parameters)
            start += len(chunk)

    def change(self, connection: Connection, rows: Sequence[Row], *, before: Row = (), after: Row = ()) -> int:
        """Runs it over all rows; how many rows of the database it changed."""
        return sum(result.rowcount for result in self.run(connection, rows, before=before, after=after))

    def select(
        self, connection: Connection, rows: Sequence[Row], *, before: Row = (), after: Row = ()
    ) -> Iterable[Any]:
        """Runs it over all rows; the rows it returns. Lazy."""
        return chain.from_iterable(self.run(connection, rows, before=before, after=after))

    def _text(self, dialect: Dialect, count: int) -> str:
        text = self._texts.get((count, dialect.name))
        if text is None:
            text = self._template.format(rows=self._rows.text(dialect, count), one=_one(dialect))
            self._texts[count, dialect.name] = text
        return text


class Insertion:
    """Inserts rows of these columns.

    The last ones, from `rare` on, are seldom filled. Rows that all lack them are written without: sqlite3 looks for an
    adapter of every null, which doubles what it takes to bind one.
    """

    def __init__(self, table: Table, columns: Sequence[Column[Any]], rare: Column[Any]) -> None:
        self._width = columns.index(rare)
        self._nothing = (None,) * (len(columns) - self._width)
        self._plain = insertion(table, columns[: self._width])
        self._full = insertion(table, columns)

    def add(self, connection: Connection, rows: Sequence[Row]) -> None:
        width, nothing = self._width, self._nothing
        if all(row[width:] == nothing for row in rows):
            self._plain.change(connection, [row[:width] for row in rows])
        else:
            self._full.change(connection, rows)


def insertion(table: Table, columns: Sequence[Column[Any]], conflict: str = "") -> BulkStatement:
    """Inserts rows of these columns. `conflict` is the clause that says what happens to those that exist already."""
    names = ", ".join(column.name for column in columns)
    template = f"INSERT INTO {table.name} ({names}) {{rows}} {conflict}"
    return BulkStatement(template, Values(*columns))


class Values:
    """A query that yields the rows, as values of these columns. It calls them `column1`, `column2` …"""

    def __init__(self, *columns: Column[Any]) -> None:
        self._columns = columns

    def chunk_size(self, dialect: Dialect, left: int) -> int:
        return min(left, _MOST_IN_ARRAYS) if _takes_arrays(dialect) else _chunk_size(left, _MOST)

    def text(self, dialect: Dialect, count: int) -> str:
        if not _takes_arrays(dialect):
            row = f"({', '.join([_one(dialect)] * len(self._columns))})"
            return f"VALUES {', '.join([row] * count)}"
        names = ", ".join(f"column{place + 1}" for place in range(len(self._columns)))
        arrays = ", ".join(f"{_one(dialect)}::{array_type(column)}" for column in self._columns)
        return f"SELECT {names} FROM unnest({arrays}) AS given ({names})"  # noqa: S608 - types of the schema

    def parameters(self, dialect: Dialect, rows: Sequence[Row]) -> Iterable[Any]:
        if not _takes_arrays(dialect):
            return chain.from_iterable(rows)
        return [
            array_notation(column, values)
            for column, values in zip(self._columns, zip(*rows, strict=True), strict=True)
        ]


class United:
    """A select for each row, all united."""

    def __init__(self, select: str, most: int) -> None:
        """At most so many at once."""
        self._select = select
        self._most = most

    def chunk_size(self, _dialect: Dialect, left: int) -> int:
        return _chunk_size(left, self._most)

    def text(self, dialect: Dialect, count: int) -> str:
        return " UNION ALL ".join([self._select.format(one=_one(dialect))] * count)

    def parameters(self, _dialect: Dialect, rows: Sequence[Row]) -> Iterable[Any]:
        return chain.from_iterable(rows)


def _one(dialect: Dialect) -> str:
    return "?" if dialect.paramstyle == "qmark" else "%s"


def _takes_arrays(dialect: Dialect) -> bool:
    return dialect.name == "postgresql"


def _chunk_size(left: int, most: int) -> int:
    return left if left <= _EXACT else 1 << (min(left, most).bit_length() - 1)
