"""Review of contents for the people of rules."""

from __future__ import annotations

from clarion_server.domain.campaigns.campaign_definition import Action, CampaignDefinition, ContentVariant
from clarion_server.domain.campaigns.targeting import TargetingRule
from clarion_server.domain.category import Category
from clarion_server.domain.content.email import EmailContent, Mailbox

from tests.unit.rendering.contents import COMPILER

DEFAULT = EmailContent("Order", "<html><p>Order</p></html>")
GERMAN = ContentVariant("de", EmailContent("Bestellung", "<html><p>Bestellung</p></html>"))
GOLD = ContentVariant("", EmailContent("Gold"), "gold")
RULES = (TargetingRule("gold", "true"),)


def found(*variants: ContentVariant, default: EmailContent = DEFAULT, **changes: object) -> list[tuple[str, str]]:
    action = Action("email", "orders", default, variants, RULES)
    definition = CampaignDefinition("Orders", Category.TRANSACTIONAL, (action,), **changes)  # type: ignore[arg-type]
    return [(each.code.value, each.field.removeprefix("actions[0].")) for each in COMPILER.review(definition)]


def test_a_rule_with_words_in_each_language_has_no_finding() -> None:
    assert found(GERMAN, GOLD, ContentVariant("de", EmailContent("Gold auf Deutsch"), "gold")) == []
    # Another region of the language will do.
    assert found(GERMAN, GOLD, ContentVariant("de-AT", EmailContent("Gold auf Deutsch"), "gold")) == []


def test_a_rule_without_words_needs_no_language() -> None:
    assert found(GERMAN, ContentVariant("", EmailContent("", sender=Mailbox("desk@a.test")), "gold")) == []


def test_a_language_that_a_rule_with_words_lacks_is_found() -> None:
    assert found(GERMAN, GOLD) == [("VARIANT_LOCALE_MISSING", "rules[0]")]
    assert found(ContentVariant("de", EmailContent("Gold", text="x"), "gold")) == [
        ("VARIANT_LOCALE_MISSING", "rules[0]")
    ]


def test_words_that_no_content_of_the_language_has_are_found() -> None:
    french = ContentVariant("fr", EmailContent("Or"), "gold")
    assert found(GOLD, french) == [("CONTENT_LANGUAGE_MIXED", "variants[1].email.html")]


def test_variants_that_nobody_gets_are_found() -> None:
    assert found(GOLD, ContentVariant("en", EmailContent("Again"), "gold")) == [
        ("VARIANT_DUPLICATE", "variants[1].locale")
    ]
    assert found(ContentVariant("", EmailContent("Tin"), "tin")) == [("VARIANT_UNKNOWN_KEY", "variants[0].rule")]


def test_a_template_of_a_variant_is_reviewed_where_it_stands() -> None:
    broken = ContentVariant("", EmailContent("{{ context.nothing }}"), "gold")
    assert found(broken) == [("VARIABLE_NOT_IN_SCHEMA", "variants[0].email.subject")]


def test_the_texts_of_a_rule_are_reviewed_in_its_languages() -> None:
    texts = EmailContent("{{ t('gold') }}", "<html><p>Words</p></html>")
    translations = {"en": {"gold": "Gold", "order": "Order"}, "de": {"order": "Bestellung"}}
    default = EmailContent("{{ t('order') }}", "<html><p>{{ t('order') }}</p></html>")
    assert sorted(found(ContentVariant("", texts, "gold"), default=default, translations=translations)) == [
        ("CONTENT_LANGUAGE_MIXED", "variants[0].email.html"),
        ("TRANSLATION_MISSING", "translations.de"),
    ]


def test_the_rules_are_reviewed_with_the_context_schema() -> None:
    action = Action("email", "orders", DEFAULT, (), (TargetingRule("gold", "context.total > 3"),))
    schema = {"type": "object", "properties": {"total": {"type": "number"}}}
    definition = CampaignDefinition("Orders", Category.TRANSACTIONAL, (action,), context_schema=schema)
    (finding,) = COMPILER.review(definition)
    assert (finding.code.value, finding.field) == ("RULE_MAY_FAIL", "actions[0].rules[0].condition")
