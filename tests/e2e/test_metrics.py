"""One address tells of all processes of a service."""

from __future__ import annotations

import asyncio
import os
import signal
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from clarion_client import AsyncClient, Recipient
from prometheus_client.parser import text_string_to_metric_families

from tests.campaigns import CONTEXT, set_up
from tests.process import ServiceProcess
from tests.smtp_sink import SmtpSink
from tests.waiting import until

COUNT = 20

Sample = tuple[str, frozenset[tuple[str, str]]]


async def get(service: ServiceProcess, path: str) -> str:
    def read() -> str:
        with urllib.request.urlopen(f"http://{service.metrics}{path}", timeout=20) as answer:
            text: str = answer.read().decode()
            return text

    return await asyncio.to_thread(read)


async def scrape(service: ServiceProcess) -> dict[Sample, float]:
    families = text_string_to_metric_families(await get(service, "/metrics"))
    samples = [sample for family in families for sample in family.samples]
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}


def of(samples: dict[Sample, float], name: str, **labels: str) -> list[float]:
    """With these labels among others, of every process."""
    wanted = labels.items()
    return [value for (its_name, its_labels), value in samples.items() if its_name == name and wanted <= its_labels]


async def trigger(service: ServiceProcess, sink: SmtpSink) -> None:
    async with AsyncClient(service.target, api_key=service.admin_key) as client:
        await set_up(client, "orders", sink.port)
        await client.trigger("orders", [Recipient(f"{place}@example.com", CONTEXT) for place in range(COUNT)])
        await sink.wait_for(COUNT)


async def test_one_scrape_tells_what_all_processes_did(tmp_path: Path) -> None:
    async with (
        SmtpSink() as sink,
        ServiceProcess(tmp_path, processes="2", metrics_listen="127.0.0.1:0") as service,
    ):
        await trigger(service, sink)

        async def all_is_recorded() -> bool:
            return of(await scrape(service), "clarion_store_outcomes_total", state="SENT") == [COUNT]

        await until(all_is_recorded)
        samples = await scrape(service)
        assert of(samples, "clarion_process_up") == [1, 1]
        assert sum(of(samples, "clarion_messages_accepted_total")) == COUNT
        assert sum(of(samples, "clarion_attempts_concluded_total", state="SENT")) == COUNT
        assert sum(of(samples, "clarion_attempts_total", result="SENT")) == COUNT
        assert of(samples, "clarion_store_queued_messages") == [0]
        assert all(size > 30e6 for size in of(samples, "process_resident_memory_bytes"))
        assert len(of(samples, "clarion_build_info", role="all")) == 1
        assert await get(service, "/health") == "SERVING\n"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            await get(service, "/v1/campaigns")


async def test_a_process_that_stands_still_is_told_of_as_absent(tmp_path: Path) -> None:
    async with ServiceProcess(tmp_path, processes="2", metrics_listen="127.0.0.1:0") as service:
        assert of(await scrape(service), "clarion_process_up") == [1, 1]
        stopped = max(int(pid) for pid in children(service.pid))
        os.kill(stopped, signal.SIGSTOP)
        try:
            assert sorted(of(await answered(service), "clarion_process_up")) == [0, 1]
        finally:
            os.kill(stopped, signal.SIGCONT)


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


async def answered(service: ServiceProcess) -> dict[Sample, float]:
    """By the one that can: connections to the other one wait in its queue."""
    while True:
        try:
            return await asyncio.wait_for(scrape(service), 2)
        except TimeoutError:
            continue
