"""The thread on which grpc.aio waits for the network, kept from interrupting the event loop at every event.

It has next to no work: it tells the loop of each event, one write to a socket, and waits for the next. But the system
takes a thread that mostly waits for an interactive one, and lets it go before the loop whenever there is an event. On
one processor that is two changes of threads for each message received and each sent. Under SCHED_BATCH (sched(7)) it
goes when the loop waits, or has had its time, and then brings all that came meanwhile.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def unhurried_poller() -> Iterator[None]:
    """Around whatever starts grpc.aio. Where the system knows no such policy, or refuses it, nothing changes."""
    before = set(threading.enumerate())
    yield
    if sys.platform == "linux":
        for thread in set(threading.enumerate()) - before:
            if thread.native_id is not None:
                with suppress(OSError):
                    os.sched_setscheduler(thread.native_id, os.SCHED_BATCH, os.sched_param(0))
