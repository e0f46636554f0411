"""Lets go of what has been kept long enough, in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from clarion_server.adapters.memory_store.tables import Tables
from clarion_server.application.ports.retention import Swept
from clarion_server.domain.instant import Instant
from clarion_server.domain.message import Message

EMPTY = b"{}"


class MemoryRetentionRepository:
    """Each step looks at everything: what may go is what it counts."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def purge_contexts(self, before: Instant, after: int, limit: int) -> Swept[int]:
        full = (m for m in self._ended(before) if (m.context, m.profile) != (EMPTY, EMPTY))
        purged = list(islice(full, limit))
        for message in purged:
            self._tables.messages.put(message.id, replace(message, context=EMPTY, profile=EMPTY))
        return Swept(len(purged), after)

    def purge_events(self, before: Instant, after: int, limit: int) -> Swept[int]:
        unfinished = self._tables.unfinished.rows
        old = (e for e in self._tables.events.rows.values() if e.time < before and e.message_id not in unfinished)
        purged = list(islice(old, limit))
        for event in purged:
            self._tables.events.remove(event.sequence)
            left = tuple(e for e in self._tables.message_events.rows[event.message_id] if e.sequence != event.sequence)
            self._tables.message_events.put(event.message_id, left)
        if purged:
            through = max(event.sequence for event in purged)
            self._tables.purges.put("events", max(through, self._tables.purges.rows.get("events", 0)))
        return Swept(len(purged), after)

    def purge_messages(self, before: Instant, after: int, limit: int) -> Swept[int]:
        untold = (m for m in self._ended(before) if not self._tables.message_events.rows.get(m.id))
        purged = list(islice(untold, limit))
        for message in purged:
            self._tables.messages.remove(message.id)
            siblings = self._tables.execution_messages.rows[message.execution_id]
            self._tables.execution_messages.put(message.execution_id, tuple(s for s in siblings if s != message.id))
        return Swept(len(purged), after)

    def purge_executions(self, before: Instant, after: str, limit: int) -> Swept[str]:
        of_execution = self._tables.execution_messages.rows
        old = (
            e for e in self._tables.executions.rows.values() if e.accept_time < before and not of_execution.get(e.id)
        )
        purged = list(islice(old, limit))
        for execution in purged:
            self._tables.executions.remove(execution.id)
            if execution.request_id is not None:
                self._tables.requests.remove((execution.campaign_key, execution.request_id))
        return Swept(len(purged), after)

    def _ended(self, before: Instant) -> Iterable[Message]:
        messages = self._tables.messages.rows.values()
        return (m for m in messages if m.outcome_time is not None and m.outcome_time < before)
