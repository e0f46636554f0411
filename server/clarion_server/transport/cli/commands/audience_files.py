"""`clarion audiences upload`: fills the list of an audience from a file."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from cyclopts import Parameter
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from clarion_server.transport.cli.commands.importing import AS_FOUND, ImportOptions
from clarion_server.transport.cli.commands.options import AudienceName
from clarion_server.transport.cli.csv_rows import LONGEST_CELL, CsvRows
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.rejected_rows import RejectedRow, rejected_text
from clarion_server.transport.cli.session import CurrentSession, Session
from clarion_server.transport.cli.views import plain

if TYPE_CHECKING:
    from clarion_client import UploadedIdentities

#: The name of the cells in the file of rejected rows, where the uploaded file has no names.
_COLUMN = "identity"


class _Row(NamedTuple):
    line: int
    identity: str


def upload_identities(
    audience: AudienceName,
    file: Annotated[Path, Parameter(help="The file, or - for stdin.", allow_leading_hyphen=True)],
    /,
    *,
    column: Annotated[
        str, Parameter(help="The file is CSV with a header line, and the identities are in the column of this name.")
    ] = "",
    append: Annotated[bool, Parameter(help="Add to the present list instead of replacing it.")] = False,
    allow_empty: Annotated[
        bool, Parameter(help="Take a file without identities too, which empties the list.", negative=())
    ] = False,
    importing: ImportOptions = AS_FOUND,
    session: CurrentSession,
) -> Exit:
    """Make a file the list of an audience: one identity a line, such as crm:4711, or an address alone.

    The new list takes the place of the present one when the whole file is uploaded. Until then, and after an upload
    that was cut off, the present one holds. Exit code 1 when identities are refused.
    """
    rows = _read(importing.read_lines(file), column.strip())
    first = next(rows, None)
    if first is None and (append or not allow_empty):
        # It may be what a report that failed has left behind.
        hint = "" if append else "To empty it: --allow-empty"
        raise CommandFailed("The file has no identities. The list stays as it is.", hint=hint)
    if first is not None:
        rows = chain([first], rows)
    rejected_file = importing.rejected_file([column.strip() or _COLUMN], file)
    run = _Run(session)
    try:
        run.send(audience, rows, append=append, import_id=importing.import_id)
    finally:
        if rejected_file is not None:
            rejected_file.write(run.rejected)
    session.output.show(run.summary, lambda: plain(run.sentence))
    return Exit.BAD_NEWS if run.rejected else Exit.OK


def _read(lines: Iterable[str], column: str) -> Iterator[_Row]:
    """Yields the identities with their lines. Blank lines and empty cells are none."""
    if column:
        yield from _read_column(lines, column)
        return
    for number, line in enumerate(lines, 1):
        if text := line.strip():
            yield _Row(number, text)


def _read_column(lines: Iterable[str], column: str) -> Iterator[_Row]:
    rows = CsvRows(lines, "")
    names = [name.lower() for name in rows.names]
    if column.lower() not in names:
        raise CommandFailed(f"The first line names no column {column!r}.", hint=f"It has {', '.join(names)}.")
    index = names.index(column.lower())
    for line, cells in rows:
        if text := cells[index].strip() if index < len(cells) else "":
            yield _Row(line, text)


class _Run:
    """Sends identities, and counts what became of them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._unanswered: deque[_Row] = deque()
        self._added = self._repeated = self._total = 0
        self.rejected: list[RejectedRow] = []

    def send(self, audience: str, rows: Iterator[_Row], *, append: bool, import_id: str) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} identities"), TimeElapsedColumn())
        with self._session.output.progress(*columns) as progress:
            task = progress.add_task("", total=None)
            answers = self._session.client.audiences.upload_stream(
                audience, self._identities(rows), append=append, import_id=import_id
            )
            for identities, answer in answers:
                self._count([self._unanswered.popleft() for _ in identities], answer)
                progress.advance(task, len(identities))

    def _identities(self, rows: Iterator[_Row]) -> Iterator[str]:
        """Yields what is sent. It is read on a thread of the client's, ahead of the answers."""
        for row in rows:
            if len(row.identity) > LONGEST_CELL:
                problem = f"The identity has more than {LONGEST_CELL:,} characters."
                self.rejected.append(RejectedRow(row.line, problem, (row.identity,)))
            else:
                self._unanswered.append(row)
                yield row.identity

    def _count(self, batch: list[_Row], answer: UploadedIdentities) -> None:
        self._added += answer.added_count
        self._repeated += answer.repeated_count
        self._total = answer.identity_list.identity_count
        for each in answer.rejected:
            row = batch[each.index]
            problem = each.violation.description if each.violation is not None else ""
            self.rejected.append(RejectedRow(row.line, problem, (row.identity,)))

    @property
    def summary(self) -> dict[str, Any]:
        return {
            "added": self._added,
            "repeated": self._repeated,
            "identity_count": self._total,
            "rejected": [row.to_dict() for row in sorted(self.rejected)],
        }

    @property
    def sentence(self) -> str:
        counts = f"{self._added:,} added, {self._repeated:,} repeated, {len(self.rejected):,} rejected."
        return f"{counts} The list has {self._total:,}.{rejected_text(self.rejected)}"
