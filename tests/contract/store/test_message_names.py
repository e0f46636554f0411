"""A queue outside the store asks for messages by their ids."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.ports.queries import DueQuery, QueuedMessage
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.messages.message import Lane, Message, MessageState

from tests.contract.store.given import Sender, a_sender, committing
from tests.contract.store.samples import NOW

EVERYTHING = 1_000
UNKNOWN = "00000000000000000000000000000000-0000"


def names(messages: list[Message] | list[QueuedMessage]) -> list[str]:
    return [message.id for message in messages]


def queue_of(sender: Sender, lane: Lane = Lane.TRANSACTIONAL, limit: int = EVERYTHING) -> DueQuery:
    return DueQuery(sender.channel.key, lane, NOW, limit)


def test_queued_messages_are_claimable_by_name_whole_due_or_not(store: Store) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        due, early = sender.message(work), sender.message(work, due_time=NOW + 9)
        sender.message(work)
    with committing(store) as work:
        assert work.messages.claimable([early.id, due.id]) == sorted([due, early], key=lambda message: message.id)


@pytest.mark.parametrize("state", [state for state in MessageState if state is not MessageState.QUEUED])
def test_what_is_not_queued_is_not_claimable(work: UnitOfWork, state: MessageState) -> None:
    assert work.messages.claimable([a_sender(work).message(work, state=state).id]) == []


def test_what_is_held_is_not_claimable(work: UnitOfWork) -> None:
    message = a_sender(work).message(work)
    work.messages.hold([message.id])
    assert work.messages.claimable([message.id]) == []


def test_names_that_nobody_knows_are_passed_over(work: UnitOfWork) -> None:
    message = a_sender(work).message(work)
    assert names(work.messages.claimable([UNKNOWN, message.id])) == [message.id]
    assert work.messages.claimable([]) == []


def test_thousands_are_claimable_at_once(work: UnitOfWork) -> None:
    queued = a_sender(work).messages(work, 3_000)
    assert names(work.messages.claimable(names(queued))) == names(queued)


def test_the_queue_is_listed_from_the_longest_due_on_and_then_by_name(work: UnitOfWork) -> None:
    sender = a_sender(work)
    last, first = sender.message(work, due_time=NOW), sender.message(work, due_time=NOW - 9)
    middle = sender.messages(work, 3, due_time=NOW - 5)
    found = work.messages.queued(queue_of(sender))
    assert names(found) == names([first, *middle, last])
    assert found[0] == QueuedMessage(first.id, NOW - 9, first.accept_time)


def test_the_queue_goes_on_behind_the_page_before(work: UnitOfWork) -> None:
    sender = a_sender(work)
    sender.message(work, due_time=NOW - 9)
    sender.messages(work, 5, due_time=NOW - 5)
    query, pages = queue_of(sender, limit=2), []
    while page := work.messages.queued(query):
        pages.append(page)
        query = query.after_last(page[-1])
    assert [len(page) for page in pages] == [2, 2, 2]
    assert [each for page in pages for each in page] == work.messages.queued(replace(query, after=(-1, ""), limit=9))


def test_the_queue_has_only_what_is_due_in_its_lane_and_channel_and_not_held(work: UnitOfWork) -> None:
    one, two = a_sender(work, "one"), a_sender(work, "two")
    due, held = one.message(work, due_time=NOW), one.message(work, due_time=NOW)
    one.message(work, due_time=NOW + 1)
    news = one.message(work, lane=Lane.MARKETING)
    two.message(work)
    one.message(work, state=MessageState.SENT)
    work.messages.hold([held.id])
    assert names(work.messages.queued(queue_of(one))) == [due.id]
    assert names(work.messages.queued(queue_of(one, Lane.MARKETING))) == [news.id]


def test_the_next_due_time_after_another_one_is_later_than_that(work: UnitOfWork) -> None:
    sender = a_sender(work)
    for time in (NOW, NOW + 5, NOW + 9):
        sender.message(work, due_time=time)
    sender.message(work, due_time=NOW + 1, lane=Lane.MARKETING)
    key, lanes = sender.channel.key, [Lane.TRANSACTIONAL]
    assert work.messages.next_due_time(key, lanes, NOW - 1) == NOW
    assert work.messages.next_due_time(key, lanes, NOW) == NOW + 5
    assert work.messages.next_due_time(key, after=NOW) == NOW + 1
    assert work.messages.next_due_time(key, lanes, NOW + 9) is None
