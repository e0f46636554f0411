"""Several processes add resources of one kind at once, and a sandbox gets no more than it may have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from clarion_server.adapters.conditions import CelConditionCompiler
from clarion_server.application.archivable_resources import ManageArchivableResources
from clarion_server.application.audiences.audiences import ManageAudiences
from clarion_server.application.consent.topics import TOPIC
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resources import CreateResource, ManageResources, ResourceInput
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import Caller, Scope, Visibility
from clarion_server.domain.consent.topic import Topic
from clarion_server.domain.errors import InvalidFields

from tests.contract.store import samples
from tests.contract.store.conftest import OpenStore
from tests.unit.application.world import StandingClock

CALLER = Caller("apiKeys/1", Visibility("default"), frozenset({Scope.ADMIN}))
MOST = 3


@pytest.fixture
async def processes(open_durable: OpenStore) -> AsyncIterator[list[Transactions]]:
    async with AsyncExitStack() as opened:
        made = [Transactions(open_durable()) for _ in range(4)]
        for transactions in made:
            opened.callback(transactions.close)
        yield made


async def test_no_race_passes_the_limit_of_a_kind(processes: list[Transactions]) -> None:
    managers = [ManageResources(replace(TOPIC, most=MOST), each, StandingClock(samples.NOW)) for each in processes]

    def create(number: int, manager: ManageResources[Topic]) -> asyncio.Future[Topic]:
        sent = ResourceInput(samples.topic(f"t{number}"))
        return asyncio.ensure_future(manager.create(CreateResource(f"t{number}", sent), CALLER))

    racing = [create(number, manager) for number, manager in enumerate(managers * 3)]
    ended = await asyncio.gather(*racing, return_exceptions=True)
    refused = [each for each in ended if isinstance(each, InvalidFields)]
    assert len(ended) - len(refused) == MOST
    assert {(violation.field, violation.reason) for each in refused for violation in each.violations} == {
        ("topic_id", "TOO_MANY")
    }


async def test_no_race_passes_the_limit_of_audiences(
    processes: list[Transactions],
) -> None:
    managers = [ManageAudiences(each, CelConditionCompiler(), StandingClock(samples.NOW)) for each in processes]
    for manager in managers:
        manager.kind = replace(manager.kind, most=MOST)
    commands = [CreateResource(f"a{number}", ResourceInput(samples.audience(f"a{number}"))) for number in range(12)]
    racing = (manager.create(command, CALLER) for manager, command in zip(managers * 3, commands, strict=True))
    ended = await asyncio.gather(*racing, return_exceptions=True)
    assert sum(not isinstance(each, Exception) for each in ended) == MOST
    assert sum(isinstance(each, InvalidFields) for each in ended) == len(commands) - MOST


async def test_no_race_takes_more_archived_ones_into_use_than_a_sandbox_may_have(
    processes: list[Transactions],
) -> None:
    names = [f"t{number}" for number in range(12)]

    def add_archived(unit: UnitOfWork) -> None:
        for name in names:
            unit.topics.add(replace(samples.topic(name), archive_time=samples.NOW))

    await processes[0].write(add_archived)
    kind = replace(TOPIC, most=MOST)
    managers = [ManageArchivableResources(kind, each, StandingClock(samples.NOW)) for each in processes]
    racing = (manager.unarchive(name, "", CALLER) for manager, name in zip(managers * 3, names, strict=True))
    ended = await asyncio.gather(*racing, return_exceptions=True)
    assert sum(not isinstance(each, Exception) for each in ended) == MOST
    assert sum(isinstance(each, InvalidFields) for each in ended) == len(names) - MOST
