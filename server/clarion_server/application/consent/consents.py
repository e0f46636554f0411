"""Changes and shows the choices of people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from clarion_server.application.consent.recording import ConsentRecorder, Recorded
from clarion_server.application.identity_reader import IdentityReader, stored_namespaces
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_profile
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import refuse_invalid
from clarion_server.domain.access.access import Caller, Visibility
from clarion_server.domain.consent.consent import NO_CONSENTS, Consents
from clarion_server.domain.consent.consent_change import MAX_CHANGES, ConsentChange, change_violations
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.identity import Identity
from clarion_server.domain.people.profile import ProfileRef
from clarion_server.domain.violation import Violation, required, too_many


@dataclass(frozen=True, slots=True)
class Person:
    """Names the person that a call is about: by a profile or by an identity, one of which is given."""

    profile_id: str | None = None
    identity: str | None = None


@dataclass(frozen=True, slots=True)
class SetConsents:
    person: Person
    changes: Sequence[ConsentChange]
    """A time of 0 stands for now."""
    violations: tuple[Violation, ...] = ()
    """Holds what is wrong with fields that could not be read. The changes hold placeholders for them."""


@dataclass(frozen=True, slots=True)
class ConsentView:
    """Holds the choices of one person."""

    profile: ProfileRef | None
    """Is None for somebody without a profile."""
    consents: Consents
    changes: Sequence[ConsentChange]
    """Is a page of the history, the newest entry first."""


class ManageConsents:
    def __init__(
        self, transactions: Transactions, identities: IdentityReader, recorder: ConsentRecorder, clock: Clock
    ) -> None:
        self._transactions = transactions
        self._identities = identities
        self._recorder = recorder
        self._clock = clock

    async def set(self, command: SetConsents, caller: Caller) -> Recorded:
        """Stores all of the changes or none. Raises InvalidFields, ResourceNotFound or DenialStands."""
        now = self._clock.now()
        changes = [replace(change, actor=caller.name) for change in command.changes]

        def record(unit: UnitOfWork) -> Recorded:
            identity, unread = self._read(unit, caller.sandbox, command.person)
            refuse_invalid([*command.violations, *unread], _violations(command.changes, now))
            _check_topics(unit, caller.visibility, changes)
            person = identity or _profile(unit, caller.visibility, command.person)
            return self._recorder.record(unit, caller.visibility, person, changes)

        return await self._transactions.write(record)

    async def get(self, person: Person, before: int | None, limit: int, caller: Caller) -> ConsentView:
        """Returns the choices, with the entries of the history behind the one with the key `before`.

        Raises InvalidFields or ResourceNotFound.
        """

        def read(unit: UnitOfWork) -> ConsentView:
            identity, unread = self._read(unit, caller.sandbox, person)
            refuse_invalid(unread, ())
            profile = (
                _profile(unit, caller.visibility, person)
                if identity is None
                else _owner(unit, caller.visibility, identity)
            )
            if profile is None:
                return ConsentView(None, NO_CONSENTS, ())
            history = unit.consents.history(profile.key, before, limit)
            return ConsentView(profile, unit.consents.of_profile(profile.key), history)

        return await self._transactions.read(read)

    def _read(self, unit: UnitOfWork, sandbox: str, person: Person) -> tuple[Identity | None, list[Violation]]:
        """Returns the identity, or None when the person is named by a profile, and what is wrong with it."""
        if person.identity is None:
            return None, []
        read = self._identities.read(person.identity, "identity", stored_namespaces(unit, sandbox, [person.identity]))
        return (None, [read]) if isinstance(read, Violation) else (read, [])


def _violations(changes: Sequence[ConsentChange], now: Instant) -> Iterator[Violation]:
    if not changes:
        yield required("changes")
    if len(changes) > MAX_CHANGES:
        yield too_many("changes", MAX_CHANGES)
        return
    for index, change in enumerate(changes):
        for violation in change_violations(change, now):
            yield violation.under(f"changes[{index}]")


def _check_topics(unit: UnitOfWork, visibility: Visibility, changes: Sequence[ConsentChange]) -> None:
    """Raises InvalidFields for every change about a topic that is not in the sandbox."""
    named = {change.scope.topic for change in changes if change.scope.topic is not None}
    unknown = unit.topics.unknown(visibility, named)
    violations = [
        Violation(f"changes[{index}].topic", "UNKNOWN_VALUE", "Must be a topic of this sandbox.")
        for index, change in enumerate(changes)
        if change.scope.topic in unknown
    ]
    if violations:
        raise InvalidFields(tuple(violations))


def _profile(unit: UnitOfWork, visibility: Visibility, person: Person) -> ProfileRef:
    """Raises ResourceNotFound."""
    found = find_profile(unit, visibility, person.profile_id or "")
    return ProfileRef(found.key, found.id)


def _owner(unit: UnitOfWork, visibility: Visibility, identity: Identity) -> ProfileRef | None:
    return unit.profiles.owners(visibility.sandbox, [identity.key]).get(identity.key)
