"""What a process tells of itself to a monitoring system, in its terms and in none of its technology."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from clarion_server.application.maintenance.process_metrics import Distribution, ProcessMetrics
from clarion_server.application.reports.counts import read_figures

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Family:
    """Samples under one name. After the Prometheus data model (https://prometheus.io/docs/concepts/metric_types)."""

    name: str
    kind: str
    """`counter`, `gauge` or `histogram`."""
    help: str
    samples: Sequence[tuple[str, Labels, float]] = field(default=())
    """By what follows the name, and by labels."""


def counter(name: str, about: str, counts: Mapping[str, float], label: str) -> Family:
    """A sample for each key, which `label` names."""
    return Family(name, "counter", about, [("_total", {label: key}, count) for key, count in sorted(counts.items())])


def total(name: str, about: str, count: float) -> Family:
    return Family(name, "counter", about, [("_total", {}, count)])


def gauge(name: str, about: str, value: float, labels: Labels | None = None) -> Family:
    return Family(name, "gauge", about, [("", labels or {}, value)])


def histogram(name: str, about: str, values: Distribution) -> Family:
    bounds = [*(str(float(bound)) for bound in values.bounds), "+Inf"]
    reached = list(accumulate(values.counts))
    buckets = [("_bucket", {"le": bound}, float(count)) for bound, count in zip(bounds, reached, strict=True)]
    return Family(name, "histogram", about, [*buckets, ("_count", {}, reached[-1]), ("_sum", {}, values.sum)])


def of_process(tally: ProcessMetrics) -> list[Family]:
    """What one process has done since its start."""
    return [
        total("clarion_messages_accepted", "Messages of triggers that were committed.", tally.accepted),
        counter(
            "clarion_attempts_concluded",
            "Attempts that were recorded, by the state of the message afterwards. QUEUED: to be tried again.",
            tally.outcomes,
            "state",
        ),
        counter("clarion_attempts", "Attempts that were recorded, by their result.", tally.attempts, "result"),
        histogram("clarion_commit_items", "How many writes one commit carried.", tally.commit_sizes),
        histogram("clarion_commit_seconds", "From the beginning of a commit's work to its end.", tally.commit_seconds),
        histogram("clarion_event_loop_lag_seconds", "How late the event loop is, twice a second.", tally.loop_lags),
    ]


def of_store(counters: Mapping[str, int]) -> list[Family]:
    """What the store counts, of all processes and all time; `counters` by metric, over all campaigns."""
    figures = read_figures(counters)
    states = {state.value: float(count) for state, count in figures.outcome_counts.items()}
    return [
        gauge("clarion_store_queued_messages", "Messages without an outcome yet.", figures.queued_count),
        counter("clarion_store_outcomes", "Outcomes of messages, by state.", states, "state"),
        total("clarion_store_messages", "Messages that were ever accepted.", figures.targeted_count),
        total("clarion_store_retries", "Attempts after the first one of a message.", figures.retry_count),
    ]
