"""Checks whether messages must not be sent: what forbids one may have come after it was accepted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.outcomes import exclude_queued
from clarion_server.application.transactions import Transactions
from clarion_server.domain.exclusion import Exclusion, ExclusionPhase
from clarion_server.domain.exclusion_rules import NO_EXCLUSION_FACTS, ExclusionFacts, find_exclusion
from clarion_server.domain.instant import SECOND, Instant, Span
from clarion_server.domain.message import Message
from clarion_server.domain.suppression import SuppressionIndex, covering_keys

#: A message that waits longer than this in a process's hands, for the pace or a free connection, is checked again.
_LONGEST_WAIT: Span = 2 * SECOND


def read_exclusion_facts(unit: UnitOfWork, addresses: Iterable[str]) -> ExclusionFacts:
    """Reads what may exclude messages to these addresses, in a constant number of statements."""
    keys = {key for address in set(addresses) if address for key in covering_keys(address)}
    found = unit.suppressions.covering(keys) if keys else ()
    return ExclusionFacts(SuppressionIndex(found)) if found else NO_EXCLUSION_FACTS


def exclude_forbidden(unit: UnitOfWork, messages: Sequence[Message], now: Instant) -> list[Message]:
    """Returns those of the queued messages that may be sent now, and ends the others."""
    found = find_exclusions(unit, messages, now)
    if not found:
        return list(messages)
    exclude_queued(unit, [(message, found[message.id]) for message in messages if message.id in found], now)
    return [message for message in messages if message.id not in found]


def find_exclusions(unit: UnitOfWork, messages: Sequence[Message], now: Instant) -> dict[str, Exclusion]:
    """Returns the exclusions of messages at hand-off, by the ids of those that have one."""
    facts = read_exclusion_facts(unit, (message.address for message in messages))
    found = {message.id: find_exclusion(message, now, ExclusionPhase.HAND_OFF, facts) for message in messages}
    return {message_id: exclusion for message_id, exclusion in found.items() if exclusion is not None}


class HandOffChecks:
    """Repeats the check of messages that have waited in this process's hands."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def repeat(self, message: Message, now: Instant) -> Exclusion | None:
        """Returns why a claimed message must not be sent any more. Reads nothing if it was claimed a moment ago."""
        if now - (message.attempt_time or 0) <= _LONGEST_WAIT:
            return None
        found = await self._transactions.read(lambda unit: find_exclusions(unit, [message], now))
        return found.get(message.id)
