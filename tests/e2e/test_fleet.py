"""Two processes that accept and three that send, on PostgreSQL and JetStream: whatever is killed or cut off under load,
every acknowledged message has exactly one outcome.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from clarion_client import AsyncClient

from tests.e2e.crash_load import Load, check, set_up_campaigns, under_load
from tests.fault_proxy import FaultProxy
from tests.nats_server import NatsServer, running_nats
from tests.ports import free_port
from tests.postgresql import PostgresqlServer, own_postgresql
from tests.process import ServiceProcess
from tests.smtp_sink import SmtpSink

SOAK = bool(os.environ.get("CLARION_SOAK"))
ROUNDS = 15 if SOAK else 1
#: A fault comes after so many further acknowledgements, at random.
ACKNOWLEDGED_BEFORE_FAULT = (5, 60)
#: Says how long a network is cut or stands still, at random: from less to more than a lease.
FAULT_SECONDS = (0.2, 1.6)
#: So long that whoever is killed has something in its hands.
HAND_OFF_SECONDS = 0.2

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="finds the processes of a service in /proc")


@pytest.fixture
def database() -> Iterator[PostgresqlServer]:
    with own_postgresql() as made:
        yield made


@pytest.fixture
def nats() -> Iterator[NatsServer]:
    with running_nats() as running:
        yield running


@dataclass
class Fleet:
    """Each service has its own way to the database, and all share one to the queue."""

    api: ServiceProcess
    """Two processes behind one address."""
    workers: ServiceProcess
    """Two processes."""
    worker: ServiceProcess
    """The third, on its own."""
    ways: dict[str, FaultProxy]
    database: PostgresqlServer
    nats: NatsServer
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)

    @property
    def faults(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            lambda: self._kill_one_of(self.api),
            lambda: self._kill_one_of(self.workers),
            self._kill_worker,
            self._kill_nats,
            self._crash_database,
            self._reset,
            self._cut,
            self._stall,
        ]

    async def _kill_one_of(self, service: ServiceProcess) -> None:
        """Its supervisor starts another one."""
        if children := children_of(service.pid):
            os.kill(self.chance.choice(sorted(children)), signal.SIGKILL)
            self.done["processes killed"] += 1

    async def _kill_worker(self) -> None:
        await self.worker.kill()
        await self.worker.start()
        self.done["processes killed"] += 1

    async def _kill_nats(self) -> None:
        self.nats.kill()
        await self._while()
        await asyncio.to_thread(self.nats.start)
        self.done["nats-server killed"] += 1

    async def _crash_database(self) -> None:
        await asyncio.to_thread(self.database.crash)
        await asyncio.to_thread(self.database.start)
        self.done["PostgreSQL crashed"] += 1

    async def _reset(self) -> None:
        for way in self.ways.values():
            way.reset()
        self.done["all connections reset"] += 1

    async def _cut(self) -> None:
        way = self._any_way()
        way.cut()
        await self._while()
        way.heal()
        self.done["ways cut"] += 1

    async def _stall(self) -> None:
        way = self._any_way()
        way.stall()
        await self._while()
        way.heal()
        self.done["ways stalled"] += 1

    def _any_way(self) -> FaultProxy:
        return self.ways[self.chance.choice(sorted(self.ways))]

    async def _while(self) -> None:
        """Returns when a fault has lasted long enough."""
        await asyncio.sleep(self.chance.uniform(*FAULT_SECONDS))


def children_of(pid: int) -> set[int]:
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


@asynccontextmanager
async def running_fleet(folder: Path, database: PostgresqlServer, nats: NatsServer) -> AsyncIterator[Fleet]:
    async with AsyncExitStack() as stack:
        ways = {
            name: await stack.enter_async_context(
                FaultProxy(lambda: asyncio.open_unix_connection(str(database.socket)))
            )
            for name in ("api", "workers", "worker")
        }
        # From another address: else whoever connects while the server is down may be given its port, and keep it.
        ways["queue"] = await stack.enter_async_context(
            FaultProxy(lambda: asyncio.open_connection("127.0.0.1", nats.port, local_addr=("127.0.0.2", 0)))
        )

        def service(name: str, role: str, processes: int) -> ServiceProcess:
            (folder / name).mkdir()
            return ServiceProcess(
                folder / name,
                port=free_port(),
                role=role,
                processes=str(processes),
                lease_seconds="1",
                store=f"postgresql://clarion@127.0.0.1:{ways[name].port}/postgres",
                queue=f"nats://127.0.0.1:{ways['queue'].port}",
            )

        api, workers, worker = service("api", "api", 2), service("workers", "worker", 2), service("worker", "worker", 1)
        # The first makes the tables and the key; the others start together.
        await stack.enter_async_context(api)
        await asyncio.gather(stack.enter_async_context(workers), stack.enter_async_context(worker))
        yield Fleet(api, workers, worker, ways, database, nats, random.Random(4712))


@pytest.mark.timeout(3600 if SOAK else 600)
@pytest.mark.soak
async def test_every_acknowledged_message_has_exactly_one_outcome_whatever_is_killed_or_cut_off(
    tmp_path: Path, database: PostgresqlServer, nats: NatsServer, show_counts: Callable[[str], None]
) -> None:
    async with (
        SmtpSink(seconds=HAND_OFF_SECONDS) as sink,
        running_fleet(tmp_path, database, nats) as fleet,
        AsyncClient(fleet.api.target, api_key=fleet.api.admin_key) as client,
    ):
        await set_up_campaigns(client, sink.port)
        async with under_load(client) as load:
            for _ in range(ROUNDS):
                await suffer(fleet, load)
        what = ", ".join(f"{count} {fault}" for fault, count in fleet.done.items())
        await check(what, load, sink, show_counts)


async def suffer(fleet: Fleet, load: Load) -> None:
    """Every fault once, in any order, each while triggers come and mails go."""
    faults = fleet.faults
    fleet.chance.shuffle(faults)
    for fault in faults:
        await load.wait_for_more(fleet.chance.randint(*ACKNOWLEDGED_BEFORE_FAULT))
        await fault()
