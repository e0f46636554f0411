"""Makes signals something that a selector can wait for."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from types import FrameType

#: Holds the signals that stop a service.
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """SIGTERM and SIGINT set `stop`. SIGCHLD only wakes the selector."""

    def __init__(self) -> None:
        self.stop = False
        self._reading, writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, self._wake)
        # The program that started this one may have blocked them until now.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def fileno(self) -> int:
        return self._reading

    def clear(self) -> None:
        """Reads what the signals have written, so that the selector waits for the next one."""
        with suppress(BlockingIOError):
            os.read(self._reading, 65_536)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop = True

    def _wake(self, _number: int, _frame: FrameType | None) -> None:
        """Does nothing: Python writes a byte into the pipe for every signal with a handler."""
