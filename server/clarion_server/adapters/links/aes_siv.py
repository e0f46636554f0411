"""Seals the tokens of personal links by AES-SIV (RFC 5297).

A token is the number of its key, the kind of the link, and the sealed link, in base64url without padding. The seal
covers all of it. AES-SIV takes no nonce, so any number of processes may seal any number of links under one key; what it
tells an onlooker is which tokens are the same.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from clarion_server.adapters.key_ring import KeyRing
from clarion_server.adapters.links.layout import pack, unpack
from clarion_server.application.ports.link_tokens import TokenDamaged
from clarion_server.domain.consent.personal_link import LinkKind, PersonalLink

#: Is the head of a token, which is not encrypted: the key's number and the kind.
_HEAD: Final = 2
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+")


class AesSivLinkTokens:
    """Implements `LinkTokens`."""

    def __init__(self, ring: KeyRing) -> None:
        self._ciphers = {number: AESSIV(key) for number, key in ring.keys.items()}
        self._heads = {kind: bytes((ring.current_key, kind)) for kind in LinkKind}
        self._sealing = self._ciphers[ring.current_key]

    def seal(self, link: PersonalLink) -> str:
        head = self._heads[link.kind]
        return urlsafe_b64encode(head + self._sealing.encrypt(pack(link), [head])).rstrip(b"=").decode()

    def open(self, token: str) -> PersonalLink:
        octets = _decoded(token)
        head, sealed = octets[:_HEAD], octets[_HEAD:]
        try:
            return unpack(LinkKind(head[1]), self._ciphers[head[0]].decrypt(sealed, [head]))
        except (LookupError, ValueError, InvalidTag):
            raise TokenDamaged from None


def _decoded(token: str) -> bytes:
    """Raises TokenDamaged. `b64decode` by itself skips characters, and takes several texts for the same bytes."""
    if not _BASE64URL.fullmatch(token):
        raise TokenDamaged
    try:
        octets = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        raise TokenDamaged from None
    if urlsafe_b64encode(octets).rstrip(b"=").decode() != token:
        raise TokenDamaged
    return octets
