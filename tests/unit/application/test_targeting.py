"""Rules decide, when a trigger is accepted, which content each recipient gets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.application.campaigns.drafts import DuplicateCampaign
from clarion_server.application.campaigns.preview import Preview, PreviewCampaign
from clarion_server.application.ports.channels import PermanentFailure
from clarion_server.application.triggering.admission import RecipientInput
from clarion_server.domain.audiences.condition import FailureCause
from clarion_server.domain.campaigns.campaign_definition import Action, ActionMode, ContentVariant, ThroughputMode
from clarion_server.domain.campaigns.targeting import RuleEvaluation, RuleResult, TargetingRule, WithoutRule
from clarion_server.domain.category import Category
from clarion_server.domain.content.email import EmailContent, RenderedEmail
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.events.campaign_health import HealthCode
from clarion_server.domain.events.counter import Metric
from clarion_server.domain.instant import DAY
from clarion_server.domain.messages.attempt import Failure, FailureReason
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.messages.message import MessageState
from clarion_server.domain.sending_policies.frequency_cap import FrequencyCap

from tests.fakes import Provider
from tests.unit.application.audience_running import Runs, by_condition
from tests.unit.application.recipients_with_profiles import JANE, stored
from tests.unit.application.running import Process, messages, recipient, until
from tests.unit.application.sending_policies import Policies
from tests.unit.application.suppressing import suppress
from tests.unit.application.world import AUTHOR, World

GOLD = TargetingRule("gold", "profile.tier == 'gold'")
BERLIN = TargetingRule("berlin", "has(profile.city) && profile.city == 'Berlin'")
RULES = (GOLD, BERLIN)
MAIL = Action(
    "email",
    "orders",
    EmailContent("Order", text="x"),
    (
        ContentVariant("de", EmailContent("Bestellung", text="x")),
        ContentVariant("", EmailContent("Gold"), "gold"),
        ContentVariant("de", EmailContent("Gold auf Deutsch"), "gold"),
    ),
    RULES,
)


def person(name: str, locale: str = "", **profile: Any) -> RecipientInput:
    return recipient(f"email:{name}@example.com", locale=locale, profile=profile)


async def sent(world: World, *to: RecipientInput) -> dict[str, str]:
    """Returns the subjects of the mails by the names of their recipients."""
    provider = Provider()
    process = Process(world, provider=provider)
    async with process.sending():
        await process.trigger(*to)
        ended = (MessageState.SENT, MessageState.EXCLUDED)
        await until(lambda: all(message.state in ended for message in messages(world).values()))
    rendered = {each.address.partition("@")[0]: each.rendered for each in provider.taken}
    return {name: mail.subject for name, mail in rendered.items() if isinstance(mail, RenderedEmail)}


def rules_of(world: World) -> dict[str, str]:
    return {message.address.partition("@")[0]: message.rule for message in messages(world).values()}


async def test_each_recipient_gets_the_content_of_the_first_rule_that_is_true(world: World) -> None:
    await world.live(actions=(MAIL,))
    both = person("both", tier="gold", city="Berlin")
    mails = await sent(
        world, both, person("a", city="Berlin"), person("b"), person("c", "de", tier="gold"), person("d", "de-AT")
    )
    assert mails == {"both": "Gold", "a": "Order", "b": "Order", "c": "Gold auf Deutsch", "d": "Bestellung"}
    assert rules_of(world) == {"both": "gold", "a": "berlin", "b": "", "c": "gold", "d": ""}


async def test_whom_no_rule_is_true_of_is_excluded_where_the_action_says_so(world: World) -> None:
    await world.live(actions=(replace(MAIL, without_rule=WithoutRule.EXCLUDE),))
    assert await sent(world, person("a", tier="gold"), person("b", tier="tin")) == {"a": "Gold"}
    (excluded,) = messages(world, MessageState.EXCLUDED).values()
    assert excluded.end.exclusion is not None
    assert (excluded.end.exclusion.reason, excluded.rule) == (ExclusionReason.NO_RULE_MATCHED, "")


async def test_whoever_must_not_be_written_to_is_excluded_for_that_before_the_rules_decide(world: World) -> None:
    await world.live(actions=(replace(MAIL, without_rule=WithoutRule.EXCLUDE),), category=Category.MARKETING)
    await Policies(world).make(quiet_hours=(), caps=(FrequencyCap(1, sliding=DAY),))
    process = Process(world)
    await process.trigger(person("b", tier="gold"))
    suppression = await suppress(world, "a@example.com")
    to = [person("a", tier="tin"), person("b", tier="tin"), person("a", tier="gold")]
    for each, reason in zip(to, ("SUPPRESSED", "NO_RULE_MATCHED", "SUPPRESSED"), strict=True):
        answer = await process.trigger(each)
        assert list(answer.execution.exclusions.values()) == [reason]
    told = [(await process.trigger(each, validate_only=True)).explanation for each in to[:2]]
    assert [
        [(each.reason, each.cause) for each in told_of.messages[0, 0].exclusions] for told_of in told if told_of
    ] == [
        [("SUPPRESSED", suppression.name), ("NO_RULE_MATCHED", "")],
        [("NO_RULE_MATCHED", ""), ("CAPPED", "sendingPolicies/default")],
    ]
    await process.close()


async def test_the_stored_profile_decides_under_what_the_call_says(world: World) -> None:
    await world.live(actions=(MAIL,))
    await stored(world, JANE, attributes={"tier": "gold", "city": "Berlin"})
    assert await sent(world, recipient("email:jane@example.com")) == {"jane": "Gold"}
    process = Process(world)
    await process.trigger(recipient("email:jane@example.com", profile={"tier": "tin"}))
    assert sorted(message.rule for message in messages(world).values()) == ["berlin", "gold"]
    await process.close()


async def test_high_throughput_reads_the_profile_of_the_call_alone(world: World) -> None:
    await world.live(actions=(MAIL,), throughput_mode=ThroughputMode.HIGH)
    await stored(world, JANE, attributes={"tier": "gold"})
    assert await sent(world, recipient("email:jane@example.com"), person("b", tier="gold")) == {
        "jane": "Order",
        "b": "Gold",
    }


async def test_a_rule_that_cannot_be_evaluated_is_not_true_and_is_counted(world: World) -> None:
    campaign = await world.live(actions=(MAIL,))
    assert await sent(world, person("a", city="Berlin"), person("b"), person("c", tier="gold")) == {
        "a": "Order",
        "b": "Order",
        "c": "Gold",
    }
    report = await world.reporting.report(campaign.id, 0, AUTHOR)
    counts = {(rule, metric): count for (_, rule, metric), count in report.rule_counts.items()}
    assert counts == {
        ("gold", Metric.RULE_FAILED): 2,
        ("gold", Metric.TARGETED): 1,
        ("gold", Metric.SENT): 1,
        ("berlin", Metric.TARGETED): 1,
        ("berlin", Metric.SENT): 1,
        ("", Metric.TARGETED): 1,
        ("", Metric.SENT): 1,
    }
    assert report.counts.targeted_count == 3
    assert {locale for locale, _ in report.locale_counts} == {"en"}


async def test_what_was_chosen_stays_when_the_campaign_and_the_profile_change(world: World) -> None:
    await world.live(actions=(MAIL,))
    await stored(world, JANE, attributes={"tier": "gold"})
    process = Process(world)
    await process.trigger(recipient("email:jane@example.com"))
    await process.close()
    plain = replace(MAIL, rules=(TargetingRule("gold", "false"),), variants=MAIL.variants[:1])
    await world.update(actions=(plain,))
    await world.activate("order-confirmed")
    provider = Provider()
    sending = Process(world, provider=provider)
    async with sending.sending():
        await until(lambda: len(messages(world, MessageState.SENT)) == 1)
    assert isinstance(provider.taken[0].rendered, RenderedEmail)
    assert provider.taken[0].rendered.subject == "Gold"


async def test_a_follow_up_has_the_rule_of_its_own_action(world: World) -> None:
    second = replace(MAIL, id="second", rules=(BERLIN,), variants=(), without_rule=WithoutRule.EXCLUDE)
    third = replace(MAIL, id="third", rules=(), variants=())
    await world.live(actions=(MAIL, second, third), action_mode=ActionMode.FIRST_DELIVERABLE)
    no_mailbox = PermanentFailure(Failure(FailureReason.RECIPIENT_REJECTED, "550"))

    def refuse(_: object) -> PermanentFailure:
        return no_mailbox

    process = Process(world, provider=Provider(refuse))
    async with process.sending():
        await process.trigger(person("a", tier="gold", city="Berlin"), person("b", tier="gold"))
        await until(lambda: len(messages(world, MessageState.FAILED)) == 5)
    found = {(m.address[0], m.action.id): (m.rule, m.state) for m in messages(world).values()}
    failed, excluded = MessageState.FAILED, MessageState.EXCLUDED
    assert found == {
        ("a", "email"): ("gold", failed),
        ("a", "second"): ("berlin", failed),
        ("a", "third"): ("", failed),
        ("b", "email"): ("gold", failed),
        ("b", "second"): ("", excluded),
        ("b", "third"): ("", failed),
    }


async def test_the_next_action_is_tried_at_once_where_no_rule_is_true(world: World) -> None:
    first = replace(MAIL, without_rule=WithoutRule.EXCLUDE)
    second = Action("second", "orders", EmailContent("Second", text="x"))
    await world.live(actions=(first, second), action_mode=ActionMode.FIRST_DELIVERABLE)
    assert await sent(world, person("a", tier="tin"), person("b", tier="gold")) == {"a": "Second", "b": "Gold"}


async def test_a_rule_that_does_not_compile_is_refused_when_it_is_stored(world: World) -> None:
    bad = replace(MAIL, rules=(*RULES, TargetingRule("bad", "profile.tier ==")))
    with pytest.raises(InvalidFields) as refused:
        await world.draft(actions=(bad,))
    (violation,) = refused.value.violations
    assert (violation.field, violation.reason) == ("campaign.actions[0].rules[2].condition", "CONDITION_INVALID")
    assert violation.description.startswith("Line 1, column 16: ")
    await world.draft()
    with pytest.raises(InvalidFields):
        await world.update(actions=(bad,))


async def test_the_id_of_a_removed_rule_cannot_be_taken_again(world: World) -> None:
    campaign = await world.live(actions=(MAIL,))
    without = replace(MAIL, rules=(BERLIN,), variants=MAIL.variants[:1])
    await world.update(actions=(without,))
    # It is not removed before a version is without it.
    await world.update(actions=(MAIL,))
    await world.update(actions=(without,))
    await world.activate(campaign.id)
    with pytest.raises(InvalidFields) as refused:
        await world.update(actions=(MAIL,))
    (violation,) = refused.value.violations
    assert (violation.field, violation.reason) == ("campaign.actions[0].rules[0].id", "ALREADY_USED")
    # Going back is activating the earlier version, after which the rule is there again.
    await world.activate(campaign.id, version=1)
    await world.update(actions=(MAIL,))
    copy = await world.authoring.duplicate(DuplicateCampaign(campaign.id, "copy"), AUTHOR)
    assert (copy.used_rules, copy.definition.actions) == ((), (MAIL,))


async def preview(world: World, **fields: Any) -> Preview:
    return await world.previewing.preview(
        PreviewCampaign("order-confirmed", context={"order": {"id": "1"}}, **fields), AUTHOR
    )


async def test_a_preview_tells_the_rule_and_why(world: World) -> None:
    await world.draft(actions=(MAIL,))
    shown = await preview(world, profile={"city": "Berlin"}, locale="de")
    assert shown.rule.rule == "berlin"
    assert shown.rule.evaluations == (
        RuleEvaluation("gold", RuleResult.FAILED, FailureCause.MISSING_VALUE),
        RuleEvaluation("berlin", RuleResult.TRUE),
    )
    assert isinstance(shown.rendered, RenderedEmail)
    assert (shown.rendered.subject, shown.rule.excludes) == ("Bestellung", False)
    none = await preview(world, profile={"tier": "tin"})
    assert (none.rule.rule, [each.result for each in none.rule.evaluations]) == ("", [RuleResult.FALSE] * 2)


async def test_a_preview_shows_the_content_of_the_rule_that_is_asked_for(world: World) -> None:
    await world.draft(actions=(MAIL,))
    shown = await preview(world, rule="gold", locale="de-CH")
    assert isinstance(shown.rendered, RenderedEmail)
    assert (shown.rendered.subject, shown.rule.rule, shown.rule.evaluations) == ("Gold auf Deutsch", "gold", ())
    with pytest.raises(InvalidFields) as refused:
        await preview(world, rule="tin")
    assert [(each.field, each.reason) for each in refused.value.violations] == [("rule", "UNKNOWN_VALUE")]


async def test_a_preview_says_that_the_recipient_would_get_nothing(world: World) -> None:
    await world.draft(actions=(replace(MAIL, without_rule=WithoutRule.EXCLUDE),))
    assert (await preview(world)).rule.excludes
    assert not (await preview(world, profile={"tier": "gold"})).rule.excludes


async def test_validation_explains_the_rule_and_every_reason(world: World) -> None:
    await world.live(actions=(replace(MAIL, without_rule=WithoutRule.EXCLUDE),))
    process = Process(world)
    answer = await process.trigger(person("a", city="Berlin"), person("b", tier="tin"), validate_only=True)
    assert answer.explanation is not None
    first, second = answer.explanation.messages[0, 0], answer.explanation.messages[1, 0]
    assert (first.rule, [each.result for each in first.rule_evaluations]) == (
        "berlin",
        [RuleResult.FAILED, RuleResult.TRUE],
    )
    assert (second.rule, [each.result for each in second.rule_evaluations]) == ("", [RuleResult.FALSE] * 2)
    assert [each.reason for each in second.exclusions] == [ExclusionReason.NO_RULE_MATCHED]
    await process.close()


async def test_health_tells_which_rule_cannot_be_evaluated(world: World) -> None:
    campaign = await world.live(actions=(MAIL,))
    await sent(world, person("a"), person("b"))
    (problem,) = (await world.health.of([campaign], AUTHOR.visibility))[campaign.key]
    assert (problem.code, problem.action, problem.rule) == (HealthCode.RULE_FAILING, "email", "gold")
    assert "2 times" in problem.message
    world.clock.advance(8 * DAY)
    assert (await world.health.of([campaign], AUTHOR.visibility))[campaign.key] == ()


async def test_a_run_of_an_audience_chooses_by_the_stored_profile(world: World) -> None:
    await world.live(actions=(replace(MAIL, without_rule=WithoutRule.EXCLUDE),))
    for name, attributes in (("gold", {"tier": "gold"}), ("berlin", {"city": "Berlin"}), ("none", {})):
        await stored(world, f"email:{name}@example.com", attributes={**attributes, "all": True})
    await by_condition(world, "profile.attributes.all == true")
    process = Process(world)
    await Runs(process).run()
    await process.close()
    assert rules_of(world) == {"gold": "gold", "berlin": "berlin", "none": ""}
    (excluded,) = messages(world, MessageState.EXCLUDED).values()
    assert excluded.end.exclusion is not None
    assert excluded.end.exclusion.reason is ExclusionReason.NO_RULE_MATCHED
