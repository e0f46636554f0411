"""Keeps the denials of a person when an identity is removed from the profile.

Otherwise whoever has the identity would count as somebody who made no choice, and get again what the person has left.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import Consent, ConsentChoice, by_scope
from clarion_server.domain.consent.consent_change import ConsentChange
from clarion_server.domain.events.event import consent_event
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.identity import Identity
from clarion_server.domain.people.profile import Profile

#: Is the channel whose addresses are the identities of a namespace.
_CHANNELS = {"email": Channel.EMAIL}


def keep_denials(
    unit: UnitOfWork,
    profile: Profile,
    removed: Collection[Identity],
    now: Instant,
    actor: str,
    new_id: Callable[[], str],
) -> None:
    """Gives each removed identity on whose channel the profile has denied something a profile of its own, which holds
    these denials alone. The profile must have been saved without the identities, under the lock of its consents.
    """
    denials = [
        choice for choice in unit.consents.of_profile(profile.key).values() if choice.choice is ConsentChoice.DENIED
    ]
    if not denials:
        return
    made = unit.consents.entries({denial.change_key for denial in denials})
    for identity in removed:
        channel = _CHANNELS.get(identity.key.namespace)
        of_channel = [denial for denial in denials if channel is not None and denial.scope.channel in (None, channel)]
        if of_channel:
            entries = [_entry(made[denial.change_key], denial, now, actor) for denial in of_channel]
            _add_bare_profile(unit, Profile(profile.sandbox, new_id(), (identity,), now, now), entries)


def _entry(made: ConsentChange, denial: Consent, now: Instant, actor: str) -> ConsentChange:
    """Returns a copy of the entry of the history that made the denial."""
    return replace(made, time=denial.time, record_time=now, actor=actor, previous_choice=None)


def _add_bare_profile(unit: UnitOfWork, profile: Profile, entries: Collection[ConsentChange]) -> None:
    bare = unit.profiles.add(profile)
    added = unit.consents.add_changes([(bare.key, entry) for entry in entries])
    unit.consents.save(bare.key, by_scope(change.as_consent() for change in added))
    unit.events.add_all([consent_event(bare.sandbox, bare.name, change) for change in added])
