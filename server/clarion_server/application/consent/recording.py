"""Records changes of people's choices, in the transaction of whoever makes them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from clarion_server.application.ports.clock import Clock, Ids
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.consent.consent import NO_CONSENTS, Consent, Consents
from clarion_server.domain.consent.consent_change import ConsentChange
from clarion_server.domain.errors import DenialStands, StandingDenial
from clarion_server.domain.events.event import consent_event
from clarion_server.domain.names import TOPICS
from clarion_server.domain.people.choice_draft import ChoiceDraft, DraftEntry
from clarion_server.domain.people.identity import Identity
from clarion_server.domain.people.profile import Profile, ProfileRef


@dataclass(frozen=True, slots=True)
class Recorded:
    profile: ProfileRef
    consents: Consents
    """Holds all current choices."""
    changes: Sequence[ConsentChange]
    """Holds the entries that the history got."""


@dataclass(frozen=True, slots=True)
class RecordedEach:
    """Is the result of changes that are stored independently of each other."""

    is_changed: bool
    """Says whether the history got an entry of them."""
    forbidden: Sequence[int]
    """Holds the positions of those that a standing denial forbids."""


class ConsentRecorder:
    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids

    def record(
        self, unit: UnitOfWork, visibility: Visibility, person: ProfileRef | Identity, changes: Sequence[ConsentChange]
    ) -> Recorded:
        """Stores the changes, or none of them. `person` is somebody's profile or identity; an identity that no profile
        has gets one, which holds nothing else.

        Changes without a time are made now. Raises DenialStands, and WriteConflict.
        """
        unit.consents.lock(visibility)
        now = self._clock.now()
        profile = person if isinstance(person, ProfileRef) else self._owner(unit, visibility, person)
        draft = ChoiceDraft(profile, unit.consents.of_profile(profile.key))
        denials = [
            _standing(f"changes[{index}]", denial)
            for index, change in enumerate(changes)
            if (denial := draft.apply(change.dated(now, draft.consents))) is not None
        ]
        if denials:
            raise DenialStands(tuple(denials))
        _store(unit, visibility, [draft])
        return Recorded(profile, draft.consents, [entry.change for entry in draft.entries])

    def record_each(
        self, unit: UnitOfWork, visibility: Visibility, people: Sequence[tuple[ProfileRef, Sequence[ConsentChange]]]
    ) -> list[RecordedEach]:
        """Stores the changes of many people in a constant number of statements, but for those that a denial forbids.

        Somebody may be named several times. Changes without a time are made now. Raises WriteConflict.
        """
        unit.consents.lock(visibility)
        now = self._clock.now()
        stored = unit.consents.of_profiles({profile.key for profile, _ in people})
        drafts: dict[int, ChoiceDraft] = {}
        applied: list[tuple[list[DraftEntry], list[int]]] = []
        for profile, changes in people:
            draft = drafts.get(profile.key)
            if draft is None:
                draft = drafts[profile.key] = ChoiceDraft(profile, stored.get(profile.key, NO_CONSENTS))
            first = len(draft.entries)
            forbidden = [
                index
                for index, change in enumerate(changes)
                if draft.apply(change.dated(now, draft.consents)) is not None
            ]
            applied.append((draft.entries[first:], forbidden))
        entered = {id(entry) for entry in _store(unit, visibility, drafts.values())}
        return [
            RecordedEach(any(id(entry) in entered for entry in entries), forbidden) for entries, forbidden in applied
        ]

    def _owner(self, unit: UnitOfWork, visibility: Visibility, identity: Identity) -> ProfileRef:
        found = unit.profiles.owners(visibility.sandbox, [identity.key]).get(identity.key)
        if found is not None:
            return found
        now = self._clock.now()
        added = unit.profiles.add(Profile(visibility.sandbox, self._ids.new_id(), (identity,), now, now))
        return ProfileRef(added.key, added.id)


def _store(unit: UnitOfWork, visibility: Visibility, drafts: Collection[ChoiceDraft]) -> list[DraftEntry]:
    """Stores what the drafts hold, and returns the entries that the history got. Raises WriteConflict."""
    if old := [(draft.profile.key, entry.key) for draft in drafts for entry in draft.entries if entry.is_old]:
        known = unit.consents.known_entries(old)
        for draft in drafts:
            draft.leave_out_repeated(known.get(draft.profile.key, ()))
    entries = [(draft, entry) for draft in drafts for entry in draft.entries]
    if entries:
        added = iter(unit.consents.add_changes([(draft.profile.key, entry.change) for draft, entry in entries]))
        for draft in drafts:
            draft.take_stored([next(added) for _ in draft.entries])
    if changed := {draft.profile.key: draft.consents for draft in drafts if draft.is_changed}:
        unit.consents.save_all(changed)
    sandbox = visibility.sandbox
    unit.events.add_all([consent_event(sandbox, draft.profile.name, entry.change) for draft, entry in entries])
    return [entry for _, entry in entries]


def _standing(field: str, denial: Consent) -> StandingDenial:
    channel, topic = denial.scope.channel, denial.scope.topic
    return StandingDenial(field, channel or "", "" if topic is None else TOPICS.format(topic))
