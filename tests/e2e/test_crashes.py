"""A service that is killed at random moments loses nothing, and owns up to what it may have sent twice."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from clarion_client import AsyncClient

from tests.e2e.crash_load import check, check_what_caps_count, count_for_everybody, set_up_campaigns, under_load
from tests.process import ServiceProcess
from tests.smtp_sink import SmtpSink

SOAK = bool(os.environ.get("CLARION_SOAK"))
KILLS = 200 if SOAK else 8
#: A kill comes after so many further acknowledgements, at random: while mails are being sent, recorded, accepted.
ACKNOWLEDGED_BEFORE_KILL = (5, 60)


@pytest.mark.timeout(3600 if SOAK else 600)
@pytest.mark.soak
async def test_what_was_acknowledged_has_exactly_one_outcome_whenever_the_service_is_killed(
    tmp_path: Path, show_counts: Callable[[str], None]
) -> None:
    chance = random.Random(4711)
    async with (
        SmtpSink() as sink,
        ServiceProcess(tmp_path, lease_seconds="1") as service,
        AsyncClient(service.target, api_key=service.admin_key) as client,
    ):
        await set_up_campaigns(client, sink.port)
        await count_for_everybody(client)
        async with under_load(client) as load:
            for _ in range(KILLS):
                await load.wait_for_more(chance.randint(*ACKNOWLEDGED_BEFORE_KILL))
                await service.kill()
                await service.start()
        await check(f"{KILLS} kills", load, sink, show_counts)
        with closing(sqlite3.connect(tmp_path / "clarion.db")) as database:
            await check_what_caps_count(client, database.execute("SELECT times FROM cap_entries"), show_counts)
