"""Runs one statement over many rows, because each statement has a fixed cost:

- Python's sqlite3 releases the interpreter lock at every step of a statement, and gets it back late while an event loop
  is busy. SQLite gets the rows as parameters, in a text that is built once for each number of rows.
- PostgreSQL and its driver would parse a text with a thousand parameters again each time. PostgreSQL gets one array for
  each column (see `arrays`), so that one short text, prepared once, serves any number of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Protocol

from sqlalchemy import Column, Connection, CursorResult, Dialect, Table

from clarion_server.adapters.storage.arrays import array_notation, array_type

Row = Sequence[Any]

#: Up to this number of rows, a statement runs over exactly that many; above it, over the next lower power of two.
_EXACT = 64
#: SQLite takes 32,766 parameters (SQLITE_MAX_VARIABLE_NUMBER); no row here has more than 63.
_MOST = 512
#: Limits the arrays of one statement to a few MB.
_MOST_IN_ARRAYS = 8192


class Rows(Protocol):
    """Puts rows into a statement."""

    def chunk_size(self, dialect: Dialect, left: int) -> int:
        """Returns how many of the `left` remaining rows the next statement takes."""
        ...

    def text(self, dialect: Dialect, count: int) -> str:
        """Returns the text that stands for `count` rows in the statement."""
        ...

    def parameters(self, dialect: Dialect, rows: Sequence[Row]) -> Iterable[Any]: ...


class BulkStatement:
    """A statement that runs over any number of rows.

    In its template `{rows}` stands for the rows, and `{one}` for one further parameter before or after them.
    """

    def __init__(self, template: str, rows: Rows) -> None:
        self._template = template
        self._rows = rows
        self._texts: dict[tuple[int, str], str] = {}

    def run(
        self, connection: Connection, rows: Sequence[Row], *, before: Row = (), after: Row = ()
    ) -> Iterator[CursorResult[Any]]:
        """Yields the result of each statement, as few as possible. Each runs when its result is asked for."""
        dialect = connection.dialect
        start = 0
        while start < len(rows):
            chunk = rows[start : start + self._rows.chunk_size(dialect, len(rows) - start)]
            parameters = (*before, *self._rows.parameters(dialect, chunk), *after)
            yield connection.exec_driver_sql(self._text(dialect, len(chunk)), parameters)
            start += len(chunk)

    def change(self, connection: Connection, rows: Sequence[Row], *, before: Row = (), after: Row = ()) -> int:
        """Runs the statement over all rows and returns the number of rows that it changed in the database."""
        return sum(result.rowcount for result in self.run(connection, rows, before=before, after=after))

    def select(
        self, connection: Connection, rows: Sequence[Row], *, before: Row = (), after: Row = ()
    ) -> Iterable[Any]:
        """Yields the rows that the statement returns for all rows. It runs as they are asked for."""
        return chain.from_iterable(self.run(connection, rows, before=before, after=after))

    def _text(self, dialect: Dialect, count: int) -> str:
        text = self._texts.get((count, dialect.name))
        if text is None:
            text = self._template.format(rows=self._rows.text(dialect, count), one=_one(dialect))
            self._texts[count, dialect.name] = text
        return text


class Insertion:
    """Inserts rows of these columns.

    The columns from each of `rare` on are seldom filled, and are left out when no row fills them: sqlite3 looks for an
    adapter of every null, which doubles the time of binding it.
    """

    def __init__(self, table: Table, columns: Sequence[Column[Any]], *rare: Column[Any]) -> None:
        """`rare` are in the order of `columns`."""
        widths = [*map(columns.index, rare), len(columns)]
        self._forms = [(width, (None,) * (len(columns) - width), insertion(table, columns[:width])) for width in widths]

    def add(self, connection: Connection, rows: Sequence[Row]) -> None:
        for width, nulls, statement in self._forms:
            if all(row[width:] == nulls for row in rows):
                statement.change(connection, [row[:width] for row in rows])
                return


def insertion(table: Table, columns: Sequence[Column[Any]], conflict: str = "") -> BulkStatement:
    """Returns the insertion of rows of these columns. `conflict` is an ON CONFLICT clause."""
    names = ", ".join(column.name for column in columns)
    template = f"INSERT INTO {table.name} ({names}) {{rows}} {conflict}"
    return BulkStatement(template, Values(*columns))


class Values:
    """Writes the rows as a query whose columns, named `column1`, `column2` …, have the types of these columns."""

    def __init__(self, *columns: Column[Any]) -> None:
        self._columns = columns

    def chunk_size(self, dialect: Dialect, left: int) -> int:
        return min(left, _MOST_IN_ARRAYS) if _takes_arrays(dialect) else _chunk_size(left, _MOST)

    def text(self, dialect: Dialect, count: int) -> str:
        if not _takes_arrays(dialect):
            row = f"({', '.join([_one(dialect)] * len(self._columns))})"
            return f"VALUES {', '.join([row] * count)}"
        names = ", ".join(f"column{index + 1}" for index in range(len(self._columns)))
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
    """Writes one select for each row and unites them."""

    def __init__(self, select: str, most: int) -> None:
        """`most` is the largest number of selects in one statement."""
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
