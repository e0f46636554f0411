"""Counts the calls of functions, which a machine of any speed makes alike."""

from __future__ import annotations

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
