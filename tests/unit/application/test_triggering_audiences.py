"""Sending a campaign to an audience: what the call answers, and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.campaigns.campaign_definition import NO_SCHEDULE, Schedule
from clarion_server.domain.errors import (
    CampaignNotLive,
    CampaignOutsideWindow,
    InvalidFields,
    RequestIdReused,
    ResourceNotFound,
)
from clarion_server.domain.instant import DAY, SECOND

from tests.unit.application.audience_running import Runs, by_condition, command
from tests.unit.application.campaign_changes import OTHER_SCHEMA, pause
from tests.unit.application.running import executions, recipient
from tests.unit.application.world import AUTHOR, SCHEMA, START, STRANGER, World


async def test_the_same_request_id_gives_the_same_execution(world: World, runs: Runs) -> None:
    await by_condition(world)
    first, again = await runs.trigger(request_id="r1"), await runs.trigger(request_id="r1")
    assert again.replayed
    assert again.execution.id == first.execution.id
    assert len(executions(world)) == 1


async def test_a_repeated_call_is_answered_after_its_campaign_has_stopped(world: World, runs: Runs) -> None:
    await by_condition(world)
    first = await runs.trigger(request_id="r1")
    await world.life_cycle.stop("order-confirmed", QueueDisposal.DRAIN, "", AUTHOR)
    runs.process.campaigns.invalidate(await world.stored())
    assert (await runs.trigger(request_id="r1")).execution.id == first.execution.id


async def test_a_repeated_call_is_answered_after_its_time_is_over(world: World, runs: Runs) -> None:
    await by_condition(world)
    expire_time = world.clock.now() + DAY
    first = await runs.trigger(request_id="r1", expire_time=expire_time)
    world.clock.time = expire_time
    again = await runs.trigger(request_id="r1", expire_time=expire_time)
    assert (again.execution.id, again.replayed) == (first.execution.id, True)
    with pytest.raises(InvalidFields):
        await runs.trigger(request_id="r2", expire_time=expire_time)


@pytest.mark.parametrize(
    "changes", [{"max_recipients": 2}, {"context": {"order": {"id": "2"}}}, {"locale": "de"}, {"labels": {"a": "b"}}]
)
async def test_another_call_under_the_same_request_id_is_refused(
    world: World, runs: Runs, changes: dict[str, Any]
) -> None:
    await by_condition(world)
    await runs.trigger(request_id="r1")
    with pytest.raises(RequestIdReused):
        await runs.trigger(request_id="r1", **changes)


async def test_another_call_under_the_same_request_id_that_is_broken_is_told_what_is_wrong(
    world: World, runs: Runs
) -> None:
    await by_condition(world)
    await runs.trigger(request_id="r1")
    with pytest.raises(InvalidFields) as caught:
        await runs.trigger(request_id="r1", max_recipients=0)
    assert [violation.field for violation in caught.value.violations] == ["max_recipients"]


async def test_a_request_id_of_a_trigger_is_no_audiences(world: World, runs: Runs) -> None:
    await by_condition(world)
    await runs.process.trigger(recipient(), request_id="r1")
    with pytest.raises(RequestIdReused):
        await runs.trigger(request_id="r1")
    await runs.trigger(request_id="r2")
    with pytest.raises(RequestIdReused):
        await runs.process.trigger(recipient(), request_id="r2")


async def test_a_request_id_is_free_again_after_the_window_of_idempotency(world: World, runs: Runs) -> None:
    await by_condition(world)
    first = await runs.trigger(request_id="r1")
    world.clock.advance(7 * DAY)
    again = await runs.trigger(request_id="r1")
    assert again.execution.id != first.execution.id


BROKEN: Mapping[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "no maximum": ({"max_recipients": 0}, ("max_recipients", "REQUIRED")),
    "a negative maximum": ({"max_recipients": -1}, ("max_recipients", "OUT_OF_RANGE")),
    "too many": ({"max_recipients": 10_000_001}, ("max_recipients", "OUT_OF_RANGE")),
    "a request id with a line feed": ({"request_id": "a\nb"}, ("request_id", "MALFORMED")),
    "a locale that is none": ({"locale": "x!"}, ("locale", "MALFORMED")),
    "a label in capitals": ({"labels": {"A": "b"}}, ("labels", "MALFORMED")),
    "a context outside the schema": ({"context": {}}, ("context.order", "REQUIRED")),
    "a context with NUL": ({"context": {"order": {"id": "\0"}}}, ("context", "MALFORMED")),
    "a context that is too large": ({"context": {"order": {"id": "x" * 16_384}}}, ("context", "TOO_LONG")),
    "an expiry in the past": ({"expire_time": 1}, ("expire_time", "OUT_OF_RANGE")),
    "a start in two years": ({"send_time": 2_000_000_000 * SECOND}, ("send_time", "OUT_OF_RANGE")),
}


@pytest.mark.parametrize(("fields", "expected"), BROKEN.values(), ids=BROKEN)
async def test_a_broken_call_is_refused_with_the_path_of_what_is_wrong(
    world: World, runs: Runs, fields: dict[str, Any], expected: tuple[str, str]
) -> None:
    await by_condition(world)
    with pytest.raises(InvalidFields) as caught:
        await runs.trigger(**fields)
    assert expected in [(violation.field, violation.reason) for violation in caught.value.violations]
    assert executions(world) == []


async def test_everything_that_is_wrong_is_told_at_once(world: World, runs: Runs) -> None:
    with pytest.raises(InvalidFields) as caught:
        await runs.trigger(max_recipients=0, locale="x!", request_id="\n")
    assert {violation.field for violation in caught.value.violations} == {"max_recipients", "locale", "request_id"}


async def test_an_audience_that_does_not_exist_is_not_found(world: World, runs: Runs) -> None:
    with pytest.raises(ResourceNotFound, match="audiences/gold"):
        await runs.trigger()


async def test_an_audience_of_another_sandbox_is_not_found(world: World, runs: Runs) -> None:
    await by_condition(world)
    with pytest.raises(ResourceNotFound):
        await runs.triggering.trigger(command(), STRANGER)


async def test_a_campaign_that_is_not_live_is_refused(world: World, runs: Runs) -> None:
    await by_condition(world)
    await world.draft("draft")
    with pytest.raises(CampaignNotLive):
        await runs.trigger(campaign_id="draft")


async def test_a_campaign_outside_its_window_is_refused(world: World, runs: Runs) -> None:
    await by_condition(world)
    await world.live("later", schedule=Schedule(world.clock.now() + DAY, None))
    with pytest.raises(CampaignOutsideWindow):
        await runs.trigger(campaign_id="later")


@pytest.mark.parametrize("validate_only", [False, True])
@pytest.mark.parametrize(
    "before",
    [{"context_schema": OTHER_SCHEMA}, {"schedule": Schedule(START + DAY, None)}],
    ids=["another schema", "another window"],
)
async def test_what_another_process_activated_takes_a_call_at_once(
    world: World, runs: Runs, before: dict[str, Any], *, validate_only: bool
) -> None:
    await by_condition(world)
    await world.update(**before)
    await world.activate()
    with pytest.raises((InvalidFields, CampaignOutsideWindow)):
        await runs.trigger()
    await world.update(context_schema=SCHEMA, schedule=NO_SCHEDULE)
    await world.activate()
    # The process was not told, and has the version before in memory.
    assert (await runs.trigger(validate_only=validate_only)).execution.version == 3


async def test_validation_alone_goes_by_the_state_of_the_moment_too(world: World, runs: Runs) -> None:
    await by_condition(world)
    await runs.trigger(validate_only=True)
    await pause(world)
    with pytest.raises(CampaignNotLive):
        await runs.trigger(validate_only=True)
