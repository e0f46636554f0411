"""Checks the variants of an action: their number, their locales and their channels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from clarion_server.domain.campaigns.campaign_definition import Action
from clarion_server.domain.languages.locale_rules import MAX_LOCALES, locale_violations
from clarion_server.domain.violation import Violation, too_many

#: An action has at most this many variants, and a campaign at most this many contents.
MAX_VARIANTS, MAX_CELLS = 1_000, 2_000


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
