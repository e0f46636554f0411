"""Rendering holds up the event loop for no longer than one message, however many messages are ready to be sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count, pairwise

import pytest
from clarion_server.application.sending import attempt as attempt_module
from clarion_server.application.sending.rendering_pace import LONG, SLICE, RenderingPace
from clarion_server.domain.instant import HOUR
from clarion_server.domain.messages.message import MessageState

from tests.unit.application.running import Process, recipients, states, until
from tests.unit.application.working import at_work
from tests.unit.application.world import World


class Turns:
    """Counts the turns of the event loop."""

    count = 0

    @asynccontextmanager
    async def counted(self) -> AsyncIterator[None]:
        async def go_on() -> None:
            while True:
                self.count += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(go_on())
        try:
            yield
        finally:
            counting.cancel()


async def rendered_at(seconds: float, messages: int) -> list[int]:
    """Returns the turn of the loop in which each of these messages was rendered, when all are ready at once."""
    pace, turns = RenderingPace(), Turns()
    rendered: list[int] = []

    async def render() -> None:
        if pace.is_resting:
            await pace.rest()
        rendered.append(turns.count)
        pace.count(seconds)

    async with turns.counted():
        await asyncio.gather(*(render() for _ in range(messages)))
    return rendered


async def test_others_have_turns_after_each_long_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    # For the loop each look at its clock is a millisecond after the one before, however busy the machine is.
    milliseconds = count()
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: next(milliseconds) / 1_000)
    rendered = await rendered_at(0.02, 12)
    assert all(later - earlier > 2 for earlier, later in pairwise(rendered))


async def test_others_have_a_turn_when_short_renderings_have_taken_a_while_together() -> None:
    rendered = await rendered_at(LONG * 0.8, 30)
    most = max(rendered.count(turn) for turn in set(rendered))
    assert most == round(SLICE / (LONG * 0.8) + 0.5)


async def test_the_renderings_of_usual_mails_wait_for_nothing() -> None:
    assert len(set(await rendered_at(SLICE / 1_000, 500))) == 1


async def test_a_worker_that_is_cancelled_while_it_waits_keeps_nobody_else_from_rendering() -> None:
    pace = RenderingPace()
    pace.count(0.02)
    first, second = asyncio.create_task(pace.rest()), asyncio.create_task(pace.rest())
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert first.cancelled()
    assert not pace.is_resting


async def test_messages_that_take_long_to_render_leave_turns_to_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, turns = 0.0, Turns()
    looks: list[int] = []

    def clock() -> float:
        """Each look at the clock is 20 ms after the one before: each message takes so long."""
        nonlocal now
        now += 0.02
        looks.append(turns.count)
        return now

    monkeypatch.setattr(attempt_module, "perf_counter", clock)
    await world.live()
    async with at_work(Process(world)) as process, turns.counted():
        await process.trigger(*recipients(20))
        await until(lambda: states(world) == [MessageState.SENT] * 20)
    begun = looks[::2]
    assert len(begun) == 20
    assert all(later > earlier for earlier, later in pairwise(begun))


async def test_a_message_that_waits_long_for_its_rendering_is_checked_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.live()
    async with at_work(Process(world)) as process:
        pace = process.ports.attempts.pace
        waiting = asyncio.Event()

        async def rest() -> None:
            """Others render for an hour."""
            monkeypatch.undo()
            world.clock.advance(HOUR)
            waiting.set()

        monkeypatch.setattr(pace, "rest", rest)
        pace.count(10_000)
        await process.trigger(expire_time=world.clock.now() + HOUR)
        await until(lambda: states(world) == [MessageState.EXPIRED])
        assert waiting.is_set()
