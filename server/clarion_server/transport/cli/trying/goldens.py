"""Keeps accepted renderings as files: `goldens/order-confirmed/plain/email.de.txt` beside the document of the tests.

A file is the document of a rendering under a line with the version of the data of formats, so that a change of a mail
is reviewed as the change of a text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from clarion_client import Client, Comparison, ExpectedRendering, TestCell, TestCellKey

from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.text_input import read_text
from clarion_server.transport.cli.trying.results import ACCEPTED, Result, content_of

FOLDER = "goldens"
_HEAD = "Format-Data: "
_SUFFIX = ".txt"
#: Says how many octets of documents one call compares. A request has at most four times as many.
_BATCH = 1_000_000


@dataclass(frozen=True, slots=True)
class Goldens:
    """Holds the accepted renderings of one campaign, which is named by its id."""

    folder: Path
    campaign: str

    @property
    def _root(self) -> Path:
        return self.folder / FOLDER / self.campaign

    def path(self, key: TestCellKey) -> Path:
        return self._root / key.test_case / f"{content_of(key)}{_SUFFIX}"

    def stored(self) -> Iterator[TestCellKey]:
        """Yields what there are files of."""
        for file in sorted(self._root.glob(f"*/*{_SUFFIX}")):
            action, *rule, locale = file.name.removesuffix(_SUFFIX).split(".")
            if len(rule) <= 1 and action:
                yield TestCellKey(test_case=file.parent.name, action=action, rule="".join(rule), locale=locale)

    def read(self, key: TestCellKey) -> ExpectedRendering | None:
        """Returns None when nothing was accepted. Raises CommandFailed for a file that is none of these."""
        path = self.path(key)
        if not path.is_file():
            return None
        head, _, document = read_text(path).partition("\n")
        if not head.startswith(_HEAD) or not document:
            raise CommandFailed(
                f"{path} is no accepted rendering.", hint="Delete it, and run the command with --update."
            )
        return ExpectedRendering(key=key, document=document, format_data=head.removeprefix(_HEAD).strip())

    def write(self, cell: TestCell, format_data: str) -> None:
        path = self.path(cell.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Line ends stay as they are on every machine.
        path.write_text(f"{_HEAD}{format_data}\n{cell.document}", encoding="utf-8", newline="")

    def remove(self, key: TestCellKey) -> None:
        path = self.path(key)
        path.unlink()
        for parent in (path.parent, path.parent.parent):
            if not any(parent.iterdir()):
                parent.rmdir()


def compared(client: Client, result: Result, goldens: Goldens) -> Result:
    """Returns the result with each cell compared with its file by the service, and with the files that have no cell.

    Raises CommandFailed.
    """
    expected = {cell.key: golden for cell in result.cells if cell.document and (golden := goldens.read(cell.key))}
    documents = {cell.key: cell.document for cell in result.cells}
    found = {key: Comparison.SAME for key, golden in expected.items() if golden.document == documents[key]}
    changed: dict[TestCellKey, TestCell] = {}
    for batch in _batches(golden for key, golden in expected.items() if key not in found):
        run = client.test_cases.run(result.campaign, expected=batch, omit_renderings=True)
        changed |= {cell.key: cell for cell in run}
    cells = [_with_comparison(cell, found, changed) for cell in result.cells]
    present = {cell.key for cell in cells if cell.comparison is not Comparison.EXCLUDED}
    return replace(result, cells=cells, gone=[key for key in goldens.stored() if key not in present])


def _with_comparison(
    cell: TestCell, same: dict[TestCellKey, Comparison], changed: dict[TestCellKey, TestCell]
) -> TestCell:
    if cell.key in changed:
        other = changed[cell.key]
        return replace(cell, comparison=other.comparison, unified_diff=other.unified_diff)
    return replace(cell, comparison=same.get(cell.key, cell.comparison))


def _batches(expected: Iterable[ExpectedRendering]) -> Iterator[list[ExpectedRendering]]:
    batch: list[ExpectedRendering] = []
    size = 0
    for each in expected:
        batch.append(each)
        size += len(each.document.encode())
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def updated(result: Result, goldens: Goldens) -> Result:
    """Writes what is new or has changed, and removes what is gone."""
    wanted = [cell for cell in result.cells if cell.comparison in ACCEPTED and cell.document]
    for cell in wanted:
        goldens.write(cell, result.end.format_data)
    for key in result.gone:
        goldens.remove(key)
    return replace(result, updated=(len(wanted), len(result.gone)))
