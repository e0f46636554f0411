"""Targeting rules: whom the contents of an action are for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from clarion_server.domain.audiences.condition import FailureCause
from clarion_server.domain.languages.content_locale import ContentLocales, LocaleChoice, LocaleReason
from clarion_server.domain.value import value

MAX_RULES = 20
#: The condition of a rule has at most this many characters.
MAX_RULE = 2_000

RULE_ID = re.compile("[a-z0-9-]{1,32}")


@dataclass(frozen=True, slots=True)
class TargetingRule:
    """Says whom a content is for."""

    id: str
    condition: str
    display_name: str = ""


class WithoutRule(StrEnum):
    """Is what happens to recipients of whom no rule is true."""

    SEND_DEFAULT = "SEND_DEFAULT"
    EXCLUDE = "EXCLUDE"


@value
class RecipientData:
    """Is the data with which a recipient's messages are rendered, and which rules read."""

    context: Mapping[str, Any]
    profile: Mapping[str, Any]


NO_DATA: Mapping[int, RecipientData] = {}


class RuleFailure(NamedTuple):
    """Is a failed evaluation of a rule. The rule counts as not true."""

    rule: str
    cause: FailureCause


class RuleResult(StrEnum):
    TRUE = "TRUE"
    FALSE = "FALSE"
    FAILED = "FAILED"


@value
class RuleEvaluation:
    """Says whether a rule is true of somebody."""

    rule: str
    result: RuleResult
    cause: FailureCause | None = None
    """Is set for FAILED alone."""


NO_AUDIENCES: frozenset[str] = frozenset()
#: Holds the ids of the audiences that rules ask about and that a recipient belongs to, by the recipient's position.
#: Whoever belongs to none may be left out.
Memberships = Mapping[int, frozenset[str]]
NO_MEMBERSHIPS: Memberships = {}


class Person(NamedTuple):
    """Is the recipient of whom a rule may be true."""

    context: Mapping[str, Any]
    profile: Mapping[str, Any]
    identity: str
    address: str
    locale: str
    audiences: frozenset[str] = NO_AUDIENCES
    """Holds the ids of those that rules ask about and that the person belongs to."""


class RuleSet(Protocol):
    """Holds the compiled rules of an action. The same person always gets the same answer. Any thread may ask."""

    def first_true(self, person: Person) -> tuple[str, tuple[RuleFailure, ...]]:
        """Returns the id of the first rule that is true, empty when none is, and the failures before it."""
        ...


def evaluations(ids: Sequence[str], found: str, failures: Sequence[RuleFailure]) -> tuple[RuleEvaluation, ...]:
    """Returns the evaluation of each rule for a person. `found` is the first one that is true of the person."""
    causes = dict(failures)
    evaluated = ids[: ids.index(found)] if found else ids
    results = [
        RuleEvaluation(rule, RuleResult.FAILED if rule in causes else RuleResult.FALSE, causes.get(rule))
        for rule in evaluated
    ]
    return (*results, *([RuleEvaluation(found, RuleResult.TRUE)] if found else []))


@dataclass(frozen=True, slots=True)
class ActionRules:
    """Holds the rules of an action, with what they decide about its contents."""

    ids: tuple[str, ...]
    rules: RuleSet
    without_rule: WithoutRule
    locales: Mapping[str, ContentLocales]
    """Holds the locales that a rule has words of its own in, by rule."""

    def locale(self, rule: str, wanted: str, others: ContentLocales) -> LocaleChoice:
        """Returns the locale of the content of a rule. `others` are those of the content that belongs to no rule."""
        own = self.locales.get(rule)
        return choose_locale_of_rule(own, others, wanted)


def choose_locale_of_rule(own: ContentLocales | None, others: ContentLocales, wanted: str) -> LocaleChoice:
    """Returns the first choice of the rule's own locales, or else of the others. None: it has none of its own."""
    if own is None:
        return others.choose(wanted)
    choice = own.choose(wanted)
    is_missed = choice.reason is LocaleReason.DEFAULT and choice.locale != others.offered[0]
    return others.choose(wanted) if is_missed else choice


@value
class ContentChoice:
    """Says which content of an action somebody gets."""

    rule: str | None
    """Is the id of the rule that is true; empty when none is. None says that the message is excluded, as no rule is
    true.
    """
    locale: LocaleChoice
    failures: tuple[RuleFailure, ...] = ()


def choose_content(rules: ActionRules, others: ContentLocales, person: Person) -> ContentChoice:
    """Returns the content for a person. `others` are the locales of the content that belongs to no rule."""
    found, failures = rules.rules.first_true(person)
    excludes = not found and rules.without_rule is WithoutRule.EXCLUDE
    return ContentChoice(None if excludes else found, rules.locale(found, person.locale, others), failures)


#: Says how many evaluations failed, by action, rule and cause.
RuleFailures = Mapping[tuple[str, str, FailureCause], int]
NO_FAILURES: RuleFailures = Counter()
