"""Defines the pipe between the supervisor and a child.

The child reports through it that it serves or cannot start. The supervisor never writes: when it ends, the kernel
closes its end, and the child stops too.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import Self

#: The environment variable with the child's slot and the number of its open file, as `<slot>:<file>`.
VARIABLE = "CLARION_SUPERVISED"
SERVING = "serving"
FAILED = "failed "


@dataclass(frozen=True, slots=True)
class SupervisorPipe:
    """Is the child's end. It becomes readable when the supervisor has ended."""

    slot: int
    """Is the number of this process among those of the service, from 0."""
    _socket: socket.socket

    @classmethod
    def inherited(cls) -> Self | None:
        """Returns None for a process without a supervisor."""
        given = os.environ.pop(VARIABLE, "")
        if not given:
            return None
        slot, _, file = given.partition(":")
        return cls(int(slot), socket.socket(fileno=int(file)))

    def fileno(self) -> int:
        return self._socket.fileno()

    def report_serving(self) -> None:
        self._send(SERVING)

    def report_failure(self, sentence: str) -> None:
        """Reports why this process cannot start, and what to do about it."""
        self._send(FAILED + sentence)

    def _send(self, text: str) -> None:
        try:
            self._socket.sendall(f"{text}\n".encode())
        except OSError:
            # The supervisor has ended; this process stops when it sees that the pipe is readable.
            return
