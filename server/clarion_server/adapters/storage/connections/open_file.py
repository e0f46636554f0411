"""Notices that a SQLite file was moved, deleted or replaced while it is open."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from clarion_server.application.ports.store import StoreUnavailable

#: Looks are at least so many seconds apart: Python releases the interpreter at each.
_BETWEEN_LOOKS = 1.0


class OpenFile:
    """One thread at a time asks."""

    def __init__(self, file: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """`file` is open already. `clock` returns seconds."""
        self._file = file
        self._clock = clock
        self._opened = file.stat()
        self._look_time = clock()

    def check(self) -> None:
        """Raises StoreUnavailable if the file is not in its place any more. The system would write to it all the same,
        and what is written would end with the process.
        """
        now = self._clock()
        if now < self._look_time + _BETWEEN_LOOKS:
            return
        with suppress(OSError):
            if os.path.samestat(self._file.stat(), self._opened):
                self._look_time = now
                return
        raise StoreUnavailable(
            f"The SQLite file {self._file} was moved, deleted or replaced. Put it back, or start the service again."
        )
