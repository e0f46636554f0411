"""Triggers of several processes for people who have no profile yet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from clarion_server.domain.access import Caller, Scope, Visibility
from clarion_server.domain.campaign import UnknownRecipientPolicy

from tests.contract.store.conftest import OpenStore
from tests.unit.application.running import Process, messages, recipient
from tests.unit.application.world import World

PROCESSES = 4
SANDBOX = Caller("apiKeys/1", Visibility("default"), frozenset({Scope.ADMIN}))


@pytest.fixture
async def processes(open_durable: OpenStore) -> AsyncIterator[list[Process]]:
    async with AsyncExitStack() as opened:
        stores = [open_durable() for _ in range(PROCESSES)]
        world = World(stores[0])
        opened.callback(world.transactions.close)
        await world.live(unknown_recipient_policy=UnknownRecipientPolicy.CREATE)
        made = [Process(world, f"process-{number}", store=store) for number, store in enumerate(stores)]
        for process in made:
            opened.push_async_callback(process.close)
        yield made


async def test_200_triggers_for_one_stranger_make_one_profile(processes: list[Process]) -> None:
    written = ["email:stranger@example.com", "email:Stranger@Example.com"]
    triggers = [
        process.trigger(recipient(written[number % 2])) for number in range(200 // PROCESSES) for process in processes
    ]
    answers = await asyncio.gather(*triggers)
    assert len({answer.execution.id for answer in answers}) == 200
    world = processes[0].world
    assert len(messages(world)) == 200
    (profile,) = await world.profiles.page(None, 10, SANDBOX)
    assert len(profile.identities) == 1


async def test_triggers_for_the_same_strangers_in_opposite_orders_make_each_one_once(processes: list[Process]) -> None:
    people = [recipient(f"email:r{number}@example.com") for number in range(20)]
    triggers = [
        process.trigger(*(people if number % 2 else reversed(people))) for number in range(5) for process in processes
    ]
    await asyncio.gather(*triggers)
    profiles = await processes[0].world.profiles.page(None, 100, SANDBOX)
    assert sorted(str(profile.identities[0]) for profile in profiles) == sorted(each.identity for each in people)
