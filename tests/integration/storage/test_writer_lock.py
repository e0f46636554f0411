"""Writers of one file wait for the lock, unless there is only one."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from clarion_server.adapters.storage.connections.writer_lock import FairWriterLock
from clarion_server.application.ports.store import StoreUnavailable

PATIENCE_S = 0.05


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
