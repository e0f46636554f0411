"""Time, ids and chance: what makes a run differ from the next one."""

from __future__ import annotations

from typing import Protocol

from clarion_server.domain.instant import Instant


class Clock(Protocol):
    def now(self) -> Instant: ...


class Ids(Protocol):
    def new_id(self) -> str:
        """Returns 32 hexadecimal digits (a UUID, RFC 9562 version 7): unique, and later ids sort after earlier ones."""
        ...

    def new_secret(self) -> str:
        """Returns 43 URL-safe characters that carry 256 random bits."""
        ...


class Chance(Protocol):
    def __call__(self) -> float:
        """Returns a number of [0, 1)."""
        ...
