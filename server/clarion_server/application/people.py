"""Looks up the profiles of the people of a batch of messages, each of them once."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from clarion_server.application.ports.profiles import SandboxIdentity, SandboxNamespace
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.people.profile import KnownProfile

#: Maps identities, as they were given, to the values by which they are compared.
GivenIdentities = Mapping[SandboxNamespace, Mapping[str, str]]


class People:
    """Holds the profiles that are needed to make and to decide about a batch of messages."""

    def __init__(self, unit: UnitOfWork, *, with_choices: bool) -> None:
        """`with_choices` also reads what people have chosen."""
        self._unit = unit
        self._with_choices = with_choices
        self.known: dict[str, dict[str, KnownProfile]] = {}
        """Holds them by the sandbox and one of their identities in the form that is given."""
        self._asked: dict[SandboxNamespace, dict[str, str]] = {}

    def look_up(self, wanted: GivenIdentities, *, with_attributes: bool = False) -> None:
        """Finds the profiles that have these identities, in one statement, unless they were looked up before."""
        new: dict[SandboxNamespace, Mapping[str, str]] = {}
        for namespace, identities in wanted.items():
            asked = self._asked.setdefault(namespace, {})
            added = {given: value for given, value in identities.items() if given not in asked} if asked else identities
            if added:
                new[namespace] = added
                asked.update(added)
        if not new:
            return
        values = {namespace: identities.values() for namespace, identities in new.items()}
        found = self._unit.profiles.known(values, with_attributes=with_attributes, with_choices=self._with_choices)
        self._take(new, found)

    def identity(self, sandbox: str, given: str) -> SandboxIdentity | None:
        """Returns the identity that was looked up for the form that is given; None if it was not."""
        namespace = given.partition(":")[0]
        value = self._asked.get((sandbox, namespace), {}).get(given)
        return None if value is None else SandboxIdentity(sandbox, namespace, value)

    def renew(self, identities: Collection[SandboxIdentity]) -> None:
        """Finds profiles that have got these identities since they were looked up, in one statement."""
        values: dict[SandboxNamespace, list[str]] = {}
        for sandbox, namespace, value in identities:
            values.setdefault((sandbox, namespace), []).append(value)
        found = self._unit.profiles.known(values, with_attributes=False, with_choices=self._with_choices)
        self._take(self._asked, found)

    def add(self, made: Mapping[SandboxIdentity, KnownProfile]) -> None:
        """Adds profiles that were made of people who had none when they were looked up."""
        found: dict[SandboxNamespace, dict[str, KnownProfile]] = {}
        for (sandbox, namespace, value), profile in made.items():
            found.setdefault((sandbox, namespace), {})[value] = profile
        self._take(self._asked, found)

    def _take(self, asked: GivenIdentities, found: Mapping[SandboxNamespace, Mapping[str, KnownProfile]]) -> None:
        for namespace, profiles in found.items():
            of_sandbox = self.known.setdefault(namespace[0], {})
            for given, value in asked[namespace].items():
                profile = profiles.get(value)
                if profile is not None:
                    of_sandbox[given] = profile
