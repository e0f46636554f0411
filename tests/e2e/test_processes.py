"""`clarion serve --processes N`: several processes behind one port, and their supervisor."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from clarion_client import AsyncClient, Recipient

from tests.campaigns import CONTEXT, set_up
from tests.process import ServiceProcess
from tests.smtp_sink import SmtpSink
from tests.waiting import until

PROCESSES = 2
TRIGGERS = 40

#: The processes of the module belong to the event loop that started them.
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not Path("/proc/self").exists(), reason="finds the processes of the service in /proc"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServiceProcess]:
    folder = Path(tmp_path_factory.mktemp("processes"))
    async with ServiceProcess(folder, processes=str(PROCESSES), lease_seconds="1") as running:
        yield running


def children_of(pid: int) -> set[int]:
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


async def trigger_on_new_connections(service: ServiceProcess, name: str) -> list[str]:
    """Triggers once on each of many connections, which the kernel spreads. Returns the messages."""
    messages = []
    for number in range(TRIGGERS):
        async with AsyncClient(service.target, api_key=service.admin_key) as client:
            answer = await client.trigger(name, [Recipient(f"{number}@example.com", CONTEXT)])
            messages += [result.messages[0].message for result in answer.recipients]
    return messages


async def test_processes_share_the_port_and_each_message_is_sent_once(service: ServiceProcess) -> None:
    async with SmtpSink() as sink, AsyncClient(service.target, api_key=service.admin_key) as client:
        await set_up(client, "orders", sink.port)
        assert len(children_of(service.pid)) == PROCESSES
        messages = await trigger_on_new_connections(service, "orders")
        await sink.wait_for(TRIGGERS)
        assert len(set(messages)) == TRIGGERS
        assert set(sink.counts.values()) == {1}


async def test_a_process_that_is_killed_is_restarted_and_the_others_go_on(service: ServiceProcess) -> None:
    before = children_of(service.pid)
    victim = min(before)
    async with SmtpSink() as sink, AsyncClient(service.target, api_key=service.admin_key) as client:
        await set_up(client, "killed", sink.port)
        os.kill(victim, signal.SIGKILL)
        await trigger_on_new_connections(service, "killed")

        async def is_replaced() -> bool:
            return len(children_of(service.pid) - {victim}) == PROCESSES

        await until(is_replaced)
        await sink.wait_for(TRIGGERS)
    assert before - {victim} <= children_of(service.pid)
    assert f"process=0 pid={victim} exit_code=-9" in service.log.read_text()


async def test_the_supervisor_takes_little_memory(service: ServiceProcess) -> None:
    assert memory_of(service.pid) < 25e6


def memory_of(pid: int) -> int:
    """Returns the resident memory in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_a_stop_ends_all_processes_with_exit_code_0_and_frees_the_port(
    service: ServiceProcess,
) -> None:
    children = children_of(service.pid)
    assert await service.stop() == 0
    assert not any(is_alive(child) for child in children)
    await service.start()


async def test_processes_do_not_outlive_their_supervisor(tmp_path: Path) -> None:
    async with ServiceProcess(tmp_path, processes=str(PROCESSES)) as service:
        children = children_of(service.pid)
        await service.kill()

        async def all_are_gone() -> bool:
            return not any(is_alive(child) for child in children)

        await until(all_are_gone)


def is_alive(pid: int) -> bool:
    try:
        # A process that has ended is a zombie, in state Z, until its parent has read the exit code.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
