"""Defines the repository of namespaces of identities. Those that are built in are not in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from clarion_server.application.ports.resources import ResourceRepository
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.people.identity import Namespaces
from clarion_server.domain.people.identity_namespace import NamespaceResource


class IdentityNamespaceRepository(ResourceRepository[NamespaceResource], Protocol):
    def named(self, names: Collection[tuple[str, str]]) -> Mapping[str, Namespaces]:
        """Returns those of these pairs of a sandbox and an id, as far as there are any, by sandbox.

        In a transaction that writes, none of these sandboxes gets or loses a namespace that changes how identities are
        compared until the transaction ends.
        """
        ...

    def lock(self, visibility: Visibility) -> None:
        """Waits for the transactions that have read namespaces of the sandbox to write by them, and keeps others from
        doing so.
        """
        ...
