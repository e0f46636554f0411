"""Finds the profiles of recipients, and adds those of unknown ones, in few statements for any number of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Integer

from clarion_server.adapters.storage.people.choices import choices_of
from clarion_server.adapters.storage.rows.json_columns import ATTRIBUTES
from clarion_server.adapters.storage.schema import profile_identities, profiles
from clarion_server.adapters.storage.statements import driver
from clarion_server.adapters.storage.statements.bulk import BulkStatement, Values, insertion
from clarion_server.application.ports.profiles import SandboxIdentity, SandboxNamespace
from clarion_server.domain.people.identity import Identity
from clarion_server.domain.people.profile import KnownProfile, Profile

_IDENTITY = (profile_identities.c.sandbox, profile_identities.c.namespace, profile_identities.c.normal_value)


#: Is the SQL of an empty text.
_EMPTY = "''"
#: Stands between texts that are read as one. JSON has no such character, as control characters are escaped there.
_BETWEEN = "\x1e"
# CROSS JOIN fixes the order of the join on SQLite: it looks up each wanted identity and scans nothing.
_OF_ONE_NAMESPACE = (
    "FROM json_each(?) AS wanted CROSS JOIN profile_identities CROSS JOIN profiles"
    " WHERE profile_identities.sandbox = ? AND profile_identities.namespace = ?"
    " AND profile_identities.normal_value = wanted.value AND profiles.key = profile_identities.profile_key"
)
_OF_ANY = (
    "FROM ({rows}) AS wanted CROSS JOIN profile_identities CROSS JOIN profiles"
    " WHERE profile_identities.sandbox = wanted.column1 AND profile_identities.namespace = wanted.column2"
    " AND profile_identities.normal_value = wanted.column3 AND profiles.key = profile_identities.profile_key"
)
#: The position of its identity, its key, locale, time zone and id, its attributes, and its choices read as JSON.
_Found = tuple[Sequence[Any], str, Any]


class _ByIdentity:
    """Finds columns of profiles by identities."""

    def __init__(self, *, with_attributes: bool, with_choices: bool, with_ids: bool) -> None:
        columns = f"profiles.key, profiles.locale, profiles.time_zone, {'profiles.id' if with_ids else _EMPTY}"
        attributes = "profiles.attributes" if with_attributes else _EMPTY
        choices = "profiles.choices" if with_choices else "NULL"
        # See `json_rows`. What is JSON already is joined to a document as it is, which takes less time than a text in
        # another document.
        documents = (
            f"json_group_array(json_array({{position}}, {columns})), group_concat({attributes}, char({ord(_BETWEEN)})),"
            f" '[' || group_concat(coalesce({choices}, 'null')) || ']'"
        )
        self._of_one_namespace = f"SELECT {documents.format(position='wanted.key')} {_OF_ONE_NAMESPACE}"
        rows = Values(*_IDENTITY, Column("position", Integer))
        self._of_any = BulkStatement(f"SELECT {documents.format(position='wanted.column4')} {_OF_ANY}", rows)
        self._rows = BulkStatement(f"SELECT wanted.column4, {columns}, {attributes}, {choices} {_OF_ANY}", rows)

    def in_namespace(self, connection: Connection, namespace: SandboxNamespace, values: Sequence[str]) -> list[_Found]:
        """Reads on SQLite those of one namespace, as those of nearly every batch are."""
        parameters = (orjson.dumps(values).decode(), *namespace)
        return _unpacked(driver.run(connection, self._of_one_namespace, parameters).fetchall())

    def anywhere(self, connection: Connection, identities: Sequence[SandboxIdentity]) -> list[_Found]:
        wanted = [(*identity, position) for position, identity in enumerate(identities)]
        if connection.dialect.name == "sqlite":
            return _unpacked(self._of_any.read(connection, wanted))
        return [
            (row[:5], row[5], None if row[6] is None else orjson.loads(row[6]))
            for row in self._rows.read(connection, wanted)
        ]


def _unpacked(documents: Iterable[Sequence[Any]]) -> list[_Found]:
    return [
        found
        for rows, attributes, choices in documents
        if attributes is not None
        for found in zip(orjson.loads(rows), attributes.split(_BETWEEN), orjson.loads(choices), strict=True)
    ]


@cache
def _known(with_attributes: bool, with_choices: bool, with_ids: bool) -> _ByIdentity:
    return _ByIdentity(with_attributes=with_attributes, with_choices=with_choices, with_ids=with_ids)


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
    connection: Connection, wanted: Mapping[SandboxNamespace, Collection[str]], reads: tuple[bool, bool, bool]
) -> dict[SandboxNamespace, dict[str, KnownProfile]]:
    """`reads`: whether attributes, choices and ids are read."""
    statement = _known(*reads)
    if len(wanted) == 1 and connection.dialect.name == "sqlite":
        ((namespace, of_namespace),) = wanted.items()
        values = list(of_namespace)
        rows = statement.in_namespace(connection, namespace, values)
        return {namespace: {values[row[0][0]]: _profile(row) for row in rows}}
    identities = [SandboxIdentity(*namespace, value) for namespace, values in wanted.items() for value in values]
    found: dict[SandboxNamespace, dict[str, KnownProfile]] = {}
    for row in statement.anywhere(connection, identities):
        sandbox, namespace_id, value = identities[row[0][0]]
        found.setdefault((sandbox, namespace_id), {})[value] = _profile(row)
    return found


def _profile(row: _Found) -> KnownProfile:
    (_, key, locale, time_zone, profile_id), attributes, choices = row
    return KnownProfile(key, profile_id, locale, attributes, time_zone, () if choices is None else choices_of(choices))


def add_missing(connection: Connection, added: Sequence[Profile]) -> dict[SandboxIdentity, KnownProfile]:
    """Adds the profiles first, since their identities need their keys. Those that come too late are deleted again."""
    add_rows(connection, added)
    _ADD_IDENTITIES.change(connection, [_identity_row(profile) for profile in added])
    wanted: dict[SandboxNamespace, list[str]] = {}
    for sandbox, namespace, value in map(_identity_of, added):
        wanted.setdefault((sandbox, namespace), []).append(value)
    found = find_known(connection, wanted, (True, True, True))
    owners = {
        SandboxIdentity(*namespace, value): profile
        for namespace, of_namespace in found.items()
        for value, profile in of_namespace.items()
    }
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
