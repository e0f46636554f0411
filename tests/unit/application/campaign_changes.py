"""Says what may become of the live campaign of a world."""

from __future__ import annotations

from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.campaigns.campaign_definition import Schedule
from clarion_server.domain.instant import HOUR, SECOND

from tests.unit.application.world import AUTHOR, SCHEMA, World

OTHER_SCHEMA = {**SCHEMA, "required": ["order", "customer"]}


async def pause(world: World) -> None:
    await world.life_cycle.pause("order-confirmed", "", AUTHOR)


async def stop(world: World) -> None:
    await world.life_cycle.stop("order-confirmed", QueueDisposal.DRAIN, "", AUTHOR)


async def change(world: World) -> None:
    await world.update(context_schema=OTHER_SCHEMA)
    await world.activate()


async def end(world: World) -> None:
    await world.update(schedule=Schedule(None, world.clock.now() + SECOND))
    await world.activate()
    world.clock.advance(HOUR)
