"""Ctrl-C for commands that speak to the service."""

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
    """Ctrl-C as a call in a thread of its own, in place of an exception out of nowhere: gRPC does not always live
    through one, and may then wait for ever when its channel is closed.

    It ends the process, or does what the command has said that it should do. The second one always ends it.
    """

    def __init__(self) -> None:
        self._action: Callable[[], object] = _end

    def await_in_background(self) -> None:
        """To be called before gRPC starts its threads, which then do not take the signal either."""
        if threading.current_thread() is not threading.main_thread():
            # Whoever runs the command in a thread keeps the signal.
            return
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        threading.Thread(target=self._await, name="clarion-interruption", daemon=True).start()

    @contextmanager
    def means(self, action: Callable[[], object]) -> Iterator[None]:
        """Within it, Ctrl-C calls the action. It must end soon, and may come from any thread."""
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
        # A progress bar hides it.
        os.write(sys.stderr.fileno(), SHOW_CURSOR)
    os._exit(Exit.INTERRUPTED)
