"""Held messages are queued, but nobody can claim them until their campaign is released."""

from __future__ import annotations

from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.messages.message import Message, MessageState

from tests.contract.store import samples
from tests.contract.store.given import Sender, a_sender, committing, ends
from tests.contract.store.samples import NOW


def due_ids(work: UnitOfWork, sender: Sender) -> set[str]:
    return {message.id for message in work.messages.due(sender.channel.key, NOW, 100)}


def ids(messages: list[Message]) -> set[str]:
    return {message.id for message in messages}


def test_held_messages_are_queued_but_not_due(store: Store) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        held, queued = sender.message(work, due_time=NOW - 9), sender.message(work)
    with committing(store) as work:
        work.messages.hold([held.id])
    with store.snapshot() as work:
        assert due_ids(work, sender) == {queued.id}
        assert work.messages.next_due_time(sender.channel.key) == queued.due_time
        assert work.messages.get(samples.VISIBILITY, held.id) == held


def test_released_messages_are_due_again_where_they_were(work: UnitOfWork) -> None:
    sender = a_sender(work)
    first, second = sender.message(work, due_time=NOW - 9), sender.message(work)
    work.messages.hold([first.id])
    assert work.messages.release(sender.campaign.key, 10) == 1
    assert work.messages.due(sender.channel.key, NOW, 10) == [first, second]
    assert work.messages.next_due_time(sender.channel.key) == NOW - 9


def test_a_release_stops_at_its_limit_and_the_next_goes_on(work: UnitOfWork) -> None:
    sender = a_sender(work)
    held = sender.messages(work, 5)
    work.messages.hold(ids(held))
    assert work.messages.release(sender.campaign.key, 2) == 2
    assert len(due_ids(work, sender)) == 2
    assert work.messages.release(sender.campaign.key, 2) == 2
    assert work.messages.release(sender.campaign.key, 2) == 1
    assert work.messages.release(sender.campaign.key, 2) == 0
    assert due_ids(work, sender) == ids(held)


def test_a_release_is_of_one_campaign(work: UnitOfWork) -> None:
    one = a_sender(work, "one")
    two = a_sender(work, "two", channel=one.channel)
    first, second = one.message(work), two.message(work)
    work.messages.hold([first.id, second.id])
    assert work.messages.release(one.campaign.key, 10) == 1
    assert due_ids(work, one) == {first.id}


def test_the_campaigns_with_held_messages_are_listed(work: UnitOfWork) -> None:
    one, two, three = a_sender(work, "one"), a_sender(work, "two", sandbox="staging"), a_sender(work, "three")
    assert work.messages.held_campaigns() == set()
    work.messages.hold(ids([*one.messages(work, 2), two.message(work)]))
    three.message(work)
    assert work.messages.held_campaigns() == {one.campaign.key, two.campaign.key}
    work.messages.release(one.campaign.key, 1)
    assert work.messages.held_campaigns() == {one.campaign.key, two.campaign.key}
    work.messages.release(one.campaign.key, 1)
    assert work.messages.held_campaigns() == {two.campaign.key}


def test_a_held_message_can_be_cancelled_and_is_held_no_more(work: UnitOfWork) -> None:
    sender = a_sender(work)
    held = sender.message(work)
    work.messages.hold([held.id])
    assert work.messages.end_queued(ends([held], MessageState.CANCELLED), NOW) == {held.id}
    assert work.messages.held_campaigns() == set()
    assert work.messages.release(sender.campaign.key, 10) == 0
    assert due_ids(work, sender) == set()


def test_holding_twice_is_holding_once(work: UnitOfWork) -> None:
    sender = a_sender(work)
    held = sender.message(work)
    work.messages.hold([held.id])
    work.messages.hold([held.id])
    assert work.messages.release(sender.campaign.key, 10) == 1
    assert due_ids(work, sender) == {held.id}


def test_messages_that_are_sent_or_decided_cannot_be_held(work: UnitOfWork) -> None:
    sender = a_sender(work)
    sending, sent = sender.messages(work, 2)
    work.messages.begin([sending.id, sent.id], "process-1", NOW)
    work.messages.record_outcomes([samples.outcome(sent, MessageState.SENT)], "process-1")
    work.messages.hold([sending.id, sent.id])
    assert work.messages.held_campaigns() == set()
    work.messages.record_outcomes([samples.outcome(sending, MessageState.QUEUED)], "process-1")
    assert due_ids(work, sender) == {sending.id}
