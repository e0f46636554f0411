"""Rules that ask to which audiences a recipient belongs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from clarion_server.adapters.conditions import CelConditionCompiler
from clarion_server.application.audiences.audiences import ManageAudiences
from clarion_server.application.campaigns.candidate import candidate_of
from clarion_server.application.campaigns.life_cycle import ActivateCampaign
from clarion_server.application.campaigns.preview import PreviewCampaign
from clarion_server.application.consent.consents import Person
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resources import ResourceInput, UpdateResource
from clarion_server.domain.access.access import Caller
from clarion_server.domain.audiences.audience import Audience
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign_definition import (
    Action,
    ActionMode,
    ThroughputMode,
    UnknownRecipientPolicy,
)
from clarion_server.domain.campaigns.targeting import TargetingRule, WithoutRule
from clarion_server.domain.consent.consent import ConsentChoice
from clarion_server.domain.errors import AudienceInUse, InvalidFields, ReviewFailed
from clarion_server.domain.finding import Finding
from clarion_server.domain.instant import DAY
from clarion_server.domain.people.identity import NO_NAMESPACES, Identity
from sqlalchemy import Engine, event

from tests.unit.application.audience_running import Runs, by_condition, listed
from tests.unit.application.consenting import EMAIL, Consents, a
from tests.unit.application.labelling import EU, MIGHTY, holder, label
from tests.unit.application.recipients_with_profiles import stored
from tests.unit.application.running import CALLER, CONTEXT, Process, command, messages, recipient
from tests.unit.application.test_targeting import MAIL
from tests.unit.application.trying import Trier
from tests.unit.application.world import AUTHOR, START, World

VIP = TargetingRule("vip", "audience('gold')")
LISTED = TargetingRule("listed", "audience('listed')")
ASKING = replace(MAIL, rules=(VIP, LISTED), variants=())
ABOUT_GOLD = replace(MAIL, rules=(VIP,), variants=())


@pytest.fixture
def audiences(world: World) -> ManageAudiences:
    return ManageAudiences(world.transactions, CelConditionCompiler(), world.clock)


async def rules(world: World, *names: str, **fields: Any) -> dict[str, str]:
    """Triggers these people, and returns their rules by their names."""
    process = Process(world)
    await process.trigger(*(recipient(f"email:{name}@example.com") for name in names), **fields)
    await process.close()
    return {
        message.identity.removeprefix("email:").partition("@")[0]: message.rule for message in messages(world).values()
    }


async def asking(world: World, *actions: Action, **changes: Any) -> None:
    await world.live(actions=actions or (ASKING,), **changes)


async def test_the_stored_profile_belongs_to_an_audience_by_its_condition_or_by_any_of_its_identities(
    world: World,
) -> None:
    await by_condition(world)
    await listed(world, "email:Berta@example.com", "crm:4711", "email:stranger@example.com")
    for name, plan in (("anna", "gold"), ("berta", "tin"), ("dora", "tin")):
        await stored(world, f"email:{name}@example.com", attributes={"plan": plan})
    await stored(world, "email:carl@example.com", "crm:4711", attributes={})
    await asking(world)
    assert await rules(world, "anna", "berta", "carl", "dora", "stranger") == {
        "anna": "vip",
        "berta": "listed",
        "carl": "listed",
        "dora": "",
        "stranger": "",
    }


async def test_nobody_belongs_to_an_audience_whose_condition_only_an_earlier_version_took(world: World) -> None:
    await by_condition(world)
    await listed(world, "email:berta@example.com")
    for name in ("anna", "berta"):
        await stored(world, f"email:{name}@example.com", attributes={"plan": "gold"})
    await asking(world)
    gold = await world.transactions.read(lambda unit: unit.audiences.get(AUTHOR.visibility, "gold"))
    assert gold is not None
    old = replace(gold, condition="profile.once(", revision=gold.revision + 1)
    await world.transactions.write(lambda unit: unit.audiences.save(old))
    assert await rules(world, "anna", "berta") == {"anna": "", "berta": "listed"}


async def test_the_call_changes_no_membership(world: World) -> None:
    await by_condition(world)
    await stored(world, "email:anna@example.com", attributes={"plan": "gold"})
    await stored(world, "email:berta@example.com")
    await asking(world, ABOUT_GOLD)
    process = Process(world)
    await process.trigger(
        recipient("email:anna@example.com", profile={"plan": "tin"}),
        recipient("email:berta@example.com", profile={"plan": "gold"}),
    )
    await process.close()
    assert sorted((message.identity, message.rule) for message in messages(world).values()) == [
        ("email:anna@example.com", "vip"),
        ("email:berta@example.com", ""),
    ]


async def test_a_condition_may_read_choices_and_the_time(world: World) -> None:
    await by_condition(world, "consent('EMAIL', '') == 'GRANTED' && profile.create_time < now - duration('24h')")
    await stored(world, "email:anna@example.com")
    await stored(world, "email:berta@example.com")
    world.clock.advance(2 * DAY)
    await stored(world, "email:late@example.com")
    for name in ("anna", "late"):
        change = a(EMAIL, ConsentChoice.GRANTED)
        await Consents(world).change(change, person=Person(identity=f"email:{name}@example.com"))
    await asking(world, ABOUT_GOLD)
    assert await rules(world, "anna", "berta", "late") == {"anna": "vip", "berta": "", "late": ""}


async def test_what_fails_makes_no_member_and_is_no_failure_of_the_rule(world: World) -> None:
    await by_condition(world, "profile.attributes.plan == 'gold'")
    await stored(world, "email:anna@example.com")
    campaign = (await world.live(actions=(replace(ASKING, rules=(TargetingRule("not", "!audience('gold')"),)),))).id
    assert await rules(world, "anna") == {"anna": "not"}
    report = await world.reporting.report(campaign, 0, AUTHOR)
    assert not any("FAILED" in metric for _, _, metric in report.rule_counts)


async def test_an_audience_is_read_as_it_is_and_what_was_decided_stays(
    world: World, audiences: ManageAudiences
) -> None:
    await by_condition(world)
    await stored(world, "email:anna@example.com", attributes={"plan": "gold"})
    await asking(world, ABOUT_GOLD)
    await rules(world, "anna")
    sent = Audience(
        sandbox="", id="", create_time=0, update_time=0, display_name="", condition="profile.attributes.plan == 'tin'"
    )
    await audiences.update(UpdateResource("gold", ResourceInput(sent), frozenset({"condition"})), AUTHOR)
    await rules(world, "anna")
    assert sorted(message.rule for message in messages(world).values()) == ["", "vip"]


async def test_whoever_has_a_profile_by_this_very_trigger_was_a_stranger_to_it(world: World) -> None:
    await by_condition(world, "true")
    await listed(world, "email:anna@example.com")
    await stored(world, "email:other@example.com")
    await asking(world, unknown_recipient_policy=UnknownRecipientPolicy.CREATE)
    await rules(world, "anna")
    await rules(world, "anna")
    assert sorted(message.rule for message in messages(world).values()) == ["", "vip"]


async def test_later_actions_and_runs_of_audiences_ask_too(world: World) -> None:
    await by_condition(world)
    await stored(world, "email:anna@example.com", attributes={"plan": "gold"})
    second = replace(ABOUT_GOLD, id="second")
    await asking(world, replace(MAIL, rules=(), variants=()), second, action_mode=ActionMode.FIRST_DELIVERABLE)
    process = Process(world)
    await Runs(process).run()
    await process.close()
    (message,) = messages(world).values()
    assert [each.rule for each in message.fallbacks] == ["vip"]


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collects the statements that run meanwhile."""
    seen: list[str] = []

    def see(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", see)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", see)


@pytest.mark.parametrize(
    ("conditions", "more"),
    [(("true", "false"), 0), (("audience('gold')", "audience('other')"), 2), (("audience('listed')", "true"), 2)],
)
async def test_asking_takes_a_constant_number_of_statements_and_none_where_no_rule_asks(
    world: World, conditions: tuple[str, ...], more: int
) -> None:
    await by_condition(world)
    await by_condition(world, "true", "other")
    # All are alike, as rows that are alike are stored in one statement.
    await listed(world, *(f"email:p{index}@example.com" for index in range(20)))
    for index in range(20):
        await stored(world, f"email:p{index}@example.com", attributes={"plan": "gold"})
    await asking(world, replace(MAIL, rules=(TargetingRule("r", "true"),), variants=()))
    process = Process(world)
    people = [recipient(f"email:p{index}@example.com") for index in range(20)]
    await process.trigger(*people)
    with statements() as plain:
        await process.trigger(*people)
    asked = [TargetingRule(f"n{index}", condition) for index, condition in enumerate(conditions)]
    await world.update(actions=(replace(MAIL, rules=tuple(asked), variants=()),))
    await world.activate("order-confirmed")
    for count in (20, 1):
        await process.trigger(*people[:count])
        with statements() as run:
            await process.trigger(*people[:count])
        assert len(run) == len(plain) + more, run
    await process.close()


async def test_a_validated_trigger_tells_the_audiences(world: World) -> None:
    await by_condition(world)
    await stored(world, "email:anna@example.com", attributes={"plan": "gold"})
    await asking(world, ABOUT_GOLD)
    process = Process(world)
    answer = await process.triggering.trigger(
        command(recipient("email:anna@example.com"), recipient("email:other@example.com"), validate_only=True), CALLER
    )
    await process.close()
    assert answer.explanation is not None
    told = answer.explanation.recipients
    assert [tuple(told[index].audiences) for index in (0, 1)] == [("gold",), ()]
    assert [answer.explanation.messages[index, 0].rule for index in (0, 1)] == ["vip", ""]


async def errors(world: World, caller: Caller = AUTHOR) -> list[Finding]:
    try:
        await world.life_cycle.activate(ActivateCampaign("order-confirmed"), caller)
    except ReviewFailed as failed:
        return list(failed.findings)
    return []


async def test_review_names_an_audience_that_there_is_not(world: World) -> None:
    await world.live()
    condition = "profile == {} ||\n  audience('gold') || audience('listed')"
    await world.update(actions=(replace(MAIL, rules=(TargetingRule("a", condition),), variants=()),))
    await listed(world)
    (missing,) = await errors(world)
    assert (missing.code, missing.field, missing.line) == ("AUDIENCE_MISSING", "actions[0].rules[0].condition", 2)
    assert "audiences/gold" in missing.message
    await by_condition(world)
    assert await errors(world) == []


async def test_high_throughput_looks_up_nobody_for_a_rule_either(world: World) -> None:
    await by_condition(world)
    await listed(world)
    await world.live()
    await world.update(actions=(ASKING,), throughput_mode=ThroughputMode.HIGH)
    (finding,) = await errors(world)
    assert (finding.code, finding.field) == ("HIGH_LOOKS_UP_NOBODY", "throughput_mode")
    assert "its rules ask about audiences" in finding.message


async def test_a_campaign_has_the_labels_of_the_audiences_that_its_rules_ask_about(world: World) -> None:
    gold = await by_condition(world)
    await listed(world)
    await world.transactions.write(lambda unit: unit.audiences.save(replace(gold.changed(START), access_labels=EU)))
    await world.live()
    await world.update(actions=(ASKING,))
    (hidden,) = await errors(world)
    assert (hidden.code, "eu" in hidden.message.split()) == ("AUDIENCE_MISSING", False)
    (wider,) = await errors(world, holder(EU))
    assert (wider.code, wider.field) == ("LABEL_WIDER_THAN_PART", "actions[0].rules[0].condition")
    await label(world, EU)
    assert await errors(world, MIGHTY) == []


async def test_an_audience_that_a_live_version_asks_about_is_not_deleted(
    world: World, audiences: ManageAudiences
) -> None:
    await by_condition(world)
    await listed(world)
    await asking(world)
    await world.update(actions=(MAIL,))
    for name in ("gold", "listed"):
        with pytest.raises(AudienceInUse, match=r"campaigns/order-confirmed has a rule that asks about it\."):
            await audiences.delete(name, "", AUTHOR)
    await label(world, EU)
    with pytest.raises(AudienceInUse, match="something that"):
        await audiences.delete("gold", "", AUTHOR)
    await world.life_cycle.activate(ActivateCampaign("order-confirmed"), MIGHTY)
    await audiences.delete("gold", "", AUTHOR)
    await audiences.delete("listed", "", AUTHOR)
    assert (await world.authoring.get("order-confirmed", MIGHTY)).state is CampaignState.LIVE


async def test_a_change_of_an_audience_makes_an_approval_stale_and_an_upload_does_not(world: World) -> None:
    gold, visitors = await by_condition(world), await listed(world)
    await world.live()
    await world.update(actions=(ASKING,))

    def content_hash(unit: UnitOfWork) -> str:
        campaign = unit.campaigns.get(AUTHOR.visibility, "order-confirmed")
        assert campaign is not None
        return candidate_of(unit, campaign, AUTHOR.visibility).content_hash

    first, visitor = world.see(content_hash), world.identities.read("email:x@example.com", "", NO_NAMESPACES)
    uploaded = visitors.listed
    assert uploaded is not None
    assert isinstance(visitor, Identity)
    await world.transactions.write(lambda unit: unit.audiences.add_members(uploaded, [visitor], START))
    assert world.see(content_hash) == first
    await world.transactions.write(lambda unit: unit.audiences.save(replace(gold.changed(START), condition="true")))
    assert world.see(content_hash) != first


async def test_previews_and_test_cases_say_to_which_audiences_somebody_belongs(world: World) -> None:
    await by_condition(world)
    await listed(world)
    await asking(world, replace(ASKING, without_rule=WithoutRule.EXCLUDE))
    shown = [
        await world.previewing.preview(PreviewCampaign("order-confirmed", 1, CONTEXT, audiences=given), AUTHOR)
        for given in ((), ("listed",), ("gold", "listed", "unknown"))
    ]
    assert [(each.rule.rule, each.rule.excludes) for each in shown] == [("", True), ("listed", False), ("vip", False)]
    with pytest.raises(InvalidFields) as refused:
        await world.previewing.preview(PreviewCampaign("order-confirmed", 1, CONTEXT, audiences=("No",)), AUTHOR)
    assert [each.field for each in refused.value.violations] == ["audiences[0]"]
    trier = Trier(world)
    await trier.case("member", audiences=("gold",), locale="en")
    await trier.case("nobody", locale="en")
    run = await trier.run()
    assert [(each.tried.cell.key.test_case, each.tried.cell.key.rule) for each in run.cells] == [
        ("member", "vip"),
        ("nobody", ""),
    ]
