"""Prints how the databases run the frequent queries: their own plans, with so many messages stored.

`python -m bench.plans` prints them for SQLite and PostgreSQL with a million messages; `python -m bench.plans 10000000`
with as many as that. The statements are recorded from the store itself, so they cannot differ from the real ones.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from clarion_server.adapters.storage.postgresql import open_postgresql_store
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.ports.queries import EventQuery, MessageQuery
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.events.counter import Metric
from clarion_server.domain.messages.message import Lane, MessageState

from bench.filling import TABLES, fill, recipient
from bench.growth import CAMPAIGNS
from tests.contract.store import samples
from tests.contract.store.given import Sender, a_channel, a_sender, committing
from tests.integration.storage.statements import Statement, recorded
from tests.postgresql import made_database

MESSAGES = 1_000_000
QUEUED = 1_000
Question = Callable[[UnitOfWork], object]


def main(count: int) -> None:
    with TemporaryDirectory() as folder, closing(open_sqlite_store(Path(folder, "clarion.db"))) as store:
        _show("SQLite", store, count)
    with closing(open_postgresql_store(made_database("clarion_plans"))) as store:
        _show("PostgreSQL", store, count)


def _show(title: str, store: SqlStore, count: int) -> None:
    with committing(store) as work:
        channel = a_channel(work)
        senders = [a_sender(work, f"campaign-{number}", channel) for number in range(CAMPAIGNS)]
    with store._writer.begin() as connection:
        fill(connection, 1, count, [each.campaign.key for each in senders], channel.key)
    with committing(store) as work:
        senders[0].messages(work, QUEUED)
        work.counters.add({samples.counter(each.campaign.key, 1, Metric.SENT): count // CAMPAIGNS for each in senders})
    _settle_down(store)
    print(f"\n# {title}, {count:,} messages and {QUEUED:,} queued")
    for name, question in _questions(senders[0], count).items():
        print(f"\n## {name}")
        for line in _plans(store, question):
            print(line)


def _settle_down(store: SqlStore) -> None:
    """Vacuums and counts rows, as PostgreSQL does by itself in time. SQLite's plans need no statistics."""
    if store._writer.dialect.name == "postgresql":
        pooled = store._writer.raw_connection()
        connection: Any = pooled.driver_connection
        for name in TABLES:
            connection.execute(f"VACUUM ANALYZE {name}")
        pooled.close()


def _questions(sender: Sender, count: int) -> dict[str, Question]:
    key, visibility = sender.campaign.key, samples.VISIBILITY
    page = MessageQuery(visibility, campaign_key=key, states=frozenset({MessageState.SENT}), limit=50)
    return {
        "accept: executions by 64 request ids": lambda work: work.executions.by_request_ids(
            [(key, f"order-{number}") for number in range(64)]
        ),
        "accept: profiles of 64 identities": lambda work: work.profiles.known(
            {(samples.SANDBOX, "email"): [f"jane.{number}@example.com" for number in range(64)]},
            with_attributes=True,
            with_choices=True,
        ),
        "accept, claim: suppressions of the addresses and their domains": lambda work: work.suppressions.covering(
            [recipient(number, count).partition(":")[2] for number in range(64)]
        ),
        "claim: due messages": lambda work: work.messages.due(
            sender.channel.key, samples.NOW, 64, [Lane.TRANSACTIONAL]
        ),
        "list: messages of a campaign in a state": lambda work: work.messages.page(page),
        "list: messages of a recipient": lambda work: work.messages.page(
            MessageQuery(visibility, identity=recipient(count // 2, count), limit=5)
        ),
        "select: the next profiles that the condition of an audience is about": lambda work: work.audiences.subjects(
            visibility, f"{count // 2:032x}", samples.NOW, 200, with_choices=False
        ),
        "watch: the last hundred events": lambda work: work.events.page(EventQuery(visibility, count - 100)),
        "watch: from the first event on": lambda work: work.events.page(EventQuery(visibility, 0)),
        "report: counters of a campaign": lambda work: work.counters.of_campaign(key, None),
    }


def _plans(store: SqlStore, question: Question) -> Iterator[str]:
    with store.begin() as work:
        with recorded(store) as statements:
            question(work)
        connection = work.messages._connection
        for statement in [each for each in statements if each[0].lstrip().startswith(("SELECT", "WITH"))]:
            yield from _explained(connection, statement)


def _explained(connection: Any, statement: Statement) -> Iterator[str]:
    text, parameters = statement
    if connection.dialect.name == "sqlite":
        for *_, detail in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", parameters):
            yield detail
    else:
        for (line,) in connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {text}", parameters):
            yield line if len(line) < 120 else f"{line[:117]}..."
    yield ""


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES)
