"""Cells: which contents of a campaign a test case is tried with, and why these.

A case that says which locale its recipient wants is tried with the content that this locale gets. One that does not say
so is tried with the content of every locale that an action has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from clarion_server.domain.campaign import CampaignDefinition
from clarion_server.domain.choice import Source, choose_locale
from clarion_server.domain.content_locale import ContentLocales, LocaleChoice
from clarion_server.domain.finding import Finding, FindingCode, Severity
from clarion_server.domain.language_tags import read_locale
from clarion_server.domain.test_case import TestCase
from clarion_server.domain.value import value

#: The most cells of one run, of what is accepted of one campaign, and of one review.
MAX_CELLS = 2_000


class LocaleOrigin(StrEnum):
    CASE = "CASE"
    """The case names the locale."""
    PROFILE = "PROFILE"
    """The profile of the case does."""
    EVERY = "EVERY"
    """Neither does, so every locale of the action is tried."""


@value
class CellKey:
    """Names a cell of a campaign."""

    test_case: str
    """The id of the case; so with the action."""
    action: str
    locale: str
    """That of the content."""
    rule: str = ""
    """The id of the targeting rule whose content it is; empty for content of no rule."""


@value
class TestCell:
    """One case, tried with one content."""

    case: TestCase
    action_index: int
    key: CellKey
    wanted: str
    """The locale that the recipient wants. As it was given, when it is none."""
    origin: LocaleOrigin
    choice: LocaleChoice
    """The locale of the content, and why the recipient gets it."""


TestCell.__test__ = False  # type: ignore[attr-defined] # pytest takes it for tests where a module imports it


def cells_of(
    cases: Iterable[TestCase], definition: CampaignDefinition, locales: Sequence[ContentLocales]
) -> Iterator[TestCell]:
    """Yields the cells of the cases, in the order of the cases, the actions and their locales.

    `locales` are those of each action's content.
    """
    for case in cases:
        wanted = choose_locale(case.locale, case.profile, "")
        for index, (action, offered) in enumerate(zip(definition.actions, locales, strict=True)):
            if wanted.source is Source.CAMPAIGN:
                tags, origin = offered.offered, LocaleOrigin.EVERY
            else:
                tags = (_tag(wanted.value, definition.default_locale),)
                origin = LocaleOrigin.CASE if wanted.source is Source.RECIPIENT else LocaleOrigin.PROFILE
            for tag in tags:
                choice = offered.choose(tag)
                yield TestCell(case, index, CellKey(case.id, action.id, choice.locale), tag, origin, choice)


def _tag(text: str, default_locale: str) -> str:
    """Returns the tag that a locale is read as, and a malformed one as it stands."""
    read = read_locale(text)
    return text if read is None else read or default_locale


def untested_findings(
    cells: Iterable[TestCell], definition: CampaignDefinition, locales: Sequence[ContentLocales]
) -> Iterator[Finding]:
    """Yields a warning for every content that no case is tried with."""
    tested = {(cell.action_index, cell.choice.locale) for cell in cells}
    for index, (action, offered) in enumerate(zip(definition.actions, locales, strict=True)):
        paths = {variant.locale: f"actions[{index}].variants[{place}]" for place, variant in enumerate(action.variants)}
        for locale in offered.offered:
            if (index, locale) not in tested:
                path = paths.get(locale, f"actions[{index}].{action.content.channel.word}")
                message = f"No test case is tried with the content of the action `{action.id}` in `{locale}`."
                remedy = (
                    f"Add a test case with the locale `{locale}`, or one without a locale, which is tried with all."
                )
                yield Finding(Severity.WARNING, FindingCode.VARIANT_UNTESTED, path, message, remedy)
