"""What is special about topics among the resources that callers write."""

from __future__ import annotations

from collections.abc import Callable

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resources import ManageResources, ResourceChange, ResourceKind
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access import Caller, Visibility
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.event import silence_event
from clarion_server.domain.instant import Instant
from clarion_server.domain.names import TOPICS
from clarion_server.domain.topic import MAX_TOPICS, Topic, topic_violations
from clarion_server.domain.violation import Violation


def _record(unit: UnitOfWork, change: ResourceChange[Topic]) -> None:
    """Adds an event when the topic says something else about silence than before."""
    topic = change.resource
    before = None if change.before is None else change.before.silence
    if topic.silence is not before:
        event = silence_event(topic.sandbox, topic.name, topic.silence, change.actor, topic.update_time)
        unit.events.add_all([event])


TOPIC: ResourceKind[Topic] = ResourceKind(
    "topic",
    TOPICS,
    frozenset({"display_name", "description", "default_locale", "translations", "visibility", "one_click", "silence"}),
    MAX_TOPICS,
    lambda unit: unit.topics,
    topic_violations,
    record=_record,
)


class ManageTopics(ManageResources[Topic]):
    """Archives topics too. The contract has no method that deletes one, because people's choices are about them."""

    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        super().__init__(TOPIC, transactions, clock)

    async def page(self, after: str | None, limit: int, caller: Caller, *, archived: bool = False) -> list[Topic]:
        """Returns the topics by id, beginning behind the id `after`; those that are archived only when asked for."""
        visibility = caller.visibility
        return await self._transactions.read(lambda unit: unit.topics.page(visibility, after, limit, archived=archived))

    async def archive(self, topic_id: str, etag: str, caller: Caller) -> Topic:
        """Archives a topic, unless it is archived already. Raises ResourceNotFound or EtagMismatch."""
        return await self._move(topic_id, etag, caller, lambda _unit, topic, now: topic.archived(now))

    async def unarchive(self, topic_id: str, etag: str, caller: Caller) -> Topic:
        """Takes a topic into use, unless it is. Raises InvalidFields, ResourceNotFound or EtagMismatch."""

        def move(unit: UnitOfWork, topic: Topic, now: Instant) -> Topic:
            if topic.archive_time is not None:
                unit.topics.lock_additions(caller.visibility)
                self._check_room(unit, caller.visibility, "name")
            return topic.unarchived(now)

        return await self._move(topic_id, etag, caller, move)

    async def _move(
        self, topic_id: str, etag: str, caller: Caller, move: Callable[[UnitOfWork, Topic, Instant], Topic]
    ) -> Topic:
        def change(unit: UnitOfWork) -> Topic:
            stored = self._find(unit, caller.visibility, topic_id)
            stored.check_etag(etag)
            moved = move(unit, stored, self._clock.now())
            if moved is not stored:
                unit.topics.save(moved)
            return moved

        return await self._transactions.write(change)

    def _check_room(self, unit: UnitOfWork, visibility: Visibility, field: str) -> None:
        """Raises InvalidFields when the sandbox can have no further topic in use."""
        if unit.topics.count_in_use(visibility) >= self.kind.most:
            description = f"The sandbox has {self.kind.most} topics already. Archive one."
            raise InvalidFields((Violation(field, "TOO_MANY", description),))
