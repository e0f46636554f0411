"""Tells a process whether others have a SQLite file open."""

from __future__ import annotations

import fcntl
import struct
import sys
from pathlib import Path

#: Is C's `struct flock` where `off_t` has 64 bits: type, whence, start, length, process.
_LOCK = struct.Struct("hhqqi0q")
_CAN_ASK = sys.platform == "linux" and sys.maxsize > 2**32


class OpenMark:
    """Locks a byte of a file, as a reader does, for as long as the process has the database open. So whoever could not
    lock it as a writer is not alone. Linux knows of every process on its file system, those in containers included.

    The locks belong to the open file (F_OFD_SETLK, fcntl(2)). So they tell apart two stores of one process, and do not
    meet those of flock(2) on the same file.
    """

    def __init__(self, file: Path) -> None:
        """The file must exist."""
        self._file = file.open("rb")
        if _CAN_ASK:
            fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, _LOCK.pack(fcntl.F_RDLCK, 0, 0, 1, 0))

    def is_alone(self) -> bool:
        """Returns whether nobody else has the database open. False where that cannot be known."""
        if not _CAN_ASK:
            return False
        found = fcntl.fcntl(self._file, fcntl.F_OFD_GETLK, _LOCK.pack(fcntl.F_WRLCK, 0, 0, 1, 0))
        kind: int = _LOCK.unpack(found)[0]
        return kind == fcntl.F_UNLCK

    def close(self) -> None:
        self._file.close()
