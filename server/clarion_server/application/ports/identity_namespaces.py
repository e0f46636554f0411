"""The repository of namespaces of identities. Those that are built in are not in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from clarion_server.domain.access import Visibility
from clarion_server.domain.identity import Namespaces
from clarion_server.domain.identity_namespace import NamespaceResource


class IdentityNamespaceRepository(Protocol):
    def add(self, namespace: NamespaceResource) -> NamespaceResource:
        """Returns it with its key. Raises NameTaken."""
        ...

    def get(self, visibility: Visibility, namespace_id: str) -> NamespaceResource | None: ...

    def named(self, names: Collection[tuple[str, str]]) -> Mapping[str, Namespaces]:
        """Returns those of these pairs of a sandbox and an id, as far as there are any, by sandbox.

        In a transaction that writes, none of these sandboxes gets or loses a namespace until the transaction ends.
        """
        ...

    def save(self, namespace: NamespaceResource) -> None:
        """Replaces the stored one, whose revision must be one less. Raises WriteConflict."""
        ...

    def delete(self, namespace: NamespaceResource) -> None:
        """Raises WriteConflict when the stored revision is another one."""
        ...

    def page(self, visibility: Visibility) -> list[NamespaceResource]:
        """Returns all of a sandbox, by id: there are few."""
        ...

    def lock(self, visibility: Visibility) -> None:
        """Waits for the transactions that have read namespaces of the sandbox to write by them, and keeps others from
        doing so.
        """
        ...
