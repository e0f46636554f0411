"""A service is stopped while it starts."""

from __future__ import annotations

import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.e2e.test_processes import children_of
from tests.process import START_SECONDS
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="finds open files and processes in /proc")

#: Is a program that takes the terminal named by its first argument as its own, and then becomes the command behind it.
IN_TERMINAL = "import os, sys; os.open(sys.argv[1], os.O_RDWR); os.execv(sys.argv[2], sys.argv[2:])"


@contextmanager
def starting(folder: Path, *before: str, processes: int = 2) -> Iterator[subprocess.Popen[str]]:
    """Starts `clarion serve` as the leader of a session of its own. `before` stands before the command."""
    process = subprocess.Popen(
        [*before, sys.executable, "-m", "clarion_server", "serve"],
        env=os.environ
        | {
            "CLARION_LISTEN": "127.0.0.1:0",
            "CLARION_HTTP_LISTEN": "",
            "CLARION_STORE": f"sqlite:///{folder}/clarion.db",
            "CLARION_PROCESSES": str(processes),
        },
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_while_the_store_is_made_loses_no_key(tmp_path: Path, number: signal.Signals) -> None:
    file = tmp_path / "clarion.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as lock:
        # Nobody else can write the file, so the service is held up in the middle of making the store.
        lock.execute("BEGIN EXCLUSIVE")
        with starting(tmp_path) as process:
            wait_until(lambda: has_open(process.pid, file), START_SECONDS)
            process.send_signal(number)
            lock.execute("ROLLBACK")
            output, errors = process.communicate(timeout=START_SECONDS)
    assert process.returncode == 0, errors
    assert len(re.findall(r"clk_\S+", output)) == 1
    assert "serving" not in output


def has_open(pid: int, file: Path) -> bool:
    for each in Path(f"/proc/{pid}/fd").iterdir():
        # Another file may be closed meanwhile.
        with suppress(FileNotFoundError):
            if each.readlink() == file:
                return True
    return False


def test_ctrl_c_in_a_terminal_interrupts_the_supervisor_alone(tmp_path: Path) -> None:
    keyboard_end, screen_end = pty.openpty()
    with (
        os.fdopen(keyboard_end, "wb", buffering=0) as keyboard,
        os.fdopen(screen_end) as screen,
        starting(tmp_path, sys.executable, "-c", IN_TERMINAL, os.ttyname(screen.fileno())) as process,
    ):
        # The children are still loading. One that received Ctrl-C would end with a traceback.
        wait_until(lambda: len(children_of(process.pid)) == 2, START_SECONDS)
        keyboard.write(b"\x03")
        _output, errors = process.communicate(timeout=START_SECONDS)
    assert "KeyboardInterrupt" not in errors
    assert process.returncode == 0, errors


def test_ctrl_c_ends_a_process_that_is_loading_without_a_traceback(tmp_path: Path) -> None:
    with starting(tmp_path, processes=1) as process:
        maps = Path(f"/proc/{process.pid}/maps")
        # The command line does not need this library.
        wait_until(lambda: "uvloop" in maps.read_text(), START_SECONDS)
        process.send_signal(signal.SIGINT)
        _output, errors = process.communicate(timeout=START_SECONDS)
    assert "Traceback" not in errors
    # It may have come as far as to stop by itself.
    assert process.returncode in {0, -signal.SIGINT}, errors
