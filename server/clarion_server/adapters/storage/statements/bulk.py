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

from clarion_server.adapters.storage.statements import driver
from clarion_server.adapters.storage.statements.arrays import array_notation, array_type, column_type

Row = Sequence[Any]
#: Rows that have the same values in some columns: these values, which can be hashed, and the rows without them.
Run = tuple[Row, Sequence[Row]]

#: Up to this number of rows, a statement runs over exactly that many; above it, over the next lower power of two.
_EXACT = 64
#: SQLite takes 32,766 parameters (SQLITE_MAX_VARIABLE_NUMBER); no row here has more than 63.
_MOST = 512
#: At least this many rows with the same values are worth a statement of their own.
_ENOUGH = 16
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
    """Is a statement that runs over any number of rows.

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
        for text, parameters in self._statements(connection.dialect, rows, before, after):
            yield connection.exec_driver_sql(text, parameters)

    def change(self, connection: Connection, rows: Sequence[Row], *, before: Row = (), after: Row = ()) -> int:
        """Runs the statement over all rows and returns the number of rows that it changed in the database."""
        statements = self._statements(connection.dialect, rows, before, after)
        return sum([driver.run(connection, text, parameters).rowcount for text, parameters in statements])

    def select(
        self, connection: Connection, rows: Sequence[Row], *, before: Row = (), after: Row = ()
    ) -> Iterable[Any]:
        """Yields the rows that the statement returns for all rows. It runs as they are asked for."""
        return chain.from_iterable(self.run(connection, rows, before=before, after=after))

    def read(self, connection: Connection, rows: Sequence[Row], *, before: Row = (), after: Row = ()) -> Iterable[Row]:
        """Does the same as `select`, for callers that read the columns of rows by their positions alone."""
        statements = self._statements(connection.dialect, rows, before, after)
        found = [driver.run(connection, text, parameters).fetchall() for text, parameters in statements]
        return chain.from_iterable(found)

    def _statements(
        self, dialect: Dialect, rows: Sequence[Row], before: Row, after: Row
    ) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """Yields the texts and the parameters of as few statements as possible."""
        start = 0
        while start < len(rows):
            chunk = rows[start : start + self._rows.chunk_size(dialect, len(rows) - start)]
            yield self._text(dialect, len(chunk)), (*before, *self._rows.parameters(dialect, chunk), *after)
            start += len(chunk)

    def _text(self, dialect: Dialect, count: int) -> str:
        text = self._texts.get((count, dialect.name))
        if text is None:
            text = self._template.format(rows=self._rows.text(dialect, count), one=_one(dialect))
            self._texts[count, dialect.name] = text
        return text


class Insertion:
    """Inserts rows of which many have the same values in most of their columns.

    Binding a value takes as long as storing it. So the values of the `shared` columns are bound once for all rows that
    have them, which halves the time of an insertion.
    """

    def __init__(
        self, table: Table, own: Sequence[Column[Any]], shared: Sequence[Column[Any]], *rare: Column[Any]
    ) -> None:
        """Each row has values of its own in the columns `own`.

        The shared columns from each of `rare` on are seldom filled, and are left out of rows that are bound one by one
        when no row fills them: sqlite3 looks for an adapter of every null, which doubles the time of binding it. `rare`
        are in the order of `shared`.
        """
        names = ", ".join(column.name for column in (*shared, *own))
        self._alike = BulkStatement(f"INSERT INTO {table.name} ({names}) {{rows}}", ValuesBeside(shared, own))
        widths = [*map(shared.index, rare), len(shared)]
        self._forms = [(width, insertion(table, (*own, *shared[:width]))) for width in widths]

    def add(self, connection: Connection, runs: Sequence[Run], *, in_order: bool = False) -> None:
        """Inserts the rows of all runs. With `in_order` they are inserted in their order."""
        groups: dict[Row, list[Row]] = {}
        for shared, rows in runs:
            groups.setdefault(shared, []).extend(rows)
        if in_order and len(groups) > 1:
            self._add_each(connection, runs)
            return
        few: list[Run] = []
        for shared, rows in groups.items():
            if len(rows) < _ENOUGH:
                few.append((shared, rows))
            else:
                self._alike.change(connection, rows, before=shared)
        if few:
            self._add_each(connection, few)

    def _add_each(self, connection: Connection, runs: Sequence[Run]) -> None:
        for width, statement in self._forms:
            if all(each is None for shared, _ in runs for each in shared[width:]):
                rows = [(*own, *shared[:width]) for shared, of_run in runs for own in of_run]
                statement.change(connection, rows)
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


class ValuesBeside:
    """Writes the rows as a query as well, behind columns whose values are the same in all rows: they are parameters
    `before` those of the rows.
    """

    def __init__(self, shared: Sequence[Column[Any]], own: Sequence[Column[Any]]) -> None:
        self._shared = shared
        self._own = own
        self._values = Values(*own)

    def chunk_size(self, dialect: Dialect, left: int) -> int:
        return self._values.chunk_size(dialect, left)

    def text(self, dialect: Dialect, count: int) -> str:
        shared = [_one_of(dialect, column) for column in self._shared]
        own = [f"column{index + 1}" for index in range(len(self._own))]
        return f"SELECT {', '.join([*shared, *own])} FROM ({self._values.text(dialect, count)}) AS added"  # noqa: S608 - types of the schema

    def parameters(self, dialect: Dialect, rows: Sequence[Row]) -> Iterable[Any]:
        return self._values.parameters(dialect, rows)


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


def _one_of(dialect: Dialect, column: Column[Any]) -> str:
    """Returns the text of a parameter that is a value of the column."""
    one = _one(dialect)
    return f"{one}::{column_type(column)}" if _takes_arrays(dialect) else one


def _takes_arrays(dialect: Dialect) -> bool:
    return dialect.name == "postgresql"


def _chunk_size(left: int, most: int) -> int:
    return left if left <= _EXACT else 1 << (min(left, most).bit_length() - 1)
