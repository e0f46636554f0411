"""A store that the bench has filled is one that might have grown: every question finds what was put in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from clarion_server.adapters.storage.postgresql import open_postgresql_store
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.ports.queries import EventQuery, ExecutionQuery, MessageQuery
from clarion_server.domain.messages.message import MessageState

from bench.filling import MESSAGES_PER_RECIPIENT, fill, recipient
from tests.contract.store import samples
from tests.contract.store.given import Sender, a_sender, committing
from tests.postgresql import made_database

COUNT = 3_000


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    opened = (
        open_sqlite_store(tmp_path / "clarion.db")
        if request.param == "sqlite"
        else open_postgresql_store(made_database("clarion_filling"))
    )
    with closing(opened) as made:
        yield made


def filled(store: SqlStore) -> list[Sender]:
    with committing(store) as work:
        first = a_sender(work, "first")
        senders = [first, a_sender(work, "second", first.channel)]
    with store._writer.begin() as connection:
        fill(connection, 1, COUNT, [each.campaign.key for each in senders], first.channel.key)
    return senders


def test_a_filled_store_answers_every_question_and_goes_on(store: SqlStore) -> None:
    senders = filled(store)
    with store.snapshot() as work:
        (newest,) = work.messages.page(MessageQuery(samples.VISIBILITY, limit=1))
        assert newest.state is MessageState.SENT
        assert newest.identity == recipient(COUNT, COUNT)
        of_recipient = work.messages.page(MessageQuery(samples.VISIBILITY, identity=newest.identity))
        assert {message.identity for message in of_recipient} == {newest.identity}
        assert 1 < len(of_recipient) < 3 * MESSAGES_PER_RECIPIENT
        of_campaign = work.messages.page(
            MessageQuery(samples.VISIBILITY, campaign_key=senders[0].campaign.key, limit=COUNT)
        )
        assert len(of_campaign) == COUNT // 2
        assert len(work.executions.page(ExecutionQuery(samples.VISIBILITY, limit=COUNT))) == COUNT
        assert work.events.last_sequence() == COUNT
        assert [event.sequence for event in work.events.of_message(newest.id)] == [COUNT]
    with committing(store) as work:
        message = senders[0].message(work)
        work.events.add_all([samples.event(message)])
    with store.snapshot() as work:
        (event,) = work.events.page(EventQuery(samples.VISIBILITY, after=COUNT))
        assert event.sequence == COUNT + 1
        assert work.messages.get(samples.VISIBILITY, message.id) == message
