"""API keys, their scopes, and the callers they identify."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from clarion_server.domain.instant import Instant

#: The sandbox of the first administrator. Its administrators may create keys for every sandbox.
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
    """SHA-256 of the secret. The secret has 256 random bits, so a slow hash would not add safety."""
    create_time: Instant
    creator: str = ""
    revoke_time: Instant | None = None

    @property
    def name(self) -> str:
        return f"apiKeys/{self.id}"


@dataclass(frozen=True, slots=True)
class Visibility:
    """What a caller may see: the resources of one sandbox.

    It is a value of its own so that access labels can narrow it, once resources have them, without a change to what
    takes it.
    """

    sandbox: str


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller, as its key identifies it."""

    name: str
    visibility: Visibility
    scopes: frozenset[Scope]

    @property
    def sandbox(self) -> str:
        return self.visibility.sandbox

    def has_any(self, needed: frozenset[Scope]) -> bool:
        """Returns whether the caller has one of the scopes. An administrator has all of them in its sandbox."""
        return Scope.ADMIN in self.scopes or not needed.isdisjoint(self.scopes)
