"""Writers of one file wait for the lock, unless there is only one."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from clarion_server.adapters.storage.connections.writer_lock import FairWriterLock
from clarion_server.application.ports.store import StoreUnavailable

PATIENCE_S = 0.05
DEADLINE_S = 120


@contextmanager
def held_by_another(file: Path) -> Iterator[None]:
    with file.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        yield


def test_a_writer_that_waits_too_long_for_the_lock_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with (
        closing(FairWriterLock(file, PATIENCE_S)) as lock,
        held_by_another(file),
        pytest.raises(StoreUnavailable),
        lock.hold(),
    ):
        raise AssertionError("another process holds the lock")


def test_a_writer_that_is_alone_waits_for_no_lock(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with closing(FairWriterLock(file, PATIENCE_S, is_alone=lambda: True)) as lock, held_by_another(file), lock.hold():
        entered = True
    assert entered


def test_a_writer_that_is_done_leaves_the_lock_to_others(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with closing(FairWriterLock(file, PATIENCE_S)) as lock:
        for _ in range(2):
            with lock.hold(), file.open("ab") as other, pytest.raises(BlockingIOError):
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with file.open("ab") as other:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_writer_that_waits_has_the_lock_once_another_is_done(tmp_path: Path) -> None:
    file, waits = tmp_path / "lock", threading.Event()

    def write(lock: FairWriterLock) -> None:
        waits.set()
        with lock.hold():
            pass

    with closing(FairWriterLock(file, DEADLINE_S)) as lock, ThreadPoolExecutor(1) as thread:
        with held_by_another(file):
            writing = thread.submit(write, lock)
            assert waits.wait(DEADLINE_S)
        writing.result(DEADLINE_S)


def test_a_writer_that_was_refused_keeps_the_lock_from_nobody_later(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with closing(FairWriterLock(file, PATIENCE_S)) as refused, closing(FairWriterLock(file, DEADLINE_S)) as later:
        with held_by_another(file), pytest.raises(StoreUnavailable), refused.hold():
            raise AssertionError("another process holds the lock")
        # The refused one still waits, and is before this one.
        with later.hold():
            entered = True
    assert entered


def test_the_file_of_the_lock_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    FairWriterLock(file, PATIENCE_S).close()
    assert file.stat().st_mode & 0o777 == 0o600
