"""Audiences: the people whom one trigger writes to, by a condition over their profiles or as a list of identities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from clarion_server.domain.instant import Instant
from clarion_server.domain.names import AUDIENCES, Collection
from clarion_server.domain.people.identity import Identity
from clarion_server.domain.people.profile import ProfileRef
from clarion_server.domain.resource import Resource
from clarion_server.domain.text_rules import description_violations, display_name_violations
from clarion_server.domain.violation import Violation

#: A sandbox has at most this many audiences.
MAX_AUDIENCES = 1_000
#: A list has at most this many identities.
MAX_LISTED = 10_000_000


@dataclass(frozen=True, slots=True)
class IdentityList:
    """Is a list of identities, which was uploaded or is being uploaded."""

    key: int
    upload_id: str
    """Is the caller's id of the upload. Empty for the list with which the audience was created."""
    identity_count: int
    update_time: Instant
    """Says when the last identities were added."""
    complete_time: Instant | None
    """Says when it became the list of its audience. None while it is uploaded."""
    replace_time: Instant | None = None
    """Says when another list took its place."""

    @property
    def is_current(self) -> bool:
        return self.complete_time is not None and self.replace_time is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience(Resource):
    COLLECTION: ClassVar[Collection] = AUDIENCES

    display_name: str
    description: str = ""
    condition: str | None = None
    """Is None for an audience that is a list."""
    listed: IdentityList | None = None
    """Is None for an audience by a condition."""


class AudienceMember(NamedTuple):
    """Is a member of an audience: a stored profile, or an identity of a list, whether or not a profile has it."""

    profile: ProfileRef | None
    identity: Identity | None


def audience_violations(audience: Audience) -> Iterator[Violation]:
    """Yields all violations but those of the condition, with the field paths of the contract's `Audience`."""
    yield from display_name_violations(audience.display_name)
    yield from description_violations(audience.description)
