"""Says what is special about topics among the resources that callers write."""

from __future__ import annotations

from clarion_server.application.archivable_resources import ArchivableKind
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resources import ResourceChange
from clarion_server.domain.consent.topic import MAX_TOPICS, Topic, topic_violations
from clarion_server.domain.events.event import silence_event
from clarion_server.domain.names import TOPICS


def _record(unit: UnitOfWork, change: ResourceChange[Topic]) -> None:
    """Adds an event when the topic says something else about silence than before."""
    topic = change.resource
    before = None if change.before is None else change.before.silence
    if topic.silence is not before:
        event = silence_event(topic.sandbox, topic.name, topic.silence, change.actor, topic.update_time)
        unit.events.add_all([event])


TOPIC: ArchivableKind[Topic] = ArchivableKind(
    "topic",
    TOPICS,
    frozenset({"display_name", "description", "default_locale", "translations", "visibility", "one_click", "silence"}),
    MAX_TOPICS,
    lambda unit: unit.topics,
    topic_violations,
    record=_record,
)
