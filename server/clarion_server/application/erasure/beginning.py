"""Deletes a profile, by which the erasure of the person begins. From the commit on nobody sees the person any more."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from clarion_server.application.erasure.kept_addresses import AddressKeeper, stored_suppressions
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_profile
from clarion_server.application.sending.outcomes import end_queued
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access import Caller
from clarion_server.domain.cap_person import CapPerson, profile_person, stranger_person
from clarion_server.domain.consent import ConsentChoice
from clarion_server.domain.consent_facts import address_key
from clarion_server.domain.erasure import Erasure, addresses_of
from clarion_server.domain.errors import ErasureKeysMissing
from clarion_server.domain.identity import IdentityKey
from clarion_server.domain.instant import Instant
from clarion_server.domain.message import Message, MessageState
from clarion_server.domain.profile import Profile


@dataclass(frozen=True, slots=True)
class EraseProfile:
    profile_id: str
    etag: str = ""
    keeps_suppression: bool | None = None
    """Whether the person's addresses stay suppressed for marketing. None: if the service has keys for hashing them."""


class BeginErasure:
    def __init__(self, transactions: Transactions, keeper: AddressKeeper, clock: Clock) -> None:
        self._transactions = transactions
        self._keeper = keeper
        self._clock = clock

    async def erase(self, command: EraseProfile, caller: Caller) -> Erasure:
        """Returns the erasure with what was done at once. Raises ResourceNotFound, EtagMismatch, ErasureKeysMissing."""
        return await self._transactions.write(lambda unit: self._erase(unit, command, caller))

    def _erase(self, unit: UnitOfWork, command: EraseProfile, caller: Caller) -> Erasure:
        # The decisions about messages under way see the choices of before, or nobody.
        unit.consents.lock(caller.visibility)
        profile = find_profile(unit, caller.visibility, command.profile_id)
        profile.check_etag(command.etag)
        now = self._clock.now()
        addresses = addresses_of(profile.identities, profile.attributes)
        erasure = Erasure(
            sandbox=profile.sandbox,
            profile_id=profile.id,
            profile_keys=frozenset({profile.key, *unit.erasures.former_keys(profile)}),
            identities=_own_identities(unit, profile, addresses),
            keeps_addresses=self._keeps_addresses(unit, profile, addresses, command),
            actor=caller.name,
            begin_time=now,
            last_message=unit.erasures.last_message(),
        )
        cancelled = _end_waiting(unit, erasure, profile, now)
        unit.erasures.remove_from_audiences(erasure, profile.key)
        unit.profiles.delete(profile)
        unit.caps.delete(_cap_persons(erasure))
        kept = self._keeper.keep(unit, erasure, addresses, now)
        return unit.erasures.add(erasure.counted(cancelled=cancelled, addresses=kept))

    def _keeps_addresses(
        self, unit: UnitOfWork, profile: Profile, addresses: Collection[str], command: EraseProfile
    ) -> bool:
        """Raises ErasureKeysMissing when something would be forgotten that must not be."""
        choices = unit.consents.of_profile(profile.key).values()
        is_denied = any(choice.choice is ConsentChoice.DENIED for choice in choices)
        is_suppressed = bool(stored_suppressions(unit, profile.sandbox, addresses))
        if not self._keeper.has_keys and (is_denied or is_suppressed or command.keeps_suppression):
            raise ErasureKeysMissing(profile.name)
        return is_denied or (self._keeper.has_keys if command.keeps_suppression is None else command.keeps_suppression)


def _cap_persons(erasure: Erasure) -> set[CapPerson]:
    """Returns the profile for frequency caps, and whoever had its identities and addresses before."""
    strangers = {stranger_person(erasure.sandbox, identity) for identity in erasure.identities}
    return strangers | set(map(profile_person, erasure.profile_keys))


def _own_identities(unit: UnitOfWork, profile: Profile, addresses: Collection[str]) -> frozenset[IdentityKey]:
    """Returns the identities and addresses that the profile has or had, without those of other profiles."""
    own = {identity.key for identity in profile.identities}
    others = (unit.profiles.former_identities(profile) | set(map(address_key, addresses))) - own
    return frozenset(own | (others - unit.profiles.owners(profile.sandbox, others).keys()))


def _end_waiting(unit: UnitOfWork, erasure: Erasure, profile: Profile, now: Instant) -> int:
    """Cancels the person's queued messages, and lets none follow those that are being sent. Returns how many were
    cancelled. A queued message to another form of an identity is cancelled when it is claimed, or swept.
    """
    written = {*map(str, profile.identities), *(f"{each.namespace}:{each.value}" for each in erasure.identities)}
    waiting = unit.erasures.waiting_messages(erasure.sandbox, written)
    own = [message for message in waiting if message.profile_key is None or message.profile_key in erasure.profile_keys]
    return end_person_messages(unit, own, now)


def end_person_messages(unit: UnitOfWork, messages: Collection[Message], now: Instant) -> int:
    """Cancels those of the messages that are queued, and lets none follow those that are being sent. Returns how many
    were cancelled.
    """
    for message in messages:
        if message.state is MessageState.SENDING:
            unit.messages.drop_fallback(message.id)
    queued = [message for message in messages if message.state is MessageState.QUEUED]
    return end_queued(unit, queued, MessageState.CANCELLED, now) if queued else 0
