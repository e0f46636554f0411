"""Targeting rules over the wire: from the trigger to the mail, and what tells of the rule."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_client import (
    Action,
    AsyncClient,
    ContentVariant,
    EmailContent,
    InvalidRequestError,
    PreconditionFailedError,
    TargetingRule,
    WithoutRule,
)
from clarion_client import Recipient as To

from tests.campaigns import CONTEXT, campaign, channel
from tests.e2e.wire.conftest import Sandbox
from tests.smtp_sink import SmtpSink
from tests.waiting import until

GOLD = TargetingRule(id="gold", display_name="Gold members", condition="profile.tier == 'gold'")
GERMAN = TargetingRule(id="german", condition="recipient.locale.startsWith('de')")
MAIL = Action(
    id="mail",
    channel_configuration="mail",
    email=EmailContent(subject="Order", text="Order"),
    rules=[GOLD, GERMAN],
    variants=[
        ContentVariant(locale="fr", email=EmailContent(subject="Commande", text="Commande")),
        ContentVariant(rule="gold", email=EmailContent(subject="Gold")),
        ContentVariant(rule="gold", locale="fr", email=EmailContent(subject="Or")),
    ],
    without_rule=WithoutRule.EXCLUDE,
)
PEOPLE = {
    "a@example.com": ({"tier": "gold"}, "fr-CA", "gold", "Or"),
    "b@example.com": ({"tier": "gold"}, "de", "gold", "Gold"),
    "c@example.com": ({}, "de-AT", "german", "Order"),
    "d@example.com": ({"tier": "tin"}, "en", "", ""),
}


@pytest.fixture
async def client(sandbox: Sandbox, sink: SmtpSink) -> AsyncClient:
    """Has a live campaign that has rules."""
    await sandbox.client.channels.create(channel("mail", sink.port))
    made = await sandbox.client.campaigns.create(campaign("news", "mail", actions=[MAIL]))
    assert list(made.actions[0].rules) == MAIL.rules
    assert [(each.rule, each.locale) for each in made.actions[0].variants] == [("", "fr"), ("gold", ""), ("gold", "fr")]
    activation = await sandbox.client.campaigns.activate("news")
    assert [(each.code, each.field, each.line) for each in activation.findings] == [
        ("RULE_MAY_FAIL", "actions[0].rules[0].condition", 1)
    ]
    return sandbox.client


async def test_mails_messages_events_the_report_and_health_tell_the_rule(client: AsyncClient, sink: SmtpSink) -> None:
    to = [To(address, CONTEXT, locale=locale, profile=profile) for address, (profile, locale, *_) in PEOPLE.items()]
    await client.trigger("news", to)
    mails = {mail.parsed["To"]: mail.parsed["Subject"] for mail in await sink.wait_for(3)}
    assert mails == {address: subject for address, (*_, subject) in PEOPLE.items() if subject}

    async def are_sent() -> bool:
        return (await client.reports.get("news")).sent_count == 3

    await until(are_sent)
    async for message in client.messages.list():
        rule = PEOPLE[message.address][2]
        assert message.rule == rule
        (event,) = (await client.messages.get(message.name)).events
        assert event.rule == rule
        assert message.exclusion_reason == (None if rule else "NO_RULE_MATCHED")
    report = await client.reports.get("news")
    assert [
        (
            each.action,
            each.rule,
            each.targeted_count,
            each.sent_count,
            each.excluded_count,
            each.failed_evaluation_count,
        )
        for each in report.rule_counts
    ] == [("mail", "", 1, 0, 1, 0), ("mail", "german", 1, 1, 0, 0), ("mail", "gold", 2, 2, 0, 1)]
    health = (await client.campaigns.get("news")).health
    assert health is not None
    assert [(each.code, each.action, each.rule) for each in health.problems] == [("RULE_FAILING", "mail", "gold")]


async def test_validation_previews_and_proofs_tell_it_before(client: AsyncClient, sink: SmtpSink) -> None:
    answer = await client.trigger("news", [To("c@example.com", CONTEXT, locale="de")], validate_only=True)
    explanation = answer.recipients[0].messages[0].explanation
    assert explanation is not None
    evaluations = [(each.rule, each.result, each.cause) for each in explanation.rule_evaluations]
    assert (explanation.rule, evaluations) == (
        "german",
        [("gold", "FAILED", "MISSING_VALUE"), ("german", "TRUE", None)],
    )
    preview = await client.campaigns.preview("news", CONTEXT, profile={"tier": "gold"}, locale="fr")
    assert preview.email is not None
    assert (preview.email.subject, preview.rule, preview.exclusion_reason) == ("Or", "gold", None)
    nobody = await client.campaigns.preview("news", CONTEXT, profile={"tier": "tin"})
    assert (nobody.rule, nobody.exclusion_reason) == ("", "NO_RULE_MATCHED")
    forced = await client.campaigns.preview("news", CONTEXT, rule="gold")
    assert forced.email is not None
    assert (forced.email.subject, forced.rule_evaluations) == ("Gold", ())
    (proof,) = await client.proofs.send("news", ["author@example.com"], CONTEXT, rule="gold", locale="fr")
    assert proof.rule == "gold"
    (mail,) = await sink.wait_for(1)
    assert mail.parsed["Subject"] == "[Proof] Or"


BAD = {
    "no rule of that id": ({"rule": "tin"}, "rule"),
    "an action that there is not": ({"action": "tin"}, "action"),
}


@pytest.mark.parametrize("case", BAD)
async def test_a_rule_that_there_is_not_cannot_be_shown(client: AsyncClient, case: str) -> None:
    fields, field = BAD[case]
    with pytest.raises(InvalidRequestError) as refused:
        await client.campaigns.preview("news", CONTEXT, **fields)  # type: ignore[arg-type]
    assert [(each.field, each.reason) for each in refused.value.violations] == [(field, "UNKNOWN_VALUE")]


@pytest.mark.parametrize(
    ("action", "violations"),
    [
        (
            replace(MAIL, rules=[replace(GOLD, condition="profile.tier ="), replace(GERMAN, id="Gold")]),
            [("rules[0].condition", "CONDITION_INVALID"), ("rules[1].id", "MALFORMED")],
        ),
        (
            replace(MAIL, rules=[replace(GOLD, condition="now > now")]),
            [("rules[0].condition", "CONDITION_INVALID")] * 2,
        ),
        (replace(MAIL, rules=[GOLD, GOLD]), [("rules[1].id", "DUPLICATE")]),
        (replace(MAIL, rules=[replace(GOLD, condition="")]), [("rules[0].condition", "REQUIRED")]),
        (replace(MAIL, rules=[replace(GOLD, id=f"r{index}") for index in range(21)]), [("rules", "TOO_MANY")]),
        (replace(MAIL, rules=[], variants=[]), [("without_rule", "NOT_ALLOWED")]),
    ],
)
async def test_bad_rules_are_refused_with_their_place(
    sandbox: Sandbox, action: Action, violations: list[tuple[str, str]]
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await sandbox.client.campaigns.create(campaign("bad", "mail", actions=[action]))
    found = [(each.field.removeprefix("campaign.actions[0]."), each.reason) for each in refused.value.violations]
    assert sorted(found) == sorted(violations)


async def test_what_review_finds_keeps_a_campaign_from_being_activated(sandbox: Sandbox, sink: SmtpSink) -> None:
    await sandbox.client.channels.create(channel("mail", sink.port))
    wrong = replace(GOLD, condition="context.oder.id == 'A'")
    action = replace(MAIL, rules=[wrong, GERMAN], variants=MAIL.variants[:2])
    await sandbox.client.campaigns.create(campaign("bad", "mail", actions=[action]))
    with pytest.raises(PreconditionFailedError) as refused:
        await sandbox.client.campaigns.activate("bad")
    assert {(each.code, each.field) for each in refused.value.findings} == {
        ("RULE_UNKNOWN_NAME", "actions[0].rules[0].condition"),
        ("VARIANT_LOCALE_MISSING", "actions[0].rules[0]"),
    }


async def test_the_id_of_a_removed_rule_cannot_be_taken_again(client: AsyncClient) -> None:
    found = await client.campaigns.get("news")
    without = [replace(MAIL, rules=[GERMAN], variants=MAIL.variants[:1])]
    await client.campaigns.update(replace(found, actions=without, etag=""), ["actions"])
    await client.campaigns.activate("news")
    with pytest.raises(InvalidRequestError) as refused:
        await client.campaigns.update(replace(found, actions=[MAIL], etag=""), ["actions"])
    assert [(each.field, each.reason) for each in refused.value.violations] == [
        ("campaign.actions[0].rules[0].id", "ALREADY_USED")
    ]
