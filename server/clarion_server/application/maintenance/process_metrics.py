"""Counts what this process does, for those who watch it. Everything else is asked for when they look."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Any

from clarion_server.application.group_commit import BulkOperation
from clarion_server.application.sending.dispatcher import RecordOutcomes
from clarion_server.application.triggering.accept import Accepted, AcceptTriggers

#: Upper bounds, as Prometheus has them. What is larger is in the sum and the count alone.
COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
#: How often, in seconds, the event loop is asked how late it is.
_ASK_EVERY = 0.5


class Distribution:
    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """How many values were up to each bound and beyond the one before; the last: beyond all."""
        self.sum = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class ProcessMetrics:
    """Implements `CommitObserver`. Belongs to one event loop."""

    def __init__(self) -> None:
        self.accepted = 0
        """Messages."""
        self.outcomes: Counter[str] = Counter()
        """Of attempts that ended, by the state that their message went into: QUEUED is a retry."""
        self.attempts: Counter[str] = Counter()
        """By result."""
        self.commit_sizes = Distribution(COUNTS)
        self.commit_seconds = Distribution(SECONDS)
        self.loop_lags = Distribution(SECONDS)
        """In seconds: how much later than asked for the event loop went on."""

    def wrote(self, operation: BulkOperation[Any, Any], items: Sequence[Any], results: Sequence[Any]) -> None:
        if isinstance(operation, AcceptTriggers):
            self.accepted += sum(
                len(item.messages) for item, result in zip(items, results, strict=True) if isinstance(result, Accepted)
            )
        elif isinstance(operation, RecordOutcomes):
            self.outcomes.update(conclusion.state for conclusion in items)
            self.attempts.update(
                conclusion.event.attempt.result for conclusion in items if conclusion.event.attempt is not None
            )

    def committed(self, count: int, seconds: float) -> None:
        self.commit_sizes.add(count)
        self.commit_seconds.add(seconds)

    async def watch_loop(self) -> None:
        """Until it is cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            due = clock() + _ASK_EVERY
            await asyncio.sleep(_ASK_EVERY)
            self.loop_lags.add(max(0.0, clock() - due))
