"""The port of key rings: secret keys that are kept outside of the store, and never dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class KeyRing(Protocol):
    """Knows the numbers of its keys, and a fingerprint of each that tells nothing about the key."""

    @property
    def current_key(self) -> int:
        """Returns the number of the key that is used from now on. The others serve what was made by them before."""
        ...

    @property
    def fingerprints(self) -> Mapping[int, bytes]:
        """Returns the fingerprints of all keys, by their numbers."""
        ...
