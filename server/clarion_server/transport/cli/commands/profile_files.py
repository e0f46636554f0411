"""`clarion profiles import` and `export`: profiles as CSV files, or as one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from clarion_server.transport.cli.commands.importing import AS_FOUND, Delimiter, ImportOptions, check_delimiter
from clarion_server.transport.cli.commands.options import option_group
from clarion_server.transport.cli.csv_rows import CsvRows
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.import_run import ImportRun
from clarion_server.transport.cli.rejected_rows import rejected_text
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import plain

if TYPE_CHECKING:
    from clarion_client import ConsentChange, ImportedProfile, Profile

    from clarion_server.transport.cli.profile_rows import Row

    _Given = tuple[Profile, Sequence[ConsentChange]]

#: Is the most profiles whose first lines are remembered, to tell which rows name somebody again.
_MOST_REMEMBERED = 1_000_000
_JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")


@option_group
class CellOptions:
    """Says what the cells of a CSV file mean."""

    delimiter: Delimiter = ""
    null: Annotated[str | None, Parameter(help="The text of a cell that removes the attribute.")] = None
    attributes_from_rest: Annotated[
        bool, Parameter(help="Make attributes of the columns that are none of the known ones.")
    ] = False

    def read(self, lines: Iterable[str], suffix: str) -> tuple[Sequence[str], Iterator[Row]]:
        """Returns the names of the cells and the rows of a file whose name has this suffix. Raises CommandFailed for
        one that cannot be read.
        """
        from clarion_server.transport.cli.profile_rows import JSON_CELL, Form, read_csv, read_jsonl  # noqa: PLC0415 - loads gRPC

        check_delimiter(self.delimiter)
        if suffix.lower() in _JSON_SUFFIXES:
            return [JSON_CELL], read_jsonl(lines)
        table = CsvRows(lines, self.delimiter)
        return table.names, read_csv(table, Form(self.null, self.attributes_from_rest))


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
    from clarion_server.transport.cli.profile_rows import column_of  # noqa: PLC0415 - loads gRPC

    columns, rows = cells.read(importing.read_lines(file), file.suffix)
    rejected_file = importing.rejected_file(columns, file)
    run = _Run(
        ImportRun(
            session,
            file,
            rejected_file,
            "Go on with --from-line {line}.",
            from_line,
            lambda path, given: column_of(path, columns, given),
        )
    )
    run.send(rows, lambda profiles: session.client.profiles.import_stream(profiles, import_id=importing.import_id))
    session.output.show(run.summary, lambda: plain(run.sentence))
    return run.imported.status


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
    """Counts what became of rows, beside what is counted of every import."""

    imported: ImportRun[Row, _Given, ImportedProfile]
    repeated: list[tuple[int, int]] = field(default_factory=list)
    """The lines that name somebody again, each with the line that did so first."""
    denied_grants: int = 0
    """The number of grants that a denial of the person forbids."""
    _first_lines: dict[str, int] = field(default_factory=dict)

    def send(
        self, rows: Iterable[Row], send: Callable[[Iterator[_Given]], Iterator[tuple[_Given, ImportedProfile]]]
    ) -> None:
        self.imported.send(rows, _given, send, self._count)

    def _count(self, row: Row, result: ImportedProfile) -> None:
        if not result.profile:
            return
        self.denied_grants += len(result.notes)
        if result.profile in self._first_lines:
            self.repeated.append((row.line, self._first_lines[result.profile]))
        elif len(self._first_lines) < _MOST_REMEMBERED:
            self._first_lines[result.profile] = row.line

    @property
    def summary(self) -> dict[str, Any]:
        return self.imported.summary | {
            "repeated": [{"line": line, "first_line": first} for line, first in self.repeated],
            "denials_standing": self.denied_grants,
        }

    @property
    def sentence(self) -> str:
        again = f" Rows that name somebody again: {len(self.repeated):,}." if self.repeated else ""
        if self.denied_grants:
            again += f" Grants that were left out, because the person had denied: {self.denied_grants:,}."
        return f"{self.imported.sentence}{again}{rejected_text(self.imported.rejected)}"


def _given(row: Row) -> _Given | None:
    return None if row.profile is None else (row.profile, row.consents)
