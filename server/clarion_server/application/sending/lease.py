"""Defines the lease of a process: while the process holds it, the messages in its hands are its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.instant import MINUTE, Instant, Span

#: Is the longest span of a lease that the settings of a process allow.
LONGEST: Final[Span] = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class Renewal:
    """Is a renewal that a transaction has written. It holds from the commit on."""

    time: Instant
    until: Instant


class Lease:
    """Is the lease of this process. One that is not renewed in time lapses, and other processes may then take over what
    was claimed before.
    """

    def __init__(self, process_id: str, span: Span, clock: Clock) -> None:
        self.process_id = process_id
        self.span = span
        self._clock = clock
        self._since: Instant = 0
        self._until: Instant = 0
        self._renewed: Instant = 0

    def is_held(self) -> bool:
        """Returns whether the process may send. It stops a fifth of the span before others may begin."""
        return self._clock.now() < self._until - self.span // 5

    def covers(self, claim_time: Instant) -> bool:
        """Returns whether what this process claimed at that time is still in its hands alone."""
        return self._since <= claim_time and self.is_held()

    def renew(self, unit: UnitOfWork) -> Renewal:
        """Writes a renewal. `renewed` must be called after the commit."""
        now = self._clock.now()
        unit.processes.renew(self.process_id, now + self.span)
        return Renewal(now, now + self.span)

    def renewed(self, renewal: Renewal) -> None:
        now = self._clock.now()
        if now >= self._until or renewal.time < self._renewed:
            # The lease had lapsed before the commit, and others may have taken over what was in this process's hands.
            # Or the clock was set back: by that clock, what is claimed from now on would be older than the last lapse.
            self._since = now
        self._until, self._renewed = renewal.until, renewal.time
