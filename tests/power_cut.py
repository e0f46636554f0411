"""Cuts the power of the machine, as far as a process on it and its database can tell.

A killed process loses nothing that it wrote, as the system has it. A machine without power loses what was not synced,
all or any part of it. So a library that is loaded before the C library keeps what was written since the last sync, and
after the process was killed that is taken back from its files.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

from tests.fork_server import ForkServer, fork_server

_SOURCE = Path(__file__).with_suffix(".c")
_RECORD = struct.Struct("qqqqq")
CAN_CUT = sys.platform == "linux" and shutil.which("cc") is not None


class _Write(NamedTuple):
    """Is a write that was not synced, or a cut of the file at `resize`."""

    offset: int
    size: int
    """Is the size of the file before."""
    resize: int
    before: bytes
    now: bytes


class PoweredDatabase:
    """Is a SQLite file whose processes come from `fork_server` with `environment`. `folder` exists and is empty."""

    def __init__(self, database: Path, folder: Path) -> None:
        self.database = database
        self._folder = folder
        self.environment = {"POWER_CUT_DATABASE": str(database), "POWER_CUT_FOLDER": str(folder)}

    @property
    def fork_server(self) -> ForkServer:
        return fork_server(_library())

    def sync_count(self) -> int:
        """Returns how often the log was synced."""
        syncs = self._folder / "syncs"
        return syncs.read_text().splitlines().count(f"{self.database.name}-wal") if syncs.exists() else 0

    def unsynced_count(self) -> int:
        """Returns how many writes to the log a power cut would take back now."""
        return len(self._unsynced(f"{self.database.name}-wal"))

    def fail_next_sync(self) -> None:
        """Lets the next sync of the log fail, as of a disk with a fault. What was not synced by then is lost."""
        (self._folder / "broken").touch()

    def cut(self, survives: Callable[[], bool] = lambda: False) -> None:
        """Takes back what was not synced, except each write for which `survives` returns True. No process may run."""
        for name in (self.database.name, f"{self.database.name}-wal"):
            writes = self._unsynced(name)
            if writes:
                _take_back(self.database.with_name(name), writes, survives)
        # It is memory of processes, and SQLite makes it anew.
        self.database.with_name(f"{self.database.name}-shm").unlink(missing_ok=True)
        shutil.rmtree(self._folder)
        self._folder.mkdir()

    def _unsynced(self, name: str) -> list[_Write]:
        files = (self._folder / f"{name}.{ending}" for ending in ("lost", "unsynced"))
        return [write for file in files if file.exists() for write in _read(file.read_bytes())]


def _read(kept: bytes) -> list[_Write]:
    writes, place = [], 0
    while place < len(kept):
        offset, before, now, size, resize = _RECORD.unpack_from(kept, place)
        middle = place + _RECORD.size + before
        writes.append(_Write(offset, size, resize, kept[middle - before : middle], kept[middle : middle + now]))
        place = middle + now
    return writes


def _take_back(file: Path, writes: list[_Write], survives: Callable[[], bool]) -> None:
    with file.open("r+b") as opened:
        for write in reversed(writes):
            os.pwrite(opened.fileno(), write.before, write.offset)
            os.ftruncate(opened.fileno(), write.size)
        for write in writes:
            if not survives():
                continue
            if write.resize >= 0:
                os.ftruncate(opened.fileno(), write.resize)
            else:
                os.pwrite(opened.fileno(), write.now, write.offset)


@cache
def _library() -> Path:
    library = Path(mkdtemp(prefix="clarion-power-cut-"), "power_cut.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, _SOURCE, "-ldl", "-lpthread"], check=True)
    return library
