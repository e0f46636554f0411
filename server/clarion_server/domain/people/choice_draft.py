"""Applies changes to the choices of one person, before anything of them is stored."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from clarion_server.domain.consent.consent import Consent, ConsentChoice, Consents, ConsentScope
from clarion_server.domain.consent.consent_change import (
    ConsentChange,
    Effect,
    effect_of,
    forbidding_denial,
    with_change,
)
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.profile import ProfileRef


class EntryKey(NamedTuple):
    """Identifies what an entry of a person's history says. Two entries with equal keys are repetitions."""

    scope: ConsentScope
    choice: ConsentChoice
    time: Instant


@dataclass(slots=True)
class DraftEntry:
    """Is an entry that the history of the person gets."""

    change: ConsentChange
    is_old: bool
    """Says whether the current choice prevails over it: it is entered only if the history does not have it already."""

    @property
    def key(self) -> EntryKey:
        return EntryKey(self.change.scope, self.change.choice, self.change.time)


@dataclass(slots=True)
class ChoiceDraft:
    """Holds the choices of one person, and what the history gets. What is not stored yet has a negative key."""

    profile: ProfileRef
    stored: Consents
    consents: Consents = field(init=False)
    entries: list[DraftEntry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.consents = self.stored

    @property
    def is_changed(self) -> bool:
        return self.consents != self.stored

    def apply(self, change: ConsentChange) -> Consent | None:
        """Applies a change with a time. Returns the denial that forbids it, which leaves everything as it was."""
        if (denial := forbidding_denial(change, self.consents)) is not None:
            return denial
        effect = effect_of(change, self.consents)
        if effect in (Effect.CURRENT, Effect.HISTORY):
            current = self.consents.get(change.scope)
            previous = None if current is None else current.choice
            change = change.entered(previous, -1 - len(self.entries))
            self.entries.append(DraftEntry(change, effect is Effect.HISTORY))
        self.consents = with_change(self.consents, change, effect)
        return None

    def leave_out_repeated(self, known: Collection[EntryKey]) -> None:
        """Removes the old entries that the history has, or that come twice.

        What is copied every night from another system must not add an entry every night.
        """
        seen = set(known)
        kept = []
        for entry in self.entries:
            if not entry.is_old or entry.key not in seen:
                kept.append(entry)
            seen.add(entry.key)
        self.entries = kept

    def take_stored(self, changes: Sequence[ConsentChange]) -> None:
        """Takes the entries as they were stored, in their order."""
        keys = {}
        for entry, change in zip(self.entries, changes, strict=True):
            keys[entry.change.key] = change.key
            entry.change = change
        self.consents = {
            scope: replace(consent, change_key=keys[consent.change_key]) if consent.change_key < 0 else consent
            for scope, consent in self.consents.items()
        }
