"""Finds out which addresses a run may have taken already, in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from hashlib import blake2b

from clarion_server.domain.audiences.audience_run import AudienceRun

#: Is the size of a hash in bytes: no two addresses of a run have the same.
HASH_SIZE = 16
#: An entry has 40 bits of the hash, one of which is always set, and the ordinal, which MAX_MEMBERS needs 24 bits for.
_ORDINAL_BITS = 24
_ORDINAL = (1 << _ORDINAL_BITS) - 1
_EMPTY = 0
_LEAST_SLOTS = 64


def address_hash(run: AudienceRun, address: str) -> bytes:
    """Returns the hash by which the run knows an address. The id of the execution is its key."""
    return blake2b(address.encode(), digest_size=HASH_SIZE, key=run.execution_id.encode()).digest()


def split_hashes(packed: bytes) -> Iterator[bytes]:
    """Yields hashes that are stored one after the other."""
    return (packed[start : start + HASH_SIZE] for start in range(0, len(packed), HASH_SIZE))


def holds_hash(packed: bytes, address: bytes) -> bool:
    """Returns whether the address is one of these, which are stored one after the other."""
    found = packed.find(address)
    while found % HASH_SIZE and found != -1:
        found = packed.find(address, found + 1)
    return found != -1


class TakenAddresses:
    """Is a hash table of 12 bytes an address, with open addressing and linear probing (Knuth, The Art of Computer
    Programming, volume 3, section 6.4, algorithm L).

    It knows a part of each hash, and the ordinal by which the store finds the whole one. So it only says where an
    address may be: whoever asks compares the stored hashes. It may therefore hold what was never stored, such as
    the addresses of a transaction that was rolled back.
    """

    def __init__(self, capacity: int) -> None:
        """It takes `capacity` addresses, and half as many of transactions that are rolled back."""
        self._slots = array("Q", bytes(8 * max(_LEAST_SLOTS, capacity * 3 // 2)))
        self._free = len(self._slots)

    def add(self, hashes: Iterable[bytes], ordinal: int) -> None:
        """Adds addresses that are stored under the ordinal."""
        slots = self._slots
        for each in hashes:
            position, entry = self._home(each), _fingerprint(each) | ordinal
            while slots[position] not in (_EMPTY, entry):
                position = (position or len(slots)) - 1
            self._free -= slots[position] == _EMPTY
            slots[position] = entry
        assert self._free > 0, "searching ends at a free slot"

    def find(self, address: bytes) -> list[int]:
        """Returns the ordinals under which the address may be stored. Empty: it was not added."""
        slots, fingerprint, found = self._slots, _fingerprint(address), []
        position = self._home(address)
        while entry := slots[position]:
            if entry & ~_ORDINAL == fingerprint:
                found.append(entry & _ORDINAL)
            position = (position or len(slots)) - 1
        return found

    def _home(self, address: bytes) -> int:
        return int.from_bytes(address[:8], "big") * len(self._slots) >> 64


def _fingerprint(address: bytes) -> int:
    return (int.from_bytes(address[8:13], "big") | 1) << _ORDINAL_BITS
