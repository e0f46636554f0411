"""The port of the tokens that stand for personal links in URLs."""

from __future__ import annotations

from typing import Protocol

from clarion_server.domain.consent.personal_link import PersonalLink


class TokenDamaged(Exception):
    """The token was not sealed by a key of this service, or it was changed since."""


class LinkTokens(Protocol):
    """Seals personal links, so that nobody reads or changes what a token says. Does not wait."""

    def seal(self, link: PersonalLink) -> str:
        """Returns a token of letters, digits, `-` and `_`. The same link always has the same token under one key."""
        ...

    def open(self, token: str) -> PersonalLink:
        """Returns what was sealed, by this key or an earlier one. Raises TokenDamaged."""
        ...
