"""Counts with prometheus-client, in a registry of its own."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from clarion_server.application.ports.metrics import Metrics
from clarion_server.application.reports.counts import CampaignCounts
from clarion_server.domain.events.delivery import AttemptOutcome
from clarion_server.domain.messages.attempt import AttemptResult
from clarion_server.domain.messages.message import MessageState

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
#: Holds the upper bounds of the buckets.
_WRITES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
#: Says how often, in seconds, the lag of the event loop is measured.
_LAG_INTERVAL = 0.5


class PrometheusMetrics(Metrics):
    """Keeps the metrics of a process. An instance belongs to one event loop."""

    def __init__(self, version: str, role: str) -> None:
        # The time at which each counter was made would double the length of a scrape.
        disable_created_metrics()  # type: ignore[no-untyped-call] # prometheus-client leaves it untyped
        self._registry = CollectorRegistry()
        self._accepted = Counter(
            "clarion_messages_accepted", "Messages of triggers that were committed.", registry=self._registry
        )
        attempts = self._counter("clarion_attempts", "Attempts that were recorded, by their result.", "result")
        concluded = self._counter(
            "clarion_attempts_concluded",
            "Attempts that were recorded, by the state of the message afterwards. QUEUED is a retry.",
            "state",
        )
        # Looking up the counter of a label costs twice as much as counting.
        self._by_result = {result: attempts.labels(result) for result in AttemptResult}
        self._by_state = {state: concluded.labels(state) for state in MessageState}
        self._commit_items = self._histogram("clarion_commit_items", "Writes in one commit.", _WRITES)
        self._commit_seconds = self._histogram(
            "clarion_commit_seconds", "Time from the beginning of a commit's work to its end.", _SECONDS
        )
        self._loop_lag = self._histogram(
            "clarion_event_loop_lag_seconds", "How late the event loop resumes a task, twice a second.", _SECONDS
        )
        build = {"version": version, "python": platform.python_version(), "role": role}
        Info("clarion_build", "The running program.", registry=self._registry).info(build)
        ProcessCollector(registry=self._registry)
        self._store = _StoreCollector()
        self._registry.register(self._store)

    def count_accepted(self, messages: int, /) -> None:
        self._accepted.inc(messages)

    def count_attempts(self, outcomes: Sequence[AttemptOutcome], /) -> None:
        states = [outcome.state for outcome in outcomes]
        for state in set(states):
            self._by_state[state].inc(states.count(state))
        results = [attempt.result for outcome in outcomes if (attempt := outcome.attempt) is not None]
        for result in set(results):
            self._by_result[result].inc(results.count(result))

    def observe_commit(self, writes: int, seconds: float, /) -> None:
        self._commit_items.observe(writes)
        self._commit_seconds.observe(seconds)

    async def observe_loop_lag(
        self, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        """Measures until it is cancelled."""
        while True:
            due = clock() + _LAG_INTERVAL
            await sleep(_LAG_INTERVAL)
            self._loop_lag.observe(max(0.0, clock() - due))

    def add_gauge(self, name: str, documentation: str, read: Callable[[], float]) -> None:
        """Adds a value that is read at each scrape."""
        Gauge(name, documentation, registry=self._registry).set_function(read)

    def add_total(self, name: str, documentation: str, read: Callable[[], float]) -> None:
        """Adds a count that only grows and is read at each scrape. Its name ends in `_total`."""
        self._registry.register(_TotalCollector(name, documentation, read))

    def add_gauges(self, name: str, documentation: str, label: str, read: Callable[[], Mapping[str, float]]) -> None:
        """Adds values that are read at each scrape, by the value of the label."""
        self._registry.register(_GaugesCollector(name, documentation, label, read))

    def _counter(self, name: str, documentation: str, label: str) -> Counter:
        return Counter(name, documentation, [label], registry=self._registry)

    def _histogram(self, name: str, documentation: str, bounds: Sequence[float]) -> Histogram:
        return Histogram(name, documentation, buckets=bounds, registry=self._registry)

    def exposition(self, counts: CampaignCounts | None) -> bytes:
        """Returns all metrics as text. `counts` are those of the store; None when it does not answer."""
        self._store.counts = counts
        return generate_latest(self._registry)


class _TotalCollector(Collector):
    def __init__(self, name: str, documentation: str, read: Callable[[], float]) -> None:
        self._name, self._documentation, self._read = name, documentation, read

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(self._name.removesuffix("_total"), self._documentation, value=self._read())


class _GaugesCollector(Collector):
    def __init__(self, name: str, documentation: str, label: str, read: Callable[[], Mapping[str, float]]) -> None:
        self._name, self._documentation, self._label, self._read = name, documentation, label, read

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(self._name, self._documentation, labels=[self._label])
        for value, count in self._read().items():
            family.add_metric([value], count)
        yield family


class _StoreCollector(Collector):
    """Exposes the counters of the store, which are those of all processes and all time."""

    def __init__(self) -> None:
        self.counts: CampaignCounts | None = None

    def collect(self) -> Iterator[Metric]:
        counts = self.counts
        about = "1: the store answers. 0: it does not."
        yield GaugeMetricFamily("clarion_store_up", about, value=int(counts is not None))
        if counts is None:
            return
        about = "Messages without an outcome yet."
        yield GaugeMetricFamily("clarion_store_queued_messages", about, value=counts.queued_count)
        about = "Messages that were ever accepted."
        yield CounterMetricFamily("clarion_store_messages", about, value=counts.targeted_count)
        about = "Attempts after the first one of a message."
        yield CounterMetricFamily("clarion_store_retries", about, value=counts.retry_count)
        outcomes = CounterMetricFamily("clarion_store_outcomes", "Outcomes of messages, by state.", labels=["state"])
        for state, count in counts.outcome_counts.items():
            outcomes.add_metric([state], count)
        yield outcomes
