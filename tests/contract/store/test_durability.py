"""A store that is opened again, or a second time, has every commit and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from clarion_server.application.ports.queries import EventQuery, MessageQuery
from clarion_server.application.ports.store import Store
from clarion_server.domain.events.counter import Metric
from clarion_server.domain.messages.message import Message, MessageState

from tests.contract.store import samples
from tests.contract.store.given import a_campaign, a_sender, committing
from tests.waiting import wait_until

OpenStore = Callable[[], Store]


def test_what_was_committed_is_there_when_the_store_is_opened_again(open_durable: OpenStore) -> None:
    first = open_durable()
    key = samples.api_key()
    with committing(first) as work:
        sender = a_sender(work)
        execution = sender.execution(work, request_id="r-1")
        queued, held = sender.messages(work, 2)
        work.messages.hold([held.id])
        work.events.add_all([samples.event(queued)])
        work.counters.add({samples.counter(sender.campaign.key, 1): 2})
        work.keys.add(key)
        work.processes.renew("process-1", 1)
    first.close()
    with open_durable().snapshot() as work:
        assert work.campaigns.get(samples.VISIBILITY, sender.campaign.id) == sender.campaign
        assert work.channels.by_keys(work.channels.revisions()) == [sender.channel]
        request = (sender.campaign.key, "r-1")
        assert work.executions.by_request_ids([request]) == {request: execution}
        assert work.messages.due(sender.channel.key, samples.NOW, 10) == [queued]
        assert work.messages.held_campaigns() == {sender.campaign.key}
        assert [event.message_id for event in work.events.page(EventQuery(samples.VISIBILITY, after=0))] == [queued.id]
        assert work.counters.of_campaign(sender.campaign.key, 1) == {(Metric.TARGETED, ""): 2}
        assert work.keys.get(key.id) == key
        assert work.processes.live(0) == {"process-1"}


def test_what_was_not_committed_is_not_there_when_the_store_is_opened_again(open_durable: OpenStore) -> None:
    first = open_durable()
    with first.begin() as work:
        work.processes.renew("process-1", 1)
    first.close()
    with open_durable().snapshot() as work:
        assert work.processes.live(0) == set()


def test_keys_and_sequences_go_on_when_the_store_is_opened_again(open_durable: OpenStore) -> None:
    first = open_durable()
    with committing(first) as work:
        message = a_sender(work).message(work)
        deleted = a_campaign(work, "deleted")
        work.campaigns.delete(deleted, samples.NOW)
        work.events.add_all([samples.event(message)])
        last = work.events.last_sequence()
    first.close()
    with committing(open_durable()) as work:
        assert a_campaign(work, "deleted").key > deleted.key
        work.events.add_all([samples.event(message)])
        assert work.events.last_sequence() > last


def test_a_store_opened_a_second_time_sees_every_commit_of_the_first(open_durable: OpenStore) -> None:
    one, other = open_durable(), open_durable()
    with committing(one) as work:
        work.processes.renew("one", 1)
    with committing(other) as work:
        assert work.processes.live(0) == {"one"}
        work.processes.renew("other", 1)
    with one.snapshot() as work:
        assert work.processes.live(0) == {"one", "other"}


def test_messages_to_one_identity_are_found_whichever_process_added_them(open_durable: OpenStore) -> None:
    stores = [open_durable(), open_durable()]
    with committing(stores[0]) as work:
        sender = a_sender(work)
    added: list[Message] = []
    for store in (*stores, *stores, open_durable()):
        with committing(store) as work:
            added.append(sender.message(work, identity="customer:42", accept_time=samples.NOW - len(added)))
    for store in stores:
        with store.snapshot() as work:
            assert work.messages.page(MessageQuery(samples.VISIBILITY, identity="customer:42")) == added[::-1]


def test_the_change_mark_differs_after_a_commit_of_another_process(open_durable: OpenStore) -> None:
    one, other = open_durable(), open_durable()
    marks = one.commit_version(), other.commit_version()
    assert (one.commit_version(), other.commit_version()) == marks
    with committing(one) as work:
        work.processes.renew("one", 1)
    assert one.commit_version() != marks[0]
    wait_until(lambda: other.commit_version() != marks[1])


def test_two_processes_never_claim_the_same_message(open_durable: OpenStore) -> None:
    one, other = open_durable(), open_durable()
    with committing(one) as work:
        sender = a_sender(work)
        queued = sender.messages(work, 2)
    for store, owner in ((one, "one"), (other, "other")):
        with committing(store) as work:
            due = work.messages.due(sender.channel.key, samples.NOW, 1)
            work.messages.begin([message.id for message in due], owner, samples.NOW)
    with one.snapshot() as work:
        kept = [work.messages.get(samples.VISIBILITY, message.id) for message in queued]
        assert {message.attempts.owner for message in kept if message} == {"one", "other"}


def test_a_process_whose_lease_lapsed_cannot_settle_what_another_took_over(open_durable: OpenStore) -> None:
    lapsed, successor = open_durable(), open_durable()
    with committing(lapsed) as work:
        message = a_sender(work).message(work)
        work.messages.begin([message.id], "lapsed", samples.NOW)
    with committing(successor) as work:
        again = samples.outcome(message, MessageState.QUEUED)
        assert work.messages.record_outcomes([again], "lapsed") == {message.id}
        work.messages.begin([message.id], "successor", samples.NOW)
    with committing(lapsed) as work:
        assert work.messages.record_outcomes([samples.outcome(message, MessageState.FAILED)], "lapsed") == set()
    with committing(successor) as work:
        done = samples.outcome(message, MessageState.SENT, 2)
        assert work.messages.record_outcomes([done], "successor") == {message.id}
