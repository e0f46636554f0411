"""Test cases of campaigns with targeting rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.domain.campaigns.campaign_definition import Action, ContentVariant
from clarion_server.domain.campaigns.targeting import RuleResult, TargetingRule, WithoutRule
from clarion_server.domain.content.email import EmailContent

from tests.unit.application.test_trying_cases import GERMAN, codes
from tests.unit.application.trying import Run, Trier
from tests.unit.application.world import EMAIL, World

GOLD = TargetingRule("gold", "has(profile.tier) && profile.tier == 'gold'")
LARGE = TargetingRule("large", "context.order.id == '9999'")
FOR_GOLD = ContentVariant("", EmailContent("Gold {{ context.order.id }}", html="<p>Dear customer.</p>"), rule="gold")
GOLD_IN_GERMAN = ContentVariant("de", EmailContent("Gold", html="<p>Sehr geehrter Kunde.</p>"), rule="gold")
ACTION = Action("email", "orders", EMAIL, (GERMAN, FOR_GOLD, GOLD_IN_GERMAN), (GOLD, LARGE))
PERSON = {"tier": "gold"}


@pytest.fixture
async def trier(world: World) -> Trier:
    await world.channel()
    await world.draft(actions=(ACTION,))
    return Trier(world)


def keys(run: Run) -> list[str]:
    return [f"{each.tried.cell.key.rule or 'none'} {each.tried.cell.key.locale}" for each in run.cells]


async def test_a_case_gets_the_content_of_the_first_rule_that_is_true(trier: Trier) -> None:
    await trier.case(profile=PERSON, locale="de")
    run = await trier.run()
    assert keys(run) == ["gold de"]
    (cell,) = run.cells
    assert cell.tried.result is not None
    assert "Subject: Gold\n" in cell.tried.result.document
    assert [(each.rule, each.result) for each in cell.tried.cell.evaluations] == [("gold", RuleResult.TRUE)]


async def test_a_case_without_a_locale_is_tried_with_every_language_of_its_rule(trier: Trier) -> None:
    await trier.case("gold", profile=PERSON)
    await trier.case("nobody")
    assert keys(await trier.run()) == ["gold en", "gold de", "none en", "none de"]


async def test_a_case_may_name_a_rule_that_is_not_true_of_it(trier: Trier) -> None:
    await trier.case(rule="gold", locale="en")
    run = await trier.run()
    assert keys(run) == ["gold en"]
    assert run.cells[0].tried.cell.evaluations == ()


async def test_a_case_that_names_no_rule_of_the_campaign_fails(trier: Trier) -> None:
    await trier.case(rule="silver", locale="en")
    assert ("TEST_CASE_FAILED", "test_cases.plain.rule") in codes(await trier.review())


async def test_rules_and_contents_that_no_case_reaches_are_warnings(trier: Trier) -> None:
    await trier.case(profile=PERSON, locale="de")
    review = await trier.review()
    assert "of which no rule is true, with the locale `en`" in review[1].remedy
    assert codes(review) == [
        ("RULE_UNTESTED", "actions[0].rules[1]"),
        ("VARIANT_UNTESTED", "actions[0].email"),
        ("VARIANT_UNTESTED", "actions[0].variants[0]"),
        ("VARIANT_UNTESTED", "actions[0].variants[1]"),
    ]


async def test_who_gets_nothing_is_told_and_fails_nothing(trier: Trier) -> None:
    await trier.world.update(actions=(replace(ACTION, without_rule=WithoutRule.EXCLUDE),))
    await trier.case(locale="de")
    run = await trier.run()
    assert set(run.comparisons.values()) == {"EXCLUDED"}
    assert run.cells[0].etag == ""
    assert [code for code, _ in codes(await trier.review())] == ["RULE_UNTESTED", "RULE_UNTESTED"]


WITHOUT_GOLD = replace(ACTION, rules=(LARGE,), variants=(GERMAN,))


@pytest.mark.parametrize("action", [WITHOUT_GOLD, replace(WITHOUT_GOLD, without_rule=WithoutRule.EXCLUDE)])
async def test_what_was_accepted_of_a_rule_that_decides_no_longer_is_gone(trier: Trier, action: Action) -> None:
    await trier.case(profile=PERSON, locale="de")
    await trier.accept(await trier.run())
    assert set((await trier.run()).comparisons.values()) == {"SAME"}
    await trier.world.update(actions=(action,))
    run = await trier.run()
    assert [(key.rule, key.locale) for key in run.end.gone] == [("gold", "de")]
    assert "SAME" not in run.comparisons.values()


async def test_another_case_that_is_tried_alone_makes_nothing_gone(trier: Trier) -> None:
    await trier.case(profile=PERSON, locale="de")
    await trier.case("other", locale="de")
    await trier.accept(await trier.run())
    await trier.world.update(actions=(WITHOUT_GOLD,))
    gone: Any = (await trier.run(case_ids=["other"])).end.gone
    assert gone == []
