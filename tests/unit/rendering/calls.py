"""Measures work: by the calls of functions, which a machine of any speed makes alike, and by processor time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from cProfile import Profile


@contextmanager
def counted_calls() -> Iterator[Callable[[], int]]:
    """Yields a function that returns, after the block, how many functions of Python and of C were called in it."""
    # Its hook is written in C, which takes a fraction of the time of one in Python.
    profile = Profile()
    with profile:
        yield lambda: sum(int(entry.callcount) for entry in profile.getstats())


def processor_time(work: Callable[[], object]) -> float:
    """Returns the least of some measurements in this thread, to which others on the machine add little."""
    times = []
    for _ in range(5):
        begun = time.thread_time()
        work()
        times.append(time.thread_time() - begun)
    return min(times)
