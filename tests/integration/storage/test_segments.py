"""The index by recipient is in segments, and nobody can tell."""

from __future__ import annotations

from clarion_server.adapters.storage.schema import messages
from clarion_server.adapters.storage.segments import SEGMENT_SIZE
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.ports.queries import MessageQuery
from sqlalchemy import distinct, func, select

from tests.contract.store import samples
from tests.contract.store.given import a_sender

JANE = "email:jane@example.com"


def test_a_recipient_is_found_in_every_segment(store: SqlStore) -> None:
    janes = []
    with store.begin() as work:
        sender = a_sender(work)
        for _ in range(3):
            others = [
                samples.message(sender.campaign.key, sender.channel.key, identity=f"email:{place}@example.com")
                for place in range(SEGMENT_SIZE)
            ]
            jane = samples.message(sender.campaign.key, sender.channel.key, identity=JANE)
            work.messages.add_all([*others, jane])
            janes.append(jane)
        work.commit()
    with store.snapshot() as work:
        assert work.messages.page(MessageQuery("default", identity=JANE)) == janes[::-1]
        assert work.messages.page(MessageQuery("default", identity=JANE, before=janes[2].id, limit=1)) == [janes[1]]
    with store._readers.connect() as connection:
        assert connection.execute(select(func.count(distinct(messages.c.segment)))).scalar_one() == 3


def test_a_segment_takes_many_small_batches(store: SqlStore) -> None:
    with store.begin() as work:
        sender = a_sender(work)
        for _ in range(10):
            sender.messages(work, 5)
        work.commit()
    with store._readers.connect() as connection:
        assert connection.execute(select(func.count(distinct(messages.c.segment)))).scalar_one() == 1
