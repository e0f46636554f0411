"""Reads and writes many profiles, in few statements for any number of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, bindparam, update
from sqlalchemy.exc import IntegrityError

from clarion_server.adapters.storage.people.known_profiles import add_rows, written_form
from clarion_server.adapters.storage.rows.json_columns import ATTRIBUTES
from clarion_server.adapters.storage.schema import profile_identities, profiles
from clarion_server.adapters.storage.statements.bulk import BulkStatement, Values, insertion
from clarion_server.application.ports.store import WriteConflict
from clarion_server.domain.people.identity import IdentityKey
from clarion_server.domain.people.profile import Profile

_KEYS = BulkStatement(
    "SELECT DISTINCT profile_identities.profile_key FROM ({rows}) AS wanted CROSS JOIN profile_identities"
    " WHERE profile_identities.sandbox = {one} AND profile_identities.namespace = wanted.column1"
    " AND profile_identities.normal_value = wanted.column2",
    Values(profile_identities.c.namespace, profile_identities.c.normal_value),
)
_ADD_IDENTITIES = insertion(profile_identities, tuple(profile_identities.columns))
_ADD_NEW_IDENTITIES = BulkStatement(
    "INSERT INTO profile_identities (sandbox, namespace, normal_value, profile_key, position, value)"
    " SELECT wanted.column1, wanted.column2, wanted.column3, profiles.key, wanted.column4, wanted.column5"
    " FROM ({rows}) AS wanted CROSS JOIN profiles"
    " WHERE profiles.sandbox = wanted.column1 AND profiles.id = wanted.column6"
    " ORDER BY wanted.column1, wanted.column2, wanted.column3",
    Values(
        profile_identities.c.sandbox,
        profile_identities.c.namespace,
        profile_identities.c.normal_value,
        profile_identities.c.position,
        profile_identities.c.value,
        profiles.c.id,
    ),
)
_UPDATE = update(profiles).where(
    profiles.c.key == bindparam("of_key"), profiles.c.revision == bindparam("former_revision")
)


def find_keys(connection: Connection, sandbox: str, identities: Collection[IdentityKey]) -> list[int]:
    """Returns the keys of the profiles that have any of these identities."""
    return sorted({row.profile_key for row in _KEYS.select(connection, list(identities), after=(sandbox,))})


def add_all(connection: Connection, added: Sequence[Profile]) -> None:
    """Raises WriteConflict."""
    add_rows(connection, added)
    rows = [
        (profile.sandbox, *identity.key, position, written_form(identity), profile.id)
        for profile in added
        for position, identity in enumerate(profile.identities)
    ]
    _add(connection, _ADD_NEW_IDENTITIES, rows)


def extend_all(connection: Connection, changed: Sequence[tuple[Profile, Profile]]) -> None:
    """Raises WriteConflict."""
    if not changed:
        return
    # In one order: transactions that change several of the same profiles wait for each other, and none for itself.
    values = sorted((_change(stored, after) for stored, after in changed), key=itemgetter("of_key"))
    if connection.execute(_UPDATE, values).rowcount != len(changed):
        raise WriteConflict
    rows = [row for stored, after in changed for row in _added_identities(stored, after)]
    _add(connection, _ADD_IDENTITIES, rows)


def _add(connection: Connection, statement: BulkStatement, rows: Sequence[tuple[Any, ...]]) -> None:
    """Adds identities. Raises WriteConflict when another profile has one of them."""
    try:
        # In one order: transactions that add several of the same identities wait for each other, and none for itself.
        statement.change(connection, sorted(rows, key=itemgetter(0, 1, 2)))
    except IntegrityError as error:
        raise WriteConflict from error


def _change(stored: Profile, after: Profile) -> dict[str, Any]:
    return {
        "of_key": stored.key,
        "former_revision": stored.revision,
        "revision": after.revision,
        "attributes": ATTRIBUTES.encode(after.attributes),
        "locale": after.locale,
        "time_zone": after.time_zone,
        "update_time": after.update_time,
    }


def _added_identities(stored: Profile, after: Profile) -> list[tuple[Any, ...]]:
    """Returns the rows of the identities behind those that the stored profile has."""
    first = len(stored.identities)
    return [
        (stored.sandbox, *identity.key, stored.key, position, written_form(identity))
        for position, identity in enumerate(after.identities[first:], first)
    ]
