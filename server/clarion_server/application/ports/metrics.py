"""Defines what a process counts for monitoring."""

from __future__ import annotations

from collections.abc import Sequence

from clarion_server.domain.events.delivery import AttemptOutcome


class Metrics:
    """Counts nothing; an adapter overrides these methods. They are called on the event loop, after the commit of what
    they count, and never raise.
    """

    def count_accepted(self, messages: int, /) -> None:
        """Counts messages of accepted triggers."""

    def count_attempts(self, outcomes: Sequence[AttemptOutcome], /) -> None:
        """Counts attempts whose outcomes are recorded."""

    def observe_commit(self, writes: int, seconds: float, /) -> None:
        """Counts a commit of so many writes. `seconds` is the time from the beginning of its work to its end."""
