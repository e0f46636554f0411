"""Several processes with one database, whose writers run at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.ports.queries import ExecutionQuery
from clarion_server.application.ports.queue import ClaimRequest
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import UnitOfWork, WriteConflict
from clarion_server.application.sending.claim import ClaimDueMessages, DueClaims
from clarion_server.application.sending.dispatch import ClaimedMessage
from clarion_server.application.sending.outcomes import record_outcomes
from clarion_server.domain.campaigns.campaign_definition import Action, ActionMode
from clarion_server.domain.events.counter import Metric
from clarion_server.domain.messages.message import Lane, Message, MessageState
from clarion_server.domain.triggering.execution import CancelOutcome

from tests.contract.store import samples
from tests.contract.store.given import a_campaign, a_sender, committing, ends
from tests.fakes import NEVER, ScriptedChannel
from tests.identities import EXCLUSIONS
from tests.integration.storage.writing import taken_at_once
from tests.postgresql import ask
from tests.unit.application.fragments import Pieces
from tests.unit.application.running import CALLER, Process, claimed, messages, until
from tests.unit.application.working import as_world
from tests.unit.application.world import EMAIL
from tests.waiting import wait_until

OpenStore = Callable[[], SqlStore]
NOW = samples.NOW
PROCESSES = 3
REQUESTS = 60


def test_of_processes_with_the_same_requests_one_takes_each_and_no_write_is_lost(
    open_store: OpenStore, url: str
) -> None:
    store = open_store()
    with committing(store) as work:
        key = a_sender(work).campaign.key
    taken = taken_at_once(PROCESSES, url, key, REQUESTS)
    with store.snapshot() as work:
        executions = work.executions.page(ExecutionQuery(samples.VISIBILITY, campaign_key=key, limit=1000))
        counts = work.counters.of_campaign(key, None)
    assert sum(taken) == REQUESTS
    assert sorted(each.request_id or "" for each in executions) == sorted(f"order-{n}" for n in range(REQUESTS))
    assert counts == {(Metric.RETRIES, ""): PROCESSES * REQUESTS}


def test_a_request_id_that_another_process_is_about_to_take_is_a_conflict_and_then_found(open_store: OpenStore) -> None:
    one, other = open_store(), open_store()
    with committing(one) as work:
        sender = a_sender(work)
    request = (sender.campaign.key, "r-1")
    looked = Event()

    def take_too() -> None:
        with other.begin() as work:
            assert work.executions.by_request_ids([request]) == {}
            looked.set()
            # Waits for the other one's commit.
            sender.execution(work, request_id="r-1")

    with ThreadPoolExecutor(1) as threads:
        with committing(one) as work:
            taken = sender.execution(work, request_id="r-1")
            second = threads.submit(take_too)
            assert looked.wait(120)
        with pytest.raises(WriteConflict):
            second.result(120)
    with other.begin() as work:
        assert work.executions.by_request_ids([request]) == {request: taken}


Claim = Callable[[UnitOfWork, int, list[Message]], list[Message]]


@pytest.mark.parametrize(
    "claim",
    [
        lambda work, channel_key, _: work.messages.due(channel_key, NOW, 6),
        lambda work, channel_key, queued: work.messages.due(
            channel_key, NOW, 6, known={each.id: each for each in queued}.get
        ),
        lambda work, _, queued: work.messages.claimable([each.id for each in queued])[:6],
    ],
    ids=["unknown messages", "known messages", "named messages"],
)
def test_what_another_process_is_claiming_is_passed_over_without_waiting(open_store: OpenStore, claim: Claim) -> None:
    one, other = open_store(), open_store()
    with committing(one) as work:
        sender = a_sender(work)
        queued = sender.messages(work, 10)
    with one.begin() as first, other.begin() as second:
        first_claim = claim(first, sender.channel.key, queued[:6])
        claims = [[message.id for message in each] for each in (first_claim, claim(second, sender.channel.key, queued))]
        first.messages.begin(claims[0], "one", NOW)
        second.messages.begin(claims[1], "two", NOW)
        first.commit()
        second.commit()
    assert [len(claim) for claim in claims] == [6, 4]
    with one.snapshot() as work:
        held = [{message.id for message in work.messages.claimed_by([owner], 10)} for owner in ("one", "two")]
    assert held == [set(claim) for claim in claims]


def test_of_a_claim_and_a_cancellation_by_two_processes_one_wins(open_store: OpenStore) -> None:
    one, other = open_store(), open_store()
    with committing(one) as work:
        sender = a_sender(work)
        queued = sender.messages(work, 3)
    with ThreadPoolExecutor(1) as threads:
        with committing(one) as work:
            claimed = work.messages.due(sender.channel.key, NOW, 2)
            work.messages.begin([message.id for message in claimed], "one", NOW)

            def cancel() -> set[str]:
                with committing(other) as second:
                    return second.messages.end_queued(ends(queued, MessageState.CANCELLED), NOW)

            cancelling = threads.submit(cancel)
        cancelled = cancelling.result(120)
    assert cancelled == {message.id for message in queued} - {message.id for message in claimed}


READS: dict[str, Callable[[UnitOfWork, Message], list[Message]]] = {
    "by their ids": lambda work, message: work.messages.queued_among([message.id]),
    "of an execution": lambda work, message: work.messages.queued_of_execution(message.execution_id),
    "of a campaign": lambda work, message: work.messages.queued_of_campaign(message.action.campaign_key, 1),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_messages_that_are_to_end_are_read_after_whoever_moves_them_at_the_moment(
    open_store: OpenStore, url: str, read: Callable[[UnitOfWork, Message], list[Message]]
) -> None:
    one, other = open_store(), open_store()
    with committing(one) as work:
        message = a_sender(work).message(work)

    def ending() -> list[Message]:
        with committing(other) as second:
            return read(second, message)

    with ThreadPoolExecutor(1) as threads:
        with committing(one) as work:
            work.messages.begin([message.id], "one", NOW)
            outcome = samples.outcome(message.begun("one", NOW), MessageState.QUEUED)
            assert work.messages.record_outcomes([outcome], "one") == {message.id}
            reading = threads.submit(ending)
            # Whoever waits for a row waits for the transaction that has changed it.
            wait_until(lambda: reading.done() or is_waiting_for_a_lock(url, "transactionid"))
        assert [each.attempts.count for each in reading.result(120)] == [1]


def test_of_two_changes_made_from_one_revision_the_second_is_stale(open_store: OpenStore) -> None:
    one, other = open_store(), open_store()
    with committing(one) as work:
        campaign = a_campaign(work)
    changed = campaign.updated(campaign.definition, None, "apiKeys/1", NOW)
    with committing(one) as work:
        work.campaigns.save(changed)
    with other.begin() as work, pytest.raises(WriteConflict):
        work.campaigns.save(changed)


def is_waiting_for_a_lock(url: str, kind: str = "advisory") -> bool:
    return bool(ask(url, f"SELECT pid FROM pg_locks WHERE locktype = '{kind}' AND NOT granted"))


def test_a_change_of_a_campaign_waits_for_triggers_that_another_process_is_writing(
    open_store: OpenStore, url: str
) -> None:
    one, other = open_store(), open_store()
    with committing(one) as work:
        campaign = a_campaign(work)

    def change() -> None:
        with committing(other) as work:
            work.campaigns.save(campaign.updated(campaign.definition, None, "apiKeys/1", NOW))

    with ThreadPoolExecutor(1) as threads:
        with committing(one) as work:
            assert work.campaigns.lock({campaign.key})[campaign.key].revision == campaign.revision
            changing = threads.submit(change)
            wait_until(lambda: changing.done() or is_waiting_for_a_lock(url))
            assert not changing.done()
        changing.result(120)


def test_triggers_wait_for_a_change_of_their_campaign_and_learn_of_it(open_store: OpenStore, url: str) -> None:
    one, other = open_store(), open_store()
    with committing(one) as work:
        campaign = a_campaign(work)
    changed = campaign.updated(campaign.definition, None, "apiKeys/1", NOW)

    def read() -> int:
        with other.begin() as work:
            return work.campaigns.lock({campaign.key})[campaign.key].revision

    with ThreadPoolExecutor(1) as threads:
        with committing(one) as work:
            work.campaigns.save(changed)
            reading = threads.submit(read)
            wait_until(lambda: reading.done() or is_waiting_for_a_lock(url))
        assert reading.result(120) == changed.revision


def test_reading_a_revision_does_not_wait_for_a_change(open_store: OpenStore) -> None:
    one, other = open_store(), open_store()
    with committing(one) as work:
        campaign = a_campaign(work)
    with one.begin() as changing, other.snapshot() as reading:
        changing.campaigns.save(campaign.updated(campaign.definition, None, "apiKeys/1", NOW))
        assert reading.campaigns.revision(campaign.key) == campaign.revision


def test_triggers_of_one_campaign_do_not_wait_for_each_other(open_store: OpenStore) -> None:
    one, other = open_store(), open_store()
    with committing(one) as work:
        key = a_campaign(work).key
    with one.begin() as first, other.begin() as second:
        assert first.campaigns.lock({key}) == second.campaigns.lock({key})


def test_of_two_that_add_one_name_the_second_is_refused(open_store: OpenStore) -> None:
    one, other = open_store(), open_store()
    together = Barrier(2)

    def add(store: SqlStore) -> bool:
        with store.begin() as work:
            together.wait(120)
            try:
                a_campaign(work)
            except NameTaken:
                return False
            work.commit()
            return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(add, (one, other))) == [False, True]


def test_processes_count_without_waiting_for_one_another(open_store: OpenStore) -> None:
    one, other = open_store(), open_store()
    counter = {samples.counter(1, 1): 1}
    with one.begin() as first, other.begin() as second:
        first.counters.add(counter)
        second.counters.add(counter)
        second.commit()
        first.commit()
    with one.snapshot() as work:
        assert work.counters.of_campaign(1, None) == {(Metric.TARGETED, ""): 2}


def test_a_shard_is_free_again_when_its_process_has_ended(open_store: OpenStore) -> None:
    first = open_store()
    shards = {first._shard(), open_store()._shard()}
    first.close()
    assert len(shards) == 2
    assert open_store()._shard() == first._shard()


def test_the_store_goes_on_when_its_connections_were_cut(open_store: OpenStore, url: str) -> None:
    store, other = open_store(), open_store()
    with store.snapshot() as work:
        work.processes.live(0)
    ask(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'clarion'")
    with committing(store) as work:
        work.processes.renew("process-1", 1)
    for each in (store, other):
        with each.snapshot() as work:
            assert work.processes.live(0) == {"process-1"}


def waiting_for_rows(url: str) -> int:
    """Returns how many transactions wait for rows that others have changed."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'transactionid' AND datname = current_database()"
    )
    ((count,),) = ask(url, waiting)
    return int(count)


async def test_no_message_follows_one_that_was_queued_and_claimed_in_the_commit_for_which_its_cancellation_waits(
    open_store: OpenStore, url: str
) -> None:
    actions = tuple(Action(name, "orders", EMAIL) for name in ("first", "second", "third"))
    with as_world(open_store()) as world:
        await world.live(actions=actions, action_mode=ActionMode.FIRST_DELIVERABLE)
        process = Process(world, store=open_store())
        execution = (await process.trigger()).execution
        (channel,) = world.see(lambda unit: unit.channels.by_keys(unit.channels.revisions()))
        (message,) = (await claimed(world, channel_key=channel.key)).messages
        failed = await process.ports.attempts.attempt(
            ClaimedMessage(message), ScriptedChannel(lambda _: NEVER), channel
        )
        assert failed is not None
        with committing(open_store()) as work:
            # Both are writes of a process, which go into one commit.
            record_outcomes(work, [failed], "first")
            claims = DueClaims([ClaimRequest(channel.key, Lane.TRANSACTIONAL, 10)], "first", world.clock.now())
            ((claim,),) = ClaimDueMessages(EXCLUSIONS).apply(work, [claims])
            assert [each.action.id for each in claim.messages] == ["second"]
            cancelling = asyncio.create_task(process.cancelling.cancel_execution(execution.id, CALLER))
            await until(lambda: waiting_for_rows(url) == 1)
        assert (await cancelling).outcome is CancelOutcome.TOO_LATE
        # It is too late for the second message, and the third never follows it.
        (second,) = messages(world, MessageState.SENDING)
        with world.store.snapshot() as work:
            assert work.messages.with_fallbacks([second]) == set()
        await process.close()


async def test_fragments_that_two_processes_publish_at_once_make_no_circle(open_store: OpenStore) -> None:
    with as_world(open_store()) as world, as_world(open_store()) as other_world:
        pieces, others = Pieces(world), Pieces(other_world)
        for each, other in [("a", "b"), ("b", "a")]:
            await pieces.publish(each, "<p>Bye</p>")
            await pieces.write(each, f"{{% include 'fragments/{other}' %}}")
        ends = await asyncio.gather(pieces.publish("a"), others.publish("b"), return_exceptions=True)
        assert sorted(type(end).__name__ for end in ends) == ["Publication", "ReviewFailed"]
