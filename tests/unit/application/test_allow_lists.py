"""Allow lists: changed for a sandbox, and asked when a trigger is accepted and before each attempt."""

from __future__ import annotations

import pytest
from clarion_server.application.suppressions.allow_lists import EDITABLE_FIELDS, ManageAllowLists, UpdateAllowList
from clarion_server.domain.errors import EtagMismatch, InvalidFields
from clarion_server.domain.events.event import EventType
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.messages.message import MessageState
from clarion_server.domain.suppressions.allow_list import AllowList, AllowListChange

from tests.unit.application.running import Process, claimed, events, messages, recipients, states
from tests.unit.application.world import AUTHOR, STRANGER, World

QUEUED, SENDING, EXCLUDED = MessageState.QUEUED, MessageState.SENDING, MessageState.EXCLUDED


@pytest.fixture
def allow_lists(world: World) -> ManageAllowLists:
    return ManageAllowLists(world.transactions, world.clock)


async def allow(
    allow_lists: ManageAllowLists,
    *entries: str,
    enabled: bool = True,
    fields: frozenset[str] = EDITABLE_FIELDS,
    etag: str = "",
) -> AllowList:
    return await allow_lists.update(UpdateAllowList(enabled, entries, fields, etag), AUTHOR)


async def test_a_list_is_disabled_and_empty_until_it_is_changed(world: World, allow_lists: ManageAllowLists) -> None:
    assert await allow_lists.get(AUTHOR) == AllowList(AUTHOR.sandbox)
    changed = await allow(allow_lists, "example.com")
    assert changed == await allow_lists.get(AUTHOR)
    assert (changed.enabled, changed.entries, changed.revision) == (True, ("example.com",), 1)
    assert (changed.update_time, changed.updater) == (world.clock.now(), AUTHOR.name)
    assert await allow_lists.get(STRANGER) == AllowList(STRANGER.sandbox)


async def test_fields_that_are_not_named_stay(allow_lists: ManageAllowLists) -> None:
    await allow(allow_lists, "example.com")
    disabled = await allow(allow_lists, enabled=False, fields=frozenset({"enabled"}))
    assert (disabled.enabled, disabled.entries) == (False, ("example.com",))


async def test_a_change_of_what_somebody_else_has_changed_is_refused(allow_lists: ManageAllowLists) -> None:
    read = await allow_lists.get(AUTHOR)
    await allow(allow_lists, "example.com", etag=read.etag)
    with pytest.raises(EtagMismatch):
        await allow(allow_lists, etag=read.etag)
    assert (await allow_lists.get(AUTHOR)).entries == ("example.com",)


async def test_a_wrong_entry_is_told_with_its_path(allow_lists: ManageAllowLists) -> None:
    with pytest.raises(InvalidFields) as refused:
        await allow(allow_lists, "example.com", "nobody@")
    assert [each.field for each in refused.value.violations] == ["allow_list.entries[1]"]


async def test_a_change_is_an_event_that_holds_no_address(world: World, allow_lists: ManageAllowLists) -> None:
    await allow(allow_lists, "dev@example.com")
    event = events(world)[-1]
    assert (event.type, event.subject) == (EventType.ALLOW_LIST_CHANGED, "allowList")
    assert event.detail == AllowListChange(enabled=True, entry_count=1, actor=AUTHOR.name)


async def test_a_list_holds_for_new_messages_and_for_those_that_wait(
    world: World, allow_lists: ManageAllowLists
) -> None:
    await world.live()
    process = Process(world)
    await process.trigger(*recipients(2))
    await allow(allow_lists, "r1@example.com", "r2@example.com")
    await process.trigger(*recipients(3))
    assert states(world) == [QUEUED, QUEUED, EXCLUDED, QUEUED, QUEUED]
    assert len((await claimed(world)).messages) == 3
    phases = {each.end.exclusion for each in messages(world, EXCLUDED).values()}
    assert phases == {
        Exclusion(ExclusionReason.NOT_ALLOWED, phase, "allowList")
        for phase in (ExclusionPhase.ACCEPT, ExclusionPhase.HAND_OFF)
    }
    await allow(allow_lists, enabled=False)
    await process.trigger()
    assert states(world)[-1] is QUEUED
    await process.close()
