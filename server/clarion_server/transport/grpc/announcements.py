"""Lets the event loop take all announcements of grpc.aio's poller at once.

The poller writes one byte into a pair of sockets for each event. The loop handles every event that is there when it
reads, but it reads one byte, so that each further byte costs it a turn: a wait and a read in the system, mostly for
nothing. A message of a stream has two events. See decision 73.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: More than can wait in a pair of sockets.
_ALL = 65_536


class _Announcements(socket.socket):
    """Is the end that the loop reads."""

    def recv(self, _size: int, flags: int = 0, /) -> bytes:
        """Reads whatever is there: how much it is means nothing to the reader."""
        return super().recv(_ALL, flags)


@contextmanager
def announcements_taken_at_once() -> Iterator[None]:
    """Applies to the pair of sockets that is made within the context, which must start grpc.aio.

    Nothing changes where grpc.aio makes none.
    """
    make_pair = socket.socketpair

    def make(*arguments: Any, **options: Any) -> tuple[socket.socket, socket.socket]:
        read_end, write_end = make_pair(*arguments, **options)
        return _Announcements(fileno=read_end.detach()), write_end

    socket.socketpair = make
    try:
        yield
    finally:
        socket.socketpair = make_pair
