"""Says what every test of a use case begins with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest

from tests.memory_store import MemoryStore
from tests.unit.application.audience_running import Runs
from tests.unit.application.running import Process
from tests.unit.application.sending_policies import Policies
from tests.unit.application.world import World


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    with closing(MemoryStore()) as made:
        yield made


@pytest.fixture
def world() -> Iterator[World]:
    with closing(World()) as made:
        yield made


@pytest.fixture
async def process(world: World) -> AsyncIterator[Process]:
    """Belongs to a world with a live campaign. Without outlets: what is accepted stays queued."""
    await world.live()
    made = Process(world)
    yield made
    await made.close()


@pytest.fixture
def policies(world: World) -> Policies:
    """The sending policies of the world, which has none yet."""
    return Policies(world)


@pytest.fixture
async def runs(process: Process) -> Runs:
    return Runs(process)
