"""Records the outcomes of attempts in group commits, whichever dispatcher made them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from clarion_server.application.group_commit import BulkOperation
from clarion_server.application.ports.metrics import Metrics
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.outcomes import record_outcomes
from clarion_server.domain.events.delivery import AttemptOutcome
from clarion_server.domain.messages.message import Lane


class AttemptOwner(Protocol):
    """Has made attempts, and holds capacity for their messages until the outcomes are recorded."""

    def recorded(self, outcome: AttemptOutcome) -> None:
        """Is called when the outcome is durable, before `release`: the message has left this process's hands."""
        ...

    def not_recorded(self, outcome: AttemptOutcome, error: Exception) -> None:
        """Is called when it is unknown whether the outcome was recorded. The message stays in flight until it is."""
        ...

    def release(self, lane: Lane, count: int) -> None:
        """Releases capacity for that many messages."""
        ...


class RecordOutcomes(BulkOperation[tuple[AttemptOwner, AttemptOutcome], AttemptOutcome]):
    """Records how attempts of all dispatchers ended. The results are the outcomes as they were recorded."""

    def __init__(self, owner: str, metrics: Metrics) -> None:
        self._owner = owner
        self._metrics = metrics

    def apply(
        self, unit: UnitOfWork, items: Sequence[tuple[AttemptOwner, AttemptOutcome]], /
    ) -> Sequence[AttemptOutcome]:
        return record_outcomes(unit, [outcome for _, outcome in items], self._owner)

    def committed(
        self, items: Sequence[tuple[AttemptOwner, AttemptOutcome]], results: Sequence[AttemptOutcome], /
    ) -> None:
        released: Counter[tuple[AttemptOwner, Lane]] = Counter()
        for (dispatcher, _), outcome in zip(items, results, strict=True):
            dispatcher.recorded(outcome)
            released[dispatcher, outcome.message.action.lane] += 1
        for (dispatcher, lane), count in released.items():
            dispatcher.release(lane, count)
        self._metrics.count_attempts(results)

    def failed(self, item: tuple[AttemptOwner, AttemptOutcome], error: Exception, /) -> None:
        dispatcher, outcome = item
        dispatcher.not_recorded(outcome, error)
