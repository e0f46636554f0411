"""A stop that comes while several processes are only about to start."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from clarion_server.config import Settings
from clarion_server.serving import prepared

from tests.e2e.test_processes import children_of
from tests.process import ServiceProcess


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_while_the_store_is_made_loses_no_key(tmp_path: Path, number: signal.Signals) -> None:
    file, keys = tmp_path / "clarion.db", list[str]()
    stopper = threading.Thread(target=_end_this_process_when_there_is, args=(file, number))
    stopper.start()
    goes_on = prepared(Settings(store=f"sqlite:///{file}", processes=2), keys.append)
    stopper.join()
    assert not goes_on
    assert len(keys) == 1


def _end_this_process_when_there_is(file: Path, number: signal.Signals) -> None:
    while not file.exists():
        pass
    os.kill(os.getpid(), number)


async def test_ctrl_c_in_a_terminal_comes_to_the_supervisor_alone(tmp_path: Path) -> None:
    async with ServiceProcess(tmp_path, processes="2") as service:
        groups = {os.getpgid(child) for child in children_of(service.pid)}
        assert os.getpgid(service.pid) not in groups
        assert await service.stop() == 0
