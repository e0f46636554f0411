"""Triggers while their campaign changes, the store fails, or their caller goes away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from clarion_server.adapters.rendering import JinjaContentCompiler
from clarion_server.adapters.rendering.compiled_action import CompiledAction
from clarion_server.adapters.rendering.schemas.check import JsonSchema
from clarion_server.application.ports.content import ContentInvalid, ErrorBudget
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.bootstrap.channels import CONTENT_KINDS
from clarion_server.domain.campaigns.campaign_definition import Schedule
from clarion_server.domain.errors import (
    CampaignNotLive,
    CampaignOutdated,
    CampaignOutsideWindow,
    ClarionError,
    InvalidFields,
    Unavailable,
)
from clarion_server.domain.instant import HOUR, Instant
from clarion_server.domain.messages.message import Lane, MessageState
from clarion_server.domain.violation import Violation

from tests.fakes import FaultyStore
from tests.memory_store import MemoryStore
from tests.unit.application.campaign_changes import OTHER_SCHEMA, change, pause
from tests.unit.application.running import (
    CALLER,
    CONTEXT,
    Process,
    messages,
    recipient,
    states,
    until,
)
from tests.unit.application.world import SCHEMA, World

# A campaign that changes.


async def test_a_trigger_is_admitted_anew_when_its_campaign_changes_before_the_commit(
    world: World, process: Process
) -> None:
    await process.trigger()
    await world.update(display_name="Order confirmed, again")
    await world.activate()
    # The process was not told, as if another one had activated it, and admits by what it knows.
    assert (await process.trigger()).execution.version == 2


async def test_the_rules_of_a_version_that_another_process_activated_count_at_once(
    world: World, process: Process
) -> None:
    both = recipient(context={**CONTEXT, "customer": "Jane"})
    await process.trigger()
    await world.update(context_schema={**SCHEMA, "additionalProperties": False})
    await world.activate()
    with pytest.raises(InvalidFields):
        await process.trigger(both)
    await world.update(context_schema=OTHER_SCHEMA)
    await world.activate()
    assert (await process.trigger(both)).execution.version == 3


async def test_validation_alone_goes_by_the_rules_of_the_moment_too(world: World, process: Process) -> None:
    await process.trigger(validate_only=True)
    await change(world)
    with pytest.raises(InvalidFields):
        await process.trigger(validate_only=True)
    await pause(world)
    with pytest.raises(CampaignNotLive):
        await process.trigger(validate_only=True)


class StricterCompiler(JinjaContentCompiler):
    """Has rules that the live version breaks, which an earlier Clarion activated."""

    def __init__(self, refuses: str) -> None:
        super().__init__(CONTENT_KINDS)
        self._refuses = refuses

    def compile_content(self, *arguments: Any, **further: Any) -> CompiledAction:
        self._compile("content")
        return super().compile_content(*arguments, **further)

    def compile_schema(self, schema: Mapping[str, Any] | None) -> JsonSchema:
        self._compile("schema")
        return super().compile_schema(schema)

    def _compile(self, what: str) -> None:
        if what == self._refuses:
            raise ContentInvalid


@pytest.mark.parametrize("refuses", ["content", "schema"])
async def test_a_live_version_that_does_not_compile_any_more_takes_no_triggers(
    refuses: str, world: World, process: Process
) -> None:
    accepted = await process.trigger(request_id="r-1")
    upgraded = Process(world, "upgraded", compiler=StricterCompiler(refuses))
    with pytest.raises(CampaignOutdated) as caught:
        await upgraded.trigger(request_id="r-2")
    assert caught.value.resource == "campaigns/order-confirmed"
    repeated = await upgraded.trigger(request_id="r-1")
    assert (repeated.execution.name, repeated.replayed) == (accepted.execution.name, True)
    await upgraded.close()


class RestlessStore(MemoryStore):
    """Whoever writes finds that all campaigns have changed a moment ago."""

    restless = False

    @contextmanager
    def begin(self, *, durable_later: bool = False) -> Iterator[UnitOfWork]:
        with super().begin(durable_later=durable_later) as unit:
            if self.restless:
                for campaign in unit.campaigns.by_keys(range(10)).values():
                    unit.campaigns.save(replace(campaign, revision=campaign.revision + 1))
            yield unit


async def test_a_campaign_that_never_rests_makes_the_service_unavailable() -> None:
    store = RestlessStore()
    with closing(World(store)) as world:
        await world.live()
        process = Process(world)
        store.restless = True
        with pytest.raises(Unavailable):
            await process.trigger()
        assert not messages(world)
        store.restless = False
        await process.trigger()
        await process.close()


class LongCheck:
    """Is a schema whose check lasts until the moment of an end."""

    is_costly = True

    def __init__(self, world: World, end: Instant) -> None:
        self._world = world
        self._end = end

    def violations(self, _data: Mapping[str, Any], _budget: ErrorBudget | None = None) -> list[Violation]:
        self._world.clock.time = self._end
        return []


class LongCheckingCompiler(JinjaContentCompiler):
    def __init__(self, schema: LongCheck) -> None:
        super().__init__(CONTENT_KINDS)
        self._schema = schema

    def compile_schema(self, _schema: Mapping[str, Any] | None) -> Any:
        return self._schema


@pytest.mark.parametrize("early", [0, 1], ids=["at its end", "a microsecond before"])
async def test_a_campaign_that_ends_while_a_trigger_is_checked_takes_it_no_more(early: int, world: World) -> None:
    end = world.clock.now() + HOUR
    await world.live(schedule=Schedule(None, end))
    process = Process(world, compiler=LongCheckingCompiler(LongCheck(world, end - early)))
    if early:
        await process.trigger(is_large=True)
    else:
        # The scheduler, which would complete the campaign at that moment, is a little late.
        with pytest.raises(CampaignOutsideWindow):
            await process.trigger(is_large=True)
    assert len(messages(world)) == early
    await process.close()


# A store that fails, and callers who go away.


async def test_a_caller_who_goes_away_takes_nothing_back(world: World, process: Process) -> None:
    await process.start()
    await process.trigger()
    call = asyncio.create_task(process.trigger())
    await asyncio.sleep(0)
    call.cancel()
    await until(lambda: states(world) == [MessageState.SENT] * 2)
    assert call.cancelled()


@pytest.mark.parametrize("lost", [False, True], ids=["nothing was written", "everything was written"])
async def test_a_trigger_that_the_store_does_not_answer_may_be_repeated(lost: bool) -> None:
    store = FaultyStore(MemoryStore())
    with closing(World(store)) as world:
        await world.live()
        process = Process(world)
        async with process.sending():
            await process.trigger(recipient("email:first@example.com"))
            await until(lambda: states(world) == [MessageState.SENT])
            store.failures, store.lost_answers = int(not lost), int(lost)
            with pytest.raises(Unavailable):
                await process.trigger(request_id="1")
            assert (await process.trigger(request_id="1")).replayed == lost
            await process.heartbeat.beat()
            await until(lambda: states(world) == [MessageState.SENT] * 2)
        assert len(process.provider.taken) == 2


async def test_a_trigger_that_was_to_be_queued_and_failed_keeps_no_others_behind_it() -> None:
    store = FaultyStore(MemoryStore())
    with closing(World(store)) as world:
        await world.live()
        process, queue = Process(world), (1, Lane.TRANSACTIONAL)
        await process.ports.queue.start(process.ports.schedule.add)
        await process.campaigns.live(CALLER.visibility, "order-confirmed")
        store.failures = 1
        with pytest.raises(Unavailable):
            await process.trigger()
        # A claim finds out what waits there.
        assert process.ports.schedule.claimable() == [queue]
        await process.close()


async def test_refusals_leave_no_place_taken(world: World, process: Process) -> None:
    await process.start()
    await until(lambda: process.is_idle)
    await process.trigger(request_id="1")
    await process.trigger(request_id="1")
    await pause(world)
    for request_id in ("1", "2"):
        with pytest.raises(ClarionError):
            await process.trigger(recipient("email:joe@example.com"), request_id=request_id)
    await until(lambda: process.is_idle)
