"""`clarion suppressions import` and `export`: suppressions as CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from clarion_server.transport.cli.commands.importing import AS_FOUND, Delimiter, ImportOptions, check_delimiter
from clarion_server.transport.cli.commands.options import parse_member
from clarion_server.transport.cli.csv_rows import CsvRows
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.import_run import ImportRun
from clarion_server.transport.cli.rejected_rows import rejected_text
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import plain

if TYPE_CHECKING:
    from clarion_client import ImportedSuppression, Suppression

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
    table = CsvRows(importing.read_lines(file), delimiter)
    rows = read_rows(table, target_column.strip().lower(), defaults)
    run: ImportRun[Row, Suppression, ImportedSuppression] = ImportRun(
        session,
        file,
        importing.rejected_file(table.names, file),
        "Run the command again: nothing is stored twice.",
    )
    run.send(
        rows,
        lambda row: row.suppression,
        lambda suppressions: session.client.suppressions.import_stream(suppressions, import_id=importing.import_id),
    )
    session.output.show(run.summary, lambda: plain(f"{run.sentence}{rejected_text(run.rejected)}"))
    return run.status


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
