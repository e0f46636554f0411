"""Test cases are tried by every review and by runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.application.campaigns.cell_rendering import CpuBudget
from clarion_server.application.campaigns.life_cycle import ActivateCampaign
from clarion_server.domain.campaigns.campaign_definition import Action, ContentVariant
from clarion_server.domain.campaigns.test_cells import LocaleOrigin
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.errors import InvalidFields, ResourceNotFound, ReviewFailed
from clarion_server.domain.finding import Finding, FindingCode, Severity
from clarion_server.domain.languages.content_locale import LocaleReason

from tests.unit.application.trying import CONTEXT, Trier
from tests.unit.application.world import AUTHOR, EMAIL, STRANGER, World

GERMAN = ContentVariant("de", EmailContent("Bestellung {{ context.order.id }}", html="<p>Danke.</p>"))
FRENCH = ContentVariant("fr", EmailContent("Commande {{ context.order.id }}", html="<p>Merci.</p>"))
IN_THREE = (Action("email", "orders", EMAIL, (GERMAN, FRENCH)),)
#: The template fails for a text that is no time, which no schema of ours refuses.
DATED = (Action("email", "orders", replace(EMAIL, html="<p>{{ context.order.id | date }}</p>")),)


@pytest.fixture
async def trier(world: World) -> Trier:
    await world.channel()
    return Trier(world)


async def draft(trier: Trier, **changes: Any) -> None:
    await trier.world.draft(**changes)


def codes(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.code.value, finding.field) for finding in findings]


async def test_a_case_that_names_a_locale_is_tried_with_the_content_that_locale_gets(trier: Trier) -> None:
    await draft(trier, actions=IN_THREE)
    await trier.case(locale="de-AT")
    (cell,) = (each.tried.cell for each in (await trier.run()).cells)
    assert (cell.key.locale, cell.wanted, cell.origin) == ("de", "de-AT", LocaleOrigin.CASE)
    assert cell.choice.reason is LocaleReason.PARENT


async def test_a_case_whose_profile_has_a_locale_is_tried_with_that(trier: Trier) -> None:
    await draft(trier, actions=IN_THREE)
    await trier.case(profile={"locale": "fr_FR"})
    (cell,) = (each.tried.cell for each in (await trier.run()).cells)
    assert (cell.key.locale, cell.origin, cell.choice.reason) == ("fr", LocaleOrigin.PROFILE, LocaleReason.SAME)


async def test_a_case_without_a_locale_is_tried_with_every_content(trier: Trier) -> None:
    await draft(trier, actions=IN_THREE)
    await trier.case()
    run = await trier.run()
    assert run.comparisons == {"plain en": "NEW", "plain de": "NEW", "plain fr": "NEW"}
    assert {each.tried.cell.origin for each in run.cells} == {LocaleOrigin.EVERY}
    german = run.cell(locale="de").tried.result
    assert german is not None
    assert german.document.startswith("From: The Shop <shop@example.com>\nSubject: Bestellung 4711\n")


async def test_each_action_is_tried(trier: Trier) -> None:
    await draft(trier, actions=(*IN_THREE, Action("plain", "orders", EMAIL)))
    await trier.case(locale="de")
    keys = [each.tried.cell.key for each in (await trier.run()).cells]
    assert [(key.action, key.locale) for key in keys] == [("email", "de"), ("plain", "en")]


async def test_only_the_cases_that_are_asked_for_are_tried(trier: Trier) -> None:
    await draft(trier)
    await trier.case("a")
    await trier.case("b")
    run = await trier.run(case_ids=["b"])
    assert run.comparisons == {"b en": "NEW"}
    with pytest.raises(InvalidFields) as refused:
        await trier.run(case_ids=["b", "c"])
    assert [each.field for each in refused.value.violations] == ["test_cases[1]"]


async def test_a_context_that_breaks_the_schema_fails_every_cell_of_its_case(trier: Trier) -> None:
    await draft(trier, actions=IN_THREE)
    await trier.case(context={"order": {}})
    run = await trier.run()
    assert set(run.comparisons.values()) == {"FAILED"}
    (violation,) = run.cells[0].tried.violations
    assert (violation.field, violation.reason) == ("context.order.id", "REQUIRED")


async def test_review_names_the_case_the_cell_and_the_place(trier: Trier) -> None:
    await draft(trier, actions=IN_THREE)
    await trier.case(context={"order": {}})
    (finding,) = await trier.review()
    assert (finding.severity, finding.code) == (Severity.ERROR, FindingCode.TEST_CASE_FAILED)
    assert finding.field == "test_cases.plain.context.order.id"
    assert "`plain` cannot be rendered (email in en, email in de, email in fr)" in finding.message


async def test_a_template_that_fails_with_the_data_is_named_with_its_line(trier: Trier) -> None:
    await draft(trier, actions=DATED)
    await trier.case(context={"order": {"id": "tomorrow"}})
    (finding,) = await trier.review()
    assert (finding.code, finding.field, finding.line) == (FindingCode.TEST_CASE_FAILED, "actions[0].email.html", 1)


@pytest.mark.parametrize(
    ("profile", "field"), [({"locale": "deutsch!"}, "profile.locale"), ({"email": "nobody"}, "profile.email")]
)
async def test_a_profile_that_no_trigger_could_bring_fails(trier: Trier, profile: Any, field: str) -> None:
    await draft(trier)
    await trier.case(profile=profile)
    assert codes(await trier.review()) == [("TEST_CASE_FAILED", f"test_cases.plain.{field}")]


async def test_a_failing_case_keeps_a_draft_from_submission_and_activation(trier: Trier) -> None:
    await draft(trier)
    await trier.case(context={})
    with pytest.raises(ReviewFailed):
        await trier.world.activate()
    await trier.change_case(context=CONTEXT)
    await trier.world.activate()


async def test_an_earlier_version_comes_back_whatever_todays_cases_say(trier: Trier) -> None:
    await draft(trier)
    await trier.world.activate()
    await trier.world.update(actions=IN_THREE)
    await trier.case(context={})
    activation = await trier.world.life_cycle.activate(ActivateCampaign("order-confirmed", version=1), AUTHOR)
    assert activation.campaign.live_version == 1


async def test_content_that_no_case_is_tried_with_is_a_warning(trier: Trier) -> None:
    await draft(trier, actions=IN_THREE)
    await trier.case(locale="de")
    expected = [("VARIANT_UNTESTED", "actions[0].email"), ("VARIANT_UNTESTED", "actions[0].variants[1]")]
    assert codes(await trier.review()) == expected
    assert codes(list((await trier.run()).end.findings)) == expected
    assert all(finding.severity is Severity.WARNING for finding in await trier.review())
    await trier.case("any")
    assert await trier.review() == []


async def test_a_campaign_without_test_cases_is_reviewed_as_before(trier: Trier) -> None:
    await draft(trier, actions=IN_THREE)
    assert await trier.review() == []
    run = await trier.run()
    assert (run.cells, run.end.findings, run.end.next_cell) == ([], (), None)


async def test_content_that_does_not_compile_is_told_by_its_own_finding_alone(trier: Trier) -> None:
    await draft(trier, actions=(Action("email", "orders", replace(EMAIL, html="{% if %}")),))
    await trier.case()
    assert codes(await trier.review()) == [("TEMPLATE_SYNTAX", "actions[0].email.html")]
    assert (await trier.run()).comparisons == {"plain en": "FAILED"}


async def test_changing_a_case_makes_no_draft(trier: Trier) -> None:
    await draft(trier)
    await trier.world.activate()
    before = await trier.world.get()
    await trier.case()
    assert await trier.world.get() == before


async def test_the_rendering_of_a_version_is_that_of_the_version(trier: Trier) -> None:
    await draft(trier)
    await trier.case()
    await trier.world.activate()
    await trier.world.update(actions=(Action("email", "orders", replace(EMAIL, subject="New")),))
    old, new = (await trier.run(version=1)).cell(), (await trier.run()).cell()
    assert old.tried.result is not None
    assert new.tried.result is not None
    assert "Subject: Order 4711" in old.tried.result.document
    assert "Subject: New" in new.tried.result.document


async def test_another_sandbox_finds_nothing_to_try(trier: Trier) -> None:
    await draft(trier)
    await trier.case()
    with pytest.raises(ResourceNotFound):
        await trier.run(caller=STRANGER)


class OneCell(CpuBudget):
    """Has processor time for one cell of a run, and for any number in a step."""

    def __init__(self, seconds: float) -> None:
        clock = iter(range(10**9)).__next__
        super().__init__(1.0 if seconds > 1 else 10**9, lambda: float(clock()))


async def test_a_run_ends_when_its_processor_time_is_spent_and_goes_on_from_there(world: World) -> None:
    await world.channel()
    trier = Trier(world, OneCell)
    await draft(trier, actions=IN_THREE)
    await trier.case()
    first = await trier.run()
    assert (list(first.comparisons), first.end.next_cell, first.end.findings) == (["plain en"], 1, ())
    second = await trier.run(start=1, run_etag=first.end.etag)
    third = await trier.run(start=2, run_etag=first.end.etag)
    assert [*second.comparisons, *third.comparisons] == ["plain de", "plain fr"]
    assert third.end.next_cell is None
