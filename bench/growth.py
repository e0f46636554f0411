"""What the store's questions cost with nothing in it, and with millions of messages: SQLite, and PostgreSQL."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any

from clarion_server.adapters.storage.postgresql import open_postgresql_store
from clarion_server.adapters.storage.schema import events, executions, figures, message_contexts, messages
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.ports.queries import EventQuery, ExecutionQuery, FigureKey, MessageQuery
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.message import Message, MessageState, message_id
from sqlalchemy import Connection, delete

from bench.filling import TABLES, fill, recipient
from tests.contract.store import samples
from tests.contract.store.given import Sender, a_channel, a_sender, committing
from tests.postgresql import made_database

#: Messages stored, at each of which everything is measured.
SIZES = (0, 1_000_000, 10_000_000)
CAMPAIGNS = 20
PER_COMMIT = 64
ROUNDS = 40
WARM_UP = 20
OWNER = "process-1"
#: Ids that sort behind those that were filled in.
MEASURED_IDS = "019"

Costs = dict[str, float]


def growth(folder: Path, sizes: Sequence[int] = SIZES) -> dict[str, dict[int, Costs]]:
    """Milliseconds by store, number of messages and question: lower quartiles, as other load only ever adds.

    Of SQLite processor time, which is all that it takes but for the wait for the disk; of PostgreSQL elapsed time.
    """
    with TemporaryDirectory(dir=folder) as scratch, closing(open_sqlite_store(Path(scratch, "clarion.db"))) as sqlite:
        found = {"sqlite": _curve(sqlite, sizes)}
    with closing(open_postgresql_store(made_database("clarion_growth"))) as postgresql:
        found["postgresql"] = _curve(postgresql, sizes)
    return found


def _curve(store: SqlStore, sizes: Sequence[int]) -> dict[int, Costs]:
    with committing(store) as work:
        channel = a_channel(work)
        senders = [a_sender(work, f"campaign-{number}", channel) for number in range(CAMPAIGNS)]
    # What is measured goes away again, so that the next size begins behind the last.
    costs, filled = {}, 0
    for size in sizes:
        if size > filled:
            with store._writer.begin() as connection:
                fill(connection, filled + 1, size, [each.campaign.key for each in senders], channel.key)
            _settle_down(store)
        costs[size] = Measuring(store, senders, size).costs()
        with store._writer.begin() as connection:
            _remove_measured(connection, size)
        filled = size
    return costs


def _settle_down(store: SqlStore) -> None:
    """As a store is that grew in weeks: nothing left to write, and counted."""
    pooled = store._writer.raw_connection()
    connection: Any = pooled.driver_connection
    if store._writer.dialect.name == "postgresql":
        for name in TABLES:
            connection.execute(f"VACUUM ANALYZE {name}")
        connection.execute("CHECKPOINT")
    else:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pooled.close()


def _remove_measured(connection: Connection, size: int) -> None:
    connection.execute(delete(message_contexts).where(message_contexts.c.message_key > size))
    connection.execute(delete(messages).where(messages.c.key > size))
    connection.execute(delete(events).where(events.c.sequence > size))
    connection.execute(delete(executions).where(executions.c.id >= MEASURED_IDS))
    connection.execute(delete(figures))


class Measuring:
    """At one size."""

    def __init__(self, store: SqlStore, senders: Sequence[Sender], size: int) -> None:
        self._store = store
        self._senders = senders
        self._size = size
        self._random = random.Random(7)
        self._costs: dict[str, list[float]] = {}
        self._clock = time.perf_counter if store._writer.dialect.name == "postgresql" else time.thread_time

    def costs(self) -> Costs:
        for number in range(WARM_UP + ROUNDS):
            self._write(self._senders[number % CAMPAIGNS])
        # Questions find something at every size: what was just written, where nothing was filled in.
        for number in range(WARM_UP + ROUNDS):
            self._ask(self._senders[number % CAMPAIGNS])
        return {name: quantiles(costs[WARM_UP:], n=4)[0] for name, costs in self._costs.items()}

    def _write(self, sender: Sender) -> None:
        key = sender.campaign.key
        # As order numbers come, or UUIDs of version 7; and in no order, as UUIDs of version 4.
        self._accept(sender, "accept", lambda message: f"s-{message.id}")
        self._accept(sender, "accept, random request ids", lambda _: f"r-{self._random.randbytes(16).hex()}")
        with self._timed("claim"), committing(self._store) as work:
            due = work.messages.due(sender.channel.key, samples.NOW, 2 * PER_COMMIT)
            work.messages.begin([each.id for each in due], OWNER, samples.NOW)
        begun = [replace(each, attempt_count=1) for each in due]
        with self._timed("settle"), committing(self._store) as work:
            work.messages.settle([samples.settlement(each, MessageState.SENT) for each in begun], OWNER)
            work.events.add_all([samples.event(each) for each in begun])
            work.figures.add({FigureKey(key, 1, metric): len(begun) for metric in ("state:SENT", "latency:40")})

    def _accept(self, sender: Sender, name: str, request_id: Callable[[Message], str]) -> None:
        key = sender.campaign.key
        made = [self._message(sender) for _ in range(PER_COMMIT)]
        executions = [samples.execution(key, id=each.execution_id, request_id=request_id(each)) for each in made]
        with self._timed(name), committing(self._store) as work:
            work.campaigns.revisions([key])
            work.executions.by_request_ids([(key, each.request_id or "") for each in executions])
            work.executions.add_all(executions)
            work.messages.add_all(made)
            work.figures.add({FigureKey(key, 1, "targeted"): len(made)})

    def _message(self, sender: Sender) -> Message:
        number = self._random.randrange(1, max(2, self._size))
        identity = recipient(number, max(5, self._size))
        made = samples.message(sender.campaign.key, sender.channel.key, identity=identity)
        return replace(made, id=message_id(MEASURED_IDS + made.execution_id[-29:], 0))

    def _ask(self, sender: Sender) -> None:
        key, sandbox = sender.campaign.key, samples.SANDBOX
        with self._store.snapshot() as work:
            (message,) = work.messages.page(MessageQuery(sandbox, campaign_key=key, limit=1))
            last = work.events.last_sequence()
            (execution,) = work.executions.page(ExecutionQuery(sandbox, campaign_key=key, limit=1))
        some = recipient(self._random.randrange(1, max(2, self._size)), max(5, self._size))
        state = frozenset({MessageState.SENT})
        questions: dict[str, Callable[[UnitOfWork], object]] = {
            "get": lambda work: work.messages.get(sandbox, message.id),
            "list of a sandbox": lambda work: work.messages.page(MessageQuery(sandbox)),
            "list of a campaign": lambda work: work.messages.page(MessageQuery(sandbox, campaign_key=key)),
            "list of a state": lambda work: work.messages.page(MessageQuery(sandbox, campaign_key=key, states=state)),
            "list of an execution": lambda work: work.messages.page(
                MessageQuery(sandbox, execution_id=message.execution_id)
            ),
            "list of a recipient": lambda work: work.messages.page(MessageQuery(sandbox, identity=some, limit=5)),
            "list of a stranger": lambda work: work.messages.page(MessageQuery(sandbox, identity="email:nobody@x.y")),
            "executions": lambda work: work.executions.page(ExecutionQuery(sandbox)),
            "execution of a request id": lambda work: work.executions.page(
                ExecutionQuery(sandbox, request_id=execution.request_id)
            ),
            "watch": lambda work: (work.events.last_sequence(), work.events.page(EventQuery(sandbox, last - 100))),
            "report": lambda work: work.figures.of_campaign(key, None),
        }
        for name, question in questions.items():
            with self._timed(name), self._store.snapshot() as work:
                question(work)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        begin = self._clock()
        yield
        self._costs.setdefault(name, []).append((self._clock() - begin) * 1000)
