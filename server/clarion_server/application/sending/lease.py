"""A process's claim to the messages in its hands."""

from __future__ import annotations

from dataclasses import dataclass

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.instant import Instant, Span


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a transaction wrote of the lease. Holds from its commit on."""

    time: Instant
    until: Instant


class Lease:
    """Holds as long as it is renewed in time. Whatever was claimed before it lapsed may be others' since."""

    def __init__(self, process_id: str, span: Span, clock: Clock) -> None:
        self.process_id = process_id
        self.span = span
        self._clock = clock
        self._since: Instant = 0
        self._until: Instant = 0

    def is_held(self) -> bool:
        """With a margin: the process stops sending before others may begin to."""
        return self._clock.now() < self._until - self.span // 5

    def covers(self, claim_time: Instant) -> bool:
        """Whether what this process claimed at that time is still in its hands alone."""
        return self._since <= claim_time and self.is_held()

    def renew(self, unit: UnitOfWork) -> Renewal:
        """Part of a transaction; `renewed` follows its commit."""
        now = self._clock.now()
        unit.processes.renew(self.process_id, now + self.span)
        return Renewal(now, now + self.span)

    def renewed(self, renewal: Renewal) -> None:
        if renewal.time >= self._until:
            # It had lapsed: others may have taken over what was in this process's hands.
            self._since = renewal.time
        self._until = renewal.until
