"""Handles Ctrl-C in commands that call the service."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from clarion_server.transport.cli.exits import Exit

SHOW_CURSOR = b"\x1b[?25h"


class Interruption:
    """Waits for Ctrl-C in a thread: a KeyboardInterrupt during a gRPC call may leave a channel that never closes.

    Ctrl-C ends the process, or calls the action that the command has set. A second Ctrl-C always ends the process.
    """

    def __init__(self) -> None:
        self._action: Callable[[], object] = _end

    def await_in_background(self) -> None:
        """Blocks the signal and waits for it. Call this before gRPC starts its threads, which then block it too."""
        if threading.current_thread() is not threading.main_thread():
            # The program that runs the command in a thread handles the signal itself.
            return
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        threading.Thread(target=self._await, name="clarion-interruption", daemon=True).start()

    @contextmanager
    def handled_by(self, action: Callable[[], object]) -> Iterator[None]:
        """Calls the action on Ctrl-C within this context. The action runs in another thread and must return soon."""
        self._action = action
        try:
            yield
        finally:
            self._action = _end

    def _await(self) -> None:
        while True:
            signal.sigwait({signal.SIGINT})
            action, self._action = self._action, _end
            action()


def _end() -> None:
    if sys.stderr.isatty():
        # A progress bar has hidden the cursor.
        os.write(sys.stderr.fileno(), SHOW_CURSOR)
    os._exit(Exit.INTERRUPTED)
