"""Units of work are run for an event loop: conflicts are resolved by running the work again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from clarion_server.application.ports.store import UnitOfWork, WriteConflict
from clarion_server.application.transactions import ATTEMPTS
from clarion_server.domain.errors import Unavailable

from tests.unit.application.world import World


def work_with_conflicts(count: int) -> Callable[[UnitOfWork], str]:
    """Returns work that meets a conflict in each of its first `count` runs."""
    left = iter(range(count))

    def work(_unit: UnitOfWork) -> str:
        for _ in left:
            raise WriteConflict
        return "done"

    return work


async def test_a_write_that_meets_a_conflict_is_run_again(world: World) -> None:
    assert await world.transactions.write(work_with_conflicts(ATTEMPTS - 1)) == "done"


async def test_a_write_that_meets_a_conflict_every_time_is_unavailable(world: World) -> None:
    with pytest.raises(Unavailable):
        await world.transactions.write(work_with_conflicts(ATTEMPTS))
