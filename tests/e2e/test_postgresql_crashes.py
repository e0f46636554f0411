"""Two services on one PostgreSQL: whichever of the three is crashed under load, nothing is lost."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from clarion_client import AsyncClient

from tests.e2e.crash_load import check, check_what_caps_count, count_for_everybody, set_up_campaigns, under_load
from tests.postgresql import PostgresqlServer, ask, own_postgresql
from tests.process import ServiceProcess
from tests.smtp_sink import SmtpSink

SOAK = bool(os.environ.get("CLARION_SOAK"))
ROUNDS = 30 if SOAK else 1
#: Of each service.
CALLERS = 4
#: A crash comes after so many further acknowledgements, at random.
ACKNOWLEDGED_BEFORE_CRASH = (5, 60)


@pytest.fixture
def server() -> Iterator[PostgresqlServer]:
    with own_postgresql() as made:
        yield made


def restart(end: Callable[[], None], start: Callable[[], None]) -> None:
    end()
    start()


async def kill(service: ServiceProcess) -> None:
    await service.kill()
    await service.start()


@pytest.mark.timeout(3600 if SOAK else 600)
@pytest.mark.soak
async def test_nothing_is_lost_when_services_and_postgresql_are_crashed(
    tmp_path: Path, server: PostgresqlServer, show_counts: Callable[[str], None]
) -> None:
    chance = random.Random(815)
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    async with (
        SmtpSink() as sink,
        ServiceProcess(folders[0], store=server.url(), lease_seconds="1") as one,
        ServiceProcess(folders[1], store=server.url(), lease_seconds="1") as other,
        AsyncClient(one.target, api_key=one.admin_key) as client,
        AsyncClient(other.target, api_key=one.admin_key) as other_client,
    ):
        await set_up_campaigns(client, sink.port)
        await count_for_everybody(client)

        crashes = (
            partial(asyncio.to_thread, restart, server.crash, server.start),
            partial(kill, one),
            partial(asyncio.to_thread, restart, server.stop, server.start),
            partial(kill, other),
        )
        # Both loads have the same request ids: most triggers come to both services.
        async with under_load(client, callers=CALLERS) as load, under_load(other_client, callers=CALLERS) as other_load:
            for crash in crashes * ROUNDS:
                for each in (load, other_load):
                    await each.wait_for_more(chance.randint(*ACKNOWLEDGED_BEFORE_CRASH))
                await crash()
        load.acknowledged.update(other_load.acknowledged)
        await check(f"{ROUNDS} times each of four crashes", load, sink, show_counts)
        await check_what_caps_count(client, ask(server.url(), "SELECT times FROM cap_entries"), show_counts)
