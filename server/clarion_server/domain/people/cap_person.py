"""Defines how frequency caps identify a person."""

from __future__ import annotations

import hashlib

from clarion_server.domain.people.identity import IdentityKey

#: Is the key of a profile as a text, or a mark and a hash for somebody without one.
CapPerson = str

#: Begins all persons without a profile, and follows every digit, so that they are stored behind all others.
STRANGER_MARK = "~"


def profile_person(profile_key: int) -> CapPerson:
    return str(profile_key)


def stranger_person(sandbox: str, identity: IdentityKey) -> CapPerson:
    """Returns the person who has the address, or the identity on a channel without addresses, and no profile.

    It is a hash, so that what is stored for caps holds no address.
    """
    text = f"{sandbox}\0{identity.namespace}:{identity.value}"
    return STRANGER_MARK + hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
