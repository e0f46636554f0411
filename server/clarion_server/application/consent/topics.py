"""Creates, changes and archives topics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_topic
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import refuse_invalid, violations_within
from clarion_server.domain.access import Caller, Visibility
from clarion_server.domain.errors import InvalidFields, ResourceExists
from clarion_server.domain.event import silence_event
from clarion_server.domain.instant import Instant
from clarion_server.domain.names import TOPICS
from clarion_server.domain.topic import MAX_TOPICS, Topic, topic_violations
from clarion_server.domain.violation import Violation

#: The field of the topic in the requests that carry one.
_FIELD = "topic"

#: The names, in the contract, of everything that an author may change.
EDITABLE_FIELDS = frozenset(
    {"display_name", "description", "default_locale", "translations", "visibility", "one_click", "silence"}
)


@dataclass(frozen=True, slots=True)
class TopicInput:
    """A topic as an author sent it."""

    topic: Topic
    """Only its EDITABLE_FIELDS mean anything."""
    violations: tuple[Violation, ...] = ()
    """What could not be read, by paths in the topic, which holds stand-ins for it."""


@dataclass(frozen=True, slots=True)
class CreateTopic:
    topic_id: str
    sent: TopicInput
    validate_only: bool = False
    """True checks everything and stores nothing."""


@dataclass(frozen=True, slots=True)
class UpdateTopic:
    topic_id: str
    sent: TopicInput
    changed_fields: frozenset[str]
    """Names of EDITABLE_FIELDS. The other fields stay as they are."""
    etag: str = ""
    violations: tuple[Violation, ...] = ()
    """What was already wrong with the request, apart from the topic."""
    validate_only: bool = False
    """True checks everything and stores nothing."""


class ManageTopics:
    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def create(self, command: CreateTopic, caller: Caller) -> Topic:
        """Stores a topic, unless the command only validates. Raises InvalidFields or ResourceExists."""
        violation = TOPICS.id_violation(command.topic_id, "topic_id")
        _check(command.sent.topic, command.sent.violations, [violation] if violation else [])
        now = self._clock.now()
        topic = replace(
            command.sent.topic, sandbox=caller.sandbox, id=command.topic_id, create_time=now, update_time=now
        )

        def check(unit: UnitOfWork) -> Topic:
            if unit.topics.get(caller.visibility, topic.id) is not None:
                raise ResourceExists(topic.name)
            _check_room(unit, caller.visibility, "topic_id")
            return topic

        if command.validate_only:
            return await self._transactions.read(check)

        def add(unit: UnitOfWork) -> Topic:
            added = unit.topics.add(check(unit))
            if added.silence is not None:
                unit.events.add_all([silence_event(added.sandbox, added.name, added.silence, caller.name, now)])
            return added

        try:
            return await self._transactions.write(add)
        except NameTaken as error:
            raise ResourceExists(topic.name) from error

    async def get(self, topic_id: str, caller: Caller) -> Topic:
        """Returns one topic. Raises ResourceNotFound."""
        return await self._transactions.read(lambda unit: find_topic(unit, caller.visibility, topic_id))

    async def page(self, after: str | None, limit: int, caller: Caller, *, archived: bool) -> list[Topic]:
        """Returns the topics by id, beginning behind the id `after`; those that are archived only when asked for."""
        visibility = caller.visibility
        return await self._transactions.read(lambda unit: unit.topics.page(visibility, after, limit, archived=archived))

    async def update(self, command: UpdateTopic, caller: Caller) -> Topic:
        """Stores the changed topic, unless the command only validates.

        Raises InvalidFields, ResourceNotFound or EtagMismatch.
        """

        def check(unit: UnitOfWork) -> tuple[Topic, Topic]:
            stored = find_topic(unit, caller.visibility, command.topic_id)
            stored.check_etag(command.etag)
            changes = {name: getattr(command.sent.topic, name) for name in command.changed_fields}
            updated = replace(stored.changed(self._clock.now()), **changes)
            unread = violations_within(command.changed_fields, command.sent.violations)
            _check(updated, unread, command.violations)
            return stored, updated

        def change(unit: UnitOfWork) -> Topic:
            stored, updated = check(unit)
            unit.topics.save(updated)
            if updated.silence is not stored.silence:
                changed = (updated.name, updated.silence, caller.name, updated.update_time)
                unit.events.add_all([silence_event(updated.sandbox, *changed)])
            return updated

        if command.validate_only:
            return await self._transactions.read(lambda unit: check(unit)[1])
        return await self._transactions.write(change)

    async def archive(self, topic_id: str, etag: str, caller: Caller) -> Topic:
        """Archives a topic, unless it is archived already. Raises ResourceNotFound or EtagMismatch."""
        return await self._move(topic_id, etag, caller, lambda _unit, topic, now: topic.archived(now))

    async def unarchive(self, topic_id: str, etag: str, caller: Caller) -> Topic:
        """Takes a topic into use, unless it is. Raises InvalidFields, ResourceNotFound or EtagMismatch."""

        def move(unit: UnitOfWork, topic: Topic, now: Instant) -> Topic:
            if topic.archive_time is not None:
                _check_room(unit, caller.visibility, "name")
            return topic.unarchived(now)

        return await self._move(topic_id, etag, caller, move)

    async def _move(
        self, topic_id: str, etag: str, caller: Caller, move: Callable[[UnitOfWork, Topic, Instant], Topic]
    ) -> Topic:
        def change(unit: UnitOfWork) -> Topic:
            stored = find_topic(unit, caller.visibility, topic_id)
            stored.check_etag(etag)
            moved = move(unit, stored, self._clock.now())
            if moved is not stored:
                unit.topics.save(moved)
            return moved

        return await self._transactions.write(change)


def _check_room(unit: UnitOfWork, visibility: Visibility, field: str) -> None:
    """Raises InvalidFields when the sandbox can have no further topic in use."""
    if unit.topics.count_in_use(visibility) >= MAX_TOPICS:
        description = f"The sandbox has {MAX_TOPICS} topics already. Archive one."
        raise InvalidFields((Violation(field, "TOO_MANY", description),))


def _check(topic: Topic, unread: Sequence[Violation], of_request: Sequence[Violation]) -> None:
    """Raises InvalidFields, with paths in the request. `unread` says what could not be read of the topic."""
    refuse_invalid(
        [*of_request, *(violation.under(_FIELD) for violation in unread)],
        (violation.under(_FIELD) for violation in topic_violations(topic)),
    )
