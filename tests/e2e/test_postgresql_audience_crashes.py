"""A campaign to an audience on PostgreSQL while services and the server are crashed: nobody gets two messages, and
nobody is left out.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clarion_client import AsyncClient

from tests.e2e.audience_crashes import MEMBERS, Runs, check, set_up
from tests.postgresql import PostgresqlServer, own_postgresql
from tests.process import ServiceProcess

SOAK = bool(os.environ.get("CLARION_SOAK"))
CRASHES = 100 if SOAK else 5


@pytest.fixture
def server() -> Iterator[PostgresqlServer]:
    with own_postgresql() as made:
        yield made


@pytest.mark.timeout(3600 if SOAK else 600)
@pytest.mark.soak
async def test_each_member_is_decided_about_once_whichever_of_two_services_and_postgresql_is_crashed(
    tmp_path: Path, server: PostgresqlServer, show_counts: Callable[[str], None]
) -> None:
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    chance = random.Random(1729)
    async with (
        ServiceProcess(folders[0], store=server.url(), lease_seconds="1") as one,
        ServiceProcess(folders[1], store=server.url(), lease_seconds="1") as other,
        AsyncClient(one.target, api_key=one.admin_key) as client,
    ):
        await set_up(client)
        runs = Runs(client, chance)

        async def crash() -> None:
            """Either service may be the one that goes on with the run."""
            crashed = chance.choice((one, other, server))
            if isinstance(crashed, PostgresqlServer):
                await asyncio.to_thread(crashed.crash)
                await asyncio.to_thread(crashed.start)
            else:
                await crashed.kill()
                await crashed.start()

        for _ in range(CRASHES):
            await runs.kill_once(crash)
        await runs.finish()
        await check(client, runs.ended[-1])
    states = ", ".join(f"{count} while {state}" for state, count in sorted(runs.killed_in.items()))
    show_counts(f"{CRASHES} crashes ({states}), {len(runs.ended)} runs of {MEMBERS} members, each decided about once")
