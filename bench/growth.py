"""Measures what the queries of a store cost, SQLite or PostgreSQL, with nothing in it and with millions of messages.

There is a store of each size, and each query runs on all of them in turn before the next does. So a busy minute of the
machine, or what the query before has left in its caches, affects all sizes alike.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import quantiles
from typing import Any

from clarion_server.adapters.storage.postgresql import open_postgresql_store
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.ports.queries import EventQuery, ExecutionQuery, MessageQuery
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.events.counter import LatencyKey, Metric
from clarion_server.domain.messages.message import Message, MessageState, message_id

from bench.filling import TABLES, fill, recipient
from tests.contract.store import samples
from tests.contract.store.given import Sender, a_channel, a_sender, committing
from tests.postgresql import made_database

CAMPAIGNS = 20
PER_COMMIT = 64
ROUNDS = 40
WARM_UP = 20
OWNER = "process-1"
#: About so many messages are written while it is measured.
MEASURED = 2 * PER_COMMIT * (WARM_UP + ROUNDS)
#: Ids that sort behind those that were filled in.
MEASURED_IDS = "019"

Costs = dict[str, float]


def growth(kind: str, files: Mapping[int, Path], counted: int = ROUNDS) -> dict[int, Costs]:
    """Returns milliseconds by number of messages and query: lower quartiles, because other load can only add to them.

    They are processor time on SQLite, whose files stay behind, as it only waits for the disk besides, and elapsed time
    on PostgreSQL. `counted` is the number of rounds after those that warm up.
    """
    with ExitStack() as opened:
        measured = []
        for size, file in files.items():
            store = opened.enter_context(closing(_open(kind, size, file)))
            measured.append(Measuring(store, filled(store, size), size))
        for kind_of_round in (Measuring.write, Measuring.ask):
            for each in measured:
                each.settle_down()
            for number in range(WARM_UP + counted):
                if number % WARM_UP == 0:
                    _tell(f"{kind}: round {number} of {WARM_UP + counted}, {kind_of_round.__name__}")
                # Who comes first changes, too.
                turn = number % len(measured)
                rounds = [kind_of_round(each, number) for each in measured[turn:] + measured[:turn]]
                for _ in zip(*rounds, strict=True):
                    continue
        return {each.size: each.costs() for each in measured}


def _tell(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


def _open(kind: str, size: int, file: Path) -> SqlStore:
    if kind == "sqlite":
        return open_sqlite_store(file)
    return open_postgresql_store(made_database(f"clarion_growth_{size}"))


def filled(store: SqlStore, size: int) -> list[Sender]:
    """Fills an empty store with so many messages of some campaigns, and returns these."""
    begin = time.monotonic()
    with committing(store) as work:
        channel = a_channel(work)
        senders = [a_sender(work, f"campaign-{number}", channel) for number in range(CAMPAIGNS)]
    if size:
        with store._writer.begin() as connection:
            fill(connection, 1, size, [each.campaign.key for each in senders], channel.key)
        _tell(f"{store._writer.dialect.name}: {size:,} messages filled in within {time.monotonic() - begin:.0f} s")
    return senders


class Measuring:
    """Runs the queries on a store of one size."""

    def __init__(self, store: SqlStore, senders: Sequence[Sender], size: int) -> None:
        self._store = store
        self._senders = senders
        self.size = size
        self._random = random.Random(7)
        self._costs: dict[str, list[float]] = {}
        self._clock = time.perf_counter if store._writer.dialect.name == "postgresql" else time.thread_time

    def settle_down(self) -> None:
        """Brings the store into the state of one that grew in weeks: all is written, and statistics are up to date."""
        pooled = self._store._writer.raw_connection()
        connection: Any = pooled.driver_connection
        if self._store._writer.dialect.name == "postgresql":
            for name in TABLES:
                connection.execute(f"VACUUM ANALYZE {name}")
            connection.execute("CHECKPOINT")
        else:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pooled.close()

    def costs(self) -> Costs:
        return {name: quantiles(costs[WARM_UP:], n=4)[0] for name, costs in self._costs.items()}

    def write(self, number: int) -> Iterator[None]:
        """Yields after each write, and goes on with the next when it is resumed."""
        sender = self._senders[number % CAMPAIGNS]
        key = sender.campaign.key
        # As order numbers come, or UUIDs of version 7; and in no order, as UUIDs of version 4.
        self._accept(sender, "accept", lambda message: f"s-{message.id}")
        yield
        self._accept(sender, "accept, random request ids", lambda _: f"r-{self._random.randbytes(16).hex()}")
        yield
        with self._timed("claim"), committing(self._store) as work:
            due = work.messages.due(sender.channel.key, samples.NOW, 2 * PER_COMMIT)
            work.messages.begin([each.id for each in due], OWNER, samples.NOW)
        yield
        begun = [samples.changed(each, attempt_count=1) for each in due]
        with self._timed("record_outcomes"), committing(self._store) as work:
            work.messages.record_outcomes([samples.outcome(each, MessageState.SENT) for each in begun], OWNER)
            work.events.add_all([samples.event(each) for each in begun])
            work.counters.add({samples.counter(key, 1, Metric.SENT): len(begun)})
            work.counters.add_latencies({LatencyKey(key, 1, "email", 40): len(begun)})
        yield

    def _accept(self, sender: Sender, name: str, request_id: Callable[[Message], str]) -> None:
        key = sender.campaign.key
        made = [self._message(sender) for _ in range(PER_COMMIT)]
        executions = [samples.execution(key, id=each.execution_id, request_id=request_id(each)) for each in made]
        with self._timed(name), committing(self._store) as work:
            work.campaigns.lock([key])
            work.executions.by_request_ids([(key, each.request_id or "") for each in executions])
            work.executions.add_all(executions)
            work.messages.add_all(made)
            work.counters.add({samples.counter(key): len(made)})

    def _message(self, sender: Sender) -> Message:
        made = samples.message(sender.campaign.key, sender.channel.key, identity=self._somebody())
        return replace(made, id=message_id(MEASURED_IDS + made.execution_id[-29:], 0, 0))

    def ask(self, number: int) -> Iterator[None]:
        """Yields after each query. All of them find something at every size: what was just written."""
        key, visibility = self._senders[number % CAMPAIGNS].campaign.key, samples.VISIBILITY
        with self._store.snapshot() as work:
            (message,) = work.messages.page(MessageQuery(visibility, campaign_key=key, limit=1))
            last = work.events.last_sequence()
            (execution,) = work.executions.page(ExecutionQuery(visibility, campaign_key=key, limit=1))
        some = self._somebody()
        state = frozenset({MessageState.SENT})
        questions: dict[str, Callable[[UnitOfWork], object]] = {
            "get": lambda work: work.messages.get(visibility, message.id),
            "list of a sandbox": lambda work: work.messages.page(MessageQuery(visibility)),
            "list of a campaign": lambda work: work.messages.page(MessageQuery(visibility, campaign_key=key)),
            "list of a state": lambda work: work.messages.page(
                MessageQuery(visibility, campaign_key=key, states=state)
            ),
            "list of an execution": lambda work: work.messages.page(
                MessageQuery(visibility, execution_id=message.execution_id)
            ),
            "list of a recipient": lambda work: work.messages.page(MessageQuery(visibility, identity=some, limit=5)),
            "list of a stranger": lambda work: work.messages.page(
                MessageQuery(visibility, identity="email:nobody@x.y")
            ),
            "executions": lambda work: work.executions.page(ExecutionQuery(visibility)),
            "execution of a request id": lambda work: work.executions.page(
                ExecutionQuery(visibility, request_id=execution.request_id)
            ),
            "watch": lambda work: (work.events.last_sequence(), work.events.page(EventQuery(visibility, last - 100))),
            "report": lambda work: work.counters.of_campaign(key, None),
        }
        for name, question in questions.items():
            with self._timed(name), self._store.snapshot() as work:
                question(work)
            yield

    def _somebody(self) -> str:
        """Returns a recipient. At every size each has some five messages once all that is measured is written."""
        last = max(self.size, MEASURED)
        return recipient(self._random.randrange(1, last), last)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        begin = self._clock()
        yield
        self._costs.setdefault(name, []).append((self._clock() - begin) * 1000)
