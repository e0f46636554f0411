"""Suppressions: created, deleted, and deleted by themselves when they expire."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.adapters.system import SystemIds
from clarion_server.application.maintenance.housekeeping import Housekeeper
from clarion_server.application.maintenance.retention import Retention
from clarion_server.application.ports.queries import SuppressionQuery
from clarion_server.application.suppressions.entries import CreateSuppression, ManageSuppressions
from clarion_server.domain.errors import InvalidFields, ResourceExists, ResourceNotFound
from clarion_server.domain.events.event import EventType
from clarion_server.domain.instant import HOUR
from clarion_server.domain.suppressions.suppression import Suppression, SuppressionChange, SuppressionReason
from clarion_server.domain.violation import Violation

from tests.unit.application.running import Process, events
from tests.unit.application.world import AUTHOR, STRANGER, World

JANE = CreateSuppression("jane@example.com", "address")


@pytest.fixture
def suppressions(world: World) -> ManageSuppressions:
    return ManageSuppressions(world.transactions, world.clock, SystemIds())


async def stored(suppressions: ManageSuppressions) -> list[Suppression]:
    return await suppressions.page(SuppressionQuery(AUTHOR.visibility))


async def test_a_new_suppression_is_kept_in_its_sandbox(world: World, suppressions: ManageSuppressions) -> None:
    created = await suppressions.create(JANE, AUTHOR)
    assert await suppressions.get(created.id, AUTHOR) == created
    assert (created.create_time, created.creator, created.expire_time) == (world.clock.now(), AUTHOR.name, None)
    with pytest.raises(ResourceNotFound):
        await suppressions.get(created.id, STRANGER)
    with pytest.raises(ResourceNotFound):
        await suppressions.delete(created.id, "", STRANGER)
    assert (await suppressions.check(JANE.target, JANE.channel, STRANGER)).suppressions == []


async def test_a_target_that_is_suppressed_for_that_reason_is_told_with_its_name(
    suppressions: ManageSuppressions,
) -> None:
    created = await suppressions.create(JANE, AUTHOR)
    with pytest.raises(ResourceExists) as refused:
        await suppressions.create(replace(JANE, target="JANE@Example.com"), AUTHOR)
    assert refused.value.resource == created.name
    await suppressions.create(JANE, STRANGER)


async def test_what_could_not_be_read_and_what_is_wrong_is_told_at_once(
    world: World, suppressions: ManageSuppressions
) -> None:
    unread = Violation("reason", "UNKNOWN_VALUE", "Must be one of …")
    command = CreateSuppression("jane", "address", expire_time=world.clock.now(), violations=(unread,))
    with pytest.raises(InvalidFields) as refused:
        await suppressions.create(command, AUTHOR)
    assert [each.field for each in refused.value.violations] == [
        "suppression.reason",
        "suppression.address",
        "suppression.expire_time",
    ]
    assert await stored(suppressions) == []


async def test_a_complaint_is_deleted_with_a_reason_that_the_event_keeps(
    world: World, suppressions: ManageSuppressions
) -> None:
    complaint = await suppressions.create(replace(JANE, reason=SuppressionReason.COMPLAINT), AUTHOR)
    with pytest.raises(InvalidFields):
        await suppressions.delete(complaint.id, "", AUTHOR)
    assert await stored(suppressions) == [complaint]
    await suppressions.delete(complaint.id, "Asked for it.", AUTHOR)
    assert await stored(suppressions) == []
    deleted = events(world)[-1]
    assert (deleted.type, deleted.subject) == (EventType.SUPPRESSION_DELETED, complaint.name)
    assert deleted.detail == SuppressionChange(
        complaint.channel, complaint.reason, complaint.scope, AUTHOR.name, "Asked for it."
    )


async def test_suppressions_that_have_expired_are_deleted_and_that_is_recorded(
    world: World, suppressions: ManageSuppressions
) -> None:
    soon, later = [
        await suppressions.create(replace(JANE, expire_time=world.clock.now() + span, reason=reason), AUTHOR)
        for span, reason in ((HOUR, SuppressionReason.MANUAL), (HOUR + 1, SuppressionReason.INVALID))
    ]
    ever = await suppressions.create(replace(JANE, target="ever@example.com"), AUTHOR)
    world.clock.advance(HOUR)
    process = Process(world)
    await process.heartbeat.beat()
    await Housekeeper(
        process.transactions, world.clock, process.lease.process_id, Retention(), world.sweeper
    ).run_once()
    assert await stored(suppressions) == [ever, later]
    expired = events(world)[-1]
    assert (expired.type, expired.subject) == (EventType.SUPPRESSION_EXPIRED, soon.name)
    assert expired.detail == SuppressionChange(soon.channel, soon.reason, soon.scope)
    await process.close()


async def test_what_has_expired_may_be_suppressed_again_before_it_is_deleted(
    world: World, suppressions: ManageSuppressions
) -> None:
    first = await suppressions.create(replace(JANE, expire_time=world.clock.now() + HOUR), AUTHOR)
    world.clock.advance(HOUR)
    second = await suppressions.create(JANE, AUTHOR)
    assert await stored(suppressions) == [second]
    assert [(event.type, event.subject) for event in events(world)[-2:]] == [
        (EventType.SUPPRESSION_EXPIRED, first.name),
        (EventType.SUPPRESSION_CREATED, second.name),
    ]
