"""Tables that stay readable in a narrow window."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

#: Columns of sentences, and of what people wrote. They are folded; all others are kept whole, to be copied.
PROSE = frozenset({"FINDING", "WHAT TO DO", "DETAIL", "REPLY", "NAME", "PURPOSE", "SCOPES"})
#: Below it a folded column is a column of syllables.
MIN_PROSE = 12
#: Blanks between columns.
GAP = 2
#: What a row is about. These columns are always there.
ESSENTIAL = 2


def table(columns: Sequence[str], rows: Iterable[Sequence[RenderableType]]) -> RenderableType:
    """Without lines between its cells. The columns come by importance."""
    return _Listing(columns, list(rows))


def fields(rows: Iterable[tuple[str, RenderableType]]) -> Table:
    """Names and values, one pair a line."""
    shown = Table.grid(padding=(0, GAP, 0, 0))
    shown.add_column(style="dim", no_wrap=True)
    shown.add_column(overflow="fold")
    for name, value in rows:
        shown.add_row(name, value)
    return shown


class _Listing:
    """Gives up its last columns where the window is too narrow for all of them, and says so. Where it is too narrow for
    the first ones too, each row becomes a list.
    """

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[RenderableType]]) -> None:
        self._columns = columns
        self._rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        shown = list(range(len(self._columns)))
        hidden: list[str] = []
        while (victim := self._victim(shown)) is not None and not self._fits(shown, console, options):
            shown.remove(victim)
            hidden.insert(0, self._columns[victim])
        if not self._fits(shown, console, options):
            yield from self._stacked()
            return
        yield self._table(shown)
        if hidden:
            yield Text(f"{', '.join(hidden)}: in a wider window, or with --json.", "dim")

    def _stacked(self) -> RenderResult:
        for row in self._rows:
            yield fields(zip(self._columns, row, strict=True))
            yield ""

    def _victim(self, shown: Sequence[int]) -> int | None:
        """The column that is missed least."""
        return next((index for index in reversed(shown[ESSENTIAL:]) if self._columns[index] not in PROSE), None)

    def _fits(self, shown: Sequence[int], console: Console, options: ConsoleOptions) -> bool:
        needed = sum(self._width(index, console, options) + GAP for index in shown) - GAP
        return needed <= options.max_width

    def _width(self, index: int, console: Console, options: ConsoleOptions) -> int:
        """The least that the column needs."""
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
