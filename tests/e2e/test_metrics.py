"""Each process of a service serves its own metrics."""

from __future__ import annotations

import asyncio
import os
import re
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

ROOT = Path(__file__).parents[2]
COUNT = 20

Sample = tuple[str, frozenset[tuple[str, str]]]


async def get(address: str, path: str) -> str:
    def read() -> str:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=60) as answer:
            text: str = answer.read().decode()
            return text

    return await asyncio.to_thread(read)


async def scrape(address: str) -> dict[Sample, float]:
    families = text_string_to_metric_families(await get(address, "/metrics"))
    samples = [sample for family in families for sample in family.samples]
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}


def values(scrapes: list[dict[Sample, float]], name: str, **labels: str) -> list[float]:
    """Returns the samples of all processes that have these labels among others."""
    wanted = labels.items()
    return [
        value
        for samples in scrapes
        for (its_name, its_labels), value in samples.items()
        if its_name == name and wanted <= its_labels
    ]


async def trigger(service: ServiceProcess, sink: SmtpSink) -> None:
    async with AsyncClient(service.target, api_key=service.admin_key) as client:
        await set_up(client, "orders", sink.port)
        await client.trigger("orders", [Recipient(f"{index}@example.com", CONTEXT) for index in range(COUNT)])
        await sink.wait_for(COUNT)


async def test_the_metrics_of_all_processes_count_each_message_once(tmp_path: Path) -> None:
    async with (
        SmtpSink() as sink,
        ServiceProcess(tmp_path, processes="2", metrics_listen="127.0.0.1:0") as service,
    ):
        await trigger(service, sink)

        async def all_are_recorded() -> bool:
            return values([await scrape(service.metrics[0])], "clarion_store_outcomes_total", state="SENT") == [COUNT]

        await until(all_are_recorded)
        scrapes = [await scrape(address) for address in service.metrics]
        assert len(scrapes) == 2
        assert sum(values(scrapes, "clarion_messages_accepted_total")) == COUNT
        assert sum(values(scrapes, "clarion_attempts_concluded_total", state="SENT")) == COUNT
        assert sum(values(scrapes, "clarion_attempts_total", result="SENT")) == COUNT
        assert values(scrapes, "clarion_store_queued_messages") == [0, 0]
        assert values(scrapes, "clarion_store_up") == [1, 1]
        assert all(size > 30e6 for size in values(scrapes, "process_resident_memory_bytes"))
        assert values(scrapes, "clarion_build_info", role="all") == [1, 1]
        assert await get(service.metrics[0], "/health") == "SERVING\n"
        for path in ("/v1/campaigns", "/docs", "/openapi.json"):
            with pytest.raises(urllib.error.HTTPError, match="404") as refused:
                await get(service.metrics[0], path)
            assert b"This address has /metrics and /health alone." in refused.value.read()


async def test_the_page_for_operators_names_all_metrics_that_are_served_and_no_others(tmp_path: Path) -> None:
    rows = re.findall(r"^\| (`clarion_[^|]*)\|", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    async with SmtpSink() as sink, ServiceProcess(tmp_path, metrics_listen="127.0.0.1:0") as service:
        await trigger(service, sink)
        samples = [name for name, _ in await scrape(service.metrics[0]) if name.startswith("clarion_")]
    assert {re.sub("_(bucket|sum|count)$", "", name) for name in samples} == set(
        re.findall(r"clarion_\w+", " ".join(rows))
    )


async def test_a_process_that_is_restarted_serves_its_metrics_at_the_same_address(tmp_path: Path) -> None:
    async with ServiceProcess(tmp_path, processes="2", metrics_listen="127.0.0.1:0") as service:
        (before,) = values([await scrape(service.metrics[1])], "process_start_time_seconds")
        os.kill(second_process(service), signal.SIGKILL)

        async def is_restarted() -> bool:
            try:
                return values([await scrape(service.metrics[1])], "process_start_time_seconds") > [before]
            except OSError:
                return False

        await until(is_restarted, seconds=120)
        assert values([await scrape(service.metrics[0])], "clarion_store_up") == [1]


def second_process(service: ServiceProcess) -> int:
    """Returns the id of the child that listens at the second address, as its environment says."""
    variable = f"CLARION_METRICS_LISTEN={service.metrics[1]}".encode()
    children = Path(f"/proc/{service.pid}/task/{service.pid}/children").read_text().split()
    (pid,) = [pid for pid in children if variable in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")]
    return int(pid)
