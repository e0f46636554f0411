"""FairWriterLock between the processes that write to one SQLite file.

SQLite has no queue: who finds the file locked sleeps, longer each time and in the end 100 ms, and then takes it if it
happens to be free. Under load one process finds it free again and again while another one waits for seconds, and the
file lies idle while all sleep. So writers first take a lock that the system hands on at once.

It is for speed and fairness alone. What keeps writers apart is SQLite's own lock, of those as well that know nothing of
this one.
"""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path

from clarion_server.application.ports.store import StoreUnavailable


class FairWriterLock:
    """One writer of this process at a time may ask for its turn."""

    def __init__(self, file: Path, patience: float, alone: Callable[[], bool] = lambda: False) -> None:
        """`file` is made beside the database and stays there, empty. `patience`: how long to wait, in seconds.

        `alone` tells whether no other process has the database open, as far as it is known. Such a one needs no turn,
        and is spared two system calls at which Python gives the interpreter away.
        """
        file.touch(mode=0o600)
        self._file = file.open("ab")
        self._patience = patience
        self._alone = alone

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Raises StoreUnavailable when it does not come in time."""
        if self._alone():
            yield
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._wait()
        try:
            yield
        finally:
            self._pass_on()

    def close(self) -> None:
        self._file.close()

    def _wait(self) -> None:
        """On a thread of its own, since the system lets nobody say for how long."""
        turn: Future[None] = Future()
        threading.Thread(target=self._queue, args=(turn,), name="store-turn", daemon=True).start()
        try:
            turn.result(self._patience)
        except TimeoutError:
            # When it comes nobody wants it any more.
            turn.add_done_callback(lambda _: self._pass_on())
            raise StoreUnavailable from None

    def _queue(self, turn: Future[None]) -> None:
        # The file may be closed by now.
        with suppress(OSError, ValueError):
            fcntl.flock(self._file, fcntl.LOCK_EX)
        turn.set_result(None)

    def _pass_on(self) -> None:
        with suppress(OSError, ValueError):
            fcntl.flock(self._file, fcntl.LOCK_UN)
