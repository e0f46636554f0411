"""Rows by key, copied before they change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

Key = TypeVar("Key")
Row = TypeVar("Row")


class DuplicateKey(ValueError):
    """A row of that key is kept already. An SQL store would report a broken unique constraint."""


class ReadOnly(RuntimeError):
    """A snapshot only reads: changes are made in a unit of work that begins with `Store.begin`."""

    def __str__(self) -> str:
        return self.__doc__ or ""


class Table(Generic[Key, Row]):
    """One table as one transaction sees it.

    A fork shares the rows until either side changes them, so that a transaction costs nothing for what it only reads,
    and nobody ever sees the changes of another. Rows themselves are frozen.
    """

    __slots__ = ("_rows", "_shared", "_writable")

    def __init__(self, rows: dict[Key, Row] | None = None, *, writable: bool = True) -> None:
        self._rows = {} if rows is None else rows
        self._shared = rows is not None
        self._writable = writable

    @property
    def rows(self) -> Mapping[Key, Row]:
        """In the order of their keys' first coming. Holds still only until the next change of this table."""
        return self._rows

    def fork(self, *, writable: bool = True) -> Table[Key, Row]:
        self._shared = True
        return Table(self._rows, writable=writable)

    def insert(self, key: Key, row: Row) -> None:
        """Raises DuplicateKey."""
        if key in self._rows:
            raise DuplicateKey(repr(key))
        self.put(key, row)

    def put(self, key: Key, row: Row) -> None:
        self._own()[key] = row

    def remove(self, key: Key) -> None:
        """Without effect when there is no such row."""
        if key in self._rows:
            del self._own()[key]

    def _own(self) -> dict[Key, Row]:
        if not self._writable:
            raise ReadOnly
        if self._shared:
            self._rows = dict(self._rows)
            self._shared = False
        return self._rows
