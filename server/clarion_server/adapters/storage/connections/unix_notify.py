"""Notifies the processes of one machine that share a SQLite file of commits.

Each process has a datagram socket in Linux's abstract namespace (unix(7)), named after the file and a number, and sends
a few bytes to the sockets of the others. Nothing of it is on the disk, and nothing is left when a process dies.
Notifications may be lost, as between containers with networks of their own, and on other systems there are none. So
whoever waits for one looks in the store from time to time as well.
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

from clarion_server.adapters.storage.connections.channel_keys import keys_of, keys_text
from clarion_server.application.ports.store import CommitListener

#: At most this many processes can notify each other.
MAX_SOCKETS = 64
#: A receiver reads so many bytes of each, and would lose the others.
_LONGEST = 4096
#: Says how long, in seconds, a listener collects notifications before it is called again.
_GATHER = 0.002
#: A process sends this when it starts. Any other notification is a list of keys of channel configurations, maybe empty.
_HERE = b"here"


class UnixNotifier:
    """Any thread may notify. The listener is called on a thread of the notifier."""

    def __init__(self, file: Path) -> None:
        """The file must exist."""
        about = file.stat()
        self._name = f"\0clarion-{os.getuid()}-{about.st_dev}-{about.st_ino}-"
        #: Holds the numbers of the other processes' sockets, as far as they are known.
        self._others: set[int] = set()
        self._listener: CommitListener = lambda _: None
        self._closing = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._receive_forever, name="store-notifications", daemon=True)
        self._number = self._bind() if sys.platform == "linux" else None
        if self._number is not None:
            self._send(_HERE, set(range(MAX_SOCKETS)) - {self._number})
            self._thread.start()

    @property
    def is_alone(self) -> bool:
        """Returns whether no other process has the file open. False where that cannot be known."""
        return self._number is not None and not self._others

    def listen(self, listener: CommitListener) -> None:
        self._listener = listener

    def notify(self, channel_keys: Collection[int] = ()) -> None:
        """Says that something was committed, or that messages of these channel configurations were queued."""
        if self._others:
            self._send(keys_text(channel_keys, _LONGEST).encode(), self._others.copy())

    def close(self) -> None:
        self._closing = True
        if self._number is not None:
            # This wakes the thread.
            self._send(b"", {self._number})
            self._thread.join()
        self._socket.close()

    def _bind(self) -> int | None:
        for number in range(MAX_SOCKETS):
            with suppress(OSError):
                self._socket.bind(f"{self._name}{number}")
                return number
        return None

    def _send(self, notification: bytes, numbers: Collection[int]) -> None:
        for number in numbers:
            try:
                self._socket.sendto(notification, socket.MSG_DONTWAIT, f"{self._name}{number}")
            except BlockingIOError:
                # The process is there, and has not read earlier notifications yet.
                self._others.add(number)
            except OSError:
                self._others.discard(number)
            else:
                self._others.add(number)

    def _receive_forever(self) -> None:
        while True:
            notifications = self._receive()
            if self._closing:
                return
            if notifications:
                self._listener(frozenset().union(*notifications))
            time.sleep(_GATHER)

    def _receive(self) -> list[frozenset[int]]:
        """Waits for a notification, and returns the keys that it and all others that have come bring."""
        received = [self._read(*self._socket.recvfrom(_LONGEST))]
        with suppress(BlockingIOError):
            while True:
                received.append(self._read(*self._socket.recvfrom(_LONGEST, socket.MSG_DONTWAIT)))
        return [keys for keys in received if keys is not None]

    def _read(self, notification: bytes, sender: bytes) -> frozenset[int] | None:
        """Returns the keys of channel configurations. None if the sender only says that it is there."""
        if notification == _HERE:
            self._others.add(int(sender.rpartition(b"-")[2]))
            return None
        return keys_of(notification.decode())
