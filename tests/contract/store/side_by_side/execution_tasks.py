"""Tasks that add and list executions, events, counters, keys and processes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from clarion_server.application.ports.queries import EventQuery, ExecutionQuery
from clarion_server.domain.events.counter import Metric
from clarion_server.domain.events.event import Event, EventType
from clarion_server.domain.messages.message import OUTCOMES, MessageState
from clarion_server.domain.triggering.execution import Execution
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.contract.store import samples
from tests.contract.store.side_by_side import values
from tests.contract.store.side_by_side.machine import SideBySide
from tests.contract.store.side_by_side.side import Side


class ExecutionTasks(SideBySide):
    @rule(index=values.indexes, request_id=values.request_ids, take_over=st.booleans())
    def add_execution(self, index: int, request_id: str | None, take_over: bool) -> None:
        name, execution_id = self.sender(index), samples.new_id()
        self.execution_ids.append(execution_id)

        def accept(side: Side) -> list[Execution]:
            executions, key = side.work.executions, side.campaign_keys[name]
            known = list(executions.by_request_ids([(key, request_id)] if request_id else []).values())
            if take_over:
                executions.release_request_ids([execution.id for execution in known])
            if take_over or not known:
                executions.add_all([samples.execution(key, sandbox=name[0], id=execution_id, request_id=request_id)])
            return known

        self.both(accept)

    @rule(
        visibility=values.visibilities,
        of_campaign=st.none() | values.indexes,
        request_id=values.request_ids,
        limit=values.limits,
    )
    def list_executions(self, of_campaign: int | None, **filters: Any) -> None:
        def walk(side: Side) -> list[Execution]:
            key = None if of_campaign is None else side.campaign_keys[self.sender(of_campaign)]
            query, walked = ExecutionQuery(campaign_key=key, **filters), list[Execution]()
            while page := side.work.executions.page(query):
                assert len(page) <= query.limit
                walked += page
                query = replace(query, before=page[-1].id)
            return walked

        self.both(walk)

    @rule(indexes=values.some_indexes, state=st.sampled_from(sorted(OUTCOMES)), time=values.times)
    def record_events(self, indexes: list[int], state: MessageState, time: int) -> None:
        def record(side: Side) -> None:
            messages = side.messages(self.some_message_ids(indexes))
            side.work.events.add_all([samples.event(message, state, time=time) for message in messages])

        self.both(record)

    @rule(
        visibility=values.visibilities,
        of_execution=st.none() | values.indexes,
        types=values.subsets(EventType),
        limit=values.limits,
    )
    def list_events(self, of_execution: int | None, **filters: Any) -> None:
        execution_id = None if of_execution is None else self.execution_id(of_execution)

        def walk(side: Side) -> list[Event]:
            query, walked = EventQuery(after=0, execution_id=execution_id, **filters), list[Event]()
            while page := side.work.events.page(query):
                assert len(page) <= query.limit
                walked += page
                query = replace(query, after=page[-1].sequence)
            return walked

        self.both(walk)

    @rule(
        index=values.indexes,
        version=st.integers(1, 2),
        metric=st.sampled_from(Metric),
        increment=st.integers(1, 9),
    )
    def count(self, index: int, version: int, metric: Metric, increment: int) -> None:
        name = self.sender(index)
        self.both(
            lambda side: side.work.counters.add({samples.counter(side.campaign_keys[name], version, metric): increment})
        )

    @rule(sandbox=values.sandboxes, time=values.times, revoke=st.booleans(), limit=values.limits)
    def add_key(self, sandbox: str, time: int, revoke: bool, limit: int) -> None:
        key = samples.api_key(sandbox=sandbox, create_time=time)
        self.both(lambda side: side.work.keys.add(key))
        if revoke:
            self.both(lambda side: side.work.keys.save(replace(key, revoke_time=time)))
        self.both(lambda side: side.work.keys.page(None, (time, key.id), limit))

    @rule(process=values.processes, lease_until=values.times, now=values.times)
    def renew_and_clear(self, process: str, lease_until: int, now: int) -> None:
        self.both(lambda side: side.work.processes.renew(process, lease_until))
        self.both(lambda side: side.work.processes.remove_lapsed(now))
