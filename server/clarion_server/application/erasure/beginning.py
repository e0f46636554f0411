"""Deletes a profile, by which the erasure of the person begins. From the commit on nobody sees the person any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from clarion_server.application.erasure.kept_addresses import AddressKeeper, stored_suppressions
from clarion_server.application.identity_reader import IdentityReader, stored_namespaces
from clarion_server.application.ports.clock import Clock, Ids
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_profile
from clarion_server.application.sending.outcomes import cancel_queued
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import refuse_invalid
from clarion_server.domain.access.access import Caller
from clarion_server.domain.consent.consent import ConsentChoice
from clarion_server.domain.errors import ErasureKeysMissing, InvalidFields
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.message import Message, MessageState
from clarion_server.domain.names import PROFILES
from clarion_server.domain.people.cap_person import CapPerson, profile_person, stranger_person
from clarion_server.domain.people.erasure import Erasure, addresses_of
from clarion_server.domain.people.identity import Identity, IdentityKey
from clarion_server.domain.people.profile import Profile
from clarion_server.domain.triggering.consent_facts import address_key
from clarion_server.domain.violation import Violation, required

#: Is the key of a profile that never was: keys begin at 1.
_NO_PROFILE = 0


@dataclass(frozen=True, slots=True)
class EraseProfile:
    profile_id: str = ""
    """Empty means that the person is named by the identity."""
    etag: str = ""
    keeps_suppression: bool | None = None
    """Says whether the person's addresses stay suppressed for marketing. None: if the service has keys for hashing
    them.
    """
    identity: str = ""


class BeginErasure:
    def __init__(
        self, transactions: Transactions, identities: IdentityReader, keeper: AddressKeeper, clock: Clock, ids: Ids
    ) -> None:
        self._transactions = transactions
        self._identities = identities
        self._keeper = keeper
        self._clock = clock
        self._ids = ids

    async def erase(self, command: EraseProfile, caller: Caller) -> Erasure:
        """Returns the erasure with what was done at once.

        Raises InvalidFields, ResourceNotFound, EtagMismatch or ErasureKeysMissing.
        """
        refuse_invalid([], _violations(command))
        return await self._transactions.write(lambda unit: self._erase(unit, command, caller))

    def _erase(self, unit: UnitOfWork, command: EraseProfile, caller: Caller) -> Erasure:
        # First of all, as a step of a renewal locks it before what else it needs.
        renewal = unit.key_renewal.renewal()
        # The decisions about messages under way see the choices of before, or nobody.
        unit.consents.lock(caller.visibility)
        erasure = self._erase_person(unit, command, caller)
        if renewal is not None and renewal.stands_at(erasure.identities):
            unit.key_renewal.save(renewal.at_beginning_of_table())
        return erasure

    def _erase_person(self, unit: UnitOfWork, command: EraseProfile, caller: Caller) -> Erasure:
        if command.profile_id:
            return self._erase_profile(unit, find_profile(unit, caller.visibility, command.profile_id), command, caller)
        identity = self._read(unit, command.identity, caller)
        owner = unit.profiles.owners(caller.sandbox, [identity.key]).get(identity.key)
        if owner is None:
            return self._erase_stranger(unit, identity, command, caller)
        return self._erase_profile(unit, find_profile(unit, caller.visibility, owner.id), command, caller)

    def _read(self, unit: UnitOfWork, text: str, caller: Caller) -> Identity:
        read = self._identities.read(text, "identity", stored_namespaces(unit, caller.sandbox, [text]))
        if isinstance(read, Violation):
            raise InvalidFields((read,))
        return read

    def _erase_stranger(self, unit: UnitOfWork, identity: Identity, command: EraseProfile, caller: Caller) -> Erasure:
        """Erases somebody whom messages and audiences know by an identity alone."""
        now = self._clock.now()
        addresses = addresses_of([identity], {})
        erasure = Erasure(
            sandbox=caller.sandbox,
            profile_id=self._ids.new_id(),
            profile_keys=frozenset(),
            identities=frozenset({identity.key}),
            keeps_addresses=self._keeps_addresses(unit, caller.sandbox, addresses, command, is_denied=False),
            actor=caller.name,
            begin_time=now,
            last_message=unit.erasures.last_message(),
        )
        cancelled = _end_waiting(unit, erasure, {str(identity)}, now)
        unit.erasures.remove_from_audiences(erasure, _NO_PROFILE)
        unit.caps.delete(_cap_persons(erasure))
        kept = self._keeper.keep(unit, erasure, addresses, now)
        return unit.erasures.add(erasure.counted(cancelled=cancelled, addresses=kept))

    def _erase_profile(self, unit: UnitOfWork, profile: Profile, command: EraseProfile, caller: Caller) -> Erasure:
        profile.check_etag(command.etag)
        now = self._clock.now()
        addresses = addresses_of(profile.identities, profile.attributes)
        erasure = Erasure(
            sandbox=profile.sandbox,
            profile_id=profile.id,
            profile_keys=frozenset({profile.key, *unit.erasures.former_keys(profile)}),
            identities=self._own_identities(unit, profile, addresses),
            keeps_addresses=self._keeps_addresses(
                unit, profile.sandbox, addresses, command, is_denied=_has_denied(unit, profile)
            ),
            actor=caller.name,
            begin_time=now,
            last_message=unit.erasures.last_message(),
        )
        cancelled = _end_waiting(unit, erasure, set(map(str, profile.identities)), now)
        unit.erasures.remove_from_audiences(erasure, profile.key)
        unit.profiles.delete(profile)
        unit.caps.delete(_cap_persons(erasure))
        kept = self._keeper.keep(unit, erasure, addresses, now)
        return unit.erasures.add(erasure.counted(cancelled=cancelled, addresses=kept))

    def _own_identities(self, unit: UnitOfWork, profile: Profile, addresses: Collection[str]) -> frozenset[IdentityKey]:
        """Returns the identities and addresses that the profile has or had, without those of other profiles; also as
        they are read now, where their keys were made by an earlier version.
        """
        own = {identity.key for identity in profile.identities}
        others = unit.profiles.former_identities(profile) | set(map(address_key, addresses))
        stored = stored_namespaces(unit, profile.sandbox, (f"{each.namespace}:" for each in own | others))
        others |= {self._identities.renewed(each, stored) for each in own | others}
        others -= own
        return frozenset(own | (others - unit.profiles.owners(profile.sandbox, others).keys()))

    def _keeps_addresses(
        self, unit: UnitOfWork, sandbox: str, addresses: Collection[str], command: EraseProfile, *, is_denied: bool
    ) -> bool:
        """Raises ErasureKeysMissing when something would be forgotten that must not be."""
        is_suppressed = bool(stored_suppressions(unit, sandbox, addresses))
        if not self._keeper.has_keys and (is_denied or is_suppressed or command.keeps_suppression):
            raise ErasureKeysMissing(PROFILES.format(command.profile_id) if command.profile_id else "the person")
        return is_denied or (self._keeper.has_keys if command.keeps_suppression is None else command.keeps_suppression)


def _violations(command: EraseProfile) -> Iterator[Violation]:
    if command.profile_id and command.identity:
        yield Violation("identity", "NOT_ALLOWED", "Must not be with a name.")
    elif not command.profile_id and not command.identity:
        yield required("name")


def _has_denied(unit: UnitOfWork, profile: Profile) -> bool:
    return any(choice.choice is ConsentChoice.DENIED for choice in unit.consents.of_profile(profile.key).values())


def _cap_persons(erasure: Erasure) -> set[CapPerson]:
    """Returns the profile for frequency caps, and whoever had its identities and addresses before."""
    strangers = {stranger_person(erasure.sandbox, identity) for identity in erasure.identities}
    return strangers | set(map(profile_person, erasure.profile_keys))


def _end_waiting(unit: UnitOfWork, erasure: Erasure, identities: set[str], now: Instant) -> int:
    """Cancels the person's queued messages, and lets none follow those that are being sent. Returns how many were
    cancelled. A queued message to another form of an identity is cancelled when it is claimed, or swept.
    """
    written = identities | {f"{each.namespace}:{each.value}" for each in erasure.identities}
    waiting = unit.erasures.waiting_messages(erasure.sandbox, written)
    own = [message for message in waiting if message.profile_key is None or message.profile_key in erasure.profile_keys]
    return end_person_messages(unit, own, now)[MessageState.CANCELLED]


def end_person_messages(unit: UnitOfWork, messages: Collection[Message], now: Instant) -> Counter[MessageState]:
    """Cancels those of the messages that are queued, and lets none follow those that are being sent. Returns how many
    have ended, by the states to which they came: what an earlier attempt may have sent is not cancelled.
    """
    for message in messages:
        if message.state is MessageState.SENDING:
            unit.messages.drop_fallback(message.id)
    queued = [message.id for message in messages if message.state is MessageState.QUEUED]
    return cancel_queued(unit, unit.messages.queued_among(queued), now) if queued else Counter()
