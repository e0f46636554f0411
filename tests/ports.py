"""Finds ports for servers that tests stop and start again at the same port."""

from __future__ import annotations

import random
import socket
from contextlib import closing

#: Ports below those that the kernel gives to outgoing connections and to servers at port 0. One of those could take the
#: port of a server while it is down.
PORTS = range(12_000, 30_000)
_untried = iter(random.SystemRandom().sample(PORTS, len(PORTS)))


def free_port() -> int:
    """Returns a port at which nobody listens. Two calls in one process never return the same one."""
    return next(port for port in _untried if is_free(port))


def is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
