"""Removes what is left of erased people from messages, events and executions, in the background and in small steps.

A stop at any moment loses nothing: the erasure stays in the store until all is done, and the next process goes on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Protocol, TypeVar

from clarion_server.application.erasure.beginning import end_person_messages
from clarion_server.application.erasure.kept_addresses import AddressKeeper
from clarion_server.application.identity_reader import IdentityReader, stored_namespaces
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.erasures import SweptExecutions, SweptMessages
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.domain.addresses.address_key import email_key
from clarion_server.domain.events.event import erasure_event
from clarion_server.domain.messages.message import OUTCOMES, Message, MessageState
from clarion_server.domain.people.cap_person import STRANGER_MARK, CapPerson, profile_person
from clarion_server.domain.people.erasure import Erasure
from clarion_server.domain.people.identity import IdentityKey, Namespaces, namespace_of
from clarion_server.domain.triggering.consent_facts import address_key

T = TypeVar("T")

#: Says how many rows one read looks at, which takes a few milliseconds and keeps nobody from writing.
SLICE = 5_000
#: Says how many messages one transaction changes.
BATCH = 100


class Write(Protocol):
    """Runs a step as bulk work. Returns None when another process is the one that does it."""

    def __call__(self, step: Callable[[UnitOfWork], T], /) -> Awaitable[T | None]: ...


class ErasureSweeper:
    def __init__(
        self, transactions: Transactions, identities: IdentityReader, keeper: AddressKeeper, clock: Clock
    ) -> None:
        self._transactions = transactions
        self._identities = identities
        self._keeper = keeper
        self._clock = clock

    async def sweep(self, write: Write) -> None:
        """Advances every erasure as far as possible. A message that is being sent is left for a later round."""
        for erasure in await self._transactions.read(lambda unit: unit.erasures.pending()):
            await self._advance(erasure, write)
        swept = [each for each in await self._transactions.read(lambda unit: unit.erasures.pending()) if each.is_swept]
        if swept and await self._transactions.scrub():
            await write(lambda unit: self._complete(unit, swept))

    async def _advance(self, erasure: Erasure, write: Write) -> None:
        if not await self._transactions.read(lambda unit: unit.erasures.is_settled(erasure)):
            return
        current: Erasure | None = erasure
        while current is not None and not current.is_swept and current.last_execution is None:
            current = await self._step_through_messages(current, write)
        while current is not None and not current.is_swept:
            current = await self._step_through_executions(current, write)

    async def _step_through_messages(self, erasure: Erasure, write: Write) -> Erasure | None:
        """Returns the erasure after the step; None when it cannot go on now."""
        found = await self._transactions.read(lambda unit: unit.erasures.sweep_messages(erasure, SLICE, BATCH))
        if found.position is not None and not found.keys:
            # Nothing to write: after a crash it goes on from an earlier position.
            return replace(erasure, position=found.position)
        after = await write(lambda unit: self._erase_messages(unit, erasure, found))
        return None if after is None or after.position < erasure.position else after

    def _erase_messages(self, unit: UnitOfWork, erasure: Erasure, found: SweptMessages) -> Erasure:
        after = self._after_messages(unit, erasure, found)
        unit.erasures.save(after)
        return after

    def _after_messages(self, unit: UnitOfWork, erasure: Erasure, found: SweptMessages) -> Erasure:
        if found.position is None:
            if erasure.revisited is not None:
                return replace(erasure, position=erasure.revisited - 1, revisited=None)
            return replace(erasure, last_execution="")
        read = unit.erasures.messages(found.keys)
        named = [f"{each.namespace}:" for each in erasure.identities]
        named += [message.identity for message in read.values()]
        stored = stored_namespaces(unit, erasure.sandbox, named)
        # A later version than that which began the erasure may read identities otherwise.
        renewed = {self._identities.renewed(each, stored) for each in erasure.identities}
        wider = replace(erasure, identities=erasure.identities | renewed)
        own = {key: each for key, each in read.items() if self._is_of(wider, key, each, stored)}
        now = self._clock.now()
        ends = end_person_messages(unit, list(own.values()), now)
        if ends:
            own = unit.erasures.messages(list(own))
        ended = {key: message for key, message in own.items() if message.state in OUTCOMES}
        under_way = [key for key in own if key not in ended]
        unit.caps.delete(_cap_persons(erasure, ended.values()))
        unit.erasures.blank_messages(ended)
        addresses = {address for each in ended.values() for address in _addresses(each)}
        kept = self._keeper.keep(unit, erasure, addresses, now) if self._keeper.has_keys else 0
        return replace(
            erasure.counted(cancelled=ends[MessageState.CANCELLED], messages=len(ended), addresses=kept),
            position=found.position,
            revisited=min([*under_way, *([] if erasure.revisited is None else [erasure.revisited])], default=None),
        )

    def _is_of(self, erasure: Erasure, key: int, message: Message, stored: Namespaces) -> bool:
        named = [self._identity_of(message, stored), *map(address_key, _addresses(message))]
        return erasure.covers(key, message.profile_key, [each for each in named if each is not None])

    def _identity_of(self, message: Message, stored: Namespaces) -> IdentityKey | None:
        name, _, value = message.identity.partition(":")
        if not value:
            return None
        normal = self._identities.normal_value(namespace_of(name, stored), value)
        # With an address beside it, an identity may be a text that its namespace does not take.
        return IdentityKey(name, email_key(value) if normal is None else normal)

    async def _step_through_executions(self, erasure: Erasure, write: Write) -> Erasure | None:
        found = await self._transactions.read(lambda unit: unit.erasures.sweep_executions(erasure, SLICE))
        if found.position is not None and not found.ids:
            return replace(erasure, last_execution=found.position)
        return await write(lambda unit: self._erase_executions(unit, erasure, found))

    def _erase_executions(self, unit: UnitOfWork, erasure: Erasure, found: SweptExecutions) -> Erasure:
        if found.position is None:
            after = replace(erasure, is_swept=True, identities=frozenset())
        else:
            unit.erasures.blank_executions(found.ids)
            after = replace(erasure, last_execution=found.position)
        unit.erasures.save(after)
        return after

    def _complete(self, unit: UnitOfWork, swept: list[Erasure]) -> None:
        for erasure in swept:
            unit.erasures.remove(erasure)
        unit.events.add_all([erasure_event(erasure, self._clock.now()) for erasure in swept])


def _cap_persons(erasure: Erasure, ended: Iterable[Message]) -> set[CapPerson]:
    """Returns for whom frequency caps count these messages, but for other profiles: they may have an address to which
    the person was written.
    """
    found = {message.cap_person for message in ended}
    own = set(map(profile_person, erasure.profile_keys))
    return {person for person in found if person is not None and (person in own or person.startswith(STRANGER_MARK))}


def _addresses(message: Message) -> list[str]:
    addresses = (message.address, *(each.address for each in message.fallbacks))
    return [address for address in addresses if "@" in address]
