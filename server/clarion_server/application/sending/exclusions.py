"""Checks whether messages must not be sent: what forbids one may have come after it was accepted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from clarion_server.application.identity_reader import IdentityReader
from clarion_server.application.ports.profiles import SandboxIdentity
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.outcomes import exclude_queued
from clarion_server.application.transactions import Transactions
from clarion_server.domain.allow_list import AllowLists, EnabledList
from clarion_server.domain.consent_facts import ConsentFacts, ConsentQuestion, address_identity, address_key
from clarion_server.domain.exclusion import Exclusion, ExclusionPhase
from clarion_server.domain.exclusion_rules import NO_EXCLUSION_FACTS, ExclusionFacts, find_exclusion
from clarion_server.domain.identity import IdentityKey, namespace_of
from clarion_server.domain.instant import SECOND, Instant, Span
from clarion_server.domain.message import Message
from clarion_server.domain.suppression import SuppressionIndex, covering_keys

#: A message that waits longer than this in a process's hands, for the pace or a free connection, is checked again.
_LONGEST_WAIT: Span = 2 * SECOND


class ExclusionReader:
    """Reads what may exclude messages, in a constant number of statements."""

    def __init__(self, identities: IdentityReader, allow_list: EnabledList | None = None) -> None:
        """`allow_list` holds for every sandbox, beside its own."""
        self._identities = identities
        self._allow_list = allow_list

    def read(
        self,
        unit: UnitOfWork,
        sandboxes: Mapping[str, bool],
        addresses: Iterable[str],
        questions: Sequence[ConsentQuestion],
    ) -> ExclusionFacts:
        """`sandboxes` and `addresses` are those of all messages; `questions` are about the ones for which consent is
        asked. Each sandbox has whether its allow list may be enabled.
        """
        keys = {key for address in set(addresses) if address for key in covering_keys(address)}
        found = unit.suppressions.covering(keys) if keys else ()
        allow_lists = self._allow_lists(unit, sandboxes)
        if not found and not questions and not allow_lists:
            return NO_EXCLUSION_FACTS
        return ExclusionFacts(SuppressionIndex(found), self._consents(unit, questions), allow_lists)

    def _allow_lists(self, unit: UnitOfWork, sandboxes: Mapping[str, bool]) -> AllowLists:
        listed = [sandbox for sandbox, may_be_enabled in sandboxes.items() if may_be_enabled]
        enabled = unit.allow_lists.enabled(listed) if listed else {}
        if self._allow_list is None:
            return {sandbox: (own,) for sandbox, own in enabled.items()}
        everywhere = (self._allow_list,)
        return {name: (*everywhere, enabled[name]) if name in enabled else everywhere for name in sandboxes}

    def _consents(self, unit: UnitOfWork, questions: Sequence[ConsentQuestion]) -> ConsentFacts:
        if not questions:
            return ConsentFacts()
        wanted = {
            (question.sandbox, given): SandboxIdentity(question.sandbox, *key)
            for question in questions
            for given, key in question.identities.items()
        }
        stored = unit.consents.holders(set(wanted.values()))
        holders = {given: stored[key] for given, key in wanted.items() if key in stored}
        silences = unit.consents.silences({(question.sandbox, question.topic) for question in questions})
        return ConsentFacts(silences, holders)

    def question(self, message: Message) -> ConsentQuestion:
        name, _, value = message.identity.partition(":")
        normal = self._identities.normal_value(namespace_of(name), value)
        # What is none of its namespace belongs to nobody: a webhook takes any text as an e-mail address.
        keys = {} if normal is None else {message.identity: IdentityKey(name, normal)}
        owner = address_identity(message.channel, message.address)
        if owner is not None and owner not in keys:
            keys[owner] = address_key(message.address)
        return ConsentQuestion(message.sandbox, message.topic, keys)


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
    questions = [exclusions.question(message) for message in messages if message.asks_consent]
    sandboxes = {message.sandbox: True for message in messages}
    facts = exclusions.read(unit, sandboxes, (message.address for message in messages), questions)
    found = {}
    for message in messages:
        consent = facts.consents.decide_about(message)
        exclusion = find_exclusion(message, now, ExclusionPhase.HAND_OFF, facts, consent)
        if exclusion is not None:
            found[message.id] = exclusion
    return found


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
