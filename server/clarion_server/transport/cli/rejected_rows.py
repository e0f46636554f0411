"""The rows of a file that an import has rejected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clarion_server.transport.cli.csv_rows import ABOUT_REJECTED, csv_line, csv_reader
from clarion_server.transport.cli.failures import CommandFailed

#: Is the most that are printed as text. JSON and the file of rejected rows have all of them.
_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True, order=True)
class RejectedRow:
    line: int
    """Is the line of the file at which it begins, from 1."""
    problem: str
    cells: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"line": self.line, "problem": self.problem}


class RejectedFile:
    """Writes the CSV file of the rejected rows: of each its line, the problem and its cells."""

    def __init__(self, path: Path, columns: Sequence[str], source: Path) -> None:
        """`columns` are the names of the cells of the file `source`. Raises CommandFailed when it cannot be written."""
        self._path = path
        self._header = (*ABOUT_REJECTED, *columns)
        try:
            path.open("ab").close()
            is_source = source.exists() and path.samefile(source)
        except OSError as error:
            raise CommandFailed(f"Cannot write {path}: {error.strerror}.") from error
        if is_source:
            raise CommandFailed("--rejected names the file that is imported.", hint="Name another file.")

    def write(self, rejected: Sequence[RejectedRow], first_line: int = 1) -> None:
        """Writes these rows. Those before `first_line` are of an earlier part of the import: the ones that the file
        has stay.
        """
        rows = {row.line: row for row in self._stored() if row.line < first_line} if first_line > 1 else {}
        rows |= {row.line: row for row in rejected}
        with self._path.open("w", encoding="utf-8", newline="") as file:
            file.write(csv_line(self._header))
            file.writelines(csv_line((row.line, row.problem, *row.cells)) for row in sorted(rows.values()))

    def _stored(self) -> Iterator[RejectedRow]:
        """Yields what an earlier part of the same import has written. A file of anything else has nothing of it."""
        with self._path.open(encoding="utf-8", errors="replace", newline="") as file:
            lines = csv_reader(file)
            if next(lines, ()) != list(self._header):
                return
            for cells in lines:
                # The last line may have been cut off.
                if len(cells) >= len(ABOUT_REJECTED) and cells[0].isdecimal():
                    yield RejectedRow(int(cells[0]), cells[1], tuple(cells[2:]))


def rejected_text(rejected: Sequence[RejectedRow]) -> str:
    """Returns a line for each of the first rows, and how many others there are."""
    shown = "".join(f"\nLine {row.line}: {row.problem}" for row in sorted(rejected)[:_MOST_SHOWN])
    more = len(rejected) - _MOST_SHOWN
    return f"{shown}\n{more:,} more are not shown: see --rejected." if more > 0 else shown
