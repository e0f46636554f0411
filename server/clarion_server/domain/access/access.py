"""Defines API keys, their scopes, and the callers they identify."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from clarion_server.domain.access_labels import EVERY_ACCESS_LABEL, NO_ACCESS_LABELS, AccessLabels
from clarion_server.domain.instant import Instant

#: Is the sandbox of the first administrator. Its administrators may create keys for every sandbox.
DEFAULT_SANDBOX = "default"


class Scope(StrEnum):
    AUTHOR = "author"
    APPROVE = "approve"
    TRIGGER = "trigger"
    READ = "read"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: str
    display_name: str
    sandbox: str
    scopes: frozenset[Scope]
    secret_hash: bytes
    """Is the SHA-256 of the secret. The secret has 256 random bits, so a slow hash would not add safety."""
    create_time: Instant
    creator: str = ""
    revoke_time: Instant | None = None
    access_labels: AccessLabels = NO_ACCESS_LABELS
    """The key sees resources with these labels, besides those without any. They never change."""

    @property
    def name(self) -> str:
        return f"apiKeys/{self.id}"


@dataclass(frozen=True, slots=True)
class Visibility:
    """Says what a caller may see: resources of one sandbox that have no other access labels than these."""

    sandbox: str
    labels: AccessLabels = NO_ACCESS_LABELS

    @property
    def hidden(self) -> int:
        """Returns the bits of the labels that the caller lacks. A resource with one of them is hidden."""
        return ~self.labels.mask

    def sees(self, labels: AccessLabels) -> bool:
        """Returns whether the caller may see a resource with these labels."""
        return not labels.mask & ~self.labels.mask

    def shown(self, name: str, labels: AccessLabels) -> str:
        """Returns the name of a resource with these labels for an error, or `HIDDEN_THING` when the caller must not see
        it.
        """
        return name if self.sees(labels) else HIDDEN_THING


#: Errors write this in place of a name that the caller must not see.
HIDDEN_THING = "something that this key does not see"


def whole_sandbox(sandbox: str) -> Visibility:
    """Returns the visibility of the service itself, which works for every caller of a sandbox."""
    return Visibility(sandbox, EVERY_ACCESS_LABEL)


@dataclass(frozen=True, slots=True)
class Caller:
    """Describes the caller that an API key identifies."""

    name: str
    visibility: Visibility
    scopes: frozenset[Scope]

    @property
    def sandbox(self) -> str:
        return self.visibility.sandbox

    def has_any(self, needed: frozenset[Scope]) -> bool:
        """Returns whether the caller has one of the scopes. An administrator has all of them in its sandbox."""
        return Scope.ADMIN in self.scopes or not needed.isdisjoint(self.scopes)
