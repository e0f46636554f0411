"""The repository of topics."""

from __future__ import annotations

from typing import Protocol

from clarion_server.application.ports.resources import ResourceRepository
from clarion_server.domain.access import Visibility
from clarion_server.domain.topic import Topic


class TopicRepository(ResourceRepository[Topic], Protocol):
    def page(self, visibility: Visibility, after: str | None, limit: int, *, archived: bool = False) -> list[Topic]:
        """Returns topics by id, only larger ids than `after`; those that are archived only when `archived` is set."""
        ...

    def count_in_use(self, visibility: Visibility) -> int:
        """Returns the number of topics that are not archived."""
        ...
