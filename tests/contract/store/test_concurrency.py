"""Units of work run on several threads at the same time."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier, Event
from typing import TypeVar

import pytest
from clarion_server.application.ports.store import Store, StoreUnavailable
from clarion_server.domain.messages.message import MessageState

from tests.contract.store import samples
from tests.contract.store.given import Sender, a_sender, committing, ends
from tests.contract.store.kinds import PATIENCE, StoreKind
from tests.contract.store.samples import NOW

T = TypeVar("T")


def results(futures: list[Future[T]]) -> list[T]:
    return [future.result(PATIENCE) for future in futures]


def given(store: Store, messages: int = 1) -> Sender:
    with committing(store) as work:
        sender = a_sender(work)
        sender.messages(work, messages)
    return sender


def test_units_of_work_that_write_wait_for_one_another(store: Store) -> None:
    entered = Event()

    def write() -> None:
        with store.begin():
            entered.set()

    with ThreadPoolExecutor(1) as threads:
        with store.begin():
            second = threads.submit(write)
            # Gives a second writer time to get in, which fails the test.
            assert not entered.wait(0.05)
        second.result(PATIENCE)
    assert entered.is_set()


def test_a_unit_of_work_that_waited_too_long_is_refused(kind: StoreKind, tmp_path: Path) -> None:
    with closing(kind.open(tmp_path, 0.01)) as store:
        with store.begin(), pytest.raises(StoreUnavailable), store.begin():
            pass
        with store.begin() as work:
            assert work.processes.live(0) == set()


def test_changes_made_from_what_was_read_are_never_lost(store: Store) -> None:
    sender = given(store)
    together = Barrier(4)

    def save_ten_times() -> None:
        together.wait(PATIENCE)
        for _ in range(10):
            with committing(store) as work:
                campaign = work.campaigns.get(samples.VISIBILITY, sender.campaign.id)
                assert campaign is not None
                # Raises if another change came in between.
                work.campaigns.save(campaign.updated(campaign.definition, None, "apiKeys/1", NOW))

    with ThreadPoolExecutor(4) as threads:
        results([threads.submit(save_ten_times) for _ in range(4)])
    with store.snapshot() as work:
        assert work.campaigns.revision(sender.campaign.key) == sender.campaign.revision + 40


def test_each_due_message_is_claimed_once_by_however_many(store: Store) -> None:
    sender = given(store, messages=60)
    together = Barrier(3)

    def claim_all(owner: str) -> list[str]:
        together.wait(PATIENCE)
        claimed: list[str] = []
        while True:
            with committing(store) as work:
                due = [message.id for message in work.messages.due(sender.channel.key, NOW, 7)]
                work.messages.begin(due, owner, NOW)
            if not due:
                return claimed
            claimed += due

    with ThreadPoolExecutor(3) as threads:
        claims = results([threads.submit(claim_all, f"process-{number}") for number in range(3)])
    claimed = [message_id for claim in claims for message_id in claim]
    assert len(claimed) == len(set(claimed)) == 60
    with store.snapshot() as work:
        for number, claim in enumerate(claims):
            held = work.messages.claimed_by([f"process-{number}"], 100)
            assert {message.id for message in held} == set(claim)
            assert {message.attempts.count for message in held} <= {1}


def test_the_same_request_id_on_two_threads_becomes_one_execution(store: Store) -> None:
    sender = given(store)
    together = Barrier(4)

    def trigger(number: int) -> str:
        request = (sender.campaign.key, f"r-{number}")
        with committing(store) as work:
            known = work.executions.by_request_ids([request])
            return (known.get(request) or sender.execution(work, request_id=request[1])).id

    def trigger_all() -> list[str]:
        together.wait(PATIENCE)
        return [trigger(number) for number in range(10)]

    with ThreadPoolExecutor(4) as threads:
        answers = results([threads.submit(trigger_all) for _ in range(4)])
    assert all(answer == answers[0] for answer in answers)
    assert len(set(answers[0])) == 10


def test_readers_see_each_commit_whole_or_not_at_all(store: Store) -> None:
    sender = given(store, messages=1)
    done = Event()

    def read_until_done() -> int:
        reads = 0
        while not done.is_set() or reads == 0:
            with store.snapshot() as work:
                messages = work.messages.queued_of_campaign(sender.campaign.key, 1_000)
                events = [event for message in messages for event in work.events.of_message(message.id)]
                # One event is committed with each message after the first.
                assert len(messages) == len(events) + 1
            reads += 1
        return reads

    with ThreadPoolExecutor(2) as threads:
        readers = [threads.submit(read_until_done) for _ in range(2)]
        try:
            for _ in range(30):
                with committing(store) as work:
                    work.events.add_all([samples.event(sender.message(work))])
        finally:
            done.set()
        assert min(results(readers)) > 0


def test_of_a_cancellation_and_a_claim_at_once_one_wins(store: Store) -> None:
    sender = given(store, messages=40)
    together = Barrier(2)

    def claim() -> set[str]:
        together.wait(PATIENCE)
        claimed: set[str] = set()
        for _ in range(40):
            with committing(store) as work:
                due = [message.id for message in work.messages.due(sender.channel.key, NOW, 1)]
                work.messages.begin(due, "process-1", NOW)
            claimed.update(due)
        return claimed

    def cancel() -> set[str]:
        together.wait(PATIENCE)
        cancelled: set[str] = set()
        for _ in range(40):
            with committing(store) as work:
                # Takes those that would be claimed last, so that both meet in the middle.
                queued = work.messages.queued_of_campaign(sender.campaign.key, 40)
                last = ends(queued[-1:], MessageState.CANCELLED)
                cancelled |= work.messages.end_queued(last, NOW)
        return cancelled

    with ThreadPoolExecutor(2) as threads:
        claimed, cancelled = results([threads.submit(claim), threads.submit(cancel)])
    assert not claimed & cancelled
    assert len(claimed | cancelled) == 40


def test_a_unit_of_work_may_go_on_on_another_thread_than_it_began(store: Store) -> None:
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        context = store.begin()
        work = one.submit(context.__enter__).result(PATIENCE)
        other.submit(work.processes.renew, "one", 1).result(PATIENCE)
        other.submit(work.commit).result(PATIENCE)
        one.submit(context.__exit__, None, None, None).result(PATIENCE)
    with store.snapshot() as work:
        assert work.processes.live(0) == {"one"}
