"""Defines the repository of consents: the settings of sandboxes, the current choices of people, and their history."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from clarion_server.domain.access.access import Visibility
from clarion_server.domain.consent.consent import Consents, ConsentSettings, SilenceSetting
from clarion_server.domain.consent.consent_change import ConsentChange
from clarion_server.domain.people.choice_draft import EntryKey


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

    def save_all(self, consents: Mapping[int, Consents]) -> None:
        """Does the same for several people in one statement, by the keys of their profiles."""
        ...

    def add_changes(self, changes: Sequence[tuple[int, ConsentChange]]) -> list[ConsentChange]:
        """Adds the changes to the histories of the profiles that have these keys, in one statement.

        Returns the changes with their keys, which are in the same order.
        """
        ...

    def known_entries(self, entries: Collection[tuple[int, EntryKey]]) -> Mapping[int, AbstractSet[EntryKey]]:
        """Returns which of these entries the histories of the profiles have, by the keys of the profiles, and maybe
        further ones.
        """
        ...

    def entries(self, keys: Collection[int]) -> Mapping[int, ConsentChange]:
        """Returns entries of histories in one statement, by their keys."""
        ...

    def history(self, profile_key: int, before: int | None, limit: int) -> list[ConsentChange]:
        """Returns entries of the history, the newest first, only smaller keys than `before`."""
        ...
