"""Checks whether messages must not be sent: what forbids one may have come after it was accepted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clarion_server.application.identity_reader import IdentityReader
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.outcomes import exclude_queued
from clarion_server.application.transactions import Transactions
from clarion_server.domain.consent_facts import ConsentFacts, ConsentQuestion, question_of
from clarion_server.domain.exclusion import Exclusion, ExclusionPhase
from clarion_server.domain.exclusion_rules import NO_EXCLUSION_FACTS, ExclusionFacts, find_exclusion
from clarion_server.domain.identity import IdentityKey
from clarion_server.domain.instant import SECOND, Instant, Span
from clarion_server.domain.message import Message
from clarion_server.domain.suppression import SuppressionIndex, covering_keys
from clarion_server.domain.violation import Violation

#: A message that waits longer than this in a process's hands, for the pace or a free connection, is checked again.
_LONGEST_WAIT: Span = 2 * SECOND


class ExclusionReader:
    """Reads what may exclude messages, in a constant number of statements."""

    def __init__(self, identities: IdentityReader) -> None:
        self._identities = identities

    def read(self, unit: UnitOfWork, addresses: Iterable[str], questions: Sequence[ConsentQuestion]) -> ExclusionFacts:
        """`addresses` are those of all messages; `questions` are about the ones for which consent is asked."""
        keys = {key for address in set(addresses) if address for key in covering_keys(address)}
        found = unit.suppressions.covering(keys) if keys else ()
        if not found and not questions:
            return NO_EXCLUSION_FACTS
        return ExclusionFacts(SuppressionIndex(found), self._consents(unit, questions))

    def _consents(self, unit: UnitOfWork, questions: Sequence[ConsentQuestion]) -> ConsentFacts:
        if not questions:
            return ConsentFacts()
        asked = ((question.sandbox, identity) for question in questions for identity in question.identities)
        keys = {(sandbox, identity): (sandbox, key) for sandbox, identity in asked if (key := self._key(identity))}
        stored = unit.consents.holders(set(keys.values()))
        holders = {written: stored[key] for written, key in keys.items() if key in stored}
        silences = unit.consents.silences({(question.sandbox, question.topic) for question in questions})
        return ConsentFacts(silences, holders)

    def _key(self, identity: str) -> IdentityKey | None:
        """Returns None for what cannot be an identity, such as one that an earlier version took."""
        read = self._identities.read(identity, "identity")
        return None if isinstance(read, Violation) else read.key


def exclude_forbidden(
    unit: UnitOfWork, messages: Sequence[Message], now: Instant, exclusions: ExclusionReader
) -> list[Message]:
    """Returns those of the queued messages that may be sent now, and ends the others."""
    asking = {message.sandbox for message in messages if message.asks_consent}
    if asking:
        unit.consents.lock_shared(asking)
    found = find_exclusions(unit, messages, now, exclusions)
    if not found:
        return list(messages)
    exclude_queued(unit, [(message, found[message.id]) for message in messages if message.id in found], now)
    return [message for message in messages if message.id not in found]


def find_exclusions(
    unit: UnitOfWork, messages: Sequence[Message], now: Instant, exclusions: ExclusionReader
) -> dict[str, Exclusion]:
    """Returns the exclusions of messages at hand-off, by the ids of those that have one."""
    questions = [question_of(message) for message in messages if message.asks_consent]
    facts = exclusions.read(unit, (message.address for message in messages), questions)
    found = {message.id: find_exclusion(message, now, ExclusionPhase.HAND_OFF, facts) for message in messages}
    return {message_id: exclusion for message_id, exclusion in found.items() if exclusion is not None}


class HandOffChecks:
    """Repeats the check of messages that have waited in this process's hands."""

    def __init__(self, transactions: Transactions, exclusions: ExclusionReader) -> None:
        self._transactions = transactions
        self._exclusions = exclusions

    async def repeat(self, message: Message, now: Instant) -> Exclusion | None:
        """Returns why a claimed message must not be sent any more. Reads nothing if it was claimed a moment ago."""
        if now - (message.attempt_time or 0) <= _LONGEST_WAIT:
            return None
        found = await self._transactions.read(lambda unit: find_exclusions(unit, [message], now, self._exclusions))
        return found.get(message.id)
