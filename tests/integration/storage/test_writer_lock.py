"""Writers of one file take turns, unless there is only one."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from clarion_server.adapters.storage.writer_lock import FairWriterLock
from clarion_server.application.ports.store import StoreUnavailable

PATIENCE_S = 0.05


@contextmanager
def turn_of_another(file: Path) -> Iterator[None]:
    with file.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        yield


def test_whose_turn_does_not_come_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "turns"
    with (
        closing(FairWriterLock(file, PATIENCE_S)) as turns,
        turn_of_another(file),
        pytest.raises(StoreUnavailable),
        turns.turn(),
    ):
        raise AssertionError("it was not its turn")


def test_who_is_alone_waits_for_no_turn(tmp_path: Path) -> None:
    file = tmp_path / "turns"
    with closing(FairWriterLock(file, PATIENCE_S, alone=lambda: True)) as turns, turn_of_another(file), turns.turn():
        entered = True
    assert entered
