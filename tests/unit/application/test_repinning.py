"""Versions of fragments that are rolled out to campaigns that are live."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.campaigns.repinning import RepinFragment, RollOut
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.campaigns.campaign_definition import Schedule
from clarion_server.domain.campaigns.fragment_repin import FragmentRepin, RepinOutcome
from clarion_server.domain.errors import InvalidFields, ResourceNotFound
from clarion_server.domain.finding import Severity
from clarion_server.domain.instant import HOUR
from clarion_server.domain.violation import Violation

from tests.unit.application.fragments import mails, sent
from tests.unit.application.labelling import EU, holder, label
from tests.unit.application.rolling_out import NAME, RollingOut
from tests.unit.application.test_test_cases import create as add_test_case
from tests.unit.application.world import AUTHOR, STRANGER, World

FOOTER = '<h1>Hi</h1>{% include "fragments/footer" %}'


@pytest.fixture
async def pieces(world: World) -> RollingOut:
    """Returns a live campaign with `footer@1`, of which there is a second version."""
    made = RollingOut(world)
    await made.publish("footer", "<p>one</p>")
    await world.live(actions=mails(FOOTER))
    await made.publish("footer", "<p>two</p>")
    return made


async def test_a_new_version_differs_from_the_live_one_by_its_fragment_alone(world: World, pieces: RollingOut) -> None:
    edited = await world.update(display_name="Edited")
    roll_out = await pieces.repin()
    assert roll_out == RollOut(2, [FragmentRepin(NAME, RepinOutcome.REPINNED, 1, 2)])
    assert (await pieces.footer(1), await pieces.footer(2)) == ("<p>one</p>", "<p>two</p>")
    second, first = await world.authoring.versions(NAME, None, 9, AUTHOR)
    assert replace(second, number=1, fragments=first.fragments) == first
    assert second.fragments == {"fragments/footer": 2}
    campaign = await world.get()
    assert (campaign.definition, campaign.draft_pending) == (edited.definition, True)
    assert (campaign.live_version, campaign.state) == (2, CampaignState.LIVE)
    assert world.announced[-1] == campaign


async def test_going_back_is_activating_the_earlier_version(world: World, pieces: RollingOut) -> None:
    await pieces.repin()
    assert (await world.activate(version=1)).campaign.live_version == 1
    assert (await pieces.outcome(dry=True)).campaign_version == 3
    assert (await pieces.outcome()).campaign_version == 3


async def test_rolling_out_twice_does_nothing_twice(world: World, pieces: RollingOut) -> None:
    await pieces.repin()
    before = await world.get()
    assert await pieces.outcome() == FragmentRepin(NAME, RepinOutcome.UNCHANGED, 2, 2)
    assert await world.get() == before


async def test_an_earlier_version_can_be_rolled_out_too(world: World, pieces: RollingOut) -> None:
    await pieces.repin()
    assert (await pieces.outcome(to=2)).outcome is RepinOutcome.UNCHANGED
    repinned = await pieces.outcome(to=1)
    assert (repinned.outcome, repinned.from_version, repinned.campaign_version) == (RepinOutcome.REPINNED, 2, 3)
    # Only what was left behind is told, and not that the roll-out differs from what is live.
    assert [each.message for each in repinned.findings] == [
        "`fragments/footer@1` is taken, and version 2 is the newest."
    ]
    assert await pieces.footer(3) == "<p>one</p>"


async def test_a_dry_run_says_what_would_become_of_it_and_stores_nothing(world: World, pieces: RollingOut) -> None:
    before = await world.get()
    assert await pieces.outcome(dry=True) == FragmentRepin(NAME, RepinOutcome.REPINNED, 1, 2)
    assert await world.get() == before
    assert len(await world.authoring.versions(NAME, None, 9, AUTHOR)) == 1


async def test_what_fails_the_review_of_one_campaign_changes_nothing_for_the_others(
    world: World, pieces: RollingOut
) -> None:
    schema = {"type": "object", "properties": {"shop": {"type": "string"}}, "required": ["shop"]}
    html = "{% include 'fragments/footer' %}"
    await world.live("shop", context_schema=schema, actions=mails(html, "Hi"))
    await pieces.publish("footer", "<p>\n{{ context.shop }}</p>")
    refused, repinned = (await pieces.repin(NAME, "shop")).repins
    (finding,) = refused.findings
    assert (refused.outcome, finding.code, finding.way) == (
        RepinOutcome.REFUSED,
        "VARIABLE_NOT_IN_SCHEMA",
        ("fragments/footer@3:2",),
    )
    assert repinned == FragmentRepin("shop", RepinOutcome.REPINNED, 2, 2)
    assert (await world.get()).live_version == 1


async def test_each_campaign_that_cannot_take_it_is_told_why(world: World, pieces: RollingOut) -> None:
    await world.live("fixed", actions=mails("{% include 'fragments/footer@1' %}"))
    await world.live("other", actions=mails("<p>Hi</p>"))
    await world.draft("draft", actions=mails(FOOTER))
    await world.live("stopped", actions=mails(FOOTER))
    await world.life_cycle.stop("stopped", QueueDisposal.DRAIN, "", AUTHOR)
    assert (await pieces.repin("fixed", "other", "draft", "stopped", "none")).repins == [
        FragmentRepin("fixed", RepinOutcome.FIXED, 0, 1),
        FragmentRepin("other", RepinOutcome.NOT_USED, 0, 1),
        FragmentRepin("draft", RepinOutcome.NOT_LIVE),
        FragmentRepin("stopped", RepinOutcome.NOT_LIVE),
        FragmentRepin("none", RepinOutcome.NOT_FOUND),
    ]


async def test_a_fragment_within_a_fragment_is_rolled_out_and_the_others_stay(world: World, pieces: RollingOut) -> None:
    await pieces.publish("base", "<div>{% include 'fragments/footer' %}</div>")
    await world.update(actions=mails("{% include 'fragments/base' %}"))
    await world.activate()
    await pieces.publish("base", "<b>{% include 'fragments/footer' %}</b>")
    await pieces.publish("social", "<i>Us</i>")
    await pieces.publish("footer", "<p>three{% include 'fragments/social' %}</p>")
    repinned = await pieces.outcome()
    assert (repinned.outcome, repinned.campaign_version) == (RepinOutcome.REPINNED, 3)
    (outdated,) = repinned.findings
    assert "`fragments/base@1` is taken, and version 2 is the newest" in outdated.message
    assert "clarion fragments repin base" in outdated.remedy
    assert await sent(world, 3) == "<div><p>three<i>Us</i></p></div>"
    (version,) = await world.authoring.versions(NAME, None, 1, AUTHOR)
    assert version.fragments == {"fragments/base": 1, "fragments/footer": 3, "fragments/social": 1}


async def test_a_paused_campaign_stays_paused(world: World, pieces: RollingOut) -> None:
    await world.life_cycle.pause(NAME, "", AUTHOR)
    assert (await pieces.outcome()).outcome is RepinOutcome.REPINNED
    assert (await world.get()).state is CampaignState.PAUSED


async def test_a_campaign_whose_start_lies_ahead_takes_it_and_one_that_has_ended_does_not(
    world: World, pieces: RollingOut
) -> None:
    now = world.clock.now()
    await world.live("later", schedule=Schedule(now + HOUR, now + 2 * HOUR), actions=mails(FOOTER))
    await pieces.publish("footer", "<p>three</p>")
    (repinned,) = (await pieces.repin("later")).repins
    assert (repinned.outcome, repinned.campaign_version) == (RepinOutcome.REPINNED, 2)
    assert (await world.get("later")).state is CampaignState.SCHEDULED
    world.clock.advance(2 * HOUR)
    assert (await pieces.repin("later", to=2)).repins == [FragmentRepin("later", RepinOutcome.NOT_LIVE)]


async def test_the_test_cases_are_tried_with_it_while_the_draft_has_the_same_data(
    world: World, pieces: RollingOut
) -> None:
    await add_test_case(world, "deep", context={"order": {"id": "x" * 9}})
    await pieces.publish("footer", "{% if context.order.id | length > 8 %}{{ 1 // 0 }}{% endif %}")
    refused = await pieces.outcome()
    assert (refused.outcome, [each.code for each in refused.findings]) == (RepinOutcome.REFUSED, ["TEST_CASE_FAILED"])
    await world.update(display_name="Edited")
    assert (await pieces.outcome()).outcome is RepinOutcome.REPINNED


@pytest.mark.parametrize(
    ("campaigns", "to", "violations"),
    [
        ((), -1, [("campaigns", "REQUIRED"), ("to_version", "UNKNOWN_VALUE")]),
        ((NAME, NAME), 0, [("campaigns[1]", "DUPLICATE")]),
        (tuple(f"c{number}" for number in range(101)), 0, [("campaigns", "TOO_MANY")]),
        ((NAME,), 3, [("to_version", "UNKNOWN_VALUE")]),
    ],
)
async def test_what_a_request_lacks_is_told_at_once(
    pieces: RollingOut, campaigns: tuple[str, ...], to: int, violations: list[tuple[str, str]]
) -> None:
    unread = (Violation("campaigns[7]", "MALFORMED", ""),) if to < 0 else ()
    with pytest.raises(InvalidFields) as refused:
        await pieces.repinner.repin(RepinFragment("footer", campaigns, to, violations=unread), AUTHOR)
    found = [(each.field, each.reason) for each in refused.value.violations]
    assert found == [(each.field, each.reason) for each in unread] + violations


async def test_what_was_never_published_cannot_be_rolled_out(pieces: RollingOut) -> None:
    await pieces.write("new", "<p>Hi</p>")
    with pytest.raises(InvalidFields) as refused:
        await pieces.repinner.repin(RepinFragment("new", (NAME,)), AUTHOR)
    assert "never published" in refused.value.violations[0].description
    for fragment_id, caller in (("none", AUTHOR), ("footer", STRANGER)):
        with pytest.raises(ResourceNotFound):
            await pieces.repinner.repin(RepinFragment(fragment_id, (NAME,)), caller)


async def test_labels_hide_campaigns_and_keep_fragments_out_of_wider_ones(world: World, pieces: RollingOut) -> None:
    await world.live("hidden", actions=mails(FOOTER))
    await label(world, EU, "hidden")
    assert [each.outcome for each in (await pieces.repin("hidden")).repins] == [RepinOutcome.NOT_FOUND]
    await pieces.publish("footer", "<p>three</p>")
    await pieces.label("footer", EU)
    both = RepinFragment("footer", (NAME, "hidden"))
    wider, narrow = (await pieces.repinner.repin(both, holder(EU))).repins
    assert (wider.outcome, [each.code for each in wider.findings]) == (RepinOutcome.REFUSED, ["LABEL_WIDER_THAN_PART"])
    assert narrow.outcome is RepinOutcome.REPINNED
    with pytest.raises(ResourceNotFound):
        await pieces.repin()


async def test_a_campaign_that_is_refused_tells_its_errors_alone(world: World, pieces: RollingOut) -> None:
    without_text = '<img src="https://shop.example/logo.png">'
    await pieces.publish("footer", without_text)
    warned = await pieces.outcome(dry=True)
    assert (warned.outcome, {each.severity for each in warned.findings}) == (RepinOutcome.REPINNED, {Severity.WARNING})
    await pieces.publish("footer", f"{without_text}{{{{ context.shop }}}}")
    refused = await pieces.outcome()
    assert (refused.outcome, {each.severity for each in refused.findings}) == (RepinOutcome.REFUSED, {Severity.ERROR})
