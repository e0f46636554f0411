"""Reads and writes suppressions as CSV (RFC 4180), with the columns `target`, `reason`, `scope` and `expire_time`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from clarion_client import Suppression, SuppressionReason, SuppressionScope

from clarion_server.transport.cli.csv_rows import CsvRows, csv_line, harmless, too_long
from clarion_server.transport.cli.failures import CommandFailed

E = TypeVar("E", bound=StrEnum)

TARGET = "target"
#: Members that no file may give.
_NEVER_WRITTEN = frozenset({"UNRECOGNIZED", "ERASED"})
COLUMNS = (TARGET, "reason", "scope", "expire_time")
_EXAMPLE = "2027-01-31T09:00:00+01:00"


@dataclass(frozen=True, slots=True)
class Row:
    """Is a row that begins at this line of the file, counted from 1, as a suppression; or the problem with it."""

    line: int
    cells: tuple[str, ...]
    suppression: Suppression | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Defaults:
    """Holds the values of rows whose cells are empty or missing."""

    reason: SuppressionReason = SuppressionReason.MANUAL
    scope: SuppressionScope = SuppressionScope.ALL


def read_rows(rows: CsvRows, target: str, defaults: Defaults) -> Iterator[Row]:
    """Yields the rows as suppressions. `target` is the name of the column with the targets.

    Raises CommandFailed when there is no header line, one with other columns, and where the file is no CSV.
    """
    header = [name.lower() for name in rows.names]
    _check_header(header, target)
    for line, cells in rows:
        yield _row(line, header, cells, target, defaults)


def write_rows(suppressions: Iterable[Suppression], *, spreadsheet_safe: bool) -> Iterator[str]:
    """Yields the lines of a file that `read_rows` reads as the same suppressions, unless it is written for
    spreadsheets. Those of erased people are left out, as their addresses are not known.
    """
    yield csv_line(COLUMNS)
    for each in filter(lambda each: each.address or each.domain, suppressions):
        expire_time = "" if each.expire_time is None else each.expire_time.astimezone(dt.UTC).isoformat()
        cells = (each.address or each.domain or "", each.reason or "", each.scope or "", expire_time)
        yield csv_line(map(harmless, cells) if spreadsheet_safe else cells)


def _check_header(header: list[str], target: str) -> None:
    known = {target, *COLUMNS} - ({TARGET} - {target})
    if target not in header:
        raise CommandFailed(
            f"The first line names no column {target!r}.",
            hint="Write a header line, or name another column by --target-column.",
        )
    for name in header:
        if name not in known or header.count(name) > 1:
            problem = "is given twice" if name in known else f"is not one of {', '.join(sorted(known))}"
            raise CommandFailed(f"The column {name!r} {problem}.")


def _row(line: int, header: list[str], cells: list[str], target: str, defaults: Defaults) -> Row:
    if len(cells) > len(header):
        return Row(line, tuple(cells), None, "It has more cells than the header line.")
    if problem := too_long(header, cells):
        return Row(line, tuple(cells), None, problem)
    values = {name: cell.strip() for name, cell in zip(header, cells, strict=False) if cell.strip()}
    try:
        return Row(line, tuple(cells), _suppression(values, target, defaults))
    except ValueError as error:
        return Row(line, tuple(cells), None, str(error))


def _suppression(values: Mapping[str, str], target: str, defaults: Defaults) -> Suppression:
    """Raises ValueError, whose text is a sentence."""
    written = values.get(target, "")
    return Suppression(
        address=written if "@" in written else None,
        domain=None if "@" in written else written,
        reason=_member(SuppressionReason, "reason", values, defaults.reason),
        scope=_member(SuppressionScope, "scope", values, defaults.scope),
        expire_time=_expire_time(values.get("expire_time")),
    )


def _member(enum: type[E], column: str, values: Mapping[str, str], default: E) -> E:
    written = values.get(column)
    if written is None:
        return default
    name = written.upper().replace("-", "_").replace(" ", "_")
    members = {member.value: member for member in enum if member.value not in _NEVER_WRITTEN}
    if name not in members:
        raise ValueError(f"{column}: {written!r} is not one of {', '.join(members)}.")
    return members[name]


def _expire_time(written: str | None) -> dt.datetime | None:
    if written is None:
        return None
    try:
        time = dt.datetime.fromisoformat(written)
    except ValueError:
        raise ValueError(f"expire_time: {written!r} is not a time such as {_EXAMPLE}.") from None
    if time.utcoffset() is None:
        raise ValueError(f"expire_time: {written!r} has no time zone. Write a time such as {_EXAMPLE}.")
    return time
