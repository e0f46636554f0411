"""Reviews in which languages a campaign speaks, and that no message has two of them."""

from __future__ import annotations

from collections.abc import Iterator

from clarion_server.adapters.rendering.languages.locale_data import locale_data
from clarion_server.domain.campaigns.campaign_definition import Action, CampaignDefinition
from clarion_server.domain.campaigns.content_cells import ContentCells, locales_of_rule, offered_locales
from clarion_server.domain.finding import Finding, FindingCode, Severity
from clarion_server.domain.languages.content_locale import circles

_LANGUAGE = "Correct the tag: its first part is a language of ISO 639, such as 'de', 'pt' or 'zh'."


def language_findings(definition: CampaignDefinition) -> Iterator[Finding]:
    """Yields what is wrong with the locales of a campaign as a whole."""
    data = locale_data()
    for field, tag in _tags(definition):
        if not data.is_known(tag):
            message = f"Nobody knows the language of '{tag}', so that nobody gets its content or its formats."
            severity = Severity.WARNING if field == "default_locale" else Severity.ERROR
            yield Finding(severity, FindingCode.LOCALE_UNKNOWN, field, message, _LANGUAGE)
    positions = {locale: index for index, locale in enumerate(definition.locale_fallbacks)}
    for locale in circles(data, definition.locale_fallbacks):
        message = f"The fallbacks of '{locale}' lead back to it."
        remedy = "Let one of them end at a locale that the actions have content in."
        yield _error(FindingCode.LOCALE_FALLBACK_CIRCLE, f"locale_fallbacks[{positions[locale]}]", message, remedy)


def variant_findings(definition: CampaignDefinition, action_index: int, cells: ContentCells) -> Iterator[Finding]:
    """Yields what is wrong with the variants of an action, beside their templates."""
    action = definition.actions[action_index]
    rules = {rule.id for rule in action.rules}
    seen = {("", definition.default_locale.lower()): "The default content"}
    for index, variant in enumerate(action.variants):
        field, locale = f"actions[{action_index}].variants[{index}]", variant.locale or definition.default_locale
        if variant.rule and variant.rule not in rules:
            message = f"The action has no rule '{variant.rule}', so that nobody gets this variant."
            remedy = "Name one of its rules, or remove the variant."
            yield _error(FindingCode.VARIANT_UNKNOWN_KEY, f"{field}.rule", message, remedy)
            continue
        earlier = seen.setdefault((variant.rule, locale.lower()), f"variants[{index}]")
        if earlier != f"variants[{index}]":
            whose = f" for '{variant.rule}'" if variant.rule else ""
            message = f"{earlier} is in '{locale}'{whose} already, so that nobody gets this variant."
            yield _error(FindingCode.VARIANT_DUPLICATE, f"{field}.locale", message, "Remove one of the two.")
            continue
        cell = cells.cell(locale, variant.rule)
        for name in cell.content.missing_words():
            message = f"The variant '{locale}' has no {name}, and no content of its language has one."
            remedy = (
                f"Write it: the default content is in '{definition.default_locale}', which would mix two languages."
            )
            path = f"{field}.{variant.content.channel.word}.{name}"
            yield _error(FindingCode.CONTENT_LANGUAGE_MIXED, path, message, remedy)
    for rule_index, rule in enumerate(action.rules):
        yield from _missing_languages(definition, action, rule.id, f"actions[{action_index}].rules[{rule_index}]")


def _missing_languages(definition: CampaignDefinition, action: Action, rule: str, field: str) -> Iterator[Finding]:
    """Yields each language in which others get content, and the people of a rule with words of its own get none."""
    data, own = locale_data(), locales_of_rule(definition, action, rule)
    missing: list[str] = []
    for locale in offered_locales(definition, action) if own else ():
        if not any(data.is_same_language(locale, each) for each in (*own, *missing)):
            missing.append(locale)
            message = (
                f"The rule '{rule}' has words of its own, and none in '{locale}', in which the action has content."
            )
            remedy = f"Write a variant of the rule in '{locale}', or remove the words from its other variants."
            yield _error(FindingCode.VARIANT_LOCALE_MISSING, field, message, remedy)


def _tags(definition: CampaignDefinition) -> Iterator[tuple[str, str]]:
    """Yields every locale of the campaign with its path."""
    yield "default_locale", definition.default_locale
    for index, action in enumerate(definition.actions):
        yield from _tags_of_variants(action, f"actions[{index}]")
    for locale in definition.translations:
        yield f"translations.{locale}", locale
    for index, (locale, tags) in enumerate(definition.locale_fallbacks.items()):
        yield f"locale_fallbacks[{index}].locale", locale
        for tag_index, tag in enumerate(tags):
            yield f"locale_fallbacks[{index}].fallbacks[{tag_index}]", tag


def _tags_of_variants(action: Action, field: str) -> Iterator[tuple[str, str]]:
    for index, variant in enumerate(action.variants):
        if variant.locale:
            yield f"{field}.variants[{index}].locale", variant.locale


def _error(code: FindingCode, field: str, message: str, remedy: str) -> Finding:
    return Finding(Severity.ERROR, code, field, message, remedy)
