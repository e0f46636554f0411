"""Messages that end before their next attempt because something forbids them."""

from __future__ import annotations

from clarion_server.application.ports.queries import QueuedEnd
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.messages.message import MessageState, message_id

from tests.contract.store import samples
from tests.contract.store.given import a_sender, committing

EXCLUSION = Exclusion(ExclusionReason.SUPPRESSED, ExclusionPhase.HAND_OFF, "suppressions/1")
EXCLUDED, IN_DOUBT = MessageState.EXCLUDED, MessageState.IN_DOUBT
LATER = samples.NOW + 1


def test_each_queued_message_ends_in_a_state_of_its_own(store: Store) -> None:
    with committing(store) as work:
        excluded, doubtful, other = a_sender(work).messages(work, 3)
        ends = [
            QueuedEnd(excluded, EXCLUDED, EXCLUSION),
            QueuedEnd(doubtful, IN_DOUBT, failure=samples.failure()),
        ]
        assert work.messages.end_queued(ends, LATER) == {excluded.id, doubtful.id}
    with store.snapshot() as work:
        found = {each.id: work.messages.get(samples.VISIBILITY, each.id) for each in (excluded, doubtful, other)}
    assert found == {
        excluded.id: samples.changed(excluded, state=EXCLUDED, outcome_time=LATER, exclusion=EXCLUSION),
        doubtful.id: samples.changed(doubtful, state=IN_DOUBT, outcome_time=LATER, failure=samples.failure()),
        other.id: other,
    }


def test_a_message_that_is_not_queued_any_more_is_left_alone(work: UnitOfWork) -> None:
    sending, ended = a_sender(work).messages(work, 2)
    work.messages.begin([sending.id], "first", samples.NOW)
    work.messages.end_queued([QueuedEnd(ended, MessageState.CANCELLED)], samples.NOW)
    ends = [QueuedEnd(each, EXCLUDED, EXCLUSION) for each in (sending, ended)]
    assert work.messages.end_queued(ends, LATER) == set()
    states = [message.state for message in work.messages.queued_of_campaign(sending.action.campaign_key, 10)]
    assert states == []


def test_a_held_message_that_ends_is_held_no_more(work: UnitOfWork) -> None:
    sender = a_sender(work)
    message = sender.message(work)
    work.messages.hold([message.id])
    work.messages.end_queued([QueuedEnd(message, EXCLUDED, EXCLUSION)], LATER)
    assert work.messages.held_campaigns() == set()


def test_nothing_ends_when_nothing_is_given(work: UnitOfWork) -> None:
    assert work.messages.end_queued([], LATER) == set()


def test_those_that_are_to_end_are_the_queued_ones_among_the_given_by_id(work: UnitOfWork) -> None:
    held, sending, ended, other, last = a_sender(work).messages(work, 5)
    work.messages.hold([held.id])
    work.messages.begin([sending.id], "first", samples.NOW)
    work.messages.end_queued([QueuedEnd(ended, MessageState.CANCELLED)], samples.NOW)
    asked = [each.id for each in (last, ended, sending, held)]
    assert work.messages.queued_among([*asked, message_id(samples.new_id(), 0, 0)]) == [held, last]
    assert work.messages.queued_among([other.id]) == [other]
    assert work.messages.queued_among([]) == []
