"""Two changes of one thing that meet."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from clarion_server.application.campaigns.conflicts import ATTEMPTS, write_anew
from clarion_server.application.ports.repositories import StaleWrite
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.errors import EtagMismatch

from tests.unit.application.world import World


def overtaken(times: int) -> Callable[[UnitOfWork], str]:
    """Work that finds its reading out of date that often."""
    left = iter(range(times))

    def work(_unit: UnitOfWork) -> str:
        for _ in left:
            raise StaleWrite("campaigns/order-confirmed")
        return "done"

    return work


async def test_a_change_that_was_overtaken_is_made_anew(world: World) -> None:
    assert await write_anew(world.transactions, "campaigns/a", overtaken(ATTEMPTS - 1)) == "done"


async def test_a_change_that_is_always_overtaken_ends_in_an_etag_mismatch(world: World) -> None:
    with pytest.raises(EtagMismatch) as refused:
        await write_anew(world.transactions, "campaigns/a", overtaken(ATTEMPTS))
    assert refused.value.resource == "campaigns/a"
