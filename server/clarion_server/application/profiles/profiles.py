"""Creates, reads and changes profiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from clarion_server.application.identity_reader import IdentityReader, stored_namespaces
from clarion_server.application.ports.clock import Clock, Ids
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.removed_identities import keep_denials
from clarion_server.application.resource_lookup import find_profile
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import refuse_invalid, violations_within
from clarion_server.domain.access.access import Caller
from clarion_server.domain.errors import IdentityTaken, InvalidFields, ProfileUnknown
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.profile import Profile, profile_violations, without_nulls
from clarion_server.domain.violation import Violation

#: Is the field of the profile in the requests that carry one.
_FIELD = "profile"

#: Holds the names of everything that a caller may change.
EDITABLE_FIELDS = frozenset({"identities", "attributes", "locale", "time_zone"})


@dataclass(frozen=True, slots=True)
class ProfileFields:
    """Holds the editable fields of a profile as a caller sent them."""

    identities: tuple[str, ...]
    attributes: Mapping[str, Any]
    locale: str
    time_zone: str
    violations: tuple[Violation, ...] = ()
    """Holds what is wrong with fields that could not be read, by paths in the profile. The fields hold placeholders for
    them.
    """


@dataclass(frozen=True, slots=True)
class CreateProfile:
    fields: ProfileFields
    validate_only: bool = False
    """Checks everything and stores nothing when it is true."""


@dataclass(frozen=True, slots=True)
class UpdateProfile:
    profile_id: str
    fields: ProfileFields
    changed_fields: frozenset[str]
    """Holds names of EDITABLE_FIELDS. The other fields stay as they are."""
    changed_attributes: frozenset[str] = frozenset()
    """Holds the names of single attributes that change. One that the fields lack, or whose value is None, is removed.
    """
    etag: str = ""
    violations: tuple[Violation, ...] = ()
    """Holds what is wrong with the request, apart from the fields, that was found while it was read."""
    validate_only: bool = False
    """Checks everything and stores nothing when it is true."""


class ManageProfiles:
    def __init__(self, transactions: Transactions, identities: IdentityReader, clock: Clock, ids: Ids) -> None:
        self._transactions = transactions
        self._identities = identities
        self._clock = clock
        self._ids = ids

    async def create(self, command: CreateProfile, caller: Caller) -> Profile:
        """Stores a profile, unless the command only validates. Raises InvalidFields or IdentityTaken."""
        now = self._clock.now()
        new = Profile(caller.sandbox, self._ids.new_id(), (), now, now)

        def check(unit: UnitOfWork) -> Profile:
            changes, violations = self._read(unit, caller.sandbox, command.fields, EDITABLE_FIELDS)
            profile = replace(new, **changes)
            _check(profile, violations)
            _check_identities(unit, profile)
            return profile

        if command.validate_only:
            return await self._transactions.read(check)
        return await self._transactions.write(lambda unit: unit.profiles.add(check(unit)))

    async def get(self, profile_id: str, caller: Caller) -> Profile:
        """Returns one profile. Raises ResourceNotFound."""
        return await self._transactions.read(lambda unit: find_profile(unit, caller.visibility, profile_id))

    async def lookup(self, identity: str, caller: Caller) -> Profile:
        """Returns the profile that has the identity. Raises InvalidFields or ProfileUnknown."""

        def look(unit: UnitOfWork) -> Profile | None:
            read = self._identities.read(identity, "identity", stored_namespaces(unit, caller.sandbox, [identity]))
            if isinstance(read, Violation):
                raise InvalidFields((read,))
            return unit.profiles.by_identity(caller.visibility, read.key)

        found = await self._transactions.read(look)
        if found is None:
            raise ProfileUnknown
        return found

    async def page(self, after: str | None, limit: int, caller: Caller) -> list[Profile]:
        """Returns the profiles in the order of their creation, beginning behind the id `after`."""
        return await self._transactions.read(lambda unit: unit.profiles.page(caller.visibility, after, limit))

    async def update(self, command: UpdateProfile, caller: Caller) -> Profile:
        """Stores the changed profile, unless the command only validates. An identity that is removed keeps what was
        denied on its channel.

        Raises InvalidFields, ResourceNotFound, EtagMismatch or IdentityTaken.
        """

        def check(unit: UnitOfWork) -> tuple[Profile, Profile]:
            stored = find_profile(unit, caller.visibility, command.profile_id)
            stored.check_etag(command.etag)
            updated = self._updated(unit, stored, command, self._clock.now())
            _check_identities(unit, updated)
            return stored, updated

        def change(unit: UnitOfWork) -> Profile:
            if "identities" in command.changed_fields:
                # Before the profile is locked, as whoever stores choices locks in this order.
                unit.consents.lock(caller.visibility)
            stored, updated = check(unit)
            unit.profiles.save(updated)
            kept = {identity.key for identity in updated.identities}
            removed = [identity for identity in stored.identities if identity.key not in kept]
            if removed:
                unit.profiles.add_former(updated, [identity.key for identity in removed])
                keep_denials(unit, updated, removed, updated.update_time, caller.name, self._ids.new_id)
            return updated

        if command.validate_only:
            return await self._transactions.read(lambda unit: check(unit)[1])
        return await self._transactions.write(change)

    def _updated(self, unit: UnitOfWork, stored: Profile, command: UpdateProfile, now: Instant) -> Profile:
        changes, violations = self._read(unit, stored.sandbox, command.fields, command.changed_fields)
        if command.changed_attributes:
            sent = {name: command.fields.attributes.get(name) for name in command.changed_attributes}
            changes["attributes"] = without_nulls({**changes.get("attributes", stored.attributes), **sent})
            violations += violations_within((f"attributes.{name}" for name in sent), command.fields.violations)
        updated = stored.changed(changes, now)
        _check(updated, violations, command.violations)
        return updated

    def _read(
        self, unit: UnitOfWork, sandbox: str, fields: ProfileFields, names: frozenset[str]
    ) -> tuple[dict[str, Any], list[Violation]]:
        """Returns the values of the named fields, and what is wrong with those that cannot be read."""
        changes = {name: getattr(fields, name) for name in names}
        violations = list(violations_within(names, fields.violations))
        if "attributes" in names:
            changes["attributes"] = without_nulls(fields.attributes)
        if "identities" in names:
            namespaces = stored_namespaces(unit, sandbox, fields.identities)
            changes["identities"], unread = self._identities.read_all(fields.identities, "identities", namespaces)
            violations += unread
        return changes, violations


def _check(profile: Profile, unread: list[Violation], of_request: tuple[Violation, ...] = ()) -> None:
    """Raises InvalidFields, with paths in the request."""
    refuse_invalid(
        [*of_request, *(violation.under(_FIELD) for violation in unread)],
        (violation.under(_FIELD) for violation in profile_violations(profile)),
    )


def _check_identities(unit: UnitOfWork, profile: Profile) -> None:
    """Raises IdentityTaken when another profile has one of the identities."""
    owners = unit.profiles.owners(profile.sandbox, [identity.key for identity in profile.identities])
    for index, identity in enumerate(profile.identities):
        owner = owners.get(identity.key)
        if owner is not None and owner.key != profile.key:
            raise IdentityTaken(f"{_FIELD}.identities[{index}]", owner.name)
