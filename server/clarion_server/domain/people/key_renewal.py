"""Says how far the renewal of stored keys has come, and what it has found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any, NamedTuple

from clarion_server.domain.people.identity import IdentityKey
from clarion_server.domain.value import value

#: Is where a key is stored, and after which others.
Place = tuple[str | int, ...]


class KeyTable(StrEnum):
    """Is a table with keys. They are renewed in this order."""

    IDENTITIES = "IDENTITIES"
    FORMER_IDENTITIES = "FORMER_IDENTITIES"
    LIST_MEMBERS = "LIST_MEMBERS"
    RUN_MEMBERS = "RUN_MEMBERS"
    SUPPRESSIONS = "SUPPRESSIONS"


class StoredKey(NamedTuple):
    """Is a key in the store, with the text that it was made of."""

    place: Place
    sandbox: str
    namespace: str
    """Is empty for the target of a suppression."""
    normal_value: str
    """Is the key."""
    value: str
    """Is as it was written, or the key where nothing else is stored."""
    owner: int
    """Is the key of the profile, the list or the run that it belongs to; 0 for a suppression."""

    @property
    def key(self) -> IdentityKey:
        return IdentityKey(self.namespace, self.normal_value)


class FoundKind(StrEnum):
    COLLISION = "COLLISION"
    """Two people would have one key. Both keep theirs until somebody merges them, or takes the identity from one."""
    UNREADABLE = "UNREADABLE"
    """The text is no identity of its namespace any more, so that no call can name anybody by it. It keeps its key."""


@value
class FoundKey:
    """Is an identity of a profile that keeps its key although another one would be made of it now."""

    kind: FoundKind
    sandbox: str
    identity: str
    """Is as it was written, with its namespace."""
    profile: str
    """Is the name of the profile that has it."""
    owner: str = ""
    """Is the name of the profile that has the new key."""


@value
class Renewal:
    """Is the progress of one pass over all keys. A pass that was interrupted goes on from here."""

    versions: Mapping[str, str]
    """Holds the versions that the keys will have, by the name of the normaliser."""
    table: KeyTable | None = KeyTable.IDENTITIES
    """Is the table that the pass is in; None at its end."""
    place: Place = ()
    """Is that of the last key which was looked at in the table; empty before the first one."""
    seen: int = 0
    changed: int = 0
    collisions: int = 0
    unreadable: int = 0

    @property
    def is_over(self) -> bool:
        return self.table is None

    def stands_at(self, keys: Iterable[IdentityKey]) -> bool:
        """Returns whether its place has one of these keys."""
        return any(key.value in self.place for key in keys)

    def at_beginning_of_table(self) -> Renewal:
        """Returns the progress without a place, whose key is to be forgotten. It looks at the table once more."""
        return replace(self, place=())

    def advanced(self, place: Place | None, **counted: int) -> Renewal:
        """Returns the progress behind a page that ended there, or behind the table if None, with more counted."""
        totals: dict[str, Any] = {name: getattr(self, name) + number for name, number in counted.items()}
        if place is not None:
            return replace(self, place=place, **totals)
        tables = list(KeyTable)
        behind = tables[tables.index(self.table) + 1 :] if self.table is not None else []
        return replace(self, table=behind[0] if behind else None, place=(), **totals)
