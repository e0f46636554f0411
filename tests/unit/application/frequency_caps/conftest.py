"""Provides a process whose default policy lets marketing leave once a day to each person."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from clarion_server.domain.category import Category

from tests.unit.application.frequency_caps.capping import NOON, ONE_A_DAY
from tests.unit.application.running import Process
from tests.unit.application.sending_policies import Policies
from tests.unit.application.world import AUTHOR, World


@pytest.fixture
async def policies(world: World) -> Policies:
    """Those of a sandbox whose default policy lets marketing leave at any time, once a day to each person."""
    made = Policies(world)
    await made.make(quiet_hours=(), caps=(ONE_A_DAY,))
    return made


@pytest.fixture
async def process(world: World, policies: Policies) -> AsyncIterator[Process]:
    """Belongs to a world with live campaigns of both categories, and the policies. It is not started: tests claim."""
    assert await policies.page(None, 1, AUTHOR)
    world.clock.time = NOON
    await world.live("offers", category=Category.MARKETING)
    await world.live("reset")
    made = Process(world)
    yield made
    await made.close()
