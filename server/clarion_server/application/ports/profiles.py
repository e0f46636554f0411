"""Defines the repository of profiles."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from clarion_server.domain.access.access import Visibility
from clarion_server.domain.people.identity import IdentityKey
from clarion_server.domain.people.profile import KnownProfile, Profile, ProfileRef


class SandboxIdentity(NamedTuple):
    """Is what an identity is compared by over all sandboxes."""

    sandbox: str
    namespace: str
    normal_value: str


#: A sandbox and the id of a namespace.
SandboxNamespace = tuple[str, str]


class ProfileRepository(Protocol):
    def add(self, profile: Profile) -> Profile:
        """Returns it with its key. Raises WriteConflict when another profile has one of its identities."""
        ...

    def get(self, visibility: Visibility, profile_id: str) -> Profile | None:
        """Returns the profile of that id, or the one that has absorbed it."""
        ...

    def by_identity(self, visibility: Visibility, identity: IdentityKey) -> Profile | None: ...

    def owners(self, sandbox: str, identities: Collection[IdentityKey]) -> dict[IdentityKey, ProfileRef]:
        """Returns the profiles that have these identities, as far as there are any."""
        ...

    def first_in_namespace(self, visibility: Visibility, namespace_id: str) -> ProfileRef | None:
        """Returns a profile that has an identity of that namespace."""
        ...

    def known(
        self,
        wanted: Mapping[SandboxNamespace, Collection[str]],
        *,
        with_attributes: bool,
        with_choices: bool,
        with_ids: bool = False,
    ) -> dict[SandboxNamespace, dict[str, KnownProfile]]:
        """Returns the profiles that have identities with these normal values, as far as there are any, in one
        statement.

        It must be cheap, as triggers ask.
        """
        ...

    def add_missing(self, profiles: Sequence[Profile]) -> dict[SandboxIdentity, KnownProfile]:
        """Adds profiles that have one identity each, except where another transaction has stored the identity.

        Returns the profiles to which the identities belong then.
        """
        ...

    def page(self, visibility: Visibility, after: str | None, limit: int) -> list[Profile]:
        """Returns profiles by id, which is the order of their creation; `after`: only larger ids."""
        ...

    def by_identities(self, sandbox: str, identities: Collection[IdentityKey]) -> list[Profile]:
        """Returns the profiles that have any of these identities, each once."""
        ...

    def add_all(self, profiles: Sequence[Profile]) -> None:
        """Raises WriteConflict when another profile has one of their identities."""
        ...

    def extend_all(self, changed: Sequence[tuple[Profile, Profile]]) -> None:
        """Replaces stored profiles by others that have all their identities, and perhaps more behind them.

        Raises WriteConflict, also when another profile has one of the new identities.
        """
        ...

    def save(self, profile: Profile) -> None:
        """Replaces the stored one, whose revision must be one less.

        Raises WriteConflict, also when another profile has one of its identities.
        """
        ...

    def absorb(self, survivor: Profile, absorbed: Profile) -> None:
        """Replaces the stored survivor by this one, which has the identities of both, and deletes the absorbed profile.

        The history of choices of the absorbed profile becomes the survivor's, and its names lead to the survivor.
        Raises WriteConflict when one of them was changed.
        """
        ...

    def add_former(self, profile: Profile, identities: Collection[IdentityKey]) -> None:
        """Records identities that the profile has lost."""
        ...

    def former_identities(self, profile: Profile) -> set[IdentityKey]:
        """Returns the identities that the profile, or one that it has absorbed, has lost."""
        ...

    def delete(self, profile: Profile) -> None:
        """Deletes it with its identities, its consents and their history.

        Raises WriteConflict when the stored revision is another one.
        """
        ...
