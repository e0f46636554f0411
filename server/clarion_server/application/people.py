"""Looks up the profiles of the people of a batch of messages, each of them once."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from clarion_server.application.ports.profiles import SandboxIdentity
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.profile import KnownProfile

#: Identities by the sandbox and the form that is given.
GivenIdentities = Mapping[tuple[str, str], SandboxIdentity]


class People:
    """Holds the profiles that are needed to make and to decide about a batch of messages."""

    def __init__(self, unit: UnitOfWork, *, with_choices: bool) -> None:
        """`with_choices` also reads what people have chosen."""
        self._unit = unit
        self._with_choices = with_choices
        self.known: dict[tuple[str, str], KnownProfile] = {}
        """By the sandbox and one of their identities in the form that is given."""
        self._asked: dict[tuple[str, str], SandboxIdentity] = {}

    def look_up(self, wanted: GivenIdentities, *, with_attributes: bool = False) -> None:
        """Finds the profiles that have these identities, in one statement, unless they were looked up before."""
        new = wanted
        if self._asked:
            new = {given: identity for given, identity in wanted.items() if given not in self._asked}
        if not new:
            return
        self._asked.update(new)
        found = self._unit.profiles.known(
            set(new.values()), with_attributes=with_attributes, with_choices=self._with_choices
        )
        self._take(new, found)

    def identity(self, sandbox: str, given: str) -> SandboxIdentity | None:
        """Returns the identity that was looked up for the form that is given; None if it was not."""
        return self._asked.get((sandbox, given))

    def renew(self, identities: Collection[SandboxIdentity]) -> None:
        """Finds profiles that have got these identities since they were looked up, in one statement."""
        found = self._unit.profiles.known(identities, with_attributes=False, with_choices=self._with_choices)
        self._take(self._asked, found)

    def add(self, made: Mapping[SandboxIdentity, KnownProfile]) -> None:
        """Takes profiles that were made meanwhile of people who were looked up."""
        self._take(self._asked, made)

    def _take(self, asked: GivenIdentities, found: Mapping[SandboxIdentity, KnownProfile]) -> None:
        if found:
            for given, identity in asked.items():
                profile = found.get(identity)
                if profile is not None:
                    self.known[given] = profile
