"""Several processes with one file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.ports.queries import ExecutionQuery

from tests.contract.store.given import a_sender, committing

PROCESSES = 3
REQUESTS = 60


def test_of_processes_with_the_same_requests_one_takes_each_and_no_write_is_lost(store: SqlStore, path: Path) -> None:
    with committing(store) as work:
        key = a_sender(work).campaign.key
    command = [sys.executable, "-m", "tests.integration.storage.writing", f"sqlite:///{path}", str(key), str(REQUESTS)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(PROCESSES)]
    taken = [int(process.communicate(timeout=60)[0]) for process in processes]
    with store.snapshot() as work:
        executions = work.executions.page(ExecutionQuery("default", campaign_key=key, limit=1000))
        figures = work.figures.of_campaign(key, None)
    assert sum(taken) == REQUESTS
    assert sorted(each.request_id or "" for each in executions) == sorted(f"order-{n}" for n in range(REQUESTS))
    assert figures == {"tries": PROCESSES * REQUESTS}
