"""Events over the wire: each once and in order, across lost connections, through every filter."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
from collections import Counter
from contextlib import closing
from typing import Any

import pytest
from clarion.v1 import event_pb2
from clarion.v1 import message_service_pb2 as pb
from clarion_client import AsyncClient, Event, EventType, InvalidRequestError, NotFoundError, Recipient

from tests.campaigns import CONTEXT, campaign, set_up
from tests.e2e.wire.calls import Wire
from tests.e2e.wire.conftest import NewService, Sandbox

SOAK = bool(os.environ.get("CLARION_SOAK"))
TRIGGERS = 5_000 if SOAK else 150

WATCH = "/clarion.v1.MessageService/WatchEvents"
DEADLINE_S = 60


async def load(client: AsyncClient, count: int = TRIGGERS) -> None:
    """Two events each: magic recipients, of whom one is sent to and one is excluded."""
    for number in range(count):
        recipients = [
            Recipient(f"sent+{number}@clarion.test", CONTEXT),
            Recipient(f"suppressed+{number}@clarion.test", CONTEXT),
        ]
        await client.trigger("orders", recipients)


async def collect(client: AsyncClient, count: int, **filters: Any) -> list[Event]:
    """The first `count` events that there are."""
    async with asyncio.timeout(DEADLINE_S), client.messages.watch(from_start=True, **filters) as watch:
        return [await anext(watch) for _ in range(count)]


async def test_the_first_answer_comes_at_once_and_is_a_token_alone(sandbox: Sandbox, orders: AsyncClient) -> None:
    call = sandbox.wire.open(WATCH, [pb.WatchEventsRequest()])
    answer = await call.read()
    assert answer.resume_token
    assert not answer.HasField("event")
    call.cancel()


async def test_a_watch_begins_with_the_moment_or_with_the_oldest_event(sandbox: Sandbox, orders: AsyncClient) -> None:
    early = await orders.trigger("orders", to="suppressed@clarion.test", context=CONTEXT)
    async with asyncio.timeout(DEADLINE_S), orders.messages.watch() as watch:
        late = await orders.trigger("orders", to="suppressed@clarion.test", context=CONTEXT)
        assert (await anext(watch)).execution == late.execution
    both = await collect(orders, 2)
    assert [event.execution for event in both] == [early.execution, late.execution]


@pytest.mark.soak
@pytest.mark.timeout(3600 if SOAK else 600)
async def test_who_reconnects_at_random_points_under_load_sees_each_event_once_and_in_order(
    sandbox: Sandbox, orders: AsyncClient
) -> None:
    chance = random.Random(4711)
    expected = 2 * TRIGGERS
    loading = asyncio.create_task(load(orders))
    events: list[event_pb2.Event] = []
    token, connections = "", 0
    async with asyncio.timeout(3600 if SOAK else DEADLINE_S):
        while len(events) < expected:
            async with Wire(sandbox.service.target, sandbox.key) as wire:
                connections += 1
                request = pb.WatchEventsRequest(resume_token=token, from_start=not token)
                call = wire.open(WATCH, [request], seconds=None)
                for _ in range(chance.randrange(1, 30)):
                    answer = await call.read()
                    token = answer.resume_token
                    if answer.HasField("event"):
                        events.append(answer.event)
                    if len(events) == expected:
                        break
                call.cancel()
    await loading
    print(f"\n{len(events)} events over {connections} connections")
    seen = [(event.message, event.type) for event in events]
    assert len(set(seen)) == expected
    assert Counter(event.type for event in events) == {
        event_pb2.Event.TYPE_SENT: TRIGGERS,
        event_pb2.Event.TYPE_EXCLUDED: TRIGGERS,
    }
    again = await collect(orders, expected)
    assert [(event.message, event.type.value) for event in again] == [
        (message, event_pb2.Event.Type.Name(type_).removeprefix("TYPE_")) for message, type_ in seen
    ]


async def test_watchers_side_by_side_see_the_same(sandbox: Sandbox, orders: AsyncClient) -> None:
    async def watch_twenty() -> list[Event]:
        return await collect(orders, 40)

    watching = [asyncio.create_task(watch_twenty()) for _ in range(8)]
    await load(orders, 20)
    first, *others = await asyncio.gather(*watching)
    assert all(seen == first for seen in others)


async def test_each_filter_lets_through_what_it_says(sandbox: Sandbox, orders: AsyncClient) -> None:
    await orders.campaigns.create(campaign("other", "orders"))
    await orders.campaigns.activate("other")
    recipients = [Recipient(f"{part}@clarion.test", CONTEXT) for part in ("sent", "bounce", "suppressed")]
    mine = await orders.trigger("orders", recipients)
    await orders.trigger("other", recipients)
    bounced = mine.recipients[1].messages[0].message
    everything = await collect(orders, 6)
    cases: list[tuple[dict[str, Any], Any]] = [
        ({"campaign": "other"}, lambda event: event.campaign == "campaigns/other"),
        ({"execution": mine.execution}, lambda event: event.execution == mine.execution),
        ({"message": bounced}, lambda event: event.message == bounced),
        ({"types": [EventType.FAILED]}, lambda event: event.type is EventType.FAILED),
        (
            {"campaign": "orders", "types": [EventType.SENT, EventType.EXCLUDED]},
            lambda event: event.campaign == "campaigns/orders" and event.type is not EventType.FAILED,
        ),
    ]
    for filters, belongs in cases:
        expected = [event for event in everything if belongs(event)]
        assert await collect(orders, len(expected), **filters) == expected
        assert expected


async def test_an_event_tells_what_happened_to_which_message(sandbox: Sandbox, orders: AsyncClient) -> None:
    answer = await orders.trigger("orders", to="bounce@clarion.test", context=CONTEXT)
    (event,) = await collect(orders, 1)
    assert event.attempt is not None
    assert (event.type, event.attempt.number, event.subject) == (EventType.FAILED, 1, event.message)
    assert (event.message, event.execution) == (answer.recipients[0].messages[0].message, answer.execution)
    failure = event.attempt.failure
    assert failure is not None
    assert (failure.reason, failure.code) == ("RECIPIENT_REJECTED", "550 5.1.1")
    assert list((await orders.messages.get(event.message)).events) == [event]


@pytest.mark.parametrize(
    "filters",
    [{"campaign": "orders"}, {"types": [EventType.SENT]}, {"campaign": "orders", "types": [EventType.FAILED]}],
)
async def test_a_token_of_another_filter_is_refused(
    sandbox: Sandbox, orders: AsyncClient, filters: dict[str, Any]
) -> None:
    async with orders.messages.watch() as watch:
        token = watch.resume_token
    with pytest.raises(InvalidRequestError) as caught:
        async with orders.messages.watch(resume_token=token, **filters):
            pass
    assert caught.value.reason == "INVALID_RESUME_TOKEN"


async def test_a_token_of_another_sandbox_is_refused(
    sandbox: Sandbox, orders: AsyncClient, other_sandbox: Sandbox
) -> None:
    async with orders.messages.watch() as watch:
        token = watch.resume_token
    with pytest.raises(InvalidRequestError) as caught:
        async with other_sandbox.client.messages.watch(resume_token=token):
            pass
    assert caught.value.reason == "INVALID_RESUME_TOKEN"


@pytest.mark.parametrize("damage", ["x", "", "AAAA", "Zm9v"])
async def test_a_damaged_token_is_refused(sandbox: Sandbox, orders: AsyncClient, damage: str) -> None:
    async with orders.messages.watch() as watch:
        token = watch.resume_token
    broken = token[:-2] if not damage else token + damage if damage == "x" else damage
    with pytest.raises(InvalidRequestError) as caught:
        async with orders.messages.watch(resume_token=broken):
            pass
    assert caught.value.reason == "INVALID_RESUME_TOKEN"


async def test_a_token_from_before_a_purge_is_refused_and_the_start_is_not(new_service: NewService) -> None:
    async with new_service() as service, AsyncClient(service.target, api_key=service.admin_key) as client:
        async with client.messages.watch() as watch:
            token = watch.resume_token
        await set_up(client, "orders", 1)
        await client.trigger("orders", [Recipient("suppressed@clarion.test", CONTEXT)])
        # Retention counts in days: the mark that a purge leaves is made here, on the file.
        with closing(sqlite3.connect(service.folder / "clarion.db")) as database, database:
            database.execute("INSERT INTO purges (kind, through) VALUES ('events', 1)")
        with pytest.raises(InvalidRequestError) as caught:
            async with client.messages.watch(resume_token=token):
                pass
        assert caught.value.reason == "RESUME_TOKEN_EXPIRED"
        (event,) = await collect(client, 1)
        assert event.type is EventType.EXCLUDED


@pytest.mark.parametrize(
    "nothing", [{"campaign": "nothing"}, {"execution": "0" * 32}, {"message": f"{'0' * 32}-0000-0"}], ids=str
)
async def test_a_watch_on_what_does_not_exist_is_refused(sandbox: Sandbox, nothing: dict[str, Any]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        with pytest.raises(NotFoundError):
            async with sandbox.client.messages.watch(**nothing):
                pass


async def test_a_watch_sees_nothing_of_another_sandbox(
    sandbox: Sandbox, orders: AsyncClient, other_sandbox: Sandbox
) -> None:
    await set_up(other_sandbox.client, "orders", 9)
    async with asyncio.timeout(DEADLINE_S), orders.messages.watch() as watch:
        await load(other_sandbox.client, 3)
        await load(orders, 1)
        seen = [await anext(watch) for _ in range(2)]
    mine = {message.name async for message in orders.messages.list()}
    assert {event.message for event in seen} == mine
