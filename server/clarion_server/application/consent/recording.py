"""Records changes of one person's choices, in the transaction of whoever makes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from clarion_server.application.ports.clock import Clock, Ids
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.access import Visibility
from clarion_server.domain.consent import Consent, Consents
from clarion_server.domain.consent_change import (
    ConsentChange,
    Effect,
    effect_of,
    forbidding_denial,
    with_change,
)
from clarion_server.domain.errors import DenialStands, StandingDenial
from clarion_server.domain.event import consent_event
from clarion_server.domain.identity import Identity
from clarion_server.domain.names import TOPICS
from clarion_server.domain.profile import Profile, ProfileRef


@dataclass(frozen=True, slots=True)
class Recorded:
    profile: ProfileRef
    consents: Consents
    """All current choices."""
    changes: Sequence[ConsentChange]
    """The entries that the history got."""


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
        stored = unit.consents.of_profile(profile.key)
        dated = [replace(change, time=change.time or now, record_time=now) for change in changes]
        consents, added = self._apply(unit, profile, stored, dated)
        if added or consents != stored:
            unit.consents.save(profile.key, consents)
        unit.events.add_all([consent_event(visibility.sandbox, profile.name, change) for change in added])
        return Recorded(profile, consents, added)

    def _owner(self, unit: UnitOfWork, visibility: Visibility, identity: Identity) -> ProfileRef:
        found = unit.profiles.owners(visibility.sandbox, [identity.key]).get(identity.key)
        if found is not None:
            return found
        now = self._clock.now()
        added = unit.profiles.add(Profile(visibility.sandbox, self._ids.new_id(), (identity,), now, now))
        return ProfileRef(added.key, added.id)

    def _apply(
        self, unit: UnitOfWork, profile: ProfileRef, consents: Consents, changes: Sequence[ConsentChange]
    ) -> tuple[Consents, list[ConsentChange]]:
        added: list[ConsentChange] = []
        denials: list[StandingDenial] = []
        for index, change in enumerate(changes):
            if denial := forbidding_denial(change, consents):
                denials.append(_standing(f"changes[{index}]", denial))
            if denials:
                continue
            effect = effect_of(change, consents)
            entered = change
            if _enters_history(unit, profile, change, effect):
                current = consents.get(change.scope)
                entry = replace(change, previous_choice=None if current is None else current.choice)
                (entered,) = unit.consents.add_changes(profile.key, [entry])
                added.append(entered)
            consents = with_change(consents, entered, effect)
        if denials:
            raise DenialStands(tuple(denials))
        return consents, added


def _enters_history(unit: UnitOfWork, profile: ProfileRef, change: ConsentChange, effect: Effect) -> bool:
    # What is copied every night from another system must not add an entry every night.
    return effect is Effect.CURRENT or (effect is Effect.HISTORY and not unit.consents.has_change(profile.key, change))


def _standing(field: str, denial: Consent) -> StandingDenial:
    channel, topic = denial.scope.channel, denial.scope.topic
    return StandingDenial(field, channel or "", "" if topic is None else TOPICS.format(topic))
