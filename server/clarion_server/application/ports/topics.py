"""The repository of topics."""

from __future__ import annotations

from typing import Protocol

from clarion_server.domain.access import Visibility
from clarion_server.domain.topic import Topic


class TopicRepository(Protocol):
    def add(self, topic: Topic) -> Topic:
        """Returns it with its key. Raises NameTaken."""
        ...

    def get(self, visibility: Visibility, topic_id: str) -> Topic | None:
        """Returns the topic, archived or not; None without one of that id."""
        ...

    def save(self, topic: Topic) -> None:
        """Replaces the stored one, whose revision must be one less. Raises WriteConflict."""
        ...

    def page(self, visibility: Visibility, after: str | None, limit: int, *, archived: bool) -> list[Topic]:
        """Returns topics by id, only larger ids than `after`; those that are archived only when `archived` is set."""
        ...

    def count_in_use(self, visibility: Visibility) -> int:
        """Returns the number of topics that are not archived."""
        ...
