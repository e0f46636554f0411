"""Reads and writes CSV (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING

from clarion_server.transport.cli.failures import CommandFailed

if TYPE_CHECKING:
    from _csv import Reader

_DELIMITERS = ",;\t|"

#: Is the most characters of a cell that is imported.
LONGEST_CELL = 131_072
#: Is the most characters of a row that is imported. A request has room for it, though a number that is written in two
#: characters takes eleven bytes there.
LONGEST_ROW = 700_000
ROW_TOO_LONG = f"The row has more than {LONGEST_ROW:,} characters."
#: Is the most characters of a cell that is read. A longer one is taken for one whose quotation mark is never closed.
_MOST_READ = 1 << 26

_BARE_RETURN = (
    "a carriage return stands alone outside of quotation marks. Save the file with the line ends of Windows or Unix"
)

#: What a file of rejected rows has before the cells of each row.
ABOUT_REJECTED = ("line", "problem")


class CsvRows:
    """Reads the rows of a CSV file below its header line.

    Of a file of rejected rows, these are the rejected ones as they were, so that it can be mended and imported.
    """

    def __init__(self, lines: Iterable[str], delimiter: str) -> None:
        """Reads the header line, which is the first that is not blank. An empty `delimiter` is what separates its
        names. Raises CommandFailed where the file is no CSV.
        """
        remaining = iter(lines)
        begin = list(_until_text(remaining))
        chosen = delimiter or max(_DELIMITERS, key="".join(begin[-1:]).count)
        self._reader = csv_reader(chain(begin, remaining), delimiter=chosen, strict=True)
        #: Is the line at which the row begins that is read next.
        self._line = 1
        with self._told():
            names = [name.strip() for name in next(filter(_holds_text, self._reader), [])]
        if any(len(name) > LONGEST_CELL for name in names):
            raise CommandFailed(f"The first line has a name of more than {LONGEST_CELL:,} characters.")
        #: Says whether it is a file of rejected rows.
        self.are_rejected = tuple(names[:2]) == ABOUT_REJECTED
        self._skipped = len(ABOUT_REJECTED) if self.are_rejected else 0
        self.names = names[self._skipped :]

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Yields each row that is not blank, with the line at which it begins, from 1. Raises CommandFailed where the
        file is no CSV.
        """
        self._line = self._reader.line_num + 1
        with self._told():
            for cells in self._reader:
                if _holds_text(cells):
                    yield self._line, cells[self._skipped :]
                self._line = self._reader.line_num + 1

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except csv.Error as error:
            # A quotation mark that is never closed is seen at the end of the file alone.
            problem = _BARE_RETURN if str(error).startswith("new-line character") else f"{error}"
            raise CommandFailed(f"The row that begins at line {self._line} is not CSV: {problem}.") from error


def _until_text(lines: Iterator[str]) -> Iterator[str]:
    """Yields the lines up to the first one that is not blank."""
    for line in lines:
        yield line
        if line.strip():
            return


def _holds_text(cells: Sequence[str]) -> bool:
    return any(cell.strip() for cell in cells)


def csv_reader(lines: Iterable[str], delimiter: str = ",", *, strict: bool = False) -> Reader:
    """Returns a reader for which a cell that is too long to be imported is a cell like any other, so that the row can
    be rejected and the next one read. Changes the limit of the module `csv`, which every reader has in common.
    """
    csv.field_size_limit(_MOST_READ)
    return csv.reader(lines, delimiter=delimiter, strict=strict)


def too_long(names: Sequence[str], cells: Sequence[str]) -> str:
    """Returns what is wrong with the cells of a row that are too long alone or together, or an empty text."""
    if found := [name for name, cell in zip(names, cells, strict=False) if len(cell) > LONGEST_CELL]:
        return " ".join(f"{name}: The cell has more than {LONGEST_CELL:,} characters." for name in found)
    return ROW_TOO_LONG if sum(map(len, cells)) > LONGEST_ROW else ""


def csv_line(cells: Iterable[object]) -> str:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerow(cells)
    return written.getvalue()


def harmless(cell: str) -> str:
    """Returns a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
