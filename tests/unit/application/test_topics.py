"""Topics: made, changed, archived, and named by campaigns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.application.archivable_resources import ManageArchivableResources
from clarion_server.application.consent.topics import TOPIC
from clarion_server.application.resources import CreateResource, ResourceInput, UpdateResource
from clarion_server.domain.consent.consent import Silence
from clarion_server.domain.consent.topic import MAX_TOPICS, Topic
from clarion_server.domain.errors import (
    EtagMismatch,
    InvalidFields,
    ResourceExists,
    ResourceNotFound,
    ReviewFailed,
)
from clarion_server.domain.finding import FindingCode
from clarion_server.domain.instant import HOUR
from clarion_server.domain.violation import Violation

from tests.unit.application.world import AUTHOR, STRANGER, World

NEWS = Topic(sandbox="", id="", display_name="News", create_time=0, update_time=0)
Topics = ManageArchivableResources[Topic]


@pytest.fixture
def topics(world: World) -> Topics:
    return ManageArchivableResources(TOPIC, world.transactions, world.clock)


async def create(topics: Topics, topic_id: str = "news", **changes: Any) -> Topic:
    return await topics.create(CreateResource(topic_id, ResourceInput(replace(NEWS, **changes))), AUTHOR)


async def update(topics: Topics, etag: str = "", **changes: Any) -> Topic:
    command = UpdateResource("news", ResourceInput(replace(NEWS, **changes)), frozenset(changes), etag)
    return await topics.update(command, AUTHOR)


async def test_a_new_topic_is_kept_in_its_sandbox(world: World, topics: Topics) -> None:
    created = await create(topics)
    assert created == await topics.get("news", AUTHOR)
    assert (created.name, created.create_time) == ("topics/news", world.clock.now())
    with pytest.raises(ResourceExists):
        await create(topics)
    with pytest.raises(ResourceNotFound):
        await topics.get("news", STRANGER)


async def test_everything_wrong_with_a_new_one_is_reported_by_paths_in_the_request(topics: Topics) -> None:
    unread = Violation("silence", "UNKNOWN_VALUE", "Must be known.")
    sent = ResourceInput(replace(NEWS, display_name="", default_locale="?"), (unread,))
    with pytest.raises(InvalidFields) as refused:
        await topics.create(CreateResource("News", sent), AUTHOR)
    fields = [violation.field for violation in refused.value.violations]
    assert fields == ["topic_id", "topic.silence", "topic.display_name", "topic.default_locale"]


async def test_what_is_only_validated_is_not_stored(topics: Topics) -> None:
    await topics.create(CreateResource("news", ResourceInput(NEWS), validate_only=True), AUTHOR)
    assert await topics.page(None, 9, AUTHOR, archived=True) == []
    await create(topics)
    with pytest.raises(ResourceExists):
        await topics.create(CreateResource("news", ResourceInput(NEWS), validate_only=True), AUTHOR)
    changed = UpdateResource("news", ResourceInput(replace(NEWS, display_name="X")), frozenset({"display_name"}))
    assert (await topics.update(replace(changed, validate_only=True), AUTHOR)).display_name == "X"
    assert (await topics.get("news", AUTHOR)).display_name == "News"


async def test_an_update_changes_the_named_fields_of_the_revision_that_was_read(world: World, topics: Topics) -> None:
    read = await create(topics, description="Old")
    world.clock.advance(HOUR)
    changed = await update(topics, read.etag, silence=Silence.SEND_UNLESS_DENIED)
    assert (changed.silence, changed.description) == (Silence.SEND_UNLESS_DENIED, "Old")
    assert changed.update_time == read.update_time + HOUR
    with pytest.raises(EtagMismatch):
        await update(topics, read.etag, description="New")
    with pytest.raises(InvalidFields):
        await update(topics, display_name="")


async def test_a_sandbox_has_a_hundred_topics_in_use(topics: Topics) -> None:
    for number in range(MAX_TOPICS):
        await create(topics, f"t{number}")
    with pytest.raises(InvalidFields) as refused:
        await create(topics)
    assert [(each.field, each.reason) for each in refused.value.violations] == [("topic_id", "TOO_MANY")]
    await topics.archive("t0", "", AUTHOR)
    await create(topics)
    with pytest.raises(InvalidFields):
        await topics.unarchive("t0", "", AUTHOR)


async def test_archiving_twice_is_archiving_once(topics: Topics) -> None:
    created = await create(topics)
    archived = await topics.archive("news", created.etag, AUTHOR)
    assert await topics.archive("news", "", AUTHOR) == archived
    with pytest.raises(EtagMismatch):
        await topics.unarchive("news", created.etag, AUTHOR)
    assert (await topics.unarchive("news", "", AUTHOR)).archive_time is None


async def test_a_campaign_cannot_be_activated_with_a_topic_that_is_missing_or_archived(
    world: World, topics: Topics
) -> None:
    await world.channel()
    await world.draft(topic="news")
    assert await activation_error(world) == FindingCode.TOPIC_MISSING
    await create(topics)
    await topics.archive("news", "", AUTHOR)
    assert await activation_error(world) == FindingCode.TOPIC_ARCHIVED
    await topics.unarchive("news", "", AUTHOR)
    activation = await world.activate()
    assert [finding.code for finding in activation.warnings] == [FindingCode.TOPIC_OF_TRANSACTIONAL]


async def activation_error(world: World) -> FindingCode:
    with pytest.raises(ReviewFailed) as refused:
        await world.activate()
    (finding,) = refused.value.findings
    return finding.code
