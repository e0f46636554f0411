"""Changes of consents: who may make them, what they leave as the current choice, and how two people's become one's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from enum import Enum, StrEnum, auto

from clarion_server.domain.consent.consent import (
    NO_CONSENTS,
    Consent,
    ConsentChoice,
    Consents,
    ConsentScope,
    answers,
    by_scope,
    covering,
    standing_denial,
)
from clarion_server.domain.instant import MINUTE, Instant
from clarion_server.domain.text_rules import text_violations
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation, out_of_range, too_long

#: A call makes at most this many changes.
MAX_CHANGES = 100
#: A row of an import makes at most this many: an export has all choices of a person, in three scopes of each topic.
MAX_IMPORTED_CHANGES = 400
#: The texts of an evidence have at most this many bytes in UTF-8, all together.
MAX_EVIDENCE = 4_096
#: The time of a change may lie this far ahead, as clocks differ.
MAX_AHEAD = 5 * MINUTE


class ConsentSource(StrEnum):
    """Says where a choice was made."""

    PREFERENCE_PAGE = "PREFERENCE_PAGE"
    SMS_KEYWORD = "SMS_KEYWORD"
    FORM = "FORM"
    SUPPORT = "SUPPORT"
    IMPORT = "IMPORT"
    SYNC = "SYNC"
    MERGE = "MERGE"
    """Two profiles of the person were merged."""


#: Holds the sources that are the person's own act.
_OWN_ACTS = frozenset({ConsentSource.PREFERENCE_PAGE, ConsentSource.SMS_KEYWORD})
#: Holds the sources that report an act of the person, for which evidence must be given.
_REPORTED_ACTS = frozenset({ConsentSource.FORM, ConsentSource.SUPPORT})


@dataclass(frozen=True, slots=True)
class Evidence:
    """Is what shows that the person made the choice. Empty texts say nothing."""

    text: str = ""
    """Is the text that the person agreed to."""
    text_version: str = ""
    url: str = ""
    """Is the page or form on which the choice was made."""
    locale: str = ""
    ip_address: str = ""
    user_agent: str = ""


NO_EVIDENCE = Evidence()


@value
class ConsentChange:
    """One entry of the history of a person's choices."""

    scope: ConsentScope
    choice: ConsentChoice
    time: Instant
    """Says when the person made the choice."""
    source: ConsentSource
    evidence: Evidence = NO_EVIDENCE
    record_time: Instant = 0
    """Says when it was stored."""
    actor: str = ""
    """Is the name of the key that stored it."""
    previous_choice: ConsentChoice | None = None
    """Is the current choice in this scope before it."""
    key: int = 0
    """Is assigned by the store, in the order of the entries."""

    @property
    def name(self) -> str:
        return change_name(self.key)

    def dated(self, now: Instant, stored: Consents = NO_CONSENTS) -> ConsentChange:
        """Returns the change as one that is recorded now, and that was made now unless it has a time.

        Clocks differ, so what is stored may have a time ahead. What the person says now is later than all of it
        (`stored`); a copied list tells what was said before.
        """
        time = self.time or now
        if not self.time and stored and (self.choice is ConsentChoice.DENIED or self.may_answer_denials()):
            latest = max(consent.time for consent in stored.values())
            time = now if latest <= now else latest + 1
        # Many are imported together, and `replace` takes five times as long.
        return ConsentChange(self.scope, self.choice, time, self.source, self.evidence, now, self.actor, None, self.key)

    def entered(self, previous_choice: ConsentChoice | None, key: int) -> ConsentChange:
        """Returns the change as an entry of the history."""
        return ConsentChange(
            self.scope,
            self.choice,
            self.time,
            self.source,
            self.evidence,
            self.record_time,
            self.actor,
            previous_choice,
            key,
        )

    def may_answer_denials(self) -> bool:
        """Returns whether the change proves that the person came back. Lists that are copied prove nothing."""
        return self.source in _OWN_ACTS or (self.source in _REPORTED_ACTS and self.evidence != NO_EVIDENCE)

    def as_consent(self) -> Consent:
        is_own_word = self.choice is ConsentChoice.DENIED or self.may_answer_denials()
        return Consent(self.scope, self.choice, self.time, self.key, is_own_word)


def change_name(key: int) -> str:
    return f"consentChanges/{key}"


def change_violations(change: ConsentChange, now: Instant) -> Iterator[Violation]:
    """Yields all violations, with the field paths of the contract's `ConsentChange`."""
    if change.time > now + MAX_AHEAD:
        yield out_of_range("time", "Must not be more than 5 minutes ahead.")
    if change.source is ConsentSource.MERGE:
        yield Violation("source", "NOT_ALLOWED", "Must be where the person made the choice.")
    if change.evidence == NO_EVIDENCE:
        return
    texts = {field.name: getattr(change.evidence, field.name) for field in fields(Evidence)}
    if sum(len(text.encode()) for text in texts.values()) > MAX_EVIDENCE:
        yield too_long("evidence", MAX_EVIDENCE, "bytes together")
    for name, text in texts.items():
        yield from text_violations(text, f"evidence.{name}")


class Effect(Enum):
    """Says how a change is stored."""

    NOTHING = auto()
    """It is an older word for the current choice, or a copy of what the person said."""
    CONFIRMED = auto()
    """It repeats the current choice, which is now as new as the repetition. The history has no entry for it."""
    HISTORY = auto()
    """The current choice prevails over it, so it only enters the history."""
    CURRENT = auto()
    """It enters the history, and is the current choice from now on."""


def effect_of(change: ConsentChange, consents: Consents) -> Effect:
    """Returns how a change is stored. Whichever order changes arrive in, the same choice is current in the end."""
    current, new = consents.get(change.scope), change.as_consent()
    if current is None:
        return Effect.CURRENT
    if new.choice is not current.choice:
        return Effect.CURRENT if _is_stronger(new, current) else Effect.HISTORY
    if new.is_own_word is not current.is_own_word:
        # What the person said counts before what others copied, whichever is newer.
        return Effect.CURRENT if new.is_own_word else Effect.NOTHING
    if new.time <= current.time:
        return Effect.NOTHING
    return Effect.CURRENT if _ends_an_opposite(new, current, consents) else Effect.CONFIRMED


def _is_stronger(new: Consent, current: Consent) -> bool:
    """Returns whether the choice prevails over the opposite one. At one instant, the denial does."""
    if new.choice is ConsentChoice.GRANTED:
        return answers(new, current)
    return not answers(current, new)


def _ends_an_opposite(new: Consent, current: Consent, consents: Consents) -> bool:
    """Returns whether opposite choices since the current one lose their effect by its repetition."""
    opposite = (each for each in consents.values() if each.choice is not new.choice and each.time <= new.time)
    if new.choice is ConsentChoice.DENIED:
        return any(answers(grant, current) for grant in opposite)
    return any(answers(new, denial) and denial.time >= current.time for denial in opposite)


def forbidding_denial(change: ConsentChange, consents: Consents) -> Consent | None:
    """Returns the standing denial that the change would answer without being allowed to, if there is one. A change that
    is stored already answers nothing.
    """
    if change.choice is ConsentChoice.DENIED or change.may_answer_denials():
        return None
    current = consents.get(change.scope)
    if current is not None and (current.choice, current.time) == (change.choice, change.time):
        return None
    denial = standing_denial(covering(consents.values(), change.scope.channel, change.scope.topic))
    return denial if denial is not None and change.time > denial.time else None


def with_change(consents: Consents, change: ConsentChange, effect: Effect) -> Consents:
    """Returns the choices after the change."""
    match effect:
        case Effect.CURRENT:
            return {**consents, change.scope: change.as_consent()}
        case Effect.CONFIRMED:
            return {**consents, change.scope: replace(consents[change.scope], time=change.time)}
        case _:
            return consents


def merge_consents(one: Consents, other: Consents, now: Instant) -> Consents:
    """Returns the choices of a person who was known as two: in every scope the stricter one.

    A grant of one half that would answer a denial of the other becomes a denial of this moment: whoever gave it did
    not know of the denial.
    """
    return by_scope(
        _stricter(mine, theirs) for mine, theirs in _pairs(_answered(one, other, now), _answered(other, one, now))
    )


def _answered(own: Consents, other: Consents, now: Instant) -> Consents:
    """Returns the choices, in which each grant that answers a denial of the other half is a denial of `now`."""
    denials = [consent for consent in other.values() if consent.choice is ConsentChoice.DENIED]
    return by_scope(
        replace(consent, choice=ConsentChoice.DENIED, time=now)
        if consent.choice is ConsentChoice.GRANTED and any(answers(consent, denial) for denial in denials)
        else consent
        for consent in own.values()
    )


def _pairs(one: Consents, other: Consents) -> list[tuple[Consent | None, Consent | None]]:
    return [(one.get(scope), other.get(scope)) for scope in {**one, **other}]


def _stricter(one: Consent | None, other: Consent | None) -> Consent:
    given = [consent for consent in (one, other) if consent is not None]
    return min(given, key=lambda consent: (consent.choice is ConsentChoice.GRANTED, -consent.time))
