"""A request is accepted once, however often and whenever it comes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.errors import (
    ClarionError,
    InvalidFields,
    RequestIdReused,
)
from clarion_server.domain.instant import SECOND
from clarion_server.domain.triggering.execution import IDEMPOTENCY_WINDOW
from clarion_server.domain.violation import Violation

from tests.unit.application.campaign_changes import change, end, pause, stop
from tests.unit.application.running import (
    CALLER,
    Process,
    command,
    executions,
    messages,
    recipient,
)
from tests.unit.application.world import DEFINITION, World


async def test_the_same_request_gets_the_first_answer_again(world: World, process: Process) -> None:
    first = await process.trigger(request_id="1")
    again = await process.trigger(request_id="1")
    assert (again.execution, again.replayed) == (first.execution, True)
    assert len(messages(world)) == 1


async def test_requests_without_an_id_are_new_ones_each_time(world: World, process: Process) -> None:
    await process.trigger()
    await process.trigger()
    assert len(executions(world)) == 2


async def test_a_request_id_belongs_to_its_campaign(world: World, process: Process) -> None:
    await world.live("welcome")
    await process.trigger(request_id="1")
    assert not (await process.trigger(request_id="1", campaign_id="welcome")).replayed


async def test_what_failed_is_not_remembered(process: Process) -> None:
    with pytest.raises(InvalidFields):
        await process.trigger(recipient(context={}), request_id="1")
    assert not (await process.trigger(request_id="1")).replayed


JANE = recipient(profile={"a": 1, "b": 2})
OTHER_REQUESTS = {
    "another person": {"recipients": (recipient("email:joe@example.com"),)},
    "another address": {"recipients": (replace(JANE, address="jane@example.org"),)},
    "another locale": {"recipients": (replace(JANE, locale="de"),)},
    "another context": {"recipients": (replace(JANE, context={"order": {"id": "4712"}}),)},
    "another profile": {"recipients": (replace(JANE, profile={"a": 1}),)},
    "one recipient more": {"recipients": (JANE, recipient("email:joe@example.com"))},
    "another send time": {"send_time": 1_800_000_000 * SECOND},
    "another expiry": {"expire_time": 1_800_000_000 * SECOND},
    "another way with invalid ones": {"allow_partial": True},
}


@pytest.mark.parametrize("changes", OTHER_REQUESTS.values(), ids=OTHER_REQUESTS)
async def test_another_request_under_the_same_id_is_refused(process: Process, changes: dict[str, Any]) -> None:
    request = command(JANE, request_id="1")
    first = await process.triggering.trigger(request, CALLER)
    with pytest.raises(RequestIdReused) as caught:
        await process.triggering.trigger(replace(request, **changes), CALLER)
    assert (caught.value.request_id, caught.value.execution) == ("1", first.execution.name)


async def test_the_order_of_names_in_the_data_makes_no_other_request(process: Process) -> None:
    await process.trigger(replace(JANE, profile={"a": 1, "b": 2}), request_id="1")
    assert (await process.trigger(replace(JANE, profile={"b": 2, "a": 1}), request_id="1")).replayed


@pytest.mark.parametrize("happening", [pause, stop, change, end])
async def test_an_accepted_request_is_answered_the_same_whatever_became_of_its_campaign(
    world: World, process: Process, happening: Any
) -> None:
    first = await process.trigger(request_id="1")
    await happening(world)
    again = await process.trigger(request_id="1")
    assert (again.execution, again.replayed) == (first.execution, True)
    with pytest.raises(ClarionError):
        await process.trigger(recipient("email:joe@example.com"), request_id="1")
    assert len(messages(world)) == 1


@pytest.mark.parametrize(
    "damage",
    [
        {"violations": (Violation("send_time", "OUT_OF_RANGE", "Must be a time."),)},
        {
            "recipients": (
                recipient(context={}, violations=(Violation("context.a", "NOT_A_NUMBER", "Must be finite."),)),
            )
        },
    ],
    ids=["in the call", "in a recipient"],
)
async def test_a_damaged_request_is_no_repetition(world: World, process: Process, damage: dict[str, Any]) -> None:
    await world.live(
        "plain", context_schema=None, actions=(replace(DEFINITION.actions[0], content=EmailContent("A", text="B")),)
    )
    whole = command(recipient(context={}), campaign_id="plain", request_id="1")
    await process.triggering.trigger(whole, CALLER)
    with pytest.raises(InvalidFields):
        await process.triggering.trigger(replace(whole, **damage), CALLER)


async def test_a_request_id_is_remembered_to_the_end_of_its_window(world: World, process: Process) -> None:
    first = await process.trigger(request_id="1")
    world.clock.advance(IDEMPOTENCY_WINDOW - 1)
    assert (await process.trigger(request_id="1")).execution == first.execution


async def test_a_request_id_is_taken_over_when_its_window_has_passed(world: World, process: Process) -> None:
    first = await process.trigger(request_id="1")
    world.clock.advance(IDEMPOTENCY_WINDOW)
    second = await process.trigger(recipient("email:joe@example.com"), request_id="1")
    assert not second.replayed
    assert [execution.request_id for execution in executions(world)] == ["1", None]
    assert (await process.trigger(recipient("email:joe@example.com"), request_id="1")).execution == second.execution
    assert first.execution.id != second.execution.id


async def test_one_request_a_hundred_times_at_once_is_accepted_once(world: World, process: Process) -> None:
    answers = await asyncio.gather(*(process.trigger(request_id="1") for _ in range(100)))
    assert len({answer.execution.id for answer in answers}) == 1
    assert sum(answer.replayed for answer in answers) == 99
    assert len(messages(world)) == 1
