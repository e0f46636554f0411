"""Finds the profiles of recipients, and adds those of unknown ones, in few statements for any number of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Integer

from clarion_server.adapters.storage.bulk import BulkStatement, Values, insertion
from clarion_server.adapters.storage.choices import unpack
from clarion_server.adapters.storage.json_columns import ATTRIBUTES
from clarion_server.adapters.storage.schema import profile_identities, profiles
from clarion_server.application.ports.profiles import SandboxIdentity
from clarion_server.domain.identity import Identity
from clarion_server.domain.profile import KnownProfile, Profile

_IDENTITY = (profile_identities.c.sandbox, profile_identities.c.namespace, profile_identities.c.normal_value)


#: Is an empty text in SQL.
_EMPTY = "''"


class _ByIdentity:
    """Finds columns of profiles by identities. Each row begins with the position of its identity among those given."""

    def __init__(self, columns: str) -> None:
        columns = f"wanted.column4, {columns}"
        # CROSS JOIN fixes the order of the join on SQLite: it looks up each wanted identity and scans nothing.
        found = (
            "FROM ({rows}) AS wanted CROSS JOIN profile_identities CROSS JOIN profiles"
            " WHERE profile_identities.sandbox = wanted.column1 AND profile_identities.namespace = wanted.column2"
            " AND profile_identities.normal_value = wanted.column3 AND profiles.key = profile_identities.profile_key"
        )
        rows = Values(*_IDENTITY, Column("position", Integer))
        self._rows = BulkStatement(f"SELECT {columns} {found}", rows)
        # See `json_rows`.
        self._json = BulkStatement(f"SELECT json_group_array(json_array({columns})) {found}", rows)

    def select(self, connection: Connection, identities: Sequence[SandboxIdentity]) -> list[Sequence[Any]]:
        wanted = [(*identity, position) for position, identity in enumerate(identities)]
        if connection.dialect.name != "sqlite":
            return list(self._rows.select(connection, wanted))
        documents = self._json.select(connection, wanted)
        return [row for (document,) in documents for row in orjson.loads(document)]


#: By whether attributes and choices are read. These are in the order of the fields of `KnownProfile`.
_KNOWN = {
    (with_attributes, with_choices): _ByIdentity(
        f"profiles.key, profiles.id, profiles.locale, {'profiles.attributes' if with_attributes else _EMPTY},"
        f" profiles.time_zone, {'profiles.choices' if with_choices else 'NULL'}"
    )
    for with_attributes in (False, True)
    for with_choices in (False, True)
}

#: Of a new profile, which has made no choices and absorbed none, and whose key the database assigns.
_PROFILE_COLUMNS = tuple(
    column for column in profiles.columns if column not in (profiles.c.key, profiles.c.choices, profiles.c.seen_before)
)
_ADD_PROFILES = insertion(profiles, _PROFILE_COLUMNS)
# In one order: transactions that add several of the same identities wait for each other, and none for itself.
_ADD_IDENTITIES = BulkStatement(
    "INSERT INTO profile_identities (sandbox, namespace, normal_value, profile_key, position, value)"
    " SELECT wanted.column1, wanted.column2, wanted.column3, profiles.key, 0, wanted.column4"
    " FROM ({rows}) AS wanted CROSS JOIN profiles"
    " WHERE profiles.sandbox = wanted.column1 AND profiles.id = wanted.column5"
    " ORDER BY wanted.column1, wanted.column2, wanted.column3 ON CONFLICT DO NOTHING",
    Values(*_IDENTITY, profile_identities.c.value, profiles.c.id),
)
_DELETE_PROFILES = BulkStatement(
    "DELETE FROM profiles WHERE (sandbox, id) IN ({rows})", Values(profiles.c.sandbox, profiles.c.id)
)


def find_known(
    connection: Connection, identities: Collection[SandboxIdentity], *, with_attributes: bool, with_choices: bool
) -> dict[SandboxIdentity, KnownProfile]:
    wanted = list(identities)
    rows = _KNOWN[with_attributes, with_choices].select(connection, wanted)
    return {
        wanted[position]: KnownProfile(key, profile_id, locale, attributes, zone, unpack(choices))
        for position, key, profile_id, locale, attributes, zone, choices in rows
    }


def add_missing(connection: Connection, added: Sequence[Profile]) -> dict[SandboxIdentity, KnownProfile]:
    """Adds the profiles first, since their identities need their keys. Those that come too late are deleted again."""
    add_rows(connection, added)
    _ADD_IDENTITIES.change(connection, [_identity_row(profile) for profile in added])
    identities = [_identity_of(profile) for profile in added]
    owners = find_known(connection, identities, with_attributes=True, with_choices=True)
    ids = {owner.id for owner in owners.values()}
    if late := [(profile.sandbox, profile.id) for profile in added if profile.id not in ids]:
        _DELETE_PROFILES.change(connection, late)
    return owners


def add_rows(connection: Connection, added: Sequence[Profile]) -> None:
    """Adds profiles without their identities."""
    _ADD_PROFILES.change(connection, [_row(profile) for profile in added])


def _identity_of(profile: Profile) -> SandboxIdentity:
    return SandboxIdentity(profile.sandbox, *profile.identities[0].key)


def _identity_row(profile: Profile) -> tuple[str | None, ...]:
    return (*_identity_of(profile), written_form(profile.identities[0]), profile.id)


def written_form(identity: Identity) -> str | None:
    """Returns `profile_identities.value`."""
    return None if identity.value == identity.key.value else identity.value


def _row(profile: Profile) -> tuple[Any, ...]:
    """Returns the values of `_PROFILE_COLUMNS`."""
    return (
        profile.sandbox,
        profile.id,
        profile.revision,
        ATTRIBUTES.encode(profile.attributes),
        profile.locale,
        profile.time_zone,
        profile.create_time,
        profile.update_time,
    )
