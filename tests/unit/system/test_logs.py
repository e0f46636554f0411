"""Tests the log, where there is trouble with it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import structlog
from clarion_server.adapters.system.logs import set_up_logs


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def warn() -> None:
    set_up_logs("info", as_json=True)
    structlog.get_logger().warning("something_happened", message="messages/1")


def test_an_event_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr("sys.stderr", log)
    warn()
    (line,) = log.getvalue().splitlines()
    assert '"event": "something_happened"' in line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the disk that is always full is one of Linux")
def test_a_full_disk_ends_no_task(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full").open("w", encoding="utf-8")  # noqa: SIM115 - closing it fails as well
    monkeypatch.setattr("sys.stderr", full)
    try:
        warn()
    finally:
        # What could not be written is tried once more.
        with suppress(OSError):
            full.close()


def test_a_log_that_was_closed_ends_no_task(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr("sys.stderr", closed)
    warn()
