"""Keeps what must not be forgotten of an erased person's addresses: that nothing, or no marketing, may go there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from clarion_server.application.ports.clock import Ids
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.suppressions.entries import expire, in_force_among
from clarion_server.domain.addresses.address_hash import AddressHasher
from clarion_server.domain.addresses.address_key import email_key
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.events.event import EventType, suppression_event
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.erasure import Erasure
from clarion_server.domain.suppressions.suppression import Suppression, SuppressionReason, SuppressionScope
from clarion_server.domain.triggering.consent_facts import address_key


class AddressKeeper:
    def __init__(self, hasher: AddressHasher, ids: Ids) -> None:
        self._hasher = hasher
        self._ids = ids

    @property
    def has_keys(self) -> bool:
        return self._hasher.has_keys

    def keep(self, unit: UnitOfWork, erasure: Erasure, addresses: Collection[str], now: Instant) -> int:
        """Replaces the addresses in suppressions by hashes, and suppresses the addresses for marketing if the erasure
        keeps them. Returns how many more are suppressed so. An address that a profile has is not touched.
        """
        keys = {email_key(address) for address in addresses}
        owners = unit.profiles.owners(erasure.sandbox, [address_key(key) for key in keys])
        kept = 0
        for key in sorted(keys):
            if address_key(key) not in owners:
                _hash_stored(unit, erasure.sandbox, key, self._hasher, now)
                kept += erasure.keeps_addresses and self._suppress(unit, erasure, key, now)
        return kept

    def _suppress(self, unit: UnitOfWork, erasure: Erasure, key: str, now: Instant) -> bool:
        targets = self._hasher.targets(erasure.sandbox, key)
        erased = Suppression(
            self._ids.new_id(),
            erasure.sandbox,
            Channel.EMAIL,
            targets[0],
            SuppressionReason.ERASED,
            SuppressionScope.MARKETING,
            now,
            erasure.actor,
        )
        if any(each.key[1:] == erased.key[1:] for each in unit.suppressions.covering(targets)):
            return False
        unit.suppressions.add_all([erased])
        unit.events.add_all([suppression_event(EventType.SUPPRESSION_CREATED, erased, now, erasure.actor)])
        return True


def stored_suppressions(unit: UnitOfWork, sandbox: str, addresses: Collection[str]) -> list[Suppression]:
    """Returns the suppressions of these very addresses that are not hashed."""
    keys = {email_key(address) for address in addresses}
    found = unit.suppressions.covering(keys) if keys else []
    return [each for each in found if each.sandbox == sandbox]


def _hash_stored(unit: UnitOfWork, sandbox: str, key: str, hasher: AddressHasher, now: Instant) -> None:
    """Puts the hash in the place of the address. The name of the suppression stays."""
    for stored in stored_suppressions(unit, sandbox, [key]):
        if not stored.is_in_force(now):
            # It must not widen one that holds.
            expire(unit, stored, now)
            continue
        unit.suppressions.delete(stored)
        hashed = replace(stored, target=hasher.targets(sandbox, key)[0])
        same = in_force_among(unit, [hashed], now).get(hashed.key)
        if same is None:
            unit.suppressions.add_all([hashed])
        else:
            unit.suppressions.save(same.widened(hashed))
