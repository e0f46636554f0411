"""Whom frequency caps take for one person."""

from __future__ import annotations

import hashlib

from clarion_server.domain.identity import IdentityKey

#: The key of a profile as a text, or a hash for somebody without one.
CapPerson = str


def profile_person(profile_key: int) -> CapPerson:
    return str(profile_key)


def stranger_person(sandbox: str, identity: IdentityKey) -> CapPerson:
    """Returns the person who has the address, or the identity on a channel without addresses, and no profile.

    It is a hash, so that what is stored for caps holds no address.
    """
    text = f"{sandbox}\0{identity.namespace}:{identity.value}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
