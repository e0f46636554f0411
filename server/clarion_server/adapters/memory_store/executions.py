"""Executions in memory."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from dataclasses import replace
from operator import attrgetter

from clarion_server.adapters.memory_store.tables import Tables
from clarion_server.application.ports.queries import ExecutionQuery
from clarion_server.domain.execution import Execution


class MemoryExecutionRepository:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add_all(self, executions: Sequence[Execution]) -> None:
        for execution in executions:
            if execution.request_id is not None:
                self._tables.requests.insert((execution.campaign_key, execution.request_id), execution.id)
            self._tables.executions.insert(execution.id, execution)

    def by_request_ids(self, requests: Collection[tuple[int, str]]) -> dict[tuple[int, str], Execution]:
        ids = self._tables.requests.rows
        return {request: self._tables.executions.rows[ids[request]] for request in requests if request in ids}

    def release_request_ids(self, execution_ids: Collection[str]) -> None:
        for execution_id in execution_ids:
            execution = self._tables.executions.rows.get(execution_id)
            if execution is not None and execution.request_id is not None:
                self._tables.requests.remove((execution.campaign_key, execution.request_id))
                self._tables.executions.put(execution_id, replace(execution, request_id=None))

    def get(self, sandbox: str, execution_id: str) -> Execution | None:
        execution = self._tables.executions.rows.get(execution_id)
        return execution if execution and self._tables.is_in(sandbox, execution.campaign_key) else None

    def page(self, query: ExecutionQuery) -> list[Execution]:
        campaign_keys = self._tables.campaign_keys_in(query.sandbox)
        found = (
            execution
            for execution in self._tables.executions.rows.values()
            if execution.campaign_key in campaign_keys and _matches(execution, query)
        )
        return heapq.nlargest(query.limit, found, key=attrgetter("id"))


def _matches(execution: Execution, query: ExecutionQuery) -> bool:
    return (
        (query.campaign_key is None or execution.campaign_key == query.campaign_key)
        and (query.request_id is None or execution.request_id == query.request_id)
        and (query.before is None or execution.id < query.before)
    )
