"""One process of the service, seen from its supervisor."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping

from clarion_server.supervisor.ipc import FAILED, SERVING, VARIABLE

_COMMAND = (sys.executable, "-P", "-m", "clarion_server.programs.service")


class Child:
    def __init__(self, slot: int, environment: Mapping[str, str]) -> None:
        """Starts the process. `slot` is its number among the processes of the service, from 0."""
        self.slot = slot
        self.serving_since: float | None = None
        self.failure = ""
        """Why the process cannot start, as it reported itself."""
        self._unparsed = b""
        self._pipe, child_end = socket.socketpair()
        with child_end:
            self._process = subprocess.Popen(  # noqa: S603 - the command is this program itself
                _COMMAND,
                env={**os.environ, **environment, VARIABLE: f"{slot}:{child_end.fileno()}"},
                stdin=subprocess.DEVNULL,
                pass_fds=[child_end.fileno()],
                # A terminal sends Ctrl-C to its whole foreground group. The supervisor alone shall receive it.
                process_group=0,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Is None while the process runs, and the negative number of the signal that ended it."""
        return self._process.poll()

    @property
    def served_seconds(self) -> float:
        return 0.0 if self.serving_since is None else time.monotonic() - self.serving_since

    def fileno(self) -> int:
        """Returns the file that a selector can wait for."""
        return self._pipe.fileno()

    def read(self) -> bool:
        """Reads what the process has reported. Returns False at the end of its reports."""
        try:
            data = self._pipe.recv(65_536)
        except ConnectionError:
            data = b""
        *lines, self._unparsed = (self._unparsed + data).split(b"\n")
        for line in lines:
            self._parse(line.decode())
        return bool(data)

    def read_all(self) -> None:
        """Reads the last reports of a process that has ended."""
        while self.read():
            continue

    def _parse(self, line: str) -> None:
        if line == SERVING:
            self.serving_since = time.monotonic()
        elif line.startswith(FAILED):
            self.failure = line.removeprefix(FAILED)

    def send_signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def close(self) -> None:
        """Closes the pipe of a process that has ended."""
        self._pipe.close()
