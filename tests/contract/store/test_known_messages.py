"""Messages that are known are not read again while they are as they were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.messages.message import Lane, Message, MessageState
from clarion_server.domain.messages.turns import Turn

from tests.contract.store import samples
from tests.contract.store.given import Sender, a_sender
from tests.contract.store.samples import NOW

#: No row says so: what has it was not read.
UNREAD: dict[str, Any] = {"context": b'{"read":false}'}
#: A change of a queued message that stays due.
Change = Callable[[UnitOfWork, Message], object]


def due(work: UnitOfWork, sender: Sender, *known: Message, limit: int = 100) -> list[Message]:
    by_id = {message.id: message for message in known}
    return work.messages.due(sender.channel.key, NOW, limit, [Lane.TRANSACTIONAL], by_id.get)


def unread(message: Message) -> Message:
    return replace(message, **UNREAD)


def test_a_known_message_is_returned_as_it_is_known(work: UnitOfWork) -> None:
    sender = a_sender(work)
    known = unread(sender.message(work))
    assert due(work, sender, known) == [known]


def test_a_known_message_is_due_in_its_place(work: UnitOfWork) -> None:
    sender = a_sender(work)
    times = (NOW - 1, NOW - 4, NOW - 2, NOW - 3)
    last, first, third, second = (sender.message(work, due_time=time) for time in times)
    known = [unread(message) for message in (last, first, second)]
    assert due(work, sender, *known) == [known[1], known[2], third, known[0]]
    assert due(work, sender, *known, limit=2) == [known[1], known[2]]


def test_what_is_mostly_unknown_is_read(work: UnitOfWork) -> None:
    sender = a_sender(work)
    stored = sender.messages(work, 5)
    assert due(work, sender, unread(stored[0])) == stored


def test_a_known_message_that_is_not_queued_is_not_due(work: UnitOfWork) -> None:
    sender = a_sender(work)
    waiting, claimed, held = sender.messages(work, 3)
    work.messages.begin([claimed.id], "other", NOW)
    work.messages.hold([held.id])
    known = [unread(message) for message in (waiting, claimed, held)]
    assert due(work, sender, *known) == [known[0]]


def _claim_and_give_up(work: UnitOfWork, message: Message) -> None:
    work.messages.begin([message.id], "other", NOW)
    work.messages.requeue({message.id: 1}, "other")


def test_a_known_message_that_another_process_gave_back_is_as_it_was(work: UnitOfWork) -> None:
    sender = a_sender(work)
    message = sender.message(work)
    _claim_and_give_up(work, message)
    assert due(work, sender, unread(message)) == [unread(message)]


CHANGES: dict[str, Change] = {
    "deferred": lambda work, message: work.messages.defer({message.id: NOW - 1}, NOW),
    "due anew": lambda work, message: work.messages.make_due([message.id], NOW),
    "without fallbacks": lambda work, message: work.messages.drop_fallback(message.id),
    "counted for somebody": lambda work, message: work.messages.set_cap_persons({message.id: "2"}),
    "with a turn": lambda work, message: work.messages.set_turns({message.id: Turn("campaign/1", 1, NOW - 2, NOW - 2)}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_known_message_that_has_changed_is_read(work: UnitOfWork, change: Change) -> None:
    sender = a_sender(work)
    message = sender.message(work, due_time=NOW - 2, fallbacks=samples.fallbacks("+4915112345"))
    change(work, message)
    (found,) = due(work, sender, unread(message))
    assert found != message
    assert found.context == message.context


def test_a_known_message_that_was_attempted_is_read(work: UnitOfWork) -> None:
    sender = a_sender(work)
    message = sender.message(work)
    work.messages.begin([message.id], "other", NOW)
    work.messages.record_outcomes(
        [samples.outcome(message.begun("other", NOW), MessageState.QUEUED, due_time=NOW)], "other"
    )
    (found,) = due(work, sender, unread(message))
    assert (found.attempts.count, found.context) == (1, message.context)
