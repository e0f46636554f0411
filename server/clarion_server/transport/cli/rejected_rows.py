"""The rows of a file that an import has rejected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clarion_server.transport.cli.csv_rows import csv_line

#: The most that are printed as text. JSON and the file of rejected rows have all of them.
_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True, order=True)
class RejectedRow:
    line: int
    """Is the line of the file at which it begins, from 1."""
    problem: str
    cells: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"line": self.line, "problem": self.problem}


def write_rejected(path: Path, rejected: Sequence[RejectedRow]) -> None:
    """Writes a CSV file: of each row its line, the problem and its cells."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(csv_line(("line", "problem", "cells")))
        file.writelines(csv_line((row.line, row.problem, *row.cells)) for row in sorted(rejected))


def rejected_text(rejected: Sequence[RejectedRow]) -> str:
    """Returns a line for each of the first rows, and how many others there are."""
    shown = "".join(f"\nLine {row.line}: {row.problem}" for row in sorted(rejected)[:_MOST_SHOWN])
    more = len(rejected) - _MOST_SHOWN
    return f"{shown}\n{more:,} more are not shown: see --rejected." if more > 0 else shown
