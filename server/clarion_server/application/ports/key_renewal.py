"""Defines the repository of the keys by which people are found, for their renewal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from clarion_server.domain.instant import Instant
from clarion_server.domain.people.key_renewal import KeyTable, Place, Renewal, StoredKey


class KeyRenewalRepository(Protocol):
    def versions(self) -> dict[str, str]:
        """Returns what the stored keys were made by, by the name of the normaliser."""
        ...

    def add_versions(self, versions: Mapping[str, str], now: Instant) -> None:
        """Records versions of normalisers of which the store has none yet."""
        ...

    def set_versions(self, versions: Mapping[str, str], now: Instant) -> None: ...

    def renewal(self) -> Renewal | None:
        """Returns the pass that has begun and not ended. No other transaction advances it until this one ends."""
        ...

    def save(self, renewal: Renewal) -> None: ...

    def end(self) -> None:
        """Forgets the pass."""
        ...

    def page(self, table: KeyTable, after: Place, limit: int) -> list[StoredKey]:
        """Returns the keys behind a place, in the order of their places. They are few enough for one step."""
        ...

    def replace(self, table: KeyTable, changes: Sequence[tuple[StoredKey, str]]) -> None:
        """Gives keys of lists, of runs and of what people had before their new values. One that a list has already is
        folded into it. The keys of profiles and of suppressions are changed by their own repositories.
        """
        ...
