"""The service and nats-server are killed at random moments, and streams are lost: no message is."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import nats
import pytest
from clarion_client import AsyncClient
from nats.js.errors import NotFoundError

from tests.e2e.crash_load import Load, check, set_up_campaigns, under_load
from tests.nats_server import NatsServer, running_nats
from tests.process import ServiceProcess
from tests.smtp_sink import SmtpSink

SOAK = bool(os.environ.get("CLARION_SOAK"))
ROUNDS = 40 if SOAK else 1
#: Is the range of the number of acknowledgements before the next kill.
ACKNOWLEDGED_BEFORE_KILL = (5, 60)


class Fleet:
    """One process that accepts, two that send, and their nats-server."""

    def __init__(self, server: NatsServer, api: ServiceProcess, workers: list[ServiceProcess]) -> None:
        self._server = server
        self._api = api
        self._workers = workers
        self.kills: Counter[str] = Counter()
        self.passed = 0
        """Counts the names that have been in the streams, before each loss of them."""

    @property
    def faults(self) -> list[Callable[[], Awaitable[None]]]:
        one, two = self._workers
        return [
            lambda: self._restart("api", self._api),
            lambda: self._restart("worker", one),
            lambda: self._restart("worker", two),
            self._restart_server,
            self._wipe_server,
        ]

    async def _restart_server(self) -> None:
        self._kill_server("nats-server")
        self._server.start()

    async def _wipe_server(self) -> None:
        self.passed += await names_in(self._server)
        self._kill_server("nats-server, its disk lost")
        self._server.wipe()
        self._server.start()

    def _kill_server(self, what: str) -> None:
        self.kills[what] += 1
        self._server.kill()

    async def _restart(self, what: str, process: ServiceProcess) -> None:
        self.kills[what] += 1
        await process.kill()
        await process.start()


async def names_in(server: NatsServer) -> int:
    """Returns how many names its streams have had since they were made."""
    connection = await nats.connect(server.url)
    try:
        streams = await connection.jetstream().streams_info()
        return sum(stream.state.last_seq for stream in streams)
    except NotFoundError:
        return 0
    finally:
        await connection.close()


@pytest.mark.timeout(3600 if SOAK else 600)
@pytest.mark.soak
async def test_each_acknowledged_message_has_exactly_one_outcome_whatever_happens_to_its_queue(
    tmp_path: Path, show_counts: Callable[[str], None]
) -> None:
    chance = random.Random(4711)
    with running_nats() as server:
        async with SmtpSink() as sink, AsyncExitStack() as running:
            store = f"sqlite:///{tmp_path}/clarion.db"

            async def start(name: str, role: str) -> ServiceProcess:
                (tmp_path / name).mkdir()
                process = ServiceProcess(tmp_path / name, role=role, queue=server.url, store=store, lease_seconds="1")
                return await running.enter_async_context(process)

            api = await start("api", "api")
            fleet = Fleet(server, api, [await start(name, "worker") for name in ("one", "two")])
            client = await running.enter_async_context(AsyncClient(api.target, api_key=api.admin_key))
            await set_up_campaigns(client, sink.port)
            async with under_load(client) as load:
                for _ in range(ROUNDS):
                    await suffer(fleet, load, chance)
            fleet.passed += await names_in(server)
            what = ", ".join(f"{count} kills of {what}" for what, count in sorted(fleet.kills.items()))
            await check(f"{what}; {fleet.passed} names went through the streams", load, sink, show_counts)
    # The process that accepts sends nothing, so the messages went through the streams, but for those of an outage.
    assert fleet.passed > 0


async def suffer(fleet: Fleet, load: Load, chance: random.Random) -> None:
    """Every fault once, in any order, each while triggers come and mails go."""
    faults = fleet.faults
    chance.shuffle(faults)
    for fault in faults:
        await load.wait_for_more(chance.randint(*ACKNOWLEDGED_BEFORE_KILL))
        await fault()
