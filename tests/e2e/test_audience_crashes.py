"""A campaign to an audience while the service is killed: nobody gets two messages, and nobody is left out."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from clarion_client import AsyncClient

from tests.e2e.audience_crashes import MEMBERS, Runs, check, set_up
from tests.process import ServiceProcess

SOAK = bool(os.environ.get("CLARION_SOAK"))
KILLS = 200 if SOAK else 20


@pytest.mark.timeout(3600 if SOAK else 600)
@pytest.mark.soak
async def test_each_member_is_decided_about_once_whenever_the_service_is_killed(
    tmp_path: Path, show_counts: Callable[[str], None]
) -> None:
    async with (
        ServiceProcess(tmp_path, lease_seconds="1") as service,
        AsyncClient(service.target, api_key=service.admin_key) as client,
    ):
        await set_up(client)
        runs = Runs(client, random.Random(4711))

        async def kill() -> None:
            await service.kill()
            await service.start()

        for _ in range(KILLS):
            await runs.kill_once(kill)
        await runs.finish()
        await check(client, runs.ended[-1])
    states = ", ".join(f"{count} while {state}" for state, count in sorted(runs.killed_in.items()))
    show_counts(f"{KILLS} kills ({states}), {len(runs.ended)} runs of {MEMBERS} members, each decided about once")
