"""Compares the renderings of a campaign's test cases with two of its versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from clarion_server.application.campaigns.cell_rendering import CellRenderer, CpuBudget, TriedCell
from clarion_server.domain.campaigns.test_case import TestCase
from clarion_server.domain.campaigns.test_cell_difference import CellDifference, Outcome, cell_difference
from clarion_server.domain.campaigns.test_cells import MAX_CELLS, CellKey, TestCell

#: One comparison renders for at most this many seconds of processor time.
COMPARISON_CPU_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class RenderedDifferences:
    found: Sequence[CellDifference]
    untried_count: int
    """Says how many cells were not compared."""


NOT_RENDERED = RenderedDifferences((), 0)


def rendered_differences(
    before: CellRenderer | None, after: CellRenderer, cases: Sequence[TestCase], budget: CpuBudget | None = None
) -> RenderedDifferences:
    """Returns the cells that come out differently, those of the later version first. Takes milliseconds to seconds.

    `before` is None when there is no earlier version. Raises WorkCancelled.
    """
    old, new = _cells(before, cases), _cells(after, cases)
    keys = list(dict.fromkeys((*new, *old)))

    def compared() -> Iterator[CellDifference | None]:
        for key in keys[:MAX_CELLS]:
            yield cell_difference(key, _outcome(before, old.get(key)), _outcome(after, new.get(key)))

    tried = list((budget or CpuBudget(COMPARISON_CPU_SECONDS)).spent_on(compared()))
    return RenderedDifferences([each for each in tried if each is not None], len(keys) - len(tried))


def _cells(renderer: CellRenderer | None, cases: Sequence[TestCase]) -> Mapping[CellKey, TestCell]:
    return {} if renderer is None else {cell.key: cell for cell in renderer.cells(cases)}


def _outcome(renderer: CellRenderer | None, cell: TestCell | None) -> Outcome | None:
    if renderer is None or cell is None:
        return None
    (tried,) = renderer.try_all([cell])
    return _of(tried)


def _of(tried: TriedCell) -> Outcome:
    if tried.result is not None:
        return Outcome(tried.result.document)
    if not tried.violations:
        return Outcome("The recipient gets nothing, as no rule is true.")
    lines = [f"{each.field}: {each.description}" for each in tried.violations]
    return Outcome("\n".join(["It cannot be rendered.", *lines]), fails=True)
