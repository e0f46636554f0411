"""Defines the repositories of suppressions and of allow lists."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from clarion_server.application.ports.queries import SuppressionQuery
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.instant import Instant
from clarion_server.domain.suppressions.allow_list import AllowList, EnabledList
from clarion_server.domain.suppressions.suppression import Suppression


class SuppressionRepository(Protocol):
    def add_all(self, suppressions: Sequence[Suppression]) -> None:
        """There must be no other with the same `key`. Raises WriteConflict if another process adds one."""
        ...

    def save(self, suppression: Suppression) -> None:
        """Replaces the scope and the expiry of the stored one."""
        ...

    def get(self, visibility: Visibility, suppression_id: str) -> Suppression | None: ...

    def covering(self, target_keys: Collection[str]) -> list[Suppression]:
        """Returns those of these targets, whatever their sandbox and channel, expired ones included.

        It must be cheap, as every trigger and every claim asks.
        """
        ...

    def any_hashed(self) -> bool:
        """Returns whether any suppression, of whatever sandbox, holds the hash of an address. It must be cheap."""
        ...

    def page(self, query: SuppressionQuery) -> list[Suppression]:
        """Returns a page, newest first."""
        ...

    def delete(self, suppression: Suppression) -> None: ...

    def expired(self, now: Instant, limit: int) -> list[Suppression]:
        """Returns those that have expired by then, the first to expire first."""
        ...


class AllowListRepository(Protocol):
    def get(self, visibility: Visibility) -> AllowList | None:
        """Returns None before the first change."""
        ...

    def save(self, allow_list: AllowList) -> None:
        """Replaces the stored one, whose revision must be one less; revision 1 is the first. Raises WriteConflict."""
        ...

    def enabled(self, sandboxes: Collection[str]) -> dict[str, EnabledList]:
        """Returns the lists of these sandboxes that are enabled, by sandbox.

        It must be cheap, as every trigger and every claim asks.
        """
        ...
