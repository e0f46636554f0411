"""The repository of consents: the settings of sandboxes, the current choices of people, and their history."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from clarion_server.domain.access import Visibility
from clarion_server.domain.consent import Consents, ConsentSettings, SilenceSetting
from clarion_server.domain.consent_change import ConsentChange


class ConsentRepository(Protocol):
    def settings(self, visibility: Visibility) -> ConsentSettings:
        """Returns the stored settings, or those of a new sandbox."""
        ...

    def save_settings(self, settings: ConsentSettings) -> None:
        """Replaces the stored ones, whose revision must be one less. Raises WriteConflict."""
        ...

    def silences(self, topics: Collection[tuple[str, str | None]]) -> Mapping[tuple[str, str | None], SilenceSetting]:
        """Returns what silence means for each pair of a sandbox and a topic's id, or None for no topic."""
        ...

    def lock_shared(self, sandboxes: Collection[str]) -> None:
        """Keeps the choices in these sandboxes unchanged until the transaction ends. They must be read afterwards.

        Others may hold this lock at the same time. Every batch of messages that need consent takes it, so it is cheap.
        """
        ...

    def lock(self, visibility: Visibility) -> None:
        """Waits for the transactions that hold the shared lock, and keeps others from taking it."""
        ...

    def of_profile(self, profile_key: int) -> Consents: ...

    def of_profiles(self, profile_keys: Collection[int]) -> Mapping[int, Consents]:
        """Returns the choices of several people in one statement, by the keys of their profiles."""
        ...

    def save(self, profile_key: int, consents: Consents) -> None:
        """Replaces the current choices. Raises WriteConflict when there is no such profile."""
        ...

    def add_changes(self, profile_key: int, changes: Sequence[ConsentChange]) -> list[ConsentChange]:
        """Adds the changes to the history in their order, and returns them with their keys."""
        ...

    def has_change(self, profile_key: int, change: ConsentChange) -> bool:
        """Returns whether the history has an entry of the same scope, choice and time."""
        ...

    def history(self, profile_key: int, before: int | None, limit: int) -> list[ConsentChange]:
        """Returns entries of the history, the newest first, only smaller keys than `before`."""
        ...
