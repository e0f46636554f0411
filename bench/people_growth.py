"""Measures what people cost with millions of profiles, consents and suppressions stored, as a multiple of few.

There is a store of each size, filled by statements of the database itself, and each question is put to all of them in
turn. What is stored grew in order, so that a look-up of somebody at random finds nothing at hand in a large store.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Any

from clarion_server.adapters.storage.people.choices import pack
from clarion_server.adapters.storage.postgresql import open_postgresql_store
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.adapters.system import SystemIds
from clarion_server.application.consent.consents import Person
from clarion_server.application.ports.queries import SuppressionQuery
from clarion_server.application.suppressions.entries import ManageSuppressions
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import Consent, ConsentChoice, ConsentScope
from clarion_server.domain.messages.message import Lane
from sqlalchemy import Connection

from tests.contract.store import samples
from tests.identities import HASHER
from tests.postgresql import made_database
from tests.unit.application.consenting import Consents
from tests.unit.application.running import CALLER, Process, claimed, recipient
from tests.unit.application.world import START, World

#: The people of a store that stands for an empty one: those who are written to must be known in it.
FEW = 2_000
RECIPIENTS = 20
#: After so many rounds, of 84 people each, a large store has the upper levels of its indexes in its cache, as it has in
#: a service that runs.
WARM_UP, ROUNDS = 100, 60
#: Triggers, claims or look-ups that are measured together, as one alone takes less than the clock can tell.
TOGETHER = 4
_CHUNK = 500_000
#: Holds the marks of suppressed addresses, and of some that nothing is known of.
SUPPRESSED, UNKNOWN = "s", "x"
#: Before the clock of the measured process.
_TIME = START - 10_000_000_000
_CHOICES = pack([Consent(ConsentScope(Channel.EMAIL), ConsentChoice.GRANTED, _TIME, 1)])

_SERIES = {
    "sqlite": "WITH RECURSIVE series(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM series WHERE n < {last})",
    "postgresql": "WITH series(n) AS (SELECT generate_series({first}::bigint, {last}))",
}
_PADDED = {"sqlite": "printf('%010d', n)", "postgresql": "lpad(n::text, 10, '0')"}
_ID = {"sqlite": "printf('018%029x', n)", "postgresql": "('018' || lpad(to_hex(n), 29, '0'))"}
_STATEMENTS = {
    "profiles": """
        INSERT INTO profiles (key, sandbox, id, revision, attributes, locale, time_zone, create_time, update_time,
            choices)
        {series} SELECT n, 'default', {id}, 1, '{{"plan": "gold", "seats": 3, "city": "Berlin"}}', 'en',
            'Europe/Berlin', {time}, {time}, '{choices}' FROM series""",
    "profile_identities": """
        INSERT INTO profile_identities (sandbox, namespace, normal_value, profile_key, position)
        {series} SELECT 'default', 'email', {address}, n, 0 FROM series""",
    "consent_changes": """
        INSERT INTO consent_changes (key, profile_key, channel, choice, time, source, record_time, actor)
        {series} SELECT n, n, 'EMAIL', 'GRANTED', {time}, 'IMPORT', {time}, 'apiKeys/bench' FROM series""",
    "suppressions": """
        INSERT INTO suppressions (target_key, sandbox, channel, reason, id, target, scope, create_time, creator)
        {series} SELECT {suppressed}, 'default', 'EMAIL', 'HARD_BOUNCE', {id}, {suppressed}, 'ALL', {time},
            'apiKeys/bench' FROM series""",
}

#: Reads the files of tables and indexes, which have a gigabyte each, by the megabyte.
_READ_FILES = """
    SELECT sum(length(pg_read_binary_file(path, place, 1 << 20))) FROM (
        SELECT pg_relation_filepath(oid) || CASE WHEN file > 0 THEN '.' || file ELSE '' END AS path,
            generate_series(0, least(pg_relation_size(oid) - (file << 30), 1 << 30) - 1, 1 << 20) AS place
        FROM (
            SELECT oid::regclass AS oid, generate_series(0, (pg_relation_size(oid) - 1) >> 30) AS file FROM pg_class
            WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0
        ) AS files
    ) AS places"""

Costs = dict[str, float]


def people_growth(
    kind: str, files: Mapping[int, Path], counted: int = ROUNDS, warm_up: int = WARM_UP
) -> dict[int, Costs]:
    """Returns milliseconds by number of people and question, as `bench.growth` measures them: lower quartiles of
    processor time on SQLite, and of elapsed time on PostgreSQL.
    """
    return asyncio.run(_measure(kind, files, counted, warm_up))


async def _measure(kind: str, files: Mapping[int, Path], counted: int, warm_up: int) -> dict[int, Costs]:
    with ExitStack() as opened:
        openers = {size: _opener(kind, size, file) for size, file in files.items()}
        for size, opener in openers.items():
            with closing(opener()) as filled:
                fill_people(filled, size)
                _settle_down(filled)
        # A process that starts on a large file keeps more of it at hand.
        stores = {size: opened.enter_context(closing(opener())) for size, opener in openers.items()}
        for size, file in files.items():
            _cache(stores[size], file)
        async with _measured(stores) as measured:
            for number in range(warm_up + counted):
                turn = number % len(measured)
                for each in measured[turn:] + measured[:turn]:
                    await each.ask()
        return {each.size: each.costs(warm_up) for each in measured}


def address(number: int, mark: str = "") -> str:
    """Returns an address that sorts among all others, as those of people do."""
    return f"p{number:010d}{mark}@example.com"


def _address(dialect: str, mark: str) -> str:
    return f"('p' || {_PADDED[dialect]} || '{mark}@example.com')"


def fill_people(store: SqlStore, count: int) -> None:
    """Adds so many profiles with an identity and a consent each, and as many suppressions of others."""
    begin = time.monotonic()
    for first in range(1, count + 1, _CHUNK):
        with store._writer.begin() as connection:
            for statement in _STATEMENTS.values():
                _fill(connection, statement, first, min(first + _CHUNK - 1, count))
    with store._writer.begin() as connection:
        _number_on(connection, count)
    print(f"  {store._writer.dialect.name}: {count:,} people in {time.monotonic() - begin:.0f} s", file=sys.stderr)


def _fill(connection: Connection, statement: str, first: int, last: int) -> None:
    dialect = connection.dialect.name
    text = statement.format(
        series=_SERIES[dialect].format(first=first, last=last),
        id=_ID[dialect],
        address=_address(dialect, ""),
        suppressed=_address(dialect, SUPPRESSED),
        time=_TIME,
        choices=_CHOICES,
    )
    connection.exec_driver_sql(text.replace("%", "%%") if dialect == "postgresql" else text)


def _number_on(connection: Connection, last: int) -> None:
    for table in ("profiles", "consent_changes"):
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table}', 'key'), {last})")
        else:
            connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
            connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last))


def _settle_down(store: SqlStore) -> None:
    pooled = store._writer.raw_connection()
    connection: Any = pooled.driver_connection
    if store._writer.dialect.name == "postgresql":
        for name in _STATEMENTS:
            connection.execute(f"VACUUM ANALYZE {name}")
        connection.execute("CHECKPOINT")
    else:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pooled.close()


def _cache(store: SqlStore, file: Path) -> None:
    """Reads the store's files once, so that the system has them in its cache, as it has those of a service that runs: a
    page from the disk costs ten times as much processor time.
    """
    if store._writer.dialect.name == "postgresql":
        with store._writer.begin() as connection:
            connection.exec_driver_sql(_READ_FILES)
        return
    with file.open("rb") as opened:
        while opened.read(1 << 20):
            continue


def _opener(kind: str, size: int, file: Path) -> Callable[[], SqlStore]:
    if kind == "sqlite":
        return partial(open_sqlite_store, file)
    return partial(open_postgresql_store, made_database(f"clarion_people_{size}"))


@asynccontextmanager
async def _measured(stores: Mapping[int, SqlStore]) -> AsyncIterator[list[_Measured]]:
    made: list[_Measured] = []
    try:
        for size, store in stores.items():
            made.append(_Measured(store, size))
            await made[-1].world.live(category=Category.MARKETING)
        yield made
    finally:
        for each in made:
            await each.close()


class _Measured:
    """Puts the questions to a store of one size."""

    def __init__(self, store: SqlStore, size: int) -> None:
        self.size = size
        self.world = World(store)
        self._process = Process(self.world, store=store)
        self._consents = Consents(self.world)
        self._suppressions = ManageSuppressions(self.world.transactions, self.world.clock, SystemIds(), HASHER)
        self._random = random.Random(7)
        self._costs: dict[str, list[float]] = {}
        self._clock = time.perf_counter if store._writer.dialect.name == "postgresql" else time.process_time

    def costs(self, warm_up: int) -> Costs:
        return {name: quantiles(costs[warm_up:], n=4)[0] for name, costs in self._costs.items()}

    async def close(self) -> None:
        await self._process.close()
        self.world.transactions.close()

    async def ask(self) -> None:
        questions: dict[str, Callable[[], Awaitable[object]]] = {
            "accept": self._accept,
            "accept of one": lambda: self._process.trigger(recipient(f"email:{self._somebody()}")),
            "claim": lambda: claimed(self.world, RECIPIENTS, Lane.MARKETING),
            "profile of an identity": lambda: self.world.profiles.lookup(f"email:{self._somebody()}", CALLER),
            "consents of a person": lambda: self._consents.of(Person(identity=f"email:{self._somebody()}")),
            "suppressions of an address": lambda: self._check(SUPPRESSED),
            "suppressions of nobody": lambda: self._check(UNKNOWN),
            "list of profiles": lambda: self.world.profiles.page(None, 50, CALLER),
            "list of suppressions": lambda: self._suppressions.page(SuppressionQuery(samples.VISIBILITY, limit=50)),
        }
        for name, question in questions.items():
            with self._timed(name):
                for _ in range(TOGETHER):
                    await question()

    async def _accept(self) -> None:
        await self._process.trigger(*(recipient(f"email:{each}") for each in self._some(RECIPIENTS)))

    async def _check(self, mark: str) -> object:
        of = address(self._random.randint(1, self.size), mark)
        return await self._suppressions.check(of, Channel.EMAIL, CALLER)

    def _some(self, count: int) -> list[str]:
        return [address(number) for number in self._random.sample(range(1, self.size + 1), count)]

    def _somebody(self) -> str:
        return self._some(1)[0]

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        begin = self._clock()
        yield
        self._costs.setdefault(name, []).append((self._clock() - begin) * 1000 / TOGETHER)
