"""Who may call what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from clarion_server.domain.instant import Instant

#: Where the first administrator lives; its administrators may create keys for every sandbox.
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
    """SHA-256 of the secret. The secret carries 256 random bits, so that a slow hash would add nothing."""
    create_time: Instant
    creator: str = ""
    revoke_time: Instant | None = None

    @property
    def name(self) -> str:
        return f"apiKeys/{self.id}"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever is calling, as its key says."""

    name: str
    sandbox: str
    scopes: frozenset[Scope]

    def has_any(self, needed: frozenset[Scope]) -> bool:
        """An administrator may do everything in its sandbox."""
        return Scope.ADMIN in self.scopes or not needed.isdisjoint(self.scopes)
