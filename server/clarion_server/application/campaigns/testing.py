"""Tries the test cases of a campaign, and stores the renderings that somebody accepts."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from clarion_server.application.background import run_in_background
from clarion_server.application.campaigns.candidate import Candidate, candidate_of, renderer_of
from clarion_server.application.campaigns.cell_rendering import CellRenderer, CpuBudget, TriedCell
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.content import ContentCompiler
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_campaign, find_version
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import count_violations, refuse_invalid
from clarion_server.domain.access.access import Caller
from clarion_server.domain.addresses.public_url import PublicUrl
from clarion_server.domain.campaigns.accepted_rendering import (
    MAX_ACCEPTED_BYTES,
    AcceptedRendering,
    Comparison,
    Expected,
    RenderingDifference,
    compare,
)
from clarion_server.domain.campaigns.test_case import MAX_TEST_CASES, TestCase
from clarion_server.domain.campaigns.test_cells import MAX_CELLS, CellKey, TestCell, untested_findings
from clarion_server.domain.errors import EtagMismatch, InvalidFields
from clarion_server.domain.finding import Finding
from clarion_server.domain.text_rules import repetition_violations
from clarion_server.domain.violation import Violation, required, too_many

#: One call renders for at most this many seconds of processor time.
RUN_CPU_SECONDS = 60.0
#: One step of a run keeps a thread for at most this many seconds of processor time, so that reviews of others get their
#: turn.
_STEP_CPU_SECONDS = 0.1
_CELLS_PER_STEP = 50

#: Makes a budget of so many seconds.
Budgets = Callable[[float], CpuBudget]


@dataclass(frozen=True, slots=True)
class TryCases:
    campaign_id: str
    version: int = 0
    """Is 0 for the draft."""
    case_ids: Sequence[str] = ()
    """Is empty for all."""
    expected: Mapping[CellKey, Expected] = field(default_factory=dict)
    """Holds documents to compare with instead of the accepted ones. Unless it is empty, only their cells are tried."""
    run_etag: str = ""
    """Is that of the run which this one continues; empty for one that begins."""
    start: int = 0
    """Is the position of the first cell to try."""
    violations: tuple[Violation, ...] = ()
    """Holds what is wrong with the command that was found while it was read."""


@dataclass(frozen=True, slots=True)
class ComparedCell:
    tried: TriedCell
    difference: RenderingDifference
    etag: str
    """Identifies the document; empty when there is none."""


@dataclass(frozen=True, slots=True)
class RunEnd:
    etag: str
    format_data: str
    findings: Sequence[Finding]
    gone: Sequence[CellKey]
    """Holds the cells of accepted renderings that no longer exist, for the cases that were tried."""
    next_cell: int | None
    """Is the position of the first cell that was not tried; None when none is left."""


@dataclass(frozen=True, slots=True)
class AcceptRenderings:
    campaign_id: str
    run_etag: str
    renderings: Sequence[tuple[CellKey, str]]
    """Holds the renderings with the etags of their documents."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    accepted_count: int
    dropped_count: int


@dataclass(frozen=True, slots=True)
class _Subject:
    """Is the candidate that is tried, with the state in which it was read."""

    candidate: Candidate
    cases: tuple[TestCase, ...]
    accepted: Mapping[CellKey, AcceptedRendering]
    format_data: str

    @property
    def etag(self) -> str:
        states = [self.candidate.content_hash, self.format_data, *(f"{case.id}:{case.etag}" for case in self.cases)]
        return hashlib.sha256("\n".join(states).encode()).hexdigest()


class CaseTester:
    def __init__(
        self,
        transactions: Transactions,
        compiler: ContentCompiler,
        clock: Clock,
        public_url: PublicUrl | None,
        budgets: Budgets = CpuBudget,
    ) -> None:
        """`public_url` is what the links of recipients begin with; None where there are none."""
        self._transactions = transactions
        self._compiler = compiler
        self._clock = clock
        self._public_url = public_url
        self._budgets = budgets

    async def run(self, command: TryCases, caller: Caller) -> AsyncIterator[ComparedCell | RunEnd]:
        """Yields the cells as they are tried, and the end of the run.

        Raises InvalidFields, ResourceNotFound or EtagMismatch.
        """
        subject = await self._transactions.read(
            lambda unit: self._subject(unit, command.campaign_id, command.version, caller)
        )
        etag = await run_in_background(lambda: subject.etag)
        if command.run_etag and command.run_etag != etag:
            raise EtagMismatch(subject.candidate.campaign.name)
        refuse_invalid(command.violations, _case_violations(command.case_ids, subject.cases))
        renderer = self._renderer(subject.candidate)
        cells = await run_in_background(_wanted_cells, renderer, subject.cases, command)
        tried = renderer.try_all(cells[command.start :][:MAX_CELLS])
        work = self._budgets(RUN_CPU_SECONDS).spent_on(_compared(each, subject, command.expected) for each in tried)
        position = command.start
        while step := await run_in_background(self._step, work):
            for compared in step:
                yield compared
            position += len(step)
        next_cell = position if position < len(cells) else None
        findings: Sequence[Finding] = ()
        if cells and next_cell is None and not command.case_ids and not command.expected:
            findings = list(untested_findings(cells, subject.candidate.definition, renderer.contents))
        gone = _gone(subject, command, cells) if next_cell is None else []
        yield RunEnd(etag, subject.format_data, findings, gone, next_cell)

    async def accept(self, command: AcceptRenderings, caller: Caller) -> Acceptance:
        """Stores exactly what a run of the draft showed. Raises InvalidFields, ResourceNotFound or EtagMismatch."""
        refuse_invalid(_acceptance_violations(command), ())

        def read(unit: UnitOfWork) -> _Subject:
            return self._subject(unit, command.campaign_id, 0, caller)

        subject = await self._transactions.read(read)
        if await run_in_background(lambda: subject.etag) != command.run_etag:
            raise EtagMismatch(subject.candidate.campaign.name)
        cells, shown = await run_in_background(self._shown, subject, command, caller)

        def store(unit: UnitOfWork) -> Acceptance:
            # Reads the state again without what was accepted, which may be large.
            current = self._subject(unit, command.campaign_id, 0, caller, with_accepted=False)
            # Of the campaign itself only the draft is tried.
            same = replace(current.candidate, campaign=subject.candidate.campaign) == subject.candidate
            if not same or current.cases != subject.cases:
                raise EtagMismatch(subject.candidate.campaign.name)
            return _store(unit, current.candidate, cells, shown)

        return await self._transactions.write(store)

    def _subject(
        self, unit: UnitOfWork, campaign_id: str, number: int, caller: Caller, *, with_accepted: bool = True
    ) -> _Subject:
        campaign = find_campaign(unit, caller.visibility, campaign_id)
        version = find_version(unit, campaign, number) if number else None
        candidate = candidate_of(unit, campaign, caller.visibility, version)
        cases = candidate.test_cases if version is None else tuple(unit.test_cases.all(campaign))
        accepted = unit.accepted_renderings.of(campaign) if with_accepted else {}
        return _Subject(candidate, cases, accepted, self._compiler.format_data)

    def _renderer(self, candidate: Candidate) -> CellRenderer:
        return renderer_of(candidate, self._compiler, self._public_url)

    def _step(self, work: Iterator[ComparedCell]) -> list[ComparedCell]:
        """Returns the next cells; none when there is none, or the run may take no more processor time."""
        return list(self._budgets(_STEP_CPU_SECONDS).spent_on(islice(work, _CELLS_PER_STEP)))

    def _shown(
        self, subject: _Subject, command: AcceptRenderings, caller: Caller
    ) -> tuple[list[TestCell], list[AcceptedRendering]]:
        """Returns all cells, and what is to be stored. Raises InvalidFields, or EtagMismatch when the run showed
        something else.
        """
        renderer = self._renderer(subject.candidate)
        cells = renderer.cells(subject.cases)
        by_key = {cell.key: cell for cell in cells}
        unknown = [index for index, (key, _) in enumerate(command.renderings) if key not in by_key]
        if unknown:
            text = "Must be a cell of the campaign."
            raise InvalidFields(
                tuple(Violation(f"renderings[{index}].key", "UNKNOWN_VALUE", text) for index in unknown)
            )
        etags = dict(command.renderings)
        now, shown = self._clock.now(), []
        for index, tried in enumerate(renderer.try_all([by_key[key] for key, _ in command.renderings])):
            if tried.result is None:
                text = "Must be a cell that can be rendered."
                raise InvalidFields((Violation(f"renderings[{index}].key", "NOT_ALLOWED", text),))
            if _etag_of(tried) != etags[tried.cell.key]:
                raise EtagMismatch(subject.candidate.campaign.name)
            document = tried.result.document
            shown.append(AcceptedRendering.of(tried.cell.key, document, subject.format_data, now, caller.name))
        return cells, shown


def _wanted_cells(renderer: CellRenderer, cases: Sequence[TestCase], command: TryCases) -> list[TestCell]:
    wanted = [case for case in cases if not command.case_ids or case.id in command.case_ids]
    cells = renderer.cells(wanted)
    return [cell for cell in cells if cell.key in command.expected] if command.expected else cells


def _case_violations(case_ids: Sequence[str], cases: Sequence[TestCase]) -> Iterator[Violation]:
    if len(case_ids) > MAX_TEST_CASES:
        yield too_many("test_cases", MAX_TEST_CASES)
        return
    known = {case.id for case in cases}
    for index, case_id in enumerate(case_ids):
        if case_id not in known:
            yield Violation(f"test_cases[{index}]", "UNKNOWN_VALUE", "Must be the id of a test case of the campaign.")


def _gone(subject: _Subject, command: TryCases, cells: Sequence[TestCell]) -> list[CellKey]:
    if command.expected:
        return []
    present = {cell.key for cell in cells if not cell.is_excluded}
    return [
        key
        for key in subject.accepted
        if key not in present and (not command.case_ids or key.test_case in command.case_ids)
    ]


def _compared(tried: TriedCell, subject: _Subject, expected: Mapping[CellKey, Expected]) -> ComparedCell:
    if tried.result is None:
        comparison = Comparison.EXCLUDED if tried.cell.is_excluded else Comparison.FAILED
        return ComparedCell(tried, RenderingDifference(comparison), "")
    key, document = tried.cell.key, tried.result.document
    accepted = subject.accepted.get(key)
    stored = None if accepted is None else Expected(accepted.document, accepted.format_data)
    wanted = expected.get(key) if expected else stored
    if wanted is not None and not wanted.format_data:
        wanted = Expected(wanted.document, subject.format_data)
    return ComparedCell(tried, compare(wanted, document, subject.format_data), _etag_of(tried))


def _etag_of(tried: TriedCell) -> str:
    document = "" if tried.result is None else tried.result.document
    return hashlib.sha256(document.encode("utf-8", "surrogatepass")).hexdigest()


def _acceptance_violations(command: AcceptRenderings) -> list[Violation]:
    found = [] if command.run_etag else [required("run_etag")]
    counted = count_violations("renderings", len(command.renderings), MAX_CELLS)
    if counted:
        return [*found, *counted]
    text = "Must be given. A cell that FAILED or is EXCLUDED has none, and cannot be accepted."
    missing = [
        Violation(f"renderings[{index}].etag", "REQUIRED", text)
        for index, (_, etag) in enumerate(command.renderings)
        if not etag
    ]
    return [*found, *missing, *repetition_violations([key for key, _ in command.renderings], "renderings")]


def _store(
    unit: UnitOfWork, candidate: Candidate, cells: Sequence[TestCell], shown: Sequence[AcceptedRendering]
) -> Acceptance:
    """Raises InvalidFields when the campaign would have too many accepted renderings, or too large ones."""
    campaign, existing = candidate.campaign, {cell.key for cell in cells if not cell.is_excluded}
    stored = unit.accepted_renderings.sizes(campaign)
    dropped = [key for key in stored if key not in existing]
    sizes = {key: size for key, size in stored.items() if key in existing} | {
        each.key: len(each.packed) for each in shown
    }
    if len(sizes) > MAX_CELLS:
        raise InvalidFields(
            (Violation("renderings", "TOO_MANY", f"A campaign has at most {MAX_CELLS:,} accepted ones."),)
        )
    if sum(sizes.values()) > MAX_ACCEPTED_BYTES:
        text = f"The accepted ones of a campaign have at most {MAX_ACCEPTED_BYTES:,} octets, as compressed."
        raise InvalidFields((Violation("renderings", "TOO_LONG", text),))
    unit.accepted_renderings.drop(campaign, dropped)
    unit.accepted_renderings.put(campaign, shown)
    return Acceptance(len(shown), len(dropped))
