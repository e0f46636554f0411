"""`clarion suppressions import` and `export`: suppressions as CSV files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn

from clarion_server.transport.cli.commands.importing import AS_FOUND, Delimiter, ImportOptions, check_delimiter
from clarion_server.transport.cli.commands.options import parse_member
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.rejected_rows import RejectedRow, rejected_text
from clarion_server.transport.cli.session import CurrentSession, Session
from clarion_server.transport.cli.views import plain

if TYPE_CHECKING:
    from clarion_client import ImportedSuppression

    from clarion_server.transport.cli.suppression_rows import Row


def import_suppressions(
    file: Annotated[Path, Parameter(help="A CSV file with a header line, or - for stdin.", allow_leading_hyphen=True)],
    /,
    *,
    importing: ImportOptions = AS_FOUND,
    target_column: Annotated[str, Parameter(help="The name of the column with the addresses and domains.")] = "target",
    delimiter: Delimiter = "",
    reason: Annotated[str, Parameter(help="The reason of rows that have none.")] = "manual",
    scope: Annotated[str, Parameter(help="The scope of rows that have none.")] = "all",
    session: CurrentSession,
) -> Exit:
    """Suppress the addresses and domains of a CSV file, with the columns target, reason, scope and expire_time.

    What is suppressed already stays so; a row that holds for longer, or for more messages, extends it. Repeat an import
    that was cut off. Exit code 1 when a row is rejected.
    """
    from clarion_client import SuppressionReason, SuppressionScope  # noqa: PLC0415 - gRPC takes longer to load

    from clarion_server.transport.cli.suppression_rows import Defaults, read_rows  # noqa: PLC0415 - see above

    check_delimiter(delimiter)
    defaults = Defaults(
        parse_member(SuppressionReason, reason, "--reason"), parse_member(SuppressionScope, scope, "--scope")
    )
    lines = importing.read_lines(file)
    run = _Run(session)
    run.send(list(read_rows(lines, delimiter, target_column.strip().lower(), defaults)), importing.import_id)
    importing.keep(run.rejected)
    session.output.show(run.summary, lambda: plain(_sentence(run)))
    return Exit.BAD_NEWS if run.rejected else Exit.OK


def export_suppressions(
    *,
    spreadsheet_safe: Annotated[
        bool, Parameter(help="Write an apostrophe before cells that a spreadsheet takes for formulas.")
    ] = False,
    session: CurrentSession,
) -> None:
    """Print all suppressions as a CSV file for `clarion suppressions import`, newest first. With --json, one a line."""
    from clarion_server.transport.cli.suppression_rows import write_rows  # noqa: PLC0415 - loads gRPC

    found = session.client.suppressions.export()
    if session.output.as_json:
        for suppression in found:
            session.output.show_line(suppression.to_dict(), str)
        return
    for line in write_rows(found, spreadsheet_safe=spreadsheet_safe):
        session.output.write(line)


class _Run:
    """Sends rows and counts what became of them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._counts: Counter[str] = Counter()
        self.rejected: list[RejectedRow] = []

    def send(self, rows: Sequence[Row], import_id: str) -> None:
        self.rejected += [RejectedRow(row.line, row.problem, row.cells) for row in rows if row.suppression is None]
        given = [(row, row.suppression) for row in rows if row.suppression is not None]
        columns = (BarColumn(complete_style="green"), MofNCompleteColumn(), TimeRemainingColumn())
        with self._session.output.progress(*columns) as progress:
            task = progress.add_task("", total=len(given))
            results = self._session.client.suppressions.import_stream(
                [suppression for _, suppression in given], import_id=import_id
            )
            for (row, _), (_, result) in zip(given, results, strict=True):
                self._count(row, result)
                progress.advance(task)

    def _count(self, row: Row, result: ImportedSuppression) -> None:
        if result.violations:
            problems = (f"{each.field}: {each.description}" for each in result.violations)
            self.rejected.append(RejectedRow(row.line, " ".join(problems), row.cells))
        else:
            self._counts[result.outcome.lower()] += 1

    @property
    def summary(self) -> dict[str, Any]:
        return {
            **{outcome: self._counts[outcome] for outcome in ("created", "updated", "unchanged", "imported_before")},
            "rejected": [row.to_dict() for row in sorted(self.rejected)],
        }


def _sentence(run: _Run) -> str:
    summary = run.summary
    counts = [f"{summary[outcome]:,} {outcome}" for outcome in ("created", "updated", "unchanged")]
    if summary["imported_before"]:
        counts.append(f"{summary['imported_before']:,} imported before")
    return f"{', '.join(counts)}, {len(run.rejected):,} rejected.{rejected_text(run.rejected)}"
