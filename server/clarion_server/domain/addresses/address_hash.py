"""Keyed hashes, which stand for the addresses of erased people.

A suppression with a hash recognises an address without revealing it. That is a pseudonym in the sense of data
protection law: whoever has the key can test addresses against it, so the keys are kept outside of the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from clarion_server.domain.addresses.address_key import email_key

#: Begins the target of a suppression that holds a hash. No address and no domain begins so.
HASH_MARK = "#"
_HASH_BYTES = 16


class AddressHasher:
    """Hashes addresses by BLAKE2b with a key (RFC 7693 section 2.9)."""

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        """The first of `keys`, which have at most 64 bytes, makes new hashes. The others recognise older ones."""
        self._keys = keys

    @property
    def has_keys(self) -> bool:
        return bool(self._keys)

    def targets(self, sandbox: str, address: str) -> tuple[str, ...]:
        """Returns the hashes that suppressions may hold in place of the address, that of the first key first."""
        text = f"{sandbox}\0{email_key(address)}".encode()
        # The sandbox is part of the text, so that nobody sees which people two sandboxes share.
        return tuple(
            f"{HASH_MARK}{number}:{blake2b(text, digest_size=_HASH_BYTES, key=key).hexdigest()}"
            for number, key in self._keys.items()
        )


#: This is the hasher of a service without keys, whose store has no hashes.
NO_ADDRESS_HASHER = AddressHasher({})
