"""Makes tables that fit a narrow terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

T = TypeVar("T")

#: Holds the columns that hold sentences or names. They are folded. All others stay whole, so that people can copy them.
PROSE = frozenset({"FINDING", "WHAT TO DO", "DETAIL", "REPLY", "NAME", "PURPOSE", "SCOPES", "COMMENT"})
#: Holds those of them that are left out like the others where there is no room to fold them.
EXPENDABLE = frozenset({"COMMENT"})
#: Is the smallest width of a folded column that people can read.
MIN_PROSE = 12
#: Is the number of blanks between columns.
GAP = 2
#: Is the number of columns that are never left out.
ESSENTIAL = 2


def table(items: Iterable[T], columns: Mapping[str, Callable[[T], RenderableType]]) -> RenderableType:
    """Returns a table with a row for each item. The first columns are the most important ones."""
    return _Listing(tuple(columns), [[view(item) for view in columns.values()] for item in items])


def fields(rows: Iterable[tuple[str, RenderableType]]) -> Table:
    """Returns names and values, one pair a line."""
    shown = Table.grid(padding=(0, GAP, 0, 0))
    shown.add_column(style="dim", no_wrap=True)
    shown.add_column(overflow="fold")
    for name, value in rows:
        shown.add_row(name, value)
    return shown


class _Listing:
    """Is a table that leaves out its last columns in a narrow terminal, and says so. When even the first columns do not
    fit, it shows each row as a list.
    """

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[RenderableType]]) -> None:
        self._columns = columns
        self._rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        shown = list(range(len(self._columns)))
        hidden: list[str] = []
        while (last := self._least_important(shown)) is not None and not self._fits(shown, console, options):
            shown.remove(last)
            hidden.insert(0, self._columns[last])
        if not self._fits(shown, console, options):
            yield from self._stacked()
            return
        yield self._table(shown)
        if hidden:
            yield Text(f"{', '.join(hidden)}: see a wider terminal, or --json.", "dim")

    def _stacked(self) -> RenderResult:
        for row in self._rows:
            yield fields(zip(self._columns, row, strict=True))
            yield ""

    def _least_important(self, shown: Sequence[int]) -> int | None:
        """Returns the column to leave out next."""
        kept = PROSE - EXPENDABLE
        return next((index for index in reversed(shown[ESSENTIAL:]) if self._columns[index] not in kept), None)

    def _fits(self, shown: Sequence[int], console: Console, options: ConsoleOptions) -> bool:
        needed = sum(self._width(index, console, options) + GAP for index in shown) - GAP
        return needed <= options.max_width

    def _width(self, index: int, console: Console, options: ConsoleOptions) -> int:
        """Returns the least that the column needs."""
        name = self._columns[index]
        cells = (Measurement.get(console, options, row[index]).maximum for row in self._rows)
        widest = max((len(name), *cells))
        return min(widest, MIN_PROSE) if name in PROSE else widest

    def _table(self, shown: Sequence[int]) -> Table:
        drawn = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
        for index in shown:
            if (name := self._columns[index]) in PROSE:
                drawn.add_column(name, overflow="fold")
            else:
                drawn.add_column(name, no_wrap=True)
        for row in self._rows:
            drawn.add_row(*(row[index] for index in shown))
        return drawn
