"""News between the processes of one machine that share a SQLite file.

Each has a datagram socket in Linux's abstract namespace (unix(7)), named after the file and one of a few places, and
sends a few bytes to those of the others. Nothing of it is on the disk, and what a process leaves behind when it dies is
gone with it. News may get lost, as between containers with networks of their own or on other systems: whoever waits for
them looks by itself from time to time.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from clarion_server.application.ports.store import CommitListener

#: How many processes can hear each other.
PLACES = 64
_LONGEST = 4096
#: Seconds between two tellings: what comes in between is told of together.
_GATHER = 0.002
#: What a process says when it comes. Otherwise: the keys of channel configurations, if any.
_HERE = b"here"


class Neighbours:
    """Any thread may tell; what others tell is heard on a thread of its own."""

    def __init__(self, file: Path) -> None:
        """The file exists."""
        about = file.stat()
        self._name = f"\0clarion-{os.getuid()}-{about.st_dev}-{about.st_ino}-"
        #: The places of those who are there, as far as it is known.
        self._others: set[int] = set()
        self._hear: CommitListener = lambda _: None
        self._closing = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._listen, name="store-news", daemon=True)
        self._place = self._take_place() if sys.platform == "linux" else None
        if self._place is not None:
            self._send(_HERE, set(range(PLACES)) - {self._place})
            self._thread.start()

    @property
    def none(self) -> bool:
        """Whether nobody else is there. False where nobody would be heard."""
        return self._place is not None and not self._others

    def listen(self, hear: CommitListener) -> None:
        self._hear = hear

    def tell(self, channel_keys: Collection[int] = ()) -> None:
        """Something was committed, or messages were queued for these channel configurations."""
        if self._others:
            self._send(",".join(map(str, channel_keys)).encode(), self._others.copy())

    def close(self) -> None:
        self._closing = True
        if self._place is not None:
            # It wakes who listens.
            self._send(b"", {self._place})
            self._thread.join()
        self._socket.close()

    def _take_place(self) -> int | None:
        for place in range(PLACES):
            with suppress(OSError):
                self._socket.bind(f"{self._name}{place}")
                return place
        return None

    def _send(self, news: bytes, places: Collection[int]) -> None:
        for place in places:
            try:
                self._socket.sendto(news, socket.MSG_DONTWAIT, f"{self._name}{place}")
            except BlockingIOError:
                # It has yet to hear what it was told before.
                self._others.add(place)
            except OSError:
                self._others.discard(place)
            else:
                self._others.add(place)

    def _listen(self) -> None:
        while True:
            news = self._take()
            if self._closing:
                return
            if news:
                self._hear(frozenset().union(*news))
            time.sleep(_GATHER)

    def _take(self) -> list[set[int]]:
        """Waits until something comes, and takes whatever else has come. Empty when it was no news."""
        come = [self._understand(*self._socket.recvfrom(_LONGEST))]
        with suppress(BlockingIOError):
            while True:
                come.append(self._understand(*self._socket.recvfrom(_LONGEST, socket.MSG_DONTWAIT)))
        return [news for news in come if news is not None]

    def _understand(self, news: bytes, sender: bytes) -> set[int] | None:
        """The channel configurations that it is about; None for one who only says that it is here."""
        if news == _HERE:
            self._others.add(int(sender.rpartition(b"-")[2]))
            return None
        return {int(key) for key in news.split(b",") if key.isdigit()}
