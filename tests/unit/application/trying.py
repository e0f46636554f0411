"""Test cases and how they are tried, over a world of authors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from clarion_server.application.campaigns.cell_rendering import CpuBudget
from clarion_server.application.campaigns.test_cases import ManageTestCases, TestCases
from clarion_server.application.campaigns.testing import (
    Acceptance,
    AcceptRenderings,
    Budgets,
    CaseTester,
    ComparedCell,
    RunEnd,
    TryCases,
)
from clarion_server.application.resources import CreateResource, ResourceInput, UpdateResource
from clarion_server.domain.access.access import Caller
from clarion_server.domain.campaigns.test_case import TestCase
from clarion_server.domain.campaigns.test_cells import CellKey
from clarion_server.domain.finding import Finding

from tests.unit.application.compiler import COMPILER
from tests.unit.application.links import PUBLIC_URL
from tests.unit.application.world import AUTHOR, World

CAMPAIGN = "order-confirmed"
CONTEXT = {"order": {"id": "4711"}}


@dataclass(frozen=True)
class Run:
    cells: list[ComparedCell]
    end: RunEnd

    @property
    def comparisons(self) -> dict[str, str]:
        """Returns them by the case and the locale."""
        return {f"{each.tried.cell.key.test_case} {each.tried.cell.key.locale}": _word(each) for each in self.cells}

    def cell(self, case_id: str = "plain", locale: str = "en") -> ComparedCell:
        keys = {(each.tried.cell.key.test_case, each.tried.cell.key.locale): each for each in self.cells}
        return keys[case_id, locale]

    @property
    def shown(self) -> list[tuple[CellKey, str]]:
        """Returns what may be accepted."""
        return [(each.tried.cell.key, each.etag) for each in self.cells if each.etag]


def _word(compared: ComparedCell) -> str:
    return compared.difference.comparison.value


class Trier:
    def __init__(self, world: World, budgets: Budgets = CpuBudget) -> None:
        self.world = world
        self.tester = CaseTester(world.transactions, COMPILER, world.clock, PUBLIC_URL, budgets)

    async def case(
        self, case_id: str = "plain", context: Mapping[str, Any] = CONTEXT, campaign_id: str = CAMPAIGN, **changes: Any
    ) -> TestCase:
        case = TestCase(sandbox="", id="", campaign_id=campaign_id, create_time=0, update_time=0, context=context)
        command = CreateResource(case_id, ResourceInput(replace(case, **changes)))
        return await self._cases(campaign_id).create(command, AUTHOR)

    async def change_case(self, case_id: str = "plain", **changes: Any) -> TestCase:
        case = TestCase(sandbox="", id="", campaign_id=CAMPAIGN, create_time=0, update_time=0)
        command = UpdateResource(case_id, ResourceInput(replace(case, **changes)), frozenset(changes))
        return await self._cases(CAMPAIGN).update(command, AUTHOR)

    def _cases(self, campaign_id: str) -> ManageTestCases:
        return TestCases(self.world.transactions, self.world.clock).of(campaign_id, AUTHOR.visibility)

    async def run(self, caller: Caller = AUTHOR, **fields: Any) -> Run:
        parts = [part async for part in self.tester.run(TryCases(CAMPAIGN, **fields), caller)]
        *cells, end = parts
        assert isinstance(end, RunEnd)
        return Run([each for each in cells if isinstance(each, ComparedCell)], end)

    async def accept(self, run: Run, *cells: ComparedCell, caller: Caller = AUTHOR) -> Acceptance:
        shown = [(each.tried.cell.key, each.etag) for each in cells] or run.shown
        return await self.tester.accept(AcceptRenderings(CAMPAIGN, run.end.etag, shown), caller)

    async def review(self) -> list[Finding]:
        return await self.world.life_cycle.review(CAMPAIGN, AUTHOR)
