"""Cells: which contents of a campaign a test case is tried with, and why these.

A case that says which locale its recipient wants is tried with the content that this recipient gets. One that does not
say so is tried with what the same recipient gets in every locale that an action has. The targeting rule is the one that
is true of the data of the case, unless the case names another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from clarion_server.domain.campaigns.campaign_definition import Action, CampaignDefinition
from clarion_server.domain.campaigns.targeting import (
    ActionRules,
    Person,
    RuleEvaluation,
    WithoutRule,
    choose_content,
    evaluations,
)
from clarion_server.domain.campaigns.test_case import TestCase
from clarion_server.domain.consent.choice import Source, choose_locale
from clarion_server.domain.finding import Finding, FindingCode, Severity
from clarion_server.domain.languages.content_locale import ContentLocales, LocaleChoice
from clarion_server.domain.languages.language_tags import read_locale
from clarion_server.domain.value import value

#: A run, the accepted renderings of a campaign, and a review have at most this many cells.
MAX_CELLS = 2_000


class LocaleOrigin(StrEnum):
    CASE = "CASE"
    """The case names the locale."""
    PROFILE = "PROFILE"
    """The profile of the case names it."""
    EVERY = "EVERY"
    """Neither names one, so every locale of the action is tried."""


@value
class CellKey:
    """Names a cell of a campaign."""

    test_case: str
    """Is the id of the case. The action is named by its id, too."""
    action: str
    locale: str
    """Is that of the content."""
    rule: str = ""
    """Is the id of the targeting rule whose content it is; empty for content of no rule."""


@value
class TestCell:
    """One case, tried with one content."""

    case: TestCase
    action_index: int
    key: CellKey
    wanted: str
    """Is the locale that the recipient wants, or the text that was given when that is no locale."""
    origin: LocaleOrigin
    choice: LocaleChoice
    """Is the locale of the content, and why the recipient gets it."""
    evaluations: tuple[RuleEvaluation, ...] = ()
    """Is what the rules of the action are of the recipient. None when the case names the rule."""
    is_excluded: bool = False
    """Says whether the recipient gets nothing, as no rule is true."""


TestCell.__test__ = False  # type: ignore[attr-defined] # pytest takes it for tests where a module imports it


@dataclass(frozen=True, slots=True)
class ActionContents:
    """Says for which rules and locales an action has content."""

    locales: ContentLocales
    """Holds those of the content that belongs to no rule."""
    rules: ActionRules | None
    """None means that the action has none."""

    @property
    def offered(self) -> Iterator[tuple[str, str]]:
        """Returns the rule and the locale of each content that somebody may get."""
        if self.rules is None or self.rules.without_rule is WithoutRule.SEND_DEFAULT:
            yield from (("", locale) for locale in self.locales.offered)
        if self.rules is not None:
            for rule in self.rules.ids:
                yield from ((rule, locale) for locale in self.rules.locales.get(rule, self.locales).offered)


#: Returns the recipient of a case, for the action at a position, who wants a locale.
PersonOf = Callable[[TestCase, int, str], Person]


def cells_of(
    cases: Iterable[TestCase], definition: CampaignDefinition, contents: Sequence[ActionContents], person_of: PersonOf
) -> Iterator[TestCell]:
    """Yields the cells of the cases, each once, in the order of the cases, the actions and their locales.

    `contents` are those of each action.
    """
    for case in cases:
        wanted = choose_locale(case.locale, case.profile, "")
        for index, (action, of_action) in enumerate(zip(definition.actions, contents, strict=True)):
            if wanted.source is Source.CAMPAIGN:
                tags: Iterable[str] = dict.fromkeys(locale for _, locale in of_action.offered)
                origin = LocaleOrigin.EVERY
            else:
                tags = (_tag(wanted.value, definition.default_locale),)
                origin = LocaleOrigin.CASE if wanted.source is Source.RECIPIENT else LocaleOrigin.PROFILE
            cells = (_cell(case, index, action, of_action, origin, person_of(case, index, tag)) for tag in tags)
            yield from _first_of_each_key(cells)


def _first_of_each_key(cells: Iterable[TestCell]) -> Iterable[TestCell]:
    found: dict[CellKey, TestCell] = {}
    for cell in cells:
        found.setdefault(cell.key, cell)
    return found.values()


def _cell(
    case: TestCase, index: int, action: Action, contents: ActionContents, origin: LocaleOrigin, person: Person
) -> TestCell:
    rules, wanted = contents.rules, person.locale
    if rules is None:
        choice = contents.locales.choose(wanted)
        return TestCell(case, index, CellKey(case.id, action.id, choice.locale), wanted, origin, choice)
    if case.rule in rules.ids:
        choice = rules.locale(case.rule, wanted, contents.locales)
        return TestCell(case, index, CellKey(case.id, action.id, choice.locale, case.rule), wanted, origin, choice)
    found = choose_content(rules, contents.locales, person)
    key = CellKey(case.id, action.id, found.locale.locale, found.rule or "")
    evaluated = evaluations(rules.ids, found.rule or "", found.failures)
    return TestCell(case, index, key, wanted, origin, found.locale, evaluated, found.rule is None)


def _tag(text: str, default_locale: str) -> str:
    """Returns the tag that a locale is read as, and a malformed one as it stands."""
    read = read_locale(text)
    return text if read is None else read or default_locale


def untested_findings(
    cells: Iterable[TestCell], definition: CampaignDefinition, contents: Sequence[ActionContents]
) -> Iterator[Finding]:
    """Yields a warning for every rule that no case reaches, and for every other content that no case is tried with."""
    tested = {(cell.action_index, cell.key.rule, cell.key.locale) for cell in cells if not cell.is_excluded}
    reached = {(index, rule) for index, rule, _ in tested}
    for index, (action, of_action) in enumerate(zip(definition.actions, contents, strict=True)):
        for rule_index, rule in enumerate(action.rules):
            if (index, rule.id) not in reached:
                yield _untested_rule(action, rule.id, f"actions[{index}].rules[{rule_index}]")
        for rule_id, locale in of_action.offered:
            if (index, rule_id, locale) not in tested and (not rule_id or (index, rule_id) in reached):
                yield _untested(action, rule_id, locale, _path(definition, index, rule_id, locale))


def _untested_rule(action: Action, rule: str, path: str) -> Finding:
    message = f"No test case gets the content of the rule `{rule}` of the action `{action.id}`."
    remedy = f"Add a test case for which the rule is true, or one that names it: `rule: {rule}`."
    return Finding(Severity.WARNING, FindingCode.RULE_UNTESTED, path, message, remedy)


def _untested(action: Action, rule: str, locale: str, path: str) -> Finding:
    of_rule = f" for the rule `{rule}`" if rule else ""
    message = f"No test case is tried with the content of the action `{action.id}`{of_rule} in `{locale}`."
    whose = " of which no rule is true," if action.rules and not rule else ""
    remedy = f"Add a test case{whose} with the locale `{locale}`, or one without a locale, which is tried with all."
    return Finding(Severity.WARNING, FindingCode.VARIANT_UNTESTED, path, message, remedy)


def _path(definition: CampaignDefinition, index: int, rule: str, locale: str) -> str:
    """Returns where the content is written, or else that of the whole action."""
    action = definition.actions[index]
    for variant_index, variant in enumerate(action.variants):
        if (variant.rule, variant.locale or definition.default_locale) == (rule, locale):
            return f"actions[{index}].variants[{variant_index}]"
    return f"actions[{index}].{action.content.channel.word}"
