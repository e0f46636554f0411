"""Signals as something that a selector can wait for."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from types import FrameType

#: What tells a service to stop.
STOPS = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """Of those that stop it is remembered that they came; the end of a child only wakes."""

    def __init__(self) -> None:
        self.stop = False
        self._reading, writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        for number in STOPS:
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, self._wake)
        # Whoever started this program may have kept them for it.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def fileno(self) -> int:
        return self._reading

    def take(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._reading, 65_536)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop = True

    def _wake(self, _number: int, _frame: FrameType | None) -> None:
        """The byte in the pipe has done it."""
