"""What a supervisor and its child say to each other: the child when it serves or cannot, the other by being there."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self

#: Where a child finds its end, as `<place>:<number of the open file>`.
VARIABLE = "CLARION_SUPERVISED"
#: Where it finds the others: a folder that they have in common.
FOLDER = "CLARION_FOLDER"
SERVING = "serving"
REFUSED = "refused "


@dataclass(frozen=True, slots=True)
class Link:
    """The child's end. When it can be read, the supervisor is gone: it never says anything."""

    place: int
    """Which of the processes this is, from 0."""
    folder: Path
    """Of this process and the others alone."""
    _socket: socket.socket

    @classmethod
    def inherited(cls) -> Self | None:
        """None for a process that nobody supervises."""
        given = os.environ.pop(VARIABLE, "")
        if not given:
            return None
        place, _, number = given.partition(":")
        return cls(int(place), Path(os.environ.pop(FOLDER)), socket.socket(fileno=int(number)))

    def fileno(self) -> int:
        return self._socket.fileno()

    def say_serving(self) -> None:
        self._say(SERVING)

    def say_refused(self, sentence: str) -> None:
        """Why this process cannot start, and what to do about it."""
        self._say(REFUSED + sentence)

    def _say(self, text: str) -> None:
        try:
            self._socket.sendall(f"{text}\n".encode())
        except OSError:
            # The supervisor is gone, and this process about to learn of it.
            return
