"""Renderings are accepted as a run showed them, and later runs are compared with them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.campaigns import testing
from clarion_server.domain.campaigns.accepted_rendering import Expected
from clarion_server.domain.campaigns.campaign_definition import Action
from clarion_server.domain.campaigns.test_cells import CellKey
from clarion_server.domain.content.email import Mailbox
from clarion_server.domain.errors import EtagMismatch, InvalidFields, ResourceNotFound

from tests.unit.application.test_trying_cases import DATED, IN_THREE
from tests.unit.application.trying import CAMPAIGN, Trier
from tests.unit.application.world import AUTHOR, EMAIL, SMTP, STRANGER, World


@pytest.fixture
async def trier(world: World) -> Trier:
    await world.channel()
    await world.draft(actions=IN_THREE)
    trier = Trier(world)
    await trier.case()
    return trier


async def test_what_a_run_showed_is_the_same_in_the_next_one(trier: Trier) -> None:
    run = await trier.run()
    done = await trier.accept(run)
    assert (done.accepted_count, done.dropped_count) == (3, 0)
    assert set((await trier.run()).comparisons.values()) == {"SAME"}


async def test_only_the_cells_that_were_named_are_accepted(trier: Trier) -> None:
    run = await trier.run()
    await trier.accept(run, run.cell(locale="de"))
    assert (await trier.run()).comparisons == {"plain en": "NEW", "plain de": "SAME", "plain fr": "NEW"}


async def test_a_subject_alone_that_changes_is_a_change(trier: Trier) -> None:
    await trier.accept(await trier.run())
    await trier.world.update(actions=(replace(IN_THREE[0], content=replace(EMAIL, subject="Thanks")),))
    run = await trier.run()
    assert run.comparisons == {"plain en": "CHANGED", "plain de": "SAME", "plain fr": "SAME"}
    assert "-Subject: Order 4711\n+Subject: Thanks" in run.cell().difference.unified_diff


async def test_a_sender_alone_that_changes_is_a_change(trier: Trier) -> None:
    await trier.accept(await trier.run())
    sender = replace(EMAIL, sender=Mailbox("news@example.com"))
    await trier.world.update(actions=(replace(IN_THREE[0], content=sender),))
    assert "-From: The Shop" in (await trier.run()).cell().difference.unified_diff


async def test_what_was_shown_before_the_draft_changed_is_not_accepted(trier: Trier) -> None:
    run = await trier.run()
    await trier.world.update(display_name="Another name")
    with pytest.raises(EtagMismatch):
        await trier.accept(run)
    assert set((await trier.run()).comparisons.values()) == {"NEW"}


async def test_what_was_shown_before_a_case_or_a_channel_changed_is_not_accepted(trier: Trier) -> None:
    run = await trier.run()
    await trier.change_case(display_name="Plain")
    with pytest.raises(EtagMismatch):
        await trier.accept(run)
    run = await trier.run()
    found = await trier.world.channels.page(None, 1, AUTHOR)
    await trier.world.transactions.write(
        lambda unit: unit.channels.save(
            replace(found[0], revision=found[0].revision + 1, provider=replace(SMTP, sender=Mailbox("x@example.com")))
        )
    )
    with pytest.raises(EtagMismatch):
        await trier.accept(run)


async def test_tags_and_states_are_not_what_a_run_shows(trier: Trier) -> None:
    run = await trier.run()
    await trier.world.update(tags=("shop",))
    await trier.world.activate()
    await trier.accept(run)


async def test_another_document_than_the_shown_one_is_not_accepted(trier: Trier) -> None:
    run = await trier.run()
    with pytest.raises(EtagMismatch):
        await trier.accept(run, replace(run.cell(), etag=run.cell(locale="de").etag))


async def test_a_run_does_not_go_on_with_another_draft(trier: Trier) -> None:
    run = await trier.run()
    await trier.world.update(display_name="Another name")
    with pytest.raises(EtagMismatch):
        await trier.run(start=1, run_etag=run.end.etag)


async def test_a_cell_that_is_not_there_or_fails_is_refused(trier: Trier) -> None:
    run = await trier.run()
    etag = run.cell().etag
    for key in (CellKey("nobody", "email", "en"), CellKey("plain", "sms", "en"), CellKey("plain", "email", "ko")):
        command = testing.AcceptRenderings(CAMPAIGN, run.end.etag, [(key, etag)])
        with pytest.raises(InvalidFields) as refused:
            await trier.tester.accept(command, AUTHOR)
        assert [each.field for each in refused.value.violations] == ["renderings[0].key"]
    await trier.world.update(actions=DATED)
    failed = await trier.run()
    with pytest.raises(InvalidFields, match="can be rendered"):
        await trier.accept(failed, replace(failed.cell(), etag=etag))
    with pytest.raises(InvalidFields, match="FAILED or is EXCLUDED has none"):
        await trier.accept(failed, failed.cell())


async def test_every_broken_rule_of_an_acceptance_is_told_at_once(trier: Trier) -> None:
    key = CellKey("plain", "email", "en")
    for renderings, fields in (
        ([], ["run_etag", "renderings"]),
        ([(key, ""), (key, "x")], ["run_etag", "renderings[0].etag", "renderings[1]"]),
    ):
        with pytest.raises(InvalidFields) as refused:
            await trier.tester.accept(testing.AcceptRenderings(CAMPAIGN, "", renderings), AUTHOR)
        assert [each.field for each in refused.value.violations] == fields


async def test_another_sandbox_accepts_nothing(trier: Trier) -> None:
    with pytest.raises(ResourceNotFound):
        await trier.accept(await trier.run(), caller=STRANGER)


async def test_what_is_accepted_of_a_cell_that_is_gone_is_dropped(trier: Trier) -> None:
    await trier.accept(await trier.run())
    await trier.world.update(actions=(Action("email", "orders", EMAIL),))
    done = await trier.accept(await trier.run())
    assert (done.accepted_count, done.dropped_count) == (1, 2)


async def test_no_more_is_accepted_than_a_campaign_may_have(trier: Trier, monkeypatch: pytest.MonkeyPatch) -> None:
    run = await trier.run()
    monkeypatch.setattr(testing, "MAX_ACCEPTED_BYTES", 100)
    with pytest.raises(InvalidFields) as refused:
        await trier.accept(run)
    assert [(each.field, each.reason) for each in refused.value.violations] == [("renderings", "TOO_LONG")]
    monkeypatch.undo()
    monkeypatch.setattr(testing, "MAX_CELLS", 2)
    await trier.accept(run, run.cell(locale="de"), run.cell(locale="fr"))
    with pytest.raises(InvalidFields) as refused:
        await trier.accept(run, run.cell())
    assert [(each.field, each.reason) for each in refused.value.violations] == [("renderings", "TOO_MANY")]


async def test_a_run_compares_with_what_it_is_given(trier: Trier) -> None:
    run = await trier.run()
    english = run.cell().tried.result
    assert english is not None
    key = CellKey("plain", "email", "en")
    expected = {key: Expected(english.document.replace("4711", "4712"), "")}
    compared = await trier.run(expected=expected)
    assert compared.comparisons == {"plain en": "CHANGED"}
    assert compared.end.findings == ()
    spaces = {key: Expected(english.document.replace("Order 4711", "Order\u202f4711"), "babel-1.0")}
    assert (await trier.run(expected=spaces)).comparisons == {"plain en": "FORMAT_DATA_CHANGED"}
    assert (await trier.run(expected={key: replace(spaces[key], format_data="")})).comparisons == {
        "plain en": "CHANGED"
    }
