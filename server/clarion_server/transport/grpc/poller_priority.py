"""Runs the poller thread of grpc.aio under SCHED_BATCH, so that it does not preempt the event loop at every event.

The poller writes one byte to a socket for each network event and waits for the next. Because it mostly waits, the
scheduler treats it as interactive and lets it preempt the event loop. On one processor that costs two context switches
for each message. Under SCHED_BATCH (sched(7)) the poller runs when the loop waits or has used up its time slice, and
then reports all events that arrived since.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def batch_scheduled_poller() -> Iterator[None]:
    """Applies the policy to the threads that start within the context, which must start grpc.aio.

    Nothing changes where the system has no such policy or refuses it.
    """
    before = set(threading.enumerate())
    yield
    if sys.platform == "linux":
        for thread in set(threading.enumerate()) - before:
            if thread.native_id is not None:
                with suppress(OSError):
                    os.sched_setscheduler(thread.native_id, os.SCHED_BATCH, os.sched_param(0))
