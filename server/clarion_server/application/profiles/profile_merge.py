"""Merges two profiles of the same person, for good."""

from __future__ import annotations

from dataclasses import dataclass, replace

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_profile
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import Caller
from clarion_server.domain.errors import EtagMismatch
from clarion_server.domain.events.event import consent_event, merge_event
from clarion_server.domain.names import PROFILES
from clarion_server.domain.people.cap_person import profile_person
from clarion_server.domain.people.profile import Profile
from clarion_server.domain.people.profile_merge import merge_profiles, merged_choices


@dataclass(frozen=True, slots=True)
class MergeProfiles:
    survivor_id: str
    absorbed_id: str
    survivor_etag: str = ""
    absorbed_etag: str = ""


class ProfileMerger:
    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def merge(self, command: MergeProfiles, caller: Caller) -> Profile:
        """Returns the survivor. Raises ResourceNotFound, EtagMismatch or TooManyIdentities."""
        return await self._transactions.write(lambda unit: self._merge(unit, command, caller))

    def _merge(self, unit: UnitOfWork, command: MergeProfiles, caller: Caller) -> Profile:
        # The decisions about messages under way see the choices of before or of after.
        unit.consents.lock(caller.visibility)
        survivor = find_profile(unit, caller.visibility, command.survivor_id)
        absorbed = find_profile(unit, caller.visibility, command.absorbed_id)
        survivor.check_etag(command.survivor_etag)
        absorbed.check_etag(command.absorbed_etag)
        if survivor.key == absorbed.key:
            # They were merged since the caller read them, perhaps the other way round.
            raise EtagMismatch(PROFILES.format(command.absorbed_id))
        now = self._clock.now()
        merged = merge_profiles(survivor, absorbed, now)
        self._merge_choices(unit, survivor, absorbed, caller)
        unit.profiles.absorb(merged, absorbed)
        named = {form for each in absorbed.identities for form in (str(each), f"{each.key.namespace}:{each.key.value}")}
        waiting = unit.erasures.waiting_messages(absorbed.sandbox, named)
        unit.caps.unite(profile_person(survivor.key), profile_person(absorbed.key), [message.id for message in waiting])
        unit.events.add_all([merge_event(merged, absorbed, caller.name, now)])
        return merged

    def _merge_choices(self, unit: UnitOfWork, survivor: Profile, absorbed: Profile, caller: Caller) -> None:
        """Stores the choices of both for the survivor."""
        stored, others = unit.consents.of_profile(survivor.key), unit.consents.of_profile(absorbed.key)
        if not others:
            return
        merged, changes = merged_choices(stored, others, caller.name, self._clock.now())
        added = unit.consents.add_changes([(survivor.key, change) for change in changes])
        entered = {change.scope: change for change in added}
        kept = {
            scope: replace(consent, change_key=entered[scope].key) if scope in entered else consent
            for scope, consent in merged.items()
        }
        unit.consents.save(survivor.key, kept)
        unit.events.add_all([consent_event(survivor.sandbox, survivor.name, change) for change in entered.values()])
