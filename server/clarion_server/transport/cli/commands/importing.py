"""Options of the commands that import files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from clarion_server.transport.cli.commands.options import option_group
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.rejected_rows import RejectedFile

Delimiter = Annotated[str, Parameter(help="The character between cells. Default: that of the first line.")]


@option_group
class ImportOptions:
    """How a file is read, and what is kept of it."""

    rejected: Annotated[
        Path | None, Parameter(help="Write the rows that were rejected to this file, with their lines and the reasons.")
    ] = None
    encoding: Annotated[
        str, Parameter(help="The encoding, such as latin-1. Default: UTF-8, or UTF-16 by its mark.")
    ] = ""
    import_id: Annotated[
        str,
        Parameter(help="The name of this import. Repeated with it, the command goes on where it was cut off."),
    ] = ""

    def read_lines(self, file: Path) -> Iterator[str]:
        """Yields the lines of the file. Raises CommandFailed for text that is not of the encoding."""
        from clarion_server.transport.cli.text_lines import read_lines  # noqa: PLC0415 - few commands need it

        return read_lines(file, self.encoding)

    def rejected_file(self, columns: Sequence[str], source: Path) -> RejectedFile | None:
        """Returns the file for rejected rows that was asked for, if any. See `RejectedFile`."""
        return None if self.rejected is None else RejectedFile(self.rejected, columns, source)


AS_FOUND = ImportOptions()


def check_delimiter(delimiter: str) -> None:
    """Raises CommandFailed for more than one character."""
    if len(delimiter) > 1:
        raise CommandFailed("--delimiter takes one character.")
