"""The rules that the languages of a campaign must satisfy to be stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from clarion_server.domain.campaign_definition import Action
from clarion_server.domain.locales import is_locale
from clarion_server.domain.violation import Violation, malformed, required, too_many

#: Of an action, the default one included.
MAX_LOCALES = 50
#: Limits an action, and a campaign.
MAX_VARIANTS, MAX_CELLS = 1_000, 2_000
#: Limits one locale.
MAX_FALLBACKS = 10

_TAG = "Must be a BCP 47 tag, such as 'pt-BR'."


def locale_violations(locale: str, field: str) -> Iterator[Violation]:
    if not is_locale(locale):
        yield malformed(field, _TAG)


def variant_violations(action: Action) -> Iterator[Violation]:
    """Yields the violations of an action's variants, by paths in the action."""
    if len(action.variants) > MAX_VARIANTS:
        yield too_many("variants", MAX_VARIANTS)
        return
    locales = {variant.locale for variant in action.variants if variant.locale}
    # The default content is one more that belongs to no rule.
    by_rule = Counter(["", *(variant.rule for variant in action.variants)])
    if max(len(locales), *by_rule.values()) > MAX_LOCALES:
        what = f"Must be in at most {MAX_LOCALES} locales, the default one included, and each rule and locale once."
        yield Violation("variants", "TOO_MANY", what)
    for index, variant in enumerate(action.variants):
        field, channel = f"variants[{index}]", variant.content.channel
        if variant.locale or not variant.rule:
            yield from locale_violations(variant.locale, f"{field}.locale")
        if channel is not action.content.channel:
            word = action.content.channel.word
            yield Violation(f"{field}.{channel.word}", "NOT_ALLOWED", f"Must be '{word}', as in the default content.")
        for violation in variant.content.variant_violations():
            yield violation.under(f"{field}.{channel.word}")


def fallback_violations(fallbacks: Mapping[str, tuple[str, ...]]) -> Iterator[Violation]:
    if len(fallbacks) > MAX_LOCALES:
        yield too_many("locale_fallbacks", MAX_LOCALES)
        return
    for index, (locale, tags) in enumerate(fallbacks.items()):
        field = f"locale_fallbacks[{index}]"
        yield from locale_violations(locale, f"{field}.locale")
        if not tags:
            yield required(f"{field}.fallbacks")
        if len(tags) > MAX_FALLBACKS:
            yield too_many(f"{field}.fallbacks", MAX_FALLBACKS)
        for place, tag in enumerate(tags[:MAX_FALLBACKS]):
            yield from locale_violations(tag, f"{field}.fallbacks[{place}]")
