"""A campaign to an audience while the machine loses its power: nobody gets two messages, and nobody is left out."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from clarion_client import AsyncClient

from tests.e2e.audience_crashes import MEMBERS, Runs, check, set_up
from tests.fork_server import Forked
from tests.power_cut import CAN_CUT, PoweredDatabase
from tests.process import ServiceProcess

SOAK = bool(os.environ.get("CLARION_SOAK"))
CUTS = 60 if SOAK else 6


class PoweredService(ServiceProcess):
    """What a power cut loses is kept by a library that is loaded with it."""

    def __init__(self, folder: Path, power: Path) -> None:
        super().__init__(folder, lease_seconds="1")
        self.database = PoweredDatabase(folder / "clarion.db", power)

    def _launch(self, environment: Mapping[str, str], log: int) -> Forked:
        return self.database.fork_server.start(log, {**environment, **self.database.environment}, "serve")


@pytest.mark.timeout(3600 if SOAK else 600)
@pytest.mark.soak
@pytest.mark.skipif(not CAN_CUT, reason="needs Linux and a C compiler")
async def test_each_member_is_decided_about_once_whatever_of_the_last_writes_a_power_cut_takes_back(
    tmp_path: Path, show_counts: Callable[[str], None]
) -> None:
    power, chance, lost = tmp_path / "power", random.Random(42), 0
    power.mkdir()
    async with (
        PoweredService(tmp_path, power) as service,
        AsyncClient(service.target, api_key=service.admin_key) as client,
    ):
        await set_up(client)
        runs = Runs(client, chance)

        async def cut() -> None:
            nonlocal lost
            await service.kill()
            lost += service.database.unsynced_count() > 0
            survives = chance.choice((0.0, 0.5, 0.9))
            service.database.cut(lambda: chance.random() < survives)
            await service.start()

        for _ in range(CUTS):
            await runs.kill_once(cut)
        await runs.finish()
        await check(client, runs.ended[-1])
    states = ", ".join(f"{count} while {state}" for state, count in sorted(runs.killed_in.items()))
    show_counts(
        f"{CUTS} power cuts ({states}), {lost} of them with something to lose,"
        f" {len(runs.ended)} runs of {MEMBERS} members, each decided about once"
    )
