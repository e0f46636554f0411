"""Wires the hashes by which the addresses of erased people are recognised."""

from __future__ import annotations

from dataclasses import dataclass

from clarion_server.application.key_rings import KeysMissing, keep_keys
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.key_rings import KeyRing
from clarion_server.application.transactions import Transactions
from clarion_server.bootstrap.key_rings import read_ring
from clarion_server.bootstrap.start_failures import CannotStart
from clarion_server.config import Settings
from clarion_server.domain.addresses.address_hash import NO_ADDRESS_HASHER, AddressHasher


@dataclass(frozen=True, slots=True)
class AddressHashes:
    hasher: AddressHasher
    ring: KeyRing | None
    """Is None where the settings name no keys."""


def wire_address_hashes(settings: Settings) -> AddressHashes:
    """Raises CannotStart."""
    if settings.erasure_keys is None:
        return AddressHashes(NO_ADDRESS_HASHER, None)
    ring = read_ring(settings.erasure_keys, "erasure keys")
    # The ring's current key is its first one.
    return AddressHashes(AddressHasher(ring.keys), ring)


async def record_erasure_keys(transactions: Transactions, hashes: AddressHashes, clock: Clock) -> None:
    """Raises CannotStart when addresses of erased people could not be recognised, and Unavailable."""
    try:
        await keep_keys(transactions, lambda unit: unit.erasure_keys, hashes.ring, clock)
    except KeysMissing as error:
        raise CannotStart(
            f"Addresses of erased people would no longer be recognised: the erasure keys {error.fault}."
            " Set CLARION_ERASURE_KEYS to a file with every key that this store was served with."
        ) from error
