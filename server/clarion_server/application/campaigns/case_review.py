"""Tries the test cases of a campaign, as a part of its review."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clarion_server.application.campaigns.cell_rendering import NOT_COMPILED, CellRenderer, CpuBudget, TriedCell
from clarion_server.domain.campaigns.test_case import TestCase
from clarion_server.domain.campaigns.test_cells import MAX_CELLS, TestCell, untested_findings
from clarion_server.domain.finding import Finding, FindingCode, Severity

#: One review tries test cases for at most this many seconds of processor time.
REVIEW_CPU_SECONDS = 10.0
#: A finding names at most this many cells.
_NAMED = 3
_OF_CASE = ("context", "profile", "locale", "rule", "audiences")

_Failures = dict[tuple[str, str, str, int], list[TestCell]]


def case_findings(renderer: CellRenderer, cases: Sequence[TestCase]) -> Iterator[Finding]:
    """Yields an error for whatever keeps a case from being rendered, and a warning for each content without a case.

    A content that does not compile is skipped here, as review has an error for it already.
    """
    cells = renderer.cells(cases)
    tried, failures = 0, _Failures()
    for each in CpuBudget(REVIEW_CPU_SECONDS).spent_on(renderer.try_all(cells[:MAX_CELLS])):
        tried += 1
        _note(each, failures)
    for (case_id, field, text, line), failed in failures.items():
        yield _failed(case_id, field, text, line, failed)
    if tried < len(cells):
        message = f"{len(cells) - tried:,} of {len(cells):,} cells were not tried: a review has its bounds."
        remedy = "Run `clarion test`, which tries all of them."
        yield Finding(Severity.WARNING, FindingCode.TEST_CASES_NOT_RUN, "test_cases", message, remedy)
    yield from untested_findings(cells, renderer.definition, renderer.contents)


def _note(tried: TriedCell, failures: _Failures) -> None:
    for violation in tried.violations:
        if violation.reason != NOT_COMPILED:
            key = (tried.cell.case.id, violation.field, violation.description, tried.line)
            failures.setdefault(key, []).append(tried.cell)


def _failed(case_id: str, path: str, text: str, line: int, cells: Sequence[TestCell]) -> Finding:
    names = [_name(cell) for cell in cells]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    where = f"{', '.join(names[:_NAMED])}{more}"
    message = f"The test case `{case_id}` cannot be rendered ({where}): {text}"
    if path.startswith(_OF_CASE):
        field = f"test_cases.{case_id}.{path}"
        remedy = "Correct the data of the test case, or the context schema."
    else:
        field = path
        remedy = "Correct the data of the test case or, when a trigger may bring such data too, the template."
    return Finding(Severity.ERROR, FindingCode.TEST_CASE_FAILED, field, message, remedy, line)


def _name(cell: TestCell) -> str:
    of_rule = f" for {cell.key.rule}" if cell.key.rule else ""
    return f"{cell.key.action}{of_rule} in {cell.key.locale}"
