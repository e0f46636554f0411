"""Shows results to people, in a terminal or a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from clarion_client import Comparison, TestCell
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from clarion_server.transport.cli.trying.results import Result, content_of, fails, reasons_of, why
from clarion_server.transport.cli.views import diff_view, plain, state

_STYLES = {
    Comparison.SAME: "green",
    Comparison.NEW: "cyan",
    Comparison.CHANGED: "red",
    Comparison.FAILED: "red",
    Comparison.FORMAT_DATA_CHANGED: "yellow",
    Comparison.EXCLUDED: "dim",
}


def result_view(result: Result) -> RenderableType:
    """Returns the campaign, each cell that is worth a look, and the counts."""
    parts: list[RenderableType] = [plain(f"campaigns/{result.campaign}", "bold")]
    parts += [Padding(part, (0, 0, 0, 2)) for part in _parts(result)]
    return Group(*parts)


def _parts(result: Result) -> Iterator[RenderableType]:
    for cell in result.cells:
        if cell.comparison is not Comparison.SAME or cell.findings:
            yield _cell_view(cell, result)
    for key in () if result.updated else result.gone:
        name = f"{key.test_case} {content_of(key)}"
        yield Text.assemble(plain("GONE", "red"), " ", plain(name), plain("  there is no such cell any longer", "dim"))
    for finding in result.end.findings:
        yield Text.assemble(
            state(finding.severity),
            plain(f" {finding.field}: {finding.message} "),
            plain(finding.remedy, "cyan"),
            plain(f" {finding.code}", "dim"),
        )
    yield _counts_view(result)


def _cell_view(cell: TestCell, result: Result) -> RenderableType:
    head = Text.assemble(
        plain(cell.comparison, _STYLES.get(cell.comparison, "")),
        " ",
        plain(f"{cell.key.test_case} {content_of(cell.key)}"),
        plain(f"  {why(cell)}", "dim"),
    )
    parts: list[RenderableType] = [head]
    style = "red" if fails(cell, updated=result.updated is not None) else "yellow"
    parts += [Padding(plain(reason, style), (0, 0, 0, 2)) for reason in reasons_of(cell)]
    if cell.unified_diff:
        parts.append(Padding(diff_view(cell.unified_diff), (0, 0, 0, 2)))
    return Group(*parts)


def _counts_view(result: Result) -> Text:
    counts = Counter(cell.comparison for cell in result.cells)
    cases = len({cell.key.test_case for cell in result.cells})
    shown = len(result.cells)
    text = f"{cases} test case{'s' if cases != 1 else ''}, {shown} rendering{'s' if shown != 1 else ''}: "
    text += ", ".join(f"{counts[each]} {each.lower().replace('_', ' ')}" for each in Comparison if counts[each])
    if result.gone and not result.updated:
        text += f", {len(result.gone)} gone"
    if result.updated:
        text += f". Accepted {result.updated[0]}, dropped {result.updated[1]}."
    return plain(text, "bold")
