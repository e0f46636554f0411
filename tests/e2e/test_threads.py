"""Tests how the system is told to treat the service's threads."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.service import Service


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has SCHED_BATCH")
def test_one_thread_waits_for_the_network_without_hurry_and_no_other(service: Service) -> None:
    if sys.platform == "linux":  # mypy looks at this line, pytest at the mark
        threads = [int(task.name) for task in Path(f"/proc/{service.pid}/task").iterdir()]
        unhurried = [thread for thread in threads if os.sched_getscheduler(thread) == os.SCHED_BATCH]
        assert len(unhurried) == 1
        assert service.pid not in unhurried, "the event loop's thread"
