"""Defines a fair lock between the processes that write to one SQLite file.

SQLite has no queue: a writer that finds the file locked sleeps, longer each time and in the end 100 ms, and then takes
the lock if it happens to be free. Under load one process finds it free again and again while another one waits for
seconds, and the file lies idle while all sleep. So a writer first takes a lock that the system hands on at once.

This lock only makes writers fair and fast. SQLite's own lock keeps them apart, also from those that do not know this
one.
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
    """One thread of this process at a time may ask for the lock."""

    def __init__(self, file: Path, timeout: float, is_alone: Callable[[], bool] = lambda: False) -> None:
        """`file` is made beside the database and stays there, empty. `timeout` is the longest wait, in seconds.

        `is_alone` returns whether no other process has the database open, as far as is known. Such a process needs no
        lock, and saves two system calls at which Python releases the interpreter.
        """
        file.touch(mode=0o600)
        self._file = file.open("ab")
        self._timeout = timeout
        self._is_alone = is_alone

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Waits for the lock and holds it. Raises StoreUnavailable when the wait is too long."""
        if self._is_alone():
            yield
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._wait()
        try:
            yield
        finally:
            self._release()

    def close(self) -> None:
        self._file.close()

    def _wait(self) -> None:
        """Waits on a thread of its own, since the system accepts no limit of time."""
        acquired: Future[None] = Future()
        threading.Thread(target=self._acquire, args=(acquired,), name="store-writer-lock", daemon=True).start()
        try:
            acquired.result(self._timeout)
        except TimeoutError:
            # The thread goes on waiting, and releases the lock as soon as it has it.
            acquired.add_done_callback(lambda _: self._release())
            raise StoreUnavailable from None

    def _acquire(self, acquired: Future[None]) -> None:
        # The file may be closed by now.
        with suppress(OSError, ValueError):
            fcntl.flock(self._file, fcntl.LOCK_EX)
        acquired.set_result(None)

    def _release(self) -> None:
        with suppress(OSError, ValueError):
            fcntl.flock(self._file, fcntl.LOCK_UN)
