"""Events and the counters behind the reports in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from clarion_server.adapters.memory_store.tables import Tables
from clarion_server.application.ports.queries import CounterKey, EventQuery
from clarion_server.domain.message import Event, execution_id_of

#: Numbered like the keys of campaigns: a sequence is never given twice.
_SEQUENCE = "event"


class MemoryEventRepository:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add_all(self, events: Sequence[Event]) -> None:
        of_message = self._tables.message_events
        for event in events:
            sequence = self._tables.next_key(_SEQUENCE)
            recorded = replace(event, sequence=sequence)
            self._tables.events.insert(sequence, recorded)
            of_message.put(event.message_id, (*self.of_message(event.message_id), recorded))

    def page(self, query: EventQuery) -> list[Event]:
        campaign_keys = self._tables.campaign_keys_in(query.sandbox)
        found = (e for e in self._after(query.after) if e.campaign_key in campaign_keys and _matches(e, query))
        return list(islice(found, query.limit))

    def of_message(self, message_id: str) -> list[Event]:
        return list(self._tables.message_events.rows.get(message_id, ()))

    def last_sequence(self) -> int:
        return self._tables.last_keys.rows.get(_SEQUENCE, 0)

    def purged_through(self) -> int:
        return self._tables.purges.rows.get("events", 0)

    def _after(self, sequence: int) -> Iterator[Event]:
        rows = self._tables.events.rows
        return (rows[each] for each in range(max(sequence, 0) + 1, self.last_sequence() + 1) if each in rows)


def _matches(event: Event, query: EventQuery) -> bool:
    return (
        (query.campaign_key is None or event.campaign_key == query.campaign_key)
        and (query.execution_id is None or execution_id_of(event.message_id) == query.execution_id)
        and (query.message_id is None or event.message_id == query.message_id)
        and (not query.types or event.type in query.types)
    )


class MemoryCounterRepository:
    def __init__(self, tables: Tables) -> None:
        self._figures = tables.figures

    def add(self, increments: Mapping[CounterKey, int]) -> None:
        for key, increment in increments.items():
            self._figures.put(key, self._figures.rows.get(key, 0) + increment)

    def of_campaign(self, campaign_key: int | None, version: int | None) -> dict[str, int]:
        totals: Counter[str] = Counter()
        for key, count in self._figures.rows.items():
            if campaign_key in (None, key.campaign_key) and version in (None, key.version):
                totals[key.metric] += count
        return dict(totals)
