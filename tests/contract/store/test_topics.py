"""Topics."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import UnitOfWork, WriteConflict
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.consent.topic import Topic

from tests.contract.store import samples

HERE, THERE = Visibility(samples.SANDBOX), Visibility("staging")


def test_a_topic_comes_back_as_it_was_added_with_a_key(work: UnitOfWork) -> None:
    for topic in (
        samples.topic(),
        Topic(sandbox="default", id="plain", display_name="Plain", create_time=1, update_time=2),
    ):
        added = work.topics.add(topic)
        assert added == replace(topic, key=added.key)
        assert work.topics.get(HERE, topic.id) == added


def test_a_name_is_taken_once_in_a_sandbox(work: UnitOfWork) -> None:
    work.topics.add(samples.topic())
    with pytest.raises(NameTaken):
        work.topics.add(samples.topic())
    there = work.topics.add(samples.topic(sandbox="staging"))
    assert work.topics.get(THERE, "newsletter") == there


def test_an_error_of_the_database_does_not_tell_the_values_of_its_statement(work: UnitOfWork) -> None:
    work.topics.add(samples.topic())
    with pytest.raises(NameTaken) as refused:
        work.topics.add(samples.topic(description="For jane@example.com."))
    assert "jane@example.com" not in str(refused.value.__cause__)


def test_a_topic_of_another_sandbox_is_not_there(work: UnitOfWork) -> None:
    work.topics.add(samples.topic())
    assert work.topics.get(THERE, "newsletter") is None
    assert work.topics.page(THERE, None, 9, archived=True) == []
    assert work.topics.count_in_use(THERE) == 0


def test_saving_replaces_the_stored_revision_alone(work: UnitOfWork) -> None:
    added = work.topics.add(samples.topic())
    changed = replace(added.changed(samples.NOW + 5), display_name="Other", silence=None)
    work.topics.save(changed)
    assert work.topics.get(HERE, "newsletter") == changed
    with pytest.raises(WriteConflict):
        work.topics.save(changed)


def test_pages_go_by_id_without_archived_topics_unless_asked(work: UnitOfWork) -> None:
    for topic_id in ("c", "a", "b"):
        work.topics.add(samples.topic(topic_id, archive_time=5 if topic_id == "b" else None))
    assert [topic.id for topic in work.topics.page(HERE, None, 9, archived=False)] == ["a", "c"]
    assert [topic.id for topic in work.topics.page(HERE, "a", 1, archived=True)] == ["b"]
    assert work.topics.count_in_use(HERE) == 2
