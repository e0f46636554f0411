"""Stores profiles and their identities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from clarion_server.adapters.storage.people.known_profiles import add_missing, find_known, written_form
from clarion_server.adapters.storage.people.many_profiles import add_all, extend_all, find_keys
from clarion_server.adapters.storage.rows.json_columns import ATTRIBUTES
from clarion_server.adapters.storage.schema import (
    consent_changes,
    former_identities,
    profile_aliases,
    profile_identities,
    profiles,
)
from clarion_server.adapters.storage.statements.bulk import BulkStatement, Values, insertion
from clarion_server.application.ports.profiles import SandboxIdentity, SandboxNamespace
from clarion_server.application.ports.store import WriteConflict
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.people.identity import Identity, IdentityKey
from clarion_server.domain.people.profile import KnownProfile, Profile, ProfileRef

_ADD = insert(profiles).returning(profiles.c.key)
_BY_ID = select(profiles).where(profiles.c.sandbox == bindparam("sandbox"), profiles.c.id == bindparam("id"))
_BY_ALIAS = select(profile_aliases.c.profile_key).where(
    profile_aliases.c.sandbox == bindparam("sandbox"), profile_aliases.c.id == bindparam("id")
)
_BY_KEY = select(profiles).where(profiles.c.key == bindparam("key"))
_BY_KEYS = select(profiles).where(profiles.c.key.in_(bindparam("keys", expanding=True)))
_OWNER = select(profile_identities.c.profile_key).where(
    profile_identities.c.sandbox == bindparam("sandbox"),
    profile_identities.c.namespace == bindparam("namespace"),
    profile_identities.c.normal_value == bindparam("normal_value"),
)
_FIRST_IN_NAMESPACE = (
    select(profiles.c.key, profiles.c.id)
    .join(profile_identities, profile_identities.c.profile_key == profiles.c.key)
    .where(
        profile_identities.c.sandbox == bindparam("sandbox"),
        profile_identities.c.namespace == bindparam("namespace"),
    )
    # Else PostgreSQL might read the table from its beginning.
    .order_by(profile_identities.c.normal_value)
    .limit(1)
)
# CROSS JOIN fixes the order of the join on SQLite: it looks up each wanted identity and scans nothing.
_OWNERS = BulkStatement(
    "SELECT wanted.column1 AS namespace, wanted.column2 AS normal_value, profiles.key, profiles.id"
    " FROM ({rows}) AS wanted CROSS JOIN profile_identities CROSS JOIN profiles"
    " WHERE profile_identities.sandbox = {one} AND profile_identities.namespace = wanted.column1"
    " AND profile_identities.normal_value = wanted.column2 AND profiles.key = profile_identities.profile_key",
    Values(profile_identities.c.namespace, profile_identities.c.normal_value),
)
_ADD_IDENTITIES = insertion(profile_identities, tuple(profile_identities.columns))
_ADD_FORMER = insertion(former_identities, tuple(former_identities.columns), "ON CONFLICT DO NOTHING")
_FORMER = select(former_identities).where(former_identities.c.profile_key == bindparam("key"))
#: Holds the tables with rows of a person that go with the profile.
_OF_PERSON = (consent_changes, former_identities, profile_aliases)


class SqlProfileRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, profile: Profile) -> Profile:
        key = self._connection.execute(_ADD, _to_row(profile)).scalar_one()
        added = replace(profile, key=key)
        self._add_identities(added)
        return added

    def get(self, visibility: Visibility, profile_id: str) -> Profile | None:
        named = {"sandbox": visibility.sandbox, "id": profile_id}
        if (profile := self._one(_BY_ID, named)) is not None:
            return profile
        key = self._connection.execute(_BY_ALIAS, named).scalar_one_or_none()
        return None if key is None else self._one(_BY_KEY, {"key": key})

    def by_identity(self, visibility: Visibility, identity: IdentityKey) -> Profile | None:
        wanted = {"sandbox": visibility.sandbox, "namespace": identity.namespace, "normal_value": identity.value}
        key = self._connection.execute(_OWNER, wanted).scalar_one_or_none()
        return None if key is None else self._one(_BY_KEY, {"key": key})

    def first_in_namespace(self, visibility: Visibility, namespace_id: str) -> ProfileRef | None:
        of_namespace = {"sandbox": visibility.sandbox, "namespace": namespace_id}
        row = self._connection.execute(_FIRST_IN_NAMESPACE, of_namespace).one_or_none()
        return None if row is None else ProfileRef(row.key, row.id)

    def owners(self, sandbox: str, identities: Collection[IdentityKey]) -> dict[IdentityKey, ProfileRef]:
        rows = [(identity.namespace, identity.value) for identity in identities]
        found = _OWNERS.select(self._connection, rows, after=(sandbox,))
        return {IdentityKey(row.namespace, row.normal_value): ProfileRef(row.key, row.id) for row in found}

    def known(
        self,
        wanted: Mapping[SandboxNamespace, Collection[str]],
        *,
        with_attributes: bool,
        with_choices: bool,
        with_ids: bool = False,
    ) -> dict[SandboxNamespace, dict[str, KnownProfile]]:
        return find_known(self._connection, wanted, (with_attributes, with_choices, with_ids))

    def add_missing(self, profiles: Sequence[Profile]) -> dict[SandboxIdentity, KnownProfile]:
        return add_missing(self._connection, profiles)

    def page(self, visibility: Visibility, after: str | None, limit: int) -> list[Profile]:
        statement = select(profiles).where(profiles.c.sandbox == visibility.sandbox)
        if after is not None:
            statement = statement.where(profiles.c.id > after)
        return self._with_identities(self._connection.execute(statement.order_by(profiles.c.id).limit(limit)).all())

    def by_identities(self, sandbox: str, identities: Collection[IdentityKey]) -> list[Profile]:
        keys = find_keys(self._connection, sandbox, identities)
        return self._with_identities(self._connection.execute(_BY_KEYS, {"keys": keys}).all()) if keys else []

    def add_all(self, profiles: Sequence[Profile]) -> None:
        add_all(self._connection, profiles)

    def extend_all(self, changed: Sequence[tuple[Profile, Profile]]) -> None:
        extend_all(self._connection, changed)

    def save(self, profile: Profile) -> None:
        before = (profiles.c.key == profile.key, profiles.c.revision == profile.revision - 1)
        if self._connection.execute(update(profiles).where(*before).values(_to_row(profile))).rowcount == 0:
            raise WriteConflict(profile.name)
        self._delete_identities(profile)
        self._add_identities(profile)

    def absorb(self, survivor: Profile, absorbed: Profile) -> None:
        self._delete_row(absorbed)
        for table in (consent_changes, profile_aliases):
            moved = update(table).where(table.c.profile_key == absorbed.key).values(profile_key=survivor.key)
            self._connection.execute(moved)
        alias = {
            "sandbox": absorbed.sandbox,
            "id": absorbed.id,
            "profile_key": survivor.key,
            "former_key": absorbed.key,
        }
        self._connection.execute(insert(profile_aliases).values(alias))
        self.add_former(survivor, self.former_identities(absorbed))
        self._connection.execute(delete(former_identities).where(former_identities.c.profile_key == absorbed.key))
        self.save(survivor)

    def add_former(self, profile: Profile, identities: Collection[IdentityKey]) -> None:
        _ADD_FORMER.change(self._connection, [(profile.key, *identity) for identity in identities])

    def former_identities(self, profile: Profile) -> set[IdentityKey]:
        rows = self._connection.execute(_FORMER, {"key": profile.key})
        return {IdentityKey(row.namespace, row.normal_value) for row in rows}

    def delete(self, profile: Profile) -> None:
        self._delete_row(profile)
        for table in _OF_PERSON:
            self._connection.execute(delete(table).where(table.c.profile_key == profile.key))

    def _delete_row(self, profile: Profile) -> None:
        """Deletes the profile and its identities. Raises WriteConflict."""
        same = (profiles.c.key == profile.key, profiles.c.revision == profile.revision)
        if self._connection.execute(delete(profiles).where(*same)).rowcount == 0:
            raise WriteConflict(profile.name)
        self._delete_identities(profile)

    def _add_identities(self, profile: Profile) -> None:
        try:
            _ADD_IDENTITIES.change(self._connection, _identity_rows(profile))
        except IntegrityError as error:
            raise WriteConflict(profile.name) from error

    def _delete_identities(self, profile: Profile) -> None:
        self._connection.execute(delete(profile_identities).where(profile_identities.c.profile_key == profile.key))

    def _one(self, statement: Any, parameters: dict[str, Any]) -> Profile | None:
        found = self._with_identities(self._connection.execute(statement, parameters).all())
        return found[0] if found else None

    def _with_identities(self, rows: Sequence[Row[Any]]) -> list[Profile]:
        identities: dict[int, list[Identity]] = defaultdict(list)
        keys = [row.key for row in rows]
        statement = select(profile_identities).where(profile_identities.c.profile_key.in_(keys))
        for row in self._connection.execute(statement.order_by(profile_identities.c.position)):
            key, value = IdentityKey(row.namespace, row.normal_value), row.value
            identities[row.profile_key].append(Identity(key, row.normal_value if value is None else value))
        return [_from_row(row, tuple(identities[row.key])) for row in rows]


def _identity_rows(profile: Profile) -> list[tuple[Any, ...]]:
    rows = (
        (profile.sandbox, *identity.key, profile.key, position, written_form(identity))
        for position, identity in enumerate(profile.identities)
    )
    # In one order: transactions that write several of the same identities wait for each other, and none for itself.
    return sorted(rows, key=itemgetter(0, 1, 2))


def _to_row(profile: Profile) -> dict[str, Any]:
    """Returns all columns but the key, which the database assigns."""
    return {
        "sandbox": profile.sandbox,
        "id": profile.id,
        "revision": profile.revision,
        "attributes": ATTRIBUTES.encode(profile.attributes),
        "locale": profile.locale,
        "time_zone": profile.time_zone,
        "create_time": profile.create_time,
        "update_time": profile.update_time,
        "seen_before": profile.seen_before,
    }


def _from_row(row: Row[Any], identities: tuple[Identity, ...]) -> Profile:
    return Profile(
        sandbox=row.sandbox,
        id=row.id,
        identities=identities,
        create_time=row.create_time,
        update_time=row.update_time,
        attributes=ATTRIBUTES.decode(row.attributes),
        locale=row.locale,
        time_zone=row.time_zone,
        key=row.key,
        revision=row.revision,
        seen_before=row.seen_before,
    )
