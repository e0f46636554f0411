"""Decides what becomes of imported profiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clarion_server.domain.consent.consent_change import ConsentChange
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.identity import Identity, IdentityKey
from clarion_server.domain.people.import_result import ImportOutcome, ImportResult
from clarion_server.domain.people.profile import Profile, profile_violations, without_nulls
from clarion_server.domain.violation import Violation


@dataclass(frozen=True, slots=True)
class ImportRow:
    """Is what an import says about one person."""

    identities: tuple[Identity, ...]
    attributes: Mapping[str, Any]
    """Is None when the attribute is to be removed."""
    locale: str
    """Empty means that the stored one stays. The same holds for the time zone."""
    time_zone: str
    choices: tuple[ConsentChange, ...] = ()


_CONFLICT = Violation("identities", "IDENTITY_CONFLICT", "Must not belong to several profiles.")


class ImportBatch:
    """Applies rows one after the other to the profiles that have their identities."""

    def __init__(self, sandbox: str, known: Iterable[Profile], now: Instant) -> None:
        self._sandbox = sandbox
        self._now = now
        self._stored = {profile.id: profile for profile in known}
        self._current = dict(self._stored)
        self._owners: dict[IdentityKey, str] = {}
        for profile in self._stored.values():
            self._own(profile)

    @property
    def created(self) -> list[Profile]:
        """Returns the profiles to add."""
        return [profile for profile in self._current.values() if profile.id not in self._stored]

    @property
    def changed(self) -> list[tuple[Profile, Profile]]:
        """Returns each stored profile that changes, and how it is then."""
        pairs = ((stored, self._current[profile_id]) for profile_id, stored in self._stored.items())
        return [
            (stored, replace(current, revision=stored.revision + 1, update_time=self._now))
            for stored, current in pairs
            if current is not stored
        ]

    def apply(self, row: ImportRow, new_id: str) -> ImportResult:
        """Applies a row. `new_id` is the id of its profile when no profile has its identities."""
        owners = {self._owners[identity.key] for identity in row.identities if identity.key in self._owners}
        if len(owners) > 1:
            return ImportResult(ImportOutcome.REJECTED, violations=(_CONFLICT,))
        before = self._current[owners.pop()] if owners else None
        after = _changed(before, row) if before else self._new(row, new_id)
        if after is before:
            return ImportResult(ImportOutcome.UNCHANGED, after.name)
        # What is stored already may break rules that are newer than it.
        if violations := tuple(profile_violations(after)):
            return ImportResult(ImportOutcome.REJECTED, violations=violations)
        self._current[after.id] = after
        self._own(after)
        return ImportResult(ImportOutcome.UPDATED if before else ImportOutcome.CREATED, after.name)

    def _new(self, row: ImportRow, new_id: str) -> Profile:
        return Profile(
            self._sandbox,
            new_id,
            row.identities,
            self._now,
            self._now,
            without_nulls(row.attributes),
            row.locale,
            row.time_zone,
        )

    def _own(self, profile: Profile) -> None:
        self._owners.update({identity.key: profile.id for identity in profile.identities})


def _changed(stored: Profile, row: ImportRow) -> Profile:
    """Returns the profile with what the row says; the same object when that changes nothing."""
    changed = replace(
        stored,
        identities=_joined(stored.identities, row.identities),
        attributes=without_nulls({**stored.attributes, **row.attributes}),
        locale=row.locale or stored.locale,
        time_zone=row.time_zone or stored.time_zone,
    )
    return stored if changed == stored else changed


def _joined(stored: tuple[Identity, ...], given: Sequence[Identity]) -> tuple[Identity, ...]:
    known = {identity.key for identity in stored}
    return (*stored, *(identity for identity in given if identity.key not in known))
