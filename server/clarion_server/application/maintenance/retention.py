"""Purges contexts, events, messages with their executions, files, and what caps count, each after a time of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from clarion_server.application.ports.retention import Swept
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.instant import DAY, MINUTE, Instant, Span

P = TypeVar("P", int, str)

#: Is the time between two sweeps.
EVERY: Span = 10 * MINUTE
#: Most entries of caps are looked at and stay, as a sweep passes all of them.
_ENTRIES_A_ROW = 10


@dataclass(frozen=True, slots=True)
class Retention:
    """Holds the spans after which each kind is purged, from the end of a message, the time of an event, or the last use
    of a file.

    None keeps contexts and events as long as their messages, and messages for ever.
    """

    contexts: Span | None = None
    events: Span | None = None
    messages: Span | None = None
    run_members: Span = 7 * DAY
    """Holds the members of an audience, from the end of the run that wrote to them."""
    cap_entries: Span = 0
    """From the time on at which they can count no more."""
    attachments: Span = 7 * DAY


class Purging:
    """Says which sweeps are due."""

    def __init__(self, retention: Retention) -> None:
        self._retention = retention
        self._next: Instant = 0

    def steps(self, now: Instant, limit: int) -> Iterator[Callable[[UnitOfWork], int]]:
        """Yields sweeps, each of which is called until it returns 0. Events are purged before their messages."""
        if now < self._next:
            return
        self._next = now + EVERY
        kept = self._retention
        runs_ended = now - kept.run_members
        yield lambda unit: unit.audience_runs.purge_members(runs_ended, limit)
        events = min((span for span in (kept.events, kept.messages) if span is not None), default=None)
        if kept.contexts is not None:
            before = now - kept.contexts
            yield _Sweep(lambda unit, after: unit.retention.purge_contexts(before, after, limit), 0)
        if events is not None:
            old = now - events
            yield _Sweep(lambda unit, after: unit.retention.purge_events(old, after, limit), 0)
        useless = now - kept.cap_entries
        yield _Sweep(lambda unit, after: unit.caps.purge(useless, after, _ENTRIES_A_ROW * limit), "")
        if kept.messages is not None:
            ended = now - kept.messages
            yield _Sweep(lambda unit, after: unit.retention.purge_messages(ended, after, limit), 0)
            yield _Sweep(lambda unit, after: unit.retention.purge_executions(ended, after, limit), "")
        unused = now - kept.attachments
        yield _Sweep(lambda unit, after: unit.attachments.drop_references(now, after, limit), 0)
        yield lambda unit: unit.attachments.purge_attachments(unused, now, limit)
        yield lambda unit: unit.attachments.purge_blobs(unused, now, limit)


class _Sweep(Generic[P]):
    """Continues with each call where the one before has ended."""

    def __init__(self, step: Callable[[UnitOfWork, P], Swept[P]], start: P) -> None:
        self._step: Callable[[UnitOfWork, P], Swept[P]] = step
        self._position: P = start

    def __call__(self, unit: UnitOfWork) -> int:
        swept = self._step(unit, self._position)
        self._position = swept.position
        return swept.count
