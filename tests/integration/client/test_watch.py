from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from clarion.v1.event_pb2 import Event as WireEvent
from clarion.v1.message_service_pb2 import WatchEventsRequest, WatchEventsResponse
from clarion_client import AsyncClient, AsyncEventWatch, ClarionError, EventType, InvalidRequestError, UnavailableError

from tests.integration.client.conftest import Connect
from tests.integration.client.scripted import fail, failure, serving, unavailable


class Journal:
    """Serves events 0, 1, 2, … as they are recorded. A token is the number of the next event. Watches break after
    `lasting` events, when that is given.
    """

    def __init__(self, recorded: int = 0, lasting: int | None = None, *, by_ending: bool = False) -> None:
        self.recorded = recorded
        self.requests: list[WatchEventsRequest] = []
        self._lasting = lasting
        self._by_ending = by_ending
        self._changed = asyncio.Condition()

    async def record(self, count: int = 1) -> None:
        async with self._changed:
            self.recorded += count
            self._changed.notify_all()

    async def answer(self, request: WatchEventsRequest, context: Any) -> AsyncIterator[WatchEventsResponse]:
        self.requests.append(request)
        first = int(request.resume_token) if request.resume_token else 0 if request.from_start else self.recorded
        yield WatchEventsResponse(resume_token=str(first))
        for number in itertools.count(first) if self._lasting is None else range(first, first + self._lasting):
            await self._recorded(number)
            event = WireEvent(type=WireEvent.TYPE_SENT, message=f"messages/{number}")
            yield WatchEventsResponse(event=event, resume_token=str(number + 1))
        if not self._by_ending:
            await fail(context, unavailable())

    async def _recorded(self, number: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: number < self.recorded)


async def take(watch: AsyncEventWatch, count: int) -> list[str]:
    events = aiter(watch)
    return [(await anext(events)).message.removeprefix("messages/") for _ in range(count)]


async def test_entering_a_watch_returns_when_the_service_is_watching(connect: Connect) -> None:
    journal = Journal(recorded=3)
    async with (
        serving(WatchEvents=journal.answer) as target,
        connect(target) as client,
        client.messages.watch() as watch,
    ):
        assert len(journal.requests) == 1
        await journal.record(2)

        assert await take(watch, 2) == ["3", "4"]


async def test_a_watch_that_is_not_entered_begins_with_the_first_event_asked_for(connect: Connect) -> None:
    journal = Journal(recorded=3)
    async with serving(WatchEvents=journal.answer) as target, connect(target) as client:
        watch = client.messages.watch(from_start=True)
        assert journal.requests == []

        assert await take(watch, 3) == ["0", "1", "2"]
        watch.close()


async def test_an_event_is_a_value(connect: Connect) -> None:
    async with (
        serving(WatchEvents=Journal(recorded=1).answer) as target,
        connect(target) as client,
        client.messages.watch(from_start=True) as watch,
    ):
        event = await anext(aiter(watch))

    assert (event.type, event.message, event.attempt) == (EventType.SENT, "messages/0", None)


async def test_the_filters_are_sent_with_every_connection(connect: Connect) -> None:
    journal = Journal(recorded=2, lasting=1)
    async with (
        serving(WatchEvents=journal.answer) as target,
        connect(target) as client,
        client.messages.watch(
            campaign="x", execution="1", message="2", types=[EventType.FAILED, EventType.SENT], from_start=True
        ) as watch,
    ):
        await take(watch, 2)

    wanted = WatchEventsRequest(
        campaign="campaigns/x",
        execution="executions/1",
        message="messages/2",
        types=[WireEvent.TYPE_FAILED, WireEvent.TYPE_SENT],
        from_start=True,
    )
    first, second = journal.requests
    assert first == wanted
    wanted.resume_token = "1"
    assert second == wanted


@pytest.mark.parametrize("by_ending", [False, True])
@pytest.mark.parametrize("lasting", [1, 2, 7])
async def test_across_lost_connections_every_event_comes_once_and_in_order(
    connect: Connect, lasting: int, by_ending: bool
) -> None:
    journal = Journal(lasting=lasting, by_ending=by_ending)
    async with (
        serving(WatchEvents=journal.answer) as target,
        connect(target) as client,
        client.messages.watch() as watch,
    ):
        await journal.record(20)

        assert await take(watch, 20) == [str(number) for number in range(20)]

    # A break may lose events on their way, which costs further connections, but never many.
    needed = math.ceil(20 / lasting)
    assert needed <= len(journal.requests) <= needed + 2


async def test_a_watch_survives_the_restart_of_the_service(connect: Connect) -> None:
    journal = Journal()
    async with serving(WatchEvents=journal.answer) as target:
        client = connect(target)
        watch = client.messages.watch()
        await watch.__aenter__()
        await journal.record()
        assert await take(watch, 1) == ["0"]
    await journal.record()
    async with serving(target, WatchEvents=journal.answer):
        assert await take(watch, 1) == ["1"]
        await client.close()


async def test_a_watch_goes_on_where_an_earlier_one_ended(connect: Connect) -> None:
    journal = Journal(recorded=5)
    async with serving(WatchEvents=journal.answer) as target, connect(target) as client:
        async with client.messages.watch(from_start=True) as earlier:
            assert await take(earlier, 2) == ["0", "1"]
        async with client.messages.watch(resume_token=earlier.resume_token) as later:
            assert await take(later, 3) == ["2", "3", "4"]


async def test_a_heartbeat_is_no_event_and_moves_the_token(connect: Connect) -> None:
    tokens: list[str] = []

    async def answer(request: WatchEventsRequest, context: Any) -> AsyncIterator[WatchEventsResponse]:
        tokens.append(request.resume_token)
        if not request.resume_token:
            yield WatchEventsResponse(resume_token="a")
            yield WatchEventsResponse(resume_token="b")
            await fail(context, unavailable())
        yield WatchEventsResponse(resume_token="c")
        yield WatchEventsResponse(resume_token="d", event=WireEvent(message="messages/0"))
        await asyncio.Event().wait()

    async with serving(WatchEvents=answer) as target, connect(target) as client, client.messages.watch() as watch:
        assert watch.resume_token == "a"
        assert await take(watch, 1) == ["0"]
        assert watch.resume_token == "d"

    assert tokens == ["", "b"]


async def test_a_token_that_the_service_refuses_ends_the_watch(connect: Connect) -> None:
    async def answer(request: WatchEventsRequest, context: Any) -> None:
        await fail(context, failure(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_RESUME_TOKEN"))

    async with serving(WatchEvents=answer) as target, connect(target) as client:
        with pytest.raises(InvalidRequestError) as raised:
            await take(client.messages.watch(resume_token="damaged"), 1)

    assert raised.value.reason == "INVALID_RESUME_TOKEN"


async def test_a_service_that_stays_away_ends_the_watch(connect: Connect) -> None:
    async with serving() as target:
        pass
    async with connect(target) as client:
        with pytest.raises(UnavailableError):
            await take(client.messages.watch(max_outage=0.3), 1)


async def test_an_outage_is_counted_from_its_own_beginning(connect: Connect) -> None:
    connections = itertools.count(1)

    async def answer(request: WatchEventsRequest, context: Any) -> AsyncIterator[WatchEventsResponse]:
        connection = next(connections)
        yield WatchEventsResponse(resume_token="a")
        if connection == 3:
            yield WatchEventsResponse(resume_token="b", event=WireEvent(message="messages/0"))
            await asyncio.Event().wait()
        # The connection is quiet for longer than the longest outage, after another one broke.
        await asyncio.sleep(0.6 * (connection - 1))
        await fail(context, unavailable())

    async with serving(WatchEvents=answer) as target, connect(target) as client:
        watch = client.messages.watch(max_outage=0.3)
        assert await take(watch, 1) == ["0"]
        watch.close()


async def test_closing_a_watch_from_elsewhere_ends_its_iteration(connect: Connect) -> None:
    async with serving(WatchEvents=Journal(recorded=2).answer) as target, connect(target) as client:
        watch = client.messages.watch(from_start=True)
        third = asyncio.Event()

        async def read() -> list[str]:
            seen = []
            async for event in watch:
                seen.append(event.message)
                if len(seen) == 2:
                    third.set()
            return seen

        reading = asyncio.ensure_future(read())
        await third.wait()
        watch.close()
        watch.close()

        assert await asyncio.wait_for(reading, timeout=60) == ["messages/0", "messages/1"]


async def test_closing_a_watch_while_it_connects_ends_its_iteration(connect: Connect) -> None:
    async with serving(WatchEvents=Journal().answer) as target, connect(target) as client:
        watch = client.messages.watch()
        closed_at_the_worst_moment(watch)

        async with asyncio.timeout(60):
            assert [event async for event in watch] == []


def closed_at_the_worst_moment(watch: Any) -> None:
    """Closes the watch after its call was made and before the watch has it, as another thread could."""
    answers = getattr(watch, "_wrapped", watch)._answers
    open_call = answers._open_call

    def open_and_close(metadata: Any) -> Any:
        call = open_call(metadata)
        watch.close()
        return call

    answers._open_call = open_and_close


async def test_a_watch_that_was_left_is_over(connect: Connect) -> None:
    async with serving(WatchEvents=Journal(recorded=2).answer) as target, connect(target) as client:
        async with client.messages.watch(from_start=True) as watch:
            pass

        assert [event async for event in watch] == []


async def test_closing_the_client_ends_the_watch_as_an_error(connect: Connect) -> None:
    async with serving(WatchEvents=Journal().answer) as target:
        client = connect(target)
        watch = client.messages.watch()
        await watch.__aenter__()
        reading = asyncio.ensure_future(take(watch, 1))
        await client.close()

        with pytest.raises((ClarionError, RuntimeError), match=r"[Cc]losed"):
            await asyncio.wait_for(reading, timeout=60)


async def test_cancelling_the_task_of_a_watch_cancels_it() -> None:
    begun = asyncio.Event()

    async def read(watch: AsyncEventWatch) -> None:
        async for _ in watch:
            begun.set()

    async with serving(WatchEvents=Journal(recorded=1).answer) as target, AsyncClient(target) as client:
        reading = asyncio.ensure_future(read(client.messages.watch(from_start=True)))
        await begun.wait()
        reading.cancel()

        with pytest.raises(asyncio.CancelledError):
            await reading
