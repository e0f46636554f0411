"""Decides which cores the server under test and its load run on: the same for a floor as for Clarion."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Placement:
    """Says where each side runs. An empty set leaves the choice to the system."""

    name: str
    server: frozenset[int]
    load: frozenset[int]


UNPINNED = Placement("unpinned", frozenset(), frozenset())


def placements() -> list[Placement]:
    """Returns the placements that this machine allows, the one that the targets are judged on first."""
    if sys.platform != "linux":
        return [UNPINNED]
    first, *others = sorted(os.sched_getaffinity(0))
    if not others:
        return [UNPINNED]
    return [Placement("pinned", frozenset({first}), frozenset({others[0]})), UNPINNED]


@contextmanager
def on_cores(cores: frozenset[int]) -> Iterator[None]:
    """Keeps the calling thread on these cores, so that a process it starts meanwhile has them from its first step."""
    if sys.platform != "linux" or not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
