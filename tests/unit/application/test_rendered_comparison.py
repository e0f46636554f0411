"""Tests which test cells come out differently in two versions of a campaign."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.campaigns.candidate import candidate_of, renderer_of
from clarion_server.application.campaigns.cell_rendering import CpuBudget
from clarion_server.application.campaigns.comparison import CompareVersions
from clarion_server.application.campaigns.rendered_comparison import rendered_differences
from clarion_server.domain.campaigns.campaign_definition import ContentVariant
from clarion_server.domain.campaigns.targeting import TargetingRule, WithoutRule
from clarion_server.domain.campaigns.test_cell_difference import (
    MAX_CHARACTERS,
    MAX_DIFFERENCES,
    CellChange,
    CellDifference,
    Outcome,
    cell_difference,
    told,
)
from clarion_server.domain.campaigns.test_cells import CellKey
from clarion_server.domain.content.email import EmailContent

from tests.unit.application.test_trying_rules import ACTION, LARGE, PERSON
from tests.unit.application.trying import Trier
from tests.unit.application.world import AUTHOR, EMAIL, World

KEY = CellKey("plain", "email", "en")
ONE, OTHER, FAILED = Outcome("a"), Outcome("b"), Outcome("c", fails=True)


async def differences(world: World, **fields: int) -> list[tuple[str, str, str]]:
    command = CompareVersions("order-confirmed", render_test_cases=True, **fields)
    found = (await world.comparing.compare(command, AUTHOR)).rendered
    assert found.untried_count == 0
    return [
        (f"{each.key.test_case} {each.key.rule or '-'} {each.key.locale}", each.change.value, each.unified_diff)
        for each in found.found
    ]


@pytest.fixture
async def trier(world: World) -> Trier:
    await world.live(actions=(ACTION,))
    trier = Trier(world)
    await trier.case("gold", profile=PERSON)
    await trier.case("nobody", locale="en")
    return trier


async def test_equal_versions_render_alike_and_nothing_is_rendered_unasked(trier: Trier) -> None:
    world = trier.world
    assert await differences(world) == await differences(world, base_version=1, version=1) == []
    await world.update(actions=(replace(ACTION, content=replace(EMAIL, subject="New")),))
    assert (await world.comparing.compare(CompareVersions("order-confirmed"), AUTHOR)).rendered.found == ()


async def test_the_cells_that_change_are_told_with_what_the_recipient_would_get(trier: Trier) -> None:
    world = trier.world
    german = ContentVariant("de", EmailContent("Gold!", html="<p>Sehr geehrter Kunde.</p>"), rule="gold")
    await world.update(actions=(replace(ACTION, variants=(*ACTION.variants[:2], german)),))
    ((cell, change, diff),) = await differences(world)
    assert (cell, change) == ("gold gold de", "CHANGED")
    assert {"-Subject: Gold", "+Subject: Gold!"} <= set(diff.splitlines())
    assert await differences(world, base_version=1, version=1) == []


async def test_whoever_gets_the_content_of_another_rule_has_another_cell(trier: Trier) -> None:
    world = trier.world
    await world.update(actions=(replace(ACTION, rules=(replace(ACTION.rules[0], condition="false"), LARGE)),))
    found = {cell: change for cell, change, _ in await differences(world)}
    assert found == {
        "gold - en": "ADDED",
        "gold - de": "ADDED",
        "gold gold en": "REMOVED",
        "gold gold de": "REMOVED",
    }


async def test_whoever_gets_nothing_and_what_fails_is_told(trier: Trier) -> None:
    world = trier.world
    await world.update(actions=(replace(ACTION, without_rule=WithoutRule.EXCLUDE),))
    ((cell, change, diff),) = await differences(world)
    assert (cell, change, "+The recipient gets nothing" in diff) == ("nobody - en", "CHANGED", True)
    broken = TargetingRule("gold", "has(profile.tier) && profile.tier == 'gold'")
    content = replace(EMAIL, subject="{{ context.order.id + 1 }}")
    await world.update(actions=(replace(ACTION, content=content, rules=(broken, LARGE)),))
    found = {cell: (change, "cannot be rendered" in diff) for cell, change, diff in await differences(world)}
    assert found["nobody - en"] == ("FAILS", True)


async def test_of_a_campaign_that_was_never_live_every_cell_is_new(world: World) -> None:
    await world.channel()
    await world.draft(actions=(ACTION,))
    await Trier(world).case("nobody", locale="en")
    assert [(cell, change) for cell, change, _ in await differences(world)] == [("nobody - en", "ADDED")]


async def test_what_there_is_no_time_for_is_counted(trier: Trier) -> None:
    world = trier.world
    with world.store.snapshot() as unit:
        campaign = unit.campaigns.get(AUTHOR.visibility, "order-confirmed")
        assert campaign is not None
        candidate, cases = candidate_of(unit, campaign, AUTHOR.visibility), unit.test_cases.all(campaign)
    renderer = renderer_of(candidate, trier.tester._compiler, None)
    ticks = iter(range(100))
    found = rendered_differences(None, renderer, cases, CpuBudget(2.0, lambda: next(ticks)))
    assert (len(found.found), found.untried_count) == (2, 1)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (None, ONE, CellChange.ADDED),
        (ONE, None, CellChange.REMOVED),
        (ONE, OTHER, CellChange.CHANGED),
        (ONE, FAILED, CellChange.FAILS),
        (None, FAILED, CellChange.FAILS),
        (FAILED, ONE, CellChange.CHANGED),
        (FAILED, Outcome("d", fails=True), CellChange.CHANGED),
        (ONE, ONE, None),
        (None, None, None),
    ],
)
def test_a_change_is_named(before: Outcome | None, after: Outcome | None, change: CellChange | None) -> None:
    found = cell_difference(KEY, before, after)
    assert (None if found is None else found.change) == change


def test_an_answer_has_room_for_so_many_cells_and_so_much_text() -> None:
    large = CellDifference(KEY, CellChange.CHANGED, "x" * (MAX_CHARACTERS // 2))
    assert [len(each.unified_diff) > 0 for each in told([large] * 3)] == [True, True, False]
    assert len(told([replace(large, unified_diff="")] * (MAX_DIFFERENCES + 1))) == MAX_DIFFERENCES
