"""Watches leases that by this process's clock nobody can have."""

from __future__ import annotations

from collections.abc import Mapping

from clarion_server.application.sending.lease import LONGEST
from clarion_server.domain.instant import Instant


class LeaseWatch:
    """Finds the leases that are not renewed though they end later than any lease by this clock.

    Such a process ended before the clock was set back, or it lives by a clock that is ahead of this one. So the end of
    the lease says nothing, and what counts is for how long it was seen unchanged by one's own clock, as in the leader
    election of Kubernetes (client-go's `leaderelection`). A process that lives renews its lease three times in its
    span.
    """

    def __init__(self) -> None:
        #: Holds the end of each lease, and when it was first seen, by process.
        self._seen: dict[str, tuple[Instant, Instant]] = {}

    def unrenewed(self, leases: Mapping[str, Instant], now: Instant) -> dict[str, Instant]:
        """Takes the ends of such leases by process. Returns those that have not changed for the longest span of one.

        It is called with all of them each time.
        """
        seen = {}
        for process_id, until in leases.items():
            before, time = self._seen.get(process_id, (until, now))
            seen[process_id] = (until, time) if before == until and time <= now else (until, now)
        self._seen = seen
        return {process_id: until for process_id, (until, time) in seen.items() if now - time >= LONGEST}
