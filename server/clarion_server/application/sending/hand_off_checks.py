"""Checks whether messages must not be sent: what forbids one may have come after it was accepted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from clarion_server.application.identity_reader import namespaces_by_sandbox
from clarion_server.application.ports.queries import DeliveryPolicy
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.exclusions import ExclusionReader
from clarion_server.application.sending.outcomes import exclude_queued
from clarion_server.application.sending.policy_facts import store_caps
from clarion_server.application.sending.turns import give_turns, schedules_of
from clarion_server.application.transactions import Transactions
from clarion_server.domain.errors import Unavailable
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.messages.kept_policy import KeptPolicy
from clarion_server.domain.messages.message import Message, MessageState
from clarion_server.domain.people.cap_person import CapPerson
from clarion_server.domain.sending_policies.sending_hours import LONGEST_WAIT
from clarion_server.domain.sending_policies.sending_policy import SendingPolicy
from clarion_server.domain.triggering.exclusion_rules import (
    BY_CLOCK,
    ExclusionFacts,
    find_exclusions,
)
from clarion_server.domain.value import value

#: Python 3.11 looks for a member in its class for as long as it takes to make a small object.
_QUEUED, _CAPPED = MessageState.QUEUED, ExclusionReason.CAPPED
NOTHING_KNOWN: Mapping[str, DeliveryPolicy] = {}


@value
class HandOffVerdict:
    """Says which messages must not be handed off now; all others may be."""

    exclusions: Mapping[str, Exclusion]
    """Holds the reasons by the ids of the messages that must not be sent at all."""
    openings: Mapping[str, Instant]
    """Holds the next opening of their sending policy by the ids of the messages that must wait for it."""
    closings: Mapping[str, Instant] = field(default_factory=dict)
    """Says when, by the ids of the messages whose hours end before they are checked again."""
    persons: Mapping[str, CapPerson] = field(default_factory=dict)
    """Says, by the ids of the messages that caps count from now on, for whom they count."""
    rated: Mapping[str, SendingPolicy] = field(default_factory=dict)
    """Holds the policies by the ids of the messages that may leave now, but for a turn that they wait for."""
    kept: Mapping[str, KeptPolicy] = field(default_factory=dict)
    """Says what messages keep of their policies, by their ids, where another time zone has decided than before."""
    choices: Mapping[str, int] = field(default_factory=dict)
    """Holds the keys of the choices that allow messages, by their ids, where no choice had decided before."""

    def applied(self, message: Message) -> Message:
        """Returns the message with the person for whom caps count it, and the end of its hours."""
        person, closing = self.persons.get(message.id), self.closings.get(message.id)
        if person is None and closing is None:
            return message
        attempts = replace(message.attempts, not_after=closing)
        return replace(message, cap_person=person or message.cap_person, attempts=attempts)


def check_hand_off(
    unit: UnitOfWork,
    messages: Sequence[Message],
    now: Instant,
    exclusions: ExclusionReader,
    known: Mapping[str, DeliveryPolicy] = NOTHING_KNOWN,
    *,
    with_caps: bool = False,
) -> HandOffVerdict:
    """Returns the verdict about messages that are about to be handed off.

    `known` says what their sandboxes have, where that was read in this transaction. `with_caps` also asks whether caps
    have room for them now, and lets them count at this time, which writes.
    """
    facts = _facts_about(unit, messages, exclusions, known, with_caps=with_caps)
    decisions = _Decisions(facts, now)
    full = [message for message in messages if decisions.decide(message) is _CAPPED]
    if full:
        _decide_again(unit, decisions, messages, full)
    facts.caps.moved.update(decisions.persons)
    store_caps(unit, facts.caps, now)
    return HandOffVerdict(
        decisions.excluded,
        decisions.openings,
        decisions.closings,
        decisions.persons,
        decisions.rated,
        _kept_now(messages, facts, decisions.excluded),
        decisions.choices,
    )


def _facts_about(
    unit: UnitOfWork,
    messages: Sequence[Message],
    exclusions: ExclusionReader,
    known: Mapping[str, DeliveryPolicy],
    *,
    with_caps: bool,
) -> ExclusionFacts:
    """Reads what may exclude the messages, or hold them back. The arguments are those of `check_hand_off`."""
    asked = [message for message in messages if message.action.asks_consent or message.sending_policy is not None]
    stored = namespaces_by_sandbox(unit, ((message.action.sandbox, message.identity) for message in asked))
    questions = [exclusions.question(message, stored) for message in asked if message.action.asks_consent]
    of_policies = (exclusions.policy_question(message, stored, with_caps=with_caps) for message in asked)
    policy_questions = [question for question in of_policies if question is not None]
    names = {message.action.sandbox for message in messages}
    sandboxes = {name: name not in known or known[name].has_allow_list for name in names}
    addresses: dict[str, set[str]] = {
        name: set() for name in names if name not in known or known[name].has_suppressions
    }
    for message in messages:
        if message.action.sandbox in addresses:
            addresses[message.action.sandbox].add(message.address)
    return exclusions.read(unit, sandboxes, addresses, questions, policy_questions)


def is_closed(unit: UnitOfWork, message: Message, time: Instant, exclusions: ExclusionReader) -> bool:
    """Returns whether the message has to wait for an opening of its sending policy at that time."""
    return message.id in check_hand_off(unit, [message], time, exclusions).openings


@dataclass(slots=True)
class _Decisions:
    """Collects what was decided about messages, as in a `HandOffVerdict`."""

    facts: ExclusionFacts
    now: Instant
    excluded: dict[str, Exclusion] = field(default_factory=dict)
    openings: dict[str, Instant] = field(default_factory=dict)
    closings: dict[str, Instant] = field(default_factory=dict)
    persons: dict[str, CapPerson] = field(default_factory=dict)
    rated: dict[str, SendingPolicy] = field(default_factory=dict)
    choices: dict[str, int] = field(default_factory=dict)

    def decide(self, message: Message) -> ExclusionReason | None:
        """Returns why the message is excluded; None if it is not, and caps count it from now on."""
        facts, now = self.facts, self.now
        consent = facts.consents.decide_about(message)
        found = find_exclusions(message, now, ExclusionPhase.HAND_OFF, facts, consent)
        if found:
            self.excluded[message.id] = found[0]
            return found[0].reason
        if consent.consent is not None and message.consent_change is None:
            self.choices[message.id] = consent.consent.change_key
        if message.sending_policy is not None:
            opening = facts.hours.opening(message, now)
            if opening > now:
                self.openings[message.id] = opening
            elif (policy := facts.hours.rated_policy_of(message)) is not None:
                self.rated[message.id] = policy
            if opening == now and (closing := facts.hours.closing(message, now)) is not None:
                self.closings[message.id] = closing
            person = facts.caps.reserve(message, opening, now)
            if person is not None and person != message.cap_person:
                self.persons[message.id] = person
        return None


def _decide_again(
    unit: UnitOfWork, decisions: _Decisions, messages: Sequence[Message], full: Sequence[Message]
) -> None:
    """Decides anew about messages for which caps had no room: those that are excluded now leave theirs to the others.

    Otherwise two messages could exclude each other, as those of two people who were merged, and neither be sent.
    """
    excluded = [message for message in messages if message.id in decisions.excluded]
    doubtful = unit.events.in_doubt([message.id for message in excluded if message.attempts.count])
    # What an earlier attempt may have sent goes on to count; so does what is in hand, until its end is recorded.
    ending = {message.id for message in excluded if message.state is _QUEUED and message.id not in doubtful}
    otherwise = ending - {message.id for message in full}
    for message in excluded:
        if message.id in otherwise:
            decisions.facts.caps.give_back(message)
    for message in full:
        del decisions.excluded[message.id]
        if decisions.decide(message) is not None and message.id in ending:
            decisions.facts.caps.give_back(message)


def _kept_now(
    messages: Sequence[Message], facts: ExclusionFacts, excluded: Mapping[str, Exclusion]
) -> dict[str, KeptPolicy]:
    """Returns what messages keep of their policies from now on, where another time zone has decided than before."""
    found = {}
    for message in messages:
        before, exclusion = message.sending_policy, excluded.get(message.id)
        if before is None or (exclusion is not None and exclusion.reason not in BY_CLOCK):
            continue
        zone = facts.zone_of(message)
        if zone is not None and zone != before.zone:
            found[message.id] = KeptPolicy(before.id, zone)
    return found


def sift_forbidden(
    unit: UnitOfWork,
    messages: Sequence[Message],
    now: Instant,
    exclusions: ExclusionReader,
    rated_campaigns: Collection[int] = (),
    known: Mapping[str, DeliveryPolicy] = NOTHING_KNOWN,
) -> tuple[list[Message], list[Message]]:
    """Returns those of the queued messages that may be sent now, and those that wait for an opening or their turn.

    Ends the others. `rated_campaigns` are the keys of the campaigns that have a rate, and `known` says what sandboxes
    have.
    """
    asking = {message.action.sandbox for message in messages if message.action.asks_consent}
    if asking:
        unit.consents.lock_shared(asking)
    verdict = check_hand_off(unit, messages, now, exclusions, known, with_caps=True)
    found = verdict.exclusions
    if verdict.kept:
        unit.messages.keep_policies(verdict.kept)
    if verdict.choices:
        unit.messages.keep_choices(verdict.choices)
    if found:
        exclude_queued(unit, [(message, found[message.id]) for message in messages if message.id in found], now)
    later = dict(verdict.openings)
    if verdict.rated or rated_campaigns:
        rated = [
            (message, names)
            for message in messages
            if message.id not in found
            and message.id not in later
            and (names := schedules_of(message, rated_campaigns, verdict.rated.get(message.id)))
        ]
        later.update(give_turns(unit, rated, now))
    if later:
        unit.messages.defer(later, now)
    deferred = [replace(message, due_time=later[message.id]) for message in messages if message.id in later]
    sendable = (message for message in messages if message.id not in later and message.id not in found)
    return [verdict.applied(message) for message in sendable], deferred


class HandOffChecks:
    """Repeats the check of messages that have waited in this process's hands."""

    def __init__(self, transactions: Transactions, exclusions: ExclusionReader) -> None:
        self._transactions = transactions
        self._exclusions = exclusions

    def is_due(self, message: Message, now: Instant) -> bool:
        """Returns whether the message was claimed so long ago that it must be checked again."""
        return now - (message.attempts.last_time or 0) > LONGEST_WAIT

    async def repeat(self, message: Message, now: Instant) -> HandOffVerdict:
        """Returns the verdict about a claimed message. Reads nothing if it was claimed a moment ago."""
        if not self.is_due(message, now):
            return _ALL_ALLOWED
        if message.cap_person is None:
            return await self._transactions.read(lambda unit: check_hand_off(unit, [message], now, self._exclusions))
        return await self._transactions.write(lambda unit: self._check_capped(unit, message, now))

    def _check_capped(self, unit: UnitOfWork, message: Message, now: Instant) -> HandOffVerdict:
        # What is counted may have moved to another person while the message waited.
        person = unit.caps.person_of(message.id)
        counted = replace(message, cap_person=person)
        return check_hand_off(unit, [counted], now, self._exclusions, with_caps=person is not None)

    async def is_closed(self, message: Message, time: Instant) -> bool:
        """Returns whether the message has to wait for an opening at that time. Also returns True while the store does
        not answer, since the next claim checks it anew.
        """
        try:
            return await self._transactions.read(lambda unit: is_closed(unit, message, time, self._exclusions))
        except Unavailable:
            return True


_ALL_ALLOWED = HandOffVerdict({}, {})
