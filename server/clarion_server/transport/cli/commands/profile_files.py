"""`clarion profiles import` and `export`: profiles as CSV files, or as one JSON object a line."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn

from clarion_server.transport.cli.commands.importing import AS_FOUND, Delimiter, ImportOptions, check_delimiter
from clarion_server.transport.cli.commands.options import option_group
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.rejected_rows import RejectedRow, rejected_text
from clarion_server.transport.cli.session import CurrentSession, Session
from clarion_server.transport.cli.text_input import STDIN
from clarion_server.transport.cli.views import plain

if TYPE_CHECKING:
    from clarion_client import ConsentChange, ImportedProfile, Profile

    from clarion_server.transport.cli.profile_rows import Row

#: The most profiles whose first lines are remembered, to tell which rows name somebody again.
_MOST_REMEMBERED = 1_000_000
_JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")


@option_group
class CellOptions:
    """What the cells of a CSV file mean."""

    delimiter: Delimiter = ""
    null: Annotated[str | None, Parameter(help="The text of a cell that removes the attribute.")] = None
    attributes_from_rest: Annotated[
        bool, Parameter(help="Make attributes of the columns that are none of the known ones.")
    ] = False

    def read(self, lines: Iterable[str], suffix: str) -> Iterator[Row]:
        """Returns the rows of a file whose name has this suffix. Raises CommandFailed for one that cannot be read."""
        from clarion_server.transport.cli.profile_rows import Form, read_csv, read_jsonl  # noqa: PLC0415 - loads gRPC

        check_delimiter(self.delimiter)
        if suffix.lower() in _JSON_SUFFIXES:
            return read_jsonl(lines)
        return read_csv(lines, Form(self.delimiter, self.null, self.attributes_from_rest))


PLAIN_CELLS = CellOptions()


def import_profiles(
    file: Annotated[
        Path,
        Parameter(
            help="A CSV file with a header line, a .jsonl file, or - for CSV from stdin.", allow_leading_hyphen=True
        ),
    ],
    /,
    *,
    importing: ImportOptions = AS_FOUND,
    cells: CellOptions = PLAIN_CELLS,
    from_line: Annotated[int, Parameter(help="Skip the rows before this line, which were imported before.")] = 1,
    session: CurrentSession,
) -> Exit:
    """Create and change the profiles of a file.

    Columns: email, phone, push and identity.NAMESPACE hold an identity, identities one a line; locale; time_zone;
    attributes.NAME an attribute, or attributes.NAME:integer (number, boolean, json); attributes a JSON object;
    consent.email.TOPIC, consent.email or consent.any GRANTED or DENIED. An empty cell leaves what is stored. A line of
    a .jsonl file has the fields of a profile, and consents.

    Importing a file again changes nothing. After an interruption the command says where to go on with --from-line.
    With an --import-id, the same command goes on by itself for a week, and no row is imported twice.
    Exit code 1 when a row is rejected.
    """
    rows = cells.read(importing.read_lines(file), file.suffix)
    run = _Run(session)
    with session.interruption.handled_by(run.stop):
        try:
            run.send((row for row in rows if row.line >= from_line), _line_count(file), importing.import_id)
        finally:
            importing.keep(run.rejected)
    session.output.show(run.summary, lambda: plain(_sentence(run)))
    if run.stopped:
        return Exit.INTERRUPTED
    return Exit.BAD_NEWS if run.rejected else Exit.OK


def export_profiles(
    *,
    jsonl: Annotated[bool, Parameter(help="Write one JSON object a line instead of CSV.")] = False,
    spreadsheet_safe: Annotated[
        bool, Parameter(help="Write an apostrophe before cells that a spreadsheet takes for formulas.")
    ] = False,
    session: CurrentSession,
) -> None:
    """Print all profiles with their people's choices as a CSV file for `clarion profiles import`, oldest first.

    Imported again it changes nothing. A file with --spreadsheet-safe is for reading alone.
    """
    from clarion_server.transport.cli.profile_rows import to_data, write_csv  # noqa: PLC0415 - loads gRPC

    found = session.client.profiles.export()
    if jsonl or session.output.as_json:
        for exported in found:
            session.output.write(f"{json.dumps(to_data(exported), ensure_ascii=False)}\n")
        return
    for line in write_csv(found, spreadsheet_safe=spreadsheet_safe):
        session.output.write(line)


@dataclass
class _Run:
    """Sends rows and counts what became of them."""

    session: Session
    counts: Counter[str] = field(default_factory=Counter)
    rejected: list[RejectedRow] = field(default_factory=list)
    repeated: list[tuple[int, int]] = field(default_factory=list)
    """The lines that name somebody again, each with the line that did so first."""
    denied_grants: int = 0
    """The number of grants that a denial of the person forbids."""
    imported_through: int = 0
    """The line of the last row that was answered."""
    stopped: bool = False
    _unanswered: deque[Row] = field(default_factory=deque)
    _first_lines: dict[str, int] = field(default_factory=dict)

    def stop(self) -> None:
        """Reads no further rows. Those that are under way are answered."""
        self.stopped = True

    def send(self, rows: Iterable[Row], total: int | None, import_id: str) -> None:
        columns = (BarColumn(complete_style="green"), MofNCompleteColumn(), TimeRemainingColumn())
        with self.session.output.progress(*columns) as progress:
            task = progress.add_task("", total=total)
            try:
                results = self.session.client.profiles.import_stream(self._given(rows), import_id=import_id)
                for _, result in results:
                    row = self._unanswered.popleft()
                    self._count(row, result)
                    self.imported_through = row.line
                    progress.update(task, completed=row.line)
            except BaseException:
                self._show_where_to_go_on()
                raise
        if self.stopped:
            self._show_where_to_go_on()

    def _given(self, rows: Iterable[Row]) -> Iterator[tuple[Profile, Sequence[ConsentChange]]]:
        """Yields what can be sent. It is read on a thread of the client's, ahead of the answers."""
        for row in rows:
            if self.stopped:
                return
            if row.profile is None:
                self.rejected.append(RejectedRow(row.line, row.problem, row.cells))
            else:
                self._unanswered.append(row)
                yield row.profile, row.consents

    def _count(self, row: Row, result: ImportedProfile) -> None:
        if result.violations:
            problems = (f"{each.field}: {each.description}" for each in result.violations)
            self.rejected.append(RejectedRow(row.line, " ".join(problems), row.cells))
            return
        self.counts[result.outcome.lower()] += 1
        if not result.profile:
            return
        self.denied_grants += len(result.notes)
        if result.profile in self._first_lines:
            self.repeated.append((row.line, self._first_lines[result.profile]))
        elif len(self._first_lines) < _MOST_REMEMBERED:
            self._first_lines[result.profile] = row.line

    def _show_where_to_go_on(self) -> None:
        if self.imported_through:
            self.session.output.inform(
                f"Imported through line {self.imported_through}. Go on with --from-line {self.imported_through + 1}."
            )

    @property
    def summary(self) -> dict[str, Any]:
        return {
            **{outcome: self.counts[outcome] for outcome in ("created", "updated", "unchanged", "imported_before")},
            "repeated": [{"line": line, "first_line": first} for line, first in self.repeated],
            "denials_standing": self.denied_grants,
            "rejected": [row.to_dict() for row in sorted(self.rejected)],
        }


def _line_count(path: Path) -> int | None:
    if path == STDIN or not path.is_file():
        return None
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def _sentence(run: _Run) -> str:
    summary = run.summary
    counts = [f"{summary[outcome]:,} {outcome}" for outcome in ("created", "updated", "unchanged")]
    if summary["imported_before"]:
        counts.append(f"{summary['imported_before']:,} imported before")
    again = f" {len(run.repeated):,} rows name somebody again." if run.repeated else ""
    if run.denied_grants:
        again += f" {run.denied_grants:,} grants were left out, because the person had denied."
    return f"{', '.join(counts)}, {len(run.rejected):,} rejected.{again}{rejected_text(run.rejected)}"
