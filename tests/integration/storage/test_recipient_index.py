"""The recipient index finds every message, in however many segments, and merges them until they are few."""

from __future__ import annotations

from collections import Counter

import pytest
from clarion_server.adapters.storage.messages import recipient_index
from clarion_server.adapters.storage.messages.recipient_index import FAN, SEGMENT_SIZE, RecipientIndex
from clarion_server.adapters.storage.schema import messages
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.ports.queries import MessageQuery
from clarion_server.domain.messages.message import Message
from sqlalchemy import distinct, func, select

from tests.contract.store import samples
from tests.contract.store.given import a_sender

JANE = "email:jane@example.com"


def count_segments(store: SqlStore) -> int:
    with store._readers.connect() as connection:
        return int(connection.execute(select(func.count(distinct(messages.c.segment)))).scalar_one())


def levels(store: SqlStore) -> Counter[int]:
    """Returns the number of segments of each level."""
    with store._readers.connect() as connection:
        found = connection.execute(select(messages.c.segment).distinct()).scalars()
        return Counter(each >> recipient_index._LEVEL_SHIFT for each in found)


def test_a_recipient_is_found_in_every_segment(store: SqlStore) -> None:
    janes = []
    with store.begin() as work:
        sender = a_sender(work)
        for _ in range(3):
            others = [
                samples.message(sender.campaign.key, sender.channel.key, identity=f"email:{number}@example.com")
                for number in range(SEGMENT_SIZE)
            ]
            jane = samples.message(sender.campaign.key, sender.channel.key, identity=JANE)
            work.messages.add_all([*others, jane])
            janes.append(jane)
        work.commit()
    with store.snapshot() as work:
        assert work.messages.page(MessageQuery(samples.VISIBILITY, identity=JANE)) == janes[::-1]
        before = MessageQuery(samples.VISIBILITY, identity=JANE, before=janes[2].id, limit=1)
        assert work.messages.page(before) == [janes[1]]
    assert count_segments(store) == 3


def test_a_segment_takes_many_small_batches(store: SqlStore) -> None:
    with store.begin() as work:
        sender = a_sender(work)
        for _ in range(10):
            sender.messages(work, 5)
        work.commit()
    assert count_segments(store) == 1


def janes_in_segments(store: SqlStore, number: int) -> list[Message]:
    """Fills `number` segments with two messages each, and returns those to Jane."""
    store._recipient_index = RecipientIndex(size=2)
    janes = []
    with store.begin() as work:
        sender = a_sender(work)
        for _ in range(number):
            jane, joe = (
                samples.message(sender.campaign.key, sender.channel.key, identity=identity)
                for identity in (JANE, "email:joe@example.com")
            )
            work.messages.add_all([jane, joe])
            janes.append(jane)
        work.commit()
    return janes


def tidy(store: SqlStore, limit: int) -> list[int]:
    """Merges until there is nothing to do, and returns how many messages each transaction moved."""
    moved = []
    while True:
        with store.begin() as work:
            moved.append(work.messages.merge_recipient_index(limit))
            work.commit()
        if not moved[-1]:
            return moved[:-1]


def test_segments_are_merged_level_by_level_until_they_are_few(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A segment of the second level takes a quarter of as many as in a store that serves.
    fan = FAN // 2
    monkeypatch.setattr(recipient_index, "FAN", fan)
    count = fan * fan + 3 * fan + 5
    janes = janes_in_segments(store, count)
    assert count_segments(store) == count
    tidy(store, 500)
    assert levels(store) == {0: 5, 1: 3, 2: 1}
    with store.snapshot() as work:
        assert work.messages.page(MessageQuery(samples.VISIBILITY, identity=JANE, limit=2 * count)) == janes[::-1]


def test_a_merge_goes_in_small_steps_and_goes_on_after_an_interruption(store: SqlStore) -> None:
    janes = janes_in_segments(store, FAN + 1)
    with store.begin() as work:
        assert work.messages.merge_recipient_index(1) == 1
        work.commit()
    with store.begin() as work:
        work.messages.merge_recipient_index(1)
    moved = tidy(store, 3)
    assert max(moved) <= 3
    assert sum(moved) == 2 * FAN - 1
    assert levels(store) == {0: 1, 1: 1}
    with store.snapshot() as work:
        assert work.messages.page(MessageQuery(samples.VISIBILITY, identity=JANE, limit=100)) == janes[::-1]


def test_few_segments_are_left_as_they_are(store: SqlStore) -> None:
    janes_in_segments(store, FAN)
    assert tidy(store, 500) == []


@pytest.mark.parametrize("last", [1, 5_000, 40_000, 3_000_000])
def test_a_store_that_is_filled_at_once_has_the_segments_of_one_that_was_merged(last: int) -> None:
    filled = {recipient_index.merged_segment(number, last) for number in range(0, last, SEGMENT_SIZE // 2)}
    by_level = Counter(each >> recipient_index._LEVEL_SHIFT for each in filled)
    assert all(count <= FAN for count in by_level.values()), by_level
