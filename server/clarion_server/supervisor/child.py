"""One process of the service, as its supervisor sees it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from clarion_server.supervisor.ipc import REFUSED, SERVING, VARIABLE

_COMMAND = (sys.executable, "-P", "-m", "clarion_server.process")


class Child:
    def __init__(self, place: int, environment: Mapping[str, str], command: Sequence[str] = _COMMAND) -> None:
        """Starts it."""
        self.place = place
        self.serving_since: float | None = None
        self.refusal = ""
        """Why it could not start, in its own words."""
        self._said = b""
        self._link, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this very program
                command,
                env={**os.environ, **environment, VARIABLE: f"{place}:{theirs.fileno()}"},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                # Ctrl-C in a terminal reaches a whole group: one at its start would end with a traceback.
                process_group=0,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Negative: the signal that ended it. None while it runs."""
        return self._process.poll()

    @property
    def served_seconds(self) -> float:
        return 0.0 if self.serving_since is None else time.monotonic() - self.serving_since

    def fileno(self) -> int:
        """To wait for what it says."""
        return self._link.fileno()

    def hear(self) -> bool:
        """False when it says nothing more."""
        try:
            data = self._link.recv(65_536)
        except ConnectionError:
            data = b""
        *lines, self._said = (self._said + data).split(b"\n")
        for line in lines:
            self._understand(line.decode())
        return bool(data)

    def hear_out(self) -> None:
        """The last words of one that has ended."""
        while self.hear():
            continue

    def _understand(self, line: str) -> None:
        if line == SERVING:
            self.serving_since = time.monotonic()
        elif line.startswith(REFUSED):
            self.refusal = line.removeprefix(REFUSED)

    def end(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def close(self) -> None:
        """After its end."""
        self._link.close()
