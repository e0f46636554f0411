"""Reads and writes CSV (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import chain

from clarion_server.transport.cli.failures import CommandFailed

_DELIMITERS = ",;\t|"


def read_csv_rows(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yields the header line, and each row below it that is not blank, with the line at which it begins, from 1.

    An empty `delimiter` is what separates the names of the header line. Raises CommandFailed where the file is no CSV.
    """
    remaining = iter(lines)
    first = next(remaining, "")
    chosen = delimiter or max(_DELIMITERS, key=first.count)
    reader = csv.reader(chain([first], remaining), delimiter=chosen, strict=True)
    try:
        yield 1, next(reader, [])
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise CommandFailed(f"Line {reader.line_num} is not CSV: {error}.") from error


def csv_line(cells: Iterable[object]) -> str:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerow(cells)
    return written.getvalue()


def harmless(cell: str) -> str:
    """Returns a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
