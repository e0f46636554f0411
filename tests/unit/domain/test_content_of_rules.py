"""Tests the content of a rule: its languages, what fills what it leaves empty, and that a message has one language."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_server.adapters.rendering.languages.locale_data import locale_data
from clarion_server.domain.audiences.condition import FailureCause
from clarion_server.domain.campaigns.campaign_definition import Action, CampaignDefinition, ContentVariant
from clarion_server.domain.campaigns.campaign_rules import campaign_violations
from clarion_server.domain.campaigns.content_cells import content_cell, locales_of_rule, offered_locales
from clarion_server.domain.campaigns.targeting import (
    ActionRules,
    Person,
    RuleEvaluation,
    RuleFailure,
    RuleResult,
    TargetingRule,
    WithoutRule,
    choose_content,
    evaluations,
)
from clarion_server.domain.campaigns.targeting_rules import removed_rule_violations
from clarion_server.domain.category import Category
from clarion_server.domain.content import Content
from clarion_server.domain.content.email import EmailContent, Mailbox
from clarion_server.domain.content.webhook import WebhookContent
from clarion_server.domain.languages.content_locale import ContentLocales, LocaleChoice, LocaleReason
from hypothesis import given
from hypothesis import strategies as st

DATA = locale_data()
DEFAULT = EmailContent("Order", "<p>Order</p>", headers={"X-Shop": "1"}, sender=Mailbox("shop@a.test"))
GERMAN = ContentVariant("de", EmailContent("Bestellung", "<p>Bestellung</p>"))
GOLD = ContentVariant("", EmailContent("Gold", sender=Mailbox("gold@a.test")), "gold")
GERMAN_GOLD = ContentVariant("de", EmailContent("Gold auf Deutsch"), "gold")
DESK = ContentVariant("", EmailContent("", sender=Mailbox("desk@a.test")), "desk")
RULES = tuple(TargetingRule(rule, "true") for rule in ("gold", "desk", "none"))


def definition(*variants: ContentVariant, default: Content = DEFAULT, **changes: object) -> CampaignDefinition:
    action = Action("email", "orders", default, variants, RULES)
    return CampaignDefinition("Orders", Category.TRANSACTIONAL, (action,), **changes)  # type: ignore[arg-type]


ALL = definition(GERMAN, GOLD, GERMAN_GOLD, DESK)


@pytest.mark.parametrize(
    ("rule", "locale", "subject", "html", "sender"),
    [
        ("", "en", "Order", "<p>Order</p>", "shop@a.test"),
        ("", "de", "Bestellung", "<p>Bestellung</p>", "shop@a.test"),
        ("gold", "en", "Gold", "<p>Order</p>", "gold@a.test"),
        ("gold", "de", "Gold auf Deutsch", "<p>Bestellung</p>", "gold@a.test"),
        ("desk", "en", "Order", "<p>Order</p>", "desk@a.test"),
        ("desk", "de", "Bestellung", "<p>Bestellung</p>", "desk@a.test"),
        ("none", "de", "Bestellung", "<p>Bestellung</p>", "shop@a.test"),
    ],
)
def test_a_rule_takes_words_of_its_own_language_and_the_rest_from_any(
    rule: str, locale: str, subject: str, html: str, sender: str
) -> None:
    content = content_cell(DATA, ALL, 0, locale, rule).content
    assert isinstance(content, EmailContent)
    assert content.sender is not None
    assert (content.subject, content.html, content.sender.address) == (subject, html, sender)
    assert content.headers == {"X-Shop": "1"}


@pytest.mark.parametrize(
    ("default", "own"),
    [
        (EmailContent("Order", "x", headers={"X-Shop": "1", "X-Kind": "a"}), EmailContent("", headers={"x-shop": "2"})),
        (WebhookContent("{}", headers={"X-Shop": "1", "X-Kind": "a"}), WebhookContent("", headers={"x-shop": "2"})),
    ],
)
def test_a_header_field_of_a_rule_replaces_that_of_the_same_name_in_another_case(
    default: Content, own: Content
) -> None:
    content: Any = content_cell(
        DATA, definition(ContentVariant("", own, "gold"), default=default), 0, "en", "gold"
    ).content
    assert content.headers == {"X-Kind": "a", "x-shop": "2"}


def test_the_words_of_a_rule_in_a_parent_locale_come_before_those_of_no_rule() -> None:
    austrian = ContentVariant("de-AT", EmailContent("", text="Servus"), "gold")
    content = content_cell(DATA, definition(GERMAN, GERMAN_GOLD, austrian), 0, "de-AT", "gold").content
    assert isinstance(content, EmailContent)
    assert (content.subject, content.html, content.text) == ("Gold auf Deutsch", "<p>Bestellung</p>", "Servus")


def test_a_language_that_the_rule_alone_has_is_not_filled_from_another_one() -> None:
    french = ContentVariant("fr", EmailContent("Or"), "gold")
    content = content_cell(DATA, definition(GOLD, french), 0, "fr", "gold").content
    assert content.missing_words() == ["html"]


def test_a_rule_offers_its_own_locales_and_those_of_its_texts() -> None:
    texts = EmailContent("{{ t('a') }}", text="x")
    translated = definition(ContentVariant("", texts, "gold"), DESK, translations={"fr": {"a": "A"}, "en": {"a": "B"}})
    action = translated.actions[0]
    assert locales_of_rule(translated, action, "gold") == ["en", "fr"]
    assert locales_of_rule(translated, action, "desk") == []
    assert offered_locales(translated, action) == ["en"]
    assert locales_of_rule(ALL, ALL.actions[0], "gold") == ["en", "de"]
    assert offered_locales(ALL, ALL.actions[0]) == ["en", "de"]


class Answers:
    def __init__(self, rule: str, *failures: RuleFailure) -> None:
        self._answer = rule, failures

    def first_true(self, person: Person) -> tuple[str, tuple[RuleFailure, ...]]:
        return self._answer


OTHERS = ContentLocales(DATA, ["en", "de"])
WITH_GERMAN, WITH_FRENCH = ContentLocales(DATA, ["en", "de"]), ContentLocales(DATA, ["fr"])


@pytest.mark.parametrize(
    ("rule", "without_rule", "wanted", "chosen", "locale", "reason"),
    [
        ("gold", WithoutRule.EXCLUDE, "de-AT", "gold", "de", LocaleReason.PARENT),
        ("gold", WithoutRule.EXCLUDE, "ja", "gold", "en", LocaleReason.DEFAULT),
        ("french", WithoutRule.EXCLUDE, "fr", "french", "fr", LocaleReason.EXACT),
        ("french", WithoutRule.EXCLUDE, "de", "french", "de", LocaleReason.EXACT),
        ("french", WithoutRule.EXCLUDE, "ja", "french", "en", LocaleReason.DEFAULT),
        ("desk", WithoutRule.EXCLUDE, "de", "desk", "de", LocaleReason.EXACT),
        ("", WithoutRule.SEND_DEFAULT, "de", "", "de", LocaleReason.EXACT),
        ("", WithoutRule.EXCLUDE, "de", None, "de", LocaleReason.EXACT),
    ],
)
def test_the_rule_is_chosen_first_and_its_locale_before_that_of_no_rule(
    rule: str, without_rule: WithoutRule, wanted: str, chosen: str | None, locale: str, reason: LocaleReason
) -> None:
    failure = RuleFailure("first", FailureCause.MISSING_VALUE)
    rules = ActionRules(
        ("first", "gold"), Answers(rule, failure), without_rule, {"gold": WITH_GERMAN, "french": WITH_FRENCH}
    )
    choice = choose_content(rules, OTHERS, Person({}, {}, "", "", wanted))
    assert (choice.rule, choice.locale, choice.failures) == (chosen, LocaleChoice(locale, reason), (failure,))


TAGS = st.sampled_from(["en", "de", "de-AT", "fr", "zh-TW", "zh", "sr-Latn", "ar", "pt-BR", "pt-PT", "nn"])


@given(st.lists(TAGS, min_size=1, unique=True), st.lists(TAGS, unique=True), TAGS)
def test_everybody_gets_a_locale_that_the_rule_or_no_rule_has(offered: list[str], own: list[str], wanted: str) -> None:
    locales = {"gold": ContentLocales(DATA, own)} if own else {}
    rules = ActionRules(("gold",), Answers("gold"), WithoutRule.EXCLUDE, locales)
    choice = choose_content(rules, ContentLocales(DATA, offered), Person({}, {}, "", "", wanted)).locale
    assert choice.locale in {*offered, *own}
    if wanted in own:
        assert choice == LocaleChoice(wanted, LocaleReason.EXACT)


def test_the_evaluations_end_with_the_rule_that_is_true() -> None:
    failures = [RuleFailure("b", FailureCause.WRONG_TYPE)]
    told = evaluations(("a", "b", "c", "d"), "c", failures)
    failed = RuleEvaluation("b", RuleResult.FAILED, FailureCause.WRONG_TYPE)
    assert told == (RuleEvaluation("a", RuleResult.FALSE), failed, RuleEvaluation("c", RuleResult.TRUE))
    assert [each.rule for each in evaluations(("a", "b"), "", failures)] == ["a", "b"]


def broken(*rules: TargetingRule, without_rule: WithoutRule = WithoutRule.SEND_DEFAULT) -> dict[str, str]:
    action = Action("email", "orders", DEFAULT, (), rules, without_rule)
    found = campaign_violations(CampaignDefinition("Orders", Category.TRANSACTIONAL, (action,)))
    return {violation.field.removeprefix("actions[0]."): violation.reason for violation in found}


def test_what_is_wrong_with_rules_is_said_all_at_once() -> None:
    rules = [TargetingRule("Gold", " "), TargetingRule("a", "x" * 2_001, "two\nlines"), TargetingRule("a", "true")]
    assert broken(*rules) == {
        "rules[0].id": "MALFORMED",
        "rules[0].condition": "REQUIRED",
        "rules[1].condition": "TOO_LONG",
        "rules[1].display_name": "MALFORMED",
        "rules[2].id": "DUPLICATE",
    }
    assert broken(*(TargetingRule(f"r{index}", "true") for index in range(21))) == {"rules": "TOO_MANY"}
    assert broken(without_rule=WithoutRule.EXCLUDE) == {"without_rule": "NOT_ALLOWED"}


def test_variants_are_bounded_by_action_and_by_campaign_and_one_without_a_rule_has_a_locale() -> None:
    mail = EmailContent("x")
    many = tuple(ContentVariant("", mail, f"r{index}") for index in range(1_001))
    assert [each.reason for each in campaign_violations(definition(*many))] == ["TOO_MANY"]
    tags = [f"{a}{b}" for a in "abcdefgh" for b in "klmnopqr"][:51]
    spread = tuple(ContentVariant(tag, mail, "gold") for tag in tags)
    assert [each.reason for each in campaign_violations(definition(*spread))] == ["TOO_MANY"]
    action = definition(*many[:1_000]).actions[0]
    three = tuple(Action(f"a{index}", "orders", DEFAULT, action.variants, RULES) for index in range(3))
    found = campaign_violations(CampaignDefinition("Orders", Category.TRANSACTIONAL, three))
    assert [(each.field, each.reason) for each in found] == [("actions", "TOO_MANY")]
    (violation,) = campaign_violations(definition(ContentVariant("", mail)))
    assert (violation.field, violation.reason) == ("actions[0].variants[0].locale", "MALFORMED")


def test_the_id_of_a_removed_rule_is_taken_for_ever_in_its_action() -> None:
    used = [("email", "gold"), ("email", "old"), ("hook", "desk")]
    found = [each.field for each in removed_rule_violations(ALL, used, None, definition())]
    assert found == []
    found = [each.field for each in removed_rule_violations(ALL, used, None)]
    assert found == ["actions[0].rules[0].id"]
