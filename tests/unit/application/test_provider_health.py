"""The log tells when a provider takes nothing any more, and when it takes messages again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
from clarion_server.application.ports.channels import HandOffFailed, PermanentFailure, TransientFailure
from clarion_server.application.sending.provider_health import FAILURES, QUIET
from clarion_server.domain.instant import SECOND
from clarion_server.domain.messages.attempt import Failure, FailureReason
from clarion_server.domain.messages.message import MessageState
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests.fakes import LATER, NEVER
from tests.unit.application.running import Process, recipient, states, until
from tests.unit.application.working import at_work
from tests.unit.application.world import World

DOWN = TransientFailure(Failure(FailureReason.CONNECTION_FAILED, "", "jane@example.com: Connection refused"))
#: Ends a message at once.
LOCKED_OUT = PermanentFailure(Failure(FailureReason.AUTHENTICATION_FAILED, "535 5.7.8", "Bad password"))


@pytest.fixture
async def process(world: World) -> AsyncIterator[Process]:
    await world.live()
    async with at_work(Process(world)) as made:
        yield made


@pytest.fixture
def logs() -> Iterator[list[EventDict]]:
    with capture_logs() as captured:
        yield captured


def told(logs: list[EventDict]) -> list[str]:
    return [log["event"] for log in logs if log["event"] in {"provider_failing", "provider_back"}]


async def send(world: World, process: Process, *ends: HandOffFailed | None, to: str = "jane@example.com") -> None:
    """Sends a message for each of the ends, one after the other."""
    for end in ends:
        process.provider.end = lambda _, end=end: end  # type: ignore[misc]
        # A message that is tried again later would be in the way of the next ones.
        process.provider.end = lambda _, end=end: None if end is None else _at_once(end)  # type: ignore[misc]
        before = len(states(world))
        await process.trigger(recipient(f"email:{to}"))
        await until(lambda before=before: sum(_has_ended(each) for each in states(world)) > before)  # type: ignore[misc]


def _at_once(failure: HandOffFailed) -> HandOffFailed:
    return PermanentFailure(failure.failure)


def _has_ended(state: MessageState) -> bool:
    return state in {MessageState.SENT, MessageState.FAILED}


async def test_a_provider_that_is_down_is_told_about_once_and_so_is_its_return(
    world: World, process: Process, logs: list[EventDict]
) -> None:
    await send(world, process, *[DOWN] * (FAILURES - 1))
    assert told(logs) == []
    world.clock.advance(30 * SECOND)
    await send(world, process, *[DOWN] * 5)
    assert told(logs) == ["provider_failing"]
    world.clock.advance(30 * SECOND)
    await send(world, process, None, None)
    assert told(logs) == ["provider_failing", "provider_back"]
    failing, back = [log for log in logs if log["event"] in {"provider_failing", "provider_back"}]
    assert failing == {
        "event": "provider_failing",
        "log_level": "warning",
        "channel": "channelConfigurations/orders",
        "sandbox": "default",
        "reason": "CONNECTION_FAILED",
        "failures": FAILURES,
    }
    assert (back["log_level"], back["failures"], back["seconds"]) == ("info", FAILURES + 4, 60)


async def test_a_hand_off_that_succeeds_in_between_is_no_trouble(
    world: World, process: Process, logs: list[EventDict]
) -> None:
    await send(world, process, *[DOWN, DOWN, None] * 3)
    assert told(logs) == []


@pytest.mark.parametrize("about_the_message", [NEVER, LATER])
async def test_what_a_provider_says_of_single_messages_is_no_trouble(
    world: World, process: Process, logs: list[EventDict], about_the_message: HandOffFailed
) -> None:
    await send(world, process, *[about_the_message] * (FAILURES + 1))
    assert told(logs) == []


async def test_magic_recipients_say_nothing_of_the_provider(
    world: World, process: Process, logs: list[EventDict]
) -> None:
    await send(world, process, *[DOWN] * (FAILURES + 1), to="timeout@clarion.test")
    assert told(logs) == []
    await send(world, process, *[DOWN] * FAILURES)
    await send(world, process, None, to="sent@clarion.test")
    assert told(logs) == ["provider_failing"]


async def test_a_provider_that_comes_and_goes_is_told_about_once_a_minute(
    world: World, process: Process, logs: list[EventDict]
) -> None:
    for _ in range(3):
        await send(world, process, *[LOCKED_OUT] * FAILURES, None)
    assert told(logs) == ["provider_failing", "provider_back"]
    world.clock.advance(QUIET)
    await send(world, process, *[LOCKED_OUT] * FAILURES)
    assert told(logs) == ["provider_failing", "provider_back", "provider_failing"]
    assert {log.get("code") for log in logs if log["event"] == "provider_failing"} == {"535 5.7.8"}


async def test_each_failed_attempt_is_a_line_at_debug_with_nothing_of_the_person(
    world: World, process: Process, logs: list[EventDict]
) -> None:
    await send(world, process, replace_detail(DOWN))
    (line,) = [log for log in logs if log["event"] == "attempt_failed"]
    assert line["log_level"] == "debug"
    assert (line["reason"], line["state"]) == ("CONNECTION_FAILED", "FAILED")
    assert "jane" not in str(logs)


def replace_detail(failure: HandOffFailed) -> HandOffFailed:
    return PermanentFailure(replace(failure.failure, detail="No jane@example.com here"))
